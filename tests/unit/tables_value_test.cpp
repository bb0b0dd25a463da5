#include <gtest/gtest.h>

#include "tables/column_type.hpp"
#include "tables/date_time.hpp"
#include "tables/decimal.hpp"
#include "tables/expression.hpp"

namespace libbcda::tables {
namespace {

Decimal decimal(std::string_view text) { return Decimal::parse(text).value(); }

TEST(Decimals, KeepTheirDigits) {
  for (const char* text :
       {"0", "1", "-1", "1.0", "0.05", "-0.50", "84888.88", "99999999999999999999999999999999999999"})
    EXPECT_EQ(decimal(text).to_text(), text);
  EXPECT_EQ(decimal("1e3").to_text(), "1000");
  EXPECT_EQ(decimal("1.5E1").to_text(), "15");
  EXPECT_EQ(decimal("15e-1").to_text(), "1.5");
}

TEST(Decimals, AreJsonNumbersOfAtMost38Digits) {
  for (const char* text : {"", "-", "+1", "01", "1.", ".5", "1e", "1 ", "0x1", "NaN", "1e39", "1e-39", "1e99999999999",
                           "100000000000000000000000000000000000000", "1.00000000000000000000000000000000000000",
                           "340282366920938463463374607431768211457", "340282366920938463463374607431768212056.25"})
    EXPECT_FALSE(Decimal::parse(text)) << text;
}

TEST(Decimals, CompareByValue) {
  EXPECT_EQ(decimal("1.0"), decimal("1"));
  EXPECT_EQ(decimal("0"), decimal("-0.00"));
  EXPECT_LT(decimal("-2"), decimal("1.5"));
  EXPECT_LT(decimal("1.05"), decimal("1.5"));
  EXPECT_LT(decimal("0.00000000000000000000000000000000000001"), decimal("99999999999999999999999999999999999999"));
  EXPECT_GT(decimal("0.00000000000000000000000000000000000001"), decimal("-99999999999999999999999999999999999999"));
}

TEST(Decimals, ComputeExactly) {
  EXPECT_EQ(decimal("0.1").plus(decimal("0.2"))->to_text(), "0.3");
  EXPECT_EQ(decimal("1").minus(decimal("0.05"))->to_text(), "0.95");
  EXPECT_EQ(decimal("1.5").times(decimal("-2.25"))->to_text(), "-3.375");
  EXPECT_EQ(decimal("3").divided(decimal("2"))->to_text(), "1.5");
  EXPECT_EQ(decimal("6").divided(decimal("3"))->to_text(), "2");
  EXPECT_EQ(decimal("1").divided(decimal("3"))->to_text(), "0.333333333333333333");
  EXPECT_EQ(decimal("-7").remainder(decimal("2"))->to_text(), "-1");
  EXPECT_FALSE(decimal("1").divided(decimal("0")));
  EXPECT_FALSE(decimal("99999999999999999999").times(decimal("99999999999999999999")));
  EXPECT_FALSE(decimal("9223372036854775808").times(decimal("-18446744073709551616"))) << "the smallest of 128 bits";
  const Decimal largest = decimal("99999999999999999999999999999999999999");
  EXPECT_FALSE(largest.plus(largest));
}

TEST(Decimals, AreNeverRoundedToAScale) {
  EXPECT_EQ(decimal("1.5").at_scale(2, 18), Int128(150));
  EXPECT_EQ(decimal("1.500").at_scale(2, 18), Int128(150));
  EXPECT_FALSE(decimal("1.005").at_scale(2, 18));
  EXPECT_EQ(decimal("9999999999999999.99").at_scale(2, 18), Int128(999999999999999999));
  EXPECT_FALSE(decimal("10000000000000000").at_scale(2, 18));
}

struct BoundaryCase {
  const char *text, *low, *high;
};

TEST(Dates, HaveBoundaries) {
  for (const BoundaryCase& c :
       {BoundaryCase{"1970-06", "1970-06-01", "1970-06-30"}, BoundaryCase{"2024-02", "2024-02-01", "2024-02-29"},
        BoundaryCase{"1970", "1970-01-01", "1970-12-31"}, BoundaryCase{"2018-05-03", "2018-05-03", "2018-05-03"}}) {
    EXPECT_EQ(date_boundary(*parse_date_time(c.text), Boundary::low), c.low);
    EXPECT_EQ(date_boundary(*parse_date_time(c.text), Boundary::high), c.high);
  }
}

TEST(Times, HaveBoundaries) {
  for (const BoundaryCase& c :
       {BoundaryCase{"2010-10-10", "2010-10-10T00:00:00.000+14:00", "2010-10-10T23:59:59.999-12:00"},
        BoundaryCase{"2010-10-10T10:00:00-04:30", "2010-10-10T10:00:00.000-04:30", "2010-10-10T10:00:00.999-04:30"},
        BoundaryCase{"2010-10-10T10:00:00.5Z", "2010-10-10T10:00:00.500Z", "2010-10-10T10:00:00.599Z"}}) {
    EXPECT_EQ(date_time_boundary(*parse_date_time(c.text), Boundary::low), c.low);
    EXPECT_EQ(date_time_boundary(*parse_date_time(c.text), Boundary::high), c.high);
  }
  EXPECT_EQ(time_boundary(*parse_time_of_day("12:34"), Boundary::high), "12:34:59.999");
  EXPECT_EQ(time_boundary(*parse_time_of_day("12:34:00"), Boundary::low), "12:34:00.000");
}

TEST(Dates, ThatDoNotExistAreRefused) {
  for (const char* text : {"", "18", "2018-13", "2018-00", "2018-02-29", "2018-1-1", "2018-05-01T", "2018-05-01T25:00Z",
                           "2018-05-01 10:00", "2018-05-01T10:00:00.", "2018-05-01T10:00:00+15:00",
                           "2018-05-01T10:00:00Zx", "20180501", "yesterday"})
    EXPECT_FALSE(parse_date_time(text)) << text;
  EXPECT_TRUE(parse_date_time("2024-02-29"));
  EXPECT_TRUE(parse_date_time("2016-12-31T23:59:60Z")) << "a leap second";
}

TEST(Dates, AreOrderedAsFarAsTheyAreKnown) {
  const auto order = [](std::string_view a, std::string_view b) {
    return compare(*parse_date_time(a), *parse_date_time(b));
  };
  EXPECT_TRUE(order("2018-05-01", "2018-05-02") < 0);
  EXPECT_TRUE(order("2018", "2019-05") < 0);
  EXPECT_EQ(order("2018", "2018-05"), std::partial_ordering::unordered);
  EXPECT_TRUE(order("2018-05-01T10:00:00+02:00", "2018-05-01T08:00:00Z") == 0);
  EXPECT_EQ(order("2018-05-01T10:00:00", "2018-05-01T10:00:00Z"), std::partial_ordering::unordered);
  EXPECT_TRUE(order("2018-05-01T10:00-04:00", "2018-05-01T11:00Z") > 0) << "14:00 in UTC";
  EXPECT_TRUE(order("2018-01-01T00:30:00.1234567+01:00", "2017-12-31T23:30:00.1234567Z") == 0);
  EXPECT_TRUE(order("2018-05-01T10:00:00.5Z", "2018-05-01T10:00:00.50Z") == 0);
  EXPECT_TRUE(order("2018-05-01T10:00:00Z", "2018-05-01T10:00:00.0Z") == 0);
  EXPECT_TRUE(order("2018-05-01T10:00:00.05Z", "2018-05-01T10:00:00.5Z") < 0);
}

// ---- What becomes of nodes -------------------------------------------------------------------------------------------

class Conversions : public testing::Test {
 protected:
  Scalar text(std::string_view value, const ColumnType& type) { return convert(memory_.string(value), type, memory_); }
  Scalar number(std::string_view value, const ColumnType& type) {
    return convert(memory_.number(value, FhirType::unknown), type, memory_);
  }
  static ColumnType kind(ValueKind value) { return {.kind = value}; }

