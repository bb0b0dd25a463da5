// Text as files and other programs hand it over: in UTF-8 or UTF-16, with marks and blanks around it that nobody sees.
#pragma once
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace libbcda {

// The text in UTF-8 without a byte order mark. A text that begins with the mark of UTF-16 (either byte order) is converted;
// anything else is taken as it is, less the mark of UTF-8. `what` is what errors call the text. Throws
// Error{INVALID_ARGUMENT} for UTF-16 that is malformed or has no mark, and for UTF-32.
SecretBytes to_utf8(std::string_view text, const std::string& what);

// What is around a value and is no part of it: blanks, line ends, a byte order mark, invisible characters (U+200B, ...), and
// then one pair of quotes of the same kind.
std::string_view without_debris(std::string_view text);

// Names the first thing in a client id or secret that none of the service's has, such as "a line break", and says where.
// "" when there is none. Never shows the value. `name` is that of the setting.
std::string debris_in(std::string_view value, std::string_view name);

}  // namespace libbcda
