#include "runtime/series.hpp"

#include <algorithm>
#include <utility>

#include "base/quote.hpp"
#include "bulk/kick_off.hpp"
#include "runtime/receipt.hpp"
#include "runtime/unfinished.hpp"
#include "transfer/published.hpp"
#include "transfer/workspace.hpp"

namespace libbcda::runtime {
namespace {

constexpr std::string_view kShape = "0000-00-00T00-00-00Z";
constexpr const char* kAnyTime = "2000-01-01T00:00:00Z";

// "2026-11-26T03:55:00.123Z" without the fraction and the colons, which some file systems do not take.
std::string name_of(Instant time) {
  std::string name = to_rfc3339(time).substr(0, kShape.size() - 1) + "Z";
  std::replace(name.begin(), name.end(), ':', '-');
  return name;
}

std::optional<Instant> time_of(std::string name) {
  if (name.size() != kShape.size()) return {};
  for (const std::size_t at : {13, 16}) {
    if (name[at] != '-') return {};
    name[at] = ':';
  }
  return bulk::parse_instant(name);
}

// A service keeps a job for a day or two. An older run is not gone on with.
constexpr auto kJobsLive = std::chrono::hours(72);

// A job may have been accepted earlier than the run that exported it began, and clocks may differ.
constexpr auto kOverlap = std::chrono::hours(48);

Mark mark_of(const PastRun& run, Instant now) {
  const std::string& text = run.transaction_time;
  const auto time = parse_time(text);
  if (!time) {
    const std::string since = to_rfc3339(run.started - kOverlap);
    return {since, "the service gave no usable time (transactionTime) with the export in " + run.receipt +
                       ", so changes since " + since + ", two days before that run, are asked for again"};
  }
  if (*time <= now) return {bulk::parse_instant(text) ? text : to_rfc3339(*time), ""};
  throw std::move(Error(Status::FILESYSTEM, "the transactionTime in " + run.receipt + ", " + quote(text) +
                                                ", is in the future by this machine's clock, so it does not say which "
                                                "changes to ask for next; set the clock, or move that directory away")
                      .at_file(run.receipt));
}

[[noreturn]] void refuse(const std::string& setting, const std::string& why) {
  throw Error(Status::INVALID_ARGUMENT, "the setting " + setting + ": " + why);
}

// Refuses what would leave gaps in a series.
void check_wish(const Service& service, bulk::ExportWish wish, Instant now) {
  if (!wish.job_url.empty()) refuse("job_url", "a sync starts its own job; use an export for a job that runs already");
  if (!wish.until.empty()) refuse("until", "a sync asks for all changes up to now");
  if (!wish.patients.empty())
    refuse("patients", "a sync exports all patients of its level, because their list is kept nowhere");
  const json::object request = bulk::describe_wish(service, wish);
  const std::string level(request.at("level").as_string());
  const auto& gaps = service.profile.lacks_history;
  if (std::find(gaps.begin(), gaps.end(), level) != gaps.end())
    refuse("level",
           "with level=" + level + " " + service.profile.title +
               " never sends the history of people who are new since the last export, so a sync would lack it; "
               "choose another level");
  const bool asks_for_changes = wish.since.empty();
  if (asks_for_changes) wish.since = kAnyTime;  // the later runs send one
  try {
    bulk::plan_kick_offs(service, wish, now);
  } catch (Error& e) {
    if (asks_for_changes) e.message += " (a sync asks for changes, by since)";
    throw;
  }
}

Error holds_single_export(const std::string& path) {
  return transfer::refuse_directory(path, "holds a single export; choose another directory for the series");
}

bool is_partial(const RunResult& result) {
  return result.issue_counts ? result.issue_counts->partial() : result.issues().counts().partial();
}

}  // namespace

bool is_run_name(const std::string& name) { return time_of(name).has_value(); }

std::string next_run_name(const std::vector<std::string>& runs, Instant now) {
  const std::string name = name_of(now);
  const auto last = std::max_element(runs.begin(), runs.end());
  return last == runs.end() || *last < name ? name : name_of(*time_of(*last) + std::chrono::seconds(1));
}

Mark find_mark(std::vector<std::string> runs,
               const std::function<std::optional<PastRun>(const std::string& name)>& read, const NextRun& next) {
  std::sort(runs.rbegin(), runs.rend());
  for (const std::string& name : runs) {
    const std::optional<PastRun> run = read(name);
    if (run && run->request == next.request && (!run->partial || next.partial_counts)) return mark_of(*run, next.now);
  }
  return {};
}

Series::Lock::Lock(const std::string& path, transfer::WorkDirectory::Options options, world::Local local)
    : directory_(path, std::move(options), local) {
  directory_.claim();
  directory_.journal_begun();
}

Series::Lock::~Lock() { directory_.leave(true); }

Series::Series(Session& session, const Settings& settings) : settings_(settings) {
  const Instant now = session.world()->clock().now().wall;
  const bulk::ExportWish wish = bulk::read_wish(settings);
  check_wish(session.service(), wish, now);
  transfer::WorkDirectory::Options options;
  options.durability = durability(settings);
  options.takes_over = settings.boolean("take_over");
  // Before anything in the directory is touched.
  options.keep = [out = settings.text("out")](const files::Directory& work, bool) {
    if (!transfer::journal_names(work).empty()) throw holds_single_export(out);
    return std::set<std::string>();
  };
  lock_ = std::make_unique<Lock>(settings.text("out"), std::move(options), session.world()->local());
  const std::vector<std::string> runs = run_names();
  const NextRun next{.request = bulk::describe_wish(session.service(), wish),
                     .partial_counts = settings.text("sync_partial") == "move",
                     .now = now};
  Mark mark = find_mark(
      runs, [this](const std::string& name) { return read(name); }, next);
  if (mark.since.empty()) mark.since = wish.since.empty() ? session.profile().first_since : wish.since;
  if (!mark.warning.empty()) warnings_.push_back(mark.warning);
  const std::string unfinished = unfinished_run(session, runs, mark.since);
  mention_unfinished(runs, unfinished);
  settings_.set("since", mark.since);
  settings_.set("out", path_of(unfinished.empty() ? next_run_name(runs, now) : unfinished));
}

// The last run, if it did not finish and asked for the same: this one goes on with it or, with the setting restart,
// discards it. "": there is none.
std::string Series::unfinished_run(Session& session, const std::vector<std::string>& runs, const std::string& since) {
  const auto last = std::max_element(runs.begin(), runs.end());
  if (last == runs.end()) return "";
  const Instant now = session.world()->clock().now().wall;
  const bool is_old = now - time_of(*last).value_or(now) > kJobsLive;
  Settings wanted = settings_;
  wanted.set("since", since);
  const auto left = journals_of(path_of(*last), lock_->directory().local().disk);
  // With a dead job its run can never be complete, so the next run asks for the same changes.
  const bool is_hopeless = std::any_of(left.jobs.begin(), left.jobs.end(), [&](const auto& job) {
    return job.second.is_dead && left.files_of(job.second.status_url) > 0;
  });
  if (!left.intent || !same_members(*left.intent, intent_of(session, wanted))) return "";
  const bool may_go_on = !is_old && !is_hopeless && left.damage.empty();
  return may_go_on || settings_.boolean("restart") ? *last : "";
}

// Refuses the directory of a single export, because runs inside it would look like a part of it.
std::vector<std::string> Series::run_names() const {
  const files::Directory& out = *lock_->directory().out();
  if (out.contains(transfer::kReceipt)) throw holds_single_export(out.path());
  std::vector<std::string> names = out.names();
  std::erase_if(names, [](const std::string& name) { return !is_run_name(name); });
  return names;
}

std::string Series::path_of(const std::string& name) const {
  const std::string& path = lock_->directory().out()->path();
  return path + (path.ends_with('/') ? "" : "/") + name;
}

std::optional<PastRun> Series::read(const std::string& name) const {
  const std::string receipt = path_of(name) + "/" + transfer::kReceipt;
  if (!files::exists(lock_->directory().local().disk, receipt)) return {};
  const RunResult result = open_receipt(path_of(name));
  return PastRun{receipt, result.request, result.transaction_time, result.started, is_partial(result)};
}

// An interrupted run stays, because its verified files may be of use.
void Series::mention_unfinished(const std::vector<std::string>& runs, const std::string& taken_up) {
  for (const std::string& name : runs)
    if (name != taken_up && files::exists(lock_->directory().local().disk, path_of(name) + "/" + transfer::kWork))
      warnings_.push_back("an earlier run did not finish; what it left is still in " + path_of(name) +
                          "; remove that directory if its files are not needed");
}

void Series::discard() const {
  const std::string path = settings_.text("out");
  if (!files::exists(lock_->directory().local().disk, path)) return;
  const auto run = files::Directory::open_or_create(path, lock_->directory().local().disk);
  if (run.names() != std::vector<std::string>{transfer::kLog}) return;
  run.remove(transfer::kLog);
  run.remove_if_empty();
}

}  // namespace libbcda::runtime
