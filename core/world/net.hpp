// The network below TLS and HTTP: names, addresses, and connections that move bytes.
#pragma once
#include <sys/types.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/task.hpp"
#include "base/time.hpp"

namespace libbcda::world {

using ErrorCode = boost::system::error_code;

enum class Ready { read, write };

// One connection that never blocks. Not thread-safe: all calls must come from the strand that it is attached to.
class ByteStream {
 public:
  virtual ~ByteStream() = default;

  // Like recv(2) and send(2), these return the number of bytes. read() returns 0 if the peer has closed the connection.
  // On failure they return -1 and set errno. EAGAIN means that the call would block.
  virtual ssize_t read(MutableBytes out) noexcept = 0;
  virtual ssize_t peek(MutableBytes out) noexcept = 0;
  virtual ssize_t write(ByteView bytes) noexcept = 0;

  // Waits until a read or a write is possible. Returns operation_aborted after interrupt() or Asio's terminal
  // cancellation.
  virtual Task<ErrorCode> wait(Ready what) = 0;
  virtual void interrupt() noexcept = 0;

  // Detaches the connection from its executor, for the pool, because its next request runs on another strand. Must not
  // be called during a wait.
  virtual void detach() noexcept = 0;
  virtual void attach(const asio::any_io_executor& executor) = 0;
};

// Thread-safe. Each call reports timed_out after `limit`, and operation_aborted on Asio's terminal cancellation. Neither
// waits for the system.
class Net {
 public:
  using Endpoint = asio::ip::tcp::endpoint;

  virtual ~Net() = default;
  // Finds the addresses of a host, in the order in which they must be tried.
  virtual Task<std::vector<Endpoint>> resolve(const std::string& host, std::uint16_t port, Milliseconds limit,
                                              ErrorCode& error) = 0;
  // Opens a connection that is attached to the caller's executor. On failure, returns null and sets `error`.
  virtual Task<std::unique_ptr<ByteStream>> connect(const Endpoint& endpoint, Milliseconds limit, ErrorCode& error) = 0;
};

}  // namespace libbcda::world
