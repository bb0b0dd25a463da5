// The manifest of a finished job (Bulk Data IG, "Response - Complete Status"; BCDA guide, job status).
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/quote.hpp"
#include "http/url.hpp"

namespace libbcda::bulk {

// One file of `output` or `error`.
struct Entry {
  std::string type;  // as the server says; hostile text
  http::Url url;
  std::string name;           // last segment of the URL: the OAEP label; hostile text
  std::string encrypted_key;  // hex of the wrapped key; "": the file is plain
  bool is_error = false;      // from `error`: OperationOutcomes

  std::string shown() const { return tidy(name); }  // the name as messages show it
};

struct Manifest {
  std::string transaction_time;  // RFC 3339, as the server wrote it
  std::string request;
  bool requires_access_token = true;
  std::vector<Entry> entries;  // `output` first, then `error`
  std::string text;            // the JSON as received, on one line
};

// Reads a manifest received from `base` (relative URLs are resolved against it). A key comes from the entry's
// `encryptedKey`, else from `KeyMap` under the file's name; when both are there and differ, that is an error.
// Throws Error{PROTOCOL} or, with more than `max_files` files, Error{LIMIT}.
Manifest parse_manifest(std::string_view text, const http::Url& base, std::size_t max_files = 1'000'000);

// Several manifests in one text that a caller gives, as `bcda manifest` prints them; a byte order mark, or UTF-16 with one,
// is taken too. Throws Error{INVALID_ARGUMENT}.
std::vector<Manifest> parse_manifests(std::string_view text, const http::Url& base);

// The files that `after` lists beyond those of `before`, two answers of one job: in one race of the 2019 service `output`
// grows after the first 200. A file is its name together with its wrapped key, or its name alone when it has none. URLs
// say nothing, because a signature in them changes with each answer, and neither does order. Throws Error{PROTOCOL} when
// `after` lacks a file of `before`, or has another one under its name: those are two states of the job.
std::vector<Entry> grown_entries(const Manifest& before, const Manifest& after);

// The same service under its own origin: behind a proxy that ends TLS the 2019 service writes http:// URLs of its host.
http::Url on_service_origin(http::Url url, const http::Url& service);

}  // namespace libbcda::bulk
