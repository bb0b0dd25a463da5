// A series of exports in one directory, a subdirectory for each run. The receipts of the earlier runs say which changes
// the next one asks for. There is no other state, so no file can contradict them.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/time.hpp"
#include "runtime/session.hpp"
#include "transfer/work_directory.hpp"

namespace libbcda::runtime {

// A run of the series that has a receipt.
struct PastRun {
  std::string receipt;  // its path, for messages
  json::object request;
  std::string transaction_time;
  Instant started{};
  bool partial = false;
};

// What the next run of a series asks for.
struct NextRun {
  json::object request;         // bulk::describe_wish
  bool partial_counts = false;  // a partial run moves the mark too
  Instant now{};
};

// The _since of the next run.
struct Mark {
  std::string since;    // "": no earlier run counts
  std::string warning;  // "": none
};

// The mark is the transactionTime of the last run that counts: it made the same request and is not partial. If that is
// no time, changes of two days before that run are asked for again. `runs`: their names. `read`: the run of that name,
// or nullopt if it has no receipt. Throws Error{FILESYSTEM} that names the receipt if its time is in the future.
Mark find_mark(std::vector<std::string> runs,
               const std::function<std::optional<PastRun>(const std::string& name)>& read, const NextRun& next);

// Whether a directory of this name is that of a run: "2026-11-26T03-55-00Z".
bool is_run_name(const std::string& name);
// A name for the next run. It sorts after those of `runs`, even if the clock was set back.
std::string next_run_name(const std::vector<std::string>& runs, Instant now);

// The next run of a series, and the lock that keeps others from running at the same time.
class Series {
 public:
  // `settings`: those of the run; `out` is the directory of the series. Throws Error{INVALID_ARGUMENT} for settings
  // that do not suit a series, and Error{FILESYSTEM}, which may be retried if another run of the series is going on.
  Series(Session& session, const Settings& settings);

  const Settings& settings() const { return settings_; }  // of the export: its directory, and its `since`
  const std::vector<std::string>& warnings() const { return warnings_; }

  // Renews the owner file of the series. Throws FILESYSTEM if another run has taken it over.
  void renew() { lock_->directory().renew(); }

  // Removes the directory of this run if it has nothing but the client log.
  void discard() const;

 private:
  class Lock {
   public:
    Lock(const std::string& path, transfer::WorkDirectory::Options options, world::Local local);
    ~Lock();
    transfer::WorkDirectory& directory() { return directory_; }

   private:
    transfer::WorkDirectory directory_;
  };

  std::vector<std::string> run_names() const;
  std::optional<PastRun> read(const std::string& name) const;
  std::string path_of(const std::string& name) const;
  std::string unfinished_run(Session& session, const std::vector<std::string>& runs, const std::string& since);
  void mention_unfinished(const std::vector<std::string>& runs, const std::string& taken_up);

  Settings settings_;
  std::unique_ptr<Lock> lock_;
  std::vector<std::string> warnings_;
};

}  // namespace libbcda::runtime
