#include "values.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

namespace libbcda::sandbox {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t factor;
};

constexpr std::array<Unit, 8> kTimes{{{"", 1000000},
                                      {"us", 1},
                                      {"ms", 1000},
                                      {"s", 1000000},
                                      {"m", 60000000},
                                      {"min", 60000000},
                                      {"h", 3600000000},
                                      {"d", 86400000000}}};
constexpr std::array<Unit, 12> kSizes{{{"", 1},
                                       {"B", 1},
                                       {"K", 1 << 10},
                                       {"KiB", 1 << 10},
                                       {"KB", 1000},
                                       {"M", 1 << 20},
                                       {"MiB", 1 << 20},
                                       {"MB", 1000000},
                                       {"G", 1 << 30},
                                       {"GiB", 1 << 30},
                                       {"GB", 1000000000},
                                       {"TiB", std::int64_t{1} << 40}}};

template <std::size_t N>
std::optional<std::int64_t> with_unit(std::string_view text, const std::array<Unit, N>& units) {
  std::size_t digits = 0;
  while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') ++digits;
  auto number = parse_integer(text.substr(0, digits));
  if (!number) return std::nullopt;
  for (const Unit& unit : units) {
    if (text.substr(digits) != unit.name) continue;
    if (*number > std::numeric_limits<std::int64_t>::max() / unit.factor) return std::nullopt;
    return *number * unit.factor;
  }
  return std::nullopt;
}

std::size_t edits(std::string_view a, std::string_view b) {  // Levenshtein distance
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      std::size_t change = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({change, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::optional<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t value = 0;
  auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || fault != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

std::optional<double> parse_fraction(std::string_view text) {
  double scale = 1;
  if (text.ends_with('%')) {
    text.remove_suffix(1);
    scale = 100;
  }
  double value = 0;
  auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || fault != std::errc() || end != text.data() + text.size()) return std::nullopt;
  value /= scale;
  if (!(value >= 0 && value <= 1)) return std::nullopt;
  return value;
}

std::optional<bool> parse_boolean(std::string_view text) {
  if (text == "true" || text == "1" || text == "yes") return true;
  if (text == "false" || text == "0" || text == "no") return false;
  return std::nullopt;
}

std::optional<Duration> parse_duration(std::string_view text) {
  auto micros = with_unit(text, kTimes);
  if (!micros) return std::nullopt;
  return Duration(*micros);
}

std::optional<Duration> parse_offset(std::string_view text) {
  if (!text.starts_with('-')) return parse_duration(text);
  const auto back = parse_duration(text.substr(1));
  return back ? std::optional(-*back) : std::nullopt;
}

std::optional<std::int64_t> parse_size(std::string_view text) { return with_unit(text, kSizes); }

bool same_name(std::string_view one, std::string_view other) {
  return std::equal(one.begin(), one.end(), other.begin(), other.end(),
                    [](char a, char b) { return (a == '-' ? '_' : a) == (b == '-' ? '_' : b); });
}

std::string nearest(std::string_view typed, std::string_view names) {
  std::string best;
  std::size_t distance = 4;  // with more than three typing errors it is another word
  while (!names.empty()) {
    std::string_view name = names.substr(0, names.find(','));
    names.remove_prefix(std::min(names.size(), name.size() + 1));
    if (std::size_t d = edits(typed, name); d < distance) {
      distance = d;
      best = name;
    }
  }
  return best;
}

}  // namespace libbcda::sandbox
