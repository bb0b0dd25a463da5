// What answers the requests that arrive on connections.
#pragma once
#include "message.hpp"

namespace libbcda::sandbox {

class Handler {
 public:
  virtual ~Handler() = default;
  virtual Response answer(const Request& request) = 0;
  virtual Time now() const = 0;
};

}  // namespace libbcda::sandbox
