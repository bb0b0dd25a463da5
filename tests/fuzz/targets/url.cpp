// URLs, absolute and relative.
#include "http/url.hpp"

#include "fuzz/target.hpp"
#include "http/request_text.hpp"

namespace libbcda::fuzz {
namespace {

bool equal(const http::Url& a, const http::Url& b) {
  return a.scheme == b.scheme && a.host == b.host && a.port == b.port && a.target == b.target;
}

void check(const http::Url& url) {
  expect(url.scheme == "https" || url.scheme == "http", "the scheme is one of HTTP");
  expect(!url.host.empty() && url.port != 0, "there is a host and a port");
  expect(url.target.starts_with('/'), "the target starts with a slash");
  expect(url.text().find_first_of(" \t\r\n\\@\"", 0) == std::string::npos || url.host.find('@') == std::string::npos,
         "there is no user name");
  expect(url.without_query().find('?') == std::string::npos, "the text without a query has none");
  expect(is_clean(url.shown()), "it may be shown");
  const http::Url again = http::parse_url(url.text(), "it");
  expect(equal(url, again), "it is the same when it is written and read: " + url.text());
  expect(http::same_origin(url, again), "it is of its own origin");
  expect(equal(url, http::resolve_url(again, url.text(), "it")), "it is the same when it is resolved");

  http::Request request;
  request.url = url;
  failure_of({Status::PROTOCOL}, [&] {  // a host or a path may be too long to send
    const std::string text = http::request_text(request, "test");
    const auto lines = std::count(text.begin(), text.end(), '\n');
    expect(lines == 4, "it adds no line to a request");
    expect(text.starts_with("GET " + url.target + " HTTP/1.1\r\n"), "it is all of the request line");
  });
}

}  // namespace

// The first line is an absolute URL, and the others are resolved against it.
FUZZ_TARGET(url, input) {
  std::string_view rest = input;
  http::Url base = http::parse_url("https://api.test/api/v3/jobs/42?a=b", "base");
  failure_of({Status::INVALID_ARGUMENT}, [&] {
    base = http::parse_url(take_until(rest, "\n"), "the setting url");
    check(base);
  });
  while (!rest.empty())
    failure_of({Status::PROTOCOL}, [&] {
      const std::string_view reference = take_until(rest, "\n");
      const http::Url url = http::resolve_url(base, reference, "Content-Location");
      check(url);
      if (reference.starts_with('/') && !reference.starts_with("//"))
        expect(http::same_origin(url, base), "a path stays on its origin");
    });
}

}  // namespace libbcda::fuzz
