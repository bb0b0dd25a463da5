// The bytes of one file on their way from the server to a writer: decrypt, digest, count.
#pragma once
#include <optional>
#include <string>

#include "crypto/digest.hpp"
#include "crypto/gcm.hpp"
#include "ndjson/counter.hpp"
#include "transfer/destination.hpp"

namespace libbcda::transfer {

// What is known of a file once it is verified.
struct Facts {
  std::int64_t bytes = 0;  // of plaintext
  std::int64_t records = 0;
  std::string sha256;  // of the plaintext, hex
  bool decrypted = false;
};

class Decoder {
 public:
  // With a key the bytes are decrypted; without, they pass as they are.
  Decoder(const std::optional<crypto::FileKey>& key, Writer& writer);

  void feed(ByteView bytes);
  // Verifies the tag. Only now may the writer be committed. Throws Error{VERIFICATION, DECRYPTION}.
  Facts finish();
  // True when what came looks like JSON although a key was given: the server left the file in plaintext. One nonce in 256
  // begins with a brace too, hence the look at more than that.
  bool looks_plain() const;

 private:
  void pass_on(ByteView plain);

  std::optional<crypto::Opener> opener_;
  Writer& writer_;
  crypto::Sha256 digest_;
  ndjson::Counter counter_;
  Bytes plain_;
  Facts facts_;
  std::string head_;  // of what came
};

}  // namespace libbcda::transfer
