#define OPENSSL_SUPPRESS_DEPRECATED  // RAND_METHOD, which is simpler than a provider and replaces every use
#include "simulation/seeded_openssl.hpp"

#include <openssl/rand.h>

#include "simulation/dice.hpp"

namespace libbcda::simulation {
namespace {

Dice dice(0);

int fill(unsigned char* out, int size) {
  for (int i = 0; i < size; ++i) out[i] = static_cast<unsigned char>(dice.next());
  return 1;
}

int always() { return 1; }

}  // namespace

void seed_openssl(std::uint64_t seed) {
  static const RAND_METHOD method{nullptr, fill, nullptr, nullptr, fill, always};
  static const int installed = RAND_set_rand_method(&method);
  static_cast<void>(installed);
  dice = Dice(seed);
}

}  // namespace libbcda::simulation
