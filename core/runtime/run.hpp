// One run in the background: a whole export, a manifest-only run, the download of a manifest's files, or one request for
// the service's metadata.
#pragma once
#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "bulk/job.hpp"
#include "runtime/end_guard.hpp"
#include "runtime/event.hpp"
#include "runtime/receipt.hpp"
#include "runtime/session.hpp"
#include "runtime/task_group.hpp"
#include "transfer/decoder.hpp"
#include "transfer/download.hpp"
#include "transfer/workspace.hpp"

namespace libbcda::runtime {

enum class RunKind { export_, manifest, fetch, metadata };

struct RunRequest {
  RunKind kind = RunKind::export_;
  Settings settings;                            // the client's and the export's together
  std::shared_ptr<transfer::Destination> sink;  // null: the directory `out`
  std::vector<bulk::Manifest> manifests;        // fetch: what to download
  std::string only_file;                        // fetch: this name or URL only; "": all
};

class Run {
 public:
  // Checks the request and the output directory, then returns while the work goes on.
  static std::unique_ptr<Run> start(std::shared_ptr<Session> session, RunRequest request);
  ~Run();  // cancels and waits; not on one of the session's threads

  Mailbox& mailbox() { return *mailbox_; }
  void cancel();       // thread-safe
  RunResult result();  // once finished
  bool abandoned() const { return session_->abandoned(); }

 private:
  struct FileTask {
    bulk::Entry entry;
    std::string name;        // its local name
    std::string status_url;  // of its job; "" when a manifest was given
    bool use_token = true;

    std::string path() const { return transfer::published_path(name, entry.is_error); }
  };
  struct JobRecord {
    std::string type, request, status_url;
    bulk::Manifest manifest;
    bool confirmed = false;  // the last question found that the manifest had not grown
  };

  // run.cpp: its life.
  Run(std::shared_ptr<Session> session, RunRequest request);
  void ended(bool broken);
  bool has_jobs() const { return request_.kind == RunKind::export_ || request_.kind == RunKind::manifest; }
  void prepare();
  void launch();
  http::Task<> main(std::shared_ptr<EndGuard> guard);
  http::Task<> flow();
  http::Task<> ask_metadata();
  void finish();
  void write_receipt();
  void know_earlier_files();
  std::string not_tried() const;
  bool failed();
  void fail(const Error& error,
            bool at_a_file = false);  // remembers the first; ends the run when going on is pointless
  http::Task<> sleep(Milliseconds duration);
  std::string earliest_transaction_time() const;
  std::string receipt() const;  // receipt.cpp

  // run_jobs.cpp: one coroutine a job.
  http::Task<> drive_job(std::string type);
  http::Task<> drive(bulk::Job& job);
  http::Task<> exchange(bulk::Job& job, bulk::Send send, http::Request& last);
  void job_done(const bulk::Job& job);
  void job_failed(const std::string& type, const std::string& status_url, const Error& error);
  http::Task<> confirm_manifests();
  http::Task<> confirm(JobRecord& record);

  // run_files.cpp: `parallel` workers and a queue.
  void enqueue(const std::vector<bulk::Entry>& entries, const std::string& status_url, bool use_token);
  http::Task<> work();
  http::Task<> fetch(FileTask task);
  http::Task<FileResult> download(const FileTask& task);
  http::Task<bool> attempt(const FileTask& task, const std::optional<crypto::FileKey>& key,
                           transfer::Download& download, http::Request request, FileResult& result);
  http::Task<bool> accept(http::Response& response, transfer::Download& download);
  http::Task<bool> is_there(const FileTask& task, FileResult& result);
  http::Task<std::string> digest_at(const std::string& path, std::int64_t bytes);
  std::string commit(const FileTask& task, transfer::Writer& writer, const transfer::Facts& facts);
  std::optional<crypto::FileKey> key_for(const bulk::Entry& entry);
  void key_failed();
  std::string unique_name(const bulk::Entry& entry);
  void published(const FileTask& task, FileResult file);
  void file_failed(const FileTask& task, const Error& error);
  bool service_is_gone();
  http::Task<> receive(http::Response& response, transfer::Decoder& decoder, FileResult& result);
  http::Task<> at_destination(std::function<void()> work);

  // run_events.cpp: what it says.
  http::Task<> wait(const bulk::Wait& wait, const std::string& type, const std::string& file);
  void enter(const char* state, int order);
  void progressed(std::int64_t bytes);
  void tell_job(const bulk::Job& job, bool accepted);
  void tell_progress();
  void tell(EventKind kind, const std::string& type, const std::string& text);
  void warn(const std::string& type, const std::string& file, const Error& error);
  void log(const std::string& line);
  void note(const std::function<void()>& write);

  std::shared_ptr<Session> session_;
  std::optional<Session::Watch> watch_;
  RunRequest request_;
  bulk::JobOptions job_options_;
  transfer::DownloadOptions download_options_;
  std::vector<std::string> types_;
  std::size_t parallel_;
  std::unique_ptr<transfer::Workspace> workspace_;
  std::shared_ptr<transfer::Destination> destination_;
  std::unique_ptr<ThreadPool> sink_threads_;  // `parallel` of them: a caller's sink may take its time
  std::shared_ptr<TaskGroup> group_;
  std::shared_ptr<Mailbox> mailbox_ = std::make_shared<Mailbox>();
  std::shared_ptr<std::atomic<bool>> timed_out_ = std::make_shared<std::atomic<bool>>(false);
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  Instant begun_at_ = std::chrono::system_clock::now();

  bool launched_ = false;
  std::atomic<std::int64_t> bytes_done_{0}, bytes_total_{0}, next_progress_ms_{0};
  std::atomic<int> state_{-1};
  std::atomic<bool> wrong_key_{false};

  std::mutex mutex_;  // guards what follows
  std::deque<FileTask> queue_;
  std::size_t workers_ = 0;
  std::size_t unreachable_ = 0;  // files in a row that failed for want of a connection
  std::set<std::string> seen_urls_, paths_;
  std::int64_t keys_opened_ = 0, keys_refused_ = 0;
  std::vector<JobRecord> jobs_;
  std::vector<FileResult> files_;
  std::int64_t files_total_ = 0, files_failed_ = 0;
  bool failed_at_a_file_ = false;  // `failure_` is a file's
  std::string metadata_;
  std::optional<Error> failure_;
  Milliseconds elapsed_{0};
};

}  // namespace libbcda::runtime
