// Iterates the records of an NDJSON file.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "files/file.hpp"

namespace libbcda::ndjson {

class Reader {
 public:
  static constexpr std::size_t kLongestLine = 256u << 20, kBuffer = 256u << 10;

  explicit Reader(const std::string& path);
  // `path` is the name in messages. `watch` gets each block that is read, and an empty one at the end. It may throw.
  using Watch = std::function<void(ByteView)>;
  Reader(files::Fd file, std::string path, Watch watch = {});
  // Reads from elsewhere: `source` fills some of `room` and returns how much, and 0 at the end. It may throw.
  using Source = std::function<std::size_t(MutableBytes room)>;
  Reader(Source source, std::string path) : path_(std::move(path)), source_(std::move(source)), buffer_(kBuffer) {}

  // Returns the next line that is not blank, without its line break and without a BOM at the start of the file. nullopt
  // after the last line. The result is valid until the next call. Throws Error{FILESYSTEM, LIMIT}.
  std::optional<std::string_view> next();
  std::int64_t line() const { return line_; }      // the number of the last returned line, from 1
  std::int64_t offset() const { return offset_; }  // its byte offset
  std::int64_t consumed() const { return buffer_offset_ + static_cast<std::int64_t>(begin_); }  // bytes, to its end

 private:
  std::optional<std::string_view> next_line();
  bool fill();

  std::string path_;
  Source source_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0, end_ = 0;  // unread bytes in buffer_
  std::int64_t buffer_offset_ = 0;   // the offset of buffer_[0] in the file
  std::int64_t line_ = 0, offset_ = 0;
};

}  // namespace libbcda::ndjson
