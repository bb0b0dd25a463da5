// The credentials in a request.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "options.hpp"

namespace libbcda::sandbox {

struct Credentials {
  std::string id, secret;
};

std::optional<Credentials> basic_credentials(const std::string& header);
bool is_known(const Credentials& credentials, const Options& options);  // of one of the two organizations

// Matches exactly ^Bearer (\S+)$, as the service does.
std::string_view bearer_token(const std::string& header);

}  // namespace libbcda::sandbox
