#include "http/tls.hpp"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <ctime>

#include "base/error.hpp"
#include "base/openssl_error.hpp"
#include "files/file.hpp"
#include "world/world.hpp"

namespace libbcda::http {
namespace {

constexpr std::size_t kReadAhead = 40 << 10;  // bytes: two records of 16 KiB, and the next one's beginning

// The system's CA certificates on Debian, Fedora/RHEL, Alpine, SUSE and others. The list is needed because a bundled
// OpenSSL searches other paths.
constexpr const char* kBundles[] = {
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/usr/local/share/certs/ca-root-nss.crt",
};

// The data of a connection that the session cache and the messages need.
struct Peer {
  std::string origin;
  bool asked_for_certificate = false;
  bool got_certificate = false;  // the server was given the client certificate
  // The certificate that was refused:
  bool refused = false;
  bool issuer = false;  // it belongs to an issuer in the chain, not to the server
  bool names_hosts = true;
  std::tm valid_from{}, valid_to{};
};

int context_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

void free_peer(void*, void* peer, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<Peer*>(peer); }

int peer_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, free_peer);
  return index;
}

Peer* peer_of(const SSL* ssl) { return static_cast<Peer*>(SSL_get_ex_data(ssl, peer_index())); }

// OpenSSL calls this function, so it must not throw.
// Records the details of a certificate that OpenSSL refuses.
int record_verdict(int good, X509_STORE_CTX* store) {
  auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  X509* certificate = X509_STORE_CTX_get_current_cert(store);
  Peer* peer = ssl ? peer_of(ssl) : nullptr;
  if (good || !certificate || !peer) return good;
  peer->refused = ASN1_TIME_to_tm(X509_get0_notBefore(certificate), &peer->valid_from) == 1 &&
                  ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &peer->valid_to) == 1;
  peer->issuer = X509_STORE_CTX_get_error_depth(store) > 0;
  peer->names_hosts = X509_get_ext_by_NID(certificate, NID_subject_alt_name, -1) >= 0;
  return good;
}

std::string date(const std::tm& time) {
  char text[64];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &time)};
}

// The time of the system, because OpenSSL checks certificates with it, whatever world a run has.
std::string now() {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(world::system_local().clock.now().wall);
  std::tm time{};
  return ::gmtime_r(&seconds, &time) ? date(time) : "an unknown time";
}

std::string outside_validity(const Peer* peer, const std::string& host, bool early) {
  std::string text = peer && peer->issuer ? "the certificate of an issuer of " + host + "'s certificate"
                                          : "the certificate of " + host;
  text += early ? " is not valid yet" : " has expired";
  if (peer && peer->refused) text += ": it is valid from " + date(peer->valid_from) + " to " + date(peer->valid_to);
  return text + ", and the clock of this machine says " + now() +
         "; set the clock if it is wrong, otherwise the service must renew the certificate";
}

// Whether a CA certificate in ca_file could complete the chain.
bool lacks_issuer(long verdict) {
  return verdict == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT || verdict == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
         verdict == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE || verdict == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN ||
         verdict == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT || verdict == X509_V_ERR_CERT_UNTRUSTED;
}

std::string untrusted(const Peer* peer, const std::string& host, long verdict) {
  if (verdict == X509_V_ERR_CERT_NOT_YET_VALID || verdict == X509_V_ERR_CERT_HAS_EXPIRED)
    return outside_validity(peer, host, verdict == X509_V_ERR_CERT_NOT_YET_VALID);
  std::string text = "the certificate of " + host;
  if (verdict == X509_V_ERR_HOSTNAME_MISMATCH || verdict == X509_V_ERR_IP_ADDRESS_MISMATCH) {
    if (peer && !peer->names_hosts)
      return text + " names no host (it has no subjectAltName); the service must replace the certificate";
    return text + " is for another host; check the setting url";
  }
  text += std::string(" is not trusted (") + X509_verify_cert_error_string(verdict) + "); ";
  return text + (lacks_issuer(verdict)
                     ? "if the service uses its own CA, give the file of its certificate in the setting ca_file"
                     : "the service must replace the certificate");
}

// The algorithms that TLS with the service needs and this OpenSSL lacks, such as "SHA2-256, RSA". "" if none is
// missing.
std::string missing_algorithms() {
  std::string missing;
  const auto need = [&](const char* name, auto* found, auto free) {
    if (!found) missing += (missing.empty() ? "" : ", ") + std::string(name);
    free(found);
  };
  need("SHA2-256", EVP_MD_fetch(nullptr, "SHA2-256", nullptr), EVP_MD_free);
  need("AES-256-GCM", EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr), EVP_CIPHER_free);
  need("RSA", EVP_KEYMGMT_fetch(nullptr, "RSA", nullptr), EVP_KEYMGMT_free);
  need("EC", EVP_KEYMGMT_fetch(nullptr, "EC", nullptr), EVP_KEYMGMT_free);
  ERR_clear_error();
  return missing;
}

