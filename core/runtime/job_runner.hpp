// Runs the jobs of an export: each from its kick-off to its manifest. At the end it asks whether a manifest has grown.
#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "bulk/job.hpp"
#include "runtime/file_queue.hpp"
#include "runtime/manifest_body.hpp"
#include "runtime/outcome.hpp"
#include "runtime/reporter.hpp"
#include "runtime/session.hpp"
#include "settings/settings.hpp"
#include "transfer/workspace.hpp"

namespace libbcda::runtime {

struct JobRecord {
  std::string label, request, status_url;
  bulk::Manifests manifests;  // one, or its pages
  bool is_adopted = false;    // another kick-off started it
  // Whether the service was asked again and the manifest had not grown. Not set if it cannot grow.
  std::optional<bool> confirmed = {};
};

bulk::JobOptions job_options(const Settings& settings, const Profile& profile);

// The jobs as a receipt lists them.
json::array describe(const std::vector<JobRecord>& jobs);

class JobRunner {
 public:
  // `files_found` takes the files of each manifest or page, and those by which a manifest grew. `last`: the job has no
  // more files, as far as is known. `workspace` is null when
  // nothing is written to a directory.
  using FilesFound = std::function<Task<>(const std::string& status_url, Files files, bool last)>;
  JobRunner(Session& session, world::World& world, bulk::JobOptions options, Reporter& reporter, Outcome& outcome,
            transfer::Workspace* workspace, FilesFound files_found);

  // One job, from its kick-off to its manifest. Its failure goes to the outcome. `alone`: the run has no other job, so
  // no warning is needed beside the failure of the run.
  Task<> run(bulk::KickOff kick_off, bool alone);
  // Asks each job's status once more. In one race of the 2019 service `output` grows after the first 200.
  Task<> confirm();

  std::vector<JobRecord> records() const;  // of the jobs that have their manifest

 private:
  bulk::Job job_of(bulk::KickOff kick_off);
  const transfer::JobState* left_behind(const std::string& label) const;
  Task<> take_up(bulk::Job& job);
  Task<> take_up_job(bulk::Job& job, const transfer::JobState& left);
  Task<> keep_manifest(const bulk::Job& job);
  Task<> adopted(const bulk::Job& job);
  Task<> drive(bulk::Job& job, bool delivers);
  Task<> deliver(bulk::Job& job, bool is_kept);
  Task<> exchange(bulk::Job& job, http::Send send, http::Request& last);
  void tell_notice(bulk::Job& job);
  Task<> look_for_running_jobs(bulk::Job& job);
  Task<> look_for_unheard_job(bulk::Job& job);
  Task<std::vector<bulk::RunningJob>> running_jobs(std::optional<Instant> since);
  Task<> report_running(bulk::Job& job, const std::vector<bulk::RunningJob>& running);
  Task<> hear(bulk::Job& job, http::Send send, http::Request& last);
  Task<> prepare(const bulk::Job& job, http::Send& send, http::Request& last);
  void warn_of_scope();
  Task<> answered(bulk::Job& job, bool was_accepted, int status);
  std::string what_is_here(const std::string& status_url) const;
  Task<> failed(const bulk::Job& job, Error error, bool alone);
  void done(const bulk::Job& job);
  Task<> confirm(JobRecord record);
  Task<> note(std::function<void()> write);

  Session& session_;
  world::World& world_;
  bulk::JobOptions options_;
  Reporter& reporter_;
  Outcome& outcome_;
  transfer::Workspace* workspace_;
  FilesFound files_found_;
  std::atomic<bool> scope_warned_{false};

  mutable std::mutex mutex_;
  std::vector<JobRecord> records_;
};

}  // namespace libbcda::runtime
