#include "world/world.hpp"

namespace libbcda::world {

double Random::uniform() {
  std::uint8_t bytes[4];
  fill(bytes);
  std::uint32_t bits = 0;
  for (const std::uint8_t byte : bytes) bits = bits << 8 | byte;
  return bits / 4294967296.0;
}

}  // namespace libbcda::world
