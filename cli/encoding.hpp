// Encodings of text files.
#pragma once
#include <string>

namespace cli {

// Converts UTF-16 with a byte order mark to UTF-8, because Windows PowerShell redirects output in UTF-16. Other text is
// returned unchanged. `path` is for the error message. Throws Failure if the text is malformed or contains a NUL.
std::string utf8_of(std::string text, const std::string& path);

}  // namespace cli
