#include "http/tls.hpp"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "base/error.hpp"

namespace libbcda::http {
namespace {

// Where Debian, Fedora/RHEL, Alpine, SUSE and others keep the system's CA certificates: a bundled OpenSSL looks
// elsewhere.
constexpr const char* kBundles[] = {
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/usr/local/share/certs/ca-root-nss.crt",
};

int context_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

void free_origin(void*, void* origin, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<std::string*>(origin); }

int origin_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, free_origin);
  return index;
}

bool is_address(const std::string& host) {
  unsigned char bytes[16];
  return inet_pton(AF_INET, host.c_str(), bytes) == 1 || inet_pton(AF_INET6, host.c_str(), bytes) == 1;
}

void trust(SSL_CTX* context, const std::string& ca_file) {
  if (!ca_file.empty()) {
    if (SSL_CTX_load_verify_locations(context, ca_file.c_str(), nullptr) == 1) return;
    ERR_clear_error();
    const char* why = ::access(ca_file.c_str(), R_OK) == 0 ? "it holds no PEM certificate" : std::strerror(errno);
    throw std::move(Error(Status::TLS, "the setting ca_file: cannot use " + ca_file + ": " + why).at_file(ca_file));
  }
  if (const char* env = std::getenv("SSL_CERT_FILE"); env && *env) {
    if (SSL_CTX_load_verify_locations(context, env, nullptr) == 1) return;
    ERR_clear_error();
    throw Error(Status::TLS, std::string("SSL_CERT_FILE names ") + env + ", which holds no usable certificate");
  }
  for (const char* bundle : kBundles)
    if (::access(bundle, R_OK) == 0 && SSL_CTX_load_verify_locations(context, bundle, nullptr) == 1) return;
  ERR_clear_error();
  // OpenSSL's own place: fine for a system OpenSSL, empty for a bundled one. Nothing there fails at the first
  // handshake.
  SSL_CTX_set_default_verify_paths(context);
  ERR_clear_error();
}

}  // namespace

void SslDeleter::operator()(SSL* ssl) const noexcept { SSL_free(ssl); }
void TlsContext::ContextDeleter::operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
void TlsContext::SessionDeleter::operator()(SSL_SESSION* session) const noexcept { SSL_SESSION_free(session); }

TlsContext::TlsContext(const std::string& ca_file) {
  context_.reset(SSL_CTX_new(TLS_client_method()));
  if (!context_) throw Error(Status::INTERNAL, "OpenSSL could not make a TLS context");
  SSL_CTX* context = context_.get();
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_mode(context,
                   SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_set_ex_data(context, context_index(), this);
  SSL_CTX_sess_set_new_cb(context, &TlsContext::on_new_session);
  trust(context, ca_file);
}

TlsContext::~TlsContext() = default;

int TlsContext::on_new_session(SSL* ssl, SSL_SESSION* session) {
  auto* self = static_cast<TlsContext*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), context_index()));
  auto* origin = static_cast<std::string*>(SSL_get_ex_data(ssl, origin_index()));
  if (!self || !origin) return 0;
  std::lock_guard lock(self->mutex_);
  self->sessions_[*origin].reset(session);
  return 1;  // the reference is ours now
}

SslPtr TlsContext::connect_to(const std::string& host, const std::string& origin) {
  SslPtr ssl(SSL_new(context_.get()));
  if (!ssl) throw std::bad_alloc();
  SSL_set_connect_state(ssl.get());
  SSL_set_ex_data(ssl.get(), origin_index(), new std::string(origin));
  bool named = is_address(host) ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl.get()), host.c_str()) == 1
                                : SSL_set1_host(ssl.get(), host.c_str()) == 1 &&
                                      SSL_set_tlsext_host_name(ssl.get(), host.c_str()) == 1;
  if (!named) throw Error(Status::TLS, "the host name " + host + " cannot be verified");
  SSL_set_hostflags(ssl.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  std::lock_guard lock(mutex_);
  if (auto found = sessions_.find(origin); found != sessions_.end()) SSL_set_session(ssl.get(), found->second.get());
  return ssl;
}

std::string handshake_failure(SSL* ssl, const std::string& host) {
  long verdict = SSL_get_verify_result(ssl);
  if (verdict == X509_V_ERR_HOSTNAME_MISMATCH || verdict == X509_V_ERR_IP_ADDRESS_MISMATCH) {
    return "the certificate of " + host + " is for another host; check the setting url";
  }
  if (verdict != X509_V_OK)
    return "the certificate of " + host + " is not trusted (" + X509_verify_cert_error_string(verdict) +
           "); if the service has a CA of its own, name its certificate with the setting ca_file";
  unsigned long code = ERR_peek_last_error();
  const char* reason = code ? ERR_reason_error_string(code) : nullptr;
  std::string text = "the TLS handshake with " + host + " failed";
  if (reason) text += std::string(" (") + reason + ")";
  if (code && ERR_GET_REASON(code) == SSL_R_WRONG_VERSION_NUMBER) text += "; it does not speak TLS on this port";
  return text;
}

}  // namespace libbcda::http
