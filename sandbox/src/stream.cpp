#include "stream.hpp"

#include <linux/sockios.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <chrono>

#include "base/error.hpp"

namespace libbcda::sandbox {
namespace {

using boost::system::system_error;
using tcp = asio::ip::tcp;

constexpr std::size_t kMostAtOnce = 256 << 10;       // plaintext bytes whose TLS records are sent together
constexpr auto kPatience = std::chrono::seconds(2);  // the wait for a peer that neither reads nor disconnects

[[noreturn]] void fail() { throw system_error(errno ? errno : ECONNRESET, boost::system::system_category()); }

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK; }

// Needed because OpenSSL's own socket BIO would raise SIGPIPE in the host program when a client disconnects.
struct Ends {
  int fd;
  Bytes* outgoing;
};

int bio_write(BIO* bio, const char* data, int size) {
  auto* out = static_cast<Ends*>(BIO_get_data(bio))->outgoing;
  out->insert(out->end(), data, data + size);
  return size;
}

int bio_read(BIO* bio, char* data, int size) {
  BIO_clear_retry_flags(bio);
  errno = 0;
  auto got = ::recv(static_cast<Ends*>(BIO_get_data(bio))->fd, data, static_cast<std::size_t>(size), 0);
  if (got < 0 && (would_block() || errno == EINTR)) BIO_set_retry_read(bio);
  return static_cast<int>(got);
}

long bio_control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

int bio_destroy(BIO* bio) {
  delete static_cast<Ends*>(BIO_get_data(bio));
  return 1;
}

BIO_METHOD* bio_method() {
  static BIO_METHOD* method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "libbcda sandbox");
    BIO_meth_set_write(made, bio_write);
    BIO_meth_set_read(made, bio_read);
    BIO_meth_set_ctrl(made, bio_control);
    BIO_meth_set_destroy(made, bio_destroy);
    return made;
  }();
  return method;
}

BIO* new_bio(int fd, Bytes* outgoing) {
  BIO* bio = BIO_new(bio_method());
  if (!bio) throw std::bad_alloc();
  BIO_set_data(bio, new Ends{fd, outgoing});
  BIO_set_init(bio, 1);
  return bio;
}

}  // namespace

std::shared_ptr<SSL_CTX> make_tls(const std::string& certificate_pem, const std::string& key_pem) {
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  auto memory = [](const std::string& text) {
    return std::unique_ptr<BIO, int (*)(BIO*)>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free);
  };
  std::unique_ptr<X509, void (*)(X509*)> certificate(
      PEM_read_bio_X509(memory(certificate_pem).get(), nullptr, nullptr, nullptr), X509_free);
  std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key(
      PEM_read_bio_PrivateKey(memory(key_pem).get(), nullptr, nullptr, nullptr), EVP_PKEY_free);
  bool ok = context && certificate && key && SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) == 1 &&
            SSL_CTX_use_certificate(context.get(), certificate.get()) == 1 &&
            SSL_CTX_use_PrivateKey(context.get(), key.get()) == 1;
  if (!ok) {
    ERR_clear_error();
    throw Error(Status::INTERNAL, "OpenSSL could not set up the sandbox's TLS");
  }
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  constexpr unsigned char name[] = "bcda-sandbox";
  SSL_CTX_set_session_id_context(context.get(), name, sizeof name - 1);
  return context;
}

void SocketStream::SslDeleter::operator()(SSL* ssl) const noexcept { SSL_free(ssl); }

SocketStream::SocketStream(tcp::socket socket, SSL_CTX* tls) : socket_(std::move(socket)) {
  socket_.non_blocking(true);
  socket_.set_option(tcp::no_delay(true));
  if (!tls) return;
  outgoing_ = std::make_unique<Bytes>();
  ssl_.reset(SSL_new(tls));
  if (!ssl_) throw std::bad_alloc();
  BIO* bio = new_bio(socket_.native_handle(), outgoing_.get());
  SSL_set_bio(ssl_.get(), bio, bio);
}

