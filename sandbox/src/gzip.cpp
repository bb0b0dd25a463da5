#include "gzip.hpp"

#include <zlib.h>

#include <new>

namespace libbcda::sandbox {
namespace {

constexpr int kGzipWindow = 15 + 16;  // 16 asks zlib for a gzip header
constexpr int kMemoryLevel = 8;

}  // namespace

std::string gzip_member(std::string_view plain) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipWindow, kMemoryLevel, Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::bad_alloc();
  std::string packed(deflateBound(&stream, static_cast<uLong>(plain.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

std::string gunzip(std::string_view packed) {
  std::string plain;
  while (!packed.empty()) {
    z_stream stream{};
    if (inflateInit2(&stream, kGzipWindow) != Z_OK) throw std::bad_alloc();
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream.avail_in = static_cast<uInt>(packed.size());
    int result = Z_OK;
    char part[65536];
    while (result == Z_OK) {
      stream.next_out = reinterpret_cast<Bytef*>(part);
      stream.avail_out = sizeof part;
      result = inflate(&stream, Z_NO_FLUSH);
      plain.append(part, sizeof part - stream.avail_out);
    }
    packed.remove_prefix(packed.size() - stream.avail_in);
    inflateEnd(&stream);
    if (result != Z_STREAM_END) break;
  }
  return plain;
}

std::string_view empty_gzip_member() {
  constexpr std::string_view bytes(
      "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\x01\x00\x00\xff\xff\x00\x00\x00\x00\x00\x00\x00\x00", 23);
  return bytes;
}

}  // namespace libbcda::sandbox
