// Unpacks gzip (RFC 1952) while its bytes arrive. Memory stays the same however long the file is.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

struct z_stream_s;

namespace libbcda::codec {

// Limits against decompression bombs: small files that unpack to very large ones.
struct Limits {
  std::int64_t ratio = 200;                          // of output to input; 0: no limit
  std::int64_t free_output = std::int64_t{1} << 20;  // the ratio does not matter up to this many bytes of output
  std::int64_t output = std::int64_t{64} << 30;      // of all members together
  std::int64_t members = 1'000'000;
};

// Unpacks one file. The file has one member or more, one after another, and any of them may be empty. Zero bytes may
// follow the last member, as padding. Other bytes may not. zlib checks the CRC and the length of each member.
//
// Gzip does not say how many members a file has. So a file that was cut exactly between two members looks whole. Only
// something else can detect that, such as Content-Length.
class Gunzip {
 public:
  using Sink = std::function<void(ByteView plain)>;  // the bytes are valid only during the call

  explicit Gunzip(const Limits& limits = {});

  // Unpacks `compressed`, which may be any piece of the file. `sink` gets the plain bytes in blocks that are never empty.
  // They are proved only when finish() returns. Throws Error{VERIFICATION} for bytes that are damaged or not gzip, and
  // Error{LIMIT}. After a failure, also of `sink`, every further call throws Error{STATE}.
  void feed(ByteView compressed, const Sink& sink);
  // Must be called at the end of the file. Throws Error{VERIFICATION} if the file does not end behind a member.
  void finish() const;

  std::int64_t received() const { return received_; }  // bytes of the compressed file, with its padding
  std::int64_t produced() const { return produced_; }  // plain bytes

 private:
  struct Deleter {
    void operator()(z_stream_s* stream) const noexcept;
  };
  enum class Place { MEMBER, BEHIND_MEMBER, PADDING };

  std::size_t unpack(ByteView piece, const Sink& sink);
  void inflate_block(const Sink& sink);
  void deliver(std::size_t size, const Sink& sink);
  std::size_t go_on(ByteView piece);
  void begin_member();
  void check_usable() const;
  [[noreturn]] void refuse() const;

  Limits limits_;
  std::unique_ptr<z_stream_s, Deleter> stream_;
  Bytes block_;  // the output of zlib
  Place place_ = Place::MEMBER;
  bool broken_ = false;  // a call of feed() has failed
  std::int64_t members_ = 1;
  std::int64_t received_ = 0;
  std::int64_t produced_ = 0;
};

// The beginning of a short packed text: what can be unpacked of it, up to `longest` bytes.
std::string unpacked_text(std::string_view packed, std::size_t longest);

}  // namespace libbcda::codec
