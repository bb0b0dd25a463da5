// The receipt of a run, OUT/export.json: written, and read again.
#include "runtime/receipt.hpp"
#include "base/json_items.hpp"
#include "base/quote.hpp"
#include "base/time.hpp"
#include "base/version.hpp"
#include "files/file.hpp"
#include "runtime/issue_collector.hpp"
#include "runtime/reporter.hpp"
#include "transfer/workspace.hpp"

#include <set>

namespace libbcda::runtime {
namespace {

using transfer::kLargestReceipt;
using transfer::kReceipt;

json::object member(const FileResult& file, const std::string& out) {
  std::string path = file.path;
  if (!out.empty() && path.starts_with(out + "/")) path.erase(0, out.size() + 1);
  json::object described{{"type", file.type},
                         {"path", path},
                         {"bytes", file.facts.bytes},
                         {"records", file.facts.records},
                         {"sha256", file.facts.sha256},
                         {"decrypted", file.facts.decrypted()},
                         {"proof", transfer::proof_name(file.facts.proof)},
                         {"url", shown(file.url)}};
  if (!file.source_id.empty()) described["source"] = file.source_id;
  if (file.in_tables) described["inTables"] = true;
  return described;
}

// The lists of files in a receipt.
constexpr std::pair<const char*, FileKind> kLists[] = {
    {"files", FileKind::data}, {"errors", FileKind::error}, {"deleted", FileKind::deleted}};

std::optional<FileKind> list_named(std::string_view name) {
  for (const auto& [list, kind] : kLists)
    if (name == list) return kind;
  return {};
}

// Writes a JSON array of the files of one kind.
void write_files(const FileList& files, FileKind kind, const ReceiptFacts& facts, const Append& append) {
  const char* separator = "[";
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (files[i].kind() != kind) continue;
    FileResult file = files[i].result();
    file.in_tables = i < facts.in_tables.size() && facts.in_tables[i];
    append(separator);
    append(json::serialize(member(file, facts.out)));
    separator = ",";
  }
  append(*separator == '[' ? "[]" : "]");
}

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

FileResult read_file(const json::value& item, FileKind kind, const std::string& directory) {
  if (!item.is_object()) throw Malformed{"it lists something that is no file"};
  const json::object& fields = item.get_object();
  const json::value& decrypted = needed(fields, "decrypted");
  if (!decrypted.is_bool()) throw Malformed{"decrypted is not true or false"};
  FileResult file;
  file.type = text(fields, "type");
  file.url = text(fields, "url");
  file.path = path_below(directory, text(fields, "path"));
  file.facts = {
      .bytes = count(fields, "bytes"),
      .records = count(fields, "records"),
      .sha256 = text(fields, "sha256"),
      .proof = decrypted.get_bool() ? transfer::Proof::gcm : transfer::proof_named(string_member(fields, "proof"))};
  file.kind = kind;
  if (const json::value* gone = fields.if_contains("inTables")) file.in_tables = gone->is_bool() && gone->get_bool();
  file.source_id = transfer::source_member(fields);
  return file;
}

// Returns an empty list if the member is no list of resource types. The receipt is still valid, because its files
// matter.
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

struct Members {
  json::object others;  // without the files
  std::shared_ptr<FileList> files = std::make_shared<FileList>();
};

// Reads a receipt piece by piece, because it may list hundreds of thousands of files.
Members read_members(std::string_view receipt, const std::string& directory) {
  Members read;
  auto& [members, files] = read;
  JsonItems items([&](std::string_view name, const json::value& value) { members[name] = value; },
                  [&](std::string_view list, std::string_view key, const json::value& item, JsonItems::Place) {
                    if (const auto kind = list_named(list))
                      files->add(read_file(item, *kind, directory));
                    else if (json::value& member = members[list]; member.is_array())
                      member.get_array().push_back(item);
                    else if (member.is_object())
                      member.get_object()[key] = item;
                  });
  items.feed(receipt);
  items.finish();
  for (const char* name : {"files", "errors"})
    if (!needed(members, name).is_array()) throw Malformed{std::string(name) + " is not a list"};
  return read;
}

// How many issues of each severity there were. nullopt: the receipt is of an earlier version, or not ours.
std::optional<bulk::IssueCounts> read_issue_counts(const json::object& receipt) {
  const json::value* member = receipt.if_contains("issues");
  if (!member || !member->is_object()) return {};
  bulk::IssueCounts counts;
  for (const auto& [name, value] : member->get_object()) {
    const bulk::Severity severity = bulk::severity_named(name);
    if (severity_name(severity) != name || !value.is_int64() || value.get_int64() < 0 || counts[severity] != 0)
      return {};
    counts.add(severity, value.get_int64());
  }
  return counts;
}

json::object describe(const bulk::IssueCounts& counts) {
  json::object described;
  for (std::size_t i = 0; i < bulk::kSeverities; ++i)
    if (const auto severity = static_cast<bulk::Severity>(i); counts[severity] > 0)
      described[severity_name(severity)] = counts[severity];
  return described;
}

std::vector<transfer::TablePart> read_parts(const json::object& receipt, const std::string& directory) {
  std::vector<transfer::TablePart> parts;
  const json::value* listed = receipt.if_contains("tables");
  if (!listed) return parts;
  if (!listed->is_array()) throw Malformed{"tables is not a list"};
  for (const json::value& item : listed->get_array()) {
    auto part = transfer::read_part(item);
    if (!part) throw Malformed{"it lists something that is no part of a table"};
    part->path = path_below(directory, part->path);
    parts.push_back(std::move(*part));
  }
  return parts;
}

RunResult result_of(const Members& read, const std::string& directory) {
  const json::object& members = read.others;
  RunResult result;
  result.transaction_time = text(members, "transactionTime");
  result.service = string_member(members, "service");
  result.since = string_member(members, "since");
  result.types = read_types(members);
  if (const json::value* request = members.if_contains("request"); request && request->is_object())
    result.request = request->get_object();
  if (const json::value* jobs = members.if_contains("jobs"); jobs && jobs->is_array()) result.jobs = jobs->get_array();
  result.parts = read_parts(members, directory);
  result.started = instant(members, "started");
  result.elapsed = std::chrono::duration_cast<Milliseconds>(instant(members, "finished") - result.started);
  result.files = read.files;
  result.issue_counts = read_issue_counts(members);
  result.issues = [files = result.files] { return read_issues(*files); };
  return result;
}

// The members of a receipt without its files, and the result that it describes.
std::pair<json::object, RunResult> check_receipt(const std::string& receipt, const std::string& directory) {
  try {
    Members read = read_members(receipt, directory);
    RunResult result = result_of(read, directory);
    result.receipt = [receipt] { return receipt; };
    result.directory = directory;
    return {std::move(read.others), std::move(result)};
  } catch (const Malformed& malformed) {
    std::string path = path_below(directory, kReceipt);
    throw std::move(
        Error(Status::FILESYSTEM, path + " is not the receipt of an export: " + malformed.what()).at_file(path));
  }
}

}  // namespace

