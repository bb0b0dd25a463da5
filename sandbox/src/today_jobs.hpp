// Export jobs of the services of today: one job for all its types, and files that are stored gzipped.
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "jobs.hpp"
#include "message.hpp"

namespace libbcda::sandbox::today {

enum class State { pending, in_progress, completed, past_lifetime, expired, failed, cancelled };

// The name of a state in the parameter _status of the job list.
const char* state_name(State state);

enum class Content {
  data,     // the records of the persons that do not fail
  errors,   // a line for each person that fails
  deleted,  // a line for each person that was removed; those numbers follow the numbers of all others
  blocks,   // the records of all types, person by person, each after a header line
};

struct File {
  std::string type, name;
  std::int64_t first = 0, last = 0;  // the persons first <= n < last
  Time modified{};
  Content content = Content::data;
  std::string path{};  // of its URL, where it is not /data/JOB/NAME
};

struct Facts {  // about the plaintext of a file
  std::int64_t resources = 0, bytes = 0;
  std::string sha256;
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
  std::optional<Time> since;     // only records that changed later
  std::int64_t cycle = 0;        // see Person
  bool half = false;             // of a group that has every second person
  std::set<std::string> only{};  // ids of persons; {}: all
  std::string key{};             // its id, where that is no number
  bool partial = false;          // files are listed before the job is done

  // Takes what the options say about every job, and what the faults say about the job of this kick-off.
  void begin(const Options& options, Faults& faults, const Request& kick_off, Time now);
  // Adds a file for each group of persons that has lines. Each file is given its own `modified` time.
  void add_files(const std::string& type, std::int64_t persons, std::int64_t in_one_file, Content content);
  void share_working_time();

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
  Facts facts(const File& file) const;                                // computed once
  std::shared_ptr<const std::string> stored(const File& file) const;  // packed once

 private:
  bool selects(const std::string& type, std::int64_t person, Content content) const;
  std::string lines(const File& file, std::int64_t person) const;

  mutable std::mutex mutex_;
  mutable std::map<std::string, Facts> facts_;
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
