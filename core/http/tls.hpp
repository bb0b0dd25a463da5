// TLS policy: which servers are trusted, and the cache of sessions to resume.
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "http/client_certificate.hpp"

typedef struct ssl_ctx_st SSL_CTX;
typedef struct ssl_st SSL;
typedef struct ssl_session_st SSL_SESSION;

namespace libbcda::http {

struct SslDeleter {
  void operator()(SSL* ssl) const noexcept;
};
using SslPtr = std::unique_ptr<SSL, SslDeleter>;

// TLS 1.2 or newer. The certificate chain and the host name are always verified. Thread-safe after construction.
class TlsContext {
 public:
  // `ca_file`: the PEM certificates to trust instead of the system's. If it is "", SSL_CERT_FILE is used, or else the
  // usual paths of Linux systems. Throws Error{TLS} if a given file has no usable certificate, or if OpenSSL cannot
  // speak TLS.
  // `certificate`: what a server gets that asks for a client certificate, if offer_certificate_to named its origin.
  explicit TlsContext(const std::string& ca_file, std::optional<ClientCertificate> certificate = std::nullopt);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  // Makes a client connection to `host` (without a final dot). The caller adds the socket. Resumes a session of
  // `origin` if one is cached and `may_resume` is set. Then it offers only the group that the session had, so a server that
  // has been changed may refuse it.
  SslPtr connect_to(const std::string& host, const std::string& origin, bool may_resume = true);

  // Other origins, such as those of files, never get the client certificate. It says who the client is, and they have no
  // need to know.
  void offer_certificate_to(const std::string& origin);

  // The next connection to the origin does a full handshake.
  void forget_session(const std::string& origin);

 private:
  static int on_new_session(SSL* ssl, SSL_SESSION* session);
  static int on_certificate_request(SSL* ssl, void* context);
  bool offers_certificate_to(const std::string& origin);
  void note_asking(const std::string& origin);

  struct ContextDeleter {
    void operator()(SSL_CTX* context) const noexcept;
  };
  struct SessionDeleter {
    void operator()(SSL_SESSION* session) const noexcept;
  };
  std::unique_ptr<SSL_CTX, ContextDeleter> context_;
  std::optional<ClientCertificate> certificate_;
  std::mutex mutex_;
  std::set<std::string> certificate_origins_, asking_origins_;  // that get the certificate; that requested one
  struct Resumable {
    std::unique_ptr<SSL_SESSION, SessionDeleter> session;
    std::string group;  // of the key exchange; "": not known
  };
  std::map<std::string, Resumable> sessions_;  // by origin
};

// The message for a failed handshake: why the peer is not trusted, or what else failed.
std::string handshake_failure(SSL* ssl, const std::string& host);

// Whether the server has requested a client certificate.
bool asked_for_certificate(SSL* ssl);
// Whether the server refused the connection because of the client certificate: it got none, or not one that it takes.
// With TLS 1.3 this happens only after the handshake.
bool refused_certificate(SSL* ssl);
// The end of the message in both cases.
std::string about_certificate(SSL* ssl);

}  // namespace libbcda::http
