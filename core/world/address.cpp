#include "world/address.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>

namespace libbcda::world {

namespace {

struct Network {
  std::uint32_t address;
  int bits;
};

// RFC 6890, without the networks for documentation.
constexpr Network kNotPublic[] = {
    {0x00000000, 8},   // this network
    {0x0A000000, 8},   // private
    {0x64400000, 10},  // shared by the customers of a carrier
    {0x7F000000, 8},   // loopback
    {0xA9FE0000, 16},  // link-local
    {0xAC100000, 12},  // private
    {0xC0000000, 24},  // protocol assignments
    {0xC0A80000, 16},  // private
    {0xC6120000, 15},  // benchmarks
    {0xE0000000, 3},   // groups, reserved, broadcast
};

bool is_public_v4(std::uint32_t address) {
  return std::none_of(std::begin(kNotPublic), std::end(kNotPublic),
                      [&](const Network& network) { return (address ^ network.address) >> (32 - network.bits) == 0; });
}

bool is_public_v6(const asio::ip::address_v6::bytes_type& bytes) {
  const auto v4_at = [&](std::size_t i) {
    return std::uint32_t{bytes[i]} << 24 | std::uint32_t{bytes[i + 1]} << 16 | std::uint32_t{bytes[i + 2]} << 8 |
           bytes[i + 3];
  };
  const std::uint32_t first = v4_at(0), second = v4_at(4), third = v4_at(8);
  if (first == 0 && second == 0 && (third == 0 || third == 0xFFFF)) return is_public_v4(v4_at(12));  // ::1 too
  if (first == 0x0064FF9B && second == 0 && third == 0) return is_public_v4(v4_at(12));              // NAT64
  if (first >> 16 == 0x2002) return is_public_v4(v4_at(2));                                          // 6to4
  return first >> 29 == 1;  // all that is assigned to the Internet so far: 2000::/3
}

}  // namespace

bool is_public(const asio::ip::address& address) {
  return address.is_v4() ? is_public_v4(address.to_v4().to_uint()) : is_public_v6(address.to_v6().to_bytes());
}

}  // namespace libbcda::world
