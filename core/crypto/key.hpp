// RSA keys, and the RSA-OAEP wrapping of a file's AES key.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "crypto/private_pem.hpp"

namespace libbcda::crypto {

inline constexpr std::size_t kFileKeySize = 32;  // AES-256

// A file's AES key. It is wiped on destruction. It has no move operations, so it always has its full size.
struct FileKey {
  FileKey() : bytes(kFileKeySize) {}
  FileKey(const FileKey&) = default;
  FileKey& operator=(const FileKey&) = default;
  std::vector<std::uint8_t, SecretAllocator<std::uint8_t>> bytes;
};

// The RSA private key that unwraps file keys. Copies share one immutable key. Thread-safe.
class PrivateKey {
 public:
  // Parses PEM text: PKCS#1, PKCS#8, encrypted PKCS#8, or legacy encrypted PKCS#1. Error messages call the key `name`
  // (usually its path). Throws Error{PRIVATE_KEY}.
  static PrivateKey from_pem(std::string_view pem, const Secret& passphrase, const std::string& name);
  static PrivateKey from_file(const std::string& path, const Secret& passphrase);
  static PrivateKey generate(int bits = 2048);

  // Unwraps a file key: RSAES-OAEP with SHA-256, MGF1-SHA-256, and the file's name on the server as `label`. Every
  // cause of failure has the same message, so that the message is no padding oracle. Throws Error{DECRYPTION}.
  FileKey unwrap(ByteView wrapped, std::string_view label) const;

  int bits() const;
  std::string public_pem() const;   // SubjectPublicKeyInfo
  std::string private_pem() const;  // PKCS#8, unencrypted
  EVP_PKEY* native() const noexcept { return key_.get(); }

 private:
  explicit PrivateKey(NativeKey key);
  NativeKey key_;
};

// Wraps a file key. Only the sandbox and the tests use it. `public_pem`: SubjectPublicKeyInfo.
Bytes wrap_file_key(const FileKey& key, std::string_view public_pem, std::string_view label);

}  // namespace libbcda::crypto
