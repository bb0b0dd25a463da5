// Where plaintext goes: files in a directory, or a caller's sink.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "base/bytes.hpp"
#include "base/file.hpp"

namespace libbcda::transfer {

// One file under way. What is written stays private until commit; destroyed without commit, it is discarded.
class Writer {
 public:
  virtual ~Writer() = default;
  virtual void write(ByteView bytes) = 0;  // UNVERIFIED
  // The file is whole and verified. Returns the path (or name) by which the caller finds it.
  virtual std::string commit(std::int64_t size, const std::string& sha256) = 0;
};

// Thread-safe.
class Destination {
 public:
  virtual ~Destination() = default;
  virtual std::unique_ptr<Writer> begin(const std::string& name, const std::string& type, bool is_error) = 0;
};

// OUT/<name>, or OUT/error/<name>; partial files live in OUT/.bcda under names of their own.
class DirectoryDestination : public Destination {
 public:
  // `announce` is told a file's path just before the file appears there.
  DirectoryDestination(std::shared_ptr<const Directory> out, std::shared_ptr<const Directory> work,
                       Durability durability, std::function<void(const std::string& path)> announce)
      : out_(std::move(out)), work_(std::move(work)), durability_(durability), announce_(std::move(announce)) {}
  std::unique_ptr<Writer> begin(const std::string& name, const std::string& type, bool is_error) override;

 private:
  class FileWriter;
  std::shared_ptr<const Directory> out_, work_;
  Durability durability_;
  std::function<void(const std::string& path)> announce_;
};

}  // namespace libbcda::transfer
