#include "simulation/invariants.hpp"

#include <algorithm>
#include <map>

#include "base/json.hpp"
#include "crypto/digest.hpp"
#include "simulation/journals.hpp"
#include "simulation/scenario.hpp"

namespace libbcda::simulation {
namespace {

using Files = std::map<std::string, std::string>;

const std::string kRoot = std::string(kOut) + "/";
const std::string kReceipt = kRoot + "export.json", kLog = kRoot + "log.ndjson", kTables = kRoot + "tables/";

bool is_final_name(const std::string& path) {
  if (!path.starts_with(kRoot) || path == kReceipt || path == kLog) return false;
  const std::string name = path.substr(kRoot.size());
  if (name.starts_with("error/") || name.starts_with("deleted/")) return true;
  return name.find('/') == std::string::npos && name.ends_with(".ndjson");
}

// "Patient.<stem>.ndjson" has the name that the service gave it.
std::string stem_of(const std::string& path) {
  std::string name = path.substr(path.rfind('/') + 1);
  if (name.ends_with(".ndjson")) name.resize(name.size() - 7);
  return name.substr(name.find('.') + 1);
}

std::string digest_of(const std::string& text) {
  crypto::Sha256 digest;
  digest.update(as_bytes(text));
  return to_hex(digest.finish());
}

bool is_part(const std::string& path) { return path.starts_with(kTables); }

// The resources of each table, which has a row for each of them.
const std::map<std::string, std::string> kTypes{
    {"claim", "ExplanationOfBenefit"}, {"beneficiary", "Patient"}, {"coverage", "Coverage"}};

// The tables of a receipt.
std::set<std::string> tables_in(const json::object& receipt) {
  std::set<std::string> names;
  if (const auto* parts = receipt.if_contains("tables"))
    for (const json::value& part : parts->as_array()) names.insert(string_member(part.as_object(), "table"));
  return names;
}

// The tables that the receipt names have a row for each record of its files, and no other part is there.
std::string check_tables(const json::object& receipt, const Files& files) {
  std::map<std::string, std::int64_t> left;  // rows that are missing, by resource type
  std::set<std::string> listed;
  for (const json::value& file : receipt.at("files").as_array())
    left[string_member(file.as_object(), "type")] += file.at("records").to_number<std::int64_t>();
  const auto* parts = receipt.if_contains("tables");
  for (const json::value& item : parts ? parts->as_array() : json::array()) {
    const json::object& part = item.as_object();
    const std::string path = kRoot + string_member(part, "path");
    const auto there = files.find(path);
    if (there == files.end()) return "the receipt lists " + path + ", which is missing";
    if (string_member(part, "sha256") != digest_of(there->second)) return "the receipt has a wrong digest of " + path;
    left[kTypes.at(string_member(part, "table"))] -= part.at("rows").to_number<std::int64_t>();
    listed.insert(path);
  }
  for (const std::string& table : tables_in(receipt))
    if (const auto rows = left[kTypes.at(table)]; rows != 0)
      return "the table " + table + " lacks " + std::to_string(rows) + " rows";
  for (const auto& [path, content] : files)
    if (is_part(path) && !listed.contains(path)) return "the receipt does not list " + path;
  return "";
}

// The files that the receipt names, or what is wrong with them.
std::string check_listed(const json::object& receipt, const Files& files, const Tables& tables,
                         std::set<std::string>& listed) {
  for (const char* list : {"files", "errors", "deleted"}) {
    const auto* items = receipt.if_contains(list);
    if (!items || !items->is_array()) continue;
    for (const json::value& item : items->get_array()) {
      const json::object& file = item.as_object();
      const std::string path = kRoot + string_member(file, "path");
      const auto there = files.find(path);
      listed.insert(path);
      if (there == files.end() && tables.may_replace(path)) continue;
      if (there == files.end()) return "the receipt lists " + path + ", which is missing";
      if (string_member(file, "sha256") != digest_of(there->second)) return "the receipt has a wrong digest of " + path;
      if (file.at("bytes").to_number<std::size_t>() != there->second.size())
        return "the receipt has a wrong size of " + path;
    }
  }
  return "";
}

std::int64_t files_of_jobs(const json::object& receipt, const SimServer& server) {
  std::int64_t count = 0;
  for (const json::value& job : receipt.at("jobs").as_array())
    count += server.files_of(string_member(job.as_object(), "statusUrl"));
  return count;
}

}  // namespace

Tables::Tables(const Settings& settings) : keeps_files(settings.boolean("keep_ndjson")) {
  for (const std::string& table : settings.list("tables")) types[table] = kTypes.at(table);
}

bool Tables::may_replace(const std::string& path) const {
  const auto is_of = [&](const auto& table) { return path.starts_with(kRoot + table.second + "."); };
  return !keeps_files && std::any_of(types.begin(), types.end(), is_of);
}

std::set<std::string> Tables::replaced_in(const SimDisk& disk) const {
  return keeps_files ? std::set<std::string>() : replaced_files(disk);
}

bool has_receipt(const SimDisk& disk) { return disk.files().contains(kReceipt); }

std::string check_published(const SimDisk& disk, SimServer& server) {
  for (const auto& [path, content] : disk.files()) {
    if (!is_final_name(path)) continue;
    if (!server.gave(stem_of(path), content))
      return path + ", of " + std::to_string(content.size()) + " bytes, is no whole file of the service";
  }
  return "";
}

std::string check_still_there(const SimDisk& disk, const std::set<std::string>& paths, const Tables& tables) {
  const Files files = disk.files();
  const std::set<std::string> replaced = tables.replaced_in(disk);
  const auto is_replaced = [&](const std::string& path) {
    return tables.may_replace(path) && (has_receipt(disk) || replaced.contains(path.substr(kRoot.size())));
  };
  for (const std::string& path : paths)
    if (!files.contains(path) && !is_replaced(path)) return path + " was published, and is not there any more";
  return "";
}

// The receipt says that the service could not be asked whether a manifest had grown.
bool is_unconfirmed(const json::object& receipt) {
  const json::value* jobs = receipt.if_contains("jobs");
  if (!jobs || !jobs->is_array()) return false;
  return std::any_of(jobs->get_array().begin(), jobs->get_array().end(), [](const json::value& job) {
    const json::value* confirmed = job.is_object() ? job.get_object().if_contains("confirmed") : nullptr;
    return confirmed && confirmed->is_bool() && !confirmed->get_bool();
  });
}

std::string check_receipt(const SimDisk& disk, const SimServer& server, const Tables& tables) {
  const Files files = disk.files();
  const auto found = files.find(kReceipt);
  if (found == files.end()) return "";
  const auto value = parse_json(found->second);
  if (!value || !value->is_object()) return "the receipt is not JSON";
  std::set<std::string> listed;
  if (const std::string wrong = check_listed(value->get_object(), files, tables, listed); !wrong.empty()) return wrong;
  if (const std::string wrong = check_tables(value->get_object(), files); !wrong.empty()) return wrong;
  for (const auto& [path, content] : files)
    if (is_final_name(path) && !listed.contains(path)) return "the receipt does not list " + path;
  const std::int64_t expected = files_of_jobs(value->get_object(), server);
  const auto count = static_cast<std::int64_t>(listed.size());
  if (count < expected && is_unconfirmed(value->get_object())) return "";
  if (expected != count)
    return "the receipt lists " + std::to_string(listed.size()) + " files, and the manifests list " +
           std::to_string(expected);
  return "";
}

std::string check_complete(const SimDisk& disk, const Tables& tables) {
  if (!has_receipt(disk)) return "there is no receipt";
  std::set<std::string> names;
  for (const auto& [table, type] : tables.types) names.insert(table);
  if (tables_in(parse_json(disk.files().at(kReceipt))->get_object()) != names) return "the receipt has other tables";
  for (const auto& [path, content] : disk.files())
    if (!is_final_name(path) && !is_part(path) && path != kReceipt && path != kLog) return path + " was left behind";
  for (const auto& [path, content] : disk.files())
    if (tables.may_replace(path)) return path + " was left behind, although tables have its rows";
  for (const std::string& path : disk.directories())
    if (path != kOut && path != kRoot + "error" && path != kRoot + "deleted" && !(path + "/").starts_with(kTables))
      return "the directory " + path + " was left behind";
  return "";
}

}  // namespace libbcda::simulation
