#include "transfer/journal.hpp"

#include <sstream>

#include "base/json.hpp"
#include "base/words.hpp"
#include "crypto/digest.hpp"
#include "transfer/names.hpp"

namespace libbcda::transfer {
namespace {

constexpr std::size_t kIdDigits = 32;

std::int64_t count_member(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value && value->is_int64() ? value->get_int64() : -1;
}

FileRecord read_file_line(const json::object& line) {
  FileRecord record{
      string_member(line, "path"), string_member(line, "url"), string_member(line, "type"), source_member(line), {}};
  record.facts.bytes = count_member(line, "bytes");
  record.facts.records = count_member(line, "records");
  record.facts.sha256 = string_member(line, "sha256");
  record.facts.proof = proof_named(string_member(line, "proof"));
  return record;
}

}  // namespace

// Up to version 0.1 only files with a key had an id, under another name.
std::string source_member(const json::object& described) {
  const std::string source = string_member(described, "source");
  return source.empty() ? string_member(described, "key") : source;
}

std::string source_id(const bulk::Entry& entry) {
  std::string source = lower(entry.encrypted_key);  // because hex digits may have either case
  const std::string plain_url = entry.url.without_query();
  if (source.empty() && plain_url != entry.url.text()) {
    source = "job " + entry.transaction_time;
    if (entry.shares_name || entry.transaction_time.empty()) source += " " + entry.url.text();
  }
  if (source.empty()) return "";
  crypto::Sha256 digest;
  digest.update(as_bytes(source));
  return to_hex(digest.finish()).substr(0, kIdDigits);
}

FileRecord record_of(const bulk::Entry& entry, std::string path, const Facts& facts) {
  return {std::move(path), entry.url.without_query(), safe_type(entry.type), source_id(entry), facts};
}

bool is_of(const FileRecord& record, const bulk::Entry& entry) {
  if (record.source_id != source_id(entry)) return false;
  return !entry.encrypted_key.empty() || record.url == entry.url.without_query();
}

std::string job_line(const std::string& type, const std::string& status_url) {
  return json::serialize(json::object{{"event", "job"}, {"type", type}, {"statusUrl", status_url}});
}

std::string dead_line(const std::string& status_url) {
  return json::serialize(json::object{{"event", "dead"}, {"statusUrl", status_url}});
}

std::string file_line(const FileRecord& record) {
  return json::serialize(json::object{{"event", "file"},
                                      {"path", record.path},
                                      {"url", record.url},
                                      {"type", record.type},
                                      {"source", record.source_id},
                                      {"bytes", record.facts.bytes},
                                      {"records", record.facts.records},
                                      {"sha256", record.facts.sha256},
                                      {"proof", proof_name(record.facts.proof)}});
}

std::string download_line(const http::Url& url) {
  return json::serialize(json::object{{"event", "download"}, {"url", url.without_query()}});
}

bool is_own_path(const std::string& path) {
  const std::string name = split_published(path).second;
  return !name.empty() && name.find('/') == std::string::npos && name != "." && name != "..";
}

JournalState read_journal(const std::string& text) {
  JournalState state;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto value = parse_json(line);
    if (!value || !value->is_object()) continue;
    const std::string event = string_member(value->get_object(), "event");
    if (event == "job") state.jobs.insert(string_member(value->get_object(), "statusUrl"));
    if (event == "dead") state.jobs.erase(string_member(value->get_object(), "statusUrl"));
    if (event == "download") ++state.downloads[string_member(value->get_object(), "url")];
    if (event != "file") continue;
    FileRecord record = read_file_line(value->get_object());
    if (is_own_path(record.path)) state.files[record.path] = std::move(record);
  }
  return state;
}

}  // namespace libbcda::transfer
