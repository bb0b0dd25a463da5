// Everything that a run needs from its environment, as one object: clock, random numbers, network, disk and threads. A
// test can use another world and control its clock, network and disk.
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
#include "world/process.hpp"
#include "world/workers.hpp"

namespace libbcda::world {

// Thread-safe.
class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(MutableBytes out) = 0;
  double uniform();  // in [0, 1)
};

// The parts of a world for code without coroutines.
struct Local {
  const Clock& clock;
  Random& random;
  Disk& disk;
  const Host& host = system_host();
};

Local system_local();  // the parts of the real world

// Thread-safe.
class World {
 public:
  virtual ~World() = default;
  virtual asio::any_io_executor executor() = 0;  // runs the coroutines
  virtual const Clock& clock() const = 0;
  virtual Random& random() = 0;
  virtual Net& net() = 0;
  virtual Disk& disk() = 0;
  virtual const Host& host() const { return system_host(); }
  Local local() { return {clock(), random(), disk(), host()}; }
  virtual Workers& workers() = 0;       // for computations, and for writes that the system buffers
  virtual Workers& disk_workers() = 0;  // for syncs and other calls that may take seconds
  // Makes more workers, for code of the caller that may block. Throws Error{INTERNAL}.
  virtual std::unique_ptr<Workers> make_workers(std::size_t count, const std::string& name) = 0;
  // The same as Workers::replace_held, for all workers of this world.
  virtual bool replace_held(const Workers::Period& began) {
    const bool computes = workers().replace_held(began);
    return disk_workers().replace_held(began) || computes;
  }
  // Whether the process is exiting and the threads were stopped. Then no run finishes any more, and no object may be
  // destroyed.
  virtual bool abandoned() const { return false; }
  Faults& faults() { return faults_; }

 private:
  Faults faults_;
};

}  // namespace libbcda::world
