#include "http/url.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url.hpp>

#include <algorithm>
#include <charconv>

#include "base/error.hpp"

namespace libbcda::http {
namespace {

std::uint16_t default_port(std::string_view scheme) { return scheme == "https" ? 443 : 80; }

Url convert(boost::urls::url_view view, std::string_view what, Status status) {
  auto fail = [&](const char* why) -> Error {
    return {status, std::string(what) + " is not a usable URL: " + why};
  };
  Url url;
  url.scheme = std::string(view.scheme());
  std::transform(url.scheme.begin(), url.scheme.end(), url.scheme.begin(), [](char c) { return c | 0x20; });
  if (url.scheme != "https" && url.scheme != "http") throw fail("it must begin with https:// (or http:// on this machine)");
  if (view.has_userinfo()) throw fail("it holds a user name or password");
  url.host = std::string(view.host_address());
  std::transform(url.host.begin(), url.host.end(), url.host.begin(),
                 [](unsigned char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : static_cast<char>(c); });
  if (url.host.empty()) throw fail("it names no host");
  if (url.host.find_first_of(std::string_view("\0 \r\n\t/", 6)) != std::string::npos) throw fail("its host is malformed");
  url.port = default_port(url.scheme);
  if (std::string_view digits = view.port(); !digits.empty()) {
    auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), url.port);
    if (ec != std::errc() || end != digits.data() + digits.size() || url.port == 0)
      throw fail("its port is not a number from 1 to 65535");
  }
  url.target = std::string(view.encoded_path());
  if (url.target.empty()) url.target = "/";
  if (view.has_query()) url.target += "?" + std::string(view.encoded_query());
  return url;
}

// Characters that servers do put into URLs although RFC 3986 has no room for them raw.
std::string encode_stray(std::string_view text) {
  std::string out;
  for (char c : text) out += c == '|' ? "%7C" : c == ' ' ? "%20" : std::string(1, c);
  return out;
}

}  // namespace

std::string Url::authority() const {
  std::string text = host.find(':') != std::string::npos ? "[" + host + "]" : host;
  if (port != default_port(scheme)) text += ":" + std::to_string(port);
  return text;
}

std::string Url::origin() const { return scheme + "://" + authority(); }

std::string_view Url::path() const { return std::string_view(target).substr(0, target.find('?')); }

std::string_view Url::name() const { return path().substr(path().rfind('/') + 1); }

bool Url::loopback() const {
  return host == "localhost" || host == "::1" ||
         (host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string::npos);
}

bool same_origin(const Url& a, const Url& b) { return a.scheme == b.scheme && a.host == b.host && a.port == b.port; }

Url parse_url(std::string_view text, std::string_view what) {
  auto parsed = boost::urls::parse_uri(text);
  if (!parsed)
    throw Error(Status::INVALID_ARGUMENT, std::string(what) + " is not a URL such as https://api.bcda.cms.gov: " + std::string(text));
  return convert(*parsed, what, Status::INVALID_ARGUMENT);
}

Url resolve_url(const Url& base, std::string_view reference, std::string_view what) {
  std::string text = encode_stray(reference);
  auto parsed = boost::urls::parse_uri_reference(text);
  if (!parsed || text.empty()) throw Error(Status::PROTOCOL, std::string(what) + " from the service is not a URL");
  if (parsed->has_scheme()) return convert(*parsed, what, Status::PROTOCOL);
  if (parsed->has_authority()) {  // "//host/path"
    auto absolute = boost::urls::parse_uri(base.scheme + ":" + text);
    return convert(absolute.value(), what, Status::PROTOCOL);
  }
  Url url = base;
  std::string path(parsed->encoded_path());
  if (!path.starts_with('/')) {
    std::string_view dir = base.path();
    path = std::string(dir.substr(0, dir.rfind('/') + 1)) + path;
  }
  url.target = path;
  if (parsed->has_query()) url.target += "?" + std::string(parsed->encoded_query());
  return url;
}

}  // namespace libbcda::http
