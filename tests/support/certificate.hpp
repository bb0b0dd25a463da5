// Temporary certificates for tests of TLS.
#pragma once
#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

namespace libbcda::test {

struct OpenSslFree {
  void operator()(X509* p) const { X509_free(p); }
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(SSL_CTX* p) const { SSL_CTX_free(p); }
  void operator()(SSL* p) const { SSL_free(p); }
};
using ServerContext = std::unique_ptr<SSL_CTX, OpenSslFree>;
using ServerSsl = std::unique_ptr<SSL, OpenSslFree>;

constexpr long kDay = 24 * 3600;

struct CertificateOptions {
  std::string common_name = "bcda.test";
  std::string names = "DNS:bcda.test";  // subjectAltName; "": the certificate has none
  long from = -kDay, to = kDay;         // the validity, in seconds from now
};

// A self-signed certificate and its key.
class SelfSigned {
 public:
  explicit SelfSigned(const CertificateOptions& options) : key_(EVP_EC_gen("P-256")), certificate_(X509_new()) {
    X509* x = certificate_.get();
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), options.from);
    X509_gmtime_adj(X509_getm_notAfter(x), options.to);
    X509_set_pubkey(x, key_.get());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(options.common_name.c_str()), -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(x));
    if (!options.names.empty()) {
      X509_EXTENSION* names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, options.names.c_str());
      X509_add_ext(x, names, -1);
      X509_EXTENSION_free(names);
    }
    EXPECT_GT(X509_sign(x, key_.get(), EVP_sha256()), 0);
  }

  void write(const std::string& path) const {
    FILE* file = std::fopen(path.c_str(), "w");
    ASSERT_TRUE(file) << path;
    EXPECT_EQ(PEM_write_X509(file, certificate_.get()), 1);
    std::fclose(file);
  }

  void write_key(const std::string& path, const char* passphrase = nullptr) const {
    FILE* file = std::fopen(path.c_str(), "a");
    ASSERT_TRUE(file) << path;
    EXPECT_EQ(PEM_write_PKCS8PrivateKey(file, key_.get(), passphrase ? EVP_aes_256_cbc() : nullptr, nullptr, 0, nullptr,
                                        const_cast<char*>(passphrase)),
              1);
    std::fclose(file);
  }

  // Makes a server take this certificate from a client.
  void let_in(const ServerContext& server) const {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(server.get()), certificate_.get());
  }

  // Makes the context of a server with at most TLS `version`. The server may require a client certificate.
  ServerContext server(int version = TLS1_3_VERSION, bool demands_certificate = false) const {
    ServerContext context(SSL_CTX_new(TLS_server_method()));
    SSL_CTX_use_certificate(context.get(), certificate_.get());
    SSL_CTX_use_PrivateKey(context.get(), key_.get());
    SSL_CTX_set_max_proto_version(context.get(), version);
    if (demands_certificate)
      SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    return context;
  }

 private:
  std::unique_ptr<EVP_PKEY, OpenSslFree> key_;
  std::unique_ptr<X509, OpenSslFree> certificate_;
};

}  // namespace libbcda::test
