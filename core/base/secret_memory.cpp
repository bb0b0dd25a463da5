#include "base/secret_memory.hpp"

#include <sys/mman.h>

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <new>

#include "base/bytes.hpp"

namespace libbcda {
namespace {

constexpr std::size_t kPage = 4096;  // a secret of the pool has so many bytes to itself
constexpr std::size_t kPages = 256;

void* map_secret(std::size_t size) {
  void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
#ifdef MADV_DONTDUMP
  // If the kernel refuses this, the secret can still be used, because it is wiped in any case.
  [[maybe_unused]] const int left_out = ::madvise(memory, size, MADV_DONTDUMP);
#endif
  return memory;
}

// Pages that were asked of the kernel at once, because each file of an export has some secrets for a moment. Each word
// of `used` is changed in one atomic step. So there is no lock that could stay locked in a forked child.
class Pool {
 public:
  // Returns null if all pages are used. Throws std::bad_alloc.
  void* take() {
    std::uint8_t* const pages = begin();
    for (std::size_t word = 0; word < used_.size(); ++word) {
      std::uint64_t used = used_[word];
      while (~used != 0) {
        const auto bit = static_cast<std::size_t>(std::countr_one(used));
        if (used_[word].compare_exchange_weak(used, used | std::uint64_t{1} << bit))
          return pages + (word * kBits + bit) * kPage;
      }
    }
    return nullptr;
  }

  // Returns false if the memory is not of the pool.
  bool give_back(void* memory) noexcept {
    const auto begin = reinterpret_cast<std::uintptr_t>(begin_.load());
    const auto at = reinterpret_cast<std::uintptr_t>(memory);
    if (begin == 0 || at < begin || at - begin >= kPages * kPage) return false;
    const std::size_t page = (at - begin) / kPage;
    used_[page / kBits].fetch_and(~(std::uint64_t{1} << page % kBits));
    return true;
  }

 private:
  static constexpr std::size_t kBits = 64;

  std::uint8_t* begin() {
    std::uint8_t* there = begin_;
    if (there) return there;
    auto* const made = static_cast<std::uint8_t*>(map_secret(kPages * kPage));
    if (begin_.compare_exchange_strong(there, made)) return made;
    ::munmap(made, kPages * kPage);  // another thread was faster
    return there;
  }

  std::atomic<std::uint8_t*> begin_{nullptr};
  std::array<std::atomic<std::uint64_t>, kPages / kBits> used_{};
};

constinit Pool pool;  // never destroyed, because threads may use it until the process ends

}  // namespace

void* allocate_secret(std::size_t size) {
  void* const memory = size <= kPage ? pool.take() : nullptr;
  return memory ? memory : map_secret(size);
}

void free_secret(void* memory, std::size_t size) noexcept {
  wipe(memory, size);
  if (!pool.give_back(memory)) ::munmap(memory, size);
}

}  // namespace libbcda
