// Memory for secrets: pages of their own that core files leave out, wiped before they are given back.
#pragma once
#include <cstddef>
#include <vector>

namespace libbcda {

// Whole pages from the kernel for each secret. There are few, so no pool is needed, and without one there is no lock that a
// fork could leave held. Throws std::bad_alloc.
void* allocate_secret(std::size_t size);
void free_secret(void* memory, std::size_t size) noexcept;

// For std::vector, which wipes what it outgrows by that too. (std::string keeps short texts within itself.)
template <class T>
struct SecretAllocator {
  using value_type = T;
  SecretAllocator() = default;
  template <class U>
  SecretAllocator(const SecretAllocator<U>&) noexcept {}
  T* allocate(std::size_t n) { return static_cast<T*>(allocate_secret(n * sizeof(T))); }
  void deallocate(T* memory, std::size_t n) noexcept { free_secret(memory, n * sizeof(T)); }
  template <class U>
  bool operator==(const SecretAllocator<U>&) const noexcept {
    return true;
  }
};

using SecretBytes = std::vector<char, SecretAllocator<char>>;

}  // namespace libbcda
