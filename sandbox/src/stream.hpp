// One accepted connection as a stream of bytes, with or without TLS. Included by server.cpp and connection.cpp only.
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

// OpenSSL is driven directly: it writes records to memory, which go out many at a time. Failures are thrown as
// boost::system::system_error; a peer that has gone is one.
class Stream {
 public:
  Stream(asio::ip::tcp::socket socket, SSL_CTX* tls);  // tls nullptr: plain

  asio::awaitable<void> handshake();
  asio::awaitable<std::size_t> read_some(MutableBytes into);  // 0: the peer has finished
  asio::awaitable<void> write(ByteView bytes);
  asio::awaitable<void> finish();  // says goodbye, and reads what the peer still sends so that nothing is lost
  asio::awaitable<void> reset();   // the peer sees "connection reset"

  bool is_tls() const { return ssl_ != nullptr; }

 private:
  struct SslDeleter {
    void operator()(SSL* ssl) const noexcept;
  };
  asio::awaitable<void> send(ByteView bytes);
  asio::awaitable<void> flush();
  asio::awaitable<bool> proceed(int ssl_result);  // after an SSL call that did not succeed; false: the peer closed

  asio::ip::tcp::socket socket_;
  std::unique_ptr<Bytes> outgoing_;  // records not sent yet; OpenSSL knows its address, so it stays where it is
  std::unique_ptr<SSL, SslDeleter> ssl_;
};

// The settings of all connections: TLS 1.2 or later, this certificate, no ALPN.
std::shared_ptr<SSL_CTX> make_tls(const std::string& certificate_pem, const std::string& key_pem);

}  // namespace libbcda::sandbox
