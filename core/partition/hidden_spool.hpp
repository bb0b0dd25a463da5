// A file that waits on the disk until it is verified: without a name, and encrypted under a key that only this object has.
#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "crypto/gcm.hpp"
#include "files/file.hpp"
#include "ndjson/reader.hpp"
#include "world/world.hpp"

namespace libbcda::partition {

class HiddenSpool : public std::enable_shared_from_this<HiddenSpool> {
 public:
  // `directory` "": that of TMPDIR. Throws Error{FILESYSTEM}.
  HiddenSpool(const std::string& directory, world::Random& random);

  void append(ByteView bytes);  // throws Error{FILESYSTEM}
  // Hands out the bytes from the first one on. Several may be used at a time, once all bytes are there. Keeps the spool
  // alive.
  ndjson::Reader::Source source() const;

 private:
  class Cursor;

  const std::string shown_;  // in messages
  const crypto::FileKey key_;
  const Bytes nonce_;
  files::Fd file_;
  crypto::Recipher cipher_;
  Bytes block_;
  std::int64_t size_ = 0;
};

}  // namespace libbcda::partition
