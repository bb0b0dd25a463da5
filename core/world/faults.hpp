// Exceptions that escaped.
#pragma once
#include <functional>
#include <list>
#include <mutex>

#include "base/error.hpp"

namespace libbcda::world {

// Reports an exception that escaped a handler on one of the threads. What the handler had to do may be undone, so every
// run ends with that error. Thread-safe.
class Faults {
 public:
  // Calls `broken` for each fault, until it is destroyed.
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
