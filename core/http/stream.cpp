#include "http/stream.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/error.hpp"
#include "base/openssl_error.hpp"
#include "base/quote.hpp"
#include "base/remedies.hpp"
#include "http/stream_bio.hpp"

namespace libbcda::http {

namespace {

Error network_error(const Url& url, const std::string& doing, const std::string& why) {
  return std::move(Error(Status::NETWORK, doing + " " + tidy(url.origin(), 2 * kLongestName) + ": " + why).may_retry());
}

// Whether a failed handshake may succeed later. A server that closes the connection during the handshake, or reports an
// internal error, is probably restarting.
bool is_transient(SSL* ssl) {
  int reason = ERR_GET_REASON(ERR_peek_last_error());
  return SSL_get_verify_result(ssl) == X509_V_OK &&
         (reason == SSL_R_UNEXPECTED_EOF_WHILE_READING || reason == SSL_R_TLSV1_ALERT_INTERNAL_ERROR);
}

constexpr Steady kNever = Steady::max();

}  // namespace

// Interrupts the connection when a deadline passes, when no byte has moved for too long, or when too few have. One timer
// serves a whole transfer, so each read or write costs only one reading of the clock, and each wait two.
struct Stream::Watchdog {
  explicit Watchdog(const Stream& s)
      : stream(s),
        clock(s.world_.clock()),
        timer(clock.timer(s.executor_)),
        active(clock.now().steady),
        meter(s.timeouts_.low_speed) {}

  void watch(world::ByteStream* watched, Milliseconds longest_silence) {
    bytes = watched;
    idle = longest_silence;
    moved();
    arm();
  }
  void moved() { active = clock.now().steady; }
  void wait_begins() {
    moved();  // the idle time starts now
    waiting = true;
    meter.wait_begins(active);
  }
  void wait_ends() {
    waiting = false;
    meter.wait_ends(clock.now().steady);
  }
  void arm() {
    const Steady now = clock.now().steady;
    if (!waiting) active = now;  // while the last bytes are processed, for example by a slow sink, the peer is not late
    const bool is_slow = meter.is_too_slow(now, stream.received());
    const Steady limit = std::min(deadline, idle.count() > 0 ? active + idle : kNever);
    const Steady due = is_slow ? now : std::min(limit, meter.due(now));
    timer->cancel();
    if (due == kNever) return;
    if (due > now) return timer->start(due, [this] { arm(); });
    expired = true;
    slow = limit > now;
    if (bytes) bytes->interrupt();
  }

