// The journal of an output directory. Any process may have written it.
#include "transfer/journal.hpp"

#include "base/json.hpp"
#include "fuzz/target.hpp"

namespace libbcda::fuzz {
namespace {

transfer::JournalState read(std::string_view text) {
  transfer::JournalState state;
  transfer::fold(state, text, "journal");
  expect(is_clean(state.damage), "what is damaged may be shown");
  for (const auto& [path, record] : state.files) {
    expect(path == record.path && transfer::is_own_path(path), "a path is one of the directory");
    expect(!path.starts_with('/') && ("/" + path + "/").find("/../") == path.npos, "a path leads nowhere else");
  }
  for (const auto& [path, part] : state.parts) {
    expect(path == part.path && transfer::is_own_path(path), "the path of a part is one of the directory");
    expect(part.bytes_file.find('/') == path.npos && part.synced >= 0, "its bytes are in the work directory");
  }
  return state;
}

// The records in the lines of the input, with numbers and check sums that are right.
std::string journal_of(std::string_view lines) {
  std::string text;
  for (std::int64_t seq = 1; !lines.empty();) {
    auto record = parse_json(take_until(lines, "\n"));
    if (!record || !record->is_object()) continue;
    for (const char* name : {"seq", "check"}) record->get_object().erase(name);
    const std::string line = transfer::journal_line(record->get_object(), seq);
    if (!parse_json(line)) continue;  // it has a number that is none, such as 0e400
    text += line + "\n";
    ++seq;
  }
  return text;
}

}  // namespace

// The text of a journal, or records without numbers and check sums.
FUZZ_TARGET(journal, input) {
  read(input);
  const std::string text = journal_of(input);
  const auto whole = read(text);
  expect(whole.damage.empty(), "a journal that is whole is not damaged: " + whole.damage);
  Dice dice(input);
  const auto torn = read(std::string_view(text).substr(0, dice.below(text.size() + 1)));
  expect(torn.damage.empty(), "a journal whose end is missing is not damaged: " + torn.damage);
}

}  // namespace libbcda::fuzz
