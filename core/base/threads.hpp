// What threads of ours need: to be left alone by signals, and to stop before the process ends.
#pragma once
#include <signal.h>

#include <functional>

namespace libbcda {

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

}  // namespace libbcda
