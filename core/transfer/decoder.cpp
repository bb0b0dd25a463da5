#include "transfer/decoder.hpp"

#include <algorithm>

namespace libbcda::transfer {
namespace {

constexpr std::size_t kHead = 32;

}  // namespace

Decoder::Decoder(const std::optional<crypto::FileKey>& key, Writer& writer) : writer_(writer) {
  if (key) opener_.emplace(*key);
  facts_.decrypted = key.has_value();
}

void Decoder::feed(ByteView bytes) {
  head_.append(as_text(bytes.first(std::min(bytes.size(), kHead - head_.size()))));
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

bool Decoder::looks_plain() const {
  auto printable = [](char c) { return (c >= ' ' && c <= '~') || c == '\t' || c == '\r' || c == '\n'; };
  return opener_ && head_.starts_with('{') && std::all_of(head_.begin(), head_.end(), printable);
}

Facts Decoder::finish() {
  if (opener_) opener_->finish();
  facts_.records = counter_.records();
  facts_.sha256 = to_hex(digest_.finish());
  return facts_;
}

}  // namespace libbcda::transfer
