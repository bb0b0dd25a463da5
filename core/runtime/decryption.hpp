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

// For a file: decrypts and verifies it. For a directory: decrypts each file in it that the manifest lists, and writes
// the receipt to `output` when all of them are there. If a file fails or is missing, the others are still decrypted.
// Then the first failure is thrown; its message has a line for each of the others. A second call continues from there.
// Throws Error.
RunResult decrypt(const Decryption& what);

}  // namespace libbcda::runtime
