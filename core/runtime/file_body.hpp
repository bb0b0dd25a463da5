// The body of one file on its way through the decoder to the writer. It may come in several answers, when a connection
// broke and the rest was requested.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "http/client.hpp"
#include "runtime/body_pump.hpp"
#include "runtime/reporter.hpp"
#include "transfer/decoder.hpp"
#include "transfer/part.hpp"
#include "world/workers.hpp"

namespace libbcda::runtime {

// Not thread-safe: it is used on one strand.
class FileBody {
 public:
  using MakeWriter = std::function<std::unique_ptr<transfer::Writer>()>;  // called on a worker

  // `digesters`: may compute digests while one of `workers` decrypts and writes. `block_size`: see BodyPump.
  FileBody(world::Workers& workers, world::Workers& digesters, Reporter& reporter, std::size_t block_size)
      : workers_(workers), digesters_(digesters), reporter_(reporter), block_size_(block_size) {}

  using MakeKeeper = std::function<std::unique_ptr<transfer::PartKeeper>()>;  // null: no later run goes on with it

  struct Start {
    MakeWriter make_writer;
    MakeKeeper make_keeper;
    transfer::Coding coding;
    std::int64_t expected = -1;  // bytes, as they are sent; -1: not known
  };
  // Drops what is there, and begins a file. Its writer is made when its first bytes are decoded.
  Task<> begin(const Start& start);
  // The same with what an earlier run kept: `replay` hands out these bytes, as they were sent, on a worker.
  using Replay = std::function<void(const std::function<void(ByteView)>& take)>;
  Task<> go_on(const Start& start, const Replay& replay);
  // Moves an answer to the decoder, to its end. After a failure of the connection, the next answer may go on.
  Task<> receive(http::Response& response);
  // Decodes what is left and verifies the file. Then `check` gets the facts.
  using Check = std::function<void(const transfer::Facts&, const transfer::Decoder&)>;
  Task<> verify(const Check& check);
  // After verify(): `commit` publishes the file, on one of `workers`.
  using Commit = std::function<void(transfer::Writer&)>;
  Task<> publish(world::Workers& workers, const Commit& commit);
  // Both in one piece of work: most files are small, and each hand-over to another thread costs as much as decoding some
  // kilobytes.
  Task<> finish(const Check& check, const Commit& commit);
  // Keeps what is there for a later run, if it is worth it. drop() is called next.
  Task<> leave();
  // Drops what is there and was not committed. Call it with cancellation switched off before the object is
  // destroyed, so that a worker and not this thread waits for the disk.
  Task<> drop();

  std::int64_t received() const { return received_; }  // bytes as they were sent, that are decoded or will be

 private:
  world::Aside::Post aside() const;
  void open();
  void decode(ByteView block);
  void verify(ByteView rest, const Check& check);
  void publish(const Commit& commit);
  void count();

  world::Workers& workers_;
  world::Workers& digesters_;
  Reporter& reporter_;
  std::size_t block_size_;
  Start start_;
  // Made and used by a worker, or while none works.
  std::unique_ptr<transfer::Writer> writer_;
  std::unique_ptr<transfer::PartKeeper> keeper_;
  std::optional<transfer::Decoder> decoder_;
  std::optional<BodyPump> pump_;
  std::int64_t expected_ = -1;  // -1: the size is not known
  std::int64_t received_ = 0;
};

}  // namespace libbcda::runtime
