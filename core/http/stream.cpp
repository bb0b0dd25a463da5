#include "http/stream.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cerrno>
#include <cstring>

#include "base/error.hpp"
#include "base/quote.hpp"

namespace libbcda::http {

using asio::ip::tcp;
using std::chrono::steady_clock;
using ErrorCode = boost::system::error_code;

namespace {

Error network_error(const Url& url, const std::string& doing, const std::string& why) {
  return std::move(Error(Status::NETWORK, doing + " " + tidy(url.origin(), 2 * kLongestName) + ": " + why).may_retry());
}

// A server that hangs up in mid-handshake, or says that it has an internal error, is being restarted rather than
// untrusted.
bool passing_fault(SSL* ssl) {
  int reason = ERR_GET_REASON(ERR_peek_last_error());
  return SSL_get_verify_result(ssl) == X509_V_OK &&
         (reason == SSL_R_UNEXPECTED_EOF_WHILE_READING || reason == SSL_R_TLSV1_ALERT_INTERNAL_ERROR);
}

constexpr auto kNever = steady_clock::time_point::max();

}  // namespace

// Cancels the socket when a deadline passes or nothing has moved for too long. One timer for a whole transfer:
// each byte that moves costs a clock reading, not a timer.
struct Stream::Watchdog : std::enable_shared_from_this<Stream::Watchdog> {
  Watchdog(const asio::any_io_executor& executor, tcp::socket& s) : timer(executor), socket(&s) {}

  void arm() {
    if (!waiting)
      active = steady_clock::now();  // whoever is busy with the last bytes, such as a slow sink, is not idle
    auto due = std::min(deadline, idle.count() > 0 ? active + idle : kNever);
    if (due == kNever) return;
    if (due <= steady_clock::now()) return bite();
    timer.expires_at(due);
    timer.async_wait([self = weak_from_this()](ErrorCode ec) {
      auto dog = self.lock();
      if (!ec && dog && dog->socket) dog->arm();
    });
  }
  void bite() {
    expired = true;
    ErrorCode ignored;
    if (!socket || !socket->is_open()) return;
    // A composed connect would go on with the next address unless the socket is closed. Later on OpenSSL holds the
    // descriptor, which must stay ours until the stream goes.
    connecting ? socket->close(ignored) : socket->cancel(ignored);
  }

  asio::steady_timer timer;
  tcp::socket* socket;  // null once the stream is gone
  steady_clock::time_point active = steady_clock::now();
  steady_clock::time_point deadline = kNever;
  Milliseconds idle{0};
  bool connecting = false;
  bool waiting = false;  // for the peer
  bool expired = false;
};

IdleConnection& IdleConnection::operator=(IdleConnection&& other) noexcept {
  std::swap(fd, other.fd);
  std::swap(ssl, other.ssl);
  std::swap(since, other.since);
  return *this;
}

IdleConnection::~IdleConnection() {
  ssl.reset();
  if (fd >= 0) ::close(fd);
}

Stream::Stream(asio::any_io_executor executor, Url url, Patience patience)
    : url_(std::move(url)),
      patience_(patience),
      socket_(executor),
      watchdog_(std::make_shared<Watchdog>(executor, socket_)) {}

Stream::Stream(asio::any_io_executor executor, Url url, Patience patience, IdleConnection connection)
    : Stream(std::move(executor), std::move(url), patience) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  ::getsockname(connection.fd, reinterpret_cast<sockaddr*>(&address), &size);
  socket_.assign(address.ss_family == AF_INET6 ? tcp::v6() : tcp::v4(), connection.fd);
  connection.fd = -1;
  ssl_ = std::move(connection.ssl);
  socket_.non_blocking(true);
  socket_.native_non_blocking(true);
  watch();
}

Stream::~Stream() {
  watchdog_->socket = nullptr;
  watchdog_->timer.cancel();
}

void Stream::watch() {
  watchdog_->active = steady_clock::now();
  watchdog_->idle = patience_.idle;
  watchdog_->arm();
}

