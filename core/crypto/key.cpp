#include "crypto/key.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <cstring>

#include "base/error.hpp"
#include "base/openssl_error.hpp"
#include "files/file.hpp"

namespace libbcda::crypto {
namespace {

struct BioDeleter {
  void operator()(BIO* b) const noexcept { BIO_free_all(b); }
};
using Bio = std::unique_ptr<BIO, BioDeleter>;
struct ContextDeleter {
  void operator()(EVP_PKEY_CTX* c) const noexcept { EVP_PKEY_CTX_free(c); }
};
using Context = std::unique_ptr<EVP_PKEY_CTX, ContextDeleter>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

constexpr int kBitsInByte = 8;
constexpr int kSmallestKeyBits = 2048;  // the smallest key that the service accepts at registration

Bio read_only(std::string_view text) {
  Bio bio(BIO_new_mem_buf(text.empty() ? "" : text.data(), static_cast<int>(text.size())));
  if (!bio) throw std::bad_alloc();
  return bio;
}

void use_oaep(EVP_PKEY_CTX* context, std::string_view label) {
  // Not of an empty label, because OpenSSL reports a copy without bytes as want of memory.
  auto* copy = label.empty() ? nullptr : static_cast<unsigned char*>(OPENSSL_memdup(label.data(), label.size()));
  bool ok = EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) > 0 &&
            EVP_PKEY_CTX_set_rsa_oaep_md(context, EVP_sha256()) > 0 &&
            EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) > 0;
  if (ok && !label.empty())
    ok = copy && EVP_PKEY_CTX_set0_rsa_oaep_label(context, copy, static_cast<int>(label.size())) > 0;
  if (!ok) {
    OPENSSL_free(copy);
    throw openssl_error("OpenSSL refused RSA-OAEP with SHA-256");
  }
}

// The error for a wrapped key of wrong size. It must be as long as the modulus of the RSA key (RFC 8017, section
// 7.1.1).
Error wrong_size(std::size_t wrapped, std::size_t modulus, std::string_view label) {
  auto both = [](std::size_t bytes) {
    return std::to_string(bytes) + " bytes (" + std::to_string(bytes * kBitsInByte) + " bits)";
  };
  return std::move(
      Error(Status::DECRYPTION, "the wrapped key of " + std::string(label) + " has " + both(wrapped) +
                                    ", but this private key wraps to " + both(modulus) +
                                    ": the private key is not the registered one, or the hex text was cut or extended")
          .at_file(label));
}

template <class Write>
std::string to_pem(Write write) {
  Bio bio(BIO_new(BIO_s_mem()));
  if (!bio || write(bio.get()) != 1) throw openssl_error("OpenSSL could not write a key as PEM");
  char* data = nullptr;
  long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

}  // namespace

PrivateKey::PrivateKey(NativeKey key) : key_(std::move(key)) {}

PrivateKey PrivateKey::from_pem(std::string_view pem, const Secret& passphrase, const std::string& name) {
  const KeyPlace place{"private key", name, "private_key_passphrase or private_key_passphrase_file"};
  const SecretBytes text = key_text(pem, place);
  const PrivateKey key(read_private_pem({text.data(), text.size()}, passphrase, place));
  if (EVP_PKEY_base_id(key.native()) != EVP_PKEY_RSA)
    throw place.error(std::string("this is a key of kind ") + OBJ_nid2sn(EVP_PKEY_base_id(key.native())) +
                      "; the service encrypts to RSA keys only");
  if (key.bits() < kSmallestKeyBits)
    throw place.error("RSA with " + std::to_string(key.bits()) + " bits; the service takes 2048 or more");
  return key;
}

PrivateKey PrivateKey::from_file(const std::string& path, const Secret& passphrase) {
  Secret pem = files::read_secret_file(path, kLargestKeyFile, "private key");
  try {
    return from_pem(pem.reveal(), passphrase, path);
  } catch (Error& e) {
    throw std::move(e.at_file(path));
  }
}

PrivateKey PrivateKey::generate(int bits) {
  const PrivateKey key(NativeKey(EVP_RSA_gen(static_cast<unsigned>(bits)), EVP_PKEY_free));
  if (!key.key_) throw openssl_error("OpenSSL could not make an RSA key");
  return key;
}

FileKey PrivateKey::unwrap(ByteView wrapped, std::string_view label) const {
  const auto modulus = static_cast<std::size_t>(EVP_PKEY_get_size(native()));
  if (wrapped.size() != modulus) throw wrong_size(wrapped.size(), modulus, label);
  FileKey key;
  std::vector<std::uint8_t, SecretAllocator<std::uint8_t>> plain(modulus);
  std::size_t size = plain.size();
  ERR_clear_error();  // so that what is in the queue later belongs to this decryption
  Context context(EVP_PKEY_CTX_new(native(), nullptr));
  if (!context || EVP_PKEY_decrypt_init(context.get()) <= 0)
    throw openssl_error("OpenSSL could not start an RSA decryption");
  use_oaep(context.get(), label);
  bool ok =
      EVP_PKEY_decrypt(context.get(), plain.data(), &size, wrapped.data(), wrapped.size()) > 0 && size == kFileKeySize;
  if (ok) std::memcpy(key.bytes.data(), plain.data(), kFileKeySize);
  if (lacked_memory() && !ok) throw std::bad_alloc();
  if (!ok)
    throw std::move(
        Error(Status::DECRYPTION,
              "the wrapped key of " + std::string(label) +
                  " does not open with this private key: the private key is not the registered one, the file was "
                  "renamed since the server named it, or the wrapped key is another file's")
            .at_file(label));
  return key;
}

int PrivateKey::bits() const { return EVP_PKEY_get_bits(native()); }

std::string PrivateKey::public_pem() const {
  return to_pem([&](BIO* bio) { return PEM_write_bio_PUBKEY(bio, native()); });
}

std::string PrivateKey::private_pem() const {
  return to_pem(
      [&](BIO* bio) { return PEM_write_bio_PKCS8PrivateKey(bio, native(), nullptr, nullptr, 0, nullptr, nullptr); });
}

namespace {

// The last public key that was read in this thread. A sandbox wraps all keys with the same one, and reading it takes
// longer than wrapping a key.
const Key& read_public_key(std::string_view pem) {
  thread_local std::string text;
  thread_local Key key(nullptr, EVP_PKEY_free);
  if (key && text == pem) return key;
  const Bio bio = read_only(pem);
  key.reset();
  text = pem;
  key.reset(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr));
  return key;
}

}  // namespace

Bytes wrap_file_key(const FileKey& key, std::string_view public_pem, std::string_view label) {
  const Key& rsa = read_public_key(public_pem);
  Context context(rsa ? EVP_PKEY_CTX_new(rsa.get(), nullptr) : nullptr);
  if (!context || EVP_PKEY_encrypt_init(context.get()) <= 0)
    throw Error(Status::INVALID_ARGUMENT, "the public key is not PEM text of an RSA key");
  use_oaep(context.get(), label);
  Bytes wrapped(static_cast<std::size_t>(EVP_PKEY_get_size(rsa.get())));
  std::size_t size = wrapped.size();
  if (EVP_PKEY_encrypt(context.get(), wrapped.data(), &size, key.bytes.data(), kFileKeySize) <= 0)
    throw openssl_error("OpenSSL could not wrap a key");
  wrapped.resize(size);
  return wrapped;
}

}  // namespace libbcda::crypto
