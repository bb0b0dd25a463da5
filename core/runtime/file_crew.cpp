#include "runtime/file_crew.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "runtime/guarded.hpp"
#include "transfer/names.hpp"

namespace libbcda::runtime {
namespace {

constexpr std::size_t kMostAtDisk = 16;  // as many as there are threads for the disk

}  // namespace

FileCrew::FileCrew(Session& session, world::World& world, const Settings& settings, const Output& output,
                   FileQueue& queue, Reporter& reporter, Outcome& outcome, std::shared_ptr<TaskGroup> group,
                   KeyOf key_of, std::size_t manifests)
    : world_(world),
      output_(output),
      queue_(queue),
      reporter_(reporter),
      outcome_(outcome),
      group_(std::move(group)),
      parallel_(static_cast<std::size_t>(settings.integer("parallel"))),
      parallelism_(parallel_),
      worker_(
          session, world, settings, output, reporter, outcome, std::move(key_of),
          [this] { parallelism_.refused(world_.clock().now().steady); },
          [this](bool begins) { wait_for_disk(begins); }),
      manifests_left_(manifests) {}

Task<> FileCrew::fetch(Files files, std::string status_url, bool last) {
  if (!files.numbers.empty()) {
    reporter_.enter(RunState::downloading);
    co_await world::run_on(world_.workers(), [&] { queue_.add(files, status_url); });
  }
  const std::lock_guard lock(mutex_);
  forecast_.found(world_.clock().now().steady, files.expires);
  if (last && manifests_left_ > 0) --manifests_left_;
  hire();
}

// How many workers there may be. Needs the lock. Those that wait for the disk do not count, up to a bound: a sync takes
// milliseconds, in which the network should not wait, and many syncs at the same time take little longer than one.
std::size_t FileCrew::limit() const { return parallelism_.limit() + std::min(at_disk_, kMostAtDisk); }

void FileCrew::wait_for_disk(bool begins) {
  const std::lock_guard lock(mutex_);
  if (!begins) {
    --at_disk_;
    return;
  }
  ++at_disk_;
  hire();
}

// Starts the workers that are missing. Needs the lock.
void FileCrew::hire() {
  const std::size_t most = limit();
  if (at_work_ >= most) return;
  for (std::size_t more = std::min(most - at_work_, queue_.waiting()); more > 0; --more) {
    ++at_work_;
    group_->spawn([this] { return work(); });
  }
}

// Takes files off the queue until it is empty, or until fewer workers are allowed.
Task<> FileCrew::work() {
  while (!leave_if_done()) {
    std::optional<FileTask> task = queue_.take();
    if (!task) continue;  // another worker was faster
    const auto body = [&]() -> Task<> {
      const FileResult file = co_await worker_.fetch(*task, load());
      published(*task, file);
      if (output_.tables)
        co_await guarded(output_.tables->add(task->path(), file), [this](const Error& e) { outcome_.fail(e); });
    };
    co_await guarded(body(), [&](const Error& e) { failed(*task, e); });
  }
}

FileWorker::Load FileCrew::load() {
  const std::lock_guard lock(mutex_);
  return {.files = manifests_left_ == 0 ? queue_.counts().total : -1, .downloading = at_work_ - at_disk_};
}

// Decides under the lock of fetch(). So fetch() either finds this worker still there, or starts a new one.
bool FileCrew::leave_if_done() {
  const std::lock_guard lock(mutex_);
  const bool done = queue_.waiting() == 0 || group_->canceled() || at_work_ > limit();
  if (done) --at_work_;
  return done;
}

void FileCrew::published(const FileTask& task, const FileResult& file) {
  parallelism_.done();
  {
    const std::lock_guard lock(mutex_);
    unreachable_ = 0;
    hire();
  }
  reporter_.file_done(task, queue_.done(file, task.status_url), file.is_kept);
  warn_if_late();
}

void FileCrew::warn_if_late() {
  const FileQueue::Counts files = queue_.counts();
  std::optional<Milliseconds> late;
  {
    const std::lock_guard lock(mutex_);
    late = forecast_.lateness(world_.clock().now().steady, files.done, files.untried());
  }
  if (!late) return;
  const auto minutes = std::chrono::ceil<std::chrono::minutes>(*late).count();
  reporter_.warn("at the present pace the last files would come about " + std::to_string(minutes) +
                 (minutes == 1 ? " minute" : " minutes") +
                 " after the service removes them; raise the setting parallel, or export fewer types at once");
}

void FileCrew::failed(const FileTask& task, const Error& error) {
  if (error.status == Status::CANCELED) return outcome_.fail(error);
  const transfer::Workspace* space = output_.workspace.get();
  queue_.failed(space && space->goes_on() && space->earlier().files.contains(task.path()));
  if (error.status == Status::JOB_GONE) {
    const std::lock_guard lock(mutex_);
    gone_jobs_.insert(task.status_url);
  }
  outcome_.fail_at_a_file(error);
  reporter_.file_failed(task, error);
  const bool is_single = queue_.counts().total == 1;  // then the run's own failure says the same
  if (!is_single) reporter_.warn(error, transfer::safe_type(task.entry.type), task.entry.name);
  if (worker_.keys().is_wrong() || service_is_gone(error)) outcome_.stop();
}

// Each file has its own retries. If many files in a row use them up, the other files would fail too.
bool FileCrew::service_is_gone(const Error& error) {
  const bool is_silent = (error.status == Status::NETWORK || error.status == Status::TIMEOUT) && error.http_status == 0;
  const std::lock_guard lock(mutex_);
  unreachable_ = is_silent ? unreachable_ + 1 : 0;
  return unreachable_ > 2 * parallel_;
}

}  // namespace libbcda::runtime
