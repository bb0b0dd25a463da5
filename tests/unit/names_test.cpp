#include "transfer/names.hpp"

#include <gtest/gtest.h>

#include <limits.h>

#include <set>

namespace libbcda::transfer {
namespace {

constexpr const char* kUrl = "https://api.test/data/42/x";
constexpr const char* kUuid = "dbbd1ce1-ae24-435c-807d-ed45953077d3";

bool hashed(const std::string& name, const std::string& type = "Patient") {
  std::string begin = type + ".url-", end = ".ndjson";
  return name.starts_with(begin) && name.ends_with(end) && name.size() == begin.size() + 32 + end.size() &&
         name.find_first_not_of("0123456789abcdef", begin.size()) == begin.size() + 32;
}

TEST(LocalName, JoinsTypeAndServerName) {
  EXPECT_EQ(local_name("Patient", std::string(kUuid) + ".ndjson", kUrl), std::string("Patient.") + kUuid + ".ndjson");
  EXPECT_EQ(local_name("OperationOutcome", std::string(kUuid) + "-error.ndjson", kUrl),
            std::string("OperationOutcome.") + kUuid + "-error.ndjson");
  EXPECT_EQ(local_name("Patient", "a_B-9.x", kUrl), "Patient.a_B-9.x.ndjson");
  EXPECT_EQ(local_name("Patient", std::string(200, 'a') + ".ndjson", kUrl),
            "Patient." + std::string(200, 'a') + ".ndjson");
}

TEST(LocalName, HostileNamesBecomeAHashOfTheUrl) {
  const std::string names[] = {"",
                               ".",
                               "..",
                               "../x",
                               "..%2f..%2fetc%2fpasswd",
                               "/etc/passwd",
                               "a/b",
                               "a\\b",
                               "C:x",
                               ".hidden",
                               ".ndjson",
                               "..ndjson",
                               "trailing.",
                               "trailing..ndjson",
                               "a b",
                               "a\nb",
                               "a\x7f"
                               "b",
                               "a\xC3\xA9",
                               "a\xE2\x80\xAE"
                               "b",
                               "a*b",
                               "a|b",
                               "a:b",
                               "a%20b",
                               "a;b",
                               "$(x)",
                               std::string("a\0b", 3),
                               std::string("a\0.ndjson", 9),
                               std::string(201, 'a'),
                               std::string(100000, 'a')};
  for (const std::string& name : names) EXPECT_TRUE(hashed(local_name("Patient", name, kUrl))) << name;
}

TEST(LocalName, HashesOfDifferentUrlsDiffer) {
  EXPECT_NE(local_name("Patient", "..", "https://api.test/1/.."), local_name("Patient", "..", "https://api.test/2/.."));
  EXPECT_EQ(local_name("Patient", "..", kUrl), local_name("Patient", "..", kUrl));
}

TEST(LocalName, DeviceNamesAreNothingSpecialBehindAType) {
  for (const char* name : {"CON", "nul.ndjson", "COM1", "aux.ndjson", "LPT9.txt"}) {
    std::string made = local_name("Patient", name, kUrl);
    EXPECT_TRUE(made.starts_with("Patient.")) << made;
  }
}

TEST(LocalName, IsNeverMoreThanAFileSystemTakes) {
  std::string made = local_name(std::string(64, 'T'), std::string(200, 'a'), kUrl);
  EXPECT_LE(made.size() + std::string(".partial").size(), static_cast<std::size_t>(NAME_MAX)) << made;
}

TEST(LocalName, AlwaysIsOnePlainVisibleName) {
  for (int c = 0; c < 256; ++c) {
    for (const std::string& text : {std::string(1, static_cast<char>(c)), "x" + std::string(1, static_cast<char>(c)),
                                    std::string(1, static_cast<char>(c)) + "x"}) {
      std::string made = local_name(text, text, kUrl);
      EXPECT_EQ(made.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"),
                std::string::npos)
          << c;
      EXPECT_NE(made[0], '.') << c;
      EXPECT_TRUE(made.ends_with(".ndjson")) << c;
    }
  }
}

TEST(SafeType, TakesLettersOnly) {
  EXPECT_EQ(safe_type("Patient"), "Patient");
  EXPECT_EQ(safe_type("ExplanationOfBenefit"), "ExplanationOfBenefit");
  EXPECT_EQ(safe_type("x"), "x");
  EXPECT_EQ(safe_type(std::string(64, 'a')), std::string(64, 'a'));
  for (const std::string& type :
       {std::string(), std::string("a b"), std::string("../x"), std::string("Patient1"), std::string("a.b"),
        std::string("."), std::string("caf\xC3\xA9"), std::string("a\0", 2), std::string("a/b"), std::string(65, 'a')})
    EXPECT_EQ(safe_type(type), "Unknown") << type;
}

// On Windows, "CON.x.ndjson" is the console, because only the part before the first dot counts.
TEST(SafeType, TakesNoDeviceName) {
  for (const char* type : {"CON", "con", "Nul", "PRN", "aux"}) EXPECT_EQ(safe_type(type), "Unknown") << type;
}

}  // namespace
}  // namespace libbcda::transfer
