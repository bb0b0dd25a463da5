#include "crypto/private_pem.hpp"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <cstring>
#include <new>

#include "base/json.hpp"
#include "base/text.hpp"
#include "crypto/pem.hpp"

namespace libbcda::crypto {
namespace {

struct PassphraseUse {
  const Secret* passphrase;
  bool asked = false;
};

int give_passphrase(char* buffer, int capacity, int, void* user) {
  auto* use = static_cast<PassphraseUse*>(user);
  use->asked = true;
  const std::string_view text = use->passphrase->reveal();
  if (text.empty() || text.size() > static_cast<std::size_t>(capacity)) return -1;
  std::memcpy(buffer, text.data(), text.size());
  return static_cast<int>(text.size());
}

NativeKey read_key(std::string_view text, PassphraseUse& use) {
  const std::unique_ptr<BIO, decltype(&BIO_free_all)> bio(
      BIO_new_mem_buf(text.empty() ? "" : text.data(), static_cast<int>(text.size())), BIO_free_all);
  if (!bio) throw std::bad_alloc();
  NativeKey key(PEM_read_bio_PrivateKey(bio.get(), nullptr, give_passphrase, &use), EVP_PKEY_free);
  ERR_clear_error();
  return key;
}

// Why an encrypted key did not open.
std::string why_locked(std::string_view pem, const PassphraseUse& use, const KeyPlace& place) {
  if (use.passphrase->empty())
    return "it is encrypted; give its passphrase" +
           (place.passphrase_settings.empty() ? "" : " (" + place.passphrase_settings + ")");
  const std::string algorithm = missing_algorithm(pem);
  if (algorithm.empty()) return "the passphrase is wrong";
  return "it is encrypted with " + algorithm + ", which this OpenSSL (" + OpenSSL_version(OPENSSL_VERSION_STRING) +
         ") does not have; convert it: openssl pkcs8 -topk8 -provider legacy -provider default -v2 aes-256-cbc -in " +
         (place.name.find(' ') == place.name.npos ? place.name : "OLD.pem") + " -out NEW.pem";
}

std::string why_unreadable(std::string_view pem) {
  auto has = [&](std::string_view mark) { return pem.find(mark) != std::string_view::npos; };
  if (has("BEGIN PUBLIC KEY") || has("BEGIN RSA PUBLIC KEY"))
    return "this is a public key; give the private key of the pair registered with the service";
  if (has("BEGIN CERTIFICATE")) return "this is a certificate; give the private key";
  if (has("BEGIN OPENSSH PRIVATE KEY"))
    return "this is OpenSSH's own format; convert a copy with: ssh-keygen -p -m PEM -f COPY";
  if (is_blank_json(pem)) return "the file is empty";
  if (!has("-----BEGIN")) return "this is not PEM text (-----BEGIN ... PRIVATE KEY-----)";
  return "the PEM text is damaged or of an unknown kind; each line of it, -----BEGIN and -----END too, must end in a "
         "line break";
}

}  // namespace

Error KeyPlace::error(const std::string& text) const {
  ERR_clear_error();
  return {Status::PRIVATE_KEY, what + " " + name + ": " + text};
}

SecretBytes key_text(std::string_view text, const KeyPlace& place) {
  if (text.size() > kLargestKeyFile) throw place.error("the file is too large to be a key");
  try {
    return to_utf8(text, "it");
  } catch (const Error& e) {
    throw place.error(e.message);
  }
}

NativeKey read_private_pem(std::string_view text, const Secret& passphrase, const KeyPlace& place) {
  PassphraseUse use{&passphrase};
  if (NativeKey key = read_key(text, use)) return key;
  SecretBytes repaired;
  if (!use.asked) repaired = repair_pem(text);
  if (!repaired.empty()) {
    text = {repaired.data(), repaired.size()};
    if (NativeKey key = read_key(text, use)) return key;
  }
  throw place.error(use.asked ? why_locked(text, use, place) : why_unreadable(text));
}

}  // namespace libbcda::crypto
