// Bytes that are written once and then read at any place.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "files/file.hpp"

namespace libbcda::files {

// Up to 1 MiB the bytes stay in memory. More go to a file without a name, if there is a place for one.
// Reading is thread-safe once all bytes are written.
class Spool {
 public:
  // Opens an empty file for reading and writing. May throw Error{FILESYSTEM}.
  using MakeFile = std::function<Fd()>;

  explicit Spool(MakeFile make_file = {}) : make_file_(std::move(make_file)) {}

  void append(std::string_view bytes);  // throws Error{FILESYSTEM}
  // Throws Error{FILESYSTEM}, also when fewer bytes are there.
  std::string read(std::uint64_t offset, std::size_t size) const;
  std::uint64_t size() const { return size_; }

 private:
  void move_to_file();

  MakeFile make_file_;
  std::string memory_;
  Fd file_;  // once it is open, `memory_` is empty
  std::uint64_t size_ = 0;
};

}  // namespace libbcda::files
