// Error files, read in pieces and at once.
#include "bulk/issues.hpp"

#include "fuzz/target.hpp"

namespace libbcda::fuzz {
namespace {

bool equal(const bulk::Issue& a, const bulk::Issue& b) {
  return a.severity == b.severity && a.code == b.code && a.text == b.text && a.count == b.count;
}

}  // namespace

FUZZ_TARGET(issues, input) {
  bulk::IssueReader whole, pieces;
  whole.feed(as_bytes(input));
  in_pieces(input, [&](std::string_view piece) { pieces.feed(as_bytes(piece)); });
  const bulk::IssueList list = whole.finish();
  const auto known = list.entries(), found = pieces.finish().entries();
  expect(std::equal(known.begin(), known.end(), found.begin(), found.end(), equal), "pieces have the same issues");
  expect(known.size() <= bulk::IssueList::kMost + bulk::kSeverities, "there are no more entries than their limit");
  std::int64_t count = 0;
  for (const bulk::Issue& issue : known) {
    expect(issue.count > 0 && issue.text.size() <= 4000 && is_clean(issue.text), "the text of an issue may be shown");
    expect(is_clean(issue.severity) && is_clean(issue.code), "severity and code may be shown");
    count += issue.count;
  }
  expect(count == list.counts().all(), "each issue is counted once");
}

}  // namespace libbcda::fuzz
