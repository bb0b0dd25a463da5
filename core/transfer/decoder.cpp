#include "transfer/decoder.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace libbcda::transfer {
namespace {

constexpr std::size_t kHead = 64;

}  // namespace

const char* proof_of(const Facts& facts) {
  return facts.decrypted ? kProofTag : facts.sized ? kProofLength : kProofNone;
}

Decoder::Decoder(const std::optional<crypto::FileKey>& key, Writer& writer, bool sized) : writer_(writer) {
  if (key) opener_.emplace(*key);
  facts_.decrypted = key.has_value();
  facts_.sized = !key && sized;
}

void Decoder::feed(ByteView bytes) {
  head_.append(as_text(bytes.first(std::min(bytes.size(), kHead - head_.size()))));
  if (!opener_) {
    check_.update(bytes);
    return pass_on(bytes);
  }
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
  if (!opener_) {
    check_.finish();
  } else {
    try {
      opener_->finish();
    } catch (Error& e) {
      if (const std::string kind = ndjson::kind_of(as_bytes(head_)); !kind.empty())
        e.message = "the manifest gives a key for it, but what came is " + kind + ", so it cannot be verified";
      throw;
    }
  }
  facts_.records = counter_.records();
  facts_.sha256 = to_hex(digest_.finish());
  return facts_;
}

}  // namespace libbcda::transfer
