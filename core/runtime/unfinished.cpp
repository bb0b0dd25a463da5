#include "runtime/unfinished.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <utility>

#include "base/error.hpp"
#include "crypto/digest.hpp"
#include "runtime/reporter.hpp"
#include "runtime/series.hpp"
#include "transfer/published.hpp"
#include "transfer/work_directory.hpp"
#include "transfer/workspace.hpp"

namespace libbcda::runtime {
namespace {

constexpr const char* kPrivateKey = "private_key";

// What is taken from a journal, which any process may have written. The caller gives the other settings again: those of
// the service, and what is known by a digest alone.
bool is_taken(std::string_view name) {
  constexpr std::string_view kTaken[] = {"job_url",
                                         "level",
                                         "group",
                                         "types",
                                         "since",
                                         "until",
                                         "type_filters",
                                         "elements",
                                         "include_associated_data",
                                         "organize_output_by",
                                         "allow_partial_manifests",
                                         "output_format",
                                         "method",
                                         "tables",
                                         "keep_ndjson"};
  return std::find(std::begin(kTaken), std::end(kTaken), name) != std::end(kTaken);
}

// A value of the intent as Settings::set takes it. "": not set.
std::string setting_text(const json::value& value) {
  if (value.is_bool()) return value.get_bool() ? "true" : "false";
  if (value.is_array()) return value.get_array().empty() ? "" : json::serialize(value);
  return value.is_string() ? std::string(value.get_string()) : "";
}

// What a finished export was asked for and the settings do not ask for.
std::string difference_to(const RunResult& finished, const Session& session, const Settings& settings) {
  const json::object& request = finished.request;  // bulk::describe_wish
  constexpr std::pair<const char*, const char*> kMembers[] = {{"level", "level"},
                                                              {"group", "group"},
                                                              {"types", "types"},
                                                              {"until", "until"},
                                                              {"typeFilters", "type_filters"},
                                                              {"elements", "elements"},
                                                              {"associatedData", "include_associated_data"}};
  json::object then, now;
  const std::string service = session.service().origin.origin();
  if (!finished.service.empty() && finished.service != service) then["url"] = finished.service, now["url"] = service;
  if (settings.taken("since")) then["since"] = finished.since, now["since"] = settings.text("since");
  if (request.empty()) return transfer::describe_difference(then, now);  // of a fetch, a job_url, or an earlier version
  Settings asked = settings;
  for (const auto& [member, name] : kMembers) {
    const json::value* value = request.if_contains(member);
    const std::string text = value ? setting_text(*value) : "";
    if (!text.empty() && !asked.taken(name)) asked.set(name, text);
  }
  const json::object wish = bulk::describe_wish(session.service(), bulk::read_wish(asked));
  const auto compare = [&](const char* member, const char* name) {
    for (const auto& [from, to] : {std::pair{&request, &then}, {&wish, &now}})
      if (const json::value* value = from->if_contains(member)) (*to)[name] = *value;
  };
  compare("base", "url");
  for (const auto& [member, name] : kMembers) compare(member, name);
  return transfer::describe_difference(then, now);
}

// The directory, without making it.
files::Directory open_directory(const std::string& path, world::Disk& disk) {
  if (path.empty()) throw Error(Status::INVALID_ARGUMENT, "the setting out is missing; name the directory");
  if (!files::exists(disk, path))
    throw std::move(Error(Status::FILESYSTEM, "there is no directory " + path).at_file(path));
  return files::Directory::open_or_create(path, disk);
}

transfer::JournalState journals_in(const files::Directory& out) {
  return out.contains(transfer::kWork) ? transfer::read_journals(out.sub(transfer::kWork)) : transfer::JournalState();
}

// Whether an export has worked there, although no journal says so any more.
bool has_traces(const files::Directory& out) {
  if (!out.contains(transfer::kWork) || out.contains(transfer::kReceipt)) return false;
  const std::vector<std::string> names = out.sub(transfer::kWork).names();
  return std::any_of(names.begin(), names.end(), [](const std::string& name) {
    return transfer::is_journal_name(name) || name.starts_with(transfer::kManifestStart);
  });
}

// What the journals say, and what is wrong with them and with the files they list.
struct Contents {
  explicit Contents(const std::shared_ptr<const files::Directory>& out) {
    const transfer::Published published(out);
    const std::vector<std::string> data = published.data_files();  // first, because a record precedes its file
    state = journals_in(*out);
    if (!state.damage.empty()) damage = transfer::damaged_journal(state.damage);
    if (!state.intent && !(state.empty() && has_traces(*out))) return;
    for (const std::string& path : data)
      if (damage.empty() && path != transfer::kLog && !state.files.contains(path))
        damage = transfer::unknown_files(path);
  }

