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
#include "runtime/event.hpp"
#include "runtime/session.hpp"
#include "runtime/task_group.hpp"
#include "transfer/decoder.hpp"
#include "transfer/download.hpp"
#include "transfer/workspace.hpp"

namespace libbcda::runtime {

// A file that was verified and published.
struct FileResult {
  std::string type, url, path;
  std::string export_id;  // the status URL of its job; "" when a manifest was given
  transfer::Facts facts;
  bool is_error = false;
};

std::string describe(const FileResult& file);  // JSON, as in the receipt

struct RunResult {
  std::vector<FileResult> files;  // by path
  std::string transaction_time;   // the earliest of the manifests
  Milliseconds elapsed{0};
  std::string receipt;   // JSON
  std::string manifest;  // JSON, a line each
  std::string metadata;  // JSON, the CapabilityStatement
};

// The result that a receipt (JSON) tells, or the one in `directory`, whose path goes before those of the files. Throws
// FILESYSTEM.
RunResult read_receipt(const std::string& receipt, const std::string& directory);
RunResult open_receipt(const std::string& directory);

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
    std::string export_id;  // the job's status URL
    bool use_token = true;
  };
  struct JobRecord {
    std::string type, request, status_url;
    bulk::Manifest manifest;
    bool confirmed = true;  // it was asked at the end whether the manifest had grown
  };

  // run.cpp: its life.
  Run(std::shared_ptr<Session> session, RunRequest request);
  bool has_jobs() const { return request_.kind == RunKind::export_ || request_.kind == RunKind::manifest; }
  void prepare();
  void launch();
  http::Task<> main();
  http::Task<> flow();
  http::Task<> ask_metadata();
  void finish();
  void fail(const Error& error);  // remembers the first; ends the run when going on is pointless
  http::Task<> sleep(Milliseconds duration);
  std::string earliest_transaction_time() const;
  std::string receipt() const;  // receipt.cpp

  // run_jobs.cpp: one coroutine a job.
  http::Task<> drive_job(std::string type);
  http::Task<> drive(bulk::Job& job);
  http::Task<> exchange(bulk::Job& job, bulk::Send send, http::Request& last);
  void job_done(const bulk::Job& job);
  void job_failed(const std::string& type, const std::string& export_id, const Error& error);
  http::Task<> confirm_manifests();

  // run_files.cpp: `parallel` workers and a queue.
  void enqueue(const bulk::Manifest& manifest, const std::string& export_id, bool grown);
  http::Task<> work();
  http::Task<> fetch(FileTask task);
  http::Task<FileResult> download(const FileTask& task);
  http::Task<bool> attempt(const FileTask& task, const std::optional<crypto::FileKey>& key, const std::string& name,
                           transfer::Download& download, http::Request request, FileResult& result);
  std::optional<crypto::FileKey> key_for(const bulk::Entry& entry) const;
  std::string name_for(const bulk::Entry& entry);
  void published(const FileTask& task, FileResult file);
  void file_failed(const FileTask& task, const Error& error);
  bool service_is_gone();
  http::Task<> receive(http::Response& response, transfer::Decoder& decoder, FileResult& result);
  http::Task<> at_destination(std::function<void()> work);

  // run_events.cpp: what it says.
  http::Task<> wait(const bulk::Wait& wait, const std::string& type, const std::string& file);
  void enter(const char* state, int order);
  void progressed(std::int64_t bytes);
  void tell_progress();
  void tell(EventKind kind, const std::string& type, const std::string& text);
  void warn(const std::string& type, const std::string& file, const Error& error);
  void log(const std::string& line);
  void note(const std::function<void()>& write);

  std::shared_ptr<Session> session_;
  RunRequest request_;
  bulk::JobOptions job_options_;
  transfer::DownloadOptions download_options_;
  std::vector<std::string> types_;
  std::size_t parallel_;
  std::unique_ptr<transfer::Workspace> workspace_;
  std::shared_ptr<transfer::Destination> destination_;
  std::unique_ptr<boost::asio::thread_pool> sink_threads_;  // `parallel` of them: a caller's sink may take its time
  std::shared_ptr<TaskGroup> group_;
  std::shared_ptr<Mailbox> mailbox_ = std::make_shared<Mailbox>();
  std::shared_ptr<std::atomic<bool>> timed_out_ = std::make_shared<std::atomic<bool>>(false);
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  Instant begun_at_ = std::chrono::system_clock::now();

  bool launched_ = false;
  std::atomic<std::int64_t> bytes_done_{0}, bytes_total_{0}, next_progress_ms_{0};
  std::atomic<int> state_{-1};

  std::mutex mutex_;  // guards what follows
  std::deque<FileTask> queue_;
  std::size_t workers_ = 0;
  std::size_t unreachable_ = 0;  // files in a row that failed for want of a connection
  std::set<std::string> seen_urls_, names_;
  std::vector<JobRecord> jobs_;
  std::vector<FileResult> files_;
  std::int64_t files_total_ = 0, files_failed_ = 0;
  std::string metadata_;
  std::optional<Error> failure_;
  Milliseconds elapsed_{0};
};

}  // namespace libbcda::runtime
