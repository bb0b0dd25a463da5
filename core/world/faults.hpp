// Reports uncaught exceptions.
#pragma once
#include <functional>
#include <list>
#include <mutex>

#include "base/error.hpp"

namespace libbcda::world {

// Passes an exception that escaped a handler on one of the threads to all watches. Each run has a watch and ends with
// that error, because it is unknown which work was lost. Thread-safe.
class Faults {
 public:
  // Calls `broken` for each fault during the lifetime of this object.
  class Watch {
   public:
    Watch(Faults& faults, std::function<void(const Error&)> broken);
    ~Watch();
    Watch(const Watch&) = delete;

   private:
    Faults& faults_;
    std::list<std::function<void(const Error&)>>::iterator position_;
  };

  void report(const Error& error);

 private:
  std::mutex mutex_;
  std::list<std::function<void(const Error&)>> watches_;
};

}  // namespace libbcda::world
