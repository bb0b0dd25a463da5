// The files that a run has published, in little memory: there may be hundreds of thousands of them.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "transfer/decoder.hpp"

namespace libbcda::runtime {

using bulk::FileKind;

// A file that was verified and published.
struct FileResult {
  std::string type, url, path;
  transfer::Facts facts;
  FileKind kind = FileKind::data;
  std::string source_id;   // see transfer::source_id
  bool in_tables = false;  // in a receipt: parts of tables have its rows, so it was removed or may be
  // A list does not keep these.
  bool is_kept = false;     // an earlier run published it
  files::Stamp stamp = {};  // of a file that this run published
};

// A FileResult in one block of memory. Its texts end with a NUL.
class StoredFile {
 public:
  const char* type() const { return text(0); }
  const char* url() const { return text(1); }
  const char* path() const { return text(2); }
  const char* sha256() const { return text(3); }
  const char* source_id() const { return text(4); }
  std::int64_t bytes() const { return bytes_; }
  std::int64_t records() const { return records_; }
  bool decrypted() const { return proof_ == transfer::Proof::gcm; }
  transfer::Proof proof() const { return proof_; }
  FileKind kind() const { return kind_; }
  bool is_error() const { return kind_ == FileKind::error; }
  bool in_tables() const { return in_tables_; }
  FileResult result() const;

 private:
  friend class FileList;
  struct Free {
    void operator()(StoredFile* file) const noexcept { ::operator delete(file); }
  };
  using Ptr = std::unique_ptr<StoredFile, Free>;
  static Ptr make(const FileResult& file);
  StoredFile() = default;
  const char* texts() const { return reinterpret_cast<const char*>(this + 1); }
  const char* text(std::size_t number) const { return texts() + (number == 0 ? 0 : ends_[number - 1]); }

  std::int64_t bytes_ = 0, records_ = 0;
  std::uint32_t ends_[4] = {};  // where the texts end, the last one left out
  transfer::Proof proof_ = transfer::Proof::none;
  FileKind kind_ = FileKind::data;
  bool in_tables_ = false;
};

// Not thread-safe while it is changed. The address of a file never changes.
class FileList {
 public:
  const StoredFile& add(const FileResult& file);
  void sort();  // by path
  std::size_t size() const { return files_.size(); }
  bool empty() const { return files_.empty(); }
  const StoredFile& operator[](std::size_t index) const { return *files_[index]; }
  std::size_t error_files() const { return error_files_; }

 private:
  std::vector<StoredFile::Ptr> files_;
  std::size_t error_files_ = 0;
  bool sorted_ = true;
};

}  // namespace libbcda::runtime
