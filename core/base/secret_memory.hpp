// Memory for secrets. Each secret has its own pages, which are excluded from core files and wiped before they are
// freed.
#pragma once
#include <cstddef>
#include <vector>

namespace libbcda {

// Gives each secret whole pages: of a pool, or of the kernel if the secret is large or the pool is used up. It takes no
// lock, so it can be used in a forked child. Throws std::bad_alloc.
void* allocate_secret(std::size_t size);
void free_secret(void* memory, std::size_t size) noexcept;

// For std::vector. When the vector grows, the old memory is wiped too. Not for std::string, which stores short text in
// the object.
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
