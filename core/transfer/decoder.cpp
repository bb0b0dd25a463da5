#include "transfer/decoder.hpp"

namespace libbcda::transfer {

Decoder::Decoder(const std::optional<crypto::FileKey>& key, Writer& writer) : writer_(writer) {
  if (key) opener_.emplace(*key);
  facts_.decrypted = key.has_value();
}

void Decoder::feed(ByteView bytes) {
  if (!first_byte_ && !bytes.empty()) first_byte_ = bytes[0];
  if (!opener_) return pass_on(bytes);
  if (plain_.size() < bytes.size() + crypto::kTagSize) plain_.resize(bytes.size() + crypto::kTagSize);
  std::size_t n = opener_->update(bytes, plain_);
  pass_on({plain_.data(), n});
}

void Decoder::pass_on(ByteView plain) {
  if (plain.empty()) return;
  digest_.update(plain);
  counter_.update(plain);
  writer_.write(plain);
  facts_.bytes += static_cast<std::int64_t>(plain.size());
}

Facts Decoder::finish() {
  if (opener_) opener_->finish();
  facts_.records = counter_.records();
  facts_.sha256 = to_hex(digest_.finish());
  return facts_;
}

}  // namespace libbcda::transfer
