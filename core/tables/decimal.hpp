// Exact decimal numbers of up to 38 digits. Nothing is ever rounded but a quotient, after 18 places.
#pragma once
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace libbcda::tables {

__extension__ typedef __int128 Int128;

// Whether a JSON number has neither a point nor an exponent.
inline bool is_integer_text(std::string_view number) { return number.find_first_of(".eE") == std::string_view::npos; }

class Decimal {
 public:
  static constexpr int kMostDigits = 38;

  Decimal() = default;
  Decimal(Int128 digits, int scale) : digits_(digits), scale_(scale) {}  // 0 <= scale <= 38

  // Reads a JSON number. nullopt if it is none, or if it needs more than 38 digits, before and after its point.
  static std::optional<Decimal> parse(std::string_view text);

  Int128 digits() const { return digits_; }  // the value is digits / 10^scale
  int scale() const { return scale_; }

  std::string to_text() const;  // with `scale` digits after the point

  // The digits with another scale. nullopt if that drops digits other than 0, or needs more than `precision` digits.
  std::optional<Int128> at_scale(int scale, int precision) const;

  // nullopt if the result needs more than 38 digits; divided: if `other` is 0, too. A quotient has up to 18 digits after
  // its point.
  std::optional<Decimal> plus(const Decimal& other) const;
  std::optional<Decimal> minus(const Decimal& other) const;
  std::optional<Decimal> times(const Decimal& other) const;
  std::optional<Decimal> divided(const Decimal& other) const;
  std::optional<Decimal> remainder(const Decimal& other) const;  // of truncated division, as FHIRPath's mod
  Decimal negated() const { return {-digits_, scale_}; }
  Decimal truncated() const;  // without what is after the point

  friend std::strong_ordering operator<=>(const Decimal& a, const Decimal& b);
  friend bool operator==(const Decimal& a, const Decimal& b) { return (a <=> b) == 0; }

 private:
  Int128 digits_ = 0;
  int scale_ = 0;
};

}  // namespace libbcda::tables
