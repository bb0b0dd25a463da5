#include "transfer/decoder.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "base/json_items.hpp"

namespace libbcda::transfer {
namespace {

constexpr std::uint8_t kGzipStart = 0x1F, kGzipSecond = 0x8B;  // no text begins with them
constexpr std::size_t kHead = 256;
constexpr std::size_t kWorthAside = 64 << 10;
constexpr std::size_t kLongestFirstLine = 64 << 10;

}  // namespace

const char* proof_name(Proof proof) {
  constexpr const char* names[] = {"none", "length", "gzip", "sha256", "gcm"};
  return names[static_cast<int>(proof)];
}

Proof proof_named(std::string_view name) {
  for (const Proof proof : {Proof::length, Proof::gzip, Proof::sha256, Proof::gcm})
    if (name == proof_name(proof)) return proof;
  return Proof::none;
}

Proof Coding::proof() const {
  if (key) return Proof::gcm;
  if (!sha256.empty()) return Proof::sha256;
  if (gzip) return Proof::gzip;
  return sized || length ? Proof::length : Proof::none;
}

std::int64_t Coding::plain_size(std::int64_t sent) const {
  constexpr auto kOverhead = static_cast<std::int64_t>(crypto::kOverhead);
  if (gzip || sent < 0) return -1;
  return key ? std::max<std::int64_t>(sent - kOverhead, 0) : sent;
}

Decoder::Decoder(const Coding& coding, Writer& writer, world::Aside::Post post) : coding_(coding), writer_(writer) {
  if (coding.key) opener_.emplace(*coding.key);
  if (post && coding.key) aside_.emplace(std::move(post));
}

void Decoder::decide_on_gzip(ByteView bytes) {
  if (is_begun_ || bytes.empty()) return;
  is_begun_ = true;
  const bool is_packed = bytes[0] == kGzipStart && (coding_.gzip || (bytes.size() > 1 && bytes[1] == kGzipSecond));
  coding_.gzip = !coding_.key && is_packed;
  if (coding_.gzip) gunzip_.emplace(coding_.limits);
}

void Decoder::feed(ByteView bytes) {
  // One byte is not enough to tell gzip.
  const bool is_undecided = !is_begun_ && bytes.size() == 1 && bytes[0] == kGzipStart && !coding_.gzip && !coding_.key;
  if (is_undecided && !std::exchange(holds_start_, true)) return;
  if (std::exchange(holds_start_, false)) {
    Bytes both{kGzipStart};
    both.insert(both.end(), bytes.begin(), bytes.end());
    return unpack({both.data(), both.size()});
  }
  unpack(bytes);
}

void Decoder::unpack(ByteView bytes) {
  decide_on_gzip(bytes);
  if (!gunzip_) return decode(bytes);
  gunzip_->feed(bytes, [this](ByteView plain) { decode(plain); });
}

void Decoder::decode(ByteView bytes) {
  head_.append(as_text(bytes.first(std::min(bytes.size(), kHead - head_.size()))));
  if (!opener_) {
    check_.update(bytes);
    return pass_on(bytes);
  }
  Bytes& plain = plain_[next_];
  if (plain.size() < bytes.size() + crypto::kTagSize) plain.resize(bytes.size() + crypto::kTagSize);
  const std::size_t n = opener_->update(bytes, plain);
  if (n == 0) return;  // the digest of the other block may still be under way
  if (aside_) next_ = 1 - next_;
  pass_on({plain.data(), n});
}

// To hand over a small piece costs more than its digest.
void Decoder::digest(ByteView plain) {
  if (aside_) aside_->finish();  // the piece before it
  if (aside_ && plain.size() >= kWorthAside)
    aside_->begin([this, plain] { digest_.update(plain); });
  else
    digest_.update(plain);
}

void Decoder::pass_on(ByteView plain) {
  if (plain.empty()) return;
  digest(plain);
  counter_.update(plain);
  keep_first_line(as_text(plain));
  writer_.write(plain);
  facts_.bytes += static_cast<std::int64_t>(plain.size());
}

std::string Decoder::nonce() const { return opener_ && facts_.bytes > 0 ? to_hex(opener_->nonce()) : ""; }

Facts Decoder::finish() {
  if (std::exchange(holds_start_, false)) decode(ByteView(&kGzipStart, 1));
  if (coding_.gzip && !is_begun_)
    throw std::move(Error(Status::VERIFICATION, "the gzip stream ended early, after 0 bytes").may_retry());
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
  if (aside_) aside_->finish();
  plain_ = {};
  facts_.records = counter_.records();
  facts_.sha256 = to_hex(digest_.finish());
  facts_.proof = coding_.proof();
  compare_with_manifest();
  return facts_;
}

void Decoder::compare_with_manifest() const {
  if (coding_.length && *coding_.length != facts_.bytes)
    throw std::move(Error(Status::VERIFICATION, "it has " + std::to_string(facts_.bytes) +
                                                    " bytes, but the manifest says " + std::to_string(*coding_.length))
                        .may_retry());
  if (!coding_.sha256.empty() && coding_.sha256 != facts_.sha256)
    throw std::move(
        Error(Status::VERIFICATION, "its SHA-256 is " + facts_.sha256 + ", but the manifest says " + coding_.sha256)
            .may_retry());
}

void Decoder::keep_first_line(std::string_view plain) {
  if (has_first_line_) return;
  const std::size_t end = plain.find('\n');
  first_line_ += plain.substr(0, std::min(end, kLongestFirstLine + 1 - first_line_.size()));
  has_first_line_ = end != std::string_view::npos || first_line_.size() > kLongestFirstLine;
}

std::string Decoder::first_type() const {
  return first_line_.size() > kLongestFirstLine ? "" : find_string_member(first_line_, "resourceType");
}

}  // namespace libbcda::transfer
