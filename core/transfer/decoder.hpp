// Unpacks, decrypts, digests and counts the bytes of one file between the server and a writer.
#pragma once
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "codec/gunzip.hpp"
#include "crypto/digest.hpp"
#include "crypto/gcm.hpp"
#include "ndjson/counter.hpp"
#include "ndjson/plain_check.hpp"
#include "transfer/destination.hpp"
#include "world/aside.hpp"

namespace libbcda::transfer {

// What proves that a file is whole. Each value is stronger than the one before.
enum class Proof {
  none,    // nothing: a plaintext file whose length the server did not announce
  length,  // the length that the server announced
  gzip,    // the check sums and lengths of its gzip members
  sha256,  // the digest that the manifest gives
  gcm,     // its GCM tag
};
const char* proof_name(Proof proof);       // "none", "length", "gzip", "sha256", "gcm"
Proof proof_named(std::string_view name);  // Proof::none for another name

// The facts about a verified file.
struct Facts {
  std::int64_t bytes = 0;  // size of the plaintext
  std::int64_t records = 0;
  std::string sha256;  // of the plaintext, in hex
  Proof proof = Proof::none;

  bool decrypted() const { return proof == Proof::gcm; }
};

// How the bytes of a file come, and what the manifest says about the plaintext.
struct Coding {
  std::optional<crypto::FileKey> key = {};  // not set: the file is not encrypted
  bool gzip = false;
  bool sized = false;       // the server announced the length, and the caller checks it
  std::string sha256 = {};  // in hex; "": unknown
  std::optional<std::int64_t> length = {};
  codec::Limits limits = {};

  Proof proof() const;  // what will prove that the file is whole
  // How long the plaintext of so many bytes is; -1: unknown.
  std::int64_t plain_size(std::int64_t sent) const;
};

class Decoder {
 public:
  // With a key the bytes are decrypted. Without a key they must look like NDJSON. The first bytes
  // decide whether they are packed, because some servers declare gzip and send text, or the other way round.
  // `post`: where the digest of decrypted bytes may be computed meanwhile; empty: the caller's thread does it.
  explicit Decoder(const Coding& coding, Writer& writer, world::Aside::Post post = {});

  void feed(ByteView bytes);
  // Verifies the tag, or checks that a file without a key looks like NDJSON. The writer may be committed only after
  // that. Throws Error{VERIFICATION, DECRYPTION}.
  Facts finish();
  bool unpacks() const { return gunzip_.has_value(); }  // what comes is gzip, whether it was declared or not
  // Of an encrypted file, in hex. "": it is none, or its first bytes have not come.
  std::string nonce() const;
  // The resourceType of the first record. "": it has none, or is longer than 64 KiB. The rest of the record is not
  // checked.
  std::string first_type() const;

 private:
  void unpack(ByteView bytes);
  void decide_on_gzip(ByteView bytes);
  void decode(ByteView bytes);
  void digest(ByteView plain);
  void pass_on(ByteView plain);
  void keep_first_line(std::string_view plain);
  void compare_with_manifest() const;

  Coding coding_;
  std::optional<codec::Gunzip> gunzip_;
  bool is_begun_ = false, holds_start_ = false;
  std::optional<crypto::Opener> opener_;
  Writer& writer_;
  crypto::Sha256 digest_;
  ndjson::Counter counter_;
  std::array<Bytes, 2> plain_;  // decrypted bytes: one is filled while the other one may still be digested
  std::size_t next_ = 0;        // which one is filled next
  Facts facts_;
  ndjson::PlainCheck check_;  // used for a file without a key
  std::string head_;          // the first bytes, unpacked
  std::string first_line_;    // of the plaintext, up to its line break
  bool has_first_line_ = false;
  std::optional<world::Aside> aside_;  // declared last, because it uses the digest and what it reads
};

}  // namespace libbcda::transfer
