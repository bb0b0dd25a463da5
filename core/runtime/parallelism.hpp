// How many files may be under way at the same time: fewer when the service asks for less, and one more after a while.
#pragma once
#include <cstddef>
#include <mutex>
#include <optional>

#include "base/time.hpp"

namespace libbcda::runtime {

// Halves on 429, but once for all requests of one moment, and never below 1. Grows by one after as many good files as
// may be under way. Thread-safe.
class Parallelism {
 public:
  explicit Parallelism(std::size_t most) : most_(most), limit_(most) {}

  std::size_t limit() const;
  void refused(Steady now);  // the service answered 429
  void done();               // a file is complete

 private:
  mutable std::mutex mutex_;
  std::size_t most_, limit_;
  std::size_t good_ = 0;  // files since the limit changed
  std::optional<Steady> fell_;
};

}  // namespace libbcda::runtime
