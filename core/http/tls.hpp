// TLS policy: which servers are trusted, how, and the sessions to resume with them.
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <string>

typedef struct ssl_ctx_st SSL_CTX;
typedef struct ssl_st SSL;
typedef struct ssl_session_st SSL_SESSION;

namespace libbcda::http {

struct SslDeleter {
  void operator()(SSL* ssl) const noexcept;
};
using SslPtr = std::unique_ptr<SSL, SslDeleter>;

// TLS 1.2 or newer, chain and host name always verified. Thread-safe once made.
class TlsContext {
 public:
  // `ca_file`: PEM certificates to trust instead of the system's; "": SSL_CERT_FILE, then the places where
  // Linux systems keep theirs. Throws Error{TLS} when none is found.
  explicit TlsContext(const std::string& ca_file);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  // A client connection to `host` (without a final dot), to be given a socket. Resumes a session of `origin` when there
  // is one.
  SslPtr connect_to(const std::string& host, const std::string& origin);

 private:
  static int on_new_session(SSL* ssl, SSL_SESSION* session);

  struct ContextDeleter {
    void operator()(SSL_CTX* context) const noexcept;
  };
  struct SessionDeleter {
    void operator()(SSL_SESSION* session) const noexcept;
  };
  std::unique_ptr<SSL_CTX, ContextDeleter> context_;
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<SSL_SESSION, SessionDeleter>> sessions_;  // by origin
};

// Why the peer was not trusted, or what the handshake failed of, for an error message.
std::string handshake_failure(SSL* ssl, const std::string& host);

// Whether the server has asked for a client certificate. The library sends none.
bool asked_for_certificate(SSL* ssl);
// Whether the server then refused the connection for want of one. TLS 1.3 says so only after the handshake.
bool refused_without_certificate(SSL* ssl);
// What to say about either, to end a message.
inline constexpr const char* kNoClientCertificate =
    "; the server asks for a client certificate, which this library does not send and BCDA does not ask for: check the "
    "setting url";

}  // namespace libbcda::http
