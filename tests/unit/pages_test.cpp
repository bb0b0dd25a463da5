#include "bulk/pages.hpp"

#include <gtest/gtest.h>

#include "support/errors.hpp"

namespace libbcda::bulk {
namespace {

using test::error_of;
using test::holds;

class PagesFlow : public testing::Test {
 protected:
  PagesFlow() : pages_(http::parse_url("https://api.test", "url")) { pages_.begin(url("/status/1")); }

  static http::Url url(const std::string& target) { return http::parse_url("https://api.test" + target, "url"); }
  // A page with these files and, if it is not "", a link.
  std::shared_ptr<const Manifest> page(const std::vector<std::string>& files, const std::string& next = "") {
    std::string output, link;
    for (const std::string& file : files)
      output += (output.empty() ? "" : ",") + (R"({"type":"Patient","url":"https://api.test/f/)" + file + "\"}");
    if (!next.empty()) link = R"(,"link":[{"relation":"next","url":")" + next + "\"}]";
    return parse_manifest(R"({"transactionTime":"2026-01-01T00:00:00Z","output":[)" + output + "]" + link + "}",
                          pages_.url());
  }

  Pages pages_;
};

TEST_F(PagesFlow, OnePageOfAFinishedJobIsAll) {
  EXPECT_EQ(pages_.add(page({"a", "b"}), true), Pages::Next::complete);
  EXPECT_EQ(pages_.take_fresh().numbers, (std::vector<std::uint32_t>{0, 1}));
  EXPECT_EQ(pages_.take_fresh().page, nullptr);
}

TEST_F(PagesFlow, ALinkLeadsToTheNextPage) {
  EXPECT_EQ(pages_.add(page({"a"}, "/status/1?page=2"), true), Pages::Next::ask_now);
  EXPECT_EQ(pages_.url().text(), "https://api.test/status/1?page=2");
  EXPECT_EQ(pages_.add(page({"b"}), true), Pages::Next::complete);
  EXPECT_EQ(count_files(pages_.all()), 2u);
}

TEST_F(PagesFlow, APageOfARunningJobIsAskedForAgainAndMayGainFilesAndItsLink) {
  EXPECT_EQ(pages_.add(page({"a"}), false), Pages::Next::ask_later);
  pages_.take_fresh();
  EXPECT_EQ(pages_.url().text(), "https://api.test/status/1");
  EXPECT_EQ(pages_.add(page({"a"}), false), Pages::Next::ask_later);
  EXPECT_TRUE(pages_.take_fresh().numbers.empty());
  EXPECT_EQ(pages_.add(page({"a", "b"}, "/status/1?page=2"), false), Pages::Next::ask_now);
  EXPECT_EQ(pages_.take_fresh().numbers, std::vector<std::uint32_t>{1});
  EXPECT_EQ(pages_.all().size(), 1u);
}

// So that a page that is asked for again does not count twice against the limit.
TEST_F(PagesFlow, OnlyPagesThatStayAreKept) {
  EXPECT_EQ(pages_.kept_bytes(), 0u);
  pages_.add(page({"a"}), false);
  EXPECT_EQ(pages_.kept_bytes(), 0u);
  const auto first = page({"a"}, "/status/1?page=2");
  pages_.add(first, false);
  EXPECT_EQ(pages_.kept_bytes(), first->bytes());
  pages_.add(page({"b"}), false);
  EXPECT_EQ(pages_.kept_bytes(), first->bytes());
}

TEST_F(PagesFlow, AreOneJob) {
  pages_.add(page({"a"}, "/status/1?page=2"), true);
  pages_.add(page({"b"}), true);
  Manifests all = pages_.all();
  EXPECT_EQ(count_jobs(all), 1u);
  all.push_back(page({"c"}));
  EXPECT_EQ(count_jobs(all), 2u);
}

TEST_F(PagesFlow, AreOfOneTime) {
  pages_.add(page({"a"}, "/status/1?page=2"), true);
  const auto other = parse_manifest(R"({"transactionTime":"2026-01-02T00:00:00Z","output":[]})", pages_.url());
  const Error error = error_of([&] { pages_.add(other, true); });
  EXPECT_EQ(error.status, Status::PROTOCOL);
  EXPECT_TRUE(holds(error.message, "different times")) << error.message;
}

TEST_F(PagesFlow, APageMustNotLoseAFile) {
  pages_.add(page({"a", "b"}), false);
  const Error error = error_of([&] { pages_.add(page({"a"}), true); });
  EXPECT_EQ(error.status, Status::PROTOCOL);
  EXPECT_TRUE(holds(error.message, "b is missing"));
}

TEST_F(PagesFlow, PagesMustNotFormALoop) {
  pages_.add(page({"a"}, "/status/1?page=2"), true);
  const Error error = error_of([&] { pages_.add(page({"b"}, "/status/1"), true); });
  EXPECT_EQ(error.status, Status::PROTOCOL);
  EXPECT_TRUE(holds(error.message, "loop"));
}

TEST_F(PagesFlow, EndlessPagesAreALimit) {
  for (int i = 1; i < 10'000; ++i) pages_.add(page({}, "/status/1?page=" + std::to_string(i)), true);
  const Error error = error_of([&] { pages_.add(page({}, "/status/1?page=10000"), true); });
  EXPECT_EQ(error.status, Status::LIMIT);
  EXPECT_TRUE(holds(error.message, "more than 10000 pages"));
}

TEST_F(PagesFlow, TheTokenIsNotCarriedToAnotherOrigin) {
  const Error error = error_of([&] { pages_.add(page({"a"}, "https://evil.test/2?sig=s3cr3t"), true); });
  EXPECT_EQ(error.status, Status::PROTOCOL);
  EXPECT_TRUE(holds(error.message, "https://evil.test"));
  EXPECT_EQ(error.message.find("s3cr3t"), std::string::npos);
}

// A proxy that ends TLS makes the service write http:// URLs of its own host.
TEST_F(PagesFlow, ALinkOfTheSameHostStaysOnHttps) {
  pages_.add(page({"a"}, "http://api.test/status/1?page=2"), true);
  EXPECT_EQ(pages_.url().text(), "https://api.test/status/1?page=2");
}

// In IG 4.0 such a URL says where a series stands.
TEST_F(PagesFlow, AFragmentAloneIsNoPage) {
  EXPECT_EQ(pages_.add(page({"a"}, "#closed"), true), Pages::Next::complete);
}

}  // namespace
}  // namespace libbcda::bulk
