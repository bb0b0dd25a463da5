// A file that is under way when its run ends: what a later run needs to go on with it.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "crypto/gcm.hpp"
#include "files/file.hpp"
#include "transfer/decoder.hpp"
#include "transfer/destination.hpp"
#include "transfer/journal.hpp"
#include "transfer/workspace.hpp"

namespace libbcda::transfer {

// Keeps the bytes of one file and its record in the journal. Used by one thread at a time; it may wait for the disk.
class PartKeeper {
 public:
  // `about`: what is known of the file. Its form says which bytes are kept: the partial file of the writer or, if it is
  // packed, the bytes as they come, in a file of their own.
  PartKeeper(Workspace& space, PartRecord about)
      : space_(space), about_(std::move(about)), steps_(space.work().disk().checkpoints()) {}

  void take(ByteView bytes);  // that came, before they are decoded
  // After they were decoded. Writes a record when enough has come.
  void decoded(const Decoder& decoder, Writer& writer);
  // Writes a record of all that is there.
  void record(const Decoder& decoder, Writer& writer, bool synced);
  // All has come: what is in memory is not needed any more.
  void free_memory() { head_ = Bytes(); }
  // The run ends before the file is whole: what is there stays, if it is worth keeping.
  void leave(const Decoder& decoder, Writer& writer);

 private:
  bool is_packed() const { return about_.form == PartForm::packed; }
  void spill();

  Workspace& space_;
  PartRecord about_;
  Bytes head_;  // packed bytes that are not worth a file yet
  std::optional<files::OutputFile> packed_;
  const world::Checkpoints steps_;
  std::int64_t taken_ = 0, next_record_ = steps_.first;
};

// Hands out the bytes of a file that an earlier run kept, as the server had sent them, and returns their number. 0: there
// are none that can be relied on. `key`: of an encrypted file. Throws Error{FILESYSTEM}, and what `take` throws.
std::int64_t replay(const Workspace& space, const PartRecord& part, const std::optional<crypto::FileKey>& key,
                    const std::function<void(ByteView)>& take);

}  // namespace libbcda::transfer
