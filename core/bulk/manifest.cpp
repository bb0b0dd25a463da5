#include "bulk/manifest.hpp"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "base/error.hpp"
#include "base/quote.hpp"
#include "base/text.hpp"
#include "base/words.hpp"
#include "crypto/digest.hpp"

namespace libbcda::bulk {
namespace {

Error malformed(const std::string& why) { return {Status::PROTOCOL, "the manifest " + why}; }

// Equal for hex digits of either case; 0 for no key.
std::uint64_t key_digest(std::string_view hex) { return hex.empty() ? 0 : crypto::short_digest(lower(hex)); }

// ---- What a server says about the content of a file -----------------------------------------------------------------

// The extensions that say it, by the end of their URLs: AB2D has https://ab2d.cms.gov/checksum, DPC has
// https://dpc.cms.gov/checksum.
constexpr std::string_view kChecksum = "/checksum", kLength = "/file_length";
constexpr std::string_view kSha256 = "sha256:";

void read_checksum(Entry& entry, std::string_view text) {
  if (!text.starts_with(kSha256)) return;
  text.remove_prefix(kSha256.size());
  const auto bytes = from_hex(text);
  if (bytes && bytes->size() == crypto::kSha256Size) entry.sha256 = to_hex(*bytes);
}

std::optional<std::int64_t> read_count(const json::value& value) {
  if (value.is_int64() && value.get_int64() >= 0) return value.get_int64();
  if (!value.is_double()) return {};  // a decimal of FHIR may be written as 1024.0
  const double number = value.get_double();
  if (!(number >= 0) || number > 9e15 || number != std::floor(number)) return {};
  return static_cast<std::int64_t>(number);
}

void read_extension(Entry& entry, std::string_view url, const json::value& value) {
  if (url.ends_with(kChecksum) && value.is_string()) read_checksum(entry, value.get_string());
  if (url.ends_with(kLength)) entry.length = read_count(value);
}

// Up to IG 3.0 `extension` is an object of names and values. AB2D, DPC and IG 4.0 have a list of FHIR extensions.
void read_extensions(Entry& entry, const json::object& item) {
  const json::value* all = item.if_contains("extension");
  if (all && all->is_object())
    for (const auto& [name, value] : all->get_object()) read_extension(entry, name, value);
  if (!all || !all->is_array()) return;
  for (const json::value& one : all->get_array()) {
    if (!one.is_object()) continue;
    const std::string url = string_member(one.get_object(), "url");
    for (const auto& [name, value] : one.get_object())
      if (name.starts_with("value")) read_extension(entry, url, value);
  }
}

// ---- Entries --------------------------------------------------------------------------------------------------------

// Since IG 4.0 the items of some lists have no type.
std::string default_type(FileKind kind) {
  return kind == FileKind::error ? "OperationOutcome" : kind == FileKind::deleted ? "Bundle" : "";
}

std::optional<FileKind> list_named(std::string_view member) {
  if (member == "output") return FileKind::data;
  if (member == "error" || member == "outcome") return FileKind::error;
  if (member == "deleted") return FileKind::deleted;
  return {};
}

Entry read_entry(FileKind kind, const json::object& item, const http::Url& base) {
  Entry entry;
  entry.kind = kind;
  entry.type = string_member(item, "type");
  if (entry.type.empty()) entry.type = default_type(kind);
  entry.url = http::resolve_url(base, string_member(item, "url"), "a file's URL in the manifest");
  entry.name = std::string(entry.url.name());
  entry.encrypted_key = string_member(item, "encryptedKey");
  if (const json::value* count = item.if_contains("count")) entry.count = read_count(*count);
  read_extensions(entry, item);
  return entry;
}

}  // namespace

json::value Manifest::value(const JsonItems::Place& range) const {
  return parse_json(spool_.read(range.offset, range.size)).value_or(json::value());
}

std::size_t Manifest::size() const { return count(FileKind::data) + count(FileKind::error) + count(FileKind::deleted); }

std::pair<FileKind, const Manifest::Place*> Manifest::find(std::size_t number) const {
  for (const FileKind kind : {FileKind::data, FileKind::error}) {
    if (number < count(kind)) return {kind, &places_[static_cast<std::size_t>(kind)][number]};
    number -= count(kind);
  }
  return {FileKind::deleted, &places_[static_cast<std::size_t>(FileKind::deleted)][number]};
}

Entry Manifest::entry(std::size_t number) const {
  const auto [kind, at] = find(number);
  const json::value item = value(at->entry);
  if (!item.is_object()) throw Error(Status::FILESYSTEM, "the temporary copy of a manifest has changed");
  Entry entry = read_entry(kind, item.get_object(), base_);
  entry.transaction_time = transaction_time;
  entry.shares_name = at->shares_identity;
  if (at->key.size > 0)
    if (const json::value key = value(at->key); key.is_string()) entry.encrypted_key = std::string(key.get_string());
  return entry;
}

std::string Manifest::text() const {
  std::string text = spool_.read(0, spool_.size());
  std::erase_if(text, [](char c) { return c == '\n' || c == '\r'; });  // a string in JSON has none
  return text;
}

void Manifest::each_piece(const std::function<void(std::string_view)>& take) const {
  constexpr std::size_t piece = 256 << 10;
  for (std::uint64_t at = 0; at < spool_.size(); at += piece)
    take(spool_.read(at, static_cast<std::size_t>(std::min<std::uint64_t>(piece, spool_.size() - at))));
}

struct ManifestReader::State {
  State(const http::Url& base, files::Spool spool, std::size_t most)
      : manifest(new Manifest(base, std::move(spool))),
        items([this](std::string_view name, const json::value& value) { on_member(name, value); },
              [this](std::string_view member, std::string_view key, const json::value& item, JsonItems::Place place) {
                on_item(member, key, item, place);
              }),
        max_files(most) {}

