#include "codec/gunzip.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include <random>
#include <type_traits>

#include "support/errors.hpp"

namespace libbcda::codec {
namespace {

using test::error_of;
using test::holds;

static_assert(!std::is_copy_constructible_v<Gunzip> && std::is_nothrow_move_constructible_v<Gunzip>);

// Compresses a stream of any length, one member.
class Gzip {
 public:
  explicit Gzip(int level = 6, gz_header* header = nullptr) {
    EXPECT_EQ(deflateInit2(&stream_, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    if (header) EXPECT_EQ(deflateSetHeader(&stream_, header), Z_OK);
  }
  ~Gzip() { deflateEnd(&stream_); }
  Gzip(const Gzip&) = delete;

  // Returns what is ready.
  std::string add(std::string_view plain, int flush = Z_NO_FLUSH) {
    std::string out, block(1 << 16, '\0');
    stream_.next_in = const_cast<Bytef*>(as_bytes(plain).data());
    stream_.avail_in = static_cast<uInt>(plain.size());
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(block.data());
      stream_.avail_out = static_cast<uInt>(block.size());
      deflate(&stream_, flush);
      out.append(block, 0, block.size() - stream_.avail_out);
    } while (stream_.avail_out == 0);
    return out;
  }

 private:
  z_stream stream_{};
};

std::string gzip(std::string_view plain, int level = 6, gz_header* header = nullptr) {
  return Gzip(level, header).add(plain, Z_FINISH);
}

// The empty member that BCDA appends to each file.
std::string bcda_end() { return std::string("\x1F\x8B\x08\0\0\0\0\0\0\xFF\x01\0\0\xFF\xFF\0\0\0\0\0\0\0\0", 23); }

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

std::string noise(std::size_t size, std::uint32_t seed = 1) {
  std::string out(size, '\0');
  std::mt19937 random(seed);
  for (char& c : out) c = static_cast<char>(random());
  return out;
}

// Lines that compress about as well as claims do.
std::string lines(int count) {
  std::string out;
  for (int i = 0; i < count; ++i)
    out += "{\"resourceType\":\"Patient\",\"id\":\"" + std::to_string(i * 7919L % 1000003) + "\"}\n";
  return out;
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

TEST(Gunzip, PassesOnWhatItHasAtOnce) {
  Gzip packer;
  Gunzip unpacker;
  for (const std::string& line : {std::string("{\"a\":1}\n"), std::string("{\"b\":2}\n")}) {
    std::string got;
    unpacker.feed(as_bytes(packer.add(line, Z_SYNC_FLUSH)), [&](ByteView piece) { got += as_text(piece); });
    EXPECT_EQ(got, line);
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

// ---- Random files ----------------------------------------------------------------------------------------------------

struct Outcome {
  Status status = Status::OK;
  std::string plain;  // if the file is whole
};

Outcome outcome_of(std::string_view file, const std::function<std::size_t()>& step) {
  Outcome outcome;
  try {
    std::string plain;
    Gunzip unpacker;
    while (!file.empty()) {
      const std::size_t size = std::min(step(), file.size());
      unpacker.feed(as_bytes(file.substr(0, size)), [&](ByteView piece) { plain += as_text(piece); });
      file.remove_prefix(size);
    }
    unpacker.finish();
    outcome.plain = plain;
  } catch (const Error& error) {
    outcome.status = error.status;
  }
  return outcome;
}

class RandomFiles : public testing::Test {
 protected:
  std::size_t below(std::size_t end) { return random_() % end; }

  std::string some_text() {
    switch (below(4)) {
      case 0:
        return "";
      case 1:
        return noise(below(100'000), static_cast<std::uint32_t>(random_()));
      case 2:
        return lines(static_cast<int>(below(2000)));
      default:
        return std::string(below(200'000), 'x');
    }
  }

  // A chunk size: small, middle or large.
  std::size_t some_step() { return 1 + below(below(3) == 0 ? 8 : below(2) == 0 ? 500 : 70'000); }

  // Cuts, flips or appends.
  void damage(std::string& file) {
    if (below(3) == 0) return file.resize(below(file.size()));
    if (below(2) == 0)
      file[below(file.size())] ^= static_cast<char>(1 << below(8));
    else
      file.insert(below(file.size() + 1), noise(1 + below(30), static_cast<std::uint32_t>(random_())));
  }

  std::mt19937 random_{20190917};
};

TEST_F(RandomFiles, GiveTheSameInAnyChunks) {
  int whole = 0;
  for (int round = 0; round < 300; ++round) {
    SCOPED_TRACE(round);
    std::string plain, file;
    for (std::size_t member = 0, count = 1 + below(4); member < count; ++member) {
      const std::string text = some_text();
      plain += text;
      file += below(8) ? gzip(text, static_cast<int>(below(10))) : gzip(text) + bcda_end();
    }
    if (below(4) == 0) file.append(below(600), '\0');
    const bool damaged = below(2) == 0;
    if (damaged) damage(file);
    const Outcome at_once = outcome_of(file, [] { return SIZE_MAX; });
    const Outcome in_chunks = outcome_of(file, [&] { return some_step(); });
    EXPECT_EQ(at_once.status, in_chunks.status);
    EXPECT_TRUE(at_once.plain == in_chunks.plain);
    if (!damaged) EXPECT_TRUE(in_chunks.status == Status::OK && in_chunks.plain == plain);
    whole += in_chunks.status == Status::OK;
  }
  EXPECT_GT(whole, 100);
  EXPECT_LT(whole, 250);
}

}  // namespace
}  // namespace libbcda::codec
