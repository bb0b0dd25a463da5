#include "ndjson/reader.hpp"

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "base/error.hpp"

namespace libbcda::ndjson {
namespace {

Error read_error(const std::string& path, int code) {
  return std::move(Error(Status::FILESYSTEM, "cannot read " + path + ": " + std::strerror(code)).at_file(path));
}

// The bytes of a file, as Reader::Source hands them out.
class FileSource {
 public:
  FileSource(files::Fd file, std::string path, Reader::Watch watch) : path_(std::move(path)), watch_(std::move(watch)) {
    if (!file) throw read_error(path_, errno);
    file_ = std::make_shared<files::Fd>(std::move(file));
  }

  std::size_t operator()(MutableBytes room) {
    ssize_t n;
    do n = file_->read(room);
    while (n < 0 && errno == EINTR);
    if (n < 0) throw read_error(path_, errno);
    if (watch_) watch_(room.first(static_cast<std::size_t>(n)));
    return static_cast<std::size_t>(n);
  }

 private:
  std::shared_ptr<files::Fd> file_;  // so that a source can be copied
  std::string path_;
  Reader::Watch watch_;
};

}  // namespace

Reader::Reader(const std::string& path) : Reader(files::open_system_file(path), path) {}

Reader::Reader(files::Fd file, std::string path, Watch watch)
    : Reader(FileSource(std::move(file), path, std::move(watch)), path) {}

bool Reader::fill() {
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    buffer_offset_ += static_cast<std::int64_t>(begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == buffer_.size()) {
    if (buffer_.size() >= kLongestLine)
      throw std::move(Error(Status::LIMIT, path_ + ": line " + std::to_string(line_ + 1) + " is longer than 256 MiB")
                          .at_file(path_));
    buffer_.resize(buffer_.size() * 2);
  }
  const std::size_t n = source_({reinterpret_cast<std::uint8_t*>(buffer_.data()) + end_, buffer_.size() - end_});
  end_ += n;
  return n > 0;
}

std::optional<std::string_view> Reader::next_line() {
  std::size_t searched = 0;
  for (;;) {
    const char* start = buffer_.data() + begin_;
    const void* newline = std::memchr(start + searched, '\n', end_ - begin_ - searched);
    searched = end_ - begin_;
    if (!newline && fill()) continue;
    if (!newline && begin_ == end_) return std::nullopt;
    start = buffer_.data() + begin_;
    std::size_t size = newline ? static_cast<std::size_t>(static_cast<const char*>(newline) - start) : end_ - begin_;
    offset_ = buffer_offset_ + static_cast<std::int64_t>(begin_);
    ++line_;
    begin_ += size + (newline ? 1 : 0);
    return std::string_view(start, size);
  }
}

std::optional<std::string_view> Reader::next() {
  while (auto line = next_line()) {
    std::string_view text = *line;
    if (line_ == 1 && text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    if (!text.empty() && text.back() == '\r') text.remove_suffix(1);
    if (text.find_first_not_of(" \t\r") != std::string_view::npos) return text;
  }
  return std::nullopt;
}

}  // namespace libbcda::ndjson
