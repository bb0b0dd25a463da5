// One run in the background: a whole export, a manifest-only run, the download of a manifest's files, or one question
// to the service, such as for its metadata.
#pragma once
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "bulk/manifest.hpp"
#include "runtime/end_guard.hpp"
#include "runtime/event.hpp"
#include "runtime/file_crew.hpp"
#include "runtime/inquiry.hpp"
#include "runtime/job_runner.hpp"
#include "runtime/left_behind.hpp"
#include "runtime/outcome.hpp"
#include "runtime/output.hpp"
#include "runtime/receipt.hpp"
#include "runtime/reporter.hpp"
#include "runtime/run_kind.hpp"
#include "runtime/series.hpp"
#include "runtime/session.hpp"
#include "runtime/task_group.hpp"

namespace libbcda::runtime {

struct RunRequest {
  RunKind kind = RunKind::export_;
  Settings settings;                            // the client's and the export's together
  std::shared_ptr<transfer::Destination> sink;  // null: the directory `out`
  bulk::Manifests manifests;                    // fetch: what to download
  std::string only_file;                        // fetch: this name or URL only; "": all
  KeyOf key_of;                                 // fetch: the key of a file; empty: the private key unwraps it
  bool sync = false;                            // export: the next one of the series in `out`
  bool resume = false;                          // export: what the unfinished one in `directory` asks for
  std::string directory;                        // resume: goes before the setting `out`
  std::string question;                         // an inquiry: its argument
  std::vector<Files> files;                     // fetch: the files of the manifests that this means; Run finds them
};

// Owns the lifecycle and the result of a run. Its parts do the work: JobRunner runs the jobs, FileCrew fetches the
// files, and Reporter reports.
class Run {
 public:
  // Cancels the run and waits for its end. A run that was left behind goes on without the caller. Not on one of the
  // session's threads.
  struct Dispose {
    void operator()(Run* run) const noexcept;
  };
  using Handle = std::unique_ptr<Run, Dispose>;

  // Checks the request and the output directory, then returns while the work goes on.
  static Handle start(std::shared_ptr<Session> session, RunRequest request);
  ~Run();

  Mailbox& mailbox() { return *mailbox_; }
  RunKind kind() const { return request_.kind; }
  // Thread-safe. The end comes at once. If a thread is held in a call of the system, the end is reported without it, and
  // the run is left behind. A run with a sink waits in any case, because the sink belongs to the caller.
  void cancel() noexcept;
  RunResult result();  // once finished
  bool abandoned() const { return session_->world()->abandoned(); }

 private:
  Run(std::shared_ptr<Session> session, RunRequest request);
  void furnish();
  void make_tables();
  void launch();
  Task<> main(std::shared_ptr<EndGuard> guard);
  Task<> flow();
  Task<> renew_ownership();
  static void watch_held_threads(Run* run, TaskGroup& patience) noexcept;
  Task<> look_for_held_threads();
  void leave() noexcept;
  void keep_result() noexcept;
  RunResult current_result() const;
  Task<> tell_what_is_here();
  Task<> confirm_until_nothing_grows();
  Task<> fetch(std::string status_url, Files files, bool last);
  Task<> finish();
  Task<> delete_jobs();
  std::optional<Error> verdict() const;
  void warn_if_partial();
  void report_downloads();
  void accept_nothing_yet();
  void note_gone_jobs();
  std::vector<transfer::FileRecord> unlisted_files() const;
  void remove_what_came_again();
  void complete();
  void write_receipt();
  ReceiptFacts receipt_facts() const;
  std::string directory() const;
  void ended(bool broken);
  void report_end(bool broken);
  bool goes_on_alone() const;
  void note_elapsed();

  std::shared_ptr<Session> session_;
  RunRequest request_;
  std::string place_;                             // the directory that the caller named; "": none
  std::unique_ptr<Series> series_;                // of a sync
  std::atomic<std::int64_t> here_{0};             // files that an earlier run published
  std::vector<transfer::FileRecord> came_again_;  // files of an earlier run, under other names
  std::optional<RunResult> finished_;             // of a resume: the export was complete, so nothing is asked for
  json::object wish_;                             // as the receipt has it
  std::vector<std::string> types_;
  std::vector<bulk::KickOff> kick_offs_;
  std::optional<Inquiry> inquiry_;
  std::shared_ptr<TaskGroup> group_;
  std::shared_ptr<TaskGroup> heart_;     // renews the owner file
  std::shared_ptr<TaskGroup> patience_;  // after a cancellation: looks for threads that are held
  std::shared_ptr<Mailbox> mailbox_ = std::make_shared<Mailbox>();
  Outcome outcome_{group_};
  Output output_;
  FileQueue queue_;
  std::optional<Reporter> reporter_;
  std::optional<FileCrew> crew_;
  std::optional<JobRunner> jobs_;
  std::optional<world::Faults::Watch> watch_;
  struct Times {
    Moment begun;
    std::atomic<Milliseconds> elapsed{Milliseconds(0)};
    std::shared_ptr<std::atomic<bool>> limit_passed = std::make_shared<std::atomic<bool>>(false);
  } times_;
  // What outlives the run until the last of its coroutine is gone.
  struct End {
    std::mutex mutex;
    std::condition_variable changed;
    bool reached = false;
    std::unique_ptr<LeftBehind> left_behind;  // its end was reported before it was reached
  };
  std::shared_ptr<End> end_ = std::make_shared<End>();
  std::atomic<bool> is_left_{false}, is_complete_{false}, cancels_{false};
  std::optional<RunResult> left_result_;  // when it was left behind
  bool launched_ = false;
  std::atomic<bool> nothing_yet_{false};  // the service has no data yet, so a sync has no files
  std::string answer_;                    // to the question of a run for metadata, or of an inquiry
};

}  // namespace libbcda::runtime
