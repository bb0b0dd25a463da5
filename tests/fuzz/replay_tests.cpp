// Runs every file of corpus/TARGET and finds/TARGET through its target, without libFuzzer.
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "fuzz/target.hpp"
#include "support/files.hpp"

namespace libbcda::fuzz {
namespace {

namespace fs = std::filesystem;

// The files of a target in "corpus" or "finds", in the order of their names.
std::set<fs::path> inputs(const std::string& kind, const std::string& target) {
  std::set<fs::path> files;
  const fs::path directory = fs::path(BCDA_FUZZ_DATA) / kind / target;
  if (!fs::exists(directory)) return files;
  for (const auto& entry : fs::directory_iterator(directory)) files.insert(entry.path());
  return files;
}

class Replay : public testing::TestWithParam<std::pair<const std::string, Target>> {};

TEST_P(Replay, HoldsForEveryFile) {
  const auto& [name, target] = GetParam();
  EXPECT_FALSE(inputs("corpus", name).empty()) << "tests/fuzz/corpus/" << name << " has no file";
  for (const char* kind : {"corpus", "finds"})
    for (const fs::path& file : inputs(kind, name)) {
      SCOPED_TRACE(file);
      EXPECT_NO_THROW(target(test::slurp(file)));
    }
}

// No byte, and one byte.
TEST_P(Replay, HoldsForTheShortestInputs) {
  EXPECT_NO_THROW(GetParam().second(""));
  for (const char c : {'\0', ' ', '{', '\xFF'}) EXPECT_NO_THROW(GetParam().second(std::string(1, c)));
}

INSTANTIATE_TEST_SUITE_P(Targets, Replay, testing::ValuesIn(targets().begin(), targets().end()),
                         [](const auto& one) { return one.param.first; });

TEST(ReplayFiles, BelongToATarget) {
  for (const char* kind : {"corpus", "finds"}) {
    const fs::path directory = fs::path(BCDA_FUZZ_DATA) / kind;
    if (!fs::exists(directory)) continue;
    for (const auto& entry : fs::directory_iterator(directory))
      EXPECT_TRUE(targets().count(entry.path().filename())) << entry.path() << " belongs to no target";
  }
}

}  // namespace
}  // namespace libbcda::fuzz
