// Cuts a manifest, or finished exports, into partitions.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "partition/token.hpp"
#include "runtime/session.hpp"

namespace libbcda::partition {

// What the partitions are of, before it is cut: one partition with all files.
struct Whole {
  Partition all;
  bool is_signed = false;                          // it has URLs with which anyone can download the files
  bool has_keys = false;                           // of files; or the service encrypts, so that it may have
  std::size_t error_files = 0, deleted_files = 0;  // which have no rows
};

// The data files that manifests list, of the types of the setting `types`. The private key of the session unwraps the
// keys. Throws Error{INVALID_ARGUMENT, PROTOCOL}, and what transfer::key_of throws.
Whole read_manifests(const runtime::Session& session, const Settings& settings, std::string_view manifests);

// Those of finished exports and of series. Of a series only the records that count now (setting `current`), so all its
// files are read here. Throws what runtime::TableSource throws.
Whole read_exports(const Settings& settings, const std::vector<std::string>& paths);

// Cuts into at most `most` partitions, each of which has a file at least. The largest file goes first, each to the
// partition with the fewest bytes so far; a file of unknown size counts as the mean of the others. Equal input gives
// equal partitions. Within a partition the files are in their order.
std::vector<Partition> cut(const Partition& all, std::size_t most);

// JSON of all tokens, as bcda_partitions returns it. `count` 0: that of the setting max_partitions. Throws
// Error{INVALID_ARGUMENT} if something is secret, and partition_key is missing.
std::string make_tokens(const Whole& whole, const Settings& settings, std::int64_t count, world::Local world);

}  // namespace libbcda::partition
