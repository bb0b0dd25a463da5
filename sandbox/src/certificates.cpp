#include "certificates.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <memory>

#include "base/error.hpp"
#include "openssl_handles.hpp"
#include "random.hpp"

namespace libbcda::sandbox {
namespace {

using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freer<X509_EXTENSION_free>>;

void check(bool ok) {
  if (ok) return;
  ERR_clear_error();
  throw Error(Status::INTERNAL, "OpenSSL could not make the sandbox's certificates");
}

Key new_key() {
  Key key(EVP_EC_gen("P-256"));
  check(key != nullptr);
  return key;
}

void set_name(X509* certificate, const char* common_name) {
  X509_NAME* name = X509_get_subject_name(certificate);
  auto add = [&](const char* field, const char* text) {
    check(X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(text), -1, -1,
                                     0) == 1);
  };
  add("O", "libbcda sandbox");
  add("CN", common_name);
}

// Makes a certificate without issuer, extensions and signature.
Certificate blank(EVP_PKEY* key, const char* common_name) {
  Certificate certificate(X509_new());
  check(certificate != nullptr);
  X509* x = certificate.get();
  Bytes serial = random_bytes(16);
  serial[0] = static_cast<std::uint8_t>((serial[0] & 0x7f) | 0x40);  // positive and with a fixed length
  std::unique_ptr<BIGNUM, Freer<BN_free>> number(BN_bin2bn(serial.data(), static_cast<int>(serial.size()), nullptr));
  check(number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(x)) && X509_set_version(x, X509_VERSION_3) &&
        X509_gmtime_adj(X509_getm_notBefore(x), -3600) && X509_gmtime_adj(X509_getm_notAfter(x), 30L * 86400) &&
        X509_set_pubkey(x, key));
  set_name(x, common_name);
  return certificate;
}

void extend(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  Extension extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
  check(extension && X509_add_ext(certificate, extension.get(), -1) == 1);
}

std::string subject_names(const std::string& host) {
  std::string names = "DNS:localhost,IP:127.0.0.1,IP:::1";
  bool plain =
      std::all_of(host.begin(), host.end(), [](unsigned char c) { return std::isalnum(c) || c == '.' || c == '-'; });
  bool address = host.find_first_not_of("0123456789.") == std::string::npos;
  if (plain && !address && host != "localhost") names += ",DNS:" + host;
  return names;
}

}  // namespace

Certificates make_certificates(const std::string& host) {
  Key ca_key = new_key(), key = new_key();
  Certificate ca = blank(ca_key.get(), "libbcda sandbox throw-away CA");
  check(X509_set_issuer_name(ca.get(), X509_get_subject_name(ca.get())) == 1);
  extend(ca.get(), ca.get(), NID_subject_key_identifier, "hash");
  extend(ca.get(), ca.get(), NID_authority_key_identifier, "keyid:always");
  extend(ca.get(), ca.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
  extend(ca.get(), ca.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
  check(X509_sign(ca.get(), ca_key.get(), EVP_sha256()) > 0);

  Certificate server = blank(key.get(), "localhost");
  check(X509_set_issuer_name(server.get(), X509_get_subject_name(ca.get())) == 1);
  extend(server.get(), ca.get(), NID_subject_key_identifier, "hash");
  extend(server.get(), ca.get(), NID_authority_key_identifier, "keyid:always");
  extend(server.get(), ca.get(), NID_basic_constraints, "critical,CA:FALSE");
  extend(server.get(), ca.get(), NID_key_usage, "critical,digitalSignature");
  extend(server.get(), ca.get(), NID_ext_key_usage, "serverAuth");
  extend(server.get(), ca.get(), NID_subject_alt_name, subject_names(host));
  check(X509_sign(server.get(), ca_key.get(), EVP_sha256()) > 0);

  return {to_pem([&](BIO* bio) { return PEM_write_bio_X509(bio, ca.get()); }),
          to_pem([&](BIO* bio) { return PEM_write_bio_X509(bio, server.get()); }), to_pem([&](BIO* bio) {
            return PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
          })};
}

}  // namespace libbcda::sandbox
