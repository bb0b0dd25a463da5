#include "http/url.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <vector>

#include "base/error.hpp"
#include "base/quote.hpp"
#include "base/words.hpp"

namespace libbcda::http {
namespace {

std::uint16_t default_port(std::string_view scheme) { return scheme == "https" ? 443 : 80; }

bool all_of(std::string_view text, std::string_view extra) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           extra.find(c) != std::string_view::npos;
  });
}

// Parses "host", "host:port" or "[v6]:port". Returns what is wrong with it, or nullptr.
const char* read_authority(std::string_view text, Url& url) {
  if (text.find('@') != std::string_view::npos) return "it contains a user name or password";
  std::string_view host, port;
  if (text.starts_with('[')) {
    std::size_t close = text.find(']');
    if (close == std::string_view::npos) return "its host is malformed";
    host = text.substr(1, close - 1);
    port = text.substr(close + 1);
    if (host.find(':') == std::string_view::npos || !all_of(host, ":.")) return "its host is malformed";
  } else {
    host = text.substr(0, text.find(':'));
    port = text.substr(host.size());
    if (!all_of(host, "-._~")) return "its host is malformed";
  }
  if (host.empty() || host == ".") return "it names no host";
  if (host.starts_with('.') || host.find("..") != std::string_view::npos) return "its host has an empty label";
  url.host = lower(host);
  url.port = default_port(url.scheme);
  if (port.empty() || port == ":") return nullptr;
  auto [end, ec] = std::from_chars(port.data() + 1, port.data() + port.size(), url.port);
  bool good = port[0] == ':' && ec == std::errc() && end == port.data() + port.size() && url.port != 0;
  return good ? nullptr : "its port is not a number from 1 to 65535";
}

// Parses an absolute URL. Returns what is wrong with it, or nullptr.
const char* read_absolute(std::string_view text, Url& url) {
  std::size_t colon = text.find("://");
  url.scheme = lower(text.substr(0, colon == std::string_view::npos ? 0 : colon));
  if (url.scheme != "https" && url.scheme != "http") return "it must begin with https:// (or http:// on this machine)";
  if (std::any_of(text.begin(), text.end(), [](char c) { return c <= ' ' || c > '~' || std::strchr("\"<>\\^`", c); }))
    return "it contains a character that is not allowed in a URL";
  text.remove_prefix(colon + 3);
  std::size_t end = std::min(text.find_first_of("/?#"), text.size());
  if (const char* why = read_authority(text.substr(0, end), url)) return why;
  text.remove_prefix(end);
  text = text.substr(0, text.find('#'));
  url.target = (text.starts_with('/') ? "" : "/") + std::string(text);
  return nullptr;
}

Url read(std::string_view text, std::string_view what, Status status) {
  Url url;
  if (const char* why = read_absolute(text, url))
    throw Error(status, std::string(what) + " is not a usable URL: " + why);
  return url;
}

bool has_scheme(std::string_view text) {
  std::size_t colon = text.find(':');
  return colon != std::string_view::npos && colon > 0 && all_of(text.substr(0, colon), "+-.");
}

// RFC 3986 section 5.2.4, for a path that begins with '/'.
std::string without_dots(std::string_view path) {
  std::vector<std::string_view> kept;
  bool directory = false;
  while (!path.empty()) {
    path.remove_prefix(1);
    std::string_view segment = path.substr(0, path.find('/'));
    path.remove_prefix(segment.size());
    directory = segment == "." || segment == "..";
    if (segment == ".." && !kept.empty()) kept.pop_back();
    if (!directory) kept.push_back(segment);
  }
  std::string out;
  for (std::string_view segment : kept) out += "/" + std::string(segment);
  return directory || out.empty() ? out + "/" : out;
}

}  // namespace

std::string Url::authority() const {
  std::string text = host.find(':') != std::string::npos ? "[" + host + "]" : host;
  if (port != default_port(scheme)) text += ":" + std::to_string(port);
  return text;
}

std::string Url::origin() const { return scheme + "://" + authority(); }

std::string_view Url::path() const { return std::string_view(target).substr(0, target.find('?')); }

std::string Url::shown() const { return tidy(origin(), 2 * kLongestName) + tidy(path()); }

std::string_view Url::tls_name() const {
  std::string_view name = host;
  if (name.ends_with('.')) name.remove_suffix(1);
  return name;
}

std::string_view Url::name() const { return path().substr(path().rfind('/') + 1); }

bool Url::loopback() const {
  return host == "localhost" || host == "::1" ||
         (host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string::npos);
}

bool same_origin(const Url& a, const Url& b) {
  return a.scheme == b.scheme && a.port == b.port && (a.tls() ? a.tls_name() == b.tls_name() : a.host == b.host);
}

Url parse_url(std::string_view text, std::string_view what) { return read(text, what, Status::INVALID_ARGUMENT); }

Url resolve_url(const Url& base, std::string_view reference, std::string_view what) {
  if (reference.empty()) throw Error(Status::PROTOCOL, std::string(what) + " from the service is missing");
  if (has_scheme(reference)) return read(reference, what, Status::PROTOCOL);
  if (reference.starts_with("//")) return read(base.scheme + ":" + std::string(reference), what, Status::PROTOCOL);
  if (reference.starts_with('/')) return read(base.origin() + std::string(reference), what, Status::PROTOCOL);
  if (reference.starts_with('#')) return base;
  if (reference.starts_with('?'))
    return read(base.origin() + std::string(base.path()) + std::string(reference), what, Status::PROTOCOL);
  std::string_view path = reference.substr(0, reference.find_first_of("?#"));
  std::string_view directory = base.path().substr(0, base.path().rfind('/') + 1);
  std::string merged =
      without_dots(std::string(directory) + std::string(path)) + std::string(reference.substr(path.size()));
  return read(base.origin() + merged, what, Status::PROTOCOL);
}

}  // namespace libbcda::http
