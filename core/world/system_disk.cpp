#include "world/linux_disk.hpp"
#include "world/posix_disk.hpp"

namespace libbcda::world {

#if defined(__linux__) && !defined(BCDA_PLAIN_POSIX)
using SystemDisk = LinuxDisk;
#else
using SystemDisk = PosixDisk;
#endif

Disk& system_disk() {
  static auto* const disk = new SystemDisk;  // leaked, because threads may use it until the process ends
  return *disk;
}

}  // namespace libbcda::world
