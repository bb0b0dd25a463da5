// What threads of ours need: to be left alone by signals, and to stop before the process ends.
#pragma once
#include <signal.h>

#include <functional>
#include <string>

#include "base/error.hpp"

namespace libbcda::world {

// While one lives, threads that are made are born without signals: those are the program's business, and SIGPIPE would be
// delivered to whoever writes to a closed socket.
class SignalsBlocked {
 public:
  SignalsBlocked();
  ~SignalsBlocked();
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

// Gives the calling thread a name that debuggers and `ps -L` show, of at most 15 characters.
void name_this_thread(const std::string& name) noexcept;

// Runs `body` on a thread of that name and waits for it. Threads that `body` makes inherit the name: the only way to name
// those of a library. Rethrows what it throws.
void run_on_named_thread(const std::string& name, const std::function<void()>& body);

// The error for a thread that could not be started, with the remedy.
Error thread_error(const std::exception& cause);

// Calls `stop` when the process exits while this lives: threads must have stopped before OpenSSL and other libraries
// clean up after themselves. Not in a forked child, which has none of the threads.
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
