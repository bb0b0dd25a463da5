// Where plaintext goes: files in a directory, or a caller's sink.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "files/directory.hpp"
#include "world/world.hpp"

namespace libbcda::transfer {

using files::Directory;
using files::Durability;

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

inline constexpr const char* kErrorDirectory = "error";
inline constexpr std::string_view kPartialEnding = ".partial";

// The path of a published file, relative to OUT: NAME or error/NAME.
std::string published_path(const std::string& name, bool is_error);

// OUT/<name>, or OUT/error/<name>; partial files live in OUT/.bcda under names of their own.
class DirectoryDestination : public Destination {
 public:
  DirectoryDestination(std::shared_ptr<const Directory> out, std::shared_ptr<const Directory> work,
                       Durability durability, world::Random& random)
      : out_(std::move(out)), work_(std::move(work)), durability_(durability), random_(random) {}
  std::unique_ptr<Writer> begin(const std::string& name, const std::string& type, bool is_error) override;

 private:
  class FileWriter;
  std::shared_ptr<const Directory> out_, work_;
  Durability durability_;
  world::Random& random_;
};

}  // namespace libbcda::transfer