void Stream::deadline(steady_clock::time_point when) {
  watchdog_->deadline = when;
  watchdog_->arm();
}

void Stream::time_out() {
  throw std::move(Error(Status::TIMEOUT, url_.shown() + " did not answer in time").may_retry());
}

// The connection broke. A server that wants a client certificate may hang up without a word about it.
void Stream::fail(const std::string& doing, const std::string& why) {
  const bool wants_certificate = ssl_ && asked_for_certificate(ssl_.get());
  const std::string text = doing + " " + url_.shown() + ": " + why;
  throw std::move(Error(Status::NETWORK, wants_certificate ? text + kNoClientCertificate : text).may_retry());
}

Task<> Stream::wait(Ready what) {
  if (watchdog_->expired) time_out();
  watchdog_->active = steady_clock::now();  // silence counts from when something is due
  watchdog_->waiting = true;
  ErrorCode ec;
  co_await socket_.async_wait(what == Ready::read ? tcp::socket::wait_read : tcp::socket::wait_write,
                              asio::redirect_error(asio::use_awaitable, ec));
  watchdog_->waiting = false;
  if (watchdog_->expired) time_out();
  if (ec == asio::error::operation_aborted) throw Error(Status::CANCELED, "canceled");
  if (ec) fail("the connection to", ec.message());
}

// The system's resolver cannot be interrupted; at least its answer is not waited for beyond the limit.
Task<tcp::resolver::results_type> Stream::resolve() {
  auto executor = co_await asio::this_coro::executor;
  auto resolver = std::make_shared<tcp::resolver>(executor);
  auto late = std::make_shared<bool>(false);
  asio::steady_timer limit(executor, patience_.connect);
  limit.async_wait([resolver, late](ErrorCode ec) {
    if (ec) return;
    *late = true;
    resolver->cancel();
  });
  ErrorCode ec;
  auto found = co_await resolver->async_resolve(url_.host, std::to_string(url_.port), tcp::resolver::numeric_service,
                                                asio::redirect_error(asio::use_awaitable, ec));
  if (*late) time_out();
  if (ec == asio::error::operation_aborted) throw Error(Status::CANCELED, "canceled");
  if (ec) throw network_error(url_, "cannot find the host of", ec.message());
  co_return found;
}

Task<> Stream::connect(TlsContext& tls) {
  auto limit = steady_clock::now() + patience_.connect;
  watchdog_->idle = Milliseconds(0);
  auto addresses = co_await resolve();
  ErrorCode ec = asio::error::host_not_found;
  std::size_t left = addresses.size();
  watchdog_->connecting = true;
  for (const auto& address : addresses) {
    // Each gets its share of the time: one that never answers must not keep the others from being tried.
    auto now = steady_clock::now();
    watchdog_->deadline = now + (limit - now) / static_cast<int>(left--);
    watchdog_->expired = false;
    watchdog_->arm();
    if (watchdog_->expired) break;
    co_await socket_.async_connect(address.endpoint(), asio::redirect_error(asio::use_awaitable, ec));
    if (!ec && !watchdog_->expired) break;
    if (ec == asio::error::operation_aborted && !watchdog_->expired) throw Error(Status::CANCELED, "canceled");
    ErrorCode ignored;
    socket_.close(ignored);
  }
  watchdog_->connecting = false;
  if (watchdog_->expired) time_out();
  if (ec) throw network_error(url_, "cannot connect to", ec.message());
  watchdog_->deadline = limit;
  watchdog_->arm();

  socket_.set_option(tcp::no_delay(true), ec);
  socket_.non_blocking(true);
  socket_.native_non_blocking(true);
  if (url_.tls()) co_await handshake(tls);
  watchdog_->deadline = kNever;
  watch();
}

