// Proxies: the URL of one, the hosts that need none, and its answer to CONNECT.
#include "http/proxy.hpp"

#include "fuzz/target.hpp"

namespace libbcda::fuzz {
namespace {

void check_url(std::string_view text) {
  failure_of({Status::INVALID_ARGUMENT}, [&] {
    const http::Proxy proxy = http::parse_proxy(text, "the setting proxy");
    expect(!proxy.host.empty() && proxy.port != 0, "there is a host and a port");
    expect(proxy.shown().find('@') == std::string::npos, "no credentials are shown");
    const http::Url target = http::parse_url("https://api.test/a", "it");
    const SecretBytes request = http::connect_request(proxy, target);
    const auto lines = std::count(request.begin(), request.end(), '\n');
    expect(lines == (proxy.credentials.empty() ? 3 : 4), "credentials add no other line to the request");
  });
}

void check_no_proxy(std::string_view text) {
  const http::NoProxy rules(text);
  for (const char* url : {"https://api.test/", "https://10.1.2.3:8443/", "https://[fe80::1]/", "http://localhost/"})
    rules.covers(http::parse_url(url, "it"));
}

void check_answer(std::string_view answer) {
  const http::Proxy proxy = http::parse_proxy("http://user:pass-word-1@proxy.test:3128", "it");
  const http::Url target = http::parse_url("https://api.test/a", "it");
  const std::initializer_list<Status> allowed = {Status::AUTHENTICATION, Status::NETWORK, Status::PROTOCOL,
                                                 Status::LIMIT};
  bool is_open = false, is_open_by_pieces = false;
  http::ConnectAnswer whole(proxy, target), pieces(proxy, target);
  const auto failure = failure_of(allowed, [&] { is_open = whole.feed(answer); });
  const auto failure_in_pieces = failure_of(allowed, [&] {
    in_pieces(answer, [&](std::string_view piece) -> std::size_t {
      is_open_by_pieces = pieces.feed(piece);
      return is_open_by_pieces ? 0 : piece.size();
    });
  });
  // What follows the head in one piece with it is refused.
  if (is_open) expect(is_open_by_pieces, "pieces open the tunnel as the whole does");
  if (failure_in_pieces) expect(failure.has_value(), "the whole is refused as pieces are");
  for (const auto& error : {failure, failure_in_pieces})
    if (error) expect(error->message.find("pass-word-1") == std::string::npos, "a message shows no credentials");
}

}  // namespace

// The first line is the URL of a proxy, the second one NO_PROXY, and the rest an answer to CONNECT.
FUZZ_TARGET(proxy, input) {
  std::string_view rest = input;
  check_url(take_until(rest, "\n"));
  check_no_proxy(take_until(rest, "\n"));
  check_answer(rest);
}

}  // namespace libbcda::fuzz
