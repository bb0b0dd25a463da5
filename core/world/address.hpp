// Which addresses are on the public Internet.
#pragma once
#include <boost/asio/ip/address.hpp>

namespace libbcda::world {

namespace asio = boost::asio;

// False for this machine, private networks, link-local addresses (where clouds answer with credentials), groups, and
// IPv6 addresses that stand for such an IPv4 address.
bool is_public(const asio::ip::address& address);

}  // namespace libbcda::world
