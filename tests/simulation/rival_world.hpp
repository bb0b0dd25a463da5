// The world of a second run on the directory of one that lives: another process, here or on another machine. It has its
// own clock, because the first one may be suspended.
#pragma once
#include "simulation/sim_world.hpp"
#include "support/disk_over.hpp"

namespace libbcda::simulation {

// The disk of the first run. Its locks are not visible from another machine, if `sees_locks` is false.
class RivalDisk : public test::DiskOver {
 public:
  RivalDisk(SimDisk& disk, bool sees_locks) : DiskOver(disk), sees_locks_(sees_locks) {}
  int lock(int fd, world::Lock how) noexcept override { return sees_locks_ ? DiskOver::lock(fd, how) : 0; }

 private:
  const bool sees_locks_;
};

class RivalWorld : public test::VirtualWorld {
 public:
  RivalWorld(Moment start, const SimHost& host, SimDisk& disk, bool sees_locks, SimServer& server, Trace& trace,
             Dice dice)
      : VirtualWorld(start),
        host_(host),
        random_(dice.fork()),
        disk_(disk, sees_locks),
        net_(*this, server, trace, NetFaults{}, dice) {}

  world::Random& random() override { return random_; }
  SimNet& net() override { return net_; }
  RivalDisk& disk() override { return disk_; }
  const world::Host& host() const override { return host_; }

 private:
  SimHost host_;
  SeededRandom random_;
  RivalDisk disk_;
  SimNet net_;
};

}  // namespace libbcda::simulation
