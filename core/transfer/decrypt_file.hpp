// Files that are on disk already, as the service sent them.
#pragma once
#include <functional>
#include <optional>
#include <string>

#include "bulk/manifest.hpp"
#include "files/file.hpp"
#include "transfer/decoder.hpp"
#include "transfer/workspace.hpp"

namespace libbcda::transfer {

// Called between chunks with the bytes done and in all (-1: unknown). What it throws ends the work.
using Progress = std::function<void(std::int64_t done, std::int64_t total)>;

// A file that was downloaded by other means, open to be read. Throws Error{FILESYSTEM} when it cannot be read or is a
// directory.
class Downloaded {
 public:
  Downloaded(std::string path);  // NOLINT: a path is one
  const std::string& path() const noexcept { return path_; }
  std::int64_t size() const noexcept { return size_; }    // -1: unknown
  std::size_t read(MutableBytes out, bool& interrupted);  // 0 at the end, or when a signal came

 private:
  std::string path_;
  files::Fd fd_;
  std::int64_t size_ = -1;
};

// Decrypts `input` as `name` into the directory of `space`, or below its error/. Without a key the file must look like NDJSON
// and is copied. The name appears (mode 0600) only when the file is verified, and must not exist before. `keep` is told of the
// file just before that. Constant memory. Throws Error{FILESYSTEM, VERIFICATION, DECRYPTION}.
Facts decrypt_into(Workspace& space, const std::string& name, bool is_error, Downloaded& input,
                   const std::optional<crypto::FileKey>& key, const Progress& progress,
                   const std::function<void(const Facts&)>& keep = {});

// The same for a path. Throws Error{INVALID_ARGUMENT} too, when `output` names no file.
Facts decrypt_file(Downloaded input, const std::optional<crypto::FileKey>& key, const std::string& output,
                   Durability durability, const Progress& progress = {});

// The bytes of a wrapped key from hex. `file` is the server's name, for the error. Throws Error{DECRYPTION}.
Bytes wrapped_key_from_hex(std::string_view hex, const std::string& file);

// The key of a file that a manifest lists; nullopt when it gives none and the file may be plain. Throws Error{VERIFICATION}
// when a data file has no key and `allow_plaintext` is not set, Error{PRIVATE_KEY} when the private key is missing, and
// Error{DECRYPTION} when the private key does not open it.
std::optional<crypto::FileKey> key_of(const bulk::Entry& entry, const std::optional<crypto::PrivateKey>& private_key,
                                      bool allow_plaintext);

}  // namespace libbcda::transfer
