#include "runtime/client_log.hpp"

#include "base/json.hpp"
#include "base/version.hpp"

namespace libbcda::runtime::client_log {
namespace {

using bulk::FileKind;

std::string line(const std::string& export_id, const char* event, json::object detail, Instant now,
                 const json::object& more = {}) {
  json::object out{
      {"exportId", export_id}, {"timestamp", to_rfc3339(now)}, {"eventId", event}, {"eventDetail", std::move(detail)}};
  for (const auto& [name, value] : more) out[name] = value;
  return json::serialize(out);
}

json::object failure(const Error& error) {
  json::object detail{
      {"body", nullptr}, {"code", nullptr}, {"message", error.message}, {"responseHeaders", json::object{}}};
  if (error.http_status) detail["code"] = error.http_status;
  return detail;
}

}  // namespace

std::string kick_off(const std::string& export_id, const std::string& url, Instant now) {
  return line(export_id, "kickoff",
              {{"exportUrl", url},
               {"softwareName", nullptr},
               {"softwareVersion", nullptr},
               {"softwareReleaseDate", nullptr},
               {"fhirVersion", nullptr},
               {"requestParameters", json::object{}},
               {"errorCode", nullptr},
               {"errorBody", nullptr},
               {"responseHeaders", json::object{{"content-location", export_id}}}},
              now, {{"_client", "libbcda"}, {"_clientVersion", kVersion}});
}

std::string status_progress(const std::string& export_id, const std::string& progress, Instant now) {
  return line(export_id, "status_progress", {{"body", nullptr}, {"xProgress", progress}, {"retryAfter", nullptr}}, now);
}

std::string status_complete(const std::string& export_id, const bulk::Manifests& pages, Instant now) {
  std::string lines = line(export_id, "status_complete", {{"transactionTime", pages.front()->transaction_time}}, now);
  for (const auto& page : pages)
    lines += "\n" + line(export_id, "status_page_complete",
                         {{"transactionTime", page->transaction_time},
                          {"outputFileCount", page->count(FileKind::data)},
                          {"deletedFileCount", page->count(FileKind::deleted)},
                          {"errorFileCount", page->count(FileKind::error)}},
                         now);
  return lines;
}

std::string status_error(const std::string& export_id, const Error& error, Instant now) {
  return line(export_id, "status_error", failure(error), now);
}

std::string manifest_complete(const std::string& export_id, const bulk::Manifests& pages, Instant now) {
  return line(export_id, "manifest_complete",
              {{"transactionTime", pages.front()->transaction_time},
               {"totalOutputFileCount", bulk::count_files(pages, FileKind::data)},
               {"totalDeletedFileCount", bulk::count_files(pages, FileKind::deleted)},
               {"totalErrorFileCount", bulk::count_files(pages, FileKind::error)},
               {"totalManifests", pages.size()}},
              now);
}

std::string download_request(const std::string& export_id, const bulk::Entry& entry, Instant now) {
  return line(export_id, "download_request",
              {{"fileUrl", entry.url.without_query()},
               {"itemType", entry.kind == bulk::FileKind::data ? "output" : bulk::kind_name(entry.kind)},
               {"resourceType", entry.type}},
              now);
}

std::string download_complete(const std::string& export_id, const bulk::Entry& entry, const transfer::Facts& facts,
                              Instant now) {
  return line(export_id, "download_complete",
              {{"fileUrl", entry.url.without_query()}, {"resourceCount", facts.records}, {"fileSize", facts.bytes}},
              now);
}

std::string download_error(const std::string& export_id, const bulk::Entry& entry, const Error& error, Instant now) {
  json::object detail = failure(error);
  detail["fileUrl"] = entry.url.without_query();
  return line(export_id, "download_error", std::move(detail), now);
}

std::string export_complete(const std::string& export_id, std::int64_t files, std::int64_t bytes, Milliseconds duration,
                            Instant now) {
  return line(export_id, "export_complete",
              {{"files", files}, {"attachments", nullptr}, {"bytes", bytes}, {"duration", duration.count()}}, now);
}

}  // namespace libbcda::runtime::client_log
