// Keeps the command's secrets out of core files.
#pragma once

namespace cli {

// Disables core files for the process, and prevents other programs of the same user from reading its memory. This is
// needed in addition to the flags of secret pages, because OpenSSL and Boost keep copies of keys and tokens.
void forbid_core_files();

}  // namespace cli
