// The network of the operating system.
#pragma once
#include "world/net.hpp"
#include "world/resolver.hpp"

namespace libbcda::world {

class SystemNet : public Net {
 public:
  void start() { resolver_.start(); }  // throws std::system_error if no thread can be started
  void close() { resolver_.close(); }  // the process exits
  Task<std::vector<Endpoint>> resolve(const std::string& host, std::uint16_t port, Milliseconds limit,
                                      ErrorCode& error) override;
  Task<std::unique_ptr<ByteStream>> connect(const Endpoint& endpoint, Milliseconds limit, ErrorCode& error) override;

 private:
  Resolver resolver_;
};

}  // namespace libbcda::world
