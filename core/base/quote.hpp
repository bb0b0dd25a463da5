// Cleans text from the network for messages, events and logs.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace libbcda {

constexpr std::size_t kLongestName = 80;  // the most bytes of a name in a message

bool is_utf8(std::string_view text);

// Returns one line of valid UTF-8 of at most `longest` bytes, which is not cut inside a character. Control characters
// and line separators become blanks, and blanks at both ends are removed. Bidi controls become '?', because they
// reorder displayed text. Invalid UTF-8 becomes '?' too.
std::string tidy(std::string_view text, std::size_t longest = kLongestName);

// Returns a name in double quotes, cleaned by tidy(). If it was cut, dots follow the quotes.
std::string quote(std::string_view name);

}  // namespace libbcda
