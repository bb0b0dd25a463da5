// The handles that several files of the facade create, and the counter of those that the C interface does not count.
#pragma once
#include <atomic>
#include <bcda/bcda.hpp>
#include <cstdint>
#include <memory>
#include <utility>

namespace bcda_flat {

struct Counted {
  Counted() { ++alive; }
  ~Counted() { --alive; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

  static std::atomic<std::int32_t> alive;
};

struct Config {
  const std::shared_ptr<bcda::Config> shared = std::make_shared<bcda::Config>();
  bcda::Config& native = *shared;
};
struct Client {
  explicit Client(const bcda::Config& config) : native(config) {}
  bcda::Client native;
};
struct Event {
  bcda::Event native;
};
struct Result {
  explicit Result(bcda::Result result) : native(std::move(result)) {}
  bcda::Result native;
};

}  // namespace bcda_flat
