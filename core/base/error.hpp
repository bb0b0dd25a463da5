// The error type of the core, and the table of status codes.
#pragma once
#include <chrono>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>

namespace libbcda {

enum class Status : std::int32_t {
#define STATUS(name, number, exit_code, meaning) name = number,
#include "base/status.def"
#undef STATUS
};

// A failure. `message` is this library's text, and `outcome` is the server's text. The two are separate, because
// `outcome` may name a beneficiary. Neither ever contains a secret or a data record.
struct Error : std::exception {
  Error(Status s, std::string text) : status(s), message(std::move(text)) {}

  Error& at_file(std::string_view name) {
    file = name;
    return *this;
  }
  Error& with_http(int code) {
    http_status = code;
    return *this;
  }
  Error& with_outcome(std::string text) {
    outcome = std::move(text);
    return *this;
  }
  Error& may_retry(bool yes = true) {
    retriable = yes;
    return *this;
  }

  const char* what() const noexcept override { return message.c_str(); }

  Status status;
  std::string message;
  std::string outcome;  // the OperationOutcome text, or the start of a text body
  std::string file;     // the local path or the server file name that the error is about
  int http_status = 0;  // 0: no HTTP answer was involved
  bool retriable = false;
  bool nothing_yet = false;  // the service refused a kick-off because it has no data yet
  std::optional<std::chrono::milliseconds> retry_after;
};

// Returns the exception that is being handled, as an Error. Must be called in a catch block.
Error current_error();

struct StatusInfo {
  Status status;
  const char* name;     // "OK", "AUTHENTICATION", ...
  const char* meaning;  // one line of English text
  int exit_code;        // the exit code of the command
};

int status_count() noexcept;
const StatusInfo& status_at(int index) noexcept;              // 0 <= index < status_count()
const StatusInfo* find_status(std::int32_t number) noexcept;  // nullptr if the number is unknown

}  // namespace libbcda
