#include "transfer/names.hpp"

#include <algorithm>

#include "crypto/digest.hpp"

namespace libbcda::transfer {
namespace {

constexpr std::string_view kEnding = ".ndjson";

// Names of devices on some systems, with any extension.
constexpr std::string_view kDevices[] = {"con", "prn", "aux", "nul"};
constexpr std::size_t kLongestName = 240;  // leaves room for ".partial" below the usual limit of 255

bool device(std::string_view type) {
  return std::any_of(std::begin(kDevices), std::end(kDevices), [&](std::string_view name) {
    return std::equal(type.begin(), type.end(), name.begin(), name.end(),
                      [](char a, char b) { return (a | 0x20) == b; });
  });
}

bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool plain(char c) { return letter(c) || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-'; }

}  // namespace

std::string safe_type(std::string_view type) {
  bool good = !type.empty() && type.size() <= 64 && std::all_of(type.begin(), type.end(), letter) && !device(type);
  return good ? std::string(type) : "Unknown";
}

std::string local_name(std::string_view type, std::string_view server_name, std::string_view url) {
  std::string_view stem = server_name;
  if (stem.ends_with(kEnding)) stem.remove_suffix(kEnding.size());
  bool good = !stem.empty() && stem.size() <= 200 && std::all_of(stem.begin(), stem.end(), plain) &&
              stem.front() != '.' && stem.back() != '.';
  std::string prefix = safe_type(type) + ".";
  good = good && prefix.size() + stem.size() + kEnding.size() <= kLongestName;
  std::string safe(stem);
  if (!good) {
    crypto::Sha256 hash;
    hash.update(as_bytes(url));
    safe = "url-" + to_hex(hash.finish()).substr(0, 32);
  }
  return prefix + safe + std::string(kEnding);
}

std::array<std::string, 2> local_names(const bulk::Entry& entry) {
  const std::string identity = entry.encrypted_key.empty() ? entry.url.text() : entry.name + " " + entry.encrypted_key;
  return {local_name(entry.type, entry.name, identity), local_name(entry.type, "", identity)};
}

}  // namespace libbcda::transfer
