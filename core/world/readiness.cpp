#include "world/readiness.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/error.hpp"

namespace libbcda::world {

Readiness::~Readiness() {
  if (fd_ >= 0) ::close(fd_);
}

int Readiness::descriptor() {
  if (fd_ < 0) fd_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd_ < 0)
    throw Error(Status::INTERNAL, "cannot create an event descriptor: " + std::generic_category().message(errno));
  return fd_;
}

void Readiness::set(bool readable) {
  if (fd_ < 0) return;
  eventfd_t count = 0;
  if (readable)
    ::eventfd_write(fd_, 1);
  else
    ::eventfd_read(fd_, &count);
}

}  // namespace libbcda::world
