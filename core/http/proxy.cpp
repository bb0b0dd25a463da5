#include "http/proxy.hpp"

#include <algorithm>
#include <charconv>

#include "base/quote.hpp"
#include "base/words.hpp"
#include "http/form.hpp"
#include "http/redact.hpp"

namespace libbcda::http {
namespace {

constexpr std::size_t kLargestHead = 16 << 10;
constexpr std::size_t kMostSchemes = 8;
constexpr std::string_view kSeparators = ", \t\r\n";

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::string authority(const std::string& host, std::uint16_t port) {
  return (host.find(':') == host.npos ? host : "[" + host + "]") + ":" + std::to_string(port);
}

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc() || end != text.data() + text.size() || value < 0) return {};
  return value;
}

void append(SecretBytes& out, std::string_view text) { out.insert(out.end(), text.begin(), text.end()); }

Error unusable(const std::string& source, const std::string& why) {
  return {Status::INVALID_ARGUMENT, source + " does not name a usable proxy: " + why};
}

// The value of Proxy-Authorization for "user:password" of a URL (RFC 7617).
Secret basic(std::string_view userinfo, const std::string& source) {
  const std::size_t colon = std::min(userinfo.find(':'), userinfo.size());
  const auto user = percent_decode(userinfo.substr(0, colon));
  const auto password = percent_decode(userinfo.substr(std::min(colon + 1, userinfo.size())));
  if (!user || !password) throw unusable(source, "its user or password has a % without two hex digits; write %25");
  if (std::find(user->begin(), user->end(), ':') != user->end())
    throw unusable(source, "its user has a colon, which Basic authentication has no room for");
  SecretBytes pair = *user;
  pair.push_back(':');
  pair.insert(pair.end(), password->begin(), password->end());
  std::string encoded = to_base64(as_bytes({pair.data(), pair.size()}));
  SecretBytes value;
  append(value, "Basic ");
  append(value, encoded);
  wipe(encoded.data(), encoded.size());
  return Secret(std::move(value));
}

// Removes "http://". The text of another scheme is not shown unless it is a known word.
std::string_view without_scheme(std::string_view text, const std::string& source) {
  const std::size_t mark = text.find("://");
  if (mark == text.npos) return text;
  const std::string scheme = lower(text.substr(0, mark));
  if (scheme == "http") return text.substr(mark + 3);
  if (scheme == "https")
    throw unusable(source,
                   "TLS to the proxy itself is not supported; give it as http:// (the tunnel through it is "
                   "encrypted all the same)");
  if (scheme.starts_with("socks")) throw unusable(source, "SOCKS is not supported; give an HTTP proxy as http://");
  throw unusable(source, "it must begin with http://");
}

// An address without brackets, or nothing.
std::optional<asio::ip::address> as_address(std::string_view text) {
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  boost::system::error_code error;
  const auto address = asio::ip::make_address(std::string(text), error);
  if (error) return {};
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  return address;
}

Bytes bytes_of(const asio::ip::address& address) {
  if (address.is_v4()) {
    const auto bytes = address.to_v4().to_bytes();
    return {bytes.begin(), bytes.end()};
  }
  const auto bytes = address.to_v6().to_bytes();
  return {bytes.begin(), bytes.end()};
}

bool in_network(const asio::ip::address& address, const asio::ip::address& network, int prefix) {
  if (address.is_v4() != network.is_v4()) return false;
  const Bytes one = bytes_of(address), other = bytes_of(network);
  for (std::size_t i = 0; i < one.size() && prefix > 0; ++i, prefix -= 8) {
    const int bits = std::min(prefix, 8);
    if ((one[i] ^ other[i]) >> (8 - bits)) return false;
  }
  return true;
}

// The lines of a head, without their ends.
std::vector<std::string_view> lines_of(std::string_view head) {
  std::vector<std::string_view> lines;
  while (!head.empty()) {
    const std::size_t end = std::min(head.find('\n'), head.size());
    std::string_view line = head.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back(line);
    head.remove_prefix(std::min(end + 1, head.size()));
  }
  return lines;
}

// The size of the first head in `text`, with its blank line. 0: it is not whole yet.
std::size_t head_size(std::string_view text) {
  for (std::size_t at = text.find('\n'); at != text.npos; at = text.find('\n', at + 1)) {
    const std::string_view rest = text.substr(at + 1);
    if (rest.starts_with("\n")) return at + 2;
    if (rest.starts_with("\r\n")) return at + 3;
  }
  return 0;
}

// The status of "HTTP/1.1 200 Connection established". 0: it is no status line.
int status_of(std::string_view line) {
  constexpr std::string_view kVersion = "HTTP/1.";
  constexpr std::size_t kCode = kVersion.size() + 2;
  if (!line.starts_with(kVersion) || line.size() < kCode + 3 || line[kCode - 1] != ' ') return 0;
  if (line.size() > kCode + 3 && line[kCode + 3] != ' ') return 0;
  return number(line.substr(kCode, 3)).value_or(0);
}

