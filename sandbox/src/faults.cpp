#include "faults.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "fault_table.hpp"
#include "values.hpp"

namespace libbcda::sandbox {
namespace {

[[noreturn]] void refuse(std::string_view text, const std::string& why) {
  throw Error(Status::INVALID_ARGUMENT, "the sandbox fault \"" + std::string(text) + "\" " + why);
}

const FaultRow& row_named(std::string_view name, std::string_view whole) {
  std::string names;
  for (const FaultRow& row : fault_rows()) {
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

// Whether the request starts with the prefix. The default prefixes match such requests of every service.
bool begins_with(std::string_view request, std::string_view prefix) {
  if (request.starts_with(prefix)) return true;
  if (prefix == kFiles) return is_file_request(request);
  if (prefix == kStatus) return is_status_request(request);
  return (prefix == kKickOffs && is_kick_off(request)) || (prefix == kTokens && is_token_request(request));
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
  if (kind != FaultKind::other_origin && kind != FaultKind::header) return next_part(rest);
  std::size_t end = rest.size();
  for (const char* member : {":on=", ":count=", ":skip=", ":file="}) end = std::min(end, rest.find(member));
  std::string_view part = rest.substr(0, end);
  rest.remove_prefix(std::min(rest.size(), part.size() + 1));
  return part;
}

}  // namespace

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
    // A body is the last part, because it may contain colons.
    std::string_view part = rest.starts_with("body=") ? std::exchange(rest, {}) : next_part(rest);
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
