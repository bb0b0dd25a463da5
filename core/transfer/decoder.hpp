// The bytes of one file on their way from the server to a writer: decrypt, digest, count.
#pragma once
#include <optional>
#include <string>

#include "crypto/digest.hpp"
#include "crypto/gcm.hpp"
#include "ndjson/counter.hpp"
#include "ndjson/plain_check.hpp"
#include "transfer/destination.hpp"

namespace libbcda::transfer {

// What is known of a file once it is verified.
struct Facts {
  std::int64_t bytes = 0;  // of plaintext
  std::int64_t records = 0;
  std::string sha256;      // of the plaintext, hex
  bool decrypted = false;  // its GCM tag has verified
  bool sized = false;      // it came plain, and as long as the server had said before
};

// What proves that the file is whole: its GCM tag, the length that the server had told, or nothing (a plain file whose end
// the server marked as it came).
inline constexpr const char* kProofTag = "tag";
inline constexpr const char* kProofLength = "length";
inline constexpr const char* kProofNone = "none";
const char* proof_of(const Facts& facts);

class Decoder {
 public:
  // With a key the bytes are decrypted. Without one they pass as they are, but must look like NDJSON. `sized`: the server
  // has told the length beforehand, and the caller checks it.
  Decoder(const std::optional<crypto::FileKey>& key, Writer& writer, bool sized = false);

  void feed(ByteView bytes);
  // Verifies the tag, or that a plain file looks like NDJSON. Only now may the writer be committed. Throws
  // Error{VERIFICATION, DECRYPTION}.
  Facts finish();

 private:
  void pass_on(ByteView plain);

  std::optional<crypto::Opener> opener_;
  Writer& writer_;
  crypto::Sha256 digest_;
  ndjson::Counter counter_;
  Bytes plain_;
  Facts facts_;
  ndjson::PlainCheck check_;  // of a file without a key
  std::string head_;          // the first bytes as they came
};

}  // namespace libbcda::transfer
