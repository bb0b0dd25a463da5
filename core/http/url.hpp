// URLs, kept byte for byte as they came: nothing is normalized or re-encoded.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace libbcda::http {

struct Url {
  std::string scheme;  // "https" or "http", lower case
  std::string host;    // lower case; an IPv6 address without brackets
  std::uint16_t port = 0;
  std::string target;  // path and query, starts with '/'; what goes into the request line

  std::string origin() const;     // "https://host" or "https://host:8443"
  std::string authority() const;  // for the Host header
  std::string text() const { return origin() + target; }
  std::string without_query() const { return origin() + std::string(path()); }  // for logs: a query may be a credential
  std::string_view path() const;                                                // target without its query
  std::string_view name() const;                                                // last segment of the path
  std::string shown() const;          // for messages: without the query, short whatever the service sent
  std::string_view tls_name() const;  // the host without the final dot of a fully qualified name
  bool tls() const { return scheme == "https"; }
  bool loopback() const;  // localhost, 127.0.0.0/8 or ::1
};

// Scheme, host and effective port. With https `host.` is `host`: a certificate has no final dot, so it proves the same
// server under both. With http only the name itself counts, because the resolver may complete `host` to another name.
bool same_origin(const Url& a, const Url& b);

// An absolute http or https URL. User information is refused, a fragment dropped.
// `what` names it in the error: "the setting url", "Content-Location". Throws Error{INVALID_ARGUMENT}.
Url parse_url(std::string_view text, std::string_view what);

// The same for text from the network, which may also be relative to `base` (RFC 3986 section 5). Throws
// Error{PROTOCOL}.
Url resolve_url(const Url& base, std::string_view reference, std::string_view what);

}  // namespace libbcda::http
