// Random gzip files, whole and damaged: the result does not depend on how they are divided into chunks.
#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "codec/gunzip.hpp"
#include "support/errors.hpp"
#include "support/gzip.hpp"

namespace libbcda::codec {
namespace {

using test::bcda_end;
using test::gzip;
using test::lines;
using test::noise;

struct Outcome {
  Status status = Status::OK;
  std::string plain;  // if the file is whole
};

Outcome outcome_of(std::string_view file, const std::function<std::size_t()>& step) {
  Outcome outcome;
  try {
    std::string plain;
    Gunzip unpacker;
    while (!file.empty()) {
      const std::size_t size = std::min(step(), file.size());
      unpacker.feed(as_bytes(file.substr(0, size)), [&](ByteView piece) { plain += as_text(piece); });
      file.remove_prefix(size);
    }
    unpacker.finish();
    outcome.plain = plain;
  } catch (const Error& error) {
    outcome.status = error.status;
  }
  return outcome;
}

class RandomFiles : public testing::Test {
 protected:
  std::size_t below(std::size_t end) { return random_() % end; }

  std::string some_text() {
    switch (below(4)) {
      case 0:
        return "";
      case 1:
        return noise(below(100'000), static_cast<std::uint32_t>(random_()));
      case 2:
        return lines(static_cast<int>(below(2000)));
      default:
        return std::string(below(200'000), 'x');
    }
  }

  // A chunk size: small, middle or large.
  std::size_t some_step() { return 1 + below(below(3) == 0 ? 8 : below(2) == 0 ? 500 : 70'000); }

  // Cuts, flips or appends.
  void damage(std::string& file) {
    if (below(3) == 0) return file.resize(below(file.size()));
    if (below(2) == 0)
      file[below(file.size())] ^= static_cast<char>(1 << below(8));
    else
      file.insert(below(file.size() + 1), noise(1 + below(30), static_cast<std::uint32_t>(random_())));
  }

  std::mt19937 random_{20190917};
};

TEST_F(RandomFiles, GiveTheSameInAnyChunks) {
  int whole = 0;
  for (int round = 0; round < 300; ++round) {
    SCOPED_TRACE(round);
    std::string plain, file;
    for (std::size_t member = 0, count = 1 + below(4); member < count; ++member) {
      const std::string text = some_text();
      plain += text;
      file += below(8) ? gzip(text, static_cast<int>(below(10))) : gzip(text) + bcda_end();
    }
    if (below(4) == 0) file.append(below(600), '\0');
    const bool damaged = below(2) == 0;
    if (damaged) damage(file);
    const Outcome at_once = outcome_of(file, [] { return SIZE_MAX; });
    const Outcome in_chunks = outcome_of(file, [&] { return some_step(); });
    EXPECT_EQ(at_once.status, in_chunks.status);
    EXPECT_TRUE(at_once.plain == in_chunks.plain);
    if (!damaged) {
      EXPECT_TRUE(in_chunks.status == Status::OK && in_chunks.plain == plain);
    }
    whole += in_chunks.status == Status::OK;
  }
  EXPECT_GT(whole, 100);
  EXPECT_LT(whole, 250);
}

}  // namespace
}  // namespace libbcda::codec
