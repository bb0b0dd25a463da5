// All that a run needs of the world outside, handed in as one object. A test may hand in another world, whose clock, network
// and disk it controls.
#pragma once
#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <memory>
#include <string>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "world/clock.hpp"
#include "world/disk.hpp"
#include "world/faults.hpp"
#include "world/net.hpp"
#include "world/workers.hpp"

namespace libbcda::world {

// Thread-safe.
class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(MutableBytes out) = 0;
  double uniform();  // in [0, 1)
};

// What code without coroutines needs of the world.
struct Local {
  const Clock& clock;
  Random& random;
  Disk& disk;
};

Local system_local();  // the operating system's

// Thread-safe.
class World {
 public:
  virtual ~World() = default;
  virtual asio::any_io_executor executor() = 0;  // where coroutines run
  virtual const Clock& clock() const = 0;
  virtual Random& random() = 0;
  virtual Net& net() = 0;
  virtual Disk& disk() = 0;
  Local local() { return {clock(), random(), disk()}; }
  virtual Workers& workers() = 0;       // for computing, and for writes that the system buffers
  virtual Workers& disk_workers() = 0;  // for syncs and the like, which may take seconds
  // More workers, for code of the caller that may take its time. Throws Error{INTERNAL}.
  virtual std::unique_ptr<Workers> make_workers(std::size_t count, const std::string& name) = 0;
  // The process is exiting and the threads were stopped: nothing that is under way ends any more, and nothing is to be
  // destroyed.
  virtual bool abandoned() const { return false; }
  Faults& faults() { return faults_; }

 private:
  Faults faults_;
};

}  // namespace libbcda::world
