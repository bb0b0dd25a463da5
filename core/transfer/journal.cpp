#include "transfer/journal.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/json.hpp"
#include "base/words.hpp"
#include "crypto/digest.hpp"
#include "transfer/names.hpp"

namespace libbcda::transfer {
namespace {

constexpr std::size_t kIdDigits = 32, kShortIdDigits = 16, kCheckDigits = 16;
constexpr const char* kForms[] = {"plain", "gcm", "gzip"};  // by PartForm
constexpr std::string_view kCheckStart = ",\"check\":\"", kCheckEnd = "\"}";

std::string digest_of(std::string_view text, std::size_t digits) { return crypto::hex_digest(text).substr(0, digits); }

std::int64_t count_member(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value && value->is_int64() ? value->get_int64() : -1;
}

bool flag_member(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value && value->is_bool() && value->get_bool();
}

json::object described(const char* event, const FileIdentity& file) {
  json::object record{{"event", event}};
  record["path"] = file.path;
  record["url"] = file.url;
  record["type"] = file.type;
  record["source"] = file.source_id;
  record["job"] = file.job;
  return record;
}

FileIdentity read_identity(const json::object& record) {
  return {string_member(record, "path"), string_member(record, "url"), string_member(record, "type"),
          string_member(record, "source"), string_member(record, "job")};
}

// ---- Lines ----------------------------------------------------------------------------------------------------------

// The record in a line whose check sum is right.
std::optional<json::object> open_line(std::string_view line) {
  constexpr std::size_t tail = kCheckStart.size() + kCheckDigits + kCheckEnd.size();
  if (line.size() <= tail) return {};
  const std::string_view body = line.substr(0, line.size() - tail), end = line.substr(line.size() - tail);
  const std::string expected = std::string(kCheckStart) + digest_of(body, kCheckDigits) + std::string(kCheckEnd);
  if (end != expected) return {};
  const auto value = parse_json(line);
  if (!value || !value->is_object()) return {};
  return value->get_object();
}

// ---- Records --------------------------------------------------------------------------------------------------------

bool is_plain_name(const std::string& name) {
  return !name.empty() && name.find('/') == std::string::npos && !name.starts_with('.');
}

// The table in a path tables/TABLE/NUMBER.arrow; "" for another path.
std::string table_of(const std::string& path) {
  const std::string start = std::string(kTablesDirectory) + "/";
  const std::size_t end = path.rfind('/');
  if (!path.starts_with(start) || end < start.size() || !path.ends_with(kPartEnding)) return "";
  const std::string table = path.substr(start.size(), end - start.size());
  const std::string number = path.substr(end + 1, path.size() - end - 1 - kPartEnding.size());
  const bool is_named = table.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == table.npos;
  const bool is_number = !number.empty() && number.find_first_not_of("0123456789") == number.npos;
  return is_named && is_number ? table : "";
}

json::array array_member(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value && value->is_array() ? value->get_array() : json::array();
}

void read_manifest(JobState& job, const json::object& record) {
  job.pages.clear();
  const json::value* pages = record.if_contains("pages");
  if (!pages || !pages->is_array()) return;
  for (const json::value& item : pages->get_array()) {
    const json::object* page = item.if_object();
    const std::string file = page ? string_member(*page, "file") : "";
    if (!is_plain_name(file)) return job.pages.clear();
    job.pages.push_back(
        {file, string_member(*page, "url"), string_member(*page, "sha256"), count_member(*page, "files")});
  }
}

// A run that took the directory over may have sent a kick-off while that of the other one was under way. The job that
// is known stays the one to go on with.
void read_job(JournalState& state, const std::string& event, const json::object& record) {
  JobState& job = state.jobs[string_member(record, "label")];
  const bool is_known = !job.status_url.empty() && !job.is_dead;
  if (event == "kick-off" && !is_known) {
    if (job.is_dead || job.unanswered == 0) {
      job = {};
      job.kick_off = parse_time(string_member(record, "time")).value_or(Instant{});
    }
    ++job.unanswered;
  }
  if (event == "job") {
    job = {};
    job.status_url = string_member(record, "statusUrl");
    job.is_adopted = flag_member(record, "adopted");
  }
  if (event == "dead" || (event == "refused" && !is_known && --job.unanswered <= 0)) job.is_dead = true;
  if (event == "manifest") read_manifest(job, record);
}

void read_file(JournalState& state, const json::object& record) {
  FileRecord file{read_identity(record), {}};
  file.facts.bytes = count_member(record, "bytes");
  file.facts.records = count_member(record, "records");
  file.facts.sha256 = string_member(record, "sha256");
  file.facts.proof = proof_named(string_member(record, "proof"));
  if (is_own_path(file.path)) state.files[file.path] = std::move(file);
}

// A record that is not as this library writes it is skipped, so its tables are made again.
void read_tables(JournalState& state, const json::object& record) {
  TablesRecord read;
  read.version = string_member(record, "version");
  for (const json::value& table : array_member(record, "tables"))
    if (table.is_string()) read.tables.emplace_back(table.get_string());
  for (const json::value& item : array_member(record, "files"))
    if (const json::object* file = item.if_object())
      read.files[string_member(*file, "path")] = {string_member(*file, "sha256"), flag_member(*file, "replaced")};
  for (const json::value& item : array_member(record, "parts")) {
    auto part = read_part(item);
    if (!part || std::find(read.tables.begin(), read.tables.end(), part->table) == read.tables.end()) return;
    read.parts.push_back(std::move(*part));
  }
  state.tables.push_back(std::move(read));
}

const char* form_name(PartForm form) { return kForms[static_cast<std::size_t>(form)]; }

// A part of an unknown form is skipped, so its file begins anew.
void read_part(JournalState& state, const json::object& record) {
  const auto form = std::find(std::begin(kForms), std::end(kForms), string_member(record, "form"));
  if (form == std::end(kForms)) return;
  PartRecord part{read_identity(record),
                  string_member(record, "bytesFile"),
                  static_cast<PartForm>(form - std::begin(kForms)),
                  string_member(record, "nonce"),
                  string_member(record, "validator"),
                  count_member(record, "size"),
                  string_member(record, "boot"),
                  std::max<std::int64_t>(0, count_member(record, "synced"))};
  if (is_own_path(part.path) && is_plain_name(part.bytes_file)) state.parts[part.path] = std::move(part);
}

void read_record(JournalState& state, const json::object& record) {
  const std::string event = string_member(record, "event");
  if (event == "intent" && record.contains("request") && record.at("request").is_object())
    state.intent = record.at("request").get_object();
  for (const char* of_job : {"kick-off", "refused", "job", "dead", "manifest"})
    if (event == of_job) read_job(state, event, record);
  if (event == "download") ++state.downloads[string_member(record, "url")];
  if (event == "file") read_file(state, record);
  if (event == "part") read_part(state, record);
  if (event == "tables") read_tables(state, record);
}

// A batch has records of all kinds but batches, so it is read to this depth alone.
void read_line(JournalState& state, const json::object& record) {
  const json::value* records = record.if_contains("records");
  if (string_member(record, "event") != "batch" || !records || !records->is_array()) return read_record(state, record);
  for (const json::value& one : records->get_array())
    if (one.is_object()) read_record(state, one.get_object());
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
  return source.empty() ? "" : digest_of(source, kIdDigits);
}

std::string job_id(const std::string& status_url) {
  return status_url.empty() ? "" : digest_of(status_url, kShortIdDigits);
}

FileIdentity identity_of(const bulk::Entry& entry, std::string path, const std::string& status_url) {
  return {std::move(path), entry.url.without_query(), safe_type(entry.type), source_id(entry), job_id(status_url)};
}

FileRecord record_of(const bulk::Entry& entry, std::string path, const Facts& facts, const std::string& status_url) {
  return {identity_of(entry, std::move(path), status_url), facts};
}

bool is_of(const FileIdentity& record, const bulk::Entry& entry) {
  if (record.source_id != source_id(entry)) return false;
  return !entry.encrypted_key.empty() || record.url == entry.url.without_query();
}

json::object intent_record(const json::object& request) { return {{"event", "intent"}, {"request", request}}; }

json::object kick_off_record(const std::string& label, Instant now) {
  return {{"event", "kick-off"}, {"label", label}, {"time", to_rfc3339(now)}};
}

json::object refused_record(const std::string& label) { return {{"event", "refused"}, {"label", label}}; }

json::object job_record(const std::string& label, const std::string& status_url, bool is_adopted) {
  return {{"event", "job"}, {"label", label}, {"statusUrl", status_url}, {"adopted", is_adopted}};
}

json::object dead_record(const std::string& label) { return {{"event", "dead"}, {"label", label}}; }

json::object manifest_record(const std::string& label, const std::vector<PageRecord>& pages) {
  json::array list;
  for (const PageRecord& page : pages)
    list.push_back(
        json::object{{"file", page.file}, {"url", page.url}, {"sha256", page.sha256}, {"files", page.files}});
  return {{"event", "manifest"}, {"label", label}, {"pages", std::move(list)}};
}

json::object part_record(const PartRecord& part) {
  json::object record = described("part", part);
  record["bytesFile"] = part.bytes_file;
  record["form"] = form_name(part.form);
  record["nonce"] = part.nonce;
  record["validator"] = part.validator;
  record["size"] = part.size;
  record["boot"] = part.boot;
  record["synced"] = part.synced;
  return record;
}

json::object download_record(const http::Url& url) { return {{"event", "download"}, {"url", url.without_query()}}; }

json::object file_record(const FileRecord& file) {
  json::object record = described("file", file);
  record["bytes"] = file.facts.bytes;
  record["records"] = file.facts.records;
  record["sha256"] = file.facts.sha256;
  record["proof"] = proof_name(file.facts.proof);
  return record;
}

std::optional<TablePart> read_part(const json::value& described) {
  const json::object* part = described.if_object();
  if (!part) return {};
  TablePart read{"", string_member(*part, "path"), count_member(*part, "rows"), count_member(*part, "bytes"),
                 string_member(*part, "sha256")};
  read.table = table_of(read.path);
  if (read.table.empty() || read.rows < 0 || read.bytes < 0 || read.sha256.empty()) return {};
  return read;
}

json::object describe(const TablePart& part) {
  return {
      {"table", part.table}, {"path", part.path}, {"rows", part.rows}, {"bytes", part.bytes}, {"sha256", part.sha256}};
}

json::object tables_record(const TablesRecord& made) {
  json::array files, parts;
  for (const auto& [path, file] : made.files)
    files.push_back(json::object{{"path", path}, {"sha256", file.sha256}, {"replaced", file.is_replaced}});
  for (const TablePart& part : made.parts) parts.push_back(describe(part));
  return {{"event", "tables"},
          {"version", made.version},
          {"tables", json::array(made.tables.begin(), made.tables.end())},
          {"files", std::move(files)},
          {"parts", std::move(parts)}};
}

json::object batch_record(const std::vector<json::object>& records) {
  return {{"event", "batch"}, {"records", json::array(records.begin(), records.end())}};
}

FileRecord record_of(const TablePart& part) {
  FileRecord record;
  record.path = part.path;
  record.facts.bytes = part.bytes;
  record.facts.sha256 = part.sha256;
  return record;
}

std::string journal_line(json::object record, std::int64_t seq) {
  record["seq"] = seq;
  std::string line = json::serialize(record);
  line.pop_back();
  return line + std::string(kCheckStart) + digest_of(line, kCheckDigits) + std::string(kCheckEnd);
}

bool is_own_path(const std::string& path) {
  const auto [directory, name] = split_published(path);
  return !directory.starts_with(kTablesDirectory) && !name.empty() && name.find('/') == std::string::npos &&
         name != "." && name != "..";
}

std::size_t JournalState::live_jobs() const {
  return static_cast<std::size_t>(
      std::count_if(jobs.begin(), jobs.end(), [](const auto& job) { return !job.second.is_dead; }));
}

std::size_t JournalState::files_of(const std::string& status_url) const {
  const std::string id = job_id(status_url);
  return static_cast<std::size_t>(
      std::count_if(files.begin(), files.end(), [&](const auto& file) { return file.second.job == id; }));
}

void fold(JournalState& state, std::string_view text, const std::string& name) {
  std::int64_t expected = 1;
  std::size_t number = 0, bad = 0;  // lines, from 1; `bad`: the first of those that may be what a crash left
  const auto damaged = [&](std::size_t line) {
    if (state.damage.empty()) state.damage = name + ", line " + std::to_string(line);
  };
  while (!text.empty()) {
    ++number;
    const std::size_t end = text.find('\n');
    const bool is_cut = end == std::string_view::npos;
    const std::string_view line = text.substr(0, end);
    const auto record = is_cut ? std::nullopt : open_line(line);
    text.remove_prefix(is_cut ? text.size() : end + 1);
    if (!record && bad == 0) bad = number;
    if (!record && !is_cut && parse_json(line)) damaged(bad);  // a crash leaves no whole JSON with a wrong check sum
    if (!record) continue;
    if (bad > 0) damaged(std::exchange(bad, 0));
    const std::int64_t seq = count_member(*record, "seq");
    if (seq != expected) damaged(number);
    expected = seq + 1;
    read_line(state, *record);
  }
}

}  // namespace libbcda::transfer
