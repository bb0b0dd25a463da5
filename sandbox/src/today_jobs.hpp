// Export jobs of the service of today: one job for all its types, and files that are stored gzipped.
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "jobs.hpp"

namespace libbcda::sandbox::today {

enum class State { pending, in_progress, completed, past_lifetime, expired, failed, cancelled };

// The name of a state in the parameter _status of the job list.
const char* state_name(State state);

struct File {
  std::string type, name;
  std::int64_t first = 0, last = 0;  // the persons first <= n < last
  Time modified{};
  bool errors = false;  // has a line for each person that fails, instead of its records
};

class Job {  // thread-safe after construction
 public:
  std::int64_t id = 0;
  int version = 1;
  std::uint64_t seed = 1;
  double error_rate = 0;
  std::string organization, request;
  std::vector<std::string> types;
  bool every_type = false, warns = false;
  Time created;
  Duration pending{}, working{}, lifetime{};
  Doom doom;
  std::vector<File> files;

  State state(Time now) const;
  int percent(Time now) const;
  Time finished() const { return created + pending + working; }
  Time expires() const { return doom.expires ? finished() : finished() + lifetime; }
  std::string transaction_time() const;
  bool overlaps(const Job& other) const;
  bool cancel(Time now);  // false when the job is not running
  const File* find(std::string_view name) const;
  bool fails(const std::string& type, std::int64_t person) const;
  std::string plaintext(const File& file) const;
  std::shared_ptr<const std::string> stored(const File& file) const;  // packed once

 private:
  mutable std::mutex mutex_;
  bool cancelled_ = false;
  mutable std::map<std::string, std::shared_ptr<const std::string>> stored_;
};

inline constexpr const char* kWarnings = "warnings-and-info.ndjson";
std::string warnings();  // the text of that file

// `base` is the origin of the file URLs.
std::string manifest(const Job& job, const std::string& base, const ManifestFaults& faults);
std::string task(const Job& job, const std::string& jobs_url, Time now);

class Jobs {  // thread-safe
 public:
  // Adds a job and assigns its number. With `alone`, a running job that overlaps prevents it.
  bool add(std::shared_ptr<Job> job, bool alone);
  std::shared_ptr<Job> find(std::int64_t id) const;
  std::vector<std::shared_ptr<Job>> of(const std::string& organization) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::int64_t, std::shared_ptr<Job>> jobs_;
};

}  // namespace libbcda::sandbox::today
