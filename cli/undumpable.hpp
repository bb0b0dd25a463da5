// Keeps a command's secrets out of core files.
#pragma once

namespace cli {

// The process writes no core file from here on, and its memory cannot be read by other programs of the same user. OpenSSL and
// Boost keep copies of keys and tokens that no flag on single pages would reach.
void forbid_core_files();

}  // namespace cli