// Splits a header at its commas, but not within quotes.
std::vector<std::string_view> items_of(std::string_view value) {
  std::vector<std::string_view> items;
  bool quoted = false;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= value.size(); ++i) {
    if (i < value.size() && value[i] == '\\' && quoted) {
      ++i;
    } else if (i < value.size() && value[i] == '"') {
      quoted = !quoted;
    } else if (i >= value.size() || (value[i] == ',' && !quoted)) {
      items.push_back(trimmed(value.substr(begin, std::min(i, value.size()) - begin)));
      begin = i + 1;
    }
  }
  return items;
}

// The scheme that an item of Proxy-Authenticate begins, or "" if it is a parameter of the scheme before it.
std::string_view scheme_of(std::string_view item) {
  const std::string_view word = item.substr(0, item.find_first_of(" \t"));
  const std::string_view rest = trimmed(item.substr(word.size()));
  const bool is_token = !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
    return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  });
  return is_token && !rest.starts_with('=') ? word : std::string_view();
}

}  // namespace

std::string Proxy::shown() const { return tidy(authority(host, port), 2 * kLongestName); }

Proxy parse_proxy(std::string_view text, const std::string& source) {
  text = trimmed(text);
  std::string_view rest = without_scheme(text, source);
  const std::size_t path = std::min(rest.find_first_of("/?#"), rest.size());
  if (rest.find('@', path) != rest.npos)
    throw unusable(source, "in its user name and password, / is written as %2F, ? as %3F and # as %23");
  rest = rest.substr(0, path);
  Proxy proxy;
  proxy.source = source;
  if (const std::size_t at = rest.rfind('@'); at != rest.npos) {
    if (at > 0) proxy.credentials = basic(rest.substr(0, at), source);
    rest.remove_prefix(at + 1);
  }
  const Url url = parse_url("http://" + std::string(rest), source);
  proxy.host = url.host;
  proxy.port = url.port;
  return proxy;
}

NoProxy::NoProxy(std::string_view text) {
  while (!text.empty()) {
    const std::size_t first = std::min(text.find_first_not_of(kSeparators), text.size());
    text.remove_prefix(first);
    const std::string_view one = text.substr(0, text.find_first_of(kSeparators));
    text.remove_prefix(one.size());
    if (one == "*") all_ = true;
    if (auto item = parse(one)) items_.push_back(*std::move(item));
  }
}

std::optional<NoProxy::Item> NoProxy::parse(std::string_view text) {
  Item item;
  if (const std::size_t slash = text.find('/'); slash != text.npos) {
    item.address = as_address(text.substr(0, slash));
    const auto prefix = number(text.substr(slash + 1));
    if (!item.address || !prefix || *prefix > (item.address->is_v4() ? 32 : 128)) return {};
    item.prefix = *prefix;
    return item;
  }
  item.address = as_address(text);
  if (const std::size_t colon = text.rfind(':'); !item.address && colon != text.npos) {
    const auto port = number(text.substr(colon + 1));
    if (!port || *port < 1 || *port > 65535) return {};
    item.port = static_cast<std::uint16_t>(*port);
    text = text.substr(0, colon);
    item.address = as_address(text);
  }
  if (item.address) {
    item.prefix = item.address->is_v4() ? 32 : 128;
    return item;
  }
  if (text.starts_with("*.")) text.remove_prefix(1);
  if (text.starts_with('.')) text.remove_prefix(1);
  if (text.ends_with('.')) text.remove_suffix(1);
  item.domain = lower(text);
  if (item.domain.empty() || item.domain.find('*') != item.domain.npos) return {};
  return item;
}

bool NoProxy::covers(const Url& url) const {
  if (all_) return true;
  const std::string_view host = url.tls_name();
  const auto address = as_address(host);
  return std::any_of(items_.begin(), items_.end(), [&](const Item& item) {
    if (item.port != 0 && item.port != url.port) return false;
    if (item.address) return address && in_network(*address, *item.address, item.prefix);
    if (!host.ends_with(item.domain)) return false;
    return host.size() == item.domain.size() || host[host.size() - item.domain.size() - 1] == '.';
  });
}

ProxyRules::Choice ProxyRules::read(const ProxyVariables::Variable& variable) {
  if (trimmed(variable.value.reveal()).empty()) return {};
  Choice choice;
  try {
    choice.proxy = parse_proxy(variable.value.reveal(), "the environment variable " + variable.name);
  } catch (Error& error) {
    error.message += "; the setting proxy replaces the variable";
    choice.error = error;
  }
  return choice;
}

ProxyRules::ProxyRules(const Secret& setting, const ProxyVariables& variables) {
  const std::string_view value = trimmed(setting.reveal());
  if (value == "none") return;
  if (!value.empty()) {
    for_all_ = parse_proxy(value, "the setting proxy");
    return;
  }
  for_https_ = read(variables.https);
  for_http_ = read(variables.http);
  no_proxy_ = NoProxy(variables.no_proxy);
}

