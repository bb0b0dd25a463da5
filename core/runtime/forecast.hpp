// Foretells whether all files will arrive before their URLs or the job expire (the header Expires of the manifest).
#pragma once
#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/time.hpp"

namespace libbcda::runtime {

// Not thread-safe.
class Forecast {
 public:
  // More files were found at `now`. `expires`: when those of their manifest do, if that is known.
  void found(Steady now, std::optional<Steady> expires) {
    if (!begun_) begun_ = now;
    if (expires) expires_ = std::min(expires_.value_or(*expires), *expires);
  }
  // How late the last file would be at the present pace. Set once, and only after the pace is known.
  std::optional<Milliseconds> lateness(Steady now, std::int64_t done, std::int64_t left) {
    const bool is_known = begun_ && expires_ && done >= kFewestFiles && now - *begun_ >= kFirstJudgment;
    if (told_ || !is_known || left <= 0) return {};
    const auto needed = (now - *begun_) / done * left;
    if (now + needed <= *expires_) return {};
    told_ = true;
    return std::chrono::duration_cast<Milliseconds>(now + needed - *expires_);
  }

 private:
  static constexpr std::int64_t kFewestFiles = 3;
  static constexpr auto kFirstJudgment = std::chrono::seconds(30);
  std::optional<Steady> begun_, expires_;
  bool told_ = false;
};

}  // namespace libbcda::runtime
