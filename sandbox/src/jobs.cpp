#include "jobs.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "base/error.hpp"
#include "base/words.hpp"
#include "crypto/key.hpp"
#include "random.hpp"

namespace libbcda::sandbox {
namespace {

constexpr Duration kArchivedAfter = std::chrono::hours(1);  // the delay before the files of an expired job are removed
constexpr Duration kStaleAfter = std::chrono::hours(24);    // an older job does not block a kick-off
constexpr std::size_t kPaddedName = 127;                    // the width of a database column for file names

std::string wrap_hex(const crypto::FileKey& key, const std::string& public_key, std::string_view label) {
  return to_hex(crypto::wrap_file_key(key, public_key, label));
}

crypto::FileKey another_key() {
  crypto::FileKey key;
  Bytes bytes = random_bytes(key.bytes.size());
  std::copy(bytes.begin(), bytes.end(), key.bytes.begin());
  return key;
}

bool hits(const std::optional<Fault>& fault, std::int64_t file) {
  return fault && (!fault->file || *fault->file == file);
}

struct Listing {  // one file in the manifest
  std::string type, url, output_key, map_name, map_key;
};

Listing list_file(const Job& job, const ManifestRequest& request, const DataFile& file, std::int64_t number) {
  const ManifestFaults& faults = request.faults;
  Listing listing;
  listing.type = file.is_error() ? "OperationOutcome" : resource_name(job.resource);

  listing.url = file_url(request.scheme_and_host + "/data/" + request.id + "/" + file.name(), faults, number);
  if (!file.encrypted()) return listing;

  std::string key = job.wrapped_key(file, request.public_key);
  if (hits(faults.wrong_key, number)) key = wrap_hex(another_key(), request.public_key, file.name());
  if (hits(faults.wrong_label, number)) key = wrap_hex(file.key(), request.public_key, random_uuid() + ".ndjson");
  if (!hits(faults.no_key, number)) listing.output_key = key;
  if (!hits(faults.no_keymap, number)) {
    listing.map_name = file.name();
    listing.map_key = hits(faults.keys_differ, number) ? wrap_hex(another_key(), request.public_key, file.name()) : key;
  }
  return listing;
}

std::string item(const Listing& listing, Era era) {
  std::string text = "{\"type\":" + json_string(listing.type) + ",\"url\":" + json_string(listing.url);
  bool empty_key = era == Era::oct2019 && listing.type == "OperationOutcome";
  if (empty_key || (!listing.output_key.empty() && era != Era::nov2018))
    text += ",\"encryptedKey\":" + json_string(listing.output_key);
  return text + "}";
}

}  // namespace

std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || c == '&' || c == '<' || c == '>') {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", byte);
      out += escape;
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string file_url(std::string url, const ManifestFaults& faults, std::int64_t number) {
  const std::size_t host = url.find("://") + 3;
  if (hits(faults.traversal, number)) url.insert(url.rfind('/') + 1, "..%2f..%2f..%2ftmp%2f");
  if (hits(faults.other_origin, number)) url.replace(0, url.find('/', host), faults.other_origin->text);
  if (hits(faults.plain_http, number)) url.replace(0, url.find("://"), "http");
  return url;
}

Phase Job::phase(Time now) const {
  if (now < created + pending) return Phase::pending;
  if (now < finished() || doom.hangs) return Phase::in_progress;
  if (doom.fails) return Phase::failed;
  return doom.expires || now >= expires() ? Phase::expired : Phase::completed;
}

int Job::percent(Time now) const {
  if (doom.hangs && now >= finished()) return 100;
  std::int64_t total = std::max<std::int64_t>(data_files, 1);
  std::int64_t done = working.count() > 0 ? (now - created - pending) * total / working : 0;
  return static_cast<int>(std::min(done, total - 1) * 100 / total);
}

std::shared_ptr<DataFile> Job::find(std::string_view name, Time now) const {
  if (now >= expires() + kArchivedAfter) return nullptr;
  for (const auto& file : files)
    if (file->name() == name) return file->modified <= now ? file : nullptr;
  return nullptr;
}

std::string Job::wrapped_key(const DataFile& file, const std::string& public_key) const {
  std::lock_guard lock(mutex_);
  std::string& key = wrapped_[file.name()];
  if (key.empty()) key = wrap_hex(file.key(), public_key, file.name());
  return key;
}

bool Job::first_listing() const {
  std::lock_guard lock(mutex_);
  return !std::exchange(listed_, true);
}

std::string manifest(const Job& job, const ManifestRequest& request) {
  std::vector<std::string> output, errors;
  std::map<std::string, std::string> keys;  // sorted, as Go writes a map
  std::int64_t number = 0;
  for (const auto& file : job.files) {
    if (job.doom.empty) continue;
    if (!file->is_error() && request.without_last_file && number == job.data_files - 1) continue;
    Listing listing = list_file(job, request, *file, file->is_error() ? -1 : number++);
    (file->is_error() ? errors : output).push_back(item(listing, request.era));
    if (listing.map_key.empty()) continue;
    if (request.era == Era::nov2018) listing.map_name.resize(std::max(listing.map_name.size(), kPaddedName), ' ');
    keys[listing.map_name] = listing.map_key;
  }
  bool null_output = output.empty() && (request.era == Era::sep2019 || request.era == Era::nov2018);
  std::string text = "{\"transactionTime\":" + json_string(rfc3339(job.created)) +
                     ",\"request\":" + json_string(job.request) +
                     ",\"requiresAccessToken\":true,\"output\":" + (null_output ? "null" : "[" + join(output) + "]") +
                     ",\"error\":[" + join(errors) + "]";
  if (request.era != Era::nov2019_off && !(request.faults.no_keymap && keys.empty())) {
    std::vector<std::string> members;
    for (const auto& [name, key] : keys) members.push_back(json_string(name) + ":" + json_string(key));
    text += ",\"KeyMap\":{" + join(members) + "}";
  }
  return text + ",\"JobID\":" + std::to_string(job.id) + "}";
}

std::shared_ptr<Job> Jobs::add(std::shared_ptr<Job> job) {
  std::lock_guard lock(mutex_);
  job->id = static_cast<std::int64_t>(jobs_.size()) + 1;
  return jobs_[job->id] = std::move(job);
}

std::shared_ptr<Job> Jobs::find(std::int64_t id) const {
  std::lock_guard lock(mutex_);
  auto found = jobs_.find(id);
  return found == jobs_.end() ? nullptr : found->second;
}

bool Jobs::is_running(const std::string& organization, Resource resource, Time now) const {
  std::lock_guard lock(mutex_);
  for (const auto& [id, job] : jobs_) {
    if (job->organization != organization || job->resource != resource || now - job->created >= kStaleAfter) continue;
    Phase phase = job->phase(now);
    if (phase == Phase::pending || phase == Phase::in_progress) return true;
  }
  return false;
}

}  // namespace libbcda::sandbox