  void on_member(std::string_view name, const json::value& value) {
    if (list_named(name)) {
      manifest->has_output = manifest->has_output || name == "output";
      const bool is_list = value.is_array() || value.is_null();  // the 2019 service writes null for "no file"
      if (!is_list) throw malformed("has a member " + std::string(name) + " that is not a list");
    }
    if (name == "resourceType") throw malformed("is a FHIR resource instead");
    if (name == "libbcda") throw malformed("is the receipt of an export (export.json) instead");
    if (value.is_string() && name == "transactionTime") manifest->transaction_time = std::string(value.get_string());
    if (value.is_string() && name == "request") manifest->request = std::string(value.get_string());
    if (value.is_string() && name == "outputOrganizedBy") manifest->organized_by = std::string(value.get_string());
    if (value.is_bool() && name == "requiresAccessToken") manifest->requires_access_token = value.get_bool();
  }

  void on_item(std::string_view member, std::string_view key, const json::value& item, JsonItems::Place range) {
    if (const auto kind = list_named(member)) add(*kind, member, item, range);
    if (member == "link" && item.is_object()) read_link(item.get_object());
    if (member == "KeyMap" && !key.empty() && item.is_string()) add_key(key, item.get_string(), range);
  }

  // What is known of an entry until KeyMap is known too.
  struct Digests {
    std::uint64_t name = 0;
    std::uint64_t key = 0;  // 0: it has none of its own
  };

  // A URL that is a fragment alone says where a series of manifests stands (IG 4.0); there is nothing to fetch.
  void read_link(const json::object& link) {
    const std::string url = string_member(link, "url");
    if (string_member(link, "relation") != "next" || url.empty() || url.starts_with('#')) return;
    manifest->next = http::resolve_url(manifest->base_, url, "the URL of the manifest's next page");
  }

  void add(FileKind kind, std::string_view member, const json::value& item, JsonItems::Place range) {
    if (!item.is_object()) throw malformed("has an item in " + std::string(member) + " that is not an object");
    if (manifest->size() >= max_files)
      throw Error(Status::LIMIT, "the manifest lists more than " + std::to_string(max_files) + " files");
    const Entry entry = read_entry(kind, item.get_object(), manifest->base_);
    manifest->has_signed_urls = manifest->has_signed_urls || entry.url.text() != entry.url.without_query();
    manifest->places_[static_cast<std::size_t>(kind)].push_back({range, {}});
    digests[static_cast<std::size_t>(kind)].push_back(
        {crypto::short_digest(entry.name), key_digest(entry.encrypted_key)});
  }

  void add_key(std::string_view name, std::string_view hex, JsonItems::Place range) {
    while (!name.empty() && name.back() == ' ') name.remove_suffix(1);  // late 2018 padded the names with blanks
    const Key key{range, key_digest(hex)};
    const auto [known, is_new] = keys.emplace(crypto::short_digest(name), key);
    if (!is_new && known->second.digest != key.digest)
      throw malformed("gives two different keys for " + quote(name) + " in KeyMap");
  }

  // Gives each entry its key and its identity.
  void resolve() {
    std::size_t number = 0;
    for (const FileKind kind : {FileKind::data, FileKind::error, FileKind::deleted}) {
      const auto& own = digests[static_cast<std::size_t>(kind)];
      auto& places = manifest->places_[static_cast<std::size_t>(kind)];
      for (std::size_t i = 0; i < places.size(); ++i, ++number) resolve(places[i], own[i], kind, number);
      mark_shared(places);
    }
  }

  // An identity has the kind in it, so only places of one kind can share it.
  static void mark_shared(std::deque<Manifest::Place>& places) {
    std::vector<std::uint64_t> sorted;
    for (const auto& place : places) sorted.push_back(place.identity);
    std::sort(sorted.begin(), sorted.end());
    for (auto& place : places) {
      const auto [first, last] = std::equal_range(sorted.begin(), sorted.end(), place.identity);
      place.shares_identity = last - first > 1;
    }
  }

