// The receipt of a run, OUT/export.json: written, and read again.
#include "runtime/receipt.hpp"
#include "base/json.hpp"
#include "base/quote.hpp"
#include "base/time.hpp"
#include "base/version.hpp"
#include "files/file.hpp"
#include "runtime/reporter.hpp"
#include "transfer/workspace.hpp"

#include <set>

namespace libbcda::runtime {
namespace {

using transfer::kReceipt;

json::object member(const FileResult& file, const std::string& out) {
  std::string path = file.path;
  if (!out.empty() && path.starts_with(out + "/")) path.erase(0, out.size() + 1);
  json::object described{{"type", file.type},
                         {"path", path},
                         {"bytes", file.facts.bytes},
                         {"records", file.facts.records},
                         {"sha256", file.facts.sha256},
                         {"decrypted", file.facts.decrypted},
                         {"proof", transfer::proof_of(file.facts)},
                         {"url", shown(file.url)}};
  if (!file.key_id.empty()) described["key"] = file.key_id;
  return described;
}

// A JSON array of the data files, or of the error files. It is text at once, because a tree of all files takes much memory.
std::string list_of(const std::vector<FileResult>& files, bool errors, const std::string& out) {
  std::string text = "[";
  for (const FileResult& file : files)
    if (file.is_error == errors) text += (text.size() > 1 ? "," : "") + json::serialize(member(file, out));
  return text + "]";
}

// What is wrong with a receipt that is read: anybody may have written it.
struct Malformed {
  std::string why;
};

const json::value& needed(const json::object& from, std::string_view name) {
  const json::value* found = from.if_contains(name);
  if (!found) throw Malformed{std::string(name) + " is missing"};
  return *found;
}

std::string text(const json::object& from, std::string_view name) {
  const json::value& value = needed(from, name);
  if (!value.is_string()) throw Malformed{std::string(name) + " is not a text"};
  std::string found(value.get_string());
  if (found.find('\0') != std::string::npos) throw Malformed{std::string(name) + " has a NUL in it"};
  return found;
}

std::int64_t count(const json::object& from, std::string_view name) {
  const json::value& value = needed(from, name);
  if (!value.is_int64() || value.get_int64() < 0) throw Malformed{std::string(name) + " is not a count"};
  return value.get_int64();
}

Instant instant(const json::object& from, std::string_view name) {
  auto time = parse_time(text(from, name));
  if (!time) throw Malformed{std::string(name) + " is not a time"};
  return *time;
}

// Paths in a receipt stay below its directory.
std::string path_below(const std::string& directory, const std::string& path) {
  if (path.empty() || path.starts_with('/') || ("/" + path + "/").find("/../") != std::string::npos)
    throw Malformed{"the path " + quote(path) + " leads elsewhere"};
  return directory.empty() ? path : directory + (directory.ends_with('/') ? "" : "/") + path;
}

void read_files(const json::object& receipt, const char* name, const std::string& directory, RunResult& result) {
  const json::value& listed = needed(receipt, name);
  if (!listed.is_array()) throw Malformed{std::string(name) + " is not a list"};
  for (const json::value& one : listed.get_array()) {
    if (!one.is_object()) throw Malformed{std::string(name) + " lists something that is no file"};
    const json::object& fields = one.get_object();
    const json::value& decrypted = needed(fields, "decrypted");
    if (!decrypted.is_bool()) throw Malformed{"decrypted is not true or false"};
    FileResult file;
    file.type = text(fields, "type");
    file.url = text(fields, "url");
    file.path = path_below(directory, text(fields, "path"));
    file.facts = {.bytes = count(fields, "bytes"),
                  .records = count(fields, "records"),
                  .sha256 = text(fields, "sha256"),
                  .decrypted = decrypted.get_bool(),
                  .sized = string_member(fields, "proof") == transfer::kProofLength};
    file.is_error = std::string_view(name) == "errors";
    file.key_id = string_member(fields, "key");
    result.files.push_back(std::move(file));
  }
}

// Returns nothing if the member is no list of resource types. The receipt is still valid, because its files count.
std::vector<std::string> read_types(const json::object& receipt) {
  std::vector<std::string> types;
  const json::value* listed = receipt.if_contains("types");
  if (!listed || !listed->is_array()) return types;
  for (const json::value& one : listed->get_array()) {
    const std::string_view type = one.is_string() ? std::string_view(one.get_string()) : "";
    if (type.empty() || type.find_first_of(std::string_view(",\0", 2)) != type.npos) return {};
    types.emplace_back(type);
  }
  return types;
}

RunResult read_members(const std::string& receipt, const std::string& directory) {
  auto value = parse_json(receipt);
  if (!value || !value->is_object()) throw Malformed{"it is not a JSON object"};
  const json::object& members = value->get_object();
  RunResult result;
  result.receipt = receipt;
  result.transaction_time = text(members, "transactionTime");
  result.types = read_types(members);
  result.elapsed = std::chrono::duration_cast<Milliseconds>(instant(members, "finished") - instant(members, "started"));
  read_files(members, "files", directory, result);
  read_files(members, "errors", directory, result);
  return result;
}

constexpr std::size_t kLargestReceipt = 256 << 20;

}  // namespace

RunResult read_receipt(const std::string& receipt, const std::string& directory) {
  try {
    return read_members(receipt, directory);
  } catch (const Malformed& malformed) {
    std::string path = path_below(directory, kReceipt);
    throw std::move(
        Error(Status::FILESYSTEM, path + " is not the receipt of an export: " + malformed.why).at_file(path));
  }
}

RunResult open_receipt(const std::string& directory) {
  std::string path = path_below(directory, kReceipt);
  if (!files::exists(world::system_disk(), path) && errno == ENOENT)
    throw std::move(Error(Status::FILESYSTEM, "no export has finished there: " + path + " is missing").at_file(path));
  return read_receipt(files::read_file(path, kLargestReceipt, "receipt"), directory);
}

void know_receipt(transfer::Workspace& space) {
  const std::string receipt = space.receipt();
  if (receipt.empty()) return;
  for (const FileResult& file : read_receipt(receipt, "").files)
    space.know({file.path, file.url, file.type, file.key_id, file.facts});
}

std::string merge_receipts(const std::string& older, const std::string& newer) {
  if (older.empty()) return newer;
  read_receipt(older, "");  // throws when it is no receipt
  json::object merged = parse_json(newer).value().as_object();
  const json::object before = parse_json(older).value().as_object();
  for (const char* list : {"jobs", "types"})
    if (const json::value* known = before.if_contains(list);
        known && known->is_array() && merged[list].as_array().empty())
      merged[list] = *known;
  return json::serialize(merged) + "\n";
}

std::string describe(const FileResult& file, const std::vector<std::string>& warnings) {
  json::object described{{"files", json::array()}, {"errors", json::array()}};
  described[file.is_error ? "errors" : "files"].as_array().push_back(member(file, ""));
  if (!warnings.empty()) described["warnings"] = json::array(warnings.begin(), warnings.end());
  return json::serialize(described) + "\n";
}

std::string make_receipt(const ReceiptFacts& facts, const std::vector<FileResult>& all, json::array types,
                         json::array jobs) {
  json::object receipt{{"libbcda", kVersion},
                       {"status", find_status(static_cast<std::int32_t>(facts.status))->name},
                       {"service", facts.service},
                       {"types", std::move(types)},
                       {"transactionTime", facts.transaction_time},
                       {"started", to_rfc3339(facts.started)},
                       {"finished", to_rfc3339(facts.started + facts.elapsed)},
                       {"jobs", std::move(jobs)}};
  if (!facts.warnings.empty()) receipt["warnings"] = json::array(facts.warnings.begin(), facts.warnings.end());
  std::string text = json::serialize(receipt);
  text.pop_back();  // the closing brace
  text += ",\"files\":" + list_of(all, false, facts.out) + ",\"errors\":" + list_of(all, true, facts.out) + "}\n";
  return text;
}

std::string earliest_time(const std::vector<std::string>& times) {
  std::string earliest;
  std::optional<Instant> earliest_at;
  for (const std::string& time : times) {
    const auto at = parse_time(time);
    if (!at || (earliest_at && *earliest_at <= *at)) continue;
    earliest_at = at;
    earliest = time;
  }
  return earliest;
}

}  // namespace libbcda::runtime
