// NDJSON: the reader, the counter and the check of files without a key, against naive ones.
#include <sys/mman.h>
#include <unistd.h>

#include <vector>

#include "fuzz/target.hpp"
#include "ndjson/counter.hpp"
#include "ndjson/plain_check.hpp"
#include "ndjson/reader.hpp"

namespace libbcda::fuzz {
namespace {

constexpr std::string_view kBom = "\xEF\xBB\xBF";

struct Line {
  std::string text;
  std::int64_t number, offset;
};

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r") == text.npos; }

std::vector<Line> naive_lines(std::string_view input, bool with_blank_ones) {
  std::vector<Line> lines;
  const char* const start = input.data();
  for (std::int64_t number = 1; !input.empty(); ++number) {
    const std::int64_t offset = input.data() - start;
    std::string_view text = take_until(input, "\n");
    if (number == 1 && text.starts_with(kBom)) text.remove_prefix(kBom.size());
    if (text.ends_with('\r')) text.remove_suffix(1);
    if (with_blank_ones || !is_blank(text)) lines.push_back({std::string(text), number, offset});
  }
  return lines;
}

// A file in memory, which has a path.
class MemoryFile {
 public:
  MemoryFile() : fd_(::memfd_create("fuzz", MFD_CLOEXEC)) { expect(fd_ >= 0, "there is a file in memory"); }
  std::string hold(std::string_view text) const {
    const bool held =
        ::ftruncate(fd_, 0) == 0 && ::pwrite(fd_, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size());
    expect(held, "the file in memory holds the input");
    return "/proc/self/fd/" + std::to_string(fd_);
  }

 private:
  int fd_;
};

void check_reader(std::string_view input) {
  static const MemoryFile file;
  ndjson::Reader reader(file.hold(input));
  for (const Line& line : naive_lines(input, false)) {
    const auto read = reader.next();
    expect(read && *read == line.text, "the reader finds line " + std::to_string(line.number));
    expect(reader.line() == line.number && reader.offset() == line.offset, "it says where the line is");
  }
  expect(!reader.next(), "the reader finds no other line");
}

void check_counter(std::string_view input) {
  std::int64_t records = 0;
  for (std::string_view rest = input; !rest.empty();) records += is_blank(take_until(rest, "\n")) ? 0 : 1;
  ndjson::Counter counter;
  in_pieces(input, [&](std::string_view piece) { counter.update(as_bytes(piece)); });
  expect(counter.records() == records, "the counter counts as a naive one does");
}

bool looks_plain(std::string_view input) {
  if (!is_utf8(input)) return false;
  for (const Line& line : naive_lines(input, true)) {
    std::string_view text = line.text;
    if (std::any_of(text.begin(), text.end(),
                    [](char c) { return static_cast<unsigned char>(c) < ' ' && c != '\t' && c != '\r'; }))
      return false;
    if (is_blank(text)) continue;
    text = text.substr(text.find_first_not_of(" \t\r"), text.find_last_not_of(" \t\r") + 1);
    text = text.substr(0, text.find_last_not_of(" \t\r") + 1);
    if (!text.starts_with('{') || !text.ends_with('}')) return false;
  }
  return true;
}

void check_plain(std::string_view input) {
  const auto failure = failure_of({Status::VERIFICATION}, [&] {
    ndjson::PlainCheck check;
    check.update(as_bytes(input));
    check.finish();
  });
  const auto in_parts = failure_of({Status::VERIFICATION}, [&] {
    ndjson::PlainCheck check;
    in_pieces(input, [&](std::string_view piece) { check.update(as_bytes(piece)); });
    check.finish();
  });
  expect(failure.has_value() == in_parts.has_value(), "pieces are refused as the whole is");
  expect(!failure == looks_plain(input), "what is refused is no NDJSON");
}

}  // namespace

FUZZ_TARGET(ndjson, input) {
  check_reader(input);
  check_counter(input);
  check_plain(input);
  expect(is_clean(ndjson::kind_of(as_bytes(input))), "a kind may be shown");
}

}  // namespace libbcda::fuzz
