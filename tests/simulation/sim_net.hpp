// A network in memory. Every connection leads to the sandbox's own HTTP parser and service.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "simulation/dice.hpp"
#include "simulation/pipe.hpp"
#include "simulation/sim_server.hpp"
#include "world/world.hpp"

namespace libbcda::simulation {

// Probabilities, each for one look-up or one connection.
struct NetFaults {
  double look_up = 0, refused = 0, unanswered = 0;
  double cut = 0, reset = 0, stall = 0, slow = 0;
};

class SimNet : public world::Net {
 public:
  SimNet(world::World& world, SimServer& server, Trace& trace, const NetFaults& faults, Dice dice)
      : world_(world), server_(server), trace_(trace), faults_(faults), dice_(dice) {}

  // From now on nothing arrives any more, in either direction.
  void kill();
  std::int64_t file_bytes_received() const { return file_bytes_received_; }  // with the heads of the answers

  Task<std::vector<Endpoint>> resolve(const std::string& host, std::uint16_t port, Milliseconds limit,
                                      world::ErrorCode& error) override;
  Task<std::unique_ptr<world::ByteStream>> connect(const Endpoint& endpoint, Milliseconds limit,
                                                   world::ErrorCode& error) override;

  struct Connection;

 private:
  Task<world::ErrorCode> travel(Milliseconds time, Milliseconds limit);
  std::shared_ptr<Connection> make_connection();
  Break draw_break();

  world::World& world_;
  SimServer& server_;
  Trace& trace_;
  const NetFaults faults_;
  Dice dice_;
  bool dead_ = false;
  std::int64_t file_bytes_received_ = 0;
  std::vector<std::weak_ptr<Connection>> connections_;
};

}  // namespace libbcda::simulation
