// The manifest of a finished job (Bulk Data IG, "Response - Complete Status"; BCDA guide, job status).
#pragma once
#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_items.hpp"
#include "base/quote.hpp"
#include "bulk/file_kind.hpp"
#include "files/spool.hpp"
#include "http/url.hpp"

namespace libbcda::bulk {

// One file that a manifest lists.
struct Entry {
  FileKind kind = FileKind::data;
  std::string type;  // as the server says; hostile text
  http::Url url;
  std::string name;           // last segment of the URL: the OAEP label; hostile text
  std::string encrypted_key;  // hex of the wrapped key; "": the file is plain
  // What the server says about the plaintext (AB2D and DPC: extensions `checksum` and `file_length`; IG: `count`).
  std::string sha256;                  // in lowercase hex; "": unknown
  std::optional<std::int64_t> length;  // bytes
  std::optional<std::int64_t> count;   // resources
  // What the manifest says.
  std::string transaction_time;
  bool shares_name = false;  // it lists another file with the same identity, see Manifest::identity

  std::string shown() const { return tidy(name); }  // the name as messages show it
};

// A manifest may list hundreds of thousands of files, with more than a kilobyte of JSON for each. So its text is in a
// spool, and memory has only the places of its entries. Thread-safe.
class Manifest {
 public:
  std::string transaction_time;  // RFC 3339, as the server wrote it
  std::string request;
  bool requires_access_token = true;
  bool has_signed_urls = false;   // URLs of files have a query, which may be a credential
  bool has_output = false;        // the member `output` is there
  std::string organized_by;       // outputOrganizedBy; "": each file has one resource type
  std::optional<http::Url> next;  // the next page (IG 3.0, partial manifests)

  const http::Url& base() const { return base_; }  // where it came from
  std::size_t size() const;                        // files
  std::size_t count(FileKind kind) const { return places_[static_cast<std::size_t>(kind)].size(); }
  // The file `number`, from 0: first the data, then the errors, then the deletions. May wait for the disk. Throws
  // Error{FILESYSTEM}.
  Entry entry(std::size_t number) const;
  // The same for equal entries: of the name and the wrapped key, or of the name alone if there is no key. URLs are left
  // out, because a signature in them changes with each answer.
  std::uint64_t identity(std::size_t number) const { return find(number).second->identity; }
  // The JSON as received, on one line. May wait for the disk.
  std::string text() const;
  // Hands out the JSON as received, in pieces. May wait for the disk.
  void each_piece(const std::function<void(std::string_view)>& take) const;
  std::size_t bytes() const { return spool_.size(); }  // of the JSON

 private:
  friend class ManifestReader;
  struct Place {
    JsonItems::Place entry, key;  // `key`: in KeyMap, if the entry has none of its own
    std::uint64_t identity = 0;
    bool shares_identity = false;  // with another place
  };

  explicit Manifest(http::Url base, files::Spool spool) : base_(std::move(base)), spool_(std::move(spool)) {}
  // The list of a file and its place there.
  std::pair<FileKind, const Place*> find(std::size_t number) const;
  json::value value(const JsonItems::Place& range) const;

  http::Url base_;
  files::Spool spool_;
  std::array<std::deque<Place>, 3> places_;  // by FileKind
};

// Reads a manifest as it arrives from `base` (relative URLs are resolved against it). A key comes from the entry's
// `encryptedKey`, else from `KeyMap` under the file's name; when both are there and differ, that is an error. Its
// functions throw Error{PROTOCOL}, Error{FILESYSTEM} of the spool or, with more than `max_files` files, Error{LIMIT}.
class ManifestReader {
 public:
  explicit ManifestReader(const http::Url& base, files::Spool spool = files::Spool(),
                          std::size_t max_files = 1'000'000);
  ~ManifestReader();

  // Returns how many of the bytes belong to the manifest: less than all once it has ended.
  std::size_t feed(std::string_view bytes);
  std::shared_ptr<const Manifest> finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The same for a text that is at hand.
std::shared_ptr<const Manifest> parse_manifest(std::string_view text, const http::Url& base,
                                               std::size_t max_files = 1'000'000);

using Manifests = std::vector<std::shared_ptr<const Manifest>>;

// How many files they list, of all kinds or of one.
std::size_t count_files(const Manifests& manifests);
std::size_t count_files(const Manifests& manifests, FileKind kind);

// The number of jobs that they belong to. A job's manifest may have pages, and only its last page has no link.
std::size_t count_jobs(const Manifests& manifests);

// Several manifests in one text that a caller gives, as `bcda manifest` prints them; a byte order mark, or UTF-16 with
// one, is taken too. Throws Error{INVALID_ARGUMENT}.
Manifests parse_manifests(std::string_view text, const http::Url& base);

// The numbers of the files that `after` lists beyond those of `before`, two answers of one job: in one race of the 2019
// service `output` grows after the first 200. The order of the files does not matter. Throws Error{PROTOCOL} when
// `after` lacks a file of `before`, or has another one under its name: those are two states of the job.
std::vector<std::uint32_t> grown_files(const Manifest& before, const Manifest& after);

// The same service under its own origin: behind a proxy that ends TLS the 2019 service writes http:// URLs of its host.
http::Url on_service_origin(http::Url url, const http::Url& service);

}  // namespace libbcda::bulk