RunResult read_receipt(const std::string& receipt, const std::string& directory) {
  return check_receipt(receipt, directory).second;
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
  const auto files = read_receipt(receipt, "").files;
  for (std::size_t i = 0; i < files->size(); ++i) {
    const FileResult file = (*files)[i].result();
    space.know({{file.path, file.url, file.type, file.source_id, ""}, file.facts});
  }
}

void adopt_request(ReceiptFacts& facts, const std::string& older) {
  if (older.empty()) return;
  const json::object before = check_receipt(older, "").first;
  const auto adopt = [&](const char* name, json::array& into) {
    const json::value* known = before.if_contains(name);
    if (into.empty() && known && known->is_array()) into = known->get_array();
  };
  adopt("jobs", facts.jobs);
  adopt("types", facts.types);
  adopt("tables", facts.tables);
  facts.since = string_member(before, "since");
  if (const json::value* request = before.if_contains("request"); request && request->is_object())
    facts.request = request->get_object();
}

std::string describe(const FileResult& file, const std::vector<std::string>& warnings) {
  json::object described;
  for (const auto& [list, kind] : kLists) {
    json::array& files = described[list].emplace_array();
    if (kind == file.kind) files.push_back(member(file, ""));
  }
  if (!warnings.empty()) described["warnings"] = json::array(warnings.begin(), warnings.end());
  return json::serialize(described) + "\n";
}

void write_receipt(const ReceiptFacts& facts, const FileList& files, const Append& append) {
  json::object receipt{{"libbcda", kVersion},
                       {"status", find_status(static_cast<std::int32_t>(facts.status))->name},
                       {"service", facts.service},
                       {"types", facts.types},
                       {"transactionTime", facts.transaction_time},
                       {"started", to_rfc3339(facts.started)},
                       {"finished", to_rfc3339(facts.started + facts.elapsed)},
                       {"jobs", facts.jobs}};
  if (!facts.request.empty()) receipt["request"] = facts.request;
  if (!facts.since.empty()) receipt["since"] = facts.since;
  if (!facts.tables.empty()) receipt["tables"] = facts.tables;
  if (!facts.warnings.empty()) receipt["warnings"] = json::array(facts.warnings.begin(), facts.warnings.end());
  std::string head = json::serialize(receipt);
  head.pop_back();  // the closing brace
  append(head);
  for (const auto& [list, kind] : kLists) {
    append(",\"" + std::string(list) + "\":");
    write_files(files, kind, facts, append);
  }
  if (files.error_files() > 0) append(",\"issues\":" + json::serialize(describe(facts.issues)));
  append("}\n");
}

std::string make_receipt(const ReceiptFacts& facts, const FileList& files) {
  std::string text;
  write_receipt(facts, files, [&](std::string_view piece) { text += piece; });
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
