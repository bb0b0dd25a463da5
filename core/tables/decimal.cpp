#include "tables/decimal.hpp"

#include <algorithm>
#include <array>

#include "base/words.hpp"

namespace libbcda::tables {
namespace {

constexpr int kQuotientScale = 18;

constexpr auto kPowers = [] {
  std::array<Int128, Decimal::kMostDigits + 1> powers{};
  powers[0] = 1;
  for (std::size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
  return powers;
}();

Int128 power_of_ten(int exponent) { return kPowers[static_cast<std::size_t>(exponent)]; }

bool fits(Int128 digits, int precision) {
  return digits < power_of_ten(precision) && digits > -power_of_ten(precision);
}

// digits * 10^exponent, if it has at most 38 digits.
std::optional<Int128> raised(Int128 digits, int exponent) {
  Int128 product;
  if (digits == 0) return 0;
  if (exponent > Decimal::kMostDigits || __builtin_mul_overflow(digits, power_of_ten(exponent), &product)) return {};
  return fits(product, Decimal::kMostDigits) ? std::optional(product) : std::nullopt;
}

std::optional<Decimal> made(Int128 digits, int scale) {
  while (scale > Decimal::kMostDigits && digits % 10 == 0) digits /= 10, --scale;
  if (scale > Decimal::kMostDigits || !fits(digits, Decimal::kMostDigits)) return {};
  return Decimal(digits, scale);
}

struct Aligned {
  Int128 a, b;
  int scale;
};
std::optional<Aligned> align(const Decimal& a, const Decimal& b) {
  const int scale = std::max(a.scale(), b.scale());
  const auto x = raised(a.digits(), scale - a.scale());
  const auto y = raised(b.digits(), scale - b.scale());
  if (!x || !y) return {};
  return Aligned{*x, *y, scale};
}

// A cursor over a JSON number (RFC 8259 section 6).
struct NumberText {
  std::string_view text;
  std::size_t at = 0;

  bool take(char c) { return at < text.size() && text[at] == c ? ++at, true : false; }
  bool digit() const { return at < text.size() && is_digit(text[at]); }
};

// The exponent, within ±999; nullopt: there is no digit.
std::optional<int> read_exponent(NumberText& in) {
  const bool negative = in.take('-');
  if (!negative) in.take('+');
  if (!in.digit()) return {};
  int exponent = 0;
  while (in.digit()) exponent = std::min(exponent * 10 + (in.text[in.at++] - '0'), 999);
  return negative ? -exponent : exponent;
}

}  // namespace

std::optional<Decimal> Decimal::parse(std::string_view text) {
  NumberText in{text};
  const bool negative = in.take('-');
  Int128 digits = 0;
  int scale = 0;
  const auto add = [&](char c) {
    if (!fits(digits, kMostDigits - 1)) return false;
    digits = digits * 10 + (c - '0');
    return true;
  };
  if (!in.digit()) return {};
  if (!in.take('0'))
    while (in.digit())
      if (!add(in.text[in.at++])) return {};
  if (in.take('.')) {
    if (!in.digit()) return {};
    for (; in.digit(); ++scale)
      if (!add(in.text[in.at++])) return {};
  }
  if (in.take('e') || in.take('E')) {
    const auto exponent = read_exponent(in);
    if (!exponent) return {};
    scale -= *exponent;
  }
  if (in.at != text.size()) return {};
  if (negative) digits = -digits;
  if (scale < 0) {
    const auto whole = raised(digits, -scale);
    return whole ? std::optional(Decimal(*whole, 0)) : std::nullopt;
  }
  return made(digits, scale);
}

std::string Decimal::to_text() const {
  std::string reversed;
  Int128 left = digits_ < 0 ? -digits_ : digits_;
  for (int place = 0; left != 0 || place <= scale_; ++place) {
    if (place == scale_ && scale_ > 0) reversed += '.';
    reversed += static_cast<char>('0' + static_cast<int>(left % 10));
    left /= 10;
  }
  if (digits_ < 0) reversed += '-';
  return {reversed.rbegin(), reversed.rend()};
}

std::optional<Int128> Decimal::at_scale(int scale, int precision) const {
  std::optional<Int128> digits;
  if (scale >= scale_) {
    digits = raised(digits_, scale - scale_);
  } else if (digits_ % power_of_ten(scale_ - scale) == 0) {
    digits = digits_ / power_of_ten(scale_ - scale);
  }
  return digits && fits(*digits, precision) ? digits : std::nullopt;
}

std::optional<Decimal> Decimal::plus(const Decimal& other) const {
  const auto both = align(*this, other);
  Int128 sum;
  if (!both || __builtin_add_overflow(both->a, both->b, &sum)) return {};
  return made(sum, both->scale);
}

std::optional<Decimal> Decimal::minus(const Decimal& other) const { return plus(other.negated()); }

std::optional<Decimal> Decimal::times(const Decimal& other) const {
  Int128 product;
  if (__builtin_mul_overflow(digits_, other.digits_, &product)) return {};
  return made(product, scale_ + other.scale_);
}

std::optional<Decimal> Decimal::divided(const Decimal& other) const {
  const auto both = align(*this, other);
  if (!both || both->b == 0) return {};
  const auto numerator = raised(both->a, kQuotientScale);
  if (!numerator) return {};
  Int128 quotient = *numerator / both->b;
  int scale = kQuotientScale;
  while (scale > 0 && quotient % 10 == 0) quotient /= 10, --scale;
  return made(quotient, scale);
}

std::optional<Decimal> Decimal::remainder(const Decimal& other) const {
  const auto both = align(*this, other);
  if (!both || both->b == 0) return {};
  return made(both->a % both->b, both->scale);
}

Decimal Decimal::truncated() const { return {digits_ / power_of_ten(scale_), 0}; }

std::strong_ordering operator<=>(const Decimal& a, const Decimal& b) {
  const auto sign = [](Int128 digits) { return digits < 0 ? -1 : digits > 0 ? 1 : 0; };
  if (sign(a.digits_) != sign(b.digits_)) return sign(a.digits_) <=> sign(b.digits_);
  const int scale = std::max(a.scale_, b.scale_);
  const auto x = raised(a.digits_, scale - a.scale_);
  const auto y = raised(b.digits_, scale - b.scale_);
  // One that does not fit at the scale of the other has the greater magnitude.
  if (!x) return sign(a.digits_) <=> 0;
  if (!y) return 0 <=> sign(b.digits_);
  return *x < *y ? std::strong_ordering::less : *x > *y ? std::strong_ordering::greater : std::strong_ordering::equal;
}

}  // namespace libbcda::tables
