// Moves the body of an answer to a decoder: while a worker decrypts and writes one block, the next one is read.
#pragma once
#include <array>
#include <functional>
#include <memory>

#include "base/bytes.hpp"
#include "http/client.hpp"
#include "world/workers.hpp"

namespace libbcda::runtime {

// Not thread-safe: it is used on one strand.
class BodyPump {
 public:
  using Decode = std::function<void(ByteView block)>;
  // `executor` is that strand. `decode` is called on a worker. `expected`: the bytes that will come; -1: unknown.
  // `block_size`: of a block at most. Two blocks are in memory.
  BodyPump(const asio::any_io_executor& executor, world::Workers& workers, Decode decode, std::int64_t expected,
           std::size_t block_size);
  ~BodyPump();
  BodyPump(const BodyPump&) = delete;
  BodyPump& operator=(const BodyPump&) = delete;

  // Reads some bytes and hands them on when the worker is idle or the block is full. The last ones stay for rest(), so
  // that one piece of work can decode and verify them. Returns how many were read; 0: the body has ended. Throws what
  // reading or decoding threw.
  Task<std::size_t> move(http::Response& response);
  // Waits until all that was handed on is decoded, and returns what was not, for the caller to decode. It is valid until
  // the next call. Throws what decoding threw.
  Task<ByteView> rest();
  // Frees the memory of the blocks. Call it once all is decoded.
  void free_blocks() { blocks_ = {}; }
  // Waits until the worker is idle. The caller awaits it before it destroys this object or what `decode` uses, with
  // cancellation switched off.
  Task<> settle();

 private:
  struct Work;  // what the worker shares
  Task<> hand_on();

  world::Workers& workers_;
  Decode decode_;
  std::size_t block_size_;
  std::array<Bytes, 2> blocks_;  // one is read into, the other one is with the worker
  std::size_t current_ = 0, filled_ = 0;
  std::shared_ptr<Work> work_;
};

}  // namespace libbcda::runtime
