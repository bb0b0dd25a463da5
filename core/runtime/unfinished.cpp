#include "runtime/unfinished.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "crypto/digest.hpp"
#include "runtime/reporter.hpp"
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

json::object describe_files(const FileList& files) {
  std::int64_t bytes = 0;
  for (std::size_t i = 0; i < files.size(); ++i) bytes += files[i].bytes();
  return {{"published", files.size()}, {"bytes", bytes}, {"inTables", 0}, {"underWay", 0}};
}

json::value describe_owner(const files::Directory& out, const world::Local& local) {
  if (!out.contains(transfer::kWork)) return nullptr;
  const auto owner = transfer::active_owner(out.sub(transfer::kWork), local);
  if (!owner) return nullptr;
  return json::object{{"host", owner->process.host}, {"pid", owner->process.pid}};
}

}  // namespace

// Of the published files that are still there, with the size that they had.
json::object describe_files(const transfer::JournalState& state, const transfer::Published& published) {
  std::int64_t files = 0, bytes = 0, in_tables = 0;
  for (const auto& [path, record] : state.files) {
    const auto file = published.open(path);
    if (file && file->size() == record.facts.bytes) {
      ++files;
      bytes += record.facts.bytes;
    } else if (std::any_of(state.tables.begin(), state.tables.end(),
                           [&path = path](const auto& made) { return made.files.contains(path); })) {
      ++in_tables;
    }
  }
  return {{"published", files}, {"bytes", bytes}, {"inTables", in_tables}, {"underWay", state.parts.size()}};
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
  const files::Directory directory = open_directory(out, session.world()->disk());
  if (journals_in(directory).intent || !directory.contains(transfer::kReceipt)) return {};
  RunResult result = open_receipt(out);
  if (const std::string difference = difference_to(result, session, settings); !difference.empty())
    throw transfer::refuse_directory(
        out, "holds a finished export with other settings: " + difference + "; choose another directory");
  return result;
}

void resume_settings(Settings& settings, world::Disk& disk) {
  const std::string out = settings.text("out");
  const files::Directory directory = open_directory(out, disk);
  const auto intent = journals_in(directory).intent;
  if (!intent) throw transfer::refuse_directory(out, "holds no unfinished export, so there is nothing to go on with");
  for (const auto& [name, value] : *intent) {
    const std::string text = setting_text(value);
    if (is_taken(name) && !text.empty() && !settings.taken(name)) settings.set(name, text);
  }
}

std::string directory_status(const std::string& directory, const world::Local& local) {
  const auto out = std::make_shared<const files::Directory>(open_directory(directory, local.disk));
  const bool has_receipt = out->contains(transfer::kReceipt);
  const transfer::JournalState state = journals_in(*out);
  const char* what = state.intent ? "unfinished" : has_receipt ? "finished" : !state.empty() ? "fetch" : "none";
  const bool is_finished = has_receipt && !state.intent;
  json::object status{{"directory", directory},
                      {"state", what},
                      {"usedBy", describe_owner(*out, local)},
                      {"damage", state.damage},
                      {"request", state.intent ? json::value(*state.intent) : json::value(nullptr)},
                      {"jobs", describe_jobs(state)},
                      {"files", is_finished ? describe_files(*open_receipt(directory).files)
                                            : describe_files(state, transfer::Published(out))}};
  return json::serialize(status);
}

}  // namespace libbcda::runtime
