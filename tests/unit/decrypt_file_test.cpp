#include "transfer/decrypt_file.hpp"

#include <gtest/gtest.h>

#include "support/errors.hpp"
#include "support/files.hpp"
#include "support/vectors.hpp"

namespace libbcda::transfer {
namespace {

using namespace test;

class DecryptFile : public testing::Test {
 protected:
  const Vector& vector_ = test::vectors().at(5);  // a file of about a kilobyte
  crypto::FileKey key_ = test::file_key_from_hex(vector_.file_key);
  test::TempDir out_;
};

TEST_F(DecryptFile, WritesEveryVectorsPlaintextPrivately) {
  for (const Vector& vector : test::vectors()) {
    SCOPED_TRACE(vector.name);
    std::string output = out_ / vector.name;
    Facts facts =
        decrypt_file(vector.cipher_path, test::file_key_from_hex(vector.file_key), output, Durability::process);
    EXPECT_TRUE(slurp(output) == slurp(vector.plain_path));
    EXPECT_EQ(facts.sha256, vector.plain_sha256);
    EXPECT_TRUE(facts.decrypted());
    EXPECT_EQ(mode_of(output), 0600);
  }
  EXPECT_EQ(names_in(out_.path()).size(), test::vectors().size());
}

TEST_F(DecryptFile, SurvivesALossOfPowerWhenAskedTo) {
  decrypt_file(vector_.cipher_path, key_, out_ / "x", Durability::power);
  EXPECT_EQ(slurp(out_ / "x"), slurp(vector_.plain_path));
}

TEST_F(DecryptFile, MakesTheDirectoryItNeeds) {
  decrypt_file(vector_.cipher_path, key_, out_ / "new/x", Durability::process);
  EXPECT_EQ(mode_of(out_ / "new"), 0700);
  EXPECT_EQ(slurp(out_ / "new/x"), slurp(vector_.plain_path));
}

TEST_F(DecryptFile, LeavesNothingOfAFileThatDoesNotVerify) {
  std::string file = slurp(vector_.cipher_path);
  test::TempDir in;
  std::string flipped = file;
  flipped[500] ^= 1;
  struct {
    std::string bytes;
    Status status;
  } const cases[] = {{flipped, Status::DECRYPTION},
                     {file.substr(0, file.size() - 1), Status::DECRYPTION},
                     {file + "x", Status::DECRYPTION},
                     {file.substr(0, 27), Status::VERIFICATION},
                     {"", Status::VERIFICATION}};
  for (const auto& c : cases) {
    spill(in / "a.ndjson", c.bytes);
    Error error = error_of([&] { decrypt_file(in / "a.ndjson", key_, out_ / "x", Durability::process); });
    EXPECT_EQ(error.status, c.status);
    EXPECT_EQ(error.file, in / "a.ndjson");
    EXPECT_TRUE(holds(error.message, in / "a.ndjson"));
    EXPECT_EQ(names_in(out_.path()), Names{});
  }
}

TEST_F(DecryptFile, NeverReplacesAFile) {
  spill(out_ / "x", "old");
  Error error = error_of([&] { decrypt_file(vector_.cipher_path, key_, out_ / "x", Durability::process); });
  EXPECT_EQ(error.status, Status::FILESYSTEM);
  EXPECT_TRUE(holds(error.message, "exists already"));
  EXPECT_EQ(slurp(out_ / "x"), "old");
  EXPECT_EQ(names_in(out_.path()), Names{"x"});
}

TEST_F(DecryptFile, RefusesAnOutputThatNamesNoFile) {
  Error error = error_of([&] { decrypt_file(vector_.cipher_path, key_, out_ / "", Durability::process); });
  EXPECT_EQ(error.status, Status::INVALID_ARGUMENT);
  for (const char* name : {".", ".."})
    EXPECT_EQ(error_of([&] { decrypt_file(vector_.cipher_path, key_, out_ / name, Durability::process); }).status,
              Status::FILESYSTEM);
  EXPECT_EQ(names_in(out_.path()), Names{});
}

TEST_F(DecryptFile, AnInputThatCannotBeReadIsNamed) {
  for (const std::string& input : {out_ / "none", out_.path()}) {
    Error error = error_of([&] { decrypt_file(input, key_, out_ / "x", Durability::process); });
    EXPECT_EQ(error.status, Status::FILESYSTEM);
    EXPECT_EQ(error.file, input);
    EXPECT_EQ(names_in(out_.path()), Names{});
  }
}

TEST(WrappedKeyFromHex, TakesEitherCase) { EXPECT_EQ(wrapped_key_from_hex("00aBfF", "f"), (Bytes{0x00, 0xab, 0xff})); }

TEST(WrappedKeyFromHex, RefusesWhatIsNotHexAndDoesNotEchoIt) {
  for (const char* text : {"", "0", "abc", "zz", "0x00", " 00", "00 ", "hunter2!"}) {
    Error error = error_of([&] { wrapped_key_from_hex(text, "the-file"); });
    EXPECT_EQ(error.status, Status::DECRYPTION) << text;
    EXPECT_EQ(error.file, "the-file");
    EXPECT_TRUE(holds(error.message, "the-file"));
    EXPECT_FALSE(holds(error.message, "hunter2"));
  }
}

}  // namespace
}  // namespace libbcda::transfer
