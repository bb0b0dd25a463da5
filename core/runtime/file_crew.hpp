// The workers that take files off the queue: `parallel` at a time, and fewer while the service asks for less.
#pragma once
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "runtime/file_queue.hpp"
#include "runtime/file_worker.hpp"
#include "runtime/forecast.hpp"
#include "runtime/outcome.hpp"
#include "runtime/parallelism.hpp"
#include "runtime/reporter.hpp"
#include "runtime/task_group.hpp"

namespace libbcda::runtime {

// Thread-safe.
class FileCrew {
 public:
  FileCrew(Session& session, world::World& world, const Settings& settings, const Output& output, FileQueue& queue,
           Reporter& reporter, Outcome& outcome, std::shared_ptr<TaskGroup> group, KeyOf key_of, std::size_t manifests);

  // Adds the files of a manifest to the queue and starts workers for them. `last`: the manifest has no more pages. The
  // number of all files is known when as many manifests ended as were announced.
  Task<> fetch(Files files, std::string status_url, bool last);
  // The status URLs of jobs with files that are gone (HTTP 410). Call it when no file is under way.
  const std::set<std::string>& gone_jobs() const { return gone_jobs_; }

 private:
  std::size_t limit() const;
  void hire();
  void wait_for_disk(bool begins);
  Task<> work();
  FileWorker::Load load();
  bool leave_if_done();
  void published(const FileTask& task, const FileResult& file);
  void failed(const FileTask& task, const Error& error);
  bool service_is_gone(const Error& error);
  void warn_if_late();

  world::World& world_;
  const Output& output_;
  FileQueue& queue_;
  Reporter& reporter_;
  Outcome& outcome_;
  std::shared_ptr<TaskGroup> group_;
  std::size_t parallel_;
  Parallelism parallelism_;
  FileWorker worker_;

  std::mutex mutex_;
  std::size_t at_work_ = 0;
  std::size_t at_disk_ = 0;      // of these, the ones whose file has come and waits for the disk
  std::size_t unreachable_ = 0;  // files in a row that failed without an answer
  std::size_t manifests_left_;
  std::set<std::string> gone_jobs_;
  Forecast forecast_;
};

}  // namespace libbcda::runtime