std::string openssl_configuration() {
  if (const char* path = std::getenv("OPENSSL_CONF"); path && *path)
    return std::string("the environment variable OPENSSL_CONF names ") + path +
           ", and that configuration is the likely cause; unset OPENSSL_CONF, or activate the default provider there";
  return "OpenSSL's configuration (openssl.cnf, or the file that OPENSSL_CONF names) is the likely cause; activate the "
         "default provider there";
}

Error unusable_openssl() {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  std::string text = "OpenSSL cannot speak TLS here";
  if (reason) text += std::string(" (") + reason + ")";
  if (lacked_memory()) return {Status::NO_MEMORY, "out of memory"};
  if (std::string missing = missing_algorithms(); !missing.empty()) text += ": it lacks " + missing;
  return {Status::TLS, text + "; " + openssl_configuration()};
}

bool is_address(const std::string& host) {
  unsigned char bytes[16];
  return inet_pton(AF_INET, host.c_str(), bytes) == 1 || inet_pton(AF_INET6, host.c_str(), bytes) == 1;
}

// Loads the trusted CA certificates.
void trust(SSL_CTX* context, const std::string& ca_file) {
  ERR_clear_error();  // so that what is in the queue later belongs to this
  if (!ca_file.empty()) {
    if (SSL_CTX_load_verify_locations(context, ca_file.c_str(), nullptr) == 1) return;
    if (lacked_memory()) throw std::bad_alloc();
    const char* why = files::may_read(ca_file) ? "it contains no PEM certificate" : std::strerror(errno);
    throw std::move(Error(Status::TLS, "the setting ca_file: cannot use " + ca_file + ": " + why).at_file(ca_file));
  }
  if (const char* env = std::getenv("SSL_CERT_FILE"); env && *env) {
    if (SSL_CTX_load_verify_locations(context, env, nullptr) == 1) return;
    if (lacked_memory()) throw std::bad_alloc();
    throw Error(Status::TLS, std::string("SSL_CERT_FILE names ") + env + ", which contains no usable certificate");
  }
  for (const char* bundle : kBundles)
    if (files::may_read(bundle) && SSL_CTX_load_verify_locations(context, bundle, nullptr) == 1) return;
  ERR_clear_error();
  // The paths that are compiled into OpenSSL. They are right for a system OpenSSL, but empty for a bundled one. If they
  // are empty, the first handshake fails.
  SSL_CTX_set_default_verify_paths(context);
  ERR_clear_error();
}

// The group of the key exchange, as OpenSSL names it. "": TLS 1.2, or it has no name.
std::string group_of(SSL* ssl) {
  if (SSL_version(ssl) != TLS1_3_VERSION) return "";
  const char* name = SSL_group_to_name(ssl, static_cast<int>(SSL_get_negotiated_group(ssl)));
  return name ? name : "";
}

}  // namespace

// OpenSSL takes a connection that ends without a shutdown for a broken one, and would never resume its session. A quiet
// shutdown sends nothing: the bodies of HTTP say themselves where they end.
void SslDeleter::operator()(SSL* ssl) const noexcept {
  if (SSL_is_init_finished(ssl)) {
    SSL_set_quiet_shutdown(ssl, 1);
    SSL_shutdown(ssl);
  }
  SSL_free(ssl);
}
void TlsContext::ContextDeleter::operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
void TlsContext::SessionDeleter::operator()(SSL_SESSION* session) const noexcept { SSL_SESSION_free(session); }

TlsContext::TlsContext(const std::string& ca_file, std::optional<ClientCertificate> certificate)
    : certificate_(std::move(certificate)) {
  ERR_clear_error();
  context_.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* context = context_.get();
  if (!context || SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 || !missing_algorithms().empty())
    throw unusable_openssl();
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, record_verdict);
  SSL_CTX_set_cert_cb(context, &TlsContext::on_certificate_request, this);
  SSL_CTX_set_mode(context,
                   SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // One call of the system reads two records. Without this, each record takes two calls: for its head and for its body.
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_default_read_buffer_len(context, kReadAhead);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  if (SSL_CTX_set_ex_data(context, context_index(), this) != 1) throw std::bad_alloc();
  SSL_CTX_sess_set_new_cb(context, &TlsContext::on_new_session);
  trust(context, ca_file);
}

TlsContext::~TlsContext() = default;

void TlsContext::offer_certificate_to(const std::string& origin) {
  const std::lock_guard lock(mutex_);
  certificate_origins_.insert(origin);
  sessions_.erase(origin);  // it began without the certificate
}

bool TlsContext::offers_certificate_to(const std::string& origin) {
  const std::lock_guard lock(mutex_);
  return certificate_ && certificate_origins_.count(origin) > 0;
}

// OpenSSL calls it when the server requests a client certificate. It must not throw. Without a certificate the handshake
// goes on, because the server may take the client all the same.
int TlsContext::on_certificate_request(SSL* ssl, void* context) {
  auto* self = static_cast<TlsContext*>(context);
  Peer* peer = peer_of(ssl);
  if (!peer) return 1;
  peer->asked_for_certificate = true;
  try {
    self->note_asking(peer->origin);
    if (!self->offers_certificate_to(peer->origin)) return 1;
  } catch (const std::exception&) {
    return 0;
  }
  peer->got_certificate = self->certificate_->give_to(ssl);
  return peer->got_certificate ? 1 : 0;
}

