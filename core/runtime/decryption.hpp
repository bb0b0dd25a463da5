// Decrypts what was downloaded by other means: one file, or the files of a directory that a manifest lists.
#pragma once
#include <string>

#include "runtime/receipt.hpp"
#include "settings/settings.hpp"
#include "transfer/decrypt_file.hpp"

namespace libbcda::runtime {

struct Decryption {
  Settings settings;     // private_key and its passphrase, durability, allow_plaintext
  std::string path;      // a file, or a directory
  std::string output;    // a file's path, or a directory: one that ends in '/', or any for a directory
  std::string label;     // the name that the service gave the file; "": its base name
  std::string key_hex;   // its wrapped key; "": the manifest has it
  std::string manifest;  // JSON text
  transfer::Progress progress;
};

// One file: it is in the result once it has verified. A directory: each file in it that the manifest lists is decrypted, and
// the receipt is left in `output` once all of them are there. When some fail, or are missing, the others are still decrypted
// and the first failure is thrown, with the others on lines of their own in its message. A second call goes on from there.
// Throws Error.
RunResult decrypt(const Decryption& what);

}  // namespace libbcda::runtime
