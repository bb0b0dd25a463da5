#include "crypto/key.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <cstring>

#include "base/error.hpp"
#include "base/text.hpp"
#include "crypto/pem.hpp"
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
constexpr std::size_t kLargestPem = 1 << 20;

Error key_error(const std::string& name, const std::string& text) {
  ERR_clear_error();
  return {Status::PRIVATE_KEY, "private key " + name + ": " + text};
}

Bio read_only(std::string_view text) {
  Bio bio(BIO_new_mem_buf(text.empty() ? "" : text.data(), static_cast<int>(text.size())));
  if (!bio) throw std::bad_alloc();
  return bio;
}

struct PassphraseUse {
  const Secret* passphrase;
  bool asked = false;
};

int give_passphrase(char* buffer, int capacity, int, void* user) {
  auto* use = static_cast<PassphraseUse*>(user);
  use->asked = true;
  std::string_view text = use->passphrase->reveal();
  if (text.empty() || text.size() > static_cast<std::size_t>(capacity)) return -1;
  std::memcpy(buffer, text.data(), text.size());
  return static_cast<int>(text.size());
}

std::string_view view(const SecretBytes& text) { return {text.data(), text.size()}; }

EVP_PKEY* read_key(const SecretBytes& pem, PassphraseUse& use) {
  const Bio bio = read_only(view(pem));
  return PEM_read_bio_PrivateKey(bio.get(), nullptr, give_passphrase, &use);
}

std::string why_unreadable(std::string_view pem, const PassphraseUse& use, const std::string& name) {
  auto has = [&](std::string_view mark) { return pem.find(mark) != std::string_view::npos; };
  if (use.asked && use.passphrase->empty())
    return "it is encrypted; give its passphrase (private_key_passphrase or private_key_passphrase_file)";
  if (const std::string algorithm = use.asked ? missing_algorithm(pem) : ""; !algorithm.empty())
    return "it is encrypted with " + algorithm + ", which this OpenSSL (" + OpenSSL_version(OPENSSL_VERSION_STRING) +
           ") does not have; convert it: openssl pkcs8 -topk8 -provider legacy -provider default -v2 aes-256-cbc -in " +
           (name.find(' ') == name.npos ? name : "OLD.pem") + " -out NEW.pem";
  if (use.asked) return "the passphrase is wrong";
  if (has("BEGIN PUBLIC KEY") || has("BEGIN RSA PUBLIC KEY"))
    return "this is a public key; give the private key of the pair registered with the service";
  if (has("BEGIN CERTIFICATE")) return "this is a certificate; give the private key";
  if (has("BEGIN OPENSSH PRIVATE KEY"))
    return "this is OpenSSH's own format; convert a copy with: ssh-keygen -p -m PEM -f COPY";
  if (pem.find_first_not_of(" \t\r\n") == std::string_view::npos) return "the file is empty";
  if (!has("-----BEGIN")) return "this is not PEM text (-----BEGIN ... PRIVATE KEY-----)";
  return "the PEM text is damaged or of an unknown kind; each line of it, -----BEGIN and -----END too, must end in a "
         "line "
         "break";
}

void use_oaep(EVP_PKEY_CTX* context, std::string_view label) {
  auto* copy = static_cast<unsigned char*>(OPENSSL_memdup(label.data(), label.size()));
  bool ok = EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) > 0 &&
            EVP_PKEY_CTX_set_rsa_oaep_md(context, EVP_sha256()) > 0 &&
            EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) > 0;
  if (ok && !label.empty())
    ok = copy && EVP_PKEY_CTX_set0_rsa_oaep_label(context, copy, static_cast<int>(label.size())) > 0;
  if (!ok) {
    OPENSSL_free(copy);
    throw Error(Status::INTERNAL, "OpenSSL refused RSA-OAEP with SHA-256");
  }
  if (label.empty()) OPENSSL_free(copy);
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
  if (!bio || write(bio.get()) != 1) throw Error(Status::INTERNAL, "OpenSSL could not write a key as PEM");
  char* data = nullptr;
  long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

}  // namespace

