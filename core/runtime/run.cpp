#include "runtime/run.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <filesystem>
#include <unordered_map>
#include <unordered_set>

#include "base/quote.hpp"
#include "crypto/digest.hpp"
#include "runtime/guarded.hpp"
#include "runtime/metadata.hpp"
#include "runtime/unfinished.hpp"
#include "transfer/names.hpp"
#include "world/strand.hpp"

namespace libbcda::runtime {
namespace {

// After a cancellation, a thread that is this long in one call is held by the system.
constexpr Milliseconds kHeld{30};
constexpr Milliseconds kFirstLook{50}, kNextLook{10};
constexpr Milliseconds kLongestRelease{2000};  // how long a start waits for a run that was left behind

constexpr int kGrowthRounds = 3;  // how often a manifest may grow while its files are fetched

// The service's own row may say that it deletes no job.
void check_delete_job(const Settings& settings, const Profile& profile) {
  if (settings.boolean("delete_job") && !profile.cancels)
    throw Error(Status::INVALID_ARGUMENT, "the setting delete_job: " + profile.title + " deletes no job by request");
}

// The same text for each way to name a directory, as far as its text shows that.
std::string absolute(const std::string& directory) {
  std::error_code failed;
  if (directory.empty()) return "";
  const std::string path = std::filesystem::absolute(directory, failed).lexically_normal().string();
  return path.ends_with('/') && path.size() > 1 ? path.substr(0, path.size() - 1) : path;
}

bool writes(RunKind kind) { return kind == RunKind::export_ || kind == RunKind::fetch; }

// The directory that a run without a sink works in; "": none.
std::string work_place(const RunRequest& request) {
  if (request.kind == RunKind::manifest) return request.settings.text("job_directory");
  return writes(request.kind) ? request.settings.text("out") : "";
}

bool runs_jobs(RunKind kind) { return kind == RunKind::export_ || kind == RunKind::manifest; }

// The files to fetch: all that the manifests list, or the one that was asked for.
std::vector<Files> select_files(const RunRequest& request) {
  std::vector<Files> all;
  bool found = request.only_file.empty();
  for (const auto& manifest : request.manifests) {
    Files files = all_files(manifest);
    if (!request.only_file.empty())
      std::erase_if(files.numbers, [&](std::uint32_t number) {
        const bulk::Entry entry = manifest->entry(number);
        return entry.name != request.only_file && entry.url.text() != request.only_file;
      });
    found = found || !files.numbers.empty();
    all.push_back(std::move(files));
  }
  if (!found)
    throw Error(Status::INVALID_ARGUMENT, "the manifest lists no file " + tidy(shown(request.only_file), 200));
  return all;
}

std::string earliest_transaction_time(const std::vector<JobRecord>& jobs, const bulk::Manifests& manifests) {
  std::vector<std::string> times;
  for (const JobRecord& job : jobs) times.push_back(job.manifests.front()->transaction_time);
  for (const auto& manifest : manifests) times.push_back(manifest->transaction_time);
  return earliest_time(times);
}

// The name that an earlier run gave a file.
FileQueue::Named earlier_name(const transfer::Workspace& space, const bulk::Entry& entry) {
  FileQueue::Named named;
  const auto names = transfer::local_names(entry);
  const auto& files = space.earlier().files;
  for (const int i : {1, 0}) {
    const auto found = files.find(transfer::published_path(names[static_cast<std::size_t>(i)], entry.kind));
    if (found == files.end()) continue;
    if (transfer::is_of(found->second, entry)) named.by = i;
    named.taken = i == 0 && space.goes_on();  // a fetch refuses a file of another origin instead
  }
  return named;
}

// The files that were not requested, because the run ended early.
std::string describe_untried(std::int64_t files) {
  return files > 0 ? ", and " + std::to_string(files) + (files == 1 ? " was" : " were") + " not tried" : "";
}

Task<> end(TaskGroup& tasks) {
  tasks.cancel();
  co_await tasks.join();
}

Error no_more_listed(const std::string& out, const std::string& path) {
  return Error(Status::PROTOCOL, "the manifest has changed: it does not list the file " + path +
                                     " any more, which an earlier run published in " + out +
                                     "; files of two states of a job must not be mixed; set restart to discard what is "
                                     "there and begin anew, or choose another directory");
}

}  // namespace

Run::Handle Run::start(std::shared_ptr<Session> session, RunRequest request) {
  Handle run(new Run(std::move(session), std::move(request)));
  run->furnish();
  run->launch();
  return run;
}

Run::Run(std::shared_ptr<Session> session, RunRequest request)
    : session_(std::move(session)),
      request_(std::move(request)),
      group_(std::make_shared<TaskGroup>(session_->world()->executor())),
      heart_(std::make_shared<TaskGroup>(session_->world()->executor())),
      patience_(std::make_shared<TaskGroup>(session_->world()->executor())) {
  times_.begun = session_->world()->clock().now();
  if (!request_.sink) {
    place_ = absolute(request_.resume ? request_.directory : work_place(request_));
    if (!place_.empty()) wait_for_left_behind(place_, kLongestRelease);
  }
  if (is_inquiry(request_.kind)) inquiry_ = plan_inquiry(session_->service(), request_.kind, request_.question);
  if (!runs_jobs(request_.kind)) return;
  check_delete_job(request_.settings, session_->profile());
  check_tables(request_.settings);
  if (request_.resume) {
    if (request_.settings.boolean("restart"))
      throw Error(Status::INVALID_ARGUMENT, "the setting restart discards what a resume goes on with; start an export");
    request_.settings.set("out", request_.directory);
    finished_ = finished_export(*session_, request_.settings);
    if (finished_) return;
    resume_settings(request_.settings, session_->world()->disk());
  }
  if (request_.sync) {
    series_ = std::make_unique<Series>(*session_, request_.settings);
    request_.settings = series_->settings();
  }
  const bulk::ExportWish wish = bulk::read_wish(request_.settings);
  types_ = bulk::planned_types(session_->profile(), wish);
  kick_offs_ = bulk::plan_kick_offs(session_->service(), wish, times_.begun.wall);
  if (wish.job_url.empty()) wish_ = bulk::describe_wish(session_->service(), wish);
}

// Opens the output and makes the rooms.
void Run::furnish() {
  const bool asks_nothing = finished_.has_value();
  if (request_.kind != RunKind::metadata && !asks_nothing) session_->tokens();  // throws if there are no credentials
  if (runs_jobs(request_.kind) && !asks_nothing) session_->tokens().wish(types_);
  request_.files = select_files(request_);
  if (!asks_nothing) output_ = open_output(*session_, request_);
  make_tables();
  if (output_.workspace)
    queue_.know_names([&space = *output_.workspace](const bulk::Entry& entry) { return earlier_name(space, entry); });
  world::World& world = *session_->world();
  std::shared_ptr<LogWriter> log;
  if (transfer::Workspace* workspace = output_.workspace.get())
    log = std::make_shared<LogWriter>(
        world, [workspace](const std::string& lines) { workspace->log(lines); },
        [this](const Error& e) { outcome_.fail(e); });
  reporter_.emplace(mailbox_, queue_, std::move(log), world.clock());
  const bool is_fetch = request_.kind == RunKind::fetch;
  const std::size_t manifests = is_fetch ? request_.manifests.size() : kick_offs_.size();
  if (!request_.key_of) request_.key_of = key_source(*session_, request_.settings);
  crew_.emplace(*session_, world, request_.settings, output_, queue_, *reporter_, outcome_, group_, request_.key_of,
                manifests);
  jobs_.emplace(*session_, world, job_options(request_.settings, session_->profile()), *reporter_, outcome_,
                output_.workspace.get(), [this](const std::string& status_url, Files files, bool last) {
                  return fetch(status_url, std::move(files), last);
                });
}

// A fetch ignores the setting, as it does the other settings about what to export.
void Run::make_tables() {
  if (request_.kind != RunKind::export_ || request_.settings.list("tables").empty() || finished_) return;
  if (!output_.workspace) throw Error(Status::INVALID_ARGUMENT, "the setting tables is for an export into a directory");
  output_.tables = make_table_parts(*session_->world(), request_.settings, wish_, *output_.workspace, outcome_);
}

void Run::launch() {
  watch_.emplace(session_->world()->faults(), [this](const Error& error) { outcome_.fail(error); });
  auto guard = std::make_shared<EndGuard>([this](bool broken) { ended(broken); });
  launched_ = true;  // from here on the guard ends the run, whatever happens
  asio::co_spawn(world::new_strand(session_->world()->executor()), main(std::move(guard)), asio::detached);
}

void Run::Dispose::operator()(Run* run) const noexcept {
  if (!run->launched_) {
    delete run;
    return;
  }
  run->cancel();
  run->mailbox_->set_notify(nullptr);
  run->mailbox_->wait_finished(Milliseconds(-1));
  if (run->goes_on_alone())
    finish_apart([run] { delete run; });
  else
    delete run;
}

Run::~Run() {
  if (!launched_) return;
  {
    std::unique_lock lock(end_->mutex);
    end_->changed.wait(lock, [this] { return end_->reached; });
  }
  group_->wait_empty();  // at once, unless the run broke off
  for (const auto& helper : {heart_, patience_}) {
    helper->cancel();
    helper->wait_empty();
  }
  watch_.reset();  // before what it may call is gone
}

void Run::cancel() noexcept {
  group_->cancel();
  if (!cancels_.exchange(true)) watch_held_threads(this, *patience_);
}

// Does not touch the run if it has ended.
void Run::watch_held_threads(Run* run, TaskGroup& patience) noexcept try {
  patience.spawn([run] { return run->look_for_held_threads(); });
} catch (const std::exception&) {
  // No memory is left. The end of the run then waits for each call.
}

// Until the end of the run.
Task<> Run::look_for_held_threads() {
  if (request_.sink) co_return;
  const auto look = [this]() -> Task<> {
    const world::Clock& clock = session_->world()->clock();
    for (Milliseconds wait = kFirstLook; !is_left_; wait = kNextLook) {
      co_await clock.sleep(wait);
      const world::Workers::Period began{times_.begun.steady, clock.now().steady - kHeld};
      const bool makes_tables = output_.tables && output_.tables->replace_held(began);
      if (session_->world()->replace_held(began) || makes_tables) leave();
    }
  };
  co_await guarded(look(), [](const Error&) {});  // the end of the run, or no memory for a timer
}

// Reports the end of a canceled run, although a thread has not returned from the system. The rest of the run goes on, and
// changes nothing any more that the owner can see.
void Run::leave() noexcept try {
  std::optional<Error> failure = is_complete_ ? std::nullopt : verdict();
  if (failure) failure->message += "; a call of the system has not returned yet, so its thread is left behind";
  auto mark = std::make_unique<LeftBehind>(place_);
  if (is_left_.exchange(true)) return;  // from here on nobody else reports the end
  {
    const std::lock_guard lock(end_->mutex);
    end_->left_behind = std::move(mark);
  }
  queue_.close();
  note_elapsed();
  outcome_.conclude(std::move(failure));
  keep_result();
  report_end(false);
} catch (const std::exception&) {
  // No memory is left. Perhaps there is at the next look.
}

// Of a run that is left behind, because its parts go on.
void Run::keep_result() noexcept try { left_result_ = current_result(); } catch (const std::exception&) {
  // No memory is left for it; see result().
}

Task<> Run::main(std::shared_ptr<EndGuard> guard) {
  for (const std::string& text : session_->warnings()) reporter_->warn(text);
  if (series_)
    for (const std::string& text : series_->warnings()) reporter_->warn(text);
  if (output_.workspace && !output_.workspace->discarded().empty()) reporter_->warn(output_.workspace->discarded());
  if (output_.workspace || series_) heart_->spawn([this] { return renew_ownership(); });
  co_await guarded(flow(), [this](const Error& e) { outcome_.fail(e); });
  co_await group_->join();  // also after a failure, because no task may outlive the run
  co_await guarded(finish(), [this](const Error& e) { outcome_.fail(e); });
  co_await end(*heart_);
  co_await end(*patience_);
  guard->reached();
}

// Until the end of the run. A run that another one has taken over ends.
Task<> Run::renew_ownership() {
  const auto beat = [this]() -> Task<> {
    for (;;) {
      co_await session_->world()->clock().sleep(transfer::kHeartbeat);
      co_await world::run_on(session_->world()->disk_workers(), [this] {
        if (output_.workspace) output_.workspace->renew();
        if (series_) series_->renew();
      });
    }
  };
  co_await guarded(beat(), [this](const Error& e) {
    if (e.status != Status::CANCELED) outcome_.fail(e);
  });
}

Task<> Run::flow() {
  if (finished_) {
    reporter_->warn("the export in " + request_.directory + " is complete (export.json), so nothing was left to do");
    co_return;
  }
  const auto timer = session_->world()->clock().timer(co_await asio::this_coro::executor);
  if (auto timeout = request_.settings.duration("timeout"); timeout.count() > 0)
    timer->start(times_.begun.steady + timeout,
                 [this, group = group_, patience = patience_, passed = times_.limit_passed] {
                   *passed = true;
                   group->cancel();
                   watch_held_threads(this, *patience);
                 });
  if (output_.workspace && output_.workspace->goes_on() && writes(request_.kind)) co_await tell_what_is_here();
  if (output_.tables) co_await output_.tables->take_up();
  if (request_.kind == RunKind::metadata) {
    group_->spawn(
        [this] { return guarded(ask_metadata(*session_, answer_), [this](const Error& e) { outcome_.fail(e); }); });
  } else if (inquiry_) {
    group_->spawn(
        [this] { return guarded(ask(*session_, *inquiry_, answer_), [this](const Error& e) { outcome_.fail(e); }); });
  } else if (request_.kind == RunKind::fetch) {
    for (Files& files : request_.files) co_await crew_->fetch(std::move(files), "", true);
  } else {
    reporter_->enter(RunState::authenticating);
    for (const bulk::KickOff& kick_off : kick_offs_)
      group_->spawn([this, kick_off] { return jobs_->run(kick_off, kick_offs_.size() == 1); });
  }
  co_await group_->join();
  if (request_.kind == RunKind::export_ && session_->profile().manifest_may_grow)
    co_await confirm_until_nothing_grows();
  if (group_->canceled() || outcome_.failure()) co_return;
  if (output_.workspace && output_.workspace->goes_on() && writes(request_.kind))
    co_await world::run_on(session_->world()->disk_workers(), [this] { came_again_ = unlisted_files(); });
  if (output_.tables) co_await output_.tables->finish(*queue_.results());
}

// How many files are here, and of how many, if each job's manifest is here too.
Task<> Run::tell_what_is_here() {
  const transfer::JournalState& earlier = output_.workspace->earlier();
  co_await world::run_on(session_->world()->disk_workers(), [&] {
    const json::object files = describe_files(earlier, output_.workspace->published());
    here_ = files.at("published").as_int64() + files.at("inTables").as_int64();
  });
  std::int64_t of = 0;
  bool is_known = earlier.jobs.size() == kick_offs_.size();
  for (const auto& [label, job] : earlier.jobs) {
    is_known = is_known && !job.pages.empty();
    for (const transfer::PageRecord& page : job.pages) page.files < 0 ? is_known = false : of += page.files;
  }
  reporter_->goes_on(output_.workspace->path(), here_, is_known ? of : -1);
}

Task<> Run::fetch(std::string status_url, Files files, bool last) {
  if (request_.kind != RunKind::export_) co_return;
  co_await crew_->fetch(std::move(files), std::move(status_url), last);
}

Task<> Run::confirm_until_nothing_grows() {
  for (int round = 0; round < kGrowthRounds && !group_->canceled() && !outcome_.failure(); ++round) {
    const auto before = queue_.counts().total;
    group_->spawn([this] { return guarded(jobs_->confirm(), [this](const Error& e) { outcome_.fail(e); }); });
    co_await group_->join();
    if (queue_.counts().total == before) break;
  }
}

Task<> Run::finish() {
  watch_.reset();
  note_elapsed();
  outcome_.conclude(verdict());
  if (series_) accept_nothing_yet();
  if (!outcome_.failure() && request_.kind == RunKind::export_) report_downloads();
  if (!outcome_.failure() && output_.issues) warn_if_partial();
  co_await reporter_->flush();
  world::Workers& disk = session_->world()->disk_workers();
  if (output_.workspace && !crew_->gone_jobs().empty())
    co_await guarded(world::run_on(disk, [this] { note_gone_jobs(); }), [](const Error&) {});
  if (!outcome_.failure() && output_.workspace && writes(request_.kind) && !nothing_yet_)
    co_await guarded(world::run_on(disk, [this] { complete(); }), [this](const Error& e) { outcome_.fail(e); });
  if (!outcome_.failure() && request_.kind == RunKind::export_ && request_.settings.boolean("delete_job")) {
    group_->spawn([this] { return delete_jobs(); });  // as a task, so that a cancellation ends it
    co_await group_->join();
  }
  if (!outcome_.failure() && queue_.counts().total > 0) reporter_->progress();
  reporter_->enter(RunState::finished);
  co_await end(*heart_);
  // Releases the directory before the end is reported, so that the owner can use it at once.
  co_await world::run_on(disk, [this] {
    output_.destination.reset();
    output_.workspace.reset();
    if (series_ && nothing_yet_) series_->discard();
    series_.reset();
  });
}

// Files that are gone do not come back, so no later run waits for them.
void Run::note_gone_jobs() {
  for (const JobRecord& job : jobs_->records())
    if (crew_->gone_jobs().contains(job.status_url)) output_.workspace->journal().job_dead(job.label);
}

// A service that has no data yet is no failure of a series: its next run asks again.
void Run::accept_nothing_yet() {
  const auto failure = outcome_.failure();
  nothing_yet_ = failure && failure->nothing_yet && kick_offs_.size() == 1;
  if (!nothing_yet_) return;
  outcome_.conclude(std::nullopt);
  reporter_->warn("the service has no data yet (HTTP 404 at the kick-off), so nothing was exported");
}

// The files are here and verified, so a failure is a warning only.
Task<> Run::delete_jobs() {
  for (const JobRecord& job : jobs_->records()) {
    const auto warn = [&](const Error& e) {
      reporter_->warn(Error(e.status, "the export is complete, but its job was not deleted: " + e.message), job.label);
    };
    if (job.is_adopted)
      reporter_->warn("the job was started by another client, which may still need it, so it is not deleted",
                      job.label);
    else
      co_await guarded(delete_job(*session_, job.status_url), warn);
  }
}

// The failure of the run as its owner hears it; nullopt: it succeeded.
std::optional<Error> Run::verdict() const {
  const bool canceled = group_->canceled();  // read first, because a failure is set before it cancels the tasks
  std::optional<Error> failure = outcome_.failure();
  if (canceled && (!failure || failure->status == Status::CANCELED))
    return *times_.limit_passed
               ? Error(Status::TIMEOUT, "the run was not done within the setting timeout (" +
                                            format_duration(request_.settings.duration("timeout")) + ")")
               : Error(Status::CANCELED, "canceled");
  const FileQueue::Counts files = queue_.counts();
  // Each task reports how it ended. A task that did not is a failure too.
  const bool all_there = files.total == files.done && jobs_->records().size() == kick_offs_.size();
  if (!failure && (group_->broken() || !all_there))
    return Error(Status::INTERNAL, "the run ended with files or jobs unaccounted for");
  if (failure && outcome_.failed_at_a_file() && files.total > 1)
    failure->message = std::to_string(files.failed) + " of " + std::to_string(files.total) + " files failed" +
                       describe_untried(files.untried()) + "; the first: " + failure->message;
  return failure;
}

// Also the caller that does not look at the result must hear it.
void Run::warn_if_partial() {
  const bulk::IssueCounts issues = output_.issues->counts();
  if (!issues.partial()) return;
  reporter_->warn(
      "the result is partial: resources are missing, because the service could not give them; its error "
      "files say what");
}

void Run::report_downloads() {
  for (const JobRecord& job : jobs_->records()) {
    const FileQueue::Sum sum = queue_.sum(job.status_url);
    reporter_->job_downloaded(job.status_url, sum.files, sum.bytes, times_.elapsed);
  }
}

// A run that was left behind before this begins was reported as canceled, so it must not become complete.
void Run::complete() {
  if (is_left_) throw Error(Status::CANCELED, "canceled");
  write_receipt();
  is_complete_ = true;
}

// A fetch of a single file writes no receipt, because other files of the manifest may be missing.
void Run::write_receipt() {
  transfer::Workspace& workspace = *output_.workspace;
  if (!workspace.syncs_names())
    reporter_->warn("the file system of " + workspace.path() +
                    " cannot make names durable: a loss of power may cost the last files; "
                    "durability=process accepts that");
  if (request_.kind == RunKind::fetch && !request_.only_file.empty()) return;
  remove_what_came_again();
  const bool is_fetch = request_.kind == RunKind::fetch;
  // If the journal names more jobs than there are manifests, this fetch does not complete the export of that journal.
  if (is_fetch && workspace.earlier().live_jobs() > bulk::count_jobs(request_.manifests)) workspace.keep_journal();
  workspace.complete([&](const std::string& older, const Append& append) {
    ReceiptFacts facts = receipt_facts();
    if (is_fetch) adopt_request(facts, older);
    runtime::write_receipt(facts, *queue_.results(), append);
  });
}

// The files that an earlier run published, and that no manifest lists any more in the same way: they came again under
// other names. Throws Error{PROTOCOL} if one did not come again, because the export would lack it.
std::vector<transfer::FileRecord> Run::unlisted_files() const {
  std::unordered_map<std::uint64_t, const transfer::FileRecord*> unlisted;  // by the digests of their paths
  for (const auto& [path, record] : output_.workspace->earlier().files)
    unlisted.emplace(crypto::short_digest(output_.shown_path(path)), &record);
  std::unordered_multiset<std::uint64_t> renamed;  // digests of the contents of files under new names
  const auto files = queue_.results();
  for (std::size_t i = 0; i < files->size(); ++i)
    if (unlisted.erase(crypto::short_digest((*files)[i].path())) == 0)
      renamed.insert(crypto::short_digest((*files)[i].sha256()));
  std::vector<transfer::FileRecord> again;
  for (const auto& [path, record] : unlisted) {
    const std::string& digest = record->facts.sha256;  // "": an earlier version did not know it
    if (digest.empty() || !renamed.extract(crypto::short_digest(digest)))
      throw no_more_listed(output_.workspace->path(), record->path);
    again.push_back(*record);
  }
  return again;
}

// They would be counted twice.
void Run::remove_what_came_again() {
  for (const transfer::FileRecord& record : came_again_)
    if (output_.workspace->published().remove(record))
      reporter_->warn("the file " + record.path +
                      " of an earlier run was removed, because it came again under another name");
}

ReceiptFacts Run::receipt_facts() const {
  const auto failure = outcome_.failure();
  return {.status = failure ? failure->status : Status::OK,
          .service = session_->service().origin.origin(),
          .out = request_.sink ? "" : request_.settings.text("out"),
          .transaction_time = earliest_transaction_time(jobs_->records(), request_.manifests),
          .started = times_.begun.wall,
          .elapsed = times_.elapsed,
          .warnings = {},
          .request = wish_,
          .since = runs_jobs(request_.kind) ? request_.settings.text("since") : "",
          .types = json::array(types_.begin(), types_.end()),
          .jobs = describe(jobs_->records()),
          .issues = output_.issues->counts(),
          .tables = output_.tables ? output_.tables->describe() : json::array(),
          .in_tables = output_.tables ? output_.tables->stand_for(*queue_.results()) : std::vector<bool>()};
}

// "": the files are not in a directory, or there are none.
std::string Run::directory() const {
  return writes(request_.kind) && !request_.sink && !nothing_yet_ ? request_.settings.text("out") : "";
}

RunResult Run::result() {
  if (is_left_ && !left_result_) throw Error(Status::NO_MEMORY, "out of memory");
  if (is_left_) return *left_result_;
  group_->wait_empty();  // at once, unless the run broke off
  return current_result();
}

RunResult Run::current_result() const {
  if (finished_) return *finished_;
  const std::string answer = is_left_ ? "" : answer_;  // a question may still be answered
  const auto files = queue_.results();
  const ReceiptFacts about = receipt_facts();
  return {.files = files,
          .transaction_time = about.transaction_time,
          .elapsed = times_.elapsed,
          .types = types_,
          .request = wish_,
          .service = about.service,
          .since = about.since,
          .directory = directory(),
          .metadata = request_.kind == RunKind::metadata ? answer : "",
          .answer = answer,
          .issue_counts = about.issues,
          .issues = [collector = output_.issues] { return collector->list(); },
          .receipt = [files, about] { return make_receipt(about, *files); },
          .manifest =
              [jobs = jobs_->records()] {
                std::string lines;
                for (const JobRecord& job : jobs)
                  for (const auto& manifest : job.manifests) lines += manifest->text() + "\n";
                return lines;
              }};
}

// The last step of a run. It may be destroyed as soon as the end was reached, so the pointer is copied.
void Run::ended(bool broken) {
  const std::shared_ptr<End> end = end_;
  if (!is_left_) report_end(broken);
  const std::lock_guard lock(end->mutex);
  end->left_behind.reset();
  end->reached = true;
  end->changed.notify_all();
}

void Run::report_end(bool broken) {
  std::optional<Error> failure;
  Event last;
  last.kind = EventKind::finished;
  try {
    if (broken) outcome_.fail(Error(Status::INTERNAL, "the run broke off"));
    const FileQueue::Counts files = queue_.counts();
    last.files_done = files.done + std::max<std::int64_t>(0, here_ - files.kept);
    last.files_total = files.total;
    last.bytes_done = reporter_->bytes_done();
    failure = outcome_.failure();
    if (failure) {
      last.status = failure->status;
      last.text = failure->message;
    }
  } catch (
      const std::exception&) {  // called from a destructor, and the end must be reported although no memory is left
    failure.emplace(Status::NO_MEMORY, "");
  }
  mailbox_->finish(std::move(last), std::move(failure));
}

bool Run::goes_on_alone() const {
  const std::lock_guard lock(end_->mutex);
  return is_left_ && !end_->reached;
}

void Run::note_elapsed() {
  const Steady now = session_->world()->clock().now().steady;
  times_.elapsed = std::chrono::duration_cast<Milliseconds>(now - times_.begun.steady);
}

}  // namespace libbcda::runtime
