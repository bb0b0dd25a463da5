// The journal of an output directory. Any process may have written it.
#include "transfer/journal.hpp"

#include "fuzz/target.hpp"

namespace libbcda::fuzz {

FUZZ_TARGET(journal, input) {
  const auto state = transfer::read_journal(std::string(input));
  for (const auto& [path, record] : state.files) {
    expect(path == record.path && transfer::is_own_path(path), "a path is one of the directory");
    expect(!path.starts_with('/') && ("/" + path + "/").find("/../") == path.npos, "a path leads nowhere else");
  }
}

}  // namespace libbcda::fuzz
