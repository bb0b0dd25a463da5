#include "world/faults.hpp"

#include <new>

namespace libbcda::world {

Faults::Watch::Watch(Faults& faults, std::function<void(const Error&)> broken) : faults_(faults) {
  const std::lock_guard lock(faults_.mutex_);
  position_ = faults_.watches_.insert(faults_.watches_.end(), std::move(broken));
}

Faults::Watch::~Watch() {
  const std::lock_guard lock(faults_.mutex_);
  faults_.watches_.erase(position_);
}

void Faults::report(const Error& error) {
  const std::lock_guard lock(mutex_);
  for (const auto& broken : watches_) {
    try {
      broken(error);
    } catch (const std::bad_alloc&) {
      // `broken` cancels its run even when there is no memory to say why.
    }
  }
}

}  // namespace libbcda::world
