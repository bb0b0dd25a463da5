#include "today_jobs.hpp"

#include <algorithm>

#include "crypto/digest.hpp"
#include "gzip.hpp"
#include "random.hpp"
#include "today_records.hpp"

namespace libbcda::sandbox::today {
namespace {

constexpr Duration kArchivedAfter = std::chrono::hours(1);  // the delay before a job past its lifetime is expired
constexpr auto kClaimsDelay = std::chrono::days(5);         // the age of the claims server's data in versions 1 and 2

bool is_running(State state) { return state == State::pending || state == State::in_progress; }

std::string url_of(const std::string& base, std::int64_t id, const std::string& name) {
  return base + "/data/" + std::to_string(id) + "/" + name;
}

std::string item(const std::string& type, const std::string& url) {
  return "{\"type\":" + json_string(type) + ",\"url\":" + json_string(url) + "}";
}

std::string listed(const Job& job, const File& file, const std::string& base, const ManifestFaults& faults,
                   std::int64_t number) {
  return item(file.type, file_url(url_of(base, job.id, file.name), faults, number));
}

std::string whole_seconds(Time time) { return rfc3339(std::chrono::floor<std::chrono::seconds>(time)); }

const char* task_status(State state) {
  switch (state) {
    case State::pending:
      return "accepted";
    case State::in_progress:
      return "in-progress";
    case State::failed:
      return "failed";
    case State::cancelled:
      return "cancelled";
    default:
      return "completed";
  }
}

}  // namespace

const char* state_name(State state) {
  switch (state) {
    case State::pending:
      return "Pending";
    case State::in_progress:
      return "In Progress";
    case State::expired:
      return "Expired";
    case State::failed:
      return "Failed";
    case State::cancelled:
      return "Cancelled";
    default:
      return "Completed";
  }
}

State Job::state(Time now) const {
  {
    std::lock_guard lock(mutex_);
    if (cancelled_) return State::cancelled;
  }
  if (now < created + pending) return State::pending;
  if (now < finished() || doom.hangs) return State::in_progress;
  if (doom.fails) return State::failed;
  if (now >= expires() + kArchivedAfter) return State::expired;
  return now >= expires() ? State::past_lifetime : State::completed;
}

int Job::percent(Time now) const {
  if (doom.hangs && now >= finished()) return 100;
  const auto total = std::max<std::int64_t>(static_cast<std::int64_t>(files.size()), 1);
  const std::int64_t done = working.count() > 0 ? (now - created - pending) * total / working : 0;
  return static_cast<int>(std::min(done, total - 1) * 100 / total);
}

std::string Job::transaction_time() const {
  if (version == 3) return rfc3339(created);
  const Time day = std::chrono::floor<std::chrono::days>(created) - kClaimsDelay;
  return rfc3339(day + std::chrono::hours(10));
}

bool Job::overlaps(const Job& other) const {
  if (organization != other.organization || version != other.version) return false;
  if (every_type || other.every_type) return true;
  return std::any_of(types.begin(), types.end(), [&](const std::string& type) {
    return std::find(other.types.begin(), other.types.end(), type) != other.types.end();
  });
}

bool Job::cancel(Time now) {
  if (!is_running(state(now))) return false;
  std::lock_guard lock(mutex_);
  cancelled_ = true;
  return true;
}

const File* Job::find(std::string_view name) const {
  for (const File& file : files)
    if (file.name == name) return &file;
  return nullptr;
}

bool Job::fails(const std::string& type, std::int64_t person) const {
  if (error_rate <= 0) return false;
  const std::uint64_t draw = mix(seed + type.size(), static_cast<std::uint64_t>(person));
  return static_cast<double>(draw % 1000000) < error_rate * 1000000;
}

std::string Job::plaintext(const File& file) const {
  std::string text;
  for (std::int64_t n = file.first; n < file.last; ++n)
    if (selects(file.type, n, file.content)) text += lines(file, n);
  return text;
}

bool Job::selects(const std::string& type, std::int64_t person, Content content) const {
  if (half && person % 2 == 1) return false;
  const Person who{version, seed, person, created, cycle};
  if (!only.empty() && !only.contains(id_of(who))) return false;
  if (content == Content::deleted) return true;
  if (fails(type, person) != (content == Content::errors)) return false;
  return content == Content::errors || !since || last_updated(who, type) > *since;
}

std::string Job::lines(const File& file, std::int64_t person) const {
  const Person who{version, seed, person, created, cycle};
  if (file.content == Content::data) return lines_of(who, file.type);
  if (file.content == Content::errors) return error_line(who, file.type, organization);
  if (file.content == Content::deleted) return deleted_line(who, file.type);
  std::string text = header_line(who);
  for (const std::string& type : types) text += lines_of(who, type);
  return text;
}

void Job::begin(const Options& options, Faults& faults, const Request& kick_off, Time now) {
  error_rate = options.error_rate;
  cycle = options.change_cycle();
  created = now;
  pending = options.pending_time;
  working = options.job_time;
  lifetime = options.job_lifetime;
  const auto strikes = [&](FaultKind kind) { return faults.strike(kind, kick_off.line()).has_value(); };
  doom.fails = strikes(FaultKind::job_fails);
  doom.hangs = strikes(FaultKind::job_hangs);
  doom.expires = strikes(FaultKind::job_expires);
  doom.empty = strikes(FaultKind::job_empty);
}

void Job::add_files(const std::string& type, std::int64_t persons, std::int64_t in_one_file, Content content) {
  const std::int64_t start = content == Content::deleted ? persons : 0;
  const std::int64_t end = content == Content::deleted ? persons + (persons + 99) / 100 : persons;  // one of 100
  for (std::int64_t first = start; first < end; first += in_one_file) {
    const std::int64_t last = std::min(first + in_one_file, end);
    bool has_lines = false;
    for (std::int64_t n = first; n < last && !has_lines; ++n) has_lines = selects(type, n, content);
    const char* tail = content == Content::errors ? "-error.ndjson" : ".ndjson";
    if (has_lines) files.push_back({type, random_uuid() + tail, first, last, finished(), content, {}});
  }
}

void Job::share_working_time() {
  const auto count = static_cast<std::int64_t>(files.size());
  for (std::int64_t i = 0; i < count; ++i)
    files[static_cast<std::size_t>(i)].modified = created + pending + working * (i + 1) / count;
}

Facts Job::facts(const File& file) const {
  std::lock_guard lock(mutex_);
  Facts& known = facts_[file.name];
  if (!known.sha256.empty()) return known;
  const std::string text = plaintext(file);
  crypto::Sha256 digest;
  digest.update(as_bytes(text));
  std::int64_t resources = std::count(text.begin(), text.end(), '\n');
  for (std::int64_t n = file.first; n < file.last && file.content == Content::blocks; ++n)
    resources -= selects(file.type, n, file.content) ? 1 : 0;  // the header lines
  known = {resources, static_cast<std::int64_t>(text.size()), to_hex(digest.finish())};
  return known;
}

std::shared_ptr<const std::string> Job::stored(const File& file) const {
  std::lock_guard lock(mutex_);
  auto& packed = stored_[file.name];
  if (!packed) packed = std::make_shared<std::string>(gzip_member(plaintext(file)));
  return packed;
}

std::string warnings() {
  return R"({"resourceType":"OperationOutcome","issue":[{"severity":"warning","code":"processing","details":)"
         R"({"text":"Default System-Type behavior includes only claims from NCH and DDPS in this export."}}]})"
         "\n";
}

std::string manifest(const Job& job, const std::string& base, const ManifestFaults& faults) {
  std::string output, error = job.warns ? item("OperationOutcome", url_of(base, job.id, kWarnings)) : "";
  std::int64_t number = 0;
  for (const File& file : job.files) {
    if (job.doom.empty) break;
    const bool is_error = file.content == Content::errors;
    std::string& list = is_error ? error : output;
    if (!list.empty()) list += ",";
    list += is_error ? item("OperationOutcome", url_of(base, job.id, file.name))
                     : listed(job, file, base, faults, number++);
  }
  return "{\"transactionTime\":" + json_string(job.transaction_time()) + ",\"request\":" + json_string(job.request) +
         ",\"requiresAccessToken\":true,\"output\":[" + output + "],\"error\":[" + error +
         "],\"JobID\":" + std::to_string(job.id) + "}";
}

std::string task(const Job& job, const std::string& jobs_url, Time now) {
  return R"({"resource":{"resourceType":"Task","identifier":[{"use":"official","system":)" + json_string(jobs_url) +
         R"(,"value":")" + std::to_string(job.id) + R"("}],"status":")" + task_status(job.state(now)) +
         R"(","intent":"order","input":[{"type":{"text":"BULK FHIR Export"},"valueString":)" +
         json_string("GET " + job.request) + R"(}],"executionPeriod":{"start":")" + whole_seconds(job.created) +
         R"(","end":")" + whole_seconds(std::min(now, job.finished())) + "\"}}}";
}

bool Jobs::add(std::shared_ptr<Job> job, bool alone) {
  std::lock_guard lock(mutex_);
  for (const auto& [id, other] : jobs_)
    if (alone && is_running(other->state(job->created)) && other->overlaps(*job)) return false;
  job->id = static_cast<std::int64_t>(jobs_.size()) + 1;
  jobs_[job->id] = std::move(job);
  return true;
}

std::shared_ptr<Job> Jobs::find(std::int64_t id) const {
  std::lock_guard lock(mutex_);
  auto found = jobs_.find(id);
  return found == jobs_.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<Job>> Jobs::of(const std::string& organization) const {
  std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<Job>> found;
  for (const auto& [id, job] : jobs_)
    if (job->organization == organization) found.push_back(job);
  return found;
}

}  // namespace libbcda::sandbox::today