PrivateKey::PrivateKey(EVP_PKEY* key) : key_(key, EVP_PKEY_free) {}

PrivateKey PrivateKey::from_pem(std::string_view pem, const Secret& passphrase, const std::string& name) {
  if (pem.size() > kLargestPem) throw key_error(name, "the file is too large to be a key");
  SecretBytes text;
  try {
    text = to_utf8(pem, "it");
  } catch (const Error& e) {
    throw key_error(name, e.message);
  }
  PassphraseUse use{&passphrase};
  PrivateKey key(read_key(text, use));
  if (SecretBytes repaired; !key.key_ && !use.asked && !(repaired = repair_pem(view(text))).empty()) {
    text.swap(repaired);
    key = PrivateKey(read_key(text, use));
  }
  if (!key.key_) throw key_error(name, why_unreadable(view(text), use, name));
  if (EVP_PKEY_base_id(key.native()) != EVP_PKEY_RSA)
    throw key_error(name, std::string("this is a key of kind ") + OBJ_nid2sn(EVP_PKEY_base_id(key.native())) +
                              "; the service encrypts to RSA keys only");
  if (key.bits() < kSmallestKeyBits)
    throw key_error(name, "RSA with " + std::to_string(key.bits()) + " bits; the service takes 2048 or more");
  return key;
}

PrivateKey PrivateKey::from_file(const std::string& path, const Secret& passphrase) {
  Secret pem = files::read_secret_file(path, kLargestPem, "private key");
  try {
    return from_pem(pem.reveal(), passphrase, path);
  } catch (Error& e) {
    throw std::move(e.at_file(path));
  }
}

PrivateKey PrivateKey::generate(int bits) {
  PrivateKey key(EVP_RSA_gen(static_cast<unsigned>(bits)));
  if (!key.key_) throw Error(Status::INTERNAL, "OpenSSL could not make an RSA key");
  return key;
}

FileKey PrivateKey::unwrap(ByteView wrapped, std::string_view label) const {
  const auto modulus = static_cast<std::size_t>(EVP_PKEY_get_size(native()));
  if (wrapped.size() != modulus) throw wrong_size(wrapped.size(), modulus, label);
  FileKey key;
  std::vector<std::uint8_t, SecretAllocator<std::uint8_t>> plain(modulus);
  std::size_t size = plain.size();
  Context context(EVP_PKEY_CTX_new(native(), nullptr));
  if (!context || EVP_PKEY_decrypt_init(context.get()) <= 0)
    throw Error(Status::INTERNAL, "OpenSSL could not start an RSA decryption");
  use_oaep(context.get(), label);
  bool ok =
      EVP_PKEY_decrypt(context.get(), plain.data(), &size, wrapped.data(), wrapped.size()) > 0 && size == kFileKeySize;
  if (ok) std::memcpy(key.bytes.data(), plain.data(), kFileKeySize);
  ERR_clear_error();
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

Bytes wrap_file_key(const FileKey& key, std::string_view public_pem, std::string_view label) {
  Bio bio = read_only(public_pem);
  Key rsa(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr), EVP_PKEY_free);
  Context context(rsa ? EVP_PKEY_CTX_new(rsa.get(), nullptr) : nullptr);
  if (!context || EVP_PKEY_encrypt_init(context.get()) <= 0)
    throw Error(Status::INVALID_ARGUMENT, "the public key is not PEM text of an RSA key");
  use_oaep(context.get(), label);
  Bytes wrapped(static_cast<std::size_t>(EVP_PKEY_get_size(rsa.get())));
  std::size_t size = wrapped.size();
  if (EVP_PKEY_encrypt(context.get(), wrapped.data(), &size, key.bytes.data(), kFileKeySize) <= 0)
    throw Error(Status::INTERNAL, "OpenSSL could not wrap a key");
  wrapped.resize(size);
  return wrapped;
}

}  // namespace libbcda::crypto