Task<> Stream::handshake(TlsContext& tls) {
  const std::string name(url_.tls_name());
  ssl_ = tls.connect_to(name, url_.origin());
  if (SSL_set_fd(ssl_.get(), static_cast<int>(socket_.native_handle())) != 1) throw std::bad_alloc();
  for (;;) {
    ERR_clear_error();
    int result = SSL_connect(ssl_.get());
    if (result == 1) co_return;
    int kind = SSL_get_error(ssl_.get(), result);
    if (kind == SSL_ERROR_WANT_READ) {
      co_await wait(Ready::read);
    } else if (kind == SSL_ERROR_WANT_WRITE) {
      co_await wait(Ready::write);
    } else if (kind == SSL_ERROR_SSL && !passing_fault(ssl_.get())) {
      Error error(Status::TLS, handshake_failure(ssl_.get(), name));
      ERR_clear_error();
      throw error;
    } else {
      ERR_clear_error();
      fail("the TLS handshake with", "the connection was closed");
    }
  }
}

// What a failed SSL_read or SSL_write wants; throws when it is the end of the connection.
Task<> Stream::progress_tls(int result, const char* doing) {
  const int error_number = errno, kind = SSL_get_error(ssl_.get(), result);
  if (kind == SSL_ERROR_SYSCALL && asked_for_certificate(ssl_.get())) {
    char byte;  // the alert that tells why the server hung up may still be unread
    ERR_clear_error();
    static_cast<void>(SSL_peek(ssl_.get(), &byte, 1));  // its error is looked at next
  }
  if (refused_without_certificate(ssl_.get())) {
    ERR_clear_error();
    throw Error(Status::TLS, tidy(url_.tls_name()) + " refused the connection" + kNoClientCertificate);
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

Task<std::size_t> Stream::read_some(MutableBytes out) {
  for (;;) {
    if (watchdog_->expired) time_out();  // a server that always has bytes is never waited for
    std::size_t have = 0;
    if (ssl_) {
      // Take record after record while they are there: one wait then serves many.
      int result = 1;
      while (have < out.size()) {
        ERR_clear_error();
        errno = 0;
        std::size_t n = 0;
        result = SSL_read_ex(ssl_.get(), out.data() + have, out.size() - have, &n);
        if (result != 1) break;
        have += n;
      }
      if (have > 0) {
        watchdog_->active = steady_clock::now();
        ERR_clear_error();
        co_return have;
      }
      if (SSL_get_error(ssl_.get(), result) == SSL_ERROR_ZERO_RETURN) co_return 0;
      co_await progress_tls(result, "reading from");
    } else {
      ssize_t n = ::recv(socket_.native_handle(), out.data(), out.size(), 0);
      if (n >= 0) {
        watchdog_->active = steady_clock::now();
        co_return static_cast<std::size_t>(n);
      }
      if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) fail("reading from", std::strerror(errno));
      if (errno != EINTR) co_await wait(Ready::read);
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
      ssize_t sent = ::send(socket_.native_handle(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK) fail("writing to", std::strerror(errno));
      if (sent < 0) {
        co_await wait(Ready::write);
        continue;
      }
      n = static_cast<std::size_t>(sent);
    }
    watchdog_->active = steady_clock::now();
    bytes = bytes.subspan(n);
  }
}

IdleConnection Stream::release() {
  IdleConnection connection;
  watchdog_->socket = nullptr;
  watchdog_->timer.cancel();
  ErrorCode ec;
  connection.fd = socket_.release(ec);
  if (ec) connection.fd = -1;
  connection.ssl = std::move(ssl_);
  connection.since = steady_clock::now();
  return connection;
}

bool Stream::stale(const IdleConnection& connection) {
  char byte;
  if (connection.fd < 0) return true;
  if (connection.ssl) {  // reads what is pending, such as session tickets
    ERR_clear_error();
    int result = SSL_peek(connection.ssl.get(), &byte, 1);
    bool silent = result <= 0 && SSL_get_error(connection.ssl.get(), result) == SSL_ERROR_WANT_READ;
    ERR_clear_error();
    return !silent;
  }
  ssize_t n = ::recv(connection.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return n >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

}  // namespace libbcda::http