  const Stream& stream;
  const world::Clock& clock;
  std::unique_ptr<world::Timer> timer;
  world::ByteStream* bytes = nullptr;
  Steady active;  // the time when a byte last moved
  Steady deadline = kNever;
  Milliseconds idle{0};
  bool waiting = false;  // the connection waits for the peer
  bool expired = false;  // a time limit has passed
  bool slow = false;     // it is that of the speed
  SpeedMeter meter;
};

Stream::Stream(world::World& world, asio::any_io_executor executor, Url url, const Proxy* proxy, Timeouts timeouts)
    : world_(world),
      executor_(std::move(executor)),
      url_(std::move(url)),
      proxy_(proxy),
      timeouts_(timeouts),
      watchdog_(std::make_unique<Watchdog>(*this)) {}

Stream::Stream(world::World& world, asio::any_io_executor executor, Url url, const Proxy* proxy, Timeouts timeouts,
               IdleConnection connection)
    : Stream(world, std::move(executor), std::move(url), proxy, timeouts) {
  bytes_ = std::move(connection.bytes);
  ssl_ = std::move(connection.ssl);
  bytes_->attach(executor_);
  watchdog_->watch(bytes_.get(), timeouts_.idle);
}

Stream::~Stream() = default;

void Stream::deadline(Steady when) {
  watchdog_->deadline = when;
  watchdog_->arm();
}

void Stream::limit_speed() {
  watchdog_->meter.start(received());
  watchdog_->arm();
}

void Stream::lift_speed_limit() { watchdog_->meter.stop(); }

// TLS hands its bytes over a record at a time, which may be 16 KiB, so they are counted below it.
std::uint64_t Stream::received() const { return ssl_ ? BIO_number_read(SSL_get_rbio(ssl_.get())) : read_plain_; }

void Stream::time_out() {
  if (watchdog_->slow)
    throw std::move(Error(Status::TIMEOUT, url_.shown() + " did not send its answer in time" + via() + ": " +
                                               watchdog_->meter.findings())
                        .may_retry());
  throw std::move(Error(Status::TIMEOUT, url_.shown() + " did not answer in time" + via()).may_retry());
}

std::string Stream::via() const { return proxy_ ? " (through the proxy " + proxy_->shown() + ")" : ""; }

// Throws the error for a broken connection. A server that requires a client certificate may close the connection
// without an alert, so the error mentions a requested certificate.
void Stream::fail(const std::string& doing, const std::string& why) {
  const bool wants_certificate = ssl_ && asked_for_certificate(ssl_.get());
  const std::string text = doing + " " + url_.shown() + via() + ": " + why;
  throw std::move(Error(Status::NETWORK, wants_certificate ? text + about_certificate(ssl_.get()) : text).may_retry());
}

Task<> Stream::wait(Ready what) {
  if (watchdog_->expired) time_out();
  watchdog_->wait_begins();
  const ErrorCode ec = co_await bytes_->wait(what);
  watchdog_->wait_ends();
  if (watchdog_->expired) time_out();
  if (ec == asio::error::operation_aborted) throw Error(Status::CANCELED, "canceled");
  if (ec) fail("the connection to", ec.message());
}

// Connects to the host, or to the proxy, before `limit`.
Task<> Stream::reach(world::Dialer& dialer, Steady limit, const world::Dialer::Home* home) {
  const std::string& host = proxy_ ? proxy_->host : url_.host;
  const std::uint16_t port = proxy_ ? proxy_->port : url_.port;
  world::Dialer::Dialed dialed = co_await dialer.dial(host, port, limit, proxy_ ? nullptr : home);
  bytes_ = std::move(dialed.bytes);
  if (bytes_) co_return;
  if (dialed.is_inside)
    throw Error(Status::PROTOCOL, "the host of " + tidy(url_.origin(), 2 * kLongestName) +
                                      " has a private address, although the service has a public one; if that is "
                                      "right, set allow_private_addresses");
  if (dialed.error == asio::error::operation_aborted) throw Error(Status::CANCELED, "canceled");
  const bool is_late = dialed.error == asio::error::timed_out;
  if (!proxy_ && is_late) time_out();
  const std::string doing = dialed.found ? "cannot connect to" : "cannot find the host of";
  const bool lacks_descriptors = dialed.error == asio::error::no_descriptors;
  const std::string why = dialed.error.message() + (lacks_descriptors ? std::string("; ") + kMoreFiles : "");
  if (!proxy_) throw network_error(url_, doing, why);
  const std::string text = doing + " the proxy " + proxy_->shown() + " (" + proxy_->source +
                           "): " + (is_late ? "it did not answer in time" : why);
  throw std::move(Error(is_late ? Status::TIMEOUT : Status::NETWORK, text).may_retry());
}

// Asks the proxy for a tunnel. Only its own credentials go to it. A plain http:// request goes through a tunnel too, so
// the proxy gets no request of ours in the clear form that it would log.
Task<> Stream::open_tunnel() {
  const SecretBytes request = connect_request(*proxy_, url_);
  const std::string_view text(request.data(), request.size());
  co_await write_all(as_bytes(text));
  ConnectAnswer answer(*proxy_, url_);
  std::array<std::uint8_t, 4096> buffer;
  bool is_open = false;
  while (!is_open) {
    const std::size_t n = co_await read_some(buffer);
    if (n == 0) fail("the request for a tunnel to", "the proxy closed the connection without an answer");
    is_open = answer.feed(as_text({buffer.data(), n}));
  }
}

Task<> Stream::connect(TlsContext& tls, world::Dialer& dialer, const world::Dialer::Home* home) {
  const Steady limit = world_.clock().now().steady + timeouts_.connect;
  const bool is_connected = co_await connect_once(tls, dialer, home, limit, true);
  if (!is_connected) co_await connect_once(tls, dialer, home, limit, false);
  watchdog_->deadline = kNever;
  watchdog_->watch(bytes_.get(), timeouts_.idle);
}

// False: the server refused to go on with a session. It may have been changed, or be another one, so a full handshake may
// succeed.
Task<bool> Stream::connect_once(TlsContext& tls, world::Dialer& dialer, const world::Dialer::Home* home, Steady limit,
                                bool may_resume) {
  co_await reach(dialer, limit, home);
  watchdog_->watch(bytes_.get(), Milliseconds(0));
  deadline(limit);
  if (proxy_) co_await open_tunnel();
  if (!url_.tls()) co_return true;
  ssl_ = tls.connect_to(std::string(url_.tls_name()), url_.origin(), may_resume);
  const bool resumes = SSL_get0_session(ssl_.get()) != nullptr;
  try {
    co_await handshake();
  } catch (const Error& e) {
    tls.forget_session(url_.origin());  // the server may refuse each connection that offers it
    const bool is_refused = e.status == Status::TLS && SSL_get_verify_result(ssl_.get()) == X509_V_OK;
    if (!resumes || !is_refused) throw;
    ssl_.reset();
    watchdog_->watch(nullptr, Milliseconds(0));
    bytes_.reset();
    co_return false;
  }
  co_return true;
}

Task<> Stream::handshake() {
  const std::string name(url_.tls_name());
  BIO* bio = make_bio(*bytes_);
  SSL_set_bio(ssl_.get(), bio, bio);
  for (;;) {
    ERR_clear_error();
    int result = SSL_connect(ssl_.get());
    if (result == 1) co_return;
    int kind = SSL_get_error(ssl_.get(), result);
    if (kind == SSL_ERROR_WANT_READ) {
      co_await wait(Ready::read);
    } else if (kind == SSL_ERROR_WANT_WRITE) {
      co_await wait(Ready::write);
    } else if (kind == SSL_ERROR_SSL && !is_transient(ssl_.get())) {
      Error error(Status::TLS, handshake_failure(ssl_.get(), name));
      if (lacked_memory()) throw std::bad_alloc();  // which OpenSSL may report as a bad certificate
      throw error;
    } else {
      ERR_clear_error();
      fail("the TLS handshake with", "the connection was closed");
    }
  }
}

// Waits until the connection is ready for what a failed SSL_read or SSL_write needs. Throws if the connection has
// ended.
Task<> Stream::progress_tls(int result, const char* doing) {
  const int error_number = errno, kind = SSL_get_error(ssl_.get(), result);
  if (kind == SSL_ERROR_SYSCALL && asked_for_certificate(ssl_.get())) {
    char byte;  // peeking reads the alert that says why the server closed the connection
    ERR_clear_error();
    static_cast<void>(SSL_peek(ssl_.get(), &byte, 1));  // the next check uses its error
  }
  if (refused_certificate(ssl_.get())) {
    ERR_clear_error();
    throw Error(Status::TLS, tidy(url_.tls_name()) + " refused the connection" + about_certificate(ssl_.get()));
  }
  switch (kind) {
    case SSL_ERROR_WANT_READ:
      co_return co_await wait(Ready::read);
    case SSL_ERROR_WANT_WRITE:
      co_return co_await wait(Ready::write);
    case SSL_ERROR_SYSCALL:
      fail(doing, error_number != 0 ? std::strerror(error_number) : "the connection was closed");
    default:
      ERR_clear_error();
      fail(doing, "the connection was cut");  // no close_notify, or a broken record
  }
}

// Reads all TLS records that have arrived, so that one wait serves many records.
std::size_t Stream::read_tls(MutableBytes out, int& result) {
  std::size_t have = 0;
  while (have < out.size()) {
    ERR_clear_error();
    errno = 0;
    std::size_t n = 0;
    result = SSL_read_ex(ssl_.get(), out.data() + have, out.size() - have, &n);
    if (result != 1) break;
    have += n;
  }
  if (have > 0) ERR_clear_error();
  return have;
}

Task<std::size_t> Stream::read_some(MutableBytes out) {
  for (;;) {
    if (watchdog_->expired) time_out();  // checked here too, because no wait happens while bytes are always ready
    int result = 1;
    const ssize_t n = ssl_ ? static_cast<ssize_t>(read_tls(out, result)) : bytes_->read(out);
    if (n > 0 || (n == 0 && !ssl_)) {
      watchdog_->moved();
      if (!ssl_) read_plain_ += static_cast<std::uint64_t>(n);
      co_return static_cast<std::size_t>(n);
    }
    if (ssl_) {
      if (SSL_get_error(ssl_.get(), result) == SSL_ERROR_ZERO_RETURN) co_return 0;
      co_await progress_tls(result, "reading from");
    } else if (errno != EINTR) {
      if (errno != EAGAIN && errno != EWOULDBLOCK) fail("reading from", std::strerror(errno));
      co_await wait(Ready::read);
    }
  }
}

Task<> Stream::write_all(ByteView bytes) {
  while (!bytes.empty()) {
    std::size_t n = 0;
    if (ssl_) {
      ERR_clear_error();
      errno = 0;
      int result = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &n);
      if (result != 1) {
        co_await progress_tls(result, "writing to");
        continue;
      }
    } else {
      const ssize_t sent = bytes_->write(bytes);
      if (sent < 0 && errno == EINTR) continue;
      if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK) fail("writing to", std::strerror(errno));
      if (sent < 0) {
        co_await wait(Ready::write);
        continue;
      }
      n = static_cast<std::size_t>(sent);
    }
    watchdog_->moved();
    bytes = bytes.subspan(n);
  }
}

IdleConnection Stream::release() {
  lift_speed_limit();
  watchdog_->watch(nullptr, Milliseconds(0));
  deadline(kNever);
  bytes_->detach();
  return {std::move(bytes_), std::move(ssl_), world_.clock().now().steady};
}

bool Stream::stale(const IdleConnection& connection) {
  std::uint8_t byte;
  if (connection.ssl) {  // SSL_peek also processes pending records such as session tickets
    ERR_clear_error();
    int result = SSL_peek(connection.ssl.get(), &byte, 1);
    bool silent = result <= 0 && SSL_get_error(connection.ssl.get(), result) == SSL_ERROR_WANT_READ;
    ERR_clear_error();
    return !silent;
  }
  const ssize_t n = connection.bytes->peek({&byte, 1});
  return n >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

}  // namespace libbcda::http
