// Text that came over the network, made fit for a message, an event or a log.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace libbcda {

constexpr std::size_t kLongestName = 80;  // bytes of a name in a message

// One line of valid UTF-8 of at most `longest` bytes, not cut inside a character. Control characters and line separators
// become blanks, blanks at the ends are dropped. Bidi controls, which reorder what is shown, and bytes that are not UTF-8
// become '?'.
std::string tidy(std::string_view text, std::size_t longest = kLongestName);

// A name in double quotes, tidied; dots after the quotes say that it was cut.
std::string quote(std::string_view name);

}  // namespace libbcda
