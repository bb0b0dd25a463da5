// Reports what a run does: events, progress, and lines of the client log. It decides nothing.
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "bulk/job.hpp"
#include "http/step.hpp"
#include "runtime/event.hpp"
#include "runtime/file_queue.hpp"
#include "runtime/log_writer.hpp"
#include "runtime/receipt.hpp"
#include "world/clock.hpp"

namespace libbcda::runtime {

// The states of a run, in their order. A run only goes forward, whichever of its jobs gets there first.
enum class RunState { authenticating, kick_off, waiting, downloading, finished };

// Thread-safe.
class Reporter {
 public:
  // `log`: null when the run keeps no client log.
  Reporter(std::shared_ptr<Mailbox> mailbox, const FileQueue& queue, std::shared_ptr<LogWriter> log,
           const world::Clock& clock);

  ~Reporter();  // closes the client log

  void enter(RunState state);
  void warn(const std::string& text, const std::string& type = "");
  void warn(const Error& error, const std::string& type, const std::string& file = "");
  void retry(const http::Wait& wait, const std::string& type, const std::string& file = "");

  // The run goes on with an unfinished export. `of`: the number of all its files; -1: it is not known.
  void goes_on(const std::string& directory, std::int64_t files, std::int64_t of);

  void job_accepted(const bulk::Job& job);
  void job_adopted(const bulk::Job& job);  // it was accepted before this run
  void job_polled(const bulk::Job& job);
  void job_done(const bulk::Job& job);
  void job_known(const bulk::Job& job);  // it was done before this run
  void job_failed(const std::string& status_url, const Error& error);
  void job_downloaded(const std::string& status_url, std::int64_t files, std::int64_t bytes, Milliseconds elapsed);

  void file_requested(const FileTask& task);
  void file_done(const FileTask& task, std::shared_ptr<const StoredFile> file, bool is_kept);
  void file_failed(const FileTask& task, const Error& error);

  // Counts bytes of files: those of a file whose size is known now, received ones. `forget` and negative numbers take
  // back the bytes of a failed try.
  void expect(std::int64_t bytes) { bytes_total_ += bytes, ++sized_; }
  void forget(std::int64_t bytes) { bytes_total_ -= bytes, --sized_; }
  void receive(std::int64_t bytes);
  std::int64_t bytes_done() const { return bytes_done_; }
  void progress();  // an event with all counts as they are
  bool is_progress_due();

  Task<> flush();  // returns when the client log is written

 private:
  void push_text(EventKind kind, const std::string& type, const std::string& text);
  template <class Make, class... Arguments>
  void log(Make make, const Arguments&... arguments);
  template <class Make, class... Arguments>
  void log_later(Make make, const Arguments&... arguments);

  std::shared_ptr<Mailbox> mailbox_;
  const FileQueue& queue_;
  std::shared_ptr<LogWriter> log_;
  const world::Clock& clock_;
  std::atomic<std::int64_t> bytes_done_{0}, bytes_total_{0}, next_progress_ms_{0};
  std::atomic<std::int64_t> sized_{0};  // how many files bytes_total_ has
  std::atomic<int> state_{-1};
};

// A URL as logs, receipts and events show it: without its query, which may be a credential.
std::string shown(const std::string& url);

}  // namespace libbcda::runtime
