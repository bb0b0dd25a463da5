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

// One connection that never blocks. Not thread-safe: all calls come from the strand that it is attached to.
class ByteStream {
 public:
  virtual ~ByteStream() = default;

  // As recv(2) and send(2): the number of bytes that were moved; 0 from read: the peer has closed; -1: errno says why, and
  // EAGAIN means that the call would have to wait.
  virtual ssize_t read(MutableBytes out) noexcept = 0;
  virtual ssize_t peek(MutableBytes out) noexcept = 0;
  virtual ssize_t write(ByteView bytes) noexcept = 0;

  // Returns when a read or a write has something to do. operation_aborted: interrupt() was called, or Asio's terminal
  // cancellation came.
  virtual Task<ErrorCode> wait(Ready what) = 0;
  virtual void interrupt() noexcept = 0;

  // The pool keeps a connection detached, because its next request runs on another strand. No wait may be under way.
  virtual void detach() noexcept = 0;
  virtual void attach(const asio::any_io_executor& executor) = 0;
};

// Thread-safe. Each call reports timed_out after `limit`, and operation_aborted on Asio's terminal cancellation.
class Net {
 public:
  using Endpoint = asio::ip::tcp::endpoint;

  virtual ~Net() = default;
  // The addresses of a host, in the order in which they are to be tried.
  virtual Task<std::vector<Endpoint>> resolve(const std::string& host, std::uint16_t port, Milliseconds limit,
                                              ErrorCode& error) = 0;
  // A connection that is attached to the caller's executor; null when `error` says why there is none.
  virtual Task<std::unique_ptr<ByteStream>> connect(const Endpoint& endpoint, Milliseconds limit, ErrorCode& error) = 0;
};

}  // namespace libbcda::world
