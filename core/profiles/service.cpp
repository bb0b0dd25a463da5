#include "profiles/service.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/quote.hpp"
#include "files/file.hpp"

namespace libbcda {
namespace {

constexpr std::size_t kLargestProfile = 1 << 20;

bool has_host(const Profile& row, const std::string& host) {
  return std::find(row.hosts.begin(), row.hosts.end(), host) != row.hosts.end();
}

// The path of a URL without its final slashes: "" for an origin.
std::string base_of(const http::Url& url) {
  std::string path(url.path());
  while (path.ends_with('/')) path.pop_back();
  return path;
}

// The row of a known host that has this base.
const Profile* row_of_base(const http::Url& url, const std::string& base) {
  for (const Profile& row : profiles())
    if (has_host(row, std::string(url.tls_name())) && row.base_path == base) return &row;
  return nullptr;
}

// The row of a known host: the one with that base, or the first one for an origin.
const Profile* row_of_host(const http::Url& url, const std::string& base) {
  const std::string host(url.tls_name());
  const Profile* first = nullptr;
  for (const Profile& row : profiles()) {
    if (!has_host(row, host)) continue;
    if (row.base_path == base) return &row;
    if (!first) first = &row;
  }
  if (first && !base.empty())
    throw Error(Status::INVALID_ARGUMENT, "the setting url: " + host + " is not known to have the FHIR base " +
                                              quote(base) + "; give the origin alone, or the setting profile too");
  return first;
}

const Profile& choose(const Settings& settings, const http::Url& url, const std::string& base) {
  if (const Profile* row = row_of_host(url, base)) return *row;
  const bool concerns_encryption =
      settings.has("private_key") || settings.has("private_key_pem") || settings.boolean("allow_plaintext");
  const Profile& encrypted = *find_profile("bcda-2019");
  if (concerns_encryption && (base.empty() || base == encrypted.base_path)) return encrypted;
  // BCDA has no login with a signing key, so it is another server.
  if (settings.has("signing_key") || settings.has("signing_key_text")) return *find_profile("generic");
  if (base.empty()) return *find_profile("bcda-v3");
  for (const char* name : {"bcda-v1", "bcda-v2", "bcda-v3"})
    if (const Profile* row = find_profile(name); row->base_path == base) return *row;
  return *find_profile("generic");
}

}  // namespace

http::Url read_url(const std::string& text, const std::string& setting, bool allow_http) {
  if (text.empty())
    throw Error(Status::INVALID_ARGUMENT, "the setting " + setting +
                                              " is missing; give the service's origin, such as "
                                              "https://api.bcda.cms.gov, or its FHIR base");
  http::Url url = http::parse_url(text, "the setting " + setting);
  if (!url.tls() && !url.loopback() && !allow_http)
    throw Error(Status::INVALID_ARGUMENT, "the setting " + setting + ": " + url.origin() +
                                              " is not encrypted; use https://, or set allow_http if you must");
  return url;
}

http::Url Service::at(std::string_view path) const {
  http::Url url = origin;
  url.target = base + std::string(path);
  return url;
}

http::Url Service::at_origin_or_base(const std::string& path) const {
  http::Url url = at("/" + path);
  if (path.starts_with('/')) url.target = path;
  return url;
}

Service find_service(const Settings& settings) {
  http::Url url = read_url(settings.text("url"), "url", settings.boolean("allow_http"));
  if (url.target.find('?') != std::string::npos)
    throw Error(Status::INVALID_ARGUMENT, "the setting url takes an origin or a FHIR base, without a query");
  Service service;
  service.base = base_of(url);
  service.origin = url;
  service.origin.target = "/";
  const std::string name = settings.text("profile");
  service.profile = name == "auto" ? choose(settings, url, service.base) : *find_profile(name);
  const Profile* row =
      has_host(service.profile, std::string(url.tls_name())) ? row_of_base(url, service.base) : nullptr;
  if (row && row->name != service.profile.name)
    throw Error(Status::INVALID_ARGUMENT, "the setting url, " + tidy(url.text(), 200) + ", is of the profile " +
                                              row->name + ", but the setting profile is " + service.profile.name +
                                              "; give the origin alone, or the other profile");
  if (const std::string path = settings.text("profile_file"); !path.empty()) {
    const std::string text = files::read_file(path, kLargestProfile, "the setting profile_file");
    override_profile(service.profile, text, "the setting profile_file: " + path);
  }
  if (service.base.empty()) service.base = service.profile.base_path;
  return service;
}

}  // namespace libbcda
