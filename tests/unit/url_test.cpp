#include "http/url.hpp"

#include <gtest/gtest.h>

#include "support/errors.hpp"

namespace libbcda::http {
namespace {

using test::error_of;
using test::holds;

struct UrlCase {
  const char *text, *scheme, *host;
  std::uint16_t port;
  const char *target, *origin;
};

TEST(ParseUrl, TakesAnAbsoluteUrlApart) {
  const UrlCase cases[] = {
      {"https://api.bcda.cms.gov", "https", "api.bcda.cms.gov", 443, "/", "https://api.bcda.cms.gov"},
      {"https://API.bcda.CMS.gov/", "https", "api.bcda.cms.gov", 443, "/", "https://api.bcda.cms.gov"},
      {"HTTPS://h/p", "https", "h", 443, "/p", "https://h"},
      {"http://localhost:3000/x", "http", "localhost", 3000, "/x", "http://localhost:3000"},
      {"https://h:443/x", "https", "h", 443, "/x", "https://h"},
      {"https://h:0443/x", "https", "h", 443, "/x", "https://h"},
      {"http://h:80/x", "http", "h", 80, "/x", "http://h"},
      {"http://h:443/x", "http", "h", 443, "/x", "http://h:443"},
      {"https://h:/x", "https", "h", 443, "/x", "https://h"},
      {"https://h?a=1", "https", "h", 443, "/?a=1", "https://h"},
      {"https://h/p?", "https", "h", 443, "/p?", "https://h"},
      {"https://h/p#part", "https", "h", 443, "/p", "https://h"},
      {"https://h/p?q=1#part?x", "https", "h", 443, "/p?q=1", "https://h"},
      {"https://[2001:DB8::1]:8443/x", "https", "2001:db8::1", 8443, "/x", "https://[2001:db8::1]:8443"},
      {"https://[::1]/x", "https", "::1", 443, "/x", "https://[::1]"},
      {"https://127.0.0.1:65535/x", "https", "127.0.0.1", 65535, "/x", "https://127.0.0.1:65535"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    Url url = parse_url(c.text, "it");
    EXPECT_EQ(url.scheme, c.scheme);
    EXPECT_EQ(url.host, c.host);
    EXPECT_EQ(url.port, c.port);
    EXPECT_EQ(url.target, c.target);
    EXPECT_EQ(url.origin(), c.origin);
    EXPECT_EQ(url.text(), std::string(c.origin) + c.target);
    EXPECT_EQ(url.origin(), url.scheme + "://" + url.authority());
    EXPECT_EQ(url.tls(), url.scheme == "https");
  }
}

TEST(ParseUrl, KeepsTheTargetByteForByte) {
  for (const char* target : {"/api/v1/Patient/$export", "/api/v1/Patient/%24export", "/a%2Fb%2fc", "/a+b%20c", "/%zz",
                             "/a|b{c}", "/a/../b/./c", "//a//b/", "/p?X-Amz-Signature=a%2Fb+c%3D&x=$",
                             "/p?q=/?:@!$&'()*,;=", "/%E2%82%AC", "/~a-b_c.d", "/p?"})
    EXPECT_EQ(parse_url(std::string("https://h") + target, "it").target, target);
}

TEST(ParseUrl, RefusesAndNamesWhatIsNoUsableUrl) {
  for (const char* text : {"",
                           "h",
                           "api.bcda.cms.gov",
                           "//h/p",
                           "/p",
                           "https:",
                           "https:/h",
                           "https://",
                           "https:///p",
                           "https://?q",
                           "ftp://h/p",
                           "file:///etc/passwd",
                           "javascript:alert(1)",
                           "mailto:a@b",
                           "https://u@h/",
                           "https://u:p@h/",
                           "https://:p@h/",
                           "https://@h/",
                           "https://h:0/",
                           "https://h:65536/",
                           "https://h:99999999999/",
                           "https://h h/",
                           "https://h/a b",
                           " https://h",
                           "https://h\r\n/",
                           "https://h/\n",
                           "https://[::1",
                           "https://::1/",
                           "https://h%2eorg/",
                           "https://h%00/",
                           "https://h%0d%0a/",
                           "https://h%2Fx/",
                           "https://./",
                           "https://.h/",
                           "https://h../",
                           "https://a..h/",
                           "https://h/\xC3\xA9",
                           "https://h\\x/",
                           "http//h"}) {
    SCOPED_TRACE(text);
    Error error = error_of([&] { parse_url(text, "the setting url"); });
    EXPECT_EQ(error.status, Status::INVALID_ARGUMENT);
    EXPECT_TRUE(holds(error.message, "the setting url"));
  }
  EXPECT_EQ(error_of([] { parse_url(std::string_view("https://h\0/", 11), "it"); }).status, Status::INVALID_ARGUMENT);
}

TEST(ParseUrl, RefusesAPortOrBracketThatGoesOn) {
  for (const char* text : {"https://h:443.evil.test/x", "https://h:80x/", "https://h:x/", "https://h:-1/",
                           "https://[::1].evil.test/x", "https://[::1]x"})
    EXPECT_EQ(error_of([&] { parse_url(text, "it"); }).status, Status::INVALID_ARGUMENT) << text;
}

TEST(ParseUrl, AHostThatBeginsLikeAnAddressIsTakenWholeOrNotAtAll) {
  for (const char* host : {"127.0.0.1.evil.test", "1.2.3.4evil.test", "10.0.0.1.evil"}) {
    try {
      Url url = parse_url(std::string("http://") + host + "/x", "it");
      EXPECT_EQ(url.host, host);
      EXPECT_EQ(url.target, "/x");
      EXPECT_FALSE(url.loopback());
    } catch (const Error& e) {
      EXPECT_EQ(e.status, Status::INVALID_ARGUMENT) << host;
    }
  }
}

TEST(ParseUrl, DoesNotEchoAPassword) {
  for (const char* text : {"https://user:hunter2@h/", "ftp://user:hunter2@h/"})
    EXPECT_FALSE(holds(error_of([&] { parse_url(text, "it"); }).message, "hunter2"));
}

TEST(Url, PathAndNameLeaveTheQueryOut) {
  struct {
    const char *text, *path, *name;
  } const cases[] = {
      {"https://h/data/42/a.ndjson", "/data/42/a.ndjson", "a.ndjson"},
      {"https://h/data/42/a.ndjson?x=/y/z.ndjson", "/data/42/a.ndjson", "a.ndjson"},
      {"https://h/data/a.ndjson#frag/b", "/data/a.ndjson", "a.ndjson"},
      {"https://h/data/", "/data/", ""},
      {"https://h", "/", ""},
      {"https://h/..%2F..%2Fetc", "/..%2F..%2Fetc", "..%2F..%2Fetc"},
      {"https://h/a/..", "/a/..", ".."},
      {"https://h/a%20b", "/a%20b", "a%20b"},
  };
  for (const auto& c : cases) {
    Url url = parse_url(c.text, "it");
    EXPECT_EQ(url.path(), c.path) << c.text;
    EXPECT_EQ(url.name(), c.name) << c.text;
  }
}

TEST(Url, KnowsThisMachine) {
  for (const char* text :
       {"http://localhost", "http://LOCALHOST:1", "http://127.0.0.1", "http://127.255.0.9:80", "http://[::1]:8080"})
    EXPECT_TRUE(parse_url(text, "it").loopback()) << text;
  for (const char* text : {"http://localhost.example.com", "http://128.0.0.1", "http://10.0.0.1", "http://[::2]",
                           "http://127.evil", "http://example.com"})
    EXPECT_FALSE(parse_url(text, "it").loopback()) << text;
}

TEST(SameOrigin, ComparesSchemeHostAndEffectivePort) {
  struct {
    const char *a, *b;
    bool same;
  } const cases[] = {
      {"https://h", "https://H:443/x?y", true}, {"http://h:80", "http://h/", true},
      {"https://h", "http://h", false},         {"https://h", "http://h:443", false},
      {"https://h", "https://h:8443", false},   {"https://h", "https://h.evil", false},
      {"https://h", "https://www.h", false},    {"https://[::1]", "https://[::1]:443", true},
      {"https://h.", "https://h/x", true},      {"https://h:8443", "https://H.:8443", true},
      {"https://h.", "https://h.evil", false},  {"https://h.", "https://h.:8443", false},
      {"http://h.", "http://h", false},         {"http://h.", "http://h.", true},
  };
  for (const auto& c : cases)
    EXPECT_EQ(same_origin(parse_url(c.a, "a"), parse_url(c.b, "b")), c.same) << c.a << " " << c.b;
}

TEST(Url, HasAFinalDotInItsHostHeaderAndNotInItsCertificate) {
  Url url = parse_url("https://api.example.:8443/x", "it");
  EXPECT_EQ(url.host, "api.example.");
  EXPECT_EQ(url.authority(), "api.example.:8443");
  EXPECT_EQ(url.tls_name(), "api.example");
  EXPECT_EQ(parse_url("https://api.example", "it").tls_name(), "api.example");
}

TEST(Url, IsShownShortAndWithoutItsQuery) {
  EXPECT_EQ(parse_url("https://h:8443/a/b?signature=x", "it").shown(), "https://h:8443/a/b");
  const std::string much(100000, 'a');
  EXPECT_LT(parse_url("https://" + much + "/" + much, "it").shown().size(), 300u);
}

class ResolveUrl : public testing::Test {
 protected:
  std::string resolve(const char* reference) { return resolve_url(base_, reference, "Content-Location").text(); }
  Url base_ = parse_url("https://h:8443/api/v1/jobs/42?page=1", "base");
};

TEST_F(ResolveUrl, ReferencesOfEveryKind) {
  struct {
    const char *reference, *text;
  } const cases[] = {
      {"https://other/x", "https://other/x"},
      {"http://h/x", "http://h/x"},
      {"/data/42/a.ndjson", "https://h:8443/data/42/a.ndjson"},
      {"/data/42/a.ndjson?x=1#f", "https://h:8443/data/42/a.ndjson?x=1"},
      {"43", "https://h:8443/api/v1/jobs/43"},
      {"43/a?b", "https://h:8443/api/v1/jobs/43/a?b"},
      {"/api/v1/Patient/$export", "https://h:8443/api/v1/Patient/$export"},
      {"/a%2Fb+c%20d?e=%2B+$", "https://h:8443/a%2Fb+c%20d?e=%2B+$"},
      {"/", "https://h:8443/"},
      {"https://h/a|b", "https://h/a|b"},
  };
  for (const auto& c : cases) EXPECT_EQ(resolve(c.reference), c.text) << c.reference;
}

TEST_F(ResolveUrl, AReferenceWithItsOwnHostTakesOurScheme) {
  EXPECT_EQ(resolve("//other:99/x?y"), "https://other:99/x?y");
  EXPECT_EQ(resolve("//a-host-with-a-name-that-is-rather-long.example.com/data/42/a.ndjson"),
            "https://a-host-with-a-name-that-is-rather-long.example.com/data/42/a.ndjson");
}

TEST_F(ResolveUrl, RefusesAHostOrPortThatGoesOn) {
  for (const char* reference : {"https://h:8443.evil.test/x", "//h:8443.evil.test/x", "https://h:8443x/y"})
    EXPECT_EQ(error_of([&] { resolve(reference); }).status, Status::PROTOCOL) << reference;
}

// RFC 3986 section 5.2: a reference without a path keeps the path of the base, and dot segments are removed.
TEST_F(ResolveUrl, AQueryAloneKeepsThePath) { EXPECT_EQ(resolve("?page=2"), "https://h:8443/api/v1/jobs/42?page=2"); }
TEST_F(ResolveUrl, AFragmentAloneIsTheBaseItself) {
  EXPECT_EQ(resolve("#part"), "https://h:8443/api/v1/jobs/42?page=1");
}
TEST_F(ResolveUrl, DotSegmentsOfARelativePathAreTakenOut) {
  EXPECT_EQ(resolve("../../../data/42/a.ndjson"), "https://h:8443/data/42/a.ndjson");
}
// The examples of RFC 3986 section 5.4, without those that differ because an absolute path is kept byte for byte.
TEST_F(ResolveUrl, AgreesWithTheRfcsExamples) {
  base_ = parse_url("http://a/b/c/d;p?q", "base");
  struct {
    const char *reference, *text;
  } const cases[] = {
      {"g", "http://a/b/c/g"},
      {"./g", "http://a/b/c/g"},
      {"g/", "http://a/b/c/g/"},
      {"/g", "http://a/g"},
      {"//g", "http://g/"},
      {"?y", "http://a/b/c/d;p?y"},
      {"g?y", "http://a/b/c/g?y"},
      {"#s", "http://a/b/c/d;p?q"},
      {"g#s", "http://a/b/c/g"},
      {"g?y#s", "http://a/b/c/g?y"},
      {";x", "http://a/b/c/;x"},
      {"g;x", "http://a/b/c/g;x"},
      {"g;x?y#s", "http://a/b/c/g;x?y"},
      {".", "http://a/b/c/"},
      {"./", "http://a/b/c/"},
      {"..", "http://a/b/"},
      {"../", "http://a/b/"},
      {"../g", "http://a/b/g"},
      {"../..", "http://a/"},
      {"../../", "http://a/"},
      {"../../g", "http://a/g"},
      {"../../../g", "http://a/g"},
      {"../../../../g", "http://a/g"},
      {"g.", "http://a/b/c/g."},
      {".g", "http://a/b/c/.g"},
      {"g..", "http://a/b/c/g.."},
      {"..g", "http://a/b/c/..g"},
      {"./../g", "http://a/b/g"},
      {"./g/.", "http://a/b/c/g/"},
      {"g/./h", "http://a/b/c/g/h"},
      {"g/../h", "http://a/b/c/h"},
      {"g;x=1/./y", "http://a/b/c/g;x=1/y"},
      {"g;x=1/../y", "http://a/b/c/y"},
      {"g?y/./x", "http://a/b/c/g?y/./x"},
      {"g?y/../x", "http://a/b/c/g?y/../x"},
      {"g#s/../x", "http://a/b/c/g"},
      {"g//h", "http://a/b/c/g//h"},
  };
  for (const auto& c : cases) EXPECT_EQ(resolve(c.reference), c.text) << c.reference;
}

TEST_F(ResolveUrl, RefusesWhatTheServiceShouldNotSay) {
  for (const char* reference : {"",
                                "ftp://h/x",
                                "file:///etc/passwd",
                                "javascript:alert(1)",
                                "data:text/plain,x",
                                "https://u:p@h/x",
                                "//u@h/x",
                                "https:///x",
                                "https://",
                                "https://h:0/",
                                "https://h:65536/",
                                "//h:99999/",
                                "https://h/\r\nX: y",
                                "/a\nb",
                                "/a\tb",
                                "/a b",
                                "https://h/a b",
                                "a b",
                                "https://[::1",
                                "\\\\h\\x",
                                "/\xC3\xA9",
                                "/a\x80",
                                "a\xFF",
                                "?a=\xE2\x80\xAE",
                                "https://h/\x80",
                                "https://h\xC3\xA9/",
                                "/a[credentials removed]",
                                "///x"}) {
    SCOPED_TRACE(reference);
    Error error = error_of([&] { resolve(reference); });
    EXPECT_EQ(error.status, Status::PROTOCOL);
    EXPECT_TRUE(holds(error.message, "Content-Location"));
  }
  EXPECT_EQ(error_of([&] { resolve_url(base_, std::string_view("/a\0b", 4), "it"); }).status, Status::PROTOCOL);
}

}  // namespace
}  // namespace libbcda::http
