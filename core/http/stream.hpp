// One connection, plain or TLS. OpenSSL works on the socket directly and Asio only says when it is ready: that moves a
// gigabyte three times as fast as a stream that passes every record through memory buffers.
#pragma once
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <memory>
#include <string>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "http/tls.hpp"
#include "http/url.hpp"

namespace libbcda::http {

namespace asio = boost::asio;
template <class T = void>
using Task = asio::awaitable<T>;

// How long a connection may take.
struct Patience {
  Milliseconds connect{30000};  // name look-up, TCP and TLS together
  Milliseconds idle{60000};     // the longest silence while bytes are due
};

// A connection without an executor, as the pool keeps it between requests.
struct IdleConnection {
  int fd = -1;
  SslPtr ssl;
  std::chrono::steady_clock::time_point since;

  IdleConnection() = default;
  IdleConnection(IdleConnection&& other) noexcept : fd(other.fd), ssl(std::move(other.ssl)), since(other.since) {
    other.fd = -1;
  }
  IdleConnection& operator=(IdleConnection&& other) noexcept;
  ~IdleConnection();
};

// Not thread-safe: all calls come from the strand that is its executor. Throws Error{NETWORK, TLS, TIMEOUT}.
// Cancellation: every wait honors asio's terminal cancellation.
class Stream {
 public:
  Stream(asio::any_io_executor executor, Url url, Patience patience);
  Stream(asio::any_io_executor executor, Url url, Patience patience, IdleConnection connection);
  ~Stream();
  Stream(const Stream&) = delete;

  Task<> connect(TlsContext& tls);
  Task<std::size_t> read_some(MutableBytes out);  // 0: the peer closed properly
  Task<> write_all(ByteView bytes);
  void deadline(std::chrono::steady_clock::time_point when);  // for everything from now on, besides `idle`

  // Gives up the socket, for the pool.
  IdleConnection release();
  // True when the peer has closed, or sent what nobody asked for: not to be used again.
  static bool stale(const IdleConnection& connection);

 private:
  enum class Ready { read, write };
  Task<> wait(Ready what);
  Task<asio::ip::tcp::resolver::results_type> resolve();
  Task<> handshake(TlsContext& tls);
  Task<> progress_tls(int result, const char* doing);
  void watch();  // (re)starts the watchdog
  [[noreturn]] void fail(const std::string& doing, const std::string& why);
  [[noreturn]] void time_out();

  Url url_;
  Patience patience_;
  asio::ip::tcp::socket socket_;
  SslPtr ssl_;

  struct Watchdog;
  std::shared_ptr<Watchdog> watchdog_;
};

}  // namespace libbcda::http
