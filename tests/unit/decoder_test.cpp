#include "transfer/decoder.hpp"

#include <gtest/gtest.h>

#include "support/errors.hpp"
#include "support/vectors.hpp"

namespace libbcda::transfer {
namespace {

using test::error_of;

class Memory : public Writer {
 public:
  void write(ByteView bytes) override { text.append(as_text(bytes)); }
  std::string commit(std::int64_t, const std::string&) override { return "memory"; }
  std::string text;
};

TEST(Decoder, DecryptsDigestsAndCountsEveryVector) {
  for (const test::Vector& vector : test::vectors()) {
    SCOPED_TRACE(vector.name);
    std::string file = test::slurp(vector.cipher_path), plain = test::slurp(vector.plain_path);
    Memory memory;
    Decoder decoder(test::file_key_from_hex(vector.file_key), memory);
    for (std::size_t at = 0; at < file.size(); at += 4001)
      decoder.feed(as_bytes(std::string_view(file).substr(at, 4001)));
    Facts facts = decoder.finish();
    EXPECT_TRUE(memory.text == plain);
    EXPECT_EQ(facts.bytes, static_cast<std::int64_t>(plain.size()));
    EXPECT_EQ(facts.sha256, vector.plain_sha256);
    EXPECT_TRUE(facts.decrypted);
  }
}

TEST(Decoder, PassesPlainBytesWithoutAKey) {
  Memory memory;
  Decoder decoder(std::nullopt, memory);
  decoder.feed(as_bytes("{}\n{"));
  decoder.feed({});
  decoder.feed(as_bytes("}"));
  Facts facts = decoder.finish();
  EXPECT_EQ(memory.text, "{}\n{}");
  EXPECT_EQ(facts.bytes, 5);
  EXPECT_EQ(facts.records, 2);
  EXPECT_FALSE(facts.decrypted);
  EXPECT_STREQ(proof_of(facts), "none");
}

TEST(Decoder, NoBytesAreAnEmptyPlainFileButNoEncryptedFile) {
  Memory memory;
  Decoder plain(std::nullopt, memory), encrypted(crypto::FileKey(), memory);
  Facts facts = plain.finish();
  EXPECT_EQ(facts.bytes, 0);
  EXPECT_EQ(facts.records, 0);
  EXPECT_EQ(facts.sha256, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(error_of([&] { encrypted.finish(); }).status, Status::VERIFICATION);
}

TEST(Decoder, DetectsPlaintextAlthoughThereIsAKey) {
  Memory memory;
  Decoder decoder(crypto::FileKey(), memory);
  decoder.feed(as_bytes("{\"resourceType\":\"Patient\",\"id\":\"-1\"}\n"));
  Error error = error_of([&] { decoder.finish(); });
  EXPECT_EQ(error.status, Status::DECRYPTION);
  EXPECT_TRUE(test::holds(error.message, "plain NDJSON"));
}

// The manifest has no key, or an invalid key, for a file that is encrypted.
TEST(Decoder, PassesNoCiphertextAsPlaintext) {
  for (const test::Vector& vector : test::vectors()) {
    Memory memory;
    Decoder decoder(std::nullopt, memory, true);
    EXPECT_EQ(error_of([&] {
                decoder.feed(as_bytes(test::slurp(vector.cipher_path)));
                decoder.finish();
              }).status,
              Status::VERIFICATION)
        << vector.name;
  }
}

TEST(Decoder, SaysWhatProvesAFile) {
  Memory memory;
  Decoder sized(std::nullopt, memory, true);
  EXPECT_STREQ(proof_of(sized.finish()), "length");
  EXPECT_STREQ(proof_of({.bytes = 0, .records = 0, .sha256 = "", .decrypted = true}), "tag");
}

TEST(Decoder, ANonceThatStartsWithABraceIsNotPlaintext) {
  Memory memory;
  Decoder decoder(crypto::FileKey(), memory);
  decoder.feed(as_bytes("{"));
  decoder.feed(as_bytes("\x9d\x04 0123456789 and ciphertext that goes on for a while"));
  EXPECT_TRUE(test::holds(error_of([&] { decoder.finish(); }).message, "tag does not match"));
}

}  // namespace
}  // namespace libbcda::transfer
