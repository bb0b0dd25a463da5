#include "runtime/client_log.hpp"

#include "base/json.hpp"
#include "base/version.hpp"

namespace libbcda::runtime::client_log {
namespace {

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

std::string status_complete(const std::string& export_id, const bulk::Manifest& manifest, Instant now) {
  return line(export_id, "status_complete", {{"transactionTime", manifest.transaction_time}}, now) + "\n" +
         line(export_id, "status_page_complete",
              {{"transactionTime", manifest.transaction_time},
               {"outputFileCount", manifest.size() - manifest.errors()},
               {"deletedFileCount", 0},
               {"errorFileCount", manifest.errors()}},
              now);
}

std::string status_error(const std::string& export_id, const Error& error, Instant now) {
  return line(export_id, "status_error", failure(error), now);
}

std::string manifest_complete(const std::string& export_id, const bulk::Manifest& manifest, Instant now) {
  return line(export_id, "manifest_complete",
              {{"transactionTime", manifest.transaction_time},
               {"totalOutputFileCount", manifest.size() - manifest.errors()},
               {"totalDeletedFileCount", 0},
               {"totalErrorFileCount", manifest.errors()},
               {"totalManifests", 1}},
              now);
}

std::string download_request(const std::string& export_id, const bulk::Entry& entry, Instant now) {
  return line(export_id, "download_request",
              {{"fileUrl", entry.url.without_query()},
               {"itemType", entry.is_error ? "error" : "output"},
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
