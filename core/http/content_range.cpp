#include "http/content_range.hpp"

#include <charconv>

namespace libbcda::http {
namespace {

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.starts_with('-')) return {};
  return value;
}

}  // namespace

std::optional<ContentRange> parse_content_range(std::string_view text) {
  constexpr std::string_view kUnit = "bytes ";
  const std::size_t slash = text.find('/');
  if (!text.starts_with(kUnit) || slash == text.npos) return {};
  const std::string_view range = text.substr(kUnit.size(), slash - kUnit.size());
  const auto size = number(text.substr(slash + 1));
  if (!size) return {};
  if (range == "*") return ContentRange{0, -1, *size};
  const std::size_t dash = range.find('-');
  if (dash == range.npos) return {};
  const auto first = number(range.substr(0, dash)), last = number(range.substr(dash + 1));
  if (!first || !last || *first > *last || *last >= *size) return {};
  return ContentRange{*first, *last, *size};
}

}  // namespace libbcda::http
