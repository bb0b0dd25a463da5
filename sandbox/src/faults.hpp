// Misbehavior on demand: what can go wrong, how it is written, and which request it hits.
#pragma once
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "clock.hpp"

namespace libbcda::sandbox {

enum class FaultKind {
  // any request
  status,
  revoke,
  html,
  huge_header,
  no_answer,
  delay,
  // the body of an answer
  reset,
  truncate,
  stall,
  drip,
  flip,
  plaintext,
  ignore_range,
  // a job, from its kick-off on
  job_fails,
  job_hangs,
  job_expires,
  job_empty,
  job_grows,
  no_location,
  // the manifest
  not_json,
  no_key,
  no_keymap,
  keys_differ,
  wrong_key,
  wrong_label,
  other_origin,
  plain_http,
  traversal,
};

// Where in a body a fault strikes: a byte, or a share of its length.
struct Position {
  std::int64_t byte = -1;
  double share = 0.5;
  std::uint64_t in(std::uint64_t size) const;
};

struct Fault {
  FaultKind kind;
  std::string on;           // prefix of "METHOD /path"
  std::int64_t number = 0;  // the value where it is a number or a size
  std::string text;         // the value where it is a text, or `body`
  Duration time{};          // the value where it is a duration, or `for`
  Position at;
  std::int64_t count = -1;           // how many more requests it hits; -1: all
  std::int64_t skip = 0;             // how many matching requests pass first
  std::optional<std::int64_t> file;  // only the manifest's file of this number, from 0
  std::string retry_after;
};

struct FaultRow {
  FaultKind kind;
  const char* name;
  const char* value;     // what follows "=": "status", "size", "duration", "text"; "" nothing
  const char* fallback;  // that value when none is given; nullptr: it must be given
  const char* on;        // the prefix when none is given
  const char* help;
};

std::span<const FaultRow> fault_rows();

// "KIND[=VALUE][:on=PREFIX][:count=N][:skip=N][:at=BYTE|PERCENT][:for=DURATION][:file=N][:retry_after=TEXT][:body=TEXT]".
// Throws Error{INVALID_ARGUMENT}.
Fault parse_fault(std::string_view text);

class Faults {  // thread-safe
 public:
  void add(Fault fault);
  void clear();
  // The first fault of this kind that `request` ("METHOD /path?query") meets; counts it as used.
  std::optional<Fault> strike(FaultKind kind, std::string_view request);

 private:
  std::mutex mutex_;
  std::vector<Fault> faults_;
};

}  // namespace libbcda::sandbox
