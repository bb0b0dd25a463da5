#include "simulation/ledger.hpp"

#include <algorithm>
#include <vector>

#include "base/json.hpp"
#include "http/content_range.hpp"
#include "simulation/journals.hpp"
#include "values.hpp"

namespace libbcda::simulation {
namespace {

constexpr std::int64_t kInMemory = 2 * (256 << 10);  // what may be between the connection and the disk
const std::string kFiles = "/out/", kWork = kFiles + ".bcda/";

std::string path_of_url(std::string_view url) {
  const std::size_t scheme = url.find("://");
  const std::size_t path = scheme == std::string_view::npos ? 0 : url.find('/', scheme + 3);
  return path == std::string_view::npos ? "/" : std::string(url.substr(path, url.find('?', path) - path));
}

bool is_gzip(const sandbox::Response& response) {
  const auto encoding = response.headers.find("Content-Encoding");
  return encoding != response.headers.end() && encoding->second == "gzip";
}

std::string header(const sandbox::Response& response, const char* name) {
  const auto found = response.headers.find(name);
  return found == response.headers.end() ? "" : found->second;
}

std::int64_t size_of(const SimDisk& disk, const std::string& path) {
  const std::string* content = disk.content(path);
  return content ? static_cast<std::int64_t>(content->size()) : 0;
}

}  // namespace

std::string_view name_of(Excuse excuse) {
  constexpr std::string_view kNames[] = {"no ranges", "range ignored", "wrong bytes", "disk fault", "restart"};
  return kNames[static_cast<std::size_t>(excuse)];
}

// What the last record of a file under way says.
struct Ledger::Part {
  std::string bytes_file, boot;
  std::int64_t synced = 0, overhead = 0;  // bytes that were sent before those in the file
};

void Ledger::require(bool holds, const std::string& path, const std::string& what) {
  if (!holds && wrong_.empty()) wrong_ = path + ": " + what;
}

void Ledger::run_begins(bool restarts, bool disk_may_fail) {
  ++run_;
  runs_ = true;
  restarts_ = restarts;
  disk_might_fail_ = disk_may_fail_;
  disk_may_fail_ = disk_may_fail;
}

void Ledger::Sum::add(const Sum& other) {
  again += other.again;
  allowed += other.allowed;
  resumed += other.resumed;
  for (std::size_t i = 0; i < kExcuses; ++i) {
    excused[i] += other.excused[i];
    excuses[i] += other.excuses[i];
  }
}

// Whether the rest of the file can be asked for, should the connection break.
bool Ledger::can_go_on(const sandbox::Response& response, sandbox::Time now) const {
  const bool packed = is_gzip(response);
  if (ranges_ != "any" && ranges_ != (packed ? "gzip" : "plain")) return false;
  if (header(response, "ETag").starts_with('"')) return true;
  const auto modified = sandbox::parse_http_date(header(response, "Last-Modified"));
  const bool is_proved = packed || (response.file && response.file->encrypted() && !response.plain);
  return modified && (is_proved || now - *modified >= std::chrono::minutes(1));
}

std::shared_ptr<Ledger::Answer> Ledger::answered(const sandbox::Request& request, const sandbox::Response& response,
                                                 sandbox::Time now, bool spoiled) {
  if (!runs_) return nullptr;
  // BCDA compresses the rest of a file in another way than the whole, so the whole may have another length.
  if (response.status == 416) files_[std::string(request.path())].has_no_rest = true;
  if (response.status != 200 && response.status != 206) return nullptr;
  auto answer = std::make_shared<Answer>();
  answer->path = request.path();
  answer->run = run_;
  answer->size = static_cast<std::int64_t>(response.body_size());
  if (const auto range = http::parse_content_range(header(response, "Content-Range")); response.status == 206 && range)
    answer->first = range->first;
  File& file = files_[answer->path];
  require(!file.is_done || file.run == run_ || restarts_, answer->path, "is there, but was requested again");
  begin_again(file, *answer, !request.header("range").empty() || file.has_no_rest);
  file.has_no_rest = false;
  if (answer->first == 0) file.goes_on = can_go_on(response, now);
  file.spoiled = spoiled || (file.spoiled && answer->first > 0);
  return answer;
}

// Why the file may begin anew although bytes of it came; count: it may not.
Excuse Ledger::excuse_of(const File& file, bool asked_for_rest) const {
  if (restarts_) return Excuse::restart;
  if (!file.goes_on) return Excuse::no_ranges;
  if (asked_for_rest) return Excuse::range_ignored;
  if (file.spoiled || file.doubted == run_) return Excuse::wrong_bytes;
  return disk_may_fail_ || disk_might_fail_ ? Excuse::disk_fault : Excuse::count;
}

// Compares where an answer begins with what is there.
void Ledger::begin_again(File& file, Answer& answer, bool asked_for_rest) {
  const bool is_first = file.run != run_;
  const std::int64_t floor = is_first ? file.kept : file.held;
  file.run = run_;
  if (is_first) file.held = 0;
  require(answer.first <= file.far, answer.path, "bytes were skipped");
  const Excuse excuse = excuse_of(file, asked_for_rest && answer.first == 0);
  if (answer.first < floor)
    require(excuse != Excuse::count, answer.path,
            "goes on at " + std::to_string(answer.first) + " although " + std::to_string(floor) + " bytes are " +
                (is_first ? "on the disk" : "there"));
  const bool is_excused = excuse != Excuse::count && (answer.first < floor || (is_first && floor == 0));
  if (is_excused && file.far > answer.first) {
    answer.excuse = static_cast<int>(excuse);
    ++sum_.excuses[static_cast<std::size_t>(answer.excuse)];
    // After that the client asks for no part of this file any more, until its next run.
    if (file.spoiled || asked_for_rest) file.doubted = run_;
    file.excuse = answer.excuse;
  } else if (!is_first && file.far > answer.first) {
    answer.excuse = file.excuse;  // the beginning that was excused broke off too
  } else if (is_first) {
    file.excuse = -1;
    sum_.allowed += file.far - file.kept;
    sum_.resumed += file.kept > 0 ? 1 : 0;
  }
}

void Ledger::received(Answer& answer, std::int64_t body_bytes) {
  if (!runs_ || answer.run != run_) return;
  const auto found = files_.find(answer.path);
  if (found == files_.end() || body_bytes <= answer.taken) return;
  File& file = found->second;
  const std::int64_t from = answer.first + answer.taken, to = answer.first + body_bytes;
  const std::int64_t again = std::max<std::int64_t>(0, std::min(to, file.far) - from);
  if (answer.excuse >= 0)
    sum_.excused[static_cast<std::size_t>(answer.excuse)] += again;
  else
    sum_.again += again;
  answer.taken = body_bytes;
  file.far = std::max(file.far, to);
  file.held = to;
  require(sum_.again <= sum_.allowed, answer.path, "more was fetched again than had been lost");
}

void Ledger::run_ends(const SimDisk& live, const SimDisk& left, const std::set<std::string>& replaced, bool loses_power,
                      const std::string& boot) {
  const bool is_paused = !runs_;
  runs_ = false;
  if (left.content("/out/export.json")) {
    for (auto& [path, file] : files_) file.is_done = true;
    return;
  }
  std::map<std::string, Part> parts;
  std::set<std::string> done;
  for (const json::object& line : read_lines(left)) {
    const std::string event = string_member(line, "event"), path = path_of_url(string_member(line, "url"));
    const std::string name = string_member(line, "path");
    if (event == "file" && (left.content(kFiles + name) || replaced.contains(name))) done.insert(path);
    if (event == "part")
      parts[path] = {string_member(line, "bytesFile"), string_member(line, "boot"),
                     line.at("synced").to_number<std::int64_t>(), string_member(line, "form") == "gcm" ? 12 : 0};
  }
  for (const auto& part : parts) files_[part.first];  // it may have come while this ledger was paused
  for (auto& [path, file] : files_) {
    const auto found = parts.find(path);
    const Part* part = found == parts.end() ? nullptr : &found->second;
    file.kept = 0;
    file.is_done = done.contains(path);
    if (part) {
      const std::int64_t size = size_of(left, kWork + part->bytes_file);
      file.kept = part->boot == boot ? size : std::min(size, part->synced);
      if (file.kept > 0) file.kept += part->overhead;
      file.far = std::max(file.far, file.kept);
    }
    if (!file.is_done && !is_paused && file.run == run_) check_kept(path, file, part, loses_power, live);
  }
}

// Enough of what came must be on the disk.
void Ledger::check_kept(const std::string& path, const File& file, const Part* part, bool loses_power,
                        const SimDisk& live) {
  if (!file.goes_on || file.spoiled || file.doubted == run_ || disk_may_fail_ || disk_might_fail_) return;
  const world::Checkpoints steps = live.checkpoints();
  const std::int64_t written = part ? size_of(live, kWork + part->bytes_file) : 0;
  const std::int64_t in_memory = file.held - written - (written > 0 ? part->overhead : 0);
  require(in_memory <= kInMemory + (part ? 0 : steps.first), path,
          std::to_string(in_memory) + " bytes that came are not on the disk");
  if (!loses_power || !part) return;
  const std::int64_t unsynced = written - part->synced;
  // The first record is not synced, and the last one may not be durable yet.
  require(unsynced <= steps.first + steps.step + 2 * live.largest_write(), path,
          std::to_string(unsynced) + " bytes are not durable");
}

}  // namespace libbcda::simulation