  void resolve(Manifest::Place& place, const Digests& own, FileKind kind, std::size_t number) {
    const auto mapped = keys.find(own.name);
    std::uint64_t key = own.key;
    if (mapped != keys.end() && own.key == 0) {
      place.key = mapped->second.range;
      key = mapped->second.digest;
    } else if (mapped != keys.end() && mapped->second.digest != own.key) {
      const std::string name = manifest->entry(number).name;
      throw std::move(
          malformed("gives two different keys for " + tidy(name) + " (encryptedKey and KeyMap)").at_file(name));
    }
    place.identity = crypto::short_digest(std::to_string(own.name) + kind_name(kind) + std::to_string(key));
  }

  struct Key {
    JsonItems::Place range;
    std::uint64_t digest = 0;
  };

  std::shared_ptr<Manifest> manifest;
  JsonItems items;
  std::size_t max_files;
  std::array<std::deque<Digests>, 3> digests;   // by FileKind
  std::unordered_map<std::uint64_t, Key> keys;  // of KeyMap, by the digest of the name
};

ManifestReader::ManifestReader(const http::Url& base, files::Spool spool, std::size_t max_files)
    : state_(std::make_unique<State>(base, std::move(spool), max_files)) {}

ManifestReader::~ManifestReader() = default;

std::size_t ManifestReader::feed(std::string_view bytes) try {
  const std::size_t used = state_->items.feed(bytes);
  state_->manifest->spool_.append(bytes.substr(0, used));
  return used;
} catch (const Malformed& e) {
  throw malformed(e.what());
}

std::shared_ptr<const Manifest> ManifestReader::finish() try {
  state_->items.finish();
  // Some servers leave out a list without files. Then another member must show that this is a manifest.
  const Manifest& read = *state_->manifest;
  if (!read.has_output && read.transaction_time.empty()) throw malformed("has no member output");
  state_->resolve();
  return std::move(state_->manifest);
} catch (const Malformed& e) {
  throw malformed(e.what());
}

std::shared_ptr<const Manifest> parse_manifest(std::string_view text, const http::Url& base, std::size_t max_files) {
  ManifestReader reader(base, files::Spool(), max_files);
  reader.feed(text);
  return reader.finish();
}

std::size_t count_files(const Manifests& manifests) {
  std::size_t files = 0;
  for (const auto& manifest : manifests) files += manifest->size();
  return files;
}

std::size_t count_files(const Manifests& manifests, FileKind kind) {
  std::size_t files = 0;
  for (const auto& manifest : manifests) files += manifest->count(kind);
  return files;
}

std::size_t count_jobs(const Manifests& manifests) {
  return static_cast<std::size_t>(
      std::count_if(manifests.begin(), manifests.end(), [](const auto& manifest) { return !manifest->next; }));
}

namespace {

// The page after one with a link is one of the same job.
void check_pages(const Manifests& manifests) {
  for (std::size_t i = 0; i < manifests.size(); ++i) {
    if (!manifests[i]->next) continue;
    const bool is_there = i + 1 < manifests.size() &&
                          manifests[i + 1]->transaction_time == manifests[i]->transaction_time &&
                          manifests[i + 1]->request == manifests[i]->request;
    if (!is_there) throw malformed("has a next page, which is not given; give all pages");
  }
}

}  // namespace

Manifests parse_manifests(std::string_view text, const http::Url& base) {
  const SecretBytes utf8 = to_utf8(text, "the manifest given");
  std::string_view rest(utf8.data(), utf8.size());
  if (is_blank_json(rest)) throw Error(Status::INVALID_ARGUMENT, "the manifest given is not JSON (it is empty)");
  Manifests manifests;
  try {
    while (!is_blank_json(rest)) {
      ManifestReader reader(base);
      rest.remove_prefix(reader.feed(rest));
      manifests.push_back(reader.finish());
    }
    check_pages(manifests);
  } catch (Error& e) {
    e.status = Status::INVALID_ARGUMENT;  // it is the caller's, not the service's
    throw;
  }
  return manifests;
}

std::vector<std::uint32_t> grown_files(const Manifest& before, const Manifest& after) {
  std::unordered_map<std::uint64_t, int> known;
  for (std::size_t i = 0; i < before.size(); ++i) ++known[before.identity(i)];
  std::vector<std::uint32_t> grown;
  for (std::size_t i = 0; i < after.size(); ++i) {
    const auto found = known.find(after.identity(i));
    if (found != known.end() && found->second > 0)
      --found->second;
    else
      grown.push_back(static_cast<std::uint32_t>(i));
  }
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (known[before.identity(i)] <= 0) continue;
    const std::string name = before.entry(i).name;
    bool other = false;
    for (std::size_t k = 0; k < after.size() && !other; ++k) other = after.entry(k).name == name;
    throw std::move(Error(Status::PROTOCOL, "the job's manifest has changed: the file " + tidy(name) +
                                                (other ? " has another key now" : " is missing from it now") +
                                                "; files of two states of a job are not mixed; start a new export")
                        .at_file(name));
  }
  return grown;
}

http::Url on_service_origin(http::Url url, const http::Url& service) {
  if (url.tls_name() == service.tls_name() && url.scheme == "http" && service.tls() &&
      (url.port == 80 || url.port == service.port)) {
    url.scheme = service.scheme;
    url.port = service.port;
  }
  return url;
}

}  // namespace libbcda::bulk