  NodeMemory memory_;
};

TEST_F(Conversions, AreExact) {
  EXPECT_EQ(text("1970-01-02", kind(ValueKind::date)).integer, 1);
  EXPECT_EQ(text("1969-12-31", kind(ValueKind::date)).integer, -1);
  EXPECT_EQ(text("2016-01-16T00:00:00+00:00", kind(ValueKind::date)).integer, 16816) << "the day as written";
  EXPECT_EQ(text("1970-01-01T01:00:00.5+01:00", kind(ValueKind::timestamp)).integer, 500'000);
  EXPECT_EQ(text("9999-12-31T00:00:00.000+00:00", kind(ValueKind::timestamp)).integer, 253402214400000000);
  EXPECT_EQ(text("12:34:56.000001", kind(ValueKind::time)).integer, 45296000001);
  EXPECT_EQ(number("-2147483648", kind(ValueKind::int32)).integer, INT32_MIN);
  EXPECT_EQ(number("9.0", kind(ValueKind::int32)).integer, 9);
  EXPECT_EQ(text("-9223372036854775808", kind(ValueKind::int64)).integer, INT64_MIN);
  EXPECT_EQ(number("12.5", {.kind = ValueKind::decimal, .precision = 18, .scale = 2}).decimal, Int128(1250));
  EXPECT_EQ(number("0.1", kind(ValueKind::float64)).real, 0.1);
  EXPECT_EQ(text("aGVsbG8=", kind(ValueKind::binary)).text, "hello");
  EXPECT_EQ(number("1.0", {.takes_any = true}).text, "1.0");
}

TEST_F(Conversions, RefuseWhatDoesNotFit) {
  const auto refused = [](auto&& convert_it) { EXPECT_THROW(convert_it(), EvaluationError); };
  refused([&] { text("2018", kind(ValueKind::date)); });
  refused([&] { text("2018-05", kind(ValueKind::date)); });
  refused([&] { text("0000-01-01", kind(ValueKind::date)); });
  refused([&] { number("20180501", kind(ValueKind::date)); });
  refused([&] { text("2018-05-01", kind(ValueKind::timestamp)); });
  refused([&] { text("2018-05-01T10:00:00", kind(ValueKind::timestamp)); });
  refused([&] { text("2018-05-01T10:00:00.1234567Z", kind(ValueKind::timestamp)); });
  refused([&] { text("23:59:60", kind(ValueKind::time)); });
  refused([&] { text("12:34", kind(ValueKind::time)); });
  refused([&] { text("2016-12-31T23:59:60Z", kind(ValueKind::timestamp)); });
  refused([&] { text("abc", {.is_number = true}); });
  refused([&] { text("abc", {.takes_json = true}); });
  refused([&] { number("2147483648", kind(ValueKind::int32)); });
  refused([&] { number("1.5", kind(ValueKind::int32)); });
  refused([&] { text("7", kind(ValueKind::int32)); });
  refused([&] { text("abc", kind(ValueKind::int64)); });
  refused([&] { text("true", kind(ValueKind::boolean)); });
  refused([&] { number("1.005", {.kind = ValueKind::decimal, .precision = 18, .scale = 2}); });
  refused([&] { text("1.00", {.kind = ValueKind::decimal, .precision = 18, .scale = 2}); });
  refused([&] { number("7", kind(ValueKind::text)); });
  refused([&] { text("not base64!", kind(ValueKind::binary)); });
}

}  // namespace
}  // namespace libbcda::tables
