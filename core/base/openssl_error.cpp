#include "base/openssl_error.hpp"

#include <openssl/err.h>

namespace libbcda {

bool lacked_memory() noexcept {
  bool lacked = false;
  while (const unsigned long code = ERR_get_error()) lacked = lacked || ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE;
  return lacked;
}

Error openssl_error(const std::string& text) {
  if (lacked_memory()) return {Status::NO_MEMORY, "out of memory"};
  return {Status::INTERNAL, text};
}

}  // namespace libbcda
