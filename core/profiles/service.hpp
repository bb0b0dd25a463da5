// The service that the settings name: where it is, and what is known about it.
#pragma once
#include <string>

#include "http/url.hpp"
#include "profiles/profile.hpp"
#include "settings/settings.hpp"

namespace libbcda {

struct Service {
  http::Url origin;  // its target is "/"
  Profile profile;
  std::string base;  // path of the FHIR base, without a final slash: "/api/v3"

  // A URL of the service. `path` follows the FHIR base.
  http::Url at(std::string_view path) const;
  // A URL of a field such as token_url: its path starts at the origin ("/auth/token") or at the FHIR base
  // ("Token/auth").
  http::Url at_origin_or_base(const std::string& path) const;
};

// Reads `url`, `profile` and `profile_file`. With profile=auto the URL decides: known hosts, a path that a version of
// BCDA has, or any other FHIR base (generic). Another host without a FHIR base, or with /api/v1, means bcda-2019 if a
// private key or allow_plaintext is set, since both concern encrypted files only. A bare origin else means bcda-v3.
// With a signing key, another host is generic. Throws Error{INVALID_ARGUMENT, FILESYSTEM}.
Service find_service(const Settings& settings);

// A URL that a setting holds. http:// needs a loopback host or allow_http. Throws Error{INVALID_ARGUMENT}.
http::Url read_url(const std::string& text, const std::string& setting, bool allow_http);

}  // namespace libbcda
