// OpenSSL's random numbers from a seed, for this whole process.
#pragma once
#include <cstdint>

namespace libbcda::simulation {

// The numbers that follow depend on the seed and on nothing before. Without a call, OpenSSL has its own.
void seed_openssl(std::uint64_t seed);

}  // namespace libbcda::simulation
