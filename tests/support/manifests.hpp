// Manifests in a form that is easy to look at.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bulk/manifest.hpp"

namespace libbcda::test {

inline std::vector<bulk::Entry> entries_of(const bulk::Manifest& manifest) {
  std::vector<bulk::Entry> entries;
  for (std::size_t i = 0; i < manifest.size(); ++i) entries.push_back(manifest.entry(i));
  return entries;
}

// A manifest of these files, in this order; those of `error` come last. Only their type and URL count, and their key.
inline std::shared_ptr<const bulk::Manifest> manifest_of(const std::vector<bulk::Entry>& entries) {
  std::string lists[2];
  for (const bulk::Entry& entry : entries) {
    std::string& list = lists[entry.kind == bulk::FileKind::error ? 1 : 0];
    list += (list.empty() ? "" : ",") + ("{\"type\":\"" + entry.type) + "\",\"url\":\"" + entry.url.text() +
            "\",\"encryptedKey\":\"" + entry.encrypted_key + "\"}";
  }
  return bulk::parse_manifest("{\"output\":[" + lists[0] + "],\"error\":[" + lists[1] + "]}",
                              http::parse_url("https://api.test/", "base"));
}

}  // namespace libbcda::test
