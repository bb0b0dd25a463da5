#include "interrupts.hpp"

#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>

namespace cli {
namespace {

using Milliseconds = std::chrono::milliseconds;

constexpr int interrupted = 130;
constexpr Milliseconds same_request{1000};
constexpr std::array handled{SIGINT, SIGTERM, SIGHUP};

std::atomic<std::int64_t> asked_at{0};  // the time of the first signal, in ms of the monotonic clock; 0: none
static_assert(std::atomic<std::int64_t>::is_always_lock_free, "a signal handler uses it");

std::array<struct sigaction, handled.size()> previous;
sigset_t previous_mask;

std::int64_t now() {  // clock_gettime is async-signal-safe
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return std::int64_t{time.tv_sec} * 1000 + time.tv_nsec / 1'000'000 + 1;
}

extern "C" void on_signal(int) {
  std::int64_t first = 0;
  const std::int64_t at = now();
  if (asked_at.compare_exchange_strong(first, at)) return;
  if (at - first >= same_request.count()) _exit(interrupted);  // files with final names are always complete
}

sigset_t handled_set() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : handled) sigaddset(&set, signal);
  return set;
}

}  // namespace

Interrupts::Interrupts() {
  asked_at = 0;
  struct sigaction action {};  // without SA_RESTART, so that a blocked write or poll returns
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  for (std::size_t i = 0; i < handled.size(); ++i) {
    sigaction(handled[i], nullptr, &previous[i]);
    if (previous[i].sa_handler != SIG_IGN) sigaction(handled[i], &action, nullptr);  // nohup ignores SIGHUP
  }
  const sigset_t ours = handled_set();  // unblocked here, because a launcher may have blocked them
  pthread_sigmask(SIG_UNBLOCK, &ours, &previous_mask);
}

// After a request the process is about to end. Another signal of the same request must not kill it now.
Interrupts::~Interrupts() {
  if (asked()) return;
  pthread_sigmask(SIG_SETMASK, &previous_mask, nullptr);
  for (std::size_t i = 0; i < handled.size(); ++i) sigaction(handled[i], &previous[i], nullptr);
}

bool Interrupts::asked() { return asked_at > 0; }

Milliseconds Interrupts::age() { return Milliseconds(now() - asked_at); }

void Interrupts::wait() const {
  const sigset_t ours = handled_set();
  sigset_t before;
  pthread_sigmask(SIG_BLOCK, &ours, &before);  // so that no signal is lost between the check and the wait
  while (!asked()) sigsuspend(&before);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace cli
