// Streaming AES-256-GCM in BCDA's file layout: nonce (12) || ciphertext || tag (16), no associated data.
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include "base/bytes.hpp"
#include "crypto/key.hpp"

typedef struct evp_cipher_ctx_st EVP_CIPHER_CTX;

namespace libbcda::crypto {

inline constexpr std::size_t kNonceSize = 12;
inline constexpr std::size_t kTagSize = 16;
inline constexpr std::size_t kOverhead = kNonceSize + kTagSize;  // the smallest legal file: empty plaintext

struct CipherContextDeleter {
  void operator()(EVP_CIPHER_CTX* ctx) const noexcept;
};
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, CipherContextDeleter>;

// Decrypts a file while its bytes arrive. The output of `update` is UNVERIFIED until `finish` returns, so the caller
// must keep it private until then.
class Opener {
 public:
  explicit Opener(const FileKey& key);

  // Decrypts the next bytes of the file into `out` and returns the number of bytes written. `out` must have room for
  // `in.size() + kTagSize` bytes and may not overlap `in`.
  std::size_t update(ByteView in, MutableBytes out);

  // The nonce of the file. Its first bytes must have come.
  const std::array<std::uint8_t, kNonceSize>& nonce() const { return nonce_; }

  // Verifies the tag. Throws Error{VERIFICATION} if the file is too short, and Error{DECRYPTION} if the tag does not
  // match.
  void finish();

 private:
  std::size_t decrypt(ByteView in, std::uint8_t* out);

  CipherContext ctx_;
  std::array<std::uint8_t, kNonceSize> nonce_{};
  std::size_t nonce_have_ = 0;
  std::array<std::uint8_t, kTagSize> held_{};  // the last bytes so far, because they may be the tag
  std::size_t held_size_ = 0;
};

// Makes the ciphertext of a file again from its plaintext, without its tag: GCM encrypts as CTR does, from counter 2 on
// (NIST SP 800-38D, 7.1). So a decryption can begin anew from the plaintext at hand.
class Recipher {
 public:
  Recipher(const FileKey& key, ByteView nonce);   // nonce: kNonceSize bytes
  void update(ByteView plain, MutableBytes out);  // writes plain.size() bytes

 private:
  CipherContext ctx_;
};

// Encrypts in the same file layout. Only the sandbox and the tests use it.
class Sealer {
 public:
  Sealer(const FileKey& key, ByteView nonce);            // nonce: kNonceSize bytes; unique for each key
  std::size_t update(ByteView plain, MutableBytes out);  // writes plain.size() ciphertext bytes
  std::array<std::uint8_t, kTagSize> finish();           // the tag

 private:
  CipherContext ctx_;
};

// Seals a short message that two processes with the same key exchange. Returns nonce, ciphertext and tag. `context` is
// authenticated too, but is not part of them. `nonce`: kNonceSize random bytes, new for each message of a key.
Bytes seal_message(const FileKey& key, ByteView nonce, ByteView context, ByteView message);
// Returns nullopt if the message, its context or the key is another one.
std::optional<SecretBytes> open_message(const FileKey& key, ByteView context, ByteView sealed);

}  // namespace libbcda::crypto
