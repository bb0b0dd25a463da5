// The network of the operating system.
#pragma once
#include <boost/asio/io_context.hpp>

#include "world/net.hpp"

namespace libbcda::world {

class SystemNet : public Net {
 public:
  Task<std::vector<Endpoint>> resolve(const std::string& host, std::uint16_t port, Milliseconds limit,
                                      ErrorCode& error) override;
  Task<std::unique_ptr<ByteStream>> connect(const Endpoint& endpoint, Milliseconds limit, ErrorCode& error) override;
};

// Starts Asio's resolver thread, by resolving an address that needs no look-up. Otherwise the first look-up would start
// it, and a failure to start it would destroy the coroutine of that look-up.
void start_resolver(asio::io_context& io);

}  // namespace libbcda::world
