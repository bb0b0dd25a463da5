#include "transfer/names.hpp"

#include <algorithm>

#include "crypto/digest.hpp"

namespace libbcda::transfer {
namespace {

constexpr std::string_view kEnding = ".ndjson";

bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool plain(char c) { return letter(c) || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-'; }

}  // namespace

std::string safe_type(std::string_view type) {
  bool good = !type.empty() && type.size() <= 64 && std::all_of(type.begin(), type.end(), letter);
  return good ? std::string(type) : "Unknown";
}

std::string local_name(std::string_view type, std::string_view server_name, std::string_view url) {
  std::string_view stem = server_name;
  if (stem.ends_with(kEnding)) stem.remove_suffix(kEnding.size());
  bool good = !stem.empty() && stem.size() <= 200 && std::all_of(stem.begin(), stem.end(), plain) && stem.front() != '.' &&
              stem.back() != '.';
  std::string safe(stem);
  if (!good) {
    crypto::Sha256 hash;
    hash.update(as_bytes(url));
    safe = "url-" + to_hex(hash.finish()).substr(0, 32);
  }
  // The type in front also keeps names such as CON or NUL from being anything special.
  return safe_type(type) + "." + safe + std::string(kEnding);
}

}  // namespace libbcda::transfer
