// Encodings of text files.
#pragma once
#include <string>

namespace cli {

// The text in UTF-8, when it is UTF-16 with its byte order mark, as Windows PowerShell redirects into files. Other text comes
// back as it is. `path` is for the error. Throws Failure when it is malformed or holds a NUL, which no text of ours does.
std::string utf8_of(std::string text, const std::string& path);

}  // namespace cli
