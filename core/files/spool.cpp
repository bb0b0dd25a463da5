#include "files/spool.hpp"

#include <cerrno>

namespace libbcda::files {
namespace {

constexpr std::size_t kMostInMemory = 1 << 20;
constexpr const char* kShownPath = "the temporary copy of a manifest in the work directory";

}  // namespace

void Spool::append(std::string_view bytes) {
  if (make_file_ && !file_ && memory_.size() + bytes.size() > kMostInMemory) move_to_file();
  if (file_)
    write_all(file_.disk(), file_.get(), as_bytes(bytes), kShownPath);
  else
    memory_ += bytes;
  size_ += bytes.size();
}

void Spool::move_to_file() {
  file_ = make_file_();
  write_all(file_.disk(), file_.get(), as_bytes(memory_), kShownPath);
  memory_ = std::string();  // gives the memory back
}

std::string Spool::read(std::uint64_t offset, std::size_t size) const {
  if (!file_) {
    if (offset > memory_.size() || size > memory_.size() - offset) throw file_error("cannot read", kShownPath, EIO);
    return memory_.substr(offset, size);
  }
  std::string bytes(size, '\0');
  read_all_at(file_, static_cast<std::int64_t>(offset), {reinterpret_cast<std::uint8_t*>(bytes.data()), size},
              kShownPath);
  return bytes;
}

}  // namespace libbcda::files
