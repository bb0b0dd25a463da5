// Events as lines of JSON.
#include "runtime/event.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "base/json.hpp"

namespace libbcda::runtime {
namespace {

std::string with_percent(double percent) {
  Event event;
  event.kind = EventKind::poll;
  event.percent = percent;
  return event.json();
}

TEST(EventJson, NumbersAsPeopleWriteThem) {
  EXPECT_EQ(with_percent(0), R"({"event":"poll","percent":0})");
  EXPECT_EQ(with_percent(12.5), R"({"event":"poll","percent":12.5})");
  EXPECT_EQ(with_percent(40), R"({"event":"poll","percent":40})");
  EXPECT_EQ(with_percent(100), R"({"event":"poll","percent":100})");
  EXPECT_EQ(with_percent(1.0 / 3), R"({"event":"poll","percent":0.333})");
  EXPECT_EQ(with_percent(1e-9), R"({"event":"poll","percent":0})");
  EXPECT_EQ(with_percent(1e300), R"({"event":"poll","percent":100})");
  EXPECT_EQ(with_percent(-1), R"({"event":"poll"})");
  EXPECT_EQ(with_percent(std::nan("")), R"({"event":"poll"})");
}

TEST(EventJson, AllMembersInOrder) {
  Event event;
  event.kind = EventKind::finished;
  event.text = "a \"quote\"\n";
  event.type = "Patient";
  event.file = "out/a.ndjson";
  event.url = "https://x/1";
  event.status = Status::NETWORK;
  event.percent = 50;
  event.bytes_done = 1;
  event.bytes_total = 5'000'000'000;
  event.files_done = 0;
  event.files_total = 3;
  event.wait_ms = 250;
  EXPECT_EQ(event.json(),
            R"({"event":"finished","text":"a \"quote\"\n","type":"Patient","file":"out/a.ndjson","url":"https://x/1",)"
            R"("status":"NETWORK","percent":50,"bytes_done":1,"bytes_total":5000000000,"files_done":0,"files_total":3,)"
            R"("wait_ms":250})");
}

// Every text member, with each kind of invalid UTF-8.
TEST(EventJson, BytesThatAreNotUtf8AreReplaced) {
  const std::string u = "\xef\xbf\xbd";
  const std::pair<std::string, std::string> cases[] = {
      {"a\xff", "a" + u},                                                              // not a lead byte
      {"\x80z", u + "z"},                                                              // only a continuation byte
      {"caf\xe9", "caf" + u},                                                          // ISO-8859-1
      {"\xc3", u},                                                                     // truncated
      {"\xe2\x82", u + u},                                                             // truncated
      {"\xc0\xaf", u + u},                                                             // overlong
      {"\xe0\x80\xaf", u + u + u},                                                     // overlong
      {"\xed\xa0\x80", u + u + u},                                                     // a surrogate
      {"\xf4\x90\x80\x80", u + u + u + u},                                             // beyond U+10FFFF
      {"gr\xc3\xbc\xc3\x9f \xf0\x9f\x8f\xa5", "gr\xc3\xbc\xc3\x9f \xf0\x9f\x8f\xa5"},  // valid, so it is unchanged
  };
  for (const auto& [bytes, expected] : cases) {
    Event event;
    event.text = event.type = event.file = event.url = bytes;
    const auto parsed = parse_json(event.json());
    ASSERT_TRUE(parsed) << event.json();
    for (const char* member : {"text", "type", "file", "url"})
      EXPECT_EQ(string_member(parsed->get_object(), member), expected) << member;
  }
}

}  // namespace
}  // namespace libbcda::runtime
