// Export jobs: their lifecycle on the sandbox's clock, and their manifests.
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "faults.hpp"
#include "files.hpp"
#include "options.hpp"

namespace libbcda::sandbox {

enum class Phase { pending, in_progress, completed, failed, expired };

// The faults of a job, chosen at its kick-off.
struct Doom {
  bool fails = false, hangs = false, expires = false, empty = false, grows = false;
};

class Job {  // thread-safe after construction
 public:
  std::int64_t id = 0;
  std::string organization;
  Resource resource = Resource::patient;
  std::string request;  // the kick-off URL, as repeated in the manifest
  Time created;
  Duration pending{}, working{}, lifetime{};
  Doom doom;
  std::vector<std::shared_ptr<DataFile>> files;  // data and error files
  std::int64_t data_files = 0;

  Phase phase(Time now) const;
  int percent(Time now) const;  // the share of finished files, while the job is in progress
  Time finished() const { return created + pending + working; }
  Time expires() const { return doom.expires ? finished() : finished() + lifetime; }
  std::shared_ptr<DataFile> find(std::string_view name, Time now) const;  // nullptr if it does not exist now

  // The key of a file, wrapped with its name as OAEP label, in hex. The same at every call.
  std::string wrapped_key(const DataFile& file, const std::string& public_key) const;
  bool first_listing() const;  // returns true only at the first call

 private:
  mutable std::mutex mutex_;
  mutable std::map<std::string, std::string> wrapped_;
  mutable bool listed_ = false;
};

struct ManifestFaults {
  std::optional<Fault> no_key, no_keymap, keys_differ, wrong_key, wrong_label, other_origin, plain_http, traversal;
};

// The URL of file `number` of a manifest, with these faults.
std::string file_url(std::string url, const ManifestFaults& faults, std::int64_t number);

struct ManifestRequest {
  Era era;
  std::string scheme_and_host;  // from the status request; the file URLs use it
  std::string id;               // the id of the job, as in its path
  const std::string& public_key;
  ManifestFaults faults;
  bool without_last_file = false;
};
std::string manifest(const Job& job, const ManifestRequest& request);

class Jobs {  // thread-safe
 public:
  std::shared_ptr<Job> add(std::shared_ptr<Job> job);  // assigns the number of the job
  std::shared_ptr<Job> find(std::int64_t id) const;
  bool is_running(const std::string& organization, Resource resource, Time now) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::int64_t, std::shared_ptr<Job>> jobs_;
};

// Writes text like Go's encoding/json, which also escapes & < >.
std::string json_string(std::string_view text);

}  // namespace libbcda::sandbox
