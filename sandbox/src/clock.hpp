// The sandbox's clock, which can be moved forward, and the time formats of the service.
#pragma once
#include <atomic>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace libbcda::sandbox {

using Duration = std::chrono::microseconds;  // the precision of the service's database
using Time = std::chrono::time_point<std::chrono::system_clock, Duration>;

Time system_time();  // of this machine

class Clock {  // thread-safe, if its source is
 public:
  using Source = std::function<Time()>;

  explicit Clock(Source source = system_time) : source_(std::move(source)) {}
  Time now() const { return source_() + Duration(ahead_.load()); }
  void advance(Duration by) { ahead_ += by.count(); }

 private:
  const Source source_;
  std::atomic<std::int64_t> ahead_{0};
};

std::string http_date(Time time);      // Sun, 22 Nov 2026 21:48:15 GMT
std::string rfc3339(Time time);        // 2026-11-22T21:48:12.504991Z, no trailing zeros in the fraction
std::string go_time(Time time);        // 2026-11-23 21:48:16.369278 +0000 UTC, as Go's String()
std::string calendar_date(Time time);  // 2026-11-22
std::optional<Time> parse_http_date(std::string_view text);

}  // namespace libbcda::sandbox
