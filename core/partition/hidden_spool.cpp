#include "partition/hidden_spool.hpp"

#include <algorithm>

#include "files/directory.hpp"

namespace libbcda::partition {
namespace {

crypto::FileKey random_key(world::Random& random) {
  crypto::FileKey key;
  random.fill(key.bytes);
  return key;
}

Bytes random_nonce(world::Random& random) {
  Bytes nonce(crypto::kNonceSize);
  random.fill(nonce);
  return nonce;
}

}  // namespace

HiddenSpool::HiddenSpool(const std::string& directory, world::Random& random)
    : shown_("a temporary file in " + (directory.empty() ? "the directory TMPDIR" : directory) +
             " (setting spool_directory)"),
      key_(random_key(random)),
      nonce_(random_nonce(random)),
      file_(files::temporary_file(directory)),
      cipher_(key_, nonce_) {}

void HiddenSpool::append(ByteView bytes) {
  block_.resize(bytes.size());
  cipher_.update(bytes, block_);
  files::write_all(file_.disk(), file_.get(), block_, shown_);
  size_ += static_cast<std::int64_t>(bytes.size());
}

class HiddenSpool::Cursor {
 public:
  explicit Cursor(std::shared_ptr<const HiddenSpool> spool)
      : spool_(std::move(spool)), cipher_(std::make_shared<crypto::Recipher>(spool_->key_, spool_->nonce_)) {}

  std::size_t operator()(MutableBytes room) {
    const auto left = static_cast<std::size_t>(spool_->size_ - at_);
    const std::size_t size = std::min(room.size(), left);
    if (size == 0) return 0;
    block_.resize(size);
    files::read_all_at(spool_->file_, at_, block_, spool_->shown_);
    cipher_->update(block_, room.first(size));
    at_ += static_cast<std::int64_t>(size);
    return size;
  }

 private:
  std::shared_ptr<const HiddenSpool> spool_;
  std::shared_ptr<crypto::Recipher> cipher_;  // so that a source can be copied
  std::int64_t at_ = 0;
  Bytes block_;
};

ndjson::Reader::Source HiddenSpool::source() const { return Cursor(shared_from_this()); }

}  // namespace libbcda::partition
