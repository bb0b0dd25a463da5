// HTTP proxies: which requests go through one, and the CONNECT tunnel through it (RFC 9110 section 9.3.6).
#pragma once
#include <boost/asio/ip/address.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/task.hpp"
#include "http/url.hpp"

namespace libbcda::http {

struct Proxy {
  std::string host;  // an IPv6 address has no brackets
  std::uint16_t port = 0;
  Secret credentials;  // the value of Proxy-Authorization; empty: none
  std::string source;  // what names the proxy: "the setting proxy", "the environment variable HTTPS_PROXY"

  std::string shown() const;  // "host:port", without credentials
};

// Parses "http://user:password@host:port" or "host:port". Escapes (%40) in user and password are decoded. Throws
// Error{INVALID_ARGUMENT}; the message never shows the value.
Proxy parse_proxy(std::string_view text, const std::string& source);

// The hosts of NO_PROXY: items between commas or blanks. An item is `*`, a host or domain (`example.com`,
// `.example.com` and `*.example.com` all mean the host and what is below it), an address, or a network (`10.0.0.0/8`). A
// port may follow a host or an address; then only that port is meant. What is none of these means nothing.
class NoProxy {
 public:
  NoProxy() = default;
  explicit NoProxy(std::string_view text);
  bool covers(const Url& url) const;

 private:
  struct Item {
    std::string domain;  // lower case, without dots at its ends
    std::optional<asio::ip::address> address;
    int prefix = 0;          // of a network: the bits that count
    std::uint16_t port = 0;  // 0: any
  };
  static std::optional<Item> parse(std::string_view text);

  bool all_ = false;
  std::vector<Item> items_;
};

// The values of the environment variables. Their names are kept for messages.
struct ProxyVariables {
  struct Variable {
    std::string name;
    Secret value;
  };
  Variable https, http;
  std::string no_proxy;
};

// Chooses the proxy of a request. Immutable.
class ProxyRules {
 public:
  ProxyRules() = default;  // no proxy
  // `setting`: a proxy for every request; "none": no proxy; "": what the environment says. The environment's proxies are
  // not for this machine itself (loopback) and not for the hosts of NO_PROXY. Throws Error{INVALID_ARGUMENT} for a
  // setting that cannot be used.
  ProxyRules(const Secret& setting, const ProxyVariables& variables);

  // Null: none. Throws Error{INVALID_ARGUMENT} if the environment's value cannot be used.
  const Proxy* find(const Url& url) const;

 private:
  struct Choice {
    std::optional<Proxy> proxy;
    std::optional<Error> error;  // why the variable's value cannot be used
  };
  static Choice read(const ProxyVariables::Variable& variable);

  std::optional<Proxy> for_all_;
  Choice for_https_, for_http_;
  NoProxy no_proxy_;
};

// The head of the request for a tunnel to the host and port of `target`. It holds the proxy's credentials and nothing
// of the request that follows in the tunnel.
SecretBytes connect_request(const Proxy& proxy, const Url& target);

// A proxy's answer to CONNECT, while it arrives.
class ConnectAnswer {
 public:
  ConnectAnswer(const Proxy& proxy, const Url& target) : proxy_(proxy), target_(target) {}
  // Returns true when the tunnel is open. Throws Error{AUTHENTICATION} for 407, Error{NETWORK} for another refusal,
  // Error{PROTOCOL, LIMIT} for an answer that is none.
  bool feed(std::string_view bytes);

 private:
  bool take_head(std::string_view head) const;
  Error refusal(int status, std::string_view head) const;
  Error no_access(std::string_view head) const;

  const Proxy& proxy_;
  const Url& target_;
  std::string text_;
  std::size_t received_ = 0;
};

// The schemes that the challenges of a head offer, such as "Digest, Negotiate". "" if there is none.
std::string offered_schemes(std::string_view head);

}  // namespace libbcda::http
