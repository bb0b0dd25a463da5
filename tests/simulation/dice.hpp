// Random numbers from one seed, and a record of what happened that two equal runs share.
#pragma once
#include <cmath>
#include <cstdint>
#include <initializer_list>

namespace libbcda::simulation {

class Dice {  // splitmix64
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t x = state_ += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
  }
  std::uint64_t below(std::uint64_t bound) { return bound == 0 ? 0 : next() % bound; }
  std::int64_t between(std::int64_t least, std::int64_t most) {
    return least + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(most - least) + 1));
  }
  double share() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }  // in [0, 1)
  bool chance(double probability) { return share() < probability; }
  // Each order of magnitude is as likely as the next one.
  std::int64_t magnitude(double least, double most) {
    return static_cast<std::int64_t>(least * std::pow(most / least, share()));
  }
  template <class T>
  T pick(std::initializer_list<T> values) {
    return values.begin()[below(values.size())];
  }
  Dice fork() { return Dice(next()); }  // independent of what is drawn later

 private:
  std::uint64_t state_;
};

// A digest of all events in their order.
class Trace {
 public:
  void add(std::uint64_t what, std::uint64_t value = 0) {
    for (const std::uint64_t word : {what, value}) {
      hash_ ^= word;
      hash_ *= 0x100000001b3u;
      hash_ ^= hash_ >> 29;
    }
  }
  std::uint64_t hash() const { return hash_; }

 private:
  std::uint64_t hash_ = 0xcbf29ce484222325u;
};

}  // namespace libbcda::simulation
