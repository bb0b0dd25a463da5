// The operating system's network.
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

// Asio starts its resolver's thread at the first look-up, and a failure there would break off the coroutine that looks up.
// So this call makes it start, by an address that needs no look-up.
void start_resolver(asio::io_context& io);

}  // namespace libbcda::world
