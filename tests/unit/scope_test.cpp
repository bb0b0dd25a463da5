#include "auth/scope.hpp"

#include <gtest/gtest.h>

namespace libbcda::auth {
namespace {

const std::string kRow = "system/*.rs";
// As SMART's reference server lists them, shortened.
const std::vector<std::string> kBoth = {"system/*.rs",   "system/Patient.rs",   "system/Claim.rs",  "system/Group.rs",
                                        "system/*.read", "system/Patient.read", "system/Claim.read"};
const std::vector<std::string> kTypesOnly = {"openid", "user/Patient.read", "system/Patient.read", "system/Claim.read",
                                             "system/Claim.write"};

TEST(ChooseScope, WithoutAListItIsTheProfiles) {
  EXPECT_EQ(choose_scope(kRow, {}, {}), kRow);
  EXPECT_EQ(choose_scope(kRow, {}, {"Patient"}), kRow);
  EXPECT_EQ(choose_scope("system/*.*", {"openid"}, {"Patient"}), "system/*.*");
}

TEST(ChooseScope, AllTypesAreTheWildcardOrEachOffered) {
  EXPECT_EQ(choose_scope(kRow, kBoth, {}), "system/*.rs");
  EXPECT_EQ(choose_scope(kRow, {"system/*.read"}, {}), "system/*.read");
  EXPECT_EQ(choose_scope(kRow, kTypesOnly, {}), "system/Patient.read system/Claim.read");
}

TEST(ChooseScope, KnownTypesAreAskedForAlone) {
  EXPECT_EQ(choose_scope(kRow, kBoth, {"Patient", "Claim"}), "system/Patient.rs system/Claim.rs system/Group.rs");
  EXPECT_EQ(choose_scope(kRow, kTypesOnly, {"Claim"}), "system/Claim.read");
}

// One scope that the server lacks would refuse the whole request.
// Else less than what was asked for would be exported, without a word.
TEST(ChooseScope, ATypeThatIsNotOfferedNeedsTheScopeForAll) {
  EXPECT_EQ(choose_scope(kRow, kTypesOnly, {"Patient", "Coverage"}), kRow);
}

// system/*.* and .cruds ask for the right to write, and servers refuse them.
TEST(ChooseScope, NeverAsksForMoreThanReading) {
  const std::vector<std::string> broad = {"system/*.*", "system/*.cruds", "system/Patient.*", "system/Patient.cruds"};
  EXPECT_EQ(choose_scope(kRow, broad, {}), kRow);
  EXPECT_EQ(choose_scope(kRow, broad, {"Patient"}), kRow);
}

TEST(Covers, KnowsBothSyntaxes) {
  for (const char* scope : {"system/Patient.rs", "system/Patient.r", "system/Patient.read", "system/Patient.*",
                            "system/Patient.cruds", "system/*.read", "openid system/*.rs", "  system/Patient.rs "})
    EXPECT_TRUE(covers(scope, "Patient")) << scope;
  for (const char* scope : {"", "system/Claim.rs", "system/Patient.cud", "system/Patient.write", "Patient.rs",
                            "system/Patient", "system.x/Patient", "system/Patient.", "system/Patients.rs"})
    EXPECT_FALSE(covers(scope, "Patient")) << scope;
  EXPECT_TRUE(covers("system/*.rs", "*"));
  EXPECT_FALSE(covers("system/Patient.rs", "*"));
}

TEST(NarrowScope, NamesTheTypesThatAreMissing) {
  const std::string text = describe_narrow_scope("system/*.rs", "system/Patient.rs", {"Patient", "Claim", "Coverage"});
  EXPECT_NE(text.find("does not cover Claim, Coverage"), std::string::npos) << text;
  EXPECT_NE(text.find("(system/Patient.rs)"), std::string::npos) << text;
  EXPECT_NE(describe_narrow_scope("system/*.rs", "system/Patient.rs", {}).find("all types"), std::string::npos);
}

TEST(NarrowScope, SaysNothingWhenNothingIsMissing) {
  EXPECT_EQ(describe_narrow_scope("system/*.rs", "", {"Claim"}), "");  // no scope means the one that was asked for
  EXPECT_EQ(describe_narrow_scope("system/*.rs", "system/*.rs", {}), "");
  EXPECT_EQ(describe_narrow_scope("system/*.rs", "system/Claim.rs", {"Claim"}), "");
  EXPECT_EQ(describe_narrow_scope("system/*.rs", "system/*.read openid", {}), "");
  EXPECT_EQ(describe_narrow_scope("clientCreds", "clientCreds openid", {"ExplanationOfBenefit"}), "");
  const std::string hostile = describe_narrow_scope("system/*.rs", "system/\x1b[2J.rs", {"Claim"});
  EXPECT_EQ(hostile.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace libbcda::auth