asio::awaitable<void> SocketStream::send(ByteView bytes) {
  while (!bytes.empty()) {
    auto sent = ::send(socket_.native_handle(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(sent));
    } else if (would_block()) {
      co_await socket_.async_wait(tcp::socket::wait_write, asio::use_awaitable);
    } else if (errno != EINTR) {
      fail();
    }
  }
}

asio::awaitable<void> SocketStream::flush() {
  if (outgoing_->empty()) co_return;
  co_await send(*outgoing_);
  outgoing_->clear();
}

asio::awaitable<bool> SocketStream::proceed(int ssl_result) {
  int error = SSL_get_error(ssl_.get(), ssl_result);
  ERR_clear_error();
  co_await flush();
  if (error == SSL_ERROR_ZERO_RETURN) co_return false;
  if (error != SSL_ERROR_WANT_READ) {
    errno = ECONNRESET;
    fail();
  }
  co_await socket_.async_wait(tcp::socket::wait_read, asio::use_awaitable);
  co_return true;
}

asio::awaitable<void> SocketStream::handshake() {
  if (!ssl_) co_return;
  for (;;) {
    ERR_clear_error();
    int result = SSL_accept(ssl_.get());
    if (result == 1) break;
    if (!co_await proceed(result)) {
      errno = ECONNRESET;
      fail();
    }
  }
  co_await flush();
}

asio::awaitable<std::size_t> SocketStream::read_some(MutableBytes into) {
  for (;;) {
    if (ssl_) {
      ERR_clear_error();
      int got = SSL_read(ssl_.get(), into.data(), static_cast<int>(into.size()));
      if (got > 0) co_return static_cast<std::size_t>(got);
      if (!co_await proceed(got)) co_return 0;
      continue;
    }
    auto got = ::recv(socket_.native_handle(), into.data(), into.size(), 0);
    if (got >= 0) co_return static_cast<std::size_t>(got);
    if (would_block()) {
      co_await socket_.async_wait(tcp::socket::wait_read, asio::use_awaitable);
    } else if (errno != EINTR) {
      fail();
    }
  }
}

asio::awaitable<void> SocketStream::write(ByteView bytes) {
  if (!ssl_) {
    co_await send(bytes);
    co_return;
  }
  while (!bytes.empty()) {
    int step = static_cast<int>(std::min(bytes.size(), kMostAtOnce));
    ERR_clear_error();
    int written = SSL_write(ssl_.get(), bytes.data(), step);
    if (written > 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(written));
      co_await flush();
    } else {
      co_await proceed(written);
    }
  }
}

asio::awaitable<void> SocketStream::finish() {
  if (ssl_) {
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
    co_await flush();
  }
  boost::system::error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
  // Closing with unread bytes would cause a reset, and the peer would lose the end of the answer.
  asio::steady_timer timer(socket_.get_executor());
  std::uint8_t scratch[4096];
  for (auto end = std::chrono::steady_clock::now() + kPatience; std::chrono::steady_clock::now() < end;) {
    auto got = ::recv(socket_.native_handle(), scratch, sizeof scratch, 0);
    if (got == 0 || (got < 0 && !would_block() && errno != EINTR)) break;
    if (got > 0) continue;
    timer.expires_after(std::chrono::milliseconds(5));
    co_await timer.async_wait(asio::use_awaitable);
  }
}

asio::awaitable<void> SocketStream::reset() {
  // Earlier data must arrive first, because a reset discards the data that is still queued here.
  asio::steady_timer timer(socket_.get_executor());
  int queued = 0;
  for (auto end = std::chrono::steady_clock::now() + kPatience; std::chrono::steady_clock::now() < end;) {
    if (::ioctl(socket_.native_handle(), SIOCOUTQ, &queued) != 0 || queued == 0) break;
    timer.expires_after(std::chrono::milliseconds(2));
    co_await timer.async_wait(asio::use_awaitable);
  }
  boost::system::error_code ignored;
  socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  socket_.close(ignored);
}

}  // namespace libbcda::sandbox
