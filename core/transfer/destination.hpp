// Destinations for plaintext: files in a directory, or a caller's sink.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.hpp"
#include "bulk/file_kind.hpp"
#include "files/directory.hpp"
#include "world/world.hpp"

namespace libbcda::transfer {

using bulk::FileKind;
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
  virtual std::unique_ptr<Writer> begin(const std::string& name, const std::string& type, FileKind kind) = 0;
};

// The directories in OUT for the files that are no data.
inline constexpr std::string_view kErrorDirectory = "error", kDeletedDirectory = "deleted";
inline constexpr std::string_view kPartialEnding = ".partial";

// "", kErrorDirectory or kDeletedDirectory.
std::string_view directory_of(FileKind kind);
// The path of a published file, relative to OUT: NAME, error/NAME or deleted/NAME.
std::string published_path(const std::string& name, FileKind kind);
// The directory and the name in such a path. The directory is "" for NAME and for an unknown directory.
std::pair<std::string, std::string> split_published(const std::string& path);

// Publishes files as OUT/<name>, OUT/error/<name> or OUT/deleted/<name>. Partial files have random names in OUT/.bcda.
class DirectoryDestination : public Destination {
 public:
  DirectoryDestination(std::shared_ptr<const Directory> out, std::shared_ptr<const Directory> work,
                       Durability durability, world::Random& random)
      : out_(std::move(out)), work_(std::move(work)), durability_(durability), random_(random) {}
  std::unique_ptr<Writer> begin(const std::string& name, const std::string& type, FileKind kind) override;

 private:
  class FileWriter;
  std::shared_ptr<const Directory> out_, work_;
  Durability durability_;
  world::Random& random_;
};

}  // namespace libbcda::transfer
