#include "transfer/decoder.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace libbcda::transfer {
namespace {

constexpr std::size_t kHead = 64;

}  // namespace

const char* proof_name(Proof proof) {
  constexpr const char* names[] = {"none", "length", "gzip", "tag"};
  return names[static_cast<int>(proof)];
}

Proof proof_named(std::string_view name) {
  for (const Proof proof : {Proof::length, Proof::gzip, Proof::tag})
    if (name == proof_name(proof)) return proof;
  return Proof::none;
}

Decoder::Decoder(const Coding& coding, Writer& writer) : writer_(writer) {
  if (coding.gzip) gunzip_.emplace(coding.limits);
  if (coding.key) opener_.emplace(*coding.key);
  facts_.proof = coding.key ? Proof::tag : coding.gzip ? Proof::gzip : coding.sized ? Proof::length : Proof::none;
}

void Decoder::feed(ByteView bytes) {
  if (!gunzip_) return decode(bytes);
  gunzip_->feed(bytes, [this](ByteView plain) { decode(plain); });
}

void Decoder::decode(ByteView bytes) {
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
  if (gunzip_) gunzip_->finish();
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
