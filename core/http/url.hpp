// URLs. Their text is kept byte for byte, without normalization or re-encoding.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace libbcda::http {

struct Url {
  std::string scheme;  // "https" or "http", lower case
  std::string host;    // lower case; an IPv6 address without brackets
  std::uint16_t port = 0;
  std::string target;  // path and query, for the request line; starts with '/'

  std::string origin() const;     // "https://host" or "https://host:8443"
  std::string authority() const;  // for the Host header
  std::string text() const { return origin() + target; }
  // For logs. It has no query, because a query may be a credential.
  std::string without_query() const { return origin() + std::string(path()); }
  std::string_view path() const;      // target without its query
  std::string_view name() const;      // last segment of the path
  std::string shown() const;          // for messages: without the query, and shortened
  std::string_view tls_name() const;  // the host without the final dot of a fully qualified name
  bool tls() const { return scheme == "https"; }
  bool loopback() const;  // localhost, 127.0.0.0/8 or ::1
};

// Whether scheme, host and effective port are equal. With https, `host.` and `host` are equal, because a certificate
// has no final dot and so proves the same server for both. With http they differ, because the resolver may complete
// `host` to another name.
bool same_origin(const Url& a, const Url& b);

// Parses an absolute http or https URL. Refuses user information and drops a fragment. Error messages call the URL
// `what`: "the setting url", "Content-Location". Throws Error{INVALID_ARGUMENT}.
Url parse_url(std::string_view text, std::string_view what);

// Does the same for text from the network, which may also be relative to `base` (RFC 3986 section 5). Throws
// Error{PROTOCOL}.
Url resolve_url(const Url& base, std::string_view reference, std::string_view what);

}  // namespace libbcda::http
