// A manifest, read in pieces and at once.
#include "bulk/manifest.hpp"

#include "base/json.hpp"
#include "fuzz/target.hpp"
#include "transfer/names.hpp"

namespace libbcda::fuzz {
namespace {

const http::Url& base() {
  static const http::Url url = http::parse_url("https://api.test/api/v3/jobs/42", "base");
  return url;
}

bool equal(const bulk::Entry& a, const bulk::Entry& b) {
  return a.kind == b.kind && a.type == b.type && a.url.text() == b.url.text() && a.name == b.name &&
         a.encrypted_key == b.encrypted_key && a.sha256 == b.sha256 && a.length == b.length && a.count == b.count &&
         a.transaction_time == b.transaction_time && a.shares_name == b.shares_name;
}

void expect_equal(const bulk::Manifest& a, const bulk::Manifest& b, const std::string& what) {
  expect(a.size() == b.size(), what + " lists as many files");
  for (std::size_t i = 0; i < a.size(); ++i) {
    expect(equal(a.entry(i), b.entry(i)), what + " has the same entries");
    expect(a.identity(i) == b.identity(i), what + " has the same identities");
  }
  expect(a.transaction_time == b.transaction_time && a.request == b.request && a.organized_by == b.organized_by &&
             a.requires_access_token == b.requires_access_token && a.has_output == b.has_output &&
             a.next.has_value() == b.next.has_value(),
         what + " has the same members");
}

void check(const bulk::Entry& entry) {
  expect(entry.url.scheme == "https" || entry.url.scheme == "http", "a file has an http URL");
  expect(entry.name == entry.url.name(), "a file is called as in its URL");
  expect(entry.sha256.empty() || (entry.sha256.size() == 64 && from_hex(entry.sha256)), "sha256 is a digest");
  expect(entry.length.value_or(0) >= 0 && entry.count.value_or(0) >= 0, "counts are not negative");
  expect(is_clean(entry.shown()), "a shown name is clean");
  for (const std::string& name : transfer::local_names(entry)) {
    expect(!name.empty() && name.size() <= 255 && name[0] != '.', "a local name is one of an ordinary file");
    expect(name.find_first_of(std::string_view("/\\\0", 3)) == name.npos && is_clean(name), "a local name is safe");
  }
}

}  // namespace

FUZZ_TARGET(manifest, input) {
  std::shared_ptr<const bulk::Manifest> whole, pieces;
  const auto failure = failure_of({Status::PROTOCOL}, [&] { whole = bulk::parse_manifest(input, base()); });
  const auto failure_in_pieces = failure_of({Status::PROTOCOL}, [&] {
    bulk::ManifestReader reader(base());
    in_pieces(input, [&](std::string_view piece) { return reader.feed(piece); });
    pieces = reader.finish();
  });
  expect_same(failure, failure_in_pieces);
  failure_of({Status::INVALID_ARGUMENT}, [&] { bulk::parse_manifests(input, base()); });
  if (!whole) return;
  expect_equal(*whole, *pieces, "the manifest in pieces");
  for (std::size_t i = 0; i < whole->size(); ++i) check(whole->entry(i));
  expect(bulk::grown_files(*whole, *whole).empty(), "a manifest has not grown beyond itself");
  const std::string text = whole->text();
  expect(text.find('\n') == text.npos && parse_json(text).has_value(), "its text is JSON on one line");
  expect_equal(*whole, *bulk::parse_manifest(text, base()), "its text");
}

}  // namespace libbcda::fuzz
