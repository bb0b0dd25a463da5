// Access tokens: JWTs signed with RS512, like those of the service.
#pragma once
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "clock.hpp"

namespace libbcda::sandbox {

class Tokens {  // thread-safe
 public:
  std::string issue(const std::string& organization, Time now, Duration lifetime);
  std::optional<std::string> organization_of(std::string_view token, Time now);
  void revoke_all();

 private:
  struct Issued {
    std::string organization;
    Time expires;
  };
  std::mutex mutex_;
  std::unordered_map<std::string, Issued> issued_;  // looked up instead of verified; an altered token is not found
};

}  // namespace libbcda::sandbox
