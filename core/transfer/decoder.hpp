// Decrypts, digests and counts the bytes of one file between the server and a writer.
#pragma once
#include <optional>
#include <string>

#include "crypto/digest.hpp"
#include "crypto/gcm.hpp"
#include "ndjson/counter.hpp"
#include "ndjson/plain_check.hpp"
#include "transfer/destination.hpp"

namespace libbcda::transfer {

// The facts about a verified file.
struct Facts {
  std::int64_t bytes = 0;  // size of the plaintext
  std::int64_t records = 0;
  std::string sha256;      // of the plaintext, in hex
  bool decrypted = false;  // its GCM tag is verified
  bool sized = false;      // it came in plaintext and has the length that the server announced
};

// What proves that a file is complete: its GCM tag, the length that the server announced, or nothing. There is no proof
// for a plaintext file whose length the server did not announce.
inline constexpr const char* kProofTag = "tag";
inline constexpr const char* kProofLength = "length";
inline constexpr const char* kProofNone = "none";
const char* proof_of(const Facts& facts);

class Decoder {
 public:
  // With a key the bytes are decrypted. Without a key they pass unchanged, but must look like NDJSON. `sized`: the
  // server announced the length, and the caller checks it.
  Decoder(const std::optional<crypto::FileKey>& key, Writer& writer, bool sized = false);

  void feed(ByteView bytes);
  // Verifies the tag, or checks that a file without a key looks like NDJSON. The writer may be committed only after
  // that. Throws Error{VERIFICATION, DECRYPTION}.
  Facts finish();

 private:
  void pass_on(ByteView plain);

  std::optional<crypto::Opener> opener_;
  Writer& writer_;
  crypto::Sha256 digest_;
  ndjson::Counter counter_;
  Bytes plain_;
  Facts facts_;
  ndjson::PlainCheck check_;  // used for a file without a key
  std::string head_;          // the first bytes from the server
};

}  // namespace libbcda::transfer
