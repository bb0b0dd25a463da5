// The world of a second run on the directory of one that lives: another process, here or on another machine. It has its
// own clock, because the first one may be suspended.
#pragma once
#include <string>
#include <vector>

#include "simulation/sim_world.hpp"

namespace libbcda::simulation {

// The disk of the first run. Its locks are not visible from another machine, if `sees_locks` is false.
class RivalDisk : public world::Disk {
 public:
  RivalDisk(SimDisk& disk, bool sees_locks) : disk_(disk), sees_locks_(sees_locks) {}
  int open(int dir, const char* path, int flags, mode_t mode) noexcept override {
    return disk_.open(dir, path, flags, mode);
  }
  int close(int fd) noexcept override { return disk_.close(fd); }
  void discard(int fd) noexcept override { disk_.discard(fd); }
  ssize_t read(int fd, MutableBytes out) noexcept override { return disk_.read(fd, out); }
  ssize_t read_at(int fd, MutableBytes out, std::int64_t offset) noexcept override {
    return disk_.read_at(fd, out, offset);
  }
  ssize_t write(int fd, ByteView bytes) noexcept override { return disk_.write(fd, bytes); }
  int sync(int fd, world::Sync how, std::int64_t offset, std::int64_t length) noexcept override {
    return disk_.sync(fd, how, offset, length);
  }
  int status(int fd, struct stat& out) noexcept override { return disk_.status(fd, out); }
  int status_at(int dir, const char* path, int flags, struct stat& out) noexcept override {
    return disk_.status_at(dir, path, flags, out);
  }
  int make_directory(int dir, const char* path) noexcept override { return disk_.make_directory(dir, path); }
  int link(int from, const char* path, int to, const char* name) noexcept override {
    return disk_.link(from, path, to, name);
  }
  int rename(int from, const char* path, int to, const char* name, unsigned flags) noexcept override {
    return disk_.rename(from, path, to, name, flags);
  }
  int unlink(int dir, const char* path, int flags) noexcept override { return disk_.unlink(dir, path, flags); }
  int protect(int fd, mode_t mode) noexcept override { return disk_.protect(fd, mode); }
  int lock(int fd, int operation) noexcept override { return sees_locks_ ? disk_.lock(fd, operation) : 0; }
  int list(int dir, std::vector<std::string>& names) override { return disk_.list(dir, names); }
  world::Checkpoints checkpoints() const noexcept override { return disk_.checkpoints(); }

 private:
  SimDisk& disk_;
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
