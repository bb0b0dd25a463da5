#include "streams.hpp"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <system_error>

#include "flags.hpp"
#include "interrupts.hpp"
#include "text.hpp"

namespace cli {
namespace {

using namespace std::chrono_literals;

constexpr int slice_ms = 100;            // the longest delay before a signal is noticed
constexpr auto slow_reader = 500ms;      // how long a reader may block a write after a signal
constexpr std::size_t block = PIPE_BUF;  // a pipe that is ready accepts this much without blocking

enum class Written { all, dropped, left, given_up, failed };  // left: the reader has just gone

bool ready(int descriptor, int timeout_ms) {
  pollfd asked{descriptor, POLLOUT, 0};
  const int n = poll(&asked, 1, timeout_ms);
  return n > 0 || (n < 0 && errno != EINTR);  // also true for errors, which the write will report
}

// Returns false if a signal requested the end and the reader does not read.
bool wait_until_ready(int descriptor) {
  while (!ready(descriptor, Interrupts::asked() ? 10 : slice_ms)) {
    if (Interrupts::asked() && Interrupts::age() > slow_reader) return false;
  }
  return true;
}

// A descriptor for writing. After a failed write, all output is dropped, because it would follow a gap.
class Stream {
 public:
  explicit Stream(int descriptor) : descriptor_(descriptor) {}

  Written write(std::string_view text) {
    if (broken_) return Written::dropped;
    while (!text.empty()) {
      if (!wait_until_ready(descriptor_)) return stop(Written::given_up);
      const ssize_t n = ::write(descriptor_, text.data(), std::min(text.size(), block));
      if (n >= 0) {
        text.remove_prefix(static_cast<std::size_t>(n));
      } else if (errno == EPIPE) {
        return stop(Written::left);
      } else if (errno != EINTR && errno != EAGAIN) {
        why_ = std::generic_category().message(errno);
        return stop(Written::failed);
      }
    }
    return Written::all;
  }

  bool ready_now() const { return !broken_ && ready(descriptor_, 0); }
  const std::string& why() const { return why_; }  // valid after `failed`

 private:
  Written stop(Written outcome) {
    broken_ = true;
    return outcome;
  }

  int descriptor_;
  bool broken_ = false;
  std::string why_;
};

Stream& standard_output() {
  static Stream stream(STDOUT_FILENO);
  return stream;
}

Stream& standard_error() {
  static Stream stream(STDERR_FILENO);
  return stream;
}

// A hint about the next step, if the message alone may not say it.
std::string hint(const bcda::Error& error) {
  if (error.retriable()) {
    const auto wait = error.retry_after();
    const bool is_answered = error.status() != BCDA_NETWORK || error.http_status() != 0;
    return "the failure may be temporary; try again " + (wait.count() > 0 ? "in " + human_time(wait) : "later") +
           (is_answered ? "" : ", or check the network and the host");
  }
  return error.status() == BCDA_JOB_GONE ? "start a new export to get a new job" : "";
}

}  // namespace

void open_standard_streams() {
  // For 0 and 1 this is the useless direction, so that a read or write fails as on a closed descriptor.
  for (const auto& [descriptor, direction] :
       {std::pair{STDIN_FILENO, O_WRONLY}, {STDOUT_FILENO, O_RDONLY}, {STDERR_FILENO, O_WRONLY}}) {
    if (fcntl(descriptor, F_GETFD) >= 0 || errno != EBADF) continue;
    if (open("/dev/null", direction) != descriptor)  // open() uses the lowest free number, which is this one
      throw Failure(BCDA_FILESYSTEM, "cannot open /dev/null to replace a closed standard stream");
  }
}

void print(std::string_view text) {
  switch (standard_output().write(text)) {
    case Written::failed:
      throw Failure(BCDA_FILESYSTEM, "cannot write to standard output: " + standard_output().why());
    case Written::given_up:
      throw Failure(BCDA_CANCELED, "interrupted; nobody read standard output");
    case Written::left:
    case Written::all:
    case Written::dropped:
      break;
  }
}

void report(std::string_view text) {
  switch (standard_output().write(text)) {
    case Written::failed:
      return print_error("cannot write to standard output: " + standard_output().why() +
                         "; the report is incomplete, the files are not affected");
    case Written::left:
    case Written::given_up:
      return print_error("nobody read standard output; the report is incomplete, the files are not affected");
    case Written::all:
    case Written::dropped:
      break;
  }
}

void say(std::string_view text) { standard_error().write(text); }

void say_if_ready(std::string_view text) {
  if (standard_error().ready_now()) standard_error().write(text.substr(0, block));
}

void print_error(const std::string& message) { say("bcda: " + printable(message) + '\n'); }

void print_error(const bcda::Error& error) {
  print_error(in_flags(error.what()));
  print_details(error);
}

namespace {

bool outcomes_are_hidden = false;

std::string words_of_service(const bcda::Error& error) {
  const std::string words = error.outcome();
  if (words.empty()) return "";
  return "  the service says: " + (outcomes_are_hidden ? "(hidden)" : printable(words)) + '\n';
}

}  // namespace

void hide_outcomes() { outcomes_are_hidden = true; }

void print_details(const bcda::Error& error) {
  say(words_of_service(error));
  if (const std::string text = hint(error); !text.empty()) say("  hint: " + text + '\n');
}

}  // namespace cli
