// One accepted connection as a byte stream, with or without TLS.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.hpp"

typedef struct ssl_st SSL;
typedef struct ssl_ctx_st SSL_CTX;

namespace libbcda::sandbox {

namespace asio = boost::asio;

// Failures, including a disconnected peer, are thrown as boost::system::system_error.
class Stream {
 public:
  virtual ~Stream() = default;
  virtual asio::awaitable<void> handshake() = 0;
  virtual asio::awaitable<std::size_t> read_some(MutableBytes into) = 0;  // 0: the peer closed its side
  virtual asio::awaitable<void> write(ByteView bytes) = 0;
  // Closes cleanly. Reads the remaining data, so that the answer is not lost.
  virtual asio::awaitable<void> finish() = 0;
  virtual asio::awaitable<void> reset() = 0;  // the peer sees "connection reset"
  virtual bool is_tls() const = 0;
};

// OpenSSL is called directly. It writes TLS records to memory, and many records are sent at a time.
class SocketStream : public Stream {
 public:
  SocketStream(asio::ip::tcp::socket socket, SSL_CTX* tls);  // tls nullptr: without TLS

  asio::awaitable<void> handshake() override;
  asio::awaitable<std::size_t> read_some(MutableBytes into) override;
  asio::awaitable<void> write(ByteView bytes) override;
  asio::awaitable<void> finish() override;
  asio::awaitable<void> reset() override;
  bool is_tls() const override { return ssl_ != nullptr; }

 private:
  struct SslDeleter {
    void operator()(SSL* ssl) const noexcept;
  };
  asio::awaitable<void> send(ByteView bytes);
  asio::awaitable<void> flush();
  asio::awaitable<bool> proceed(int ssl_result);  // handles an SSL call that did not succeed; false: the peer closed

  asio::ip::tcp::socket socket_;
  std::unique_ptr<Bytes> outgoing_;  // TLS records not sent yet; not movable, because OpenSSL has its address
  std::unique_ptr<SSL, SslDeleter> ssl_;
};

// The TLS context of all connections: TLS 1.2 or later, this certificate, no ALPN.
std::shared_ptr<SSL_CTX> make_tls(const std::string& certificate_pem, const std::string& key_pem);

}  // namespace libbcda::sandbox
