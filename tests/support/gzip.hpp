// Gzip files for tests, made by zlib, and texts to put into them.
#pragma once
#include <gtest/gtest.h>
#include <zlib.h>

#include <cstdint>
#include <random>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace libbcda::test {

// Compresses a stream of any length, one member.
class Gzip {
 public:
  explicit Gzip(int level = 6, gz_header* header = nullptr) {
    EXPECT_EQ(deflateInit2(&stream_, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    if (header) deflateSetHeader(&stream_, header);
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

inline std::string gzip(std::string_view plain, int level = 6, gz_header* header = nullptr) {
  return Gzip(level, header).add(plain, Z_FINISH);
}

// The empty member that BCDA appends to each file.
inline std::string bcda_end() {
  return std::string("\x1F\x8B\x08\0\0\0\0\0\0\xFF\x01\0\0\xFF\xFF\0\0\0\0\0\0\0\0", 23);
}

// Bytes that do not compress.
inline std::string noise(std::size_t size, std::uint32_t seed = 1) {
  std::string out(size, '\0');
  std::mt19937 random(seed);
  for (char& c : out) c = static_cast<char>(random());
  return out;
}

// Lines that compress about as well as claims do.
inline std::string lines(int count) {
  std::string out;
  for (int i = 0; i < count; ++i)
    out += "{\"resourceType\":\"Patient\",\"id\":\"" + std::to_string(i * 7919L % 1000003) + "\"}\n";
  return out;
}

}  // namespace libbcda::test
