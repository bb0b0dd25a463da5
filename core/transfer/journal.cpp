#include "transfer/journal.hpp"

#include <sstream>

#include "base/json.hpp"
#include "crypto/digest.hpp"

namespace libbcda::transfer {
namespace {

constexpr std::size_t kKeyIdDigits = 32;

std::int64_t count_member(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value && value->is_int64() ? value->get_int64() : -1;
}

FileRecord read_file_line(const json::object& line) {
  FileRecord record{string_member(line, "path"),
                    string_member(line, "url"),
                    string_member(line, "type"),
                    string_member(line, "key"),
                    {}};
  record.facts.bytes = count_member(line, "bytes");
  record.facts.records = count_member(line, "records");
  record.facts.sha256 = string_member(line, "sha256");
  record.facts.proof = proof_named(string_member(line, "proof"));
  return record;
}

}  // namespace

std::string key_id(std::string_view encrypted_key) {
  if (encrypted_key.empty()) return "";
  std::string lower(encrypted_key);
  for (char& c : lower) c = static_cast<char>(c | 0x20);  // lowercase, because hex digits may have either case
  crypto::Sha256 digest;
  digest.update(as_bytes(lower));
  return to_hex(digest.finish()).substr(0, kKeyIdDigits);
}

bool is_of(const FileRecord& record, const bulk::Entry& entry) {
  if (record.key_id != key_id(entry.encrypted_key)) return false;
  return !record.key_id.empty() || record.url == entry.url.without_query();
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
                                      {"key", record.key_id},
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
