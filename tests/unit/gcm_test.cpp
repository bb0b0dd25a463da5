#include "crypto/gcm.hpp"

#include <gtest/gtest.h>

#include "crypto/digest.hpp"
#include "support/errors.hpp"
#include "support/vectors.hpp"

namespace libbcda::crypto {
namespace {

using test::error_of;
using test::holds;
using test::slurp;
using test::Vector;

constexpr std::size_t kSmall = 100;

FileKey some_key() {
  FileKey key;
  for (std::size_t i = 0; i < kFileKeySize; ++i) key.bytes[i] = static_cast<std::uint8_t>(i * 7 + 1);
  return key;
}

Bytes some_plaintext(std::size_t size) {
  Bytes plain(size);
  std::uint32_t state = 1;
  for (auto& byte : plain) byte = static_cast<std::uint8_t>((state = state * 1664525 + 1013904223) >> 24);
  return plain;
}

Bytes seal(const FileKey& key, ByteView plain) {
  Bytes file = some_plaintext(kNonceSize);
  Sealer sealer(key, file);
  file.resize(kNonceSize + plain.size());
  EXPECT_EQ(sealer.update(plain, MutableBytes(file).subspan(kNonceSize)), plain.size());
  auto tag = sealer.finish();
  file.insert(file.end(), tag.begin(), tag.end());
  return file;
}

// Decrypts `file` in pieces that end at `cuts`.
Bytes open(const FileKey& key, ByteView file, const std::vector<std::size_t>& cuts = {}) {
  Opener opener(key);
  Bytes plain, out;
  auto feed = [&](ByteView piece) {
    out.assign(piece.size() + kTagSize, 0);
    std::size_t n = opener.update(piece, out);
    EXPECT_LE(n, out.size());
    plain.insert(plain.end(), out.begin(), out.begin() + static_cast<std::ptrdiff_t>(n));
  };
  std::size_t begin = 0;
  for (std::size_t cut : cuts) {
    feed(file.subspan(begin, cut - begin));
    begin = cut;
  }
  feed(file.subspan(begin));
  opener.finish();
  return plain;
}

struct Loaded {
  std::string name;
  FileKey key;
  Bytes file, plain;
};

std::vector<Loaded> load(std::size_t largest) {
  std::vector<Loaded> loaded;
  for (const Vector& vector : test::vectors()) {
    std::string file = slurp(vector.cipher_path), plain = slurp(vector.plain_path);
    if (plain.size() <= largest)
      loaded.push_back({vector.name,
                        test::file_key_from_hex(vector.file_key),
                        {file.begin(), file.end()},
                        {plain.begin(), plain.end()}});
  }
  EXPECT_GE(loaded.size(), 10u);
  return loaded;
}

TEST(Opener, OpensEveryVector) {
  for (const Loaded& one : load(SIZE_MAX)) EXPECT_TRUE(open(one.key, one.file) == one.plain) << one.name;
}

TEST(Opener, HoweverTheBytesAreSplitInThree) {
  for (const Loaded& one : load(kSmall))
    for (std::size_t i = 0; i <= one.file.size(); ++i)
      for (std::size_t j = i; j <= one.file.size(); ++j)
        ASSERT_EQ(open(one.key, one.file, {i, j}), one.plain) << one.name << " at " << i << " and " << j;
}

TEST(Opener, HoweverSmallThePiecesAre) {
  for (const Loaded& one : load(2000)) {
    for (std::size_t step : {1u, 2u, 3u, 11u, 12u, 13u, 15u, 16u, 17u, 27u, 28u, 29u, 1000u}) {
      std::vector<std::size_t> cuts;
      for (std::size_t at = step; at < one.file.size(); at += step) cuts.push_back(at);
      EXPECT_EQ(open(one.key, one.file, cuts), one.plain) << one.name << " by " << step;
    }
  }
}

TEST(Opener, DetectsEveryFlippedBit) {
  for (const Loaded& one : load(kSmall)) {
    for (std::size_t bit = 0; bit < one.file.size() * 8; ++bit) {
      Bytes altered = one.file;
      altered[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
      ASSERT_EQ(error_of([&] { open(one.key, altered); }).status, Status::DECRYPTION) << one.name << " bit " << bit;
    }
  }
}

TEST(Opener, DetectsEveryTruncation) {
  for (const Loaded& one : load(2000)) {
    for (std::size_t size = 0; size < one.file.size(); ++size) {
      Error error = error_of([&] { open(one.key, ByteView(one.file).first(size)); });
      ASSERT_EQ(error.status, size < kOverhead ? Status::VERIFICATION : Status::DECRYPTION) << one.name << " " << size;
    }
  }
}

TEST(Opener, DetectsAppendedBytes) {
  for (const Loaded& one : load(kSmall)) {
    for (std::size_t more : {1u, 2u, 15u, 16u, 17u, 64u}) {
      for (std::uint8_t value : {0, 255, static_cast<int>('\n')}) {
        Bytes longer = one.file;
        longer.insert(longer.end(), more, value);
        EXPECT_EQ(error_of([&] { open(one.key, longer); }).status, Status::DECRYPTION) << one.name << " " << more;
      }
    }
    Bytes twice = one.file;
    twice.insert(twice.end(), one.file.begin(), one.file.end());
    EXPECT_EQ(error_of([&] { open(one.key, twice); }).status, Status::DECRYPTION) << one.name;
  }
}

TEST(Opener, DetectsAnotherKey) {
  for (const Loaded& one : load(kSmall)) {
    FileKey other = one.key;
    other.bytes[31] ^= 1;
    Error error = error_of([&] { open(other, one.file); });
    EXPECT_EQ(error.status, Status::DECRYPTION);
    EXPECT_FALSE(holds(error.message, to_hex(other.bytes).substr(0, 8)));
  }
}

TEST(Opener, AnEmptyFileIsTooShort) {
  Error error = error_of([] { open(some_key(), {}); });
  EXPECT_EQ(error.status, Status::VERIFICATION);
  EXPECT_TRUE(holds(error.message, "28 bytes"));
}

TEST(Opener, KeepsTheLastSixteenBytes) {
  Bytes file = seal(some_key(), some_plaintext(100));
  Opener opener(some_key());
  Bytes out(file.size() + kTagSize);
  EXPECT_EQ(opener.update(ByteView(file).first(kOverhead), out), 0u);
  EXPECT_EQ(opener.update(ByteView(file).subspan(kOverhead, 1), out), 1u);
  EXPECT_EQ(opener.update({}, out), 0u);
  EXPECT_EQ(opener.update(ByteView(file).subspan(kOverhead + 1), out), 99u);
  EXPECT_NO_THROW(opener.finish());
}

TEST(Opener, RequiresRoomForItsOutput) {
  Bytes file = seal(some_key(), some_plaintext(100)), out(50);
  Opener opener(some_key());
  EXPECT_EQ(error_of([&] { opener.update(file, out); }).status, Status::INTERNAL);
}

TEST(Sealer, EncryptsForTheOpenerAtEverySize) {
  for (std::size_t size : {0u, 1u, 15u, 16u, 17u, 255u, 256u, 257u, 65535u, 65536u, 65537u}) {
    Bytes plain = some_plaintext(size), file = seal(some_key(), plain);
    EXPECT_EQ(file.size(), size + kOverhead);
    EXPECT_TRUE(open(some_key(), file) == plain) << size;
    EXPECT_TRUE(open(some_key(), file, {file.size() / 3, file.size() / 2}) == plain) << size;
  }
}

TEST(Sealer, ReproducesTheFilesOfTheVectors) {
  for (const Loaded& one : load(SIZE_MAX)) {
    Sealer sealer(one.key, ByteView(one.file).first(kNonceSize));
    Bytes cipher(one.plain.size());
    std::size_t half = one.plain.size() / 2;
    std::size_t n = sealer.update(ByteView(one.plain).first(half), cipher);
    n += sealer.update(ByteView(one.plain).subspan(half), MutableBytes(cipher).subspan(n));
    auto tag = sealer.finish();
    ASSERT_EQ(n, cipher.size());
    EXPECT_TRUE(std::equal(cipher.begin(), cipher.end(), one.file.begin() + kNonceSize)) << one.name;
    EXPECT_TRUE(std::equal(tag.begin(), tag.end(), one.file.end() - kTagSize)) << one.name;
  }
}

TEST(Recipher, MakesTheCiphertextOfEachVectorHoweverThePlaintextIsSplit) {
  for (const Loaded& one : load(SIZE_MAX)) {
    const ByteView plain(one.plain);
    for (const std::size_t cut : {std::size_t{0}, plain.size() / 3, plain.size()}) {
      Recipher recipher(one.key, ByteView(one.file).first(kNonceSize));
      Bytes cipher(plain.size());
      recipher.update(plain.first(cut), cipher);
      recipher.update(plain.subspan(cut), MutableBytes(cipher).subspan(cut));
      EXPECT_TRUE(std::equal(cipher.begin(), cipher.end(), one.file.begin() + kNonceSize)) << one.name;
    }
  }
}

TEST(Sealer, RequiresANonceOfTwelveBytes) {
  for (std::size_t size : {0u, 11u, 13u, 16u})
    EXPECT_EQ(error_of([&] { Sealer(some_key(), Bytes(size)); }).status, Status::INVALID_ARGUMENT) << size;
}

TEST(Sha256, KnownAnswersHoweverTheBytesAreSplit) {
  auto digest = [](std::string_view text, std::size_t cut) {
    Sha256 hash;
    hash.update(as_bytes(text.substr(0, cut)));
    hash.update(as_bytes(text.substr(cut)));
    return to_hex(hash.finish());
  };
  for (std::size_t cut = 0; cut <= 3; ++cut)
    EXPECT_EQ(digest("abc", cut), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(digest("", 0), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

}  // namespace
}  // namespace libbcda::crypto
