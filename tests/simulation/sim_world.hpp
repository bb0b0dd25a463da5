// The world of one run: virtual time, a simulated disk, and a network that leads to the simulated service.
#pragma once
#include <memory>
#include <utility>

#include "simulation/sim_disk.hpp"
#include "simulation/sim_host.hpp"
#include "simulation/sim_net.hpp"
#include "support/virtual_world.hpp"

namespace libbcda::simulation {

class SeededRandom : public world::Random {
 public:
  explicit SeededRandom(Dice dice) : dice_(dice) {}
  void fill(MutableBytes out) override {
    for (std::uint8_t& byte : out) byte = static_cast<std::uint8_t>(dice_.next());
  }

 private:
  Dice dice_;
};

class SimWorld : public test::VirtualWorld {
 public:
  SimWorld(Moment start, const SimHost& host, std::unique_ptr<SimDisk> disk, SimServer& server, Trace& trace,
           const NetFaults& faults, Dice dice)
      : VirtualWorld(start),
        host_(host),
        random_(dice.fork()),
        disk_(std::move(disk)),
        net_(*this, server, trace, faults, dice) {
    disk_->use(clock_);
    disk_->use(trace);
  }

  world::Random& random() override { return random_; }
  SimNet& net() override { return net_; }
  SimDisk& disk() override { return *disk_; }
  const SimHost& host() const override { return host_; }
  std::unique_ptr<SimDisk> take_disk() { return std::move(disk_); }  // once nothing uses it any more

 private:
  SimHost host_;
  SeededRandom random_;
  std::unique_ptr<SimDisk> disk_;
  SimNet net_;
};

}  // namespace libbcda::simulation
