// A partition token, as text and as the contents of one that has no seal: what has a seal must be right to be read.
#include "crypto/digest.hpp"
#include "fuzz/target.hpp"
#include "partition/lines.hpp"
#include "partition/token.hpp"

namespace libbcda::fuzz {
namespace {

constexpr std::string_view kPrefix = "bcda1.";

// A token with these contents and the right check sum. `kind`: whether its files are downloaded.
std::string token_of(std::string_view contents, std::uint8_t kind) {
  Bytes token(1 + crypto::kSha256Size, kind);
  token.insert(token.end(), contents.begin(), contents.end());
  crypto::Sha256 digest;
  digest.update(as_bytes(kPrefix));
  digest.update(token);
  const auto sum = digest.finish();
  token.insert(token.end(), sum.begin(), sum.end());
  return std::string(kPrefix) + to_base64url(token);
}

void check(std::string_view token) {
  failure_of({Status::INVALID_ARGUMENT, Status::VERIFICATION, Status::JOB_GONE}, [&] {
    partition::Partition opened = partition::unseal(token, std::nullopt, Instant());
    for (partition::File& file : opened.files) {
      expect(file.url.empty() != file.path.empty(), "a file is downloaded or at hand");
      expect(file.url.empty() != opened.downloads(), "all files are the one or the other");
      if (file.key >= 0) opened.key(file.key);
      if (!file.lines.empty()) partition::Lines(file.lines).count(1);
      file.key = -1;
    }
    opened.keys.clear();
    const std::string again = partition::seal(opened, std::nullopt, world::system_local().random);
    expect(partition::unseal(again, std::nullopt, Instant()).files.size() == opened.files.size(), "it is sealed again");
  });
}

}  // namespace

FUZZ_TARGET(partition, input) {
  const std::string text(input);
  check(text);
  check(token_of(text, 0));
  check(token_of(text, 2));
}

}  // namespace libbcda::fuzz