  transfer::JournalState state;
  std::string damage;  // "": nothing is wrong
};

std::shared_ptr<const files::Directory> shared_directory(const std::string& path, world::Disk& disk) {
  return std::make_shared<const files::Directory>(open_directory(path, disk));
}

// The contents of a directory that is gone on with.
transfer::JournalState sound_journals(const std::string& path, world::Disk& disk) {
  Contents contents(shared_directory(path, disk));
  if (!contents.damage.empty()) throw transfer::refuse_directory(path, "holds " + contents.damage);
  return std::move(contents.state);
}

json::array describe_jobs(const transfer::JournalState& state) {
  json::array jobs;
  for (const auto& [label, job] : state.jobs) {
    const bool is_known = !job.status_url.empty();
    const char* what = job.is_dead ? (is_known ? "dead" : "refused") : is_known ? "accepted" : "unknown";
    jobs.push_back(json::object{{"type", label},
                                {"statusUrl", shown(job.status_url)},
                                {"state", what},
                                {"manifest", !job.pages.empty()},
                                {"files", is_known ? state.files_of(job.status_url) : 0}});
  }
  return jobs;
}

// The exports of a series.
std::int64_t count_runs(const files::Directory& out) {
  const std::vector<std::string> names = out.names();
  return std::count_if(names.begin(), names.end(), is_run_name);
}

// As the receipt of a finished export has them.
json::array describe_jobs(const json::array& done) {
  json::array jobs;
  for (const json::value& item : done)
    if (const json::object* job = item.if_object())
      jobs.push_back(json::object{{"type", string_member(*job, "type")},
                                  {"statusUrl", string_member(*job, "statusUrl")},
                                  {"state", "done"},
                                  {"manifest", false},
                                  {"files", job->contains("files") ? job->at("files") : json::value(0)}});
  return jobs;
}

constexpr const char* kMissing = " is missing";

// "": nothing. The content of the file is not read.
std::string what_is_wrong(const std::string& path, std::int64_t bytes) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  if (error == std::errc::no_such_file_or_directory) return kMissing;
  if (error) return " cannot be read: " + error.message();
  return static_cast<std::int64_t>(size) == bytes ? "" : " has another size than its receipt says";
}

// The files of a finished export, and its parts of tables.
struct FilesThere {
  explicit FilesThere(const RunResult& finished) {
    for (std::size_t i = 0; i < finished.files->size(); ++i) look_at((*finished.files)[i]);
    if (in_tables > 0) look_at(finished.parts);
  }
  json::object describe() const {
    return {{"published", files}, {"bytes", bytes}, {"inTables", in_tables}, {"underWay", 0}};
  }

  std::int64_t files = 0, bytes = 0, in_tables = 0;
  std::string damage;  // the first that is not there as the receipt says; "": none

 private:
  void look_at(const StoredFile& file) {
    const std::string why = what_is_wrong(file.path(), file.bytes());
    if (why.empty()) {
      ++files;
      bytes += file.bytes();
    } else if (why == kMissing && file.in_tables()) {
      ++in_tables;
    } else {
      note(file.path() + why);
    }
  }
  // They are needed for the rows of files that are gone.
  void look_at(const std::vector<transfer::TablePart>& parts) {
    for (const transfer::TablePart& part : parts)
      if (const std::string why = what_is_wrong(part.path, part.bytes); !why.empty()) note(part.path + why);
  }
  void note(const std::string& what) {
    if (damage.empty())
      damage = "a finished export of which " + what + "; restore that file, or export again into another directory";
  }
};

// By table, the parts that are there.
json::array describe_tables(const std::vector<transfer::TablePart>& parts) {
  std::map<std::string, std::pair<std::int64_t, std::int64_t>> tables;  // parts and rows
  for (const transfer::TablePart& part : parts) {
    if (!what_is_wrong(part.path, part.bytes).empty()) continue;
    auto& [count, rows] = tables[part.table];
    ++count;
    rows += part.rows;
  }
  json::array described;
  for (const auto& [table, sums] : tables)
    described.push_back(json::object{{"table", table}, {"parts", sums.first}, {"rows", sums.second}});
  return described;
}

std::vector<transfer::TablePart> parts_in(const transfer::JournalState& state, const std::string& directory) {
  std::vector<transfer::TablePart> parts;
  for (const transfer::TablesRecord& record : state.tables)
    for (transfer::TablePart part : record.parts) {
      part.path = directory + "/" + part.path;
      parts.push_back(std::move(part));
    }
  return parts;
}

json::value request_in(const transfer::JournalState& state, const std::optional<RunResult>& finished) {
  if (state.intent) return *state.intent;
  return finished && !finished->request.empty() ? json::value(finished->request) : json::value(nullptr);
}

json::value describe_owner(const files::Directory& out, const world::Local& local) {
  if (!out.contains(transfer::kWork)) return nullptr;
  const auto owner = transfer::active_owner(out.sub(transfer::kWork), local);
  if (!owner) return nullptr;
  return json::object{{"host", owner->process.host}, {"pid", owner->process.pid}};
}

// Of the files that are there in part.
std::int64_t count_under_way(const transfer::JournalState& state, const files::Directory& out) {
  if (!out.contains(transfer::kWork)) return 0;
  const files::Directory work = out.sub(transfer::kWork);
  return std::count_if(state.parts.begin(), state.parts.end(),
                       [&](const auto& part) { return work.contains(part.second.bytes_file); });
}

}  // namespace

