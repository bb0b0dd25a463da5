// Why a call of OpenSSL failed.
#pragma once
#include <string>

#include "base/error.hpp"

namespace libbcda {

// Empties this thread's queue of OpenSSL errors. Returns whether one of them says that memory was short: then another
// explanation of the failure, such as a bad key, would be wrong.
bool lacked_memory() noexcept;

// The error for a failed call that cannot fail for another reason than want of memory or a fault of OpenSSL: NO_MEMORY, or
// INTERNAL with this text.
Error openssl_error(const std::string& text);

}  // namespace libbcda
