#include "codec/gunzip.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include <type_traits>

#include "support/errors.hpp"
#include "support/gzip.hpp"

namespace libbcda::codec {
namespace {

using test::bcda_end;
using test::error_of;
using test::gzip;
using test::Gzip;
using test::holds;
using test::lines;
using test::noise;

static_assert(!std::is_copy_constructible_v<Gunzip> && std::is_nothrow_move_constructible_v<Gunzip>);

// Unpacks `file` in pieces of `step` bytes.
std::string gunzip(std::string_view file, std::size_t step = SIZE_MAX, const Limits& limits = {}) {
  std::string plain;
  Gunzip unpacker(limits);
  for (std::size_t at = 0; at < file.size(); at += std::min(step, file.size() - at))
    unpacker.feed(as_bytes(file.substr(at, step)), [&](ByteView piece) {
      EXPECT_FALSE(piece.empty());
      plain += as_text(piece);
    });
  unpacker.finish();
  EXPECT_EQ(unpacker.received(), static_cast<std::int64_t>(file.size()));
  EXPECT_EQ(unpacker.produced(), static_cast<std::int64_t>(plain.size()));
  return plain;
}

constexpr std::size_t kSteps[] = {1, 2, 3, 7, 18, 23, 4096, 65536, SIZE_MAX};

void expect_refused(std::string_view file, std::string_view words) {
  for (std::size_t step : kSteps) {
    const Error error = error_of([&] { gunzip(file, step); });
    EXPECT_EQ(error.status, Status::VERIFICATION) << "in steps of " << step;
    EXPECT_TRUE(holds(error.message, words));
  }
}

TEST(Gunzip, UnpacksEveryForm) {
  const std::string one = lines(300), two = noise(5000), empty = gzip("");
  for (const auto& [file, plain] : std::initializer_list<std::pair<std::string, std::string>>{
           {gzip(one), one},
           {gzip(one, 0), one},
           {gzip(one, 9), one},
           {gzip(one) + gzip(two), one + two},
           {gzip(one) + gzip(two) + gzip("x") + gzip(one), one + two + "x" + one},
           {gzip(one) + bcda_end(), one},
           {bcda_end(), ""},
           {empty, ""},
           {empty + gzip(one), one},
           {bcda_end() + gzip(one) + empty + empty + gzip(two) + bcda_end(), one + two},
           {gzip(one) + std::string(1, '\0'), one},
           {gzip(one) + bcda_end() + std::string(511, '\0'), one}})
    for (std::size_t step : kSteps) EXPECT_TRUE(gunzip(file, step) == plain) << "in steps of " << step;
}

TEST(Gunzip, ReusesOneBlock) {
  const std::string plain = noise(300'000) + lines(50'000);
  std::string got;
  const std::uint8_t* block = nullptr;
  Gunzip unpacker;
  unpacker.feed(as_bytes(gzip(plain) + gzip(plain)), [&](ByteView piece) {
    if (!block) block = piece.data();
    EXPECT_EQ(piece.data(), block);
    EXPECT_LE(piece.size(), 65536u);
    got += as_text(piece);
  });
  unpacker.finish();
  EXPECT_TRUE(got == plain + plain);
}

// Stored bytes need no more input, so one of these pieces fills the block exactly and leaves zlib nothing to do.
TEST(Gunzip, GoesOnAfterAPieceThatFillsTheBlock) {
  const std::string plain = noise(70'000), file = gzip(plain, 0);
  bool filled = false;
  for (std::size_t cut = 65536; cut < 65600; ++cut) {
    std::string got;
    const auto sink = [&](ByteView piece) { got += as_text(piece); };
    Gunzip unpacker;
    unpacker.feed(as_bytes(file).first(cut), sink);
    filled |= got.size() == 65536;
    unpacker.feed(as_bytes(file).subspan(cut), sink);
    unpacker.finish();
    EXPECT_TRUE(got == plain) << cut;
  }
  EXPECT_TRUE(filled);
}

TEST(Gunzip, PassesOnWhatItHasAtOnce) {
  Gzip packer;
  Gunzip unpacker;
  for (const std::string& line : {std::string("{\"a\":1}\n"), std::string("{\"b\":2}\n")}) {
    std::string got;
    unpacker.feed(as_bytes(packer.add(line, Z_SYNC_FLUSH)), [&](ByteView piece) { got += as_text(piece); });
    EXPECT_EQ(got, line);
  }
}

// How much zlib unpacks of the start of a file, given room for all of it.
std::size_t ready(std::string_view start) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  std::string plain(1 << 20, '\0');
  stream.next_in = const_cast<Bytef*>(as_bytes(start).data());
  stream.avail_in = static_cast<uInt>(start.size());
  stream.next_out = reinterpret_cast<Bytef*>(plain.data());
  stream.avail_out = static_cast<uInt>(plain.size());
  inflate(&stream, Z_NO_FLUSH);
  inflateEnd(&stream);
  return plain.size() - stream.avail_out;
}

// A few bytes may unpack to more than a block.
TEST(Gunzip, KeepsNothingBackWhenABlockIsFull) {
  const std::string file = gzip(std::string(400'000, 'x'));
  for (std::size_t cut = 1; cut < file.size(); ++cut) {
    Gunzip unpacker;
    unpacker.feed(as_bytes(file).first(cut), [](ByteView) {});
    EXPECT_EQ(unpacker.produced(), static_cast<std::int64_t>(ready(file.substr(0, cut)))) << cut;
  }
}

TEST(Gunzip, CanBeMovedWithinAMember) {
  const std::string plain = noise(5000), file = gzip(plain);
  std::string got;
  const auto sink = [&](ByteView piece) { got += as_text(piece); };
  Gunzip first;
  first.feed(as_bytes(file).first(1000), sink);
  Gunzip second(std::move(first));
  second.feed(as_bytes(file).subspan(1000), sink);
  second.finish();
  EXPECT_TRUE(got == plain);
}

TEST(Gunzip, TakesEveryFieldOfAHeader) {
  const std::string plain = lines(50);
  for (unsigned fields = 0; fields < 16; ++fields) {
    std::string extra = noise(300), name = "Patient.ndjson", comment = "claims";
    gz_header header{};
    header.os = 3;
    if (fields & 1) header.extra = reinterpret_cast<Bytef*>(extra.data()), header.extra_len = 300;
    if (fields & 2) header.name = reinterpret_cast<Bytef*>(name.data());
    if (fields & 4) header.comment = reinterpret_cast<Bytef*>(comment.data());
    header.hcrc = (fields & 8) != 0;
    const std::string file = gzip(plain, 6, &header);
    EXPECT_EQ(holds(file, name), (fields & 2) != 0);
    for (std::size_t step : kSteps) EXPECT_TRUE(gunzip(file + file, step) == plain + plain) << fields;
    for (std::size_t size = 0; size < file.size(); size += 3)
      EXPECT_TRUE(holds(error_of([&] { gunzip(file.substr(0, size)); }).message, "ended early")) << size;
  }
}

TEST(Gunzip, DetectsADamagedHeader) {
  gz_header header{};
  header.hcrc = 1;
  std::string file = gzip("x", 6, &header);
  file[4] ^= 1;  // the time
  expect_refused(file, "damaged: header crc mismatch");
  file = gzip("x");
  file[2] = 7;
  expect_refused(file, "damaged: unknown compression method");
  file[2] = 8;
  file[3] = '\x20';
  expect_refused(file, "damaged: unknown header flags");
}

TEST(Gunzip, DetectsEveryCutExceptBetweenMembers) {
  const std::string first = gzip("{\"a\":1}\n"), file = first + gzip("{\"b\":2}\n");
  for (std::size_t size = 0; size < file.size(); ++size) {
    if (size == first.size()) continue;
    expect_refused(file.substr(0, size), "ended early");
  }
  EXPECT_EQ(gunzip(first), "{\"a\":1}\n");
  EXPECT_EQ(gunzip(file), "{\"a\":1}\n{\"b\":2}\n");
}

TEST(Gunzip, ChecksEveryBitOfATrailer) {
  const std::string file = gzip(lines(20));
  for (std::size_t bit = 0; bit < 64; ++bit) {
    std::string altered = file + bcda_end();
    altered[file.size() - 8 + bit / 8] ^= static_cast<char>(1 << bit % 8);
    expect_refused(altered, bit < 32 ? "damaged: incorrect data check" : "damaged: incorrect length check");
  }
}

// A few bits of a gzip stream mean nothing, such as the time. No other can be flipped.
TEST(Gunzip, NeverPassesWrongBytes) {
  const std::string plain = lines(20), file = gzip(plain) + bcda_end();
  int detected = 0;
  for (std::size_t bit = 0; bit < file.size() * 8; ++bit) {
    std::string altered = file;
    altered[bit / 8] ^= static_cast<char>(1 << bit % 8);
    try {
      EXPECT_TRUE(gunzip(altered) == plain) << "bit " << bit;
    } catch (const Error& error) {
      EXPECT_EQ(error.status, Status::VERIFICATION);
      ++detected;
    }
  }
  EXPECT_GT(detected, static_cast<int>(file.size() * 8) - 150);
}

TEST(Gunzip, RefusesOtherBytesBehindTheLastMember) {
  const std::string file = gzip("{}\n");
  for (const std::string& tail : {std::string("x"), std::string("{}\n"), std::string("\x1F{}"), std::string("\0x", 2),
                                  std::string("\0\x1F", 2), '\0' + gzip("{}\n"), std::string(70'000, '\0') + "x"})
    expect_refused(file + tail, "bytes that are not gzip follow");
  expect_refused(file + "\x1F", "ended early");
}

TEST(Gunzip, RefusesWhatIsNotGzip) {
  for (const std::string& file : {std::string("{\"resourceType\":\"Patient\"}\n"), std::string("PK\x03\x04"),
                                  std::string(20, '\0'), std::string("\x78\x9C\x4B\x04\0\0\x62\0\x62", 9)})
    expect_refused(file, "it is not gzip");
}

TEST(Gunzip, StaysBrokenAfterAFailure) {
  const auto ignore = [](ByteView) {};
  const std::string file = gzip("{}\n");
  Gunzip tail, sink;
  EXPECT_EQ(error_of([&] { tail.feed(as_bytes(file + "x"), ignore); }).status, Status::VERIFICATION);
  EXPECT_THROW(sink.feed(as_bytes(file), [](ByteView) { throw Error(Status::SINK, "full"); }), Error);
  for (Gunzip* broken : {&tail, &sink}) {
    EXPECT_EQ(error_of([&] { broken->finish(); }).status, Status::STATE);
    EXPECT_EQ(error_of([&] { broken->feed(as_bytes(file), ignore); }).status, Status::STATE);
  }
}

// ---- Limits ----------------------------------------------------------------------------------------------------------

void expect_limit(const Error& error, std::string_view words) {
  EXPECT_EQ(error.status, Status::LIMIT);
  EXPECT_TRUE(holds(error.message, words));
  EXPECT_TRUE(holds(error.message, "decompression bomb"));
}

// Zeros compress about 1000:1.
TEST(Gunzip, StopsABombEarly) {
  const std::string zeros(1 << 20, '\0');
  int mebibytes = 0;
  Gzip packer;
  Gunzip unpacker;
  const Error error = error_of([&] {
    for (; mebibytes < 1024; ++mebibytes) unpacker.feed(as_bytes(packer.add(zeros)), [](ByteView) {});
    unpacker.feed(as_bytes(packer.add("", Z_FINISH)), [](ByteView) {});
  });
  expect_limit(error, "more than 200 times its size");
  EXPECT_LT(mebibytes, 32);  // zlib keeps some back
  EXPECT_LE(unpacker.produced(), (1 << 20) + 65536);
  EXPECT_LT(unpacker.received(), 2000);
}

TEST(Gunzip, StopsABombHoweverItIsFedOrDivided) {
  const std::string zeros(512 * 1024, '\0'), member = gzip(zeros);
  const std::string whole = gzip(std::string(32 << 20, '\0')), divided = member + member + member + member;
  for (std::size_t step : {std::size_t{100}, std::size_t{4096}, SIZE_MAX}) {
    expect_limit(error_of([&] { gunzip(whole, step); }), "200 times");
    expect_limit(error_of([&] { gunzip(divided, step); }), "200 times");
  }
  EXPECT_EQ(gunzip(member + member), zeros + zeros);  // one MiB
}

TEST(Gunzip, TakesRepetitiveClaims) {
  std::string line = "{\"resourceType\":\"ExplanationOfBenefit\"}\n", plain;
  for (int i = 0; i < 100'000; ++i) plain += i % 100 ? line : noise(20, static_cast<std::uint32_t>(i));
  const std::string file = gzip(plain);
  EXPECT_GT(plain.size(), 80 * file.size());
  EXPECT_TRUE(gunzip(file) == plain);
}

TEST(Gunzip, TheRatioIsALimitOfTheCaller) {
  const std::string zeros(4 << 20, '\0'), file = gzip(zeros);  // 1000:1
  Limits limits;
  for (const std::int64_t ratio : {std::int64_t{0}, std::int64_t{2000}, INT64_MAX}) {
    limits.ratio = ratio;
    EXPECT_TRUE(gunzip(file, SIZE_MAX, limits) == zeros) << ratio;
  }
  limits.ratio = 500;
  const Error error = error_of([&] { gunzip(file, SIZE_MAX, limits); });
  expect_limit(error, "more than 500 times its size");
  EXPECT_TRUE(holds(error.message, "the setting max_gzip_ratio")) << error.message;
}

TEST(Gunzip, LimitsTheWholeOutput) {
  Limits limits;
  limits.output = 1000;
  const std::string half = noise(500);
  for (std::size_t step : kSteps) {
    EXPECT_TRUE(gunzip(gzip(half) + gzip(half), step, limits) == half + half);
    expect_limit(error_of([&] { gunzip(gzip(half) + gzip(half) + gzip("x"), step, limits); }), "more than 1000 bytes");
  }
  EXPECT_EQ(Limits().output, 68'719'476'736);
}

TEST(Gunzip, LimitsTheMembers) {
  Limits limits;
  limits.members = 3;
  const std::string three = bcda_end() + gzip("x") + bcda_end();
  for (std::size_t step : kSteps) {
    EXPECT_EQ(gunzip(three, step, limits), "x");
    EXPECT_EQ(gunzip(three + std::string(100, '\0'), step, limits), "x");
    expect_limit(error_of([&] { gunzip(three + bcda_end(), step, limits); }), "more than 3 members");
  }
  Gunzip unpacker;
  std::string thousand;
  for (int i = 0; i < 1000; ++i) thousand += bcda_end();
  for (int i = 0; i < 1000; ++i) unpacker.feed(as_bytes(thousand), [](ByteView) {});
  unpacker.finish();
  expect_limit(error_of([&] { unpacker.feed(as_bytes(bcda_end()), [](ByteView) {}); }), "more than 1000000 members");
}

TEST(UnpackedText, IsTheBeginning) {
  const std::string text = noise(100'000), file = gzip(text);
  EXPECT_EQ(unpacked_text(file, 1 << 20), text);
  EXPECT_EQ(unpacked_text(file, 1000), text.substr(0, 1000));
  EXPECT_EQ(unpacked_text(file, 0), "");
  const std::string cut = unpacked_text(file.substr(0, file.size() / 2), 1 << 20);
  EXPECT_TRUE(text.starts_with(cut));
  EXPECT_GT(cut.size(), 10'000u);
  EXPECT_EQ(unpacked_text("not gzip", 1000), "");
  EXPECT_EQ(unpacked_text(gzip(std::string(1 << 20, ' ')), 70'000).size(), 70'000u);
}

}  // namespace
}  // namespace libbcda::codec