const Proxy* ProxyRules::find(const Url& url) const {
  if (for_all_) return &*for_all_;
  const Choice& choice = url.tls() ? for_https_ : for_http_;
  if (!choice.proxy && !choice.error) return nullptr;
  if (url.loopback() || no_proxy_.covers(url)) return nullptr;
  if (choice.error) throw *choice.error;
  return &*choice.proxy;
}

SecretBytes connect_request(const Proxy& proxy, const Url& target) {
  const std::string host = authority(target.host, target.port);
  SecretBytes text;
  append(text, "CONNECT " + host + " HTTP/1.1\r\nHost: " + host + "\r\n");
  if (!proxy.credentials.empty()) {
    append(text, "Proxy-Authorization: ");
    append(text, proxy.credentials.reveal());
    append(text, "\r\n");
  }
  append(text, "\r\n");
  return text;
}

bool ConnectAnswer::feed(std::string_view bytes) {
  received_ += bytes.size();
  text_ += bytes;
  while (const std::size_t size = head_size(text_)) {
    const bool is_open = take_head(std::string_view(text_).substr(0, size));
    text_.erase(0, size);
    if (!is_open) continue;
    if (text_.empty()) return true;
    throw Error(Status::PROTOCOL, "the proxy " + proxy_.shown() + " sent bytes of its own into the tunnel");
  }
  if (received_ > kLargestHead)
    throw Error(Status::LIMIT, "the proxy " + proxy_.shown() + " answered CONNECT with a head of more than " +
                                   std::to_string(kLargestHead) + " bytes");
  constexpr std::string_view kHttp = "HTTP/";
  if (!kHttp.starts_with(std::string_view(text_).substr(0, kHttp.size())))
    throw Error(Status::PROTOCOL,
                proxy_.shown() + " did not answer CONNECT in HTTP, so it is no HTTP proxy; check " + proxy_.source);
  return false;
}

// Returns false for an interim answer.
bool ConnectAnswer::take_head(std::string_view head) const {
  const int status = status_of(lines_of(head).front());
  if (status >= 100 && status < 200) return false;
  if (status >= 200 && status < 300) return true;
  throw refusal(status, head);
}

Error ConnectAnswer::refusal(int status, std::string_view head) const {
  if (status == 407) return no_access(head);
  const std::string what = "the proxy " + proxy_.shown() + " (" + proxy_.source + ") answered the request for a " +
                           "tunnel to " + tidy(authority(target_.host, target_.port), 2 * kLongestName);
  if (status == 0) return {Status::PROTOCOL, what + " with something that is not HTTP"};
  const bool is_passing = status >= 500 || status == 429 || status == 408;
  std::string text = what + " with HTTP " + std::to_string(status);
  if (!is_passing) text += "; it may not allow this host or this port";
  return std::move(Error(Status::NETWORK, text).may_retry(is_passing));
}

Error ConnectAnswer::no_access(std::string_view head) const {
  std::string schemes = offered_schemes(head);
  const bool takes_basic = (", " + lower(schemes) + ",").find(", basic,") != std::string::npos;
  const std::string what = "the proxy " + proxy_.shown() + " (" + proxy_.source + ")";
  if (!schemes.empty() && !takes_basic) {
    Request secret;
    secret.headers = {{"Proxy-Authorization", std::string(proxy_.credentials.reveal())}};
    Redactor(secret).clean(schemes);
    return {Status::AUTHENTICATION, what + " wants credentials of another scheme than Basic (HTTP 407): it offers " +
                                        tidy(schemes, 2 * kLongestName) + "; only Basic is supported"};
  }
  if (!proxy_.credentials.empty())
    return {Status::AUTHENTICATION, what +
                                        " refused its user and password (HTTP 407); check them in its URL, in the "
                                        "environment or a file, and write @, : and % in them as "
                                        "%40, %3A and %25"};
  return {Status::AUTHENTICATION,
          what +
              " wants a user and a password (HTTP 407); give them in its URL, in the environment or a file: "
              "http://USER:PASSWORD@HOST:PORT"};
}

std::string offered_schemes(std::string_view head) {
  constexpr std::string_view kName = "Proxy-Authenticate";
  std::vector<std::string_view> schemes;
  for (const std::string_view line : lines_of(head)) {
    const std::size_t colon = line.find(':');
    if (colon == line.npos || !equal_names(line.substr(0, colon), kName)) continue;
    for (const std::string_view item : items_of(line.substr(colon + 1)))
      if (const std::string_view scheme = scheme_of(item); !scheme.empty() && schemes.size() < kMostSchemes)
        schemes.push_back(scheme);
  }
  std::string text;
  for (const std::string_view scheme : schemes) text += (text.empty() ? "" : ", ") + std::string(scheme);
  return text;
}

}  // namespace libbcda::http
