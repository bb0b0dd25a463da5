// Destinations for plaintext: files in a directory, or a caller's sink.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.hpp"
#include "bulk/file_kind.hpp"
#include "files/directory.hpp"

namespace libbcda::transfer {

class WorkDirectory;

using bulk::FileKind;
using files::Directory;
using files::Durability;

// Writes one file. The data stays private until commit. Destroying the writer without commit discards the data.
class Writer {
 public:
  virtual ~Writer() = default;
  virtual void expect(std::int64_t size) { static_cast<void>(size); }  // a hint: so many bytes will come
  virtual void write(ByteView bytes) = 0;                              // UNVERIFIED
  // Publishes the file, which must be complete and verified. Returns its path or name for the caller.
  virtual std::string commit(std::int64_t size, const std::string& sha256) = 0;
  virtual files::Stamp stamp() const { return {}; }  // of the published file

  // The file in the work directory that has the bytes so far.
  struct Partial {
    std::string name;  // "": there is none, so a later run cannot go on with it
    std::int64_t size = 0;
  };
  virtual Partial partial() const { return {}; }
  virtual void sync() {}   // makes these bytes durable
  virtual void leave() {}  // keeps them although the writer is destroyed without commit
};

// Thread-safe.
class Destination {
 public:
  virtual ~Destination() = default;
  virtual std::unique_ptr<Writer> begin(const std::string& name, const std::string& type, FileKind kind) = 0;
};

// The directories in OUT for the files that are no data, and for those of tables: tables/TABLE/NAME.
inline constexpr std::string_view kErrorDirectory = "error", kDeletedDirectory = "deleted", kTablesDirectory = "tables";
inline constexpr std::string_view kPartEnding = ".arrow";  // of a part of a table
inline constexpr std::string_view kPartialEnding = ".partial";
inline constexpr std::string_view kPackedEnding = ".packed";  // bytes as they came, of a gzipped file

// "", kErrorDirectory or kDeletedDirectory.
std::string_view directory_of(FileKind kind);
// The path of a published file, relative to OUT: NAME, error/NAME or deleted/NAME.
std::string published_path(const std::string& name, FileKind kind);
// The directory and the name in such a path, or in tables/TABLE/NAME. The directory is "" for NAME and for an unknown
// directory.
std::pair<std::string, std::string> split_published(const std::string& path);

// A name in the work directory that no other writer has. So the published file has exactly the bytes that were written.
std::string unique_name(const WorkDirectory& directory, std::string_view ending);

// Publishes files as OUT/<name>, OUT/error/<name> or OUT/deleted/<name>. Partial files have random names in OUT/.bcda.
class DirectoryDestination : public Destination {
 public:
  explicit DirectoryDestination(const WorkDirectory& directory) : directory_(directory) {}
  std::unique_ptr<Writer> begin(const std::string& name, const std::string& type, FileKind kind) override;

 private:
  class FileWriter;
  const WorkDirectory& directory_;
};

}  // namespace libbcda::transfer
