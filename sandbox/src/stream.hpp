// One accepted connection as a byte stream, with or without TLS. Only server.cpp and connection.cpp include this file.
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

// OpenSSL is called directly. It writes TLS records to memory, and many records are sent at a time. Failures, including
// a disconnected peer, are thrown as boost::system::system_error.
class Stream {
 public:
  Stream(asio::ip::tcp::socket socket, SSL_CTX* tls);  // tls nullptr: without TLS

  asio::awaitable<void> handshake();
  asio::awaitable<std::size_t> read_some(MutableBytes into);  // 0: the peer closed its side
  asio::awaitable<void> write(ByteView bytes);
  asio::awaitable<void> finish();  // closes cleanly; reads the remaining data, so that the answer is not lost
  asio::awaitable<void> reset();   // the peer sees "connection reset"

  bool is_tls() const { return ssl_ != nullptr; }

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
