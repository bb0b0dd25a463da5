#include "bulk/manifest.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/quote.hpp"
#include "base/text.hpp"

namespace libbcda::bulk {
namespace {

using KeyMap = std::map<std::string, std::string, std::less<>>;

Error malformed(const std::string& why) { return {Status::PROTOCOL, "the manifest " + why}; }

bool same_hex(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return (x | 0x20) == (y | 0x20); });
}

KeyMap read_key_map(const json::object& root) {
  KeyMap keys;
  const json::value* member = root.if_contains("KeyMap");
  if (!member || !member->is_object()) return keys;
  for (const auto& [name, hex] : member->get_object()) {
    std::string_view text(name);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);  // late 2018 padded the names with blanks
    if (!hex.is_string()) continue;
    auto [place, fresh] = keys.emplace(text, std::string(hex.get_string()));
    if (!fresh && !same_hex(place->second, hex.get_string()))
      throw malformed("gives two different keys for " + quote(place->first) + " in KeyMap");
  }
  return keys;
}

std::string key_of(const json::object& item, const std::string& name, const KeyMap& keys) {
  std::string own = string_member(item, "encryptedKey");
  auto mapped = keys.find(name);
  if (own.empty()) return mapped == keys.end() ? "" : mapped->second;
  if (mapped != keys.end() && !same_hex(mapped->second, own))
    throw std::move(
        malformed("gives two different keys for " + tidy(name) + " (encryptedKey and KeyMap)").at_file(name));
  return own;
}

void read_items(const json::object& root, const char* member, const http::Url& base, const KeyMap& keys,
                std::size_t max_files, Manifest& out) {
  const json::value* list = root.if_contains(member);
  if (!list || list->is_null()) return;  // the 2019 service writes null for "no file"
  if (!list->is_array()) throw malformed(std::string("has a member ") + member + " that is not a list");
  for (const json::value& value : list->get_array()) {
    if (!value.is_object()) throw malformed(std::string("has an item in ") + member + " that is not an object");
    const json::object& item = value.get_object();
    if (out.entries.size() >= max_files)
      throw Error(Status::LIMIT, "the manifest lists more than " + std::to_string(max_files) + " files");
    Entry entry;
    entry.is_error = std::string_view(member) == "error";
    entry.type = string_member(item, "type");
    entry.url = http::resolve_url(base, string_member(item, "url"), "a file's URL in the manifest");
    entry.name = std::string(entry.url.name());
    entry.encrypted_key = key_of(item, entry.name, keys);
    out.entries.push_back(std::move(entry));
  }
}

Manifest read_manifest(const json::value& value, const http::Url& base, std::size_t max_files) {
  if (!value.is_object()) throw malformed("is not a JSON object");
  const json::object& root = value.get_object();
  if (!root.if_contains("output")) throw malformed("has no member output");
  Manifest manifest;
  manifest.transaction_time = string_member(root, "transactionTime");
  manifest.request = string_member(root, "request");
  if (const json::value* token = root.if_contains("requiresAccessToken"); token && token->is_bool())
    manifest.requires_access_token = token->get_bool();
  KeyMap keys = read_key_map(root);
  read_items(root, "output", base, keys, max_files, manifest);
  read_items(root, "error", base, keys, max_files, manifest);
  manifest.text = json::serialize(value);
  return manifest;
}

void refuse_duplicates(std::string_view text) {
  if (auto name = duplicate_member(text)) throw malformed("has the member " + quote(*name) + " twice in one object");
}

}  // namespace

Manifest parse_manifest(std::string_view text, const http::Url& base, std::size_t max_files) {
  std::string why;
  auto value = parse_json(text, &why);
  if (!value) throw malformed(why);
  refuse_duplicates(text);
  return read_manifest(*value, base, max_files);
}

std::vector<Manifest> parse_manifests(std::string_view text, const http::Url& base) {
  const SecretBytes utf8 = to_utf8(text, "the manifest given");
  std::string why = "is not JSON (it is empty)";
  auto parts = split_json_sequence({utf8.data(), utf8.size()}, &why);
  if (!parts || parts->empty()) throw Error(Status::INVALID_ARGUMENT, "the manifest given " + why);
  std::vector<Manifest> manifests;
  try {
    for (std::string_view part : *parts) manifests.push_back(parse_manifest(part, base));
  } catch (Error& e) {
    e.status = Status::INVALID_ARGUMENT;  // it is the caller's, not the service's
    throw;
  }
  return manifests;
}

std::vector<Entry> grown_entries(const Manifest& before, const Manifest& after) {
  using Identity = std::tuple<bool, std::string, std::string>;
  auto identity = [](const Entry& entry) {
    std::string key = entry.encrypted_key;
    for (char& c : key) c = static_cast<char>(c | 0x20);  // hex digits of either case
    return Identity(entry.is_error, entry.name, key);
  };
  std::map<Identity, int> known;
  for (const Entry& entry : before.entries) ++known[identity(entry)];
  std::vector<Entry> grown;
  for (const Entry& entry : after.entries) {
    auto found = known.find(identity(entry));
    if (found != known.end() && found->second > 0)
      --found->second;
    else
      grown.push_back(entry);
  }
  for (auto& [which, left] : known) {
    if (left <= 0) continue;
    const std::string& name = std::get<1>(which);
    bool other =
        std::any_of(after.entries.begin(), after.entries.end(), [&](const Entry& e) { return e.name == name; });
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
