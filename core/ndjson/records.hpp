// The records of several NDJSON files, one after the other.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "ndjson/reader.hpp"

namespace libbcda::ndjson {

class Records {
 public:
  struct File {
    Reader reader;
    std::string name = {}, type = {};              // for whoever asks
    std::function<bool(std::int64_t)> wants = {};  // whether the record in this line counts; empty: all do
  };
  // Returns the next file, or nullopt. It is called when the file before has come to its end.
  using Files = std::function<std::optional<File>()>;

  explicit Records(Files files) : files_(std::move(files)) {}
  explicit Records(File only) : file_(std::move(only)) {}

  // As Reader::next(). Throws what Reader and `files` throw; each later call throws the same.
  std::optional<std::string_view> next();

  // Of the record that was returned last.
  std::int64_t line() const { return file_ ? file_->reader.line() : 0; }
  std::int64_t offset() const { return file_ ? file_->reader.offset() : 0; }
  const char* file() const { return file_ ? file_->name.c_str() : ""; }
  const char* type() const { return file_ ? file_->type.c_str() : ""; }

 private:
  std::optional<std::string_view> find();

  Files files_;
  std::optional<File> file_;
  std::optional<Error> failure_;  // what comes after it was not verified
};

}  // namespace libbcda::ndjson
