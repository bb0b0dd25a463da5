// The file that a table is written to.
#pragma once
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <string_view>

#include "r.hpp"

namespace bcda_r {

// A file of mode 0600. It has a hidden name until it is whole, and is removed if it never is.
class TableFile {
 public:
  explicit TableFile(const std::string& path) : path_(path) {
    const std::size_t name = path.rfind('/') + 1;
    partial_ = path.substr(0, name) + "." + path.substr(name) + ".partial-" + std::to_string(::getpid());
    if (exists()) return;
    file_ = ::open(partial_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file_ < 0) fail("cannot create ");
  }
  ~TableFile() {
    if (file_ < 0) return;
    ::close(file_);
    ::unlink(partial_.c_str());
  }
  TableFile(const TableFile&) = delete;
  TableFile& operator=(const TableFile&) = delete;

  void write(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t written = ::write(file_, bytes.data(), bytes.size());
      if (written >= 0) {
        bytes.remove_prefix(static_cast<std::size_t>(written));
      } else if (errno != EINTR) {
        return fail("cannot write ");
      }
    }
  }
  void publish() {
    if (::fsync(file_) != 0) return fail("cannot write ");
    if (exists()) return;
    if (::rename(partial_.c_str(), path_.c_str()) != 0) return fail("cannot create ");
    ::close(file_);
    file_ = -1;
  }

 private:
  bool exists() const {
    struct stat found;
    if (::lstat(path_.c_str(), &found) != 0) return false;
    keep(BCDA_FILESYSTEM, {path_, " exists already"});
    kept.file = path_;
    return true;
  }
  void fail(const char* what) const {
    keep(BCDA_FILESYSTEM, {what, path_, ": ", ::strerror(errno)});
    kept.file = path_;
  }

  std::string path_, partial_;
  int file_ = -1;
};

inline void table_file_destroy(TableFile* file) { delete file; }

template <>
struct Kind<TableFile> : OneKind<TableFile, table_file_destroy> {
  static constexpr const char* name = "file of a table";
  static SEXP tag() { return Rf_install("bcda_TableFile"); }
};

// Creates the file for a table that is open.
inline TableFile* table_file_create(const bcda_flat::Tables& tables, const bcda_flat::Text& path) {
  tables_column_count(tables, 0);  // fails if it is not open
  return new TableFile(path);
}

// Writes the next bytes of the table. 0: there are no more.
inline std::int32_t table_file_write(TableFile& file, bcda_flat::Tables& tables, const bcda_flat::Text& format) {
  const bcda_flat::Bytes piece = tables_encode(tables, format);
  if (!piece.data) return 0;
  file.write({piece.data, static_cast<std::size_t>(piece.size)});
  return 1;
}

inline void table_file_publish(TableFile& file) { file.publish(); }

}  // namespace bcda_r
