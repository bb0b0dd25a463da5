// Gzip, unpacked in pieces and at once, within its limits.
#include "codec/gunzip.hpp"

#include <zlib.h>

#include "fuzz/target.hpp"
#include "support/gzip.hpp"

namespace libbcda::fuzz {
namespace {

constexpr codec::Limits kLimits{.ratio = 20, .free_output = 4096, .output = 1 << 18, .members = 20};
const std::initializer_list<Status> kAllowed = {Status::VERIFICATION, Status::LIMIT};

// Unpacks what `feed` gives to it, and checks the limits after each block.
template <class Feed>
std::string unpack(Feed&& feed) {
  codec::Gunzip gunzip(kLimits);
  std::string plain;
  feed(gunzip, [&](ByteView block) {
    expect(!block.empty(), "no block is empty");
    plain += as_text(block);
    const auto size = static_cast<std::int64_t>(plain.size());
    expect(size == gunzip.produced() && size <= kLimits.output, "there is no more output than its limit");
    expect(size <= kLimits.free_output || size / kLimits.ratio <= gunzip.received(), "the ratio is within its limit");
  });
  gunzip.finish();
  return plain;
}

// What zlib makes of all members, without limits.
std::optional<std::string> naive(std::string_view packed) {
  std::string plain, block(1 << 16, '\0');
  for (bool is_first = true; is_first || (!packed.empty() && packed.front() != '\0'); is_first = false) {
    z_stream stream{};
    if (inflateInit2(&stream, 15 + 16) != Z_OK) return {};
    stream.next_in = const_cast<Bytef*>(as_bytes(packed).data());
    stream.avail_in = static_cast<uInt>(packed.size());
    int result = Z_OK;
    while (result == Z_OK && plain.size() <= static_cast<std::size_t>(kLimits.output)) {
      stream.next_out = reinterpret_cast<Bytef*>(block.data());
      stream.avail_out = static_cast<uInt>(block.size());
      result = inflate(&stream, Z_NO_FLUSH);
      plain.append(block, 0, block.size() - stream.avail_out);
    }
    packed.remove_prefix(packed.size() - stream.avail_in);
    inflateEnd(&stream);
    if (result != Z_STREAM_END) return {};
  }
  return packed.find_first_not_of('\0') == packed.npos ? std::optional(plain) : std::nullopt;
}

void check_packed(std::string_view packed) {
  std::string whole, pieces;
  const auto failure = failure_of(kAllowed, [&] {
    whole =
        unpack([&](codec::Gunzip& gunzip, const codec::Gunzip::Sink& sink) { gunzip.feed(as_bytes(packed), sink); });
  });
  const auto failure_in_pieces = failure_of(kAllowed, [&] {
    pieces = unpack([&](codec::Gunzip& gunzip, const codec::Gunzip::Sink& sink) {
      in_pieces(packed, [&](std::string_view piece) { gunzip.feed(as_bytes(piece), sink); });
    });
  });
  // How much zlib gives at once depends on the pieces, so only what exceeds a limit may differ.
  const bool limited = (failure && failure->status == Status::LIMIT) ||
                       (failure_in_pieces && failure_in_pieces->status == Status::LIMIT);
  if (!limited) {
    expect_same(failure, failure_in_pieces);
    expect(whole == pieces, "pieces are unpacked as the whole is");
  }
  const auto known = naive(packed);
  if (!failure) expect(known == whole, "it is what zlib makes of it");
  if (failure && failure->status != Status::LIMIT) expect(!known, "zlib refuses it too");
  const std::string start = codec::unpacked_text(packed, 100);
  expect(start.size() <= 100, "the beginning is not longer than was asked for");
  if (!failure) expect(start == whole.substr(0, 100), "the beginning is that of the whole");
}

}  // namespace

FUZZ_TARGET(gunzip, input) {
  check_packed(input);
  const std::string_view plain = input.substr(0, 1 << 12);
  std::string again;
  const auto failure = failure_of(kAllowed, [&] {
    again = unpack([packed = test::gzip(plain)](codec::Gunzip& gunzip, const codec::Gunzip::Sink& sink) {
      in_pieces(packed, [&](std::string_view piece) { gunzip.feed(as_bytes(piece), sink); });
    });
  });
  expect(!failure && again == plain, "what is packed is unpacked again");
}

}  // namespace libbcda::fuzz
