#include "bulk/manifest.hpp"

#include <algorithm>
#include <unordered_map>

#include "base/error.hpp"
#include "base/quote.hpp"
#include "base/text.hpp"
#include "crypto/digest.hpp"

namespace libbcda::bulk {
namespace {

Error malformed(const std::string& why) { return {Status::PROTOCOL, "the manifest " + why}; }

// Equal for hex digits of either case; 0 for no key.
std::uint64_t key_digest(std::string_view hex) {
  if (hex.empty()) return 0;
  std::string lower(hex);
  for (char& c : lower) c = static_cast<char>(c | 0x20);
  return crypto::short_digest(lower);
}

Entry read_entry(const json::object& item, const http::Url& base) {
  Entry entry;
  entry.type = string_member(item, "type");
  entry.url = http::resolve_url(base, string_member(item, "url"), "a file's URL in the manifest");
  entry.name = std::string(entry.url.name());
  entry.encrypted_key = string_member(item, "encryptedKey");
  return entry;
}

}  // namespace

json::value Manifest::value(const JsonItems::Place& range) const {
  return parse_json(spool_.read(range.offset, range.size)).value_or(json::value());
}

Entry Manifest::entry(std::size_t number) const {
  const Place& at = place(number);
  const json::value item = value(at.entry);
  if (!item.is_object()) throw Error(Status::FILESYSTEM, "the temporary copy of a manifest has changed");
  Entry entry = read_entry(item.get_object(), base_);
  entry.is_error = number >= output_.size();
  if (at.key.size > 0)
    if (const json::value key = value(at.key); key.is_string()) entry.encrypted_key = std::string(key.get_string());
  return entry;
}

std::string Manifest::text() const {
  std::string text = spool_.read(0, spool_.size());
  std::erase_if(text, [](char c) { return c == '\n' || c == '\r'; });  // a string in JSON has none
  return text;
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
    if (name == "output" || name == "error" || name == "outcome") {
      has_output = has_output || name == "output";
      const bool is_list = value.is_array() || value.is_null();  // the 2019 service writes null for "no file"
      if (!is_list) throw malformed("has a member " + std::string(name) + " that is not a list");
    }
    if (value.is_string() && name == "transactionTime") manifest->transaction_time = std::string(value.get_string());
    if (value.is_string() && name == "request") manifest->request = std::string(value.get_string());
    if (value.is_bool() && name == "requiresAccessToken") manifest->requires_access_token = value.get_bool();
  }

  void on_item(std::string_view member, std::string_view key, const json::value& item, JsonItems::Place range) {
    if (member == "output") add(manifest->output_, output, member, item, range);
    if (member == "deleted") ++manifest->deleted;
    if (member == "link" && item.is_object() && string_member(item.get_object(), "relation") == "next")
      throw malformed("has a next page, and pages are not supported yet");
    if (member == "error" || member == "outcome") add(manifest->error_, error, member, item, range);
    if (member == "KeyMap" && !key.empty() && item.is_string()) add_key(key, item.get_string(), range);
  }

  // What is known of an entry until KeyMap is known too.
  struct Digests {
    std::uint64_t name = 0;
    std::uint64_t key = 0;  // 0: it has none of its own
  };

  void add(std::deque<Manifest::Place>& places, std::deque<Digests>& digests, std::string_view member,
           const json::value& item, JsonItems::Place range) {
    if (!item.is_object()) throw malformed("has an item in " + std::string(member) + " that is not an object");
    if (manifest->size() >= max_files)
      throw Error(Status::LIMIT, "the manifest lists more than " + std::to_string(max_files) + " files");
    const Entry entry = read_entry(item.get_object(), manifest->base_);
    places.push_back({range, {}, 0});
    digests.push_back({crypto::short_digest(entry.name), key_digest(entry.encrypted_key)});
  }

  void add_key(std::string_view name, std::string_view hex, JsonItems::Place range) {
    while (!name.empty() && name.back() == ' ') name.remove_suffix(1);  // late 2018 padded the names with blanks
    const Key key{range, key_digest(hex)};
    const auto [known, is_new] = keys.emplace(crypto::short_digest(name), key);
    if (!is_new && known->second.digest != key.digest)
      throw malformed("gives two different keys for " + quote(name) + " in KeyMap");
  }

  // Gives each entry its key and its identity.
  void resolve(std::deque<Manifest::Place>& places, const std::deque<Digests>& digests, bool is_error) {
    for (std::size_t i = 0; i < places.size(); ++i) {
      const Digests& own = digests[i];
      const auto mapped = keys.find(own.name);
      std::uint64_t key = own.key;
      if (mapped != keys.end() && own.key == 0) {
        places[i].key = mapped->second.range;
        key = mapped->second.digest;
      } else if (mapped != keys.end() && mapped->second.digest != own.key) {
        const std::string name = manifest->entry(is_error ? manifest->output_.size() + i : i).name;
        throw std::move(
            malformed("gives two different keys for " + tidy(name) + " (encryptedKey and KeyMap)").at_file(name));
      }
      places[i].identity =
          crypto::short_digest(std::to_string(own.name) + (is_error ? "e" : "o") + std::to_string(key));
    }
  }

  struct Key {
    JsonItems::Place range;
    std::uint64_t digest = 0;
  };

  std::shared_ptr<Manifest> manifest;
  JsonItems items;
  std::size_t max_files;
  bool has_output = false;
  std::deque<Digests> output, error;
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
  throw malformed(e.why);
}

std::shared_ptr<const Manifest> ManifestReader::finish() try {
  state_->items.finish();
  if (!state_->has_output) throw malformed("has no member output");
  state_->resolve(state_->manifest->output_, state_->output, false);
  state_->resolve(state_->manifest->error_, state_->error, true);
  return std::move(state_->manifest);
} catch (const Malformed& e) {
  throw malformed(e.why);
}

std::shared_ptr<const Manifest> parse_manifest(std::string_view text, const http::Url& base, std::size_t max_files) {
  ManifestReader reader(base, files::Spool(), max_files);
  reader.feed(text);
  return reader.finish();
}

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
