// The certificate that proves the client to a server (mutual TLS).
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "crypto/private_pem.hpp"

typedef struct ssl_st SSL;
typedef struct x509_st X509;

namespace libbcda::http {

// Copies share one immutable certificate and key. Thread-safe.
class ClientCertificate {
 public:
  // Reads the PEM files of the settings client_certificate and client_certificate_key. The first holds the certificate,
  // and the certificates of its issuers may follow. `key_path`: "" if the key is in the same file. Throws
  // Error{TLS}, which names the setting: a file cannot be read, holds none, or the two do not belong together.
  ClientCertificate(const std::string& path, const std::string& key_path, const Secret& passphrase);

  // Sets certificate, issuers and key. Returns false if OpenSSL refuses them. Does not throw.
  bool give_to(SSL* ssl) const noexcept;

 private:
  std::vector<std::shared_ptr<X509>> chain_;  // the certificate itself comes first
  crypto::NativeKey key_;
};

}  // namespace libbcda::http
