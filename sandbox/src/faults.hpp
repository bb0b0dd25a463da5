// Faults on demand: their kinds, their syntax, and the requests that they affect.
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
  // faults of any request
  status,
  revoke,
  html,
  huge_header,
  no_answer,
  delay,
  // faults of an answer's body
  reset,
  truncate,
  stall,
  drip,
  flip,
  plaintext,
  ignore_range,
  // faults of a job, chosen at its kick-off
  job_fails,
  job_hangs,
  job_expires,
  job_empty,
  job_grows,
  no_location,
  // faults of a manifest
  not_json,
  no_key,
  no_keymap,
  keys_differ,
  wrong_key,
  wrong_label,
  other_origin,
  plain_http,
  traversal,
  wrong_count,
  null_output,
  bare_manifest,
  relative_urls,
  wrong_type,
  // oddities of other answers
  relative_location,
  two_documents,
  parameters_body,
  expires_in,
  header,
  // oddities of files
  bom,
  crlf,
  blank_lines,
  no_final_newline,
  cut_line,
  outcome_file,
  binary_json,
  binary_xml,
  gzip_claimed,
  gzip_hidden,
  gzip_members,
  gzip_cut,
  not_found_with_data,
  redirect_away,
};

// Whether a request ("METHOD /path?query") asks for a file, at any of the services.
bool is_file_request(std::string_view request);

// The position of a fault in a body: a byte offset, or a share of its length.
struct Position {
  std::int64_t byte = -1;
  double share = 0.5;
  std::uint64_t in(std::uint64_t size) const;
};

struct Fault {
  FaultKind kind;
  std::string on;           // the prefix of "METHOD /path"
  std::int64_t number = 0;  // the value if it is a number or a size
  std::string text;         // the value if it is text, or `body`
  Duration time{};          // the value if it is a duration, or `for`
  Position at;
  std::int64_t count = -1;           // the number of requests that it still affects; -1: all
  std::int64_t skip = 0;             // the number of matching requests that are not affected first
  std::optional<std::int64_t> file;  // affects only this file of the manifest, counted from 0
  std::string retry_after;
};

struct FaultRow {
  FaultKind kind;
  const char* name;
  const char* value;     // the kind of value after "=": "status", "size", "duration", "text"; "": no value
  const char* fallback;  // the default value; nullptr: a value is required
  const char* on;        // the default prefix
  const char* help;
};

std::span<const FaultRow> fault_rows();

// Parses
//   KIND[=VALUE][:on=PREFIX][:count=N][:skip=N][:at=BYTE|PERCENT][:for=DURATION][:file=N][:retry_after=TEXT]
//   [:body=TEXT]
// Throws Error{INVALID_ARGUMENT}.
Fault parse_fault(std::string_view text);

class Faults {  // thread-safe
 public:
  void add(Fault fault);
  void clear();
  // Returns the first fault of this kind that affects `request` ("METHOD /path?query"), and counts it as used.
  std::optional<Fault> strike(FaultKind kind, std::string_view request);

 private:
  std::mutex mutex_;
  std::vector<Fault> faults_;
};

}  // namespace libbcda::sandbox
