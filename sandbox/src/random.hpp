// Unpredictable text from the operating system's random generator, and reproducible numbers from a seed.
#pragma once
#include <cstdint>
#include <string>

#include "base/bytes.hpp"

namespace libbcda::sandbox {

Bytes random_bytes(std::size_t size);
std::string random_uuid();  // version 4, lowercase

// A pure function of its arguments, so that the same seed gives the same beneficiaries everywhere.
constexpr std::uint64_t mix(std::uint64_t a, std::uint64_t b = 0) {
  std::uint64_t x = a + 0x9e3779b97f4a7c15u * (b + 1);
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

class Draws {  // splitmix64
 public:
  explicit Draws(std::uint64_t seed) : state_(seed) {}
  std::uint32_t below(std::uint32_t bound) { return static_cast<std::uint32_t>((mix(state_++) >> 32) * bound >> 32); }

 private:
  std::uint64_t state_;
};

}  // namespace libbcda::sandbox
