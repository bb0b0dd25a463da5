// Cleans text from files and other programs. It may be UTF-8 or UTF-16, and may have invisible characters around it.
#pragma once
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace libbcda {

// Returns the text in UTF-8 without a byte order mark. Text that starts with a UTF-16 mark (of either byte order) is
// converted. Other text is returned unchanged, without a UTF-8 mark. Error messages call the text `what`. Throws
// Error{INVALID_ARGUMENT} for UTF-16 that is malformed or has no mark, and for UTF-32.
SecretBytes to_utf8(std::string_view text, const std::string& what);

// Removes characters around a value that are not part of it: blanks, line breaks, a byte order mark and invisible
// characters such as U+200B. After that, removes one pair of equal quotes.
std::string_view without_debris(std::string_view text);

// Describes the first character that cannot be part of the service's client ids and secrets, such as "a line break",
// and its position. Returns "" if there is none. The description never shows the value. `name` is the name of the
// setting.
std::string debris_in(std::string_view value, std::string_view name);

}  // namespace libbcda
