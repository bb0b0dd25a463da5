// One connection, plain or TLS. OpenSSL reads and writes the connection itself, and the world only reports when it is
// ready. This is three times as fast as a stream that passes every record through memory buffers.
#pragma once
#include <boost/asio/any_io_executor.hpp>

#include <memory>
#include <string>

#include "base/bytes.hpp"
#include "base/task.hpp"
#include "base/time.hpp"
#include "http/low_speed.hpp"
#include "http/proxy.hpp"
#include "http/tls.hpp"
#include "http/url.hpp"
#include "world/dialer.hpp"
#include "world/world.hpp"

namespace libbcda::http {

using world::ErrorCode;
using world::Ready;

// The time limits of a connection.
struct Timeouts {
  Milliseconds connect{30000};  // name look-up, TCP, the tunnel through a proxy, and TLS together
  Milliseconds idle{60000};     // the longest time without a byte while the peer should send or accept bytes
  LowSpeed low_speed;           // counts between limit_speed() and lift_speed_limit()
};

// An idle connection of the pool. It is not attached to an executor.
struct IdleConnection {
  std::unique_ptr<world::ByteStream> bytes;
  SslPtr ssl;  // uses `bytes`, so it is declared after it and destroyed first
  Steady since;
};

// Not thread-safe: all calls must come from the strand that is its executor. Throws Error{NETWORK, TLS, TIMEOUT}. Every
// wait honors Asio's terminal cancellation.
class Stream {
 public:
  // `proxy`: null if there is none. It must outlive this object.
  Stream(world::World& world, asio::any_io_executor executor, Url url, const Proxy* proxy, Timeouts timeouts);
  Stream(world::World& world, asio::any_io_executor executor, Url url, const Proxy* proxy, Timeouts timeouts,
         IdleConnection connection);
  ~Stream();
  Stream(const Stream&) = delete;

  // `home`: see Dialer::dial; it does not count for the proxy.
  Task<> connect(TlsContext& tls, world::Dialer& dialer, const world::Dialer::Home* home = nullptr);
  Task<std::size_t> read_some(MutableBytes out);  // returns 0 if the peer closed the connection cleanly
  Task<> write_all(ByteView bytes);
  void deadline(Steady when);  // limits all later calls, in addition to `idle`
  // From now on the peer must keep to Timeouts::low_speed, because it is in the middle of an answer. Begins to measure.
  void limit_speed();
  void lift_speed_limit();

  // Hands the connection over to the pool.
  IdleConnection release();
  // Whether the connection must not be used again: the peer has closed it or has sent bytes without a request.
  static bool stale(const IdleConnection& connection);

 private:
  Task<> wait(Ready what);
  Task<> reach(world::Dialer& dialer, Steady limit, const world::Dialer::Home* home);
  Task<> open_tunnel();
  Task<bool> connect_once(TlsContext& tls, world::Dialer& dialer, const world::Dialer::Home* home, Steady limit,
                          bool may_resume);
  Task<> handshake();
  Task<> progress_tls(int result, const char* doing);
  std::size_t read_tls(MutableBytes out, int& result);
  [[noreturn]] void fail(const std::string& doing, const std::string& why);
  [[noreturn]] void time_out();
  std::uint64_t received() const;  // bytes of the network, with those of TLS itself
  std::string via() const;         // for messages: the proxy, or ""

  world::World& world_;
  asio::any_io_executor executor_;
  Url url_;
  const Proxy* proxy_;
  Timeouts timeouts_;
  std::unique_ptr<world::ByteStream> bytes_;
  SslPtr ssl_;
  std::uint64_t read_plain_ = 0;  // bytes, without TLS

  struct Watchdog;
  std::unique_ptr<Watchdog> watchdog_;
};

}  // namespace libbcda::http
