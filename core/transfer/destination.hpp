// Destinations for plaintext: files in a directory, or a caller's sink.
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

// Writes one file. The data stays private until commit. Destroying the writer without commit discards the data.
class Writer {
 public:
  virtual ~Writer() = default;
  virtual void write(ByteView bytes) = 0;  // UNVERIFIED
  // Publishes the file, which must be complete and verified. Returns its path or name for the caller.
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

// Publishes files as OUT/<name> or OUT/error/<name>. Partial files have random names in OUT/.bcda.
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
