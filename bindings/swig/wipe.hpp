// Overwrites a text that may be a secret. A compiler may not leave out writes through a volatile pointer, and
// explicit_bzero is missing in glibc before 2.25.
#pragma once
#include <string>

namespace bcda_flat {

inline void wipe(std::string& text) noexcept {
  for (volatile char* at = text.data(); at != text.data() + text.size(); ++at) *at = 0;
}

}  // namespace bcda_flat
