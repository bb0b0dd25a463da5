// Decrypts files that are already on disk, as the service sent them.
#pragma once
#include <functional>
#include <optional>
#include <string>

#include "bulk/manifest.hpp"
#include "files/file.hpp"
#include "transfer/decoder.hpp"
#include "transfer/workspace.hpp"

namespace libbcda::transfer {

// Called between chunks with the bytes done and the bytes in total (-1: unknown). An exception ends the decryption.
using Progress = std::function<void(std::int64_t done, std::int64_t total)>;

// An open file that another program downloaded. Throws Error{FILESYSTEM} if it cannot be read or is a directory.
class Downloaded {
 public:
  Downloaded(std::string path);  // NOLINT: implicit, because a path means the file
  const std::string& path() const noexcept { return path_; }
  std::int64_t size() const noexcept { return size_; }    // -1: unknown
  std::size_t read(MutableBytes out, bool& interrupted);  // returns 0 at the end and after a signal

 private:
  std::string path_;
  files::Fd fd_;
  std::int64_t size_ = -1;
};

// Decrypts `input` to the file `name` in the directory of `space` or, by its kind, in one below it. Without a key the file must look
// like NDJSON and is copied. The name must not exist. It appears (mode 0600) only when the file is verified. `keep` is
// called with the facts just before that. Uses constant memory. Throws Error{FILESYSTEM, VERIFICATION, DECRYPTION}.
Facts decrypt_into(Workspace& space, const std::string& name, FileKind kind, Downloaded& input,
                   const std::optional<crypto::FileKey>& key, const Progress& progress,
                   const std::function<void(const Facts&)>& keep = {});

// The same with an output path. Also throws Error{INVALID_ARGUMENT} if `output` names no file.
Facts decrypt_file(Downloaded input, const std::optional<crypto::FileKey>& key, const std::string& output,
                   Durability durability, const Progress& progress = {});

// Decodes a wrapped key from hex. `file` is the server's name of the file, for the error message. Throws
// Error{DECRYPTION}.
Bytes wrapped_key_from_hex(std::string_view hex, const std::string& file);

// The file key of a manifest's entry. nullopt if the entry has no key and the file may be plaintext. Throws
//   Error{VERIFICATION} if a data file has no key and `allow_plaintext` is not set,
//   Error{PRIVATE_KEY}  if the private key is missing,
//   Error{DECRYPTION}   if the private key does not unwrap the key.
std::optional<crypto::FileKey> key_of(const bulk::Entry& entry, const std::optional<crypto::PrivateKey>& private_key,
                                      bool allow_plaintext);

}  // namespace libbcda::transfer
