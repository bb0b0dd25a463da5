#include "simulation/simulate.hpp"

#include <iostream>
#include <map>
#include <optional>
#include <set>

#include "profiles/profile.hpp"
#include "runtime/run.hpp"
#include "simulation/invariants.hpp"
#include "simulation/rival_world.hpp"
#include "simulation/scenario.hpp"
#include "simulation/sim_world.hpp"

namespace libbcda::simulation {
namespace {

// Whether a run goes on where the one before it ended. Else the setting `restart` discards what is there.
constexpr bool kResumes = true;

constexpr std::int64_t kMostSteps = 3'000'000;  // of one run
constexpr Milliseconds kCancelLimit(100);
constexpr auto kLongestRun = std::chrono::hours(5 * 24);
constexpr int kFirstPid = 1000;
constexpr Milliseconds kPause(1000);  // between two runs
const Moment kStart{Steady{} + std::chrono::hours(1), Instant(std::chrono::seconds(1568990853))};

// The time when a job began is that of the service.
bool finds_jobs(const Scenario& scenario) {
  return !find_profile(scenario.profile)->jobs_path.empty() &&
         std::all_of(scenario.attempts.begin(), scenario.attempts.end(),
                     [](const Attempt& attempt) { return attempt.clock_jump == Milliseconds(0); });
}

class Simulation {
 public:
  Simulation(std::uint64_t seed, bool verbose)
      : dice_(seed),
        scenario_(draw_scenario(dice_.fork())),
        server_(service_options(scenario_), find_profile(scenario_.profile)->ranges, finds_jobs(scenario_), seed << 20),
        disk_(std::make_unique<SimDisk>()),
        verbose_(verbose) {
    report_.seed = seed;
    if (verbose_) std::cerr << describe(scenario_);
  }

  Report run() {
    disk_->limit(scenario_.disk);
    disk_->use(scenario_.checkpoints);
    for (const Attempt& attempt : scenario_.attempts)
      if (goes_on()) begin(attempt);
    if (goes_on()) begin(Attempt());
    if (goes_on() && failure_.find("set take_over") != std::string::npos) wait_until_stale();
    if (goes_on() && kResumes && failure_.find("restart") != std::string::npos) begin_anew();
    if (goes_on()) require("a run without faults failed: " + failure_);
    if (kResumes && server_.needless_jobs() > crossed_jobs_) require("a job was started although one was alive");
    report_.trace = trace_.hash();
    report_.again = server_.ledger().sum();
    report_.jobs = server_.jobs_accepted();
    report_.virtual_time = std::chrono::duration_cast<Milliseconds>(now_.steady - kStart.steady);
    return report_;
  }

 private:
  bool goes_on() const { return !complete_ && report_.wrong.empty(); }
  void require(const std::string& wrong) {
    if (report_.wrong.empty()) report_.wrong = wrong;
  }
  void begin(const Attempt& attempt);
  void begin_anew();
  void wait_until_stale();
  void drive(const std::shared_ptr<SimWorld>& world, const Attempt& attempt);
  runtime::Run::Handle start(const std::shared_ptr<world::World>& world, const Settings& settings);
  void meet(SimWorld& world, runtime::Run& first, const Attempt& attempt);
  void take_over(SimWorld& world, runtime::Run& first, RivalWorld& other, runtime::Run& second, const Rival& rival);
  void go_to(SimDisk& disk, const world::Clock& clock);
  void step_until_end(SimWorld& world, runtime::Run& run, const Attempt& attempt);
  void crash(SimWorld& world, Crash crash);
  void end(SimWorld& world);
  void collect_published(runtime::Run& run);
  void judge(const SimDisk& disk);
  void judge_crash();
  void judge_end(SimWorld& world, const Attempt& attempt);
  Settings settings() const;

