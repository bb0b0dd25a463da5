// One connection, plain or TLS. OpenSSL reads and writes the connection itself, and the world only says when it is ready:
// that moves a gigabyte three times as fast as a stream that passes every record through memory buffers.
#pragma once
#include <boost/asio/any_io_executor.hpp>

#include <memory>
#include <string>

#include "base/bytes.hpp"
#include "base/task.hpp"
#include "base/time.hpp"
#include "http/tls.hpp"
#include "http/url.hpp"
#include "world/world.hpp"

namespace libbcda::http {

using world::ErrorCode;
using world::Ready;

// How long a connection may take.
struct Patience {
  Milliseconds connect{30000};  // name look-up, TCP and TLS together
  Milliseconds idle{60000};     // the longest silence while bytes are due
};

// A connection that is attached to no executor, as the pool keeps it between requests.
struct IdleConnection {
  std::unique_ptr<world::ByteStream> bytes;
  SslPtr ssl;  // uses `bytes`, so it goes first
  Steady since;
};

// Not thread-safe: all calls come from the strand that is its executor. Throws Error{NETWORK, TLS, TIMEOUT}.
// Cancellation: every wait honors Asio's terminal cancellation.
class Stream {
 public:
  Stream(world::World& world, asio::any_io_executor executor, Url url, Patience patience);
  Stream(world::World& world, asio::any_io_executor executor, Url url, Patience patience, IdleConnection connection);
  ~Stream();
  Stream(const Stream&) = delete;

  Task<> connect(TlsContext& tls);
  Task<std::size_t> read_some(MutableBytes out);  // 0: the peer closed properly
  Task<> write_all(ByteView bytes);
  void deadline(Steady when);  // for everything from now on, besides `idle`

  // Gives up the connection, for the pool.
  IdleConnection release();
  // True when the peer has closed, or sent what nobody asked for: not to be used again.
  static bool stale(const IdleConnection& connection);

 private:
  Task<> wait(Ready what);
  Task<> reach(Steady limit);
  Task<> handshake(TlsContext& tls);
  Task<> progress_tls(int result, const char* doing);
  std::size_t read_tls(MutableBytes out, int& result);
  [[noreturn]] void fail(const std::string& doing, const std::string& why);
  [[noreturn]] void time_out();

  world::World& world_;
  asio::any_io_executor executor_;
  Url url_;
  Patience patience_;
  std::unique_ptr<world::ByteStream> bytes_;
  SslPtr ssl_;

  struct Watchdog;
  std::unique_ptr<Watchdog> watchdog_;
};

}  // namespace libbcda::http
