// What Linux adds to the disk of POSIX.
#pragma once
#include "world/posix_disk.hpp"

namespace libbcda::world {

class LinuxDisk : public PosixDisk {
 public:
  int open_nameless(int dir, mode_t mode) noexcept override;
  void discard(int fd) noexcept override;
  void reserve(int fd, std::int64_t offset, std::int64_t length) noexcept override;
  int sync(int fd, Sync how, std::int64_t offset, std::int64_t length) noexcept override;
  int rename_if_new(int from, const char* path, int to, const char* name) noexcept override;
};

}  // namespace libbcda::world