  Dice dice_;
  const Scenario scenario_;
  std::optional<std::string> other_tables_;    // the setting of this run, if it has another one
  Tables tables_{client_settings(scenario_)};  // of this run
  Trace trace_;
  SimServer server_;
  std::unique_ptr<SimDisk> disk_;  // between two runs
  runtime::Run::Handle run_;       // once it has started
  Moment now_ = kStart;
  int boots_ = 1;
  Report report_;
  const bool verbose_;
  bool restarts_ = false;              // the setting of this run
  bool takes_over_ = false;            // the same
  std::set<std::string> published_;    // what runs have reported as published, and no restart has discarded
  bool complete_ = false;              // the export is
  std::string failure_;                // of the last run; "": it succeeded
  std::unique_ptr<SimDisk> survivor_;  // of the crash of this run; null: none yet
  Moment crashed_at_{};
  int crossed_jobs_ = 0;  // their kick-off was under way when another run took the directory over
};

Settings Simulation::settings() const {
  Settings made = client_settings(scenario_);
  if (takes_over_) made.set("take_over", "true");
  if (restarts_) made.set("restart", "true");
  if (other_tables_) made.set("tables", *other_tables_);
  return made;
}

// The export cannot be gone on with, for example because its job has expired, and the error said so.
void Simulation::begin_anew() {
  if (verbose_) std::cerr << "run " << report_.runs << ": " << failure_ << "\n";
  ++report_.restarts;
  Attempt attempt;
  attempt.restarts = true;
  begin(attempt);
}

// A crash left an owner file that is not whole. Without locks, it may be one that another run is writing. It seems to be
// of the future if the clock was ahead when it was written; then the user takes over.
void Simulation::wait_until_stale() {
  constexpr auto kWait = std::chrono::minutes(5);
  now_.steady += kWait;
  now_.wall += kWait;
  takes_over_ = std::any_of(scenario_.attempts.begin(), scenario_.attempts.end(),
                            [](const Attempt& attempt) { return attempt.clock_jump > Milliseconds(0); });
  begin(Attempt());
}

void Simulation::begin(const Attempt& attempt) {
  ++report_.runs;
  survivor_.reset();
  failure_.clear();
  restarts_ = !kResumes || attempt.restarts;
  other_tables_ = attempt.tables;
  tables_ = Tables(settings());
  if (restarts_) published_.clear();
  if (restarts_) server_.forget_jobs();
  server_.ledger().run_begins(restarts_, attempt.faults.disk.any());
  server_.fail(attempt.faults.server, dice_.fork());
  disk_->fail(attempt.faults.disk, dice_.fork());
  const auto world = std::make_shared<SimWorld>(now_, SimHost(boots_, kFirstPid + report_.runs), std::move(disk_),
                                                server_, trace_, attempt.faults.net, dice_.fork());
  server_.use(world->clock());
  drive(world, attempt);
  const bool crashed = survivor_ != nullptr;
  report_.bytes += world->net().file_bytes_received();
  if (crashed && attempt.crash == Crash::power) ++boots_;
  now_ = crashed ? crashed_at_ + attempt.downtime : world->clock().now() + kPause;
  now_.wall = kStart.wall + (now_.steady - kStart.steady);  // somebody sets the clock right
  disk_ = crashed ? std::move(survivor_) : world->take_disk();
  if (!verbose_) return;
  std::cerr << "run " << report_.runs << ": "
            << (crashed            ? "crashed"
                : failure_.empty() ? "succeeded"
                                   : failure_)
            << "\n";
  for (const auto& [path, content] : disk_->files()) std::cerr << "  " << path << ", " << content.size() << " bytes\n";
}

void Simulation::drive(const std::shared_ptr<SimWorld>& world, const Attempt& attempt) {
  std::int64_t changes = 0;
  world->disk().before_change([&, this] {
    if (attempt.ending != Ending::crash || survivor_) return;
    const bool is_written = attempt.at_written >= 0 && world->disk().written() >= attempt.at_written;
    if (is_written || changes++ == attempt.at_change) crash(*world, attempt.crash);
  });
  run_ = start(world, settings());
  if (run_) step_until_end(*world, *run_, attempt);
  if (run_) end(*world);
  if (!survivor_) judge_end(*world, attempt);
}

// Returns null if the run refuses to start.
runtime::Run::Handle Simulation::start(const std::shared_ptr<world::World>& world, const Settings& settings) {
  try {
    runtime::RunRequest request;
    request.settings = settings;
    auto session = std::make_shared<runtime::Session>(request.settings, world);
    return runtime::Run::start(std::move(session), std::move(request));
  } catch (const Error& error) {
    failure_ = error.message;
    return nullptr;
  }
}

void Simulation::step_until_end(SimWorld& world, runtime::Run& run, const Attempt& attempt) {
  for (std::int64_t step = 0; !run.mailbox().finished() && !survivor_; ++step) {
    if (step == attempt.rival.at_step) {
      meet(world, run, attempt);
      continue;
    }
    if (step == attempt.clock_jump_at) world.fake_clock().set_wall_clock(attempt.clock_jump);
    if (step == attempt.at_step && attempt.ending == Ending::cancel) return;
    if (step == attempt.at_step && attempt.ending == Ending::crash)
      crash(world, attempt.crash);
    else if (!(attempt.at_step >= 0 || attempt.rival.at_step >= 0 ? world.step() : world.stride()))
      return require("a run waits for nothing");
    if (step > kMostSteps || world.clock().now().steady - now_.steady > kLongestRun)
      return require("a run does not end");
  }
}

// Which clock the disk and the service show.
void Simulation::go_to(SimDisk& disk, const world::Clock& clock) {
  disk.use(clock);
  server_.use(clock);
}

// Starts a second run. It must be refused and change nothing, or take the directory over.
void Simulation::meet(SimWorld& world, runtime::Run& first, const Attempt& attempt) {
  const Rival& rival = attempt.rival;
  SimDisk& disk = world.disk();
  if (!disk.content(std::string(kOut) + "/.bcda/owner.json")) return;  // the first one has left already
  server_.ledger().pause();
  const auto files = disk.files();
  const auto directories = disk.directories();
  const auto other =
      std::make_shared<RivalWorld>(world.clock().now() + rival.suspended, world.host().beside(rival.same_machine), disk,
                                   rival.sees_locks, server_, trace_, dice_.fork());
  go_to(disk, other->clock());
  Settings with = client_settings(scenario_);
  if (other_tables_) with.set("tables", *other_tables_);
  if (rival.takes_over) with.set("take_over", "true");
  const bool is_stale = !rival.same_machine && rival.suspended >= std::chrono::minutes(5);
  const bool may_start = (!rival.sees_locks || disk.lacks().locks) && (rival.takes_over || is_stale);
  const runtime::Run::Handle second = start(other, with);
  if (second) {
    require(may_start ? "" : "a second run started although the first one lives");
    ++report_.taken_over;
    const int needless = server_.needless_jobs();
    take_over(world, first, *other, *second, rival);
    crossed_jobs_ += server_.needless_jobs() - needless;
  } else {
    ++report_.refused;
    if (!may_start && !attempt.faults.disk.any()) {
      require(failure_.find("is in use by another run") == std::string::npos ? "a second run says: " + failure_ : "");
      require(disk.files() != files || disk.directories() != directories ? "a refused run changed something" : "");
    }
  }
  failure_.clear();
  go_to(disk, world.clock());
}

// All but the work directory.
std::map<std::string, std::string> published_files(const SimDisk& disk) {
  auto files = disk.files();
  std::erase_if(files, [](const auto& file) { return file.first.starts_with(std::string(kOut) + "/.bcda/"); });
  return files;
}

// What a run that was taken over changed; "": nothing.
std::string difference(const std::map<std::string, std::string>& before,
                       const std::map<std::string, std::string>& now) {
  for (const auto& [path, content] : now)
    if (const auto old = before.find(path); old == before.end() || old->second != content)
      return "a run that was taken over changed " + path;
  for (const auto& [path, content] : before)
    if (!now.contains(path)) return "a run that was taken over removed " + path;
  return "";
}

// Both go on, each by its own clock. The first one stands still until it wakes up.
void Simulation::take_over(SimWorld& world, runtime::Run& first, RivalWorld& other, runtime::Run& second,
                           const Rival& rival) {
  SimDisk& disk = world.disk();
  bool awake = false;
  const bool was_complete = has_receipt(disk);  // then the first one has only to tidy up
  std::optional<std::map<std::string, std::string>>
      left;  // by the second one, when the first one had done nothing since
  const auto now = [](const test::VirtualWorld& of) { return of.clock().now().steady; };
  const auto wake = [&] {
    awake = true;
    if (now(other) > now(world)) world.clock().pause(std::chrono::duration_cast<Milliseconds>(now(other) - now(world)));
  };
  for (std::int64_t step = 0; !(first.mailbox().finished() && second.mailbox().finished()); ++step) {
    if (!awake && (step >= rival.wakes_at || second.mailbox().finished())) wake();
    const bool is_firsts =
        awake && !first.mailbox().finished() && (second.mailbox().finished() || now(world) <= now(other));
    test::VirtualWorld& next = is_firsts ? static_cast<test::VirtualWorld&>(world) : other;
    go_to(disk, next.clock());
    if (!next.step() || step > kMostSteps) return require("a run waits for nothing after it was taken over");
    if (is_firsts && first.mailbox().finished()) judge(disk);
    if (!is_firsts && second.mailbox().finished()) judge(disk);
    if (!is_firsts && second.mailbox().finished() && !awake) left = published_files(disk);
  }
  if (left) require(difference(*left, published_files(disk)));
  collect_published(second);
  require(first.mailbox().failure() || was_complete ? "" : "a run that was taken over succeeded");
  if (now(other) > now(world)) wake();
}

// The world stops for the run: what it does from now on leaves no trace.
void Simulation::crash(SimWorld& world, Crash crash) {
  Dice dice = dice_.fork();
  survivor_ = world.disk().after(crash, dice);
  crashed_at_ = world.clock().now();
  world.net().kill();
  ++report_.crashes;
  const bool loses_power = crash == Crash::power;
  server_.ledger().run_ends(world.disk(), *survivor_, tables_.replaced_in(*survivor_), loses_power,
                            boot_id(boots_ + (loses_power ? 1 : 0)));
  judge_crash();
}

// Destroys a run. One that has not ended is canceled first, because its destructor waits for its end.
void Simulation::end(SimWorld& world) {
  runtime::Run::Handle run = std::move(run_);
  const Steady canceled_at = world.clock().now().steady;
  run->cancel();
  for (std::int64_t step = 0; !run->mailbox().finished(); ++step) {
    if (world.stride() && step < kMostSteps) continue;
    require("a canceled run does not end");
    static_cast<void>(run.release());  // its destructor would wait for ever
    return;
  }
  if (world.clock().now().steady - canceled_at > kCancelLimit) require("a canceled run goes on for too long");
  if (!survivor_) collect_published(*run);
  const auto failure = run->mailbox().failure();
  if (survivor_ || !failure) return;
  failure_ = failure->message;
  if (failure->status == Status::INTERNAL) require("a run ended with an internal error: " + failure_);
}

// Reads the events of a run. To be called before a crash can lose any file.
void Simulation::collect_published(runtime::Run& run) {
  for (runtime::Event event; run.mailbox().next(Milliseconds(0), event) == runtime::Mailbox::Got::event;)
    if (event.kind == runtime::EventKind::file)
      published_.insert(event.file.starts_with('/') ? event.file : std::string(kOut) + "/" + event.file);
}

// What must be true at any moment.
void Simulation::judge(const SimDisk& disk) {
  require(check_published(disk, server_));
  require(check_receipt(disk, server_, tables_));
  require(check_still_there(disk, published_, tables_));
  require(server_.ledger().wrong());
}

void Simulation::judge_crash() {
  if (run_) collect_published(*run_);
  judge(*survivor_);
  complete_ = !kResumes && has_receipt(*survivor_);
}

void Simulation::judge_end(SimWorld& world, const Attempt& attempt) {
  server_.ledger().run_ends(world.disk(), world.disk(), tables_.replaced_in(world.disk()), false, boot_id(boots_));
  judge(world.disk());
  if (world.disk().open_files() > 0) require("a run left files open");
  if (!failure_.empty()) ++report_.failures;
  // With a broken disk, an export may be complete although not all could be tidied up.
  if (failure_.empty() && !attempt.faults.disk.any()) require(check_complete(world.disk(), tables_));
  // After a crash at the very end there may be nothing left to do.
  const bool was_complete = failure_.find("finished export") != std::string::npos && has_receipt(world.disk());
  complete_ = failure_.empty() || was_complete;
}

}  // namespace

Report simulate(std::uint64_t seed, bool verbose) { return Simulation(seed, verbose).run(); }

}  // namespace libbcda::simulation
