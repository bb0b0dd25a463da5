#include "codec/gunzip.hpp"

#include <zlib.h>

#include <algorithm>
#include <new>
#include <string>

#include "base/error.hpp"

namespace libbcda::codec {
namespace {

constexpr std::size_t kBlock = 64 * 1024;
constexpr std::size_t kLargestInput = std::size_t{1} << 30;  // zlib counts input in 32 bits
constexpr int kGzipOnly = 15 + 16;                           // the largest window, and no format but gzip
constexpr uLong kMagicSize = 2;
constexpr std::uint8_t kMagicStart = 0x1F;

[[noreturn]] void exceeded(const std::string& what, const char* remedy = "") {
  throw Error(Status::LIMIT,
              "the gzip stream " + what + ", which is the limit; the file may be a decompression bomb" + remedy);
}

[[noreturn]] void refuse_tail() {
  throw Error(Status::VERIFICATION, "bytes that are not gzip follow the end of the gzip stream");
}

}  // namespace

void Gunzip::Deleter::operator()(z_stream_s* stream) const noexcept {
  ::inflateEnd(stream);
  delete stream;
}

Gunzip::Gunzip(const Limits& limits) : limits_(limits), stream_(new z_stream_s{}), block_(kBlock) {
  const int result = inflateInit2(stream_.get(), kGzipOnly);
  if (result == Z_MEM_ERROR) throw std::bad_alloc();
  if (result != Z_OK) throw Error(Status::INTERNAL, "zlib could not be set up");
}

void Gunzip::feed(ByteView compressed, const Sink& sink) {
  check_usable();
  broken_ = true;  // until the call has succeeded
  while (!compressed.empty()) {
    const ByteView piece = compressed.first(std::min(compressed.size(), kLargestInput));
    const std::size_t taken = place_ == Place::MEMBER ? unpack(piece, sink) : go_on(piece);
    compressed = compressed.subspan(taken);
  }
  broken_ = false;
}

void Gunzip::finish() const {
  check_usable();
  if (place_ != Place::MEMBER) return;
  throw std::move(
      Error(Status::VERIFICATION, "the gzip stream ended early, after " + std::to_string(received_) + " bytes")
          .may_retry());
}

// Unpacks bytes of the current member. Returns how many bytes of `piece` belong to it.
std::size_t Gunzip::unpack(ByteView piece, const Sink& sink) {
  stream_->next_in = const_cast<Bytef*>(piece.data());  // zlib only reads it
  stream_->avail_in = static_cast<uInt>(piece.size());
  do {
    inflate_block(sink);  // if it fills the block, zlib may have more output for the same input
  } while (place_ == Place::MEMBER && (stream_->avail_in > 0 || stream_->avail_out == 0));
  return piece.size() - stream_->avail_in;
}

void Gunzip::inflate_block(const Sink& sink) {
  const uInt before = stream_->avail_in;
  stream_->next_out = block_.data();
  stream_->avail_out = static_cast<uInt>(block_.size());
  const int result = ::inflate(stream_.get(), Z_NO_FLUSH);
  received_ += before - stream_->avail_in;
  if (result == Z_MEM_ERROR) throw std::bad_alloc();
  const bool needs_input = result == Z_BUF_ERROR && stream_->avail_in == 0;
  if (result != Z_OK && result != Z_STREAM_END && !needs_input) refuse();
  if (result == Z_STREAM_END) place_ = Place::BEHIND_MEMBER;
  deliver(block_.size() - stream_->avail_out, sink);
}

// The limits are checked first, so what exceeds them is not passed on.
void Gunzip::deliver(std::size_t size, const Sink& sink) {
  if (size == 0) return;
  produced_ += static_cast<std::int64_t>(size);
  if (produced_ > limits_.output) exceeded("unpacks to more than " + std::to_string(limits_.output) + " bytes");
  // The quotient is compared, because a product could overflow.
  if (limits_.ratio > 0 && produced_ > limits_.free_output && produced_ / limits_.ratio > received_)
    exceeded("unpacks to more than " + std::to_string(limits_.ratio) + " times its size",
             "; if it is not, raise the setting max_gzip_ratio");
  sink({block_.data(), size});
}

// Reads on behind a member: the next member begins, or padding goes on to the end of the file. Returns how many bytes
// were used.
std::size_t Gunzip::go_on(ByteView piece) {
  if (place_ == Place::BEHIND_MEMBER && piece.front() == kMagicStart) {
    begin_member();
    return 0;
  }
  if (std::any_of(piece.begin(), piece.end(), [](std::uint8_t byte) { return byte != 0; })) refuse_tail();
  place_ = Place::PADDING;
  received_ += static_cast<std::int64_t>(piece.size());
  return piece.size();
}

void Gunzip::begin_member() {
  if (members_ >= limits_.members) exceeded("has more than " + std::to_string(limits_.members) + " members");
  if (::inflateReset(stream_.get()) != Z_OK) throw Error(Status::INTERNAL, "zlib could not begin a gzip member");
  ++members_;
  place_ = Place::MEMBER;
}

std::string unpacked_text(std::string_view packed, std::size_t longest) {
  std::string text;
  Limits limits;
  limits.output = static_cast<std::int64_t>(longest + kBlock);  // the block with the last byte that is kept may be full
  Gunzip gunzip(limits);
  try {
    gunzip.feed(as_bytes(packed),
                [&](ByteView plain) { text += as_text(plain.first(std::min(plain.size(), longest - text.size()))); });
  } catch (const Error&) {}  // what came before the damage, or before the limit, is enough
  return text;
}

void Gunzip::check_usable() const {
  if (broken_) throw Error(Status::STATE, "an earlier part of the gzip stream could not be unpacked");
}

void Gunzip::refuse() const {
  // zlib counts from the start of each member. It stops behind the first two bytes if they are not those of gzip.
  if (stream_->total_in <= kMagicSize) {
    if (members_ > 1) refuse_tail();
    throw Error(Status::VERIFICATION, "it is not gzip");
  }
  throw std::move(Error(Status::VERIFICATION,
                        std::string("the gzip stream is damaged: ") + (stream_->msg ? stream_->msg : "zlib refuses it"))
                      .may_retry());
}

}  // namespace libbcda::codec
