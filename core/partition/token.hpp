// Partition tokens: which files one process reads of an export, and how it opens them, as a text that travels to it.
//
//   "bcda1." || base64url( kind || digest of the manifest || key id || nonce || AES-256-GCM( contents ) || tag )
//
// The contents are a line of JSON, and after it the AES keys of the files, 32 bytes each. All that comes before the nonce
// is authenticated too, so a token stays with its manifest. A token without secrets may lack the seal; then a SHA-256
// takes the place of key id, nonce and tag. The RSA private key and access tokens are never in it.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "crypto/key.hpp"
#include "settings/settings.hpp"
#include "tables/generation.hpp"
#include "world/world.hpp"

namespace libbcda::partition {

// How long BCDA and others keep the files of a job.
inline constexpr Milliseconds kFilesAreKept = std::chrono::hours(24);

// One file, to be downloaded or at hand. What is not known is empty or -1.
struct File {
  std::string type = {};
  std::string url = {}, path = {};  // one of them
  std::int64_t bytes = -1, records = -1;
  std::string sha256 = {};  // of the plaintext, in hex
  std::optional<tables::Generation> generation = {};
  int key = -1;            // its number in Partition::keys; -1: the file is not encrypted
  std::string lines = {};  // which lines count, see lines.hpp; "": all
};

struct Partition {
  std::string digest;      // SHA-256 of the manifest, or of the list of the files at hand, in hex
  int number = 0, of = 1;  // this is partition `number`, from 0, of so many
  std::optional<Instant> expires;
  // Of files to download, what the service and its manifest say.
  std::string service;  // its origin
  std::string transaction_time, request, organized_by;
  bool requires_access_token = true;
  std::vector<File> files;
  SecretBytes keys;  // of the files, crypto::kFileKeySize bytes each

  bool downloads() const { return !service.empty(); }
  int add_key(const crypto::FileKey& key);  // returns its number
  crypto::FileKey key(int which) const;
};

// The key that seals tokens. nullopt: none is set. Throws Error{INVALID_ARGUMENT} if it is malformed.
std::optional<crypto::FileKey> read_partition_key(const Settings& settings);

// Without a key a partition must not have keys of files, nor URLs that are secret.
std::string seal(const Partition& partition, const std::optional<crypto::FileKey>& key, world::Random& random);

// Throws Error{INVALID_ARGUMENT} if the text is no token, or if partition_key is missing, needless or another one,
// Error{VERIFICATION} if the token was altered, and Error{JOB_GONE} if it has expired.
Partition unseal(std::string_view token, const std::optional<crypto::FileKey>& key, Instant now);

// Whether the files of a token must be downloaded, without opening it. Throws Error{INVALID_ARGUMENT}.
bool downloads(std::string_view token);

}  // namespace libbcda::partition
