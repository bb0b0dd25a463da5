#include "faults.hpp"

#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "values.hpp"

namespace libbcda::sandbox {
namespace {

using enum FaultKind;

constexpr const char* kData = "GET /data/";
constexpr const char* kJobs = "GET /api/v1/jobs/";
constexpr const char* kExport = "GET /api/v1/";

constexpr std::array<FaultRow, 28> kRows{{
    {status, "status", "status", nullptr, "",
     "answers with this status; :retry_after= adds that header, :body= a text"},
    {revoke, "revoke", "", "", "GET ", "revokes every token issued so far, so that this request gets a 401"},
    {html, "html", "", "", kJobs, "answers 200 with a web page, as a proxy's log-in page does"},
    {huge_header, "huge-header", "size", "1MiB", "", "adds a header of this size"},
    {no_answer, "no-answer", "", "", "", "closes the connection without a byte"},
    {delay, "delay", "duration", nullptr, "", "waits this long before it answers"},
    {reset, "reset", "", "", kData, "resets the connection at byte :at= of the body"},
    {truncate, "truncate", "", "", kData, "closes the connection cleanly at byte :at= of the body"},
    {stall, "stall", "", "", kData, "stops sending at byte :at= of the body for the duration :for="},
    {drip, "drip", "size", nullptr, kData, "sends this many bytes per second"},
    {flip, "flip", "", "", kData, "flips a bit in byte :at= of the file"},
    {plaintext, "plaintext", "", "", kData, "serves the file in plaintext although the manifest has a key for it"},
    {ignore_range, "ignore-range", "", "", kData, "answers a Range request with 200 and the whole file"},
    {job_fails, "job-fails", "", "", kExport, "the job ends with a 500"},
    {job_hangs, "job-hangs", "", "", kExport, "the job stays at In Progress (100%)"},
    {job_expires, "job-expires", "", "", kExport, "the job expires (410) as soon as it is finished"},
    {job_empty, "job-empty", "", "", kExport, "the job finishes without a file: output is null or []"},
    {job_grows, "job-grows", "", "", kExport, "the first manifest lacks the last file, later ones have it"},
    {no_location, "no-location", "", "", kExport, "the kick-off's 202 has no Content-Location"},
    {not_json, "not-json", "", "", kJobs, "the JSON of the manifest is truncated"},
    {no_key, "no-key", "", "", kJobs, "output items have no encryptedKey (KeyMap still has them)"},
    {no_keymap, "no-keymap", "", "", kJobs, "the manifest has no KeyMap; with no-key too, files have no key at all"},
    {keys_differ, "keys-differ", "", "", kJobs, "KeyMap has another key than encryptedKey"},
    {wrong_key, "wrong-key", "", "", kJobs, "the wrapped key unwraps to a wrong key"},
    {wrong_label, "wrong-label", "", "", kJobs, "the OAEP label of the wrapped key is another file name"},
    {other_origin, "other-origin", "text", "https://files.example.org", kJobs, "file URLs are on this other origin"},
    {plain_http, "plain-http", "", "", kJobs, "file URLs are http:// although the sandbox uses TLS"},
    {traversal, "traversal", "", "", kJobs, "file names contain path traversal (..%2f..%2f)"},
}};

[[noreturn]] void refuse(std::string_view text, const std::string& why) {
  throw Error(Status::INVALID_ARGUMENT, "the sandbox fault \"" + std::string(text) + "\" " + why);
}

const FaultRow& row_named(std::string_view name, std::string_view whole) {
  std::string names;
  for (const FaultRow& row : kRows) {
    if (same_name(row.name, name)) return row;
    names.append(names.empty() ? "" : ",").append(row.name);
  }
  std::string near = nearest(name, names);
  refuse(whole, near.empty() ? "has an unknown kind; the kinds are none," + names
                             : "has an unknown kind; did you mean " + near + "?");
}

bool set_value(Fault& fault, std::string_view kind, std::string_view value) {
  if (kind == "text") {
    fault.text = value;
    return !value.empty();
  }
  if (kind == "duration") {
    auto time = parse_duration(value);
    if (time) fault.time = *time;
    return time.has_value();
  }
  auto number = kind == "size" ? parse_size(value) : parse_integer(value);
  if (!number || (kind == "status" && (*number < 200 || *number > 599))) return false;
  fault.number = *number;
  return kind == "status" || *number > 0;
}

bool set_position(Position& at, std::string_view value) {
  if (value.ends_with('%')) {
    auto share = parse_fraction(value);
    if (share) at = {-1, *share};
    return share.has_value();
  }
  auto byte = parse_size(value);
  if (byte) at.byte = *byte;
  return byte.has_value();
}

template <class Target>
bool assign(Target& target, const std::optional<std::int64_t>& value) {
  if (value) target = *value;
  return value.has_value();
}

bool set_member(Fault& fault, std::string_view name, std::string_view value) {
  if (name == "on") return (fault.on = value, true);
  if (name == "body") return (fault.text = value, true);
  if (same_name(name, "retry_after")) return (fault.retry_after = value, true);
  if (name == "count") return assign(fault.count, parse_integer(value));
  if (name == "skip") return assign(fault.skip, parse_integer(value));
  if (name == "file") return assign(fault.file, parse_integer(value));
  if (name == "at") return set_position(fault.at, value);
  if (name != "for") return false;
  auto time = parse_duration(value);
  if (time) fault.time = *time;
  return time.has_value();
}

// Whether the request starts with the prefix. The default prefixes with version 1 match every version.
bool begins_with(std::string_view request, std::string_view prefix) {
  if (request.starts_with(prefix)) return true;
  if (prefix != kJobs && prefix != kExport) return false;
  const std::string_view rest = prefix.substr(std::string_view(kExport).size());
  return (request.starts_with("GET /api/v2/") || request.starts_with("GET /api/v3/")) &&
         request.substr(std::string_view(kExport).size()).starts_with(rest);
}

// Whether requests can start with this prefix: "", "GET", "GET /data/".
bool begins_request(std::string_view prefix) {
  const std::size_t blank = std::min(prefix.find(' '), prefix.size());
  const std::string_view method = prefix.substr(0, blank), path = prefix.substr(std::min(blank + 1, prefix.size()));
  const bool is_method = std::all_of(method.begin(), method.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
  return is_method && (path.empty() || (!method.empty() && path.starts_with('/')));
}

std::string_view next_part(std::string_view& rest) {
  std::string_view part = rest.substr(0, rest.find(':'));
  rest.remove_prefix(std::min(rest.size(), part.size() + 1));
  return part;
}

// The first part of a fault. Its value may contain a colon: other-origin=https://example.org:8443.
std::string_view kind_part(std::string_view& rest, FaultKind kind) {
  if (kind != other_origin) return next_part(rest);
  std::size_t end = rest.size();
  for (const char* member : {":on=", ":count=", ":skip=", ":file="}) end = std::min(end, rest.find(member));
  std::string_view part = rest.substr(0, end);
  rest.remove_prefix(std::min(rest.size(), part.size() + 1));
  return part;
}

}  // namespace

std::span<const FaultRow> fault_rows() { return kRows; }

std::uint64_t Position::in(std::uint64_t size) const {
  return byte >= 0 ? static_cast<std::uint64_t>(byte) : static_cast<std::uint64_t>(static_cast<double>(size) * share);
}

Fault parse_fault(std::string_view text) {
  std::string_view rest = text;
  std::string_view name = text.substr(0, text.find_first_of("=:"));
  const FaultRow& row = row_named(name, text);
  std::string_view first = kind_part(rest, row.kind);

  Fault fault{row.kind, row.on, 0, {}, Duration(std::chrono::hours(24)), {}, -1, 0, {}, {}};
  bool has_value = first.size() > name.size();
  std::string_view kind = row.value;
  if (has_value && kind.empty()) refuse(text, "takes no value; write :KEY=VALUE after the kind");
  if (!has_value && !row.fallback) refuse(text, "needs a value: " + std::string(name) + "=" + row.value);
  if (!kind.empty() && !set_value(fault, kind, has_value ? first.substr(name.size() + 1) : row.fallback))
    refuse(text, "has an invalid value; it takes a " + std::string(kind));

  while (!rest.empty()) {
    std::string_view part = next_part(rest);
    std::size_t equals = part.find('=');
    if (equals == std::string_view::npos || !set_member(fault, part.substr(0, equals), part.substr(equals + 1)))
      refuse(text, "has the invalid part \"" + std::string(part) +
                       "\"; it may have :on=PREFIX :count=N :skip=N :at=BYTE or PERCENT% :for=DURATION :file=N "
                       ":retry_after=TEXT :body=TEXT");
  }
  if (!begins_request(fault.on))
    refuse(text, "matches no request; on=PREFIX must start with a method, such as on=GET /data/");
  return fault;
}

void Faults::add(Fault fault) {
  std::lock_guard lock(mutex_);
  faults_.push_back(std::move(fault));
}

void Faults::clear() {
  std::lock_guard lock(mutex_);
  faults_.clear();
}

std::optional<Fault> Faults::strike(FaultKind kind, std::string_view request) {
  std::lock_guard lock(mutex_);
  for (Fault& fault : faults_) {
    if (fault.kind != kind || fault.count == 0 || !begins_with(request, fault.on)) continue;
    if (fault.skip > 0) {
      --fault.skip;
      continue;
    }
    if (fault.count > 0) --fault.count;
    return fault;
  }
  return std::nullopt;
}

}  // namespace libbcda::sandbox
