#include "transfer/part.hpp"

#include <algorithm>

#include "base/bytes.hpp"

namespace libbcda::transfer {
namespace {

constexpr std::size_t kBlock = 256 << 10;

// After a restart of the machine only what was synced is certain: the rest may have holes.
std::int64_t usable_bytes(const Workspace& space, const PartRecord& part, std::int64_t size) {
  const bool same_boot = !part.boot.empty() && part.boot == space.me().boot;
  return same_boot ? size : std::min(size, part.synced);
}

}  // namespace

void PartKeeper::take(ByteView bytes) {
  taken_ += static_cast<std::int64_t>(bytes.size());
  if (!is_packed()) return;
  if (packed_) return packed_->write(bytes);
  head_.insert(head_.end(), bytes.begin(), bytes.end());
  if (static_cast<std::int64_t>(head_.size()) >= steps_.first) spill();
}

void PartKeeper::spill() {
  packed_.emplace(space_.new_packed_file());
  packed_->write({head_.data(), head_.size()});
  head_ = Bytes();  // gives the memory back
}

void PartKeeper::decoded(const Decoder& decoder, Writer& writer) {
  if (taken_ < next_record_) return;
  record(decoder, writer, next_record_ > steps_.first);
  next_record_ = taken_ + steps_.step;
}

void PartKeeper::record(const Decoder& decoder, Writer& writer, bool synced) {
  const bool is_as_declared = decoder.unpacks() == is_packed();  // else the bytes kept are not those that came
  const Writer::Partial partial = packed_ ? Writer::Partial{packed_->partial(), packed_->size()} : writer.partial();
  if (!is_as_declared || (is_packed() && !packed_) || partial.name.empty()) return;
  if (synced && space_.durability() == Durability::power) {
    packed_ ? packed_->sync() : writer.sync();
    about_.synced = partial.size;
  }
  about_.bytes_file = partial.name;
  about_.nonce = decoder.nonce();
  about_.boot = space_.me().boot;
  space_.journal().file_under_way(about_);
}

void PartKeeper::leave(const Decoder& decoder, Writer& writer) {
  if (taken_ < steps_.first) return;
  record(decoder, writer, false);
  if (about_.bytes_file.empty()) return;
  if (packed_)
    packed_->leave();
  else
    writer.leave();
}

std::int64_t replay(const Workspace& space, const PartRecord& part, const std::optional<crypto::FileKey>& key,
                    const std::function<void(ByteView)>& take) {
  if (!files::is_file(space.work(), part.bytes_file)) return 0;
  files::InputFile file(space.work(), part.bytes_file);
  std::int64_t left = usable_bytes(space, part, file.size()), sent = 0;
  const auto nonce = key ? from_hex(part.nonce) : std::nullopt;
  const bool has_nonce = nonce && nonce->size() == crypto::kNonceSize, is_encrypted = part.form == PartForm::gcm;
  if (left <= 0 || is_encrypted != key.has_value() || (key && !has_nonce)) return 0;
  std::optional<crypto::Recipher> recipher;
  const auto pass_on = [&](ByteView bytes) {
    take(bytes);
    sent += static_cast<std::int64_t>(bytes.size());
  };
  if (key) {
    recipher.emplace(*key, ByteView(nonce->data(), nonce->size()));
    pass_on({nonce->data(), nonce->size()});
  }
  Bytes plain(kBlock), cipher(kBlock);
  while (left > 0) {
    const auto most = static_cast<std::size_t>(std::min<std::int64_t>(left, kBlock));
    const std::size_t n = file.read(MutableBytes(plain.data(), most));
    if (n == 0) break;
    left -= static_cast<std::int64_t>(n);
    if (recipher) recipher->update({plain.data(), n}, cipher);
    pass_on({recipher ? cipher.data() : plain.data(), n});
  }
  return sent;
}

}  // namespace libbcda::transfer
