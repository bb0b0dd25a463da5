// Conditional and Range requests for one file, with the rules of Go's file server.
#pragma once
#include "message.hpp"

namespace libbcda::sandbox {

// Answers with 200, 206, 304, 412 or 416. `ignore_range`: answers like a server without Range support.
Response serve_file(const Request& request, std::shared_ptr<DataFile> file, bool plain, bool ignore_range);

// Answers in the same way for a text in memory.
Response serve_text(const Request& request, const std::string& text, const std::string& type, Time modified);

}  // namespace libbcda::sandbox