json::object describe_files(const transfer::JournalState& state, const transfer::Published& published) {
  std::set<std::string_view> replaced;
  for (const transfer::TablesRecord& made : state.tables)
    for (const auto& [path, file] : made.files)
      if (file.is_replaced) replaced.insert(path);
  std::int64_t files = 0, bytes = 0, in_tables = 0;
  for (const auto& [path, record] : state.files) {
    const auto file = published.open(path);
    if (!file && replaced.contains(path)) ++in_tables;
    if (!file || file->size() != record.facts.bytes) continue;
    ++files;
    bytes += record.facts.bytes;
  }
  return {{"published", files}, {"bytes", bytes}, {"inTables", in_tables}};
}

json::object intent_of(const Session& session, const Settings& settings) {
  json::object intent = bulk::describe_intent(session.service(), bulk::read_wish(settings));
  const bool has_key = session.profile().encrypts && session.private_key();
  const std::vector<std::string> tables = settings.list("tables");
  intent["tables"] = json::array(tables.begin(), tables.end());
  intent["keep_ndjson"] = settings.boolean("keep_ndjson");
  intent[kPrivateKey] = has_key ? crypto::hex_digest(session.private_key()->public_pem()) : "";
  return intent;
}

transfer::JournalState journals_of(const std::string& directory, world::Disk& disk) {
  if (!files::exists(disk, directory)) return {};
  return journals_in(open_directory(directory, disk));
}

std::optional<RunResult> finished_export(const Session& session, const Settings& settings) {
  const std::string out = settings.text("out");
  world::Disk& disk = session.world()->disk();
  if (sound_journals(out, disk).intent || !open_directory(out, disk).contains(transfer::kReceipt)) return {};
  RunResult result = open_receipt(out);
  if (const FilesThere there(result); !there.damage.empty())
    throw transfer::refuse_directory(out, "holds " + there.damage);
  if (const std::string difference = difference_to(result, session, settings); !difference.empty())
    throw transfer::refuse_directory(
        out, "holds a finished export with other settings: " + difference + "; choose another directory");
  return result;
}

void resume_settings(Settings& settings, world::Disk& disk) {
  const std::string out = settings.text("out");
  const transfer::JournalState state = sound_journals(out, disk);
  const auto& intent = state.intent;
  if (!intent && !state.empty())
    throw transfer::refuse_directory(out,
                                     "holds files of a fetch or of a decryption, and no unfinished export; run the "
                                     "same fetch or decryption again to get the rest");
  if (!intent && count_runs(open_directory(out, disk)) > 0)
    throw transfer::refuse_directory(out,
                                     "holds a series of exports; the next sync of it goes on with what is unfinished");
  if (!intent)
    throw transfer::refuse_directory(
        out, "holds no unfinished export, so there is nothing to go on with; start an export into it");
  for (const auto& [name, value] : *intent) {
    const std::string text = setting_text(value);
    if (is_taken(name) && !text.empty() && !settings.taken(name)) settings.set(name, text);
  }
}

std::string directory_status(const std::string& directory, const world::Local& local) {
  const auto out = shared_directory(directory, local.disk);
  const auto [state, journal_damage] = Contents(out);
  std::optional<RunResult> finished;
  if (out->contains(transfer::kReceipt) && !state.intent) finished = open_receipt(directory);
  std::optional<FilesThere> there;
  if (finished) there.emplace(*finished);
  const std::int64_t runs = finished ? 0 : count_runs(*out);
  const std::string damage = journal_damage.empty() && there ? there->damage : journal_damage;
  const char* what = !damage.empty()  ? "damaged"
                     : state.intent   ? "unfinished"
                     : finished       ? "finished"
                     : !state.empty() ? "fetch"
                     : runs > 0       ? "series"
                                      : "none";
  json::object status{{"directory", directory},
                      {"state", what},
                      {"usedBy", describe_owner(*out, local)},
                      {"damage", damage},
                      {"partial", finished && finished->issue_counts && finished->issue_counts->partial()},
                      {"runs", runs},
                      {"request", request_in(state, finished)},
                      {"jobs", finished ? describe_jobs(finished->jobs) : describe_jobs(state)},
                      {"tables", describe_tables(finished ? finished->parts : parts_in(state, directory))},
                      {"files", there ? there->describe() : describe_files(state, transfer::Published(out))}};
  if (!there) status["files"].as_object()["underWay"] = count_under_way(state, *out);
  return json::serialize(status);
}

}  // namespace libbcda::runtime