// A server that resumes a session does not request the certificate again, but it may still refuse the client.
void TlsContext::note_asking(const std::string& origin) {
  const std::lock_guard lock(mutex_);
  asking_origins_.insert(origin);
}

void TlsContext::forget_session(const std::string& origin) {
  const std::lock_guard lock(mutex_);
  sessions_.erase(origin);
}

int TlsContext::on_new_session(SSL* ssl, SSL_SESSION* session) {
  auto* self = static_cast<TlsContext*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), context_index()));
  const Peer* peer = peer_of(ssl);
  if (!self || !peer) return 0;
  try {
    std::string group = group_of(ssl);
    const std::lock_guard lock(self->mutex_);
    Resumable& resumable = self->sessions_[peer->origin];
    resumable.group = std::move(group);
    resumable.session.reset(session);
  } catch (const std::exception&) {
    return 0;  // no memory to keep the session, so the next connection does a full handshake
  }
  return 1;  // tells OpenSSL that the map owns the session now
}

SslPtr TlsContext::connect_to(const std::string& host, const std::string& origin, bool may_resume) {
  SslPtr ssl(SSL_new(context_.get()));
  if (!ssl) throw std::bad_alloc();
  SSL_set_connect_state(ssl.get());
  auto peer = std::make_unique<Peer>();
  peer->origin = origin;
  Peer& known = *peer;
  if (SSL_set_ex_data(ssl.get(), peer_index(), peer.get()) != 1) throw std::bad_alloc();
  static_cast<void>(peer.release());  // freed with the connection
  bool named = is_address(host) ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl.get()), host.c_str()) == 1
                                : SSL_set1_host(ssl.get(), host.c_str()) == 1 &&
                                      SSL_set_tlsext_host_name(ssl.get(), host.c_str()) == 1;
  if (!named) throw Error(Status::TLS, "the host name " + host + " cannot be verified");
  // Only a subjectAltName may name the host (RFC 9525), so the common name is not checked.
  SSL_set_hostflags(ssl.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  std::lock_guard lock(mutex_);
  const auto session = may_resume ? sessions_.find(origin) : sessions_.end();
  if (session == sessions_.end()) return ssl;
  SSL_set_session(ssl.get(), session->second.session.get());
  // A key for each group that a server might choose costs as much as the rest of the handshake. This server chose one before.
  if (const std::string& group = session->second.group; !group.empty()) SSL_set1_groups_list(ssl.get(), group.c_str());
  known.asked_for_certificate = asking_origins_.count(origin) > 0;
  known.got_certificate = known.asked_for_certificate && certificate_ && certificate_origins_.count(origin) > 0;
  return ssl;
}

bool asked_for_certificate(SSL* ssl) {
  const Peer* peer = peer_of(ssl);
  return peer && peer->asked_for_certificate;
}

bool refused_certificate(SSL* ssl) {
  const int reason = ERR_GET_REASON(ERR_peek_last_error());
  if (reason == SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED) return true;
  // TLS 1.2 has no special alert for a missing certificate, so several general ones are checked.
  return asked_for_certificate(ssl) &&
         (reason == SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE || reason == SSL_R_SSLV3_ALERT_NO_CERTIFICATE ||
          reason == SSL_R_SSLV3_ALERT_BAD_CERTIFICATE || reason == SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN ||
          reason == SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE || reason == SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED ||
          reason == SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED || reason == SSL_R_TLSV1_ALERT_UNKNOWN_CA ||
          reason == SSL_R_TLSV1_ALERT_ACCESS_DENIED);
}

std::string about_certificate(SSL* ssl) {
  const Peer* peer = peer_of(ssl);
  if (peer && peer->got_certificate)
    return "; the server requests a client certificate, and it may not take the one of the setting client_certificate";
  return "; the server requests a client certificate; if the service requires one, give it in the setting "
         "client_certificate, otherwise check the setting url";
}

std::string handshake_failure(SSL* ssl, const std::string& host) {
  if (long verdict = SSL_get_verify_result(ssl); verdict != X509_V_OK) return untrusted(peer_of(ssl), host, verdict);
  const unsigned long code = ERR_peek_last_error();
  const int kind = ERR_GET_REASON(code);
  const char* reason = code ? ERR_reason_error_string(code) : nullptr;
  std::string text = "the TLS handshake with " + host + " failed";
  if (reason) text += std::string(" (") + reason + ")";
  if (refused_certificate(ssl)) return text + about_certificate(ssl);
  if (kind == SSL_R_WRONG_VERSION_NUMBER) text += "; it does not speak TLS on this port";
  if (kind == SSL_R_NO_PROTOCOLS_AVAILABLE || kind == SSL_R_NO_CIPHERS_AVAILABLE)
    text += "; " + openssl_configuration();
  return text;
}

}  // namespace libbcda::http
