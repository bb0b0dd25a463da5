// Helpers for the library's threads: blocked signals, names, and a stop before the process exits.
#pragma once
#include <signal.h>

#include <functional>
#include <string>

#include "base/error.hpp"

namespace libbcda::world {

// Blocks all signals on the calling thread during its lifetime, so that new threads inherit the mask. Signals belong to
// the program, and a write to a closed socket must not deliver SIGPIPE.
class SignalsBlocked {
 public:
  SignalsBlocked();
  ~SignalsBlocked();
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

// Names the calling thread for debuggers and `ps -L`. The name is cut to 15 characters.
void name_this_thread(const std::string& name) noexcept;

// Keeps this library in memory until the process ends, because a thread that is left behind runs its code.
void keep_library_loaded();

// The error for a thread that could not be started. The message has the remedy.
Error thread_error(const std::exception& cause);

// Calls `stop` if the process exits during the lifetime of this object, because threads must stop before OpenSSL and
// other libraries clean up. Does not call it in a forked child, because the threads do not exist there.
class StopAtExit {
 public:
  explicit StopAtExit(std::function<void()> stop);
  ~StopAtExit();
  StopAtExit(const StopAtExit&) = delete;
  StopAtExit& operator=(const StopAtExit&) = delete;

  void operator()() const { stop_(); }

 private:
  std::function<void()> stop_;
};

}  // namespace libbcda::world
