#include "world/readiness.hpp"

#ifdef __linux__
#include <sys/eventfd.h>
#endif
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>

#include "base/error.hpp"

namespace libbcda::world {
namespace {

#if defined(__linux__) && !defined(BCDA_PLAIN_POSIX)
constexpr bool kUsesPipe = false;
#else
constexpr bool kUsesPipe = true;
#endif

bool open_pipe(int (&ends)[2]) {
  if (::pipe(ends) != 0) return false;
  for (const int end : ends) {
    ::fcntl(end, F_SETFD, FD_CLOEXEC);
    ::fcntl(end, F_SETFL, O_NONBLOCK);
  }
  return true;
}

bool open_event([[maybe_unused]] int (&ends)[2]) {
#ifdef __linux__
  ends[0] = ends[1] = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
#endif
  return ends[0] >= 0;
}

}  // namespace

Readiness::Readiness() : Readiness(kUsesPipe) {}
Readiness::Readiness(bool uses_pipe) : uses_pipe_(uses_pipe) {}

Readiness::~Readiness() {
  if (ends_[0] < 0) return;
  ::close(ends_[0]);
  if (uses_pipe_) ::close(ends_[1]);
}

int Readiness::descriptor() {
  if (ends_[0] < 0 && !(uses_pipe_ ? open_pipe(ends_) : open_event(ends_)))
    throw Error(Status::INTERNAL, "cannot create an event descriptor: " + std::generic_category().message(errno));
  return ends_[0];
}

// Both kinds take eight bytes. An eventfd is empty after one read, and a pipe after as many as there were writes.
void Readiness::set(bool readable) {
  if (ends_[0] < 0) return;
  std::uint64_t count = 1;
  if (readable) [[maybe_unused]]
    const ssize_t full = ::write(ends_[1], &count, sizeof count);
  else
    while (::read(ends_[0], &count, sizeof count) > 0) continue;
}

}  // namespace libbcda::world
