#include "world/attendance.hpp"

#include "base/error.hpp"

namespace libbcda::world {

Attendance::Visit::Visit(Attendance& attendance) : attendance_(attendance) {
  const std::lock_guard lock(attendance_.mutex_);
  if (attendance_.closed_) throw Error(Status::CANCELED, "canceled");
  ++attendance_.visits_;
}

Attendance::Visit::~Visit() {
  const std::lock_guard lock(attendance_.mutex_);
  --attendance_.visits_;
  attendance_.left_.notify_all();
}

void Attendance::close(Milliseconds patience) {
  std::unique_lock lock(mutex_);
  closed_ = true;
  left_.wait_for(lock, patience, [&] { return visits_ == 0; });
}

}  // namespace libbcda::world
