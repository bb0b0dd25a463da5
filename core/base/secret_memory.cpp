#include "base/secret_memory.hpp"

#include <sys/mman.h>

#include <new>

#include "base/bytes.hpp"

namespace libbcda {

void* allocate_secret(std::size_t size) {
  void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
#ifdef MADV_DONTDUMP
  // If the kernel refuses this, the secret can still be used, because it is wiped in any case.
  [[maybe_unused]] const int left_out = ::madvise(memory, size, MADV_DONTDUMP);
#endif
  return memory;
}

void free_secret(void* memory, std::size_t size) noexcept {
  wipe(memory, size);
  ::munmap(memory, size);
}

}  // namespace libbcda
