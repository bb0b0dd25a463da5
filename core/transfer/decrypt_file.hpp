// One encrypted file that is on disk already.
#pragma once
#include <functional>
#include <string>

#include "base/file.hpp"
#include "transfer/decoder.hpp"

namespace libbcda::transfer {

// Decrypts `input` into `output`, which appears (mode 0600) only when the tag has verified and must not exist before.
// Constant memory. Throws Error{FILESYSTEM, VERIFICATION, DECRYPTION}.
// `progress` is called between chunks with the bytes done and in all (-1: unknown); what it throws ends the work.
Facts decrypt_file(const std::string& input, const crypto::FileKey& key, const std::string& output,
                   Durability durability,
                   const std::function<void(std::int64_t done, std::int64_t total)>& progress = {});

// The bytes of a wrapped key from hex. `file` is the server's name, for the error. Throws Error{DECRYPTION}.
Bytes wrapped_key_from_hex(std::string_view hex, const std::string& file);

}  // namespace libbcda::transfer
