#include "credentials.hpp"

#include <algorithm>
#include <cctype>

#include "base/bytes.hpp"

namespace libbcda::sandbox {

std::optional<Credentials> basic_credentials(const std::string& header) {
  constexpr std::string_view scheme = "basic ";
  bool basic = header.size() >= scheme.size() &&
               std::equal(scheme.begin(), scheme.end(), header.begin(),
                          [](char a, char b) { return a == std::tolower(static_cast<unsigned char>(b)); });
  auto decoded = basic ? from_base64(std::string_view(header).substr(scheme.size())) : std::nullopt;
  if (!decoded) return std::nullopt;
  std::string text(as_text(*decoded));
  std::size_t colon = text.find(':');
  if (colon == std::string::npos) return std::nullopt;
  return Credentials{text.substr(0, colon), text.substr(colon + 1)};
}

bool is_known(const Credentials& credentials, const Options& options) {
  const bool first = credentials.id == options.client_id && credentials.secret == options.client_secret;
  const bool second = !options.second_client_id.empty() && credentials.id == options.second_client_id &&
                      credentials.secret == options.second_client_secret;
  return first || second;
}

std::string_view bearer_token(const std::string& header) {
  constexpr std::string_view scheme = "Bearer ";
  if (!header.starts_with(scheme)) return {};
  std::string_view token = std::string_view(header).substr(scheme.size());
  return token.find_first_of(" \t\r\n\f\v") == std::string_view::npos ? token : std::string_view{};
}

}  // namespace libbcda::sandbox
