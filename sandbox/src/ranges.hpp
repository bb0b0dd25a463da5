// Conditional and Range requests for one file, decided as Go's file server decides them.
#pragma once
#include "message.hpp"

namespace libbcda::sandbox {

// 200, 206, 304, 412 or 416. `ignore_range`: as a server without ranges would.
Response serve_file(const Request& request, std::shared_ptr<DataFile> file, bool plain, bool ignore_range);

}  // namespace libbcda::sandbox
