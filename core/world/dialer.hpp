// Opens connections to hosts. The addresses of a host are raced (RFC 8305): an address that does not answer costs a
// quarter of a second, not the whole time limit.
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "world/world.hpp"

namespace libbcda::world {

// The order in which addresses are tried: the families take turns, IPv6 first if `v6_first`. Within a family the order
// is kept.
std::vector<Net::Endpoint> interleaved(const std::vector<Net::Endpoint>& endpoints, bool v6_first);

// Thread-safe. Remembers the addresses of a host for a short time, and for longer the family that won the race there.
class Dialer {
 public:
  struct Dialed {
    std::unique_ptr<ByteStream> bytes;  // attached to the caller's executor; null on failure
    bool found = false;                 // the host has an address
    bool is_inside = false;             // not tried, because all its addresses are private and those of `home` are not
    ErrorCode error;                    // timed_out after the limit, operation_aborted on Asio's terminal cancellation
  };

  struct Home {
    std::string host;
    std::uint16_t port;
  };

  explicit Dialer(World& world) : world_(world) {}

  // Connects to the first address that answers before `limit`. `host` may be an address. The caller must run on a strand.
  // `home`: the host that says where to connect; null: the user says so. Unless it has private addresses itself, it
  // leads to public addresses alone, because others are those of the user's own network.
  Task<Dialed> dial(const std::string& host, std::uint16_t port, Steady limit, const Home* home = nullptr);

 private:
  using Endpoints = std::vector<Net::Endpoint>;
  struct Known {
    Endpoints endpoints;
    Steady until;
  };
  struct Winner {
    bool is_v6;
    Steady until;
  };

  Task<bool> is_outside(const Home& home, Steady limit);
  Task<Endpoints> find(const std::string& host, std::uint16_t port, Steady limit, ErrorCode& error);
  Task<std::unique_ptr<ByteStream>> race(const Endpoints& endpoints, Steady limit, bool& is_v6, ErrorCode& error);
  bool prefers_v6(const std::string& host, const Endpoints& endpoints);
  void lost(const std::string& host, std::uint16_t port);
  void won(const std::string& host, bool is_v6);
  Milliseconds time_until(Steady limit) const;

  World& world_;
  std::mutex mutex_;
  std::map<std::string, Known> known_;     // by host and port
  std::map<std::string, Winner> winners_;  // by host
};

}  // namespace libbcda::world
