#include "transfer/decoder.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "support/errors.hpp"
#include "support/gzip.hpp"
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
    Decoder decoder({.key = test::file_key_from_hex(vector.file_key)}, memory);
    for (std::size_t at = 0; at < file.size(); at += 4001)
      decoder.feed(as_bytes(std::string_view(file).substr(at, 4001)));
    Facts facts = decoder.finish();
    EXPECT_TRUE(memory.text == plain);
    EXPECT_EQ(facts.bytes, static_cast<std::int64_t>(plain.size()));
    EXPECT_EQ(facts.sha256, vector.plain_sha256);
    EXPECT_TRUE(facts.decrypted());
  }
}

// A file as a server sends it.
std::string sealed(const std::string& plain, const crypto::FileKey& key) {
  const Bytes nonce(crypto::kNonceSize);
  crypto::Sealer sealer(key, nonce);
  Bytes cipher(plain.size());
  sealer.update(as_bytes(plain), cipher);
  const auto tag = sealer.finish();
  return std::string(as_text(nonce)) + std::string(as_text(cipher)) + std::string(as_text(tag));
}

// The digest is computed on another thread, or by the decoder itself if the thread comes too late.
TEST(Decoder, DigestsElsewhereToo) {
  std::vector<std::function<void()>> posted;
  for (const bool comes : {false, true}) {
    const auto post = [&](std::function<void()> work) {
      if (comes)
        std::thread(std::move(work)).join();
      else
        posted.push_back(std::move(work));
    };
    const crypto::FileKey key;
    const std::string text(500'000, '\n'), file = sealed(text, key);
    for (const std::size_t piece : {4'001, 70'000, 600'000}) {  // small pieces are not worth another thread
      posted.clear();
      Memory memory;
      Decoder encrypted({.key = key}, memory, post);
      for (std::size_t at = 0; at < file.size(); at += piece) {
        encrypted.feed(as_bytes(std::string_view(file).substr(at, piece)));
        encrypted.feed({});  // as after a signal
      }
      EXPECT_EQ(encrypted.finish().sha256, crypto::hex_digest(text));
      EXPECT_TRUE(memory.text == text);
      EXPECT_EQ(posted.empty(), comes || piece < 64 << 10);
    }
    Memory memory;
    Decoder packed({.gzip = true}, memory, post), direct({.gzip = true}, memory);
    const std::string zipped = test::gzip(std::string(300'000, ' ') + "{}\n");
    packed.feed(as_bytes(zipped));
    direct.feed(as_bytes(zipped));
    EXPECT_EQ(packed.finish().sha256, direct.finish().sha256);
  }
}

// A writer that fails ends the decoding, and the caller's bytes are gone. No thread may read them any more.
TEST(Decoder, LeavesTheCallersBytesAloneWhenTheWriterFails) {
  struct FullDisk : Memory {
    void write(ByteView) override { throw Error(Status::FILESYSTEM, "full"); }
  };
  for (const bool is_encrypted : {false, true}) {
    std::vector<std::function<void()>> posted;
    {
      FullDisk disk;
      const crypto::FileKey key;
      Coding coding;
      if (is_encrypted) coding.key = key;
      Decoder decoder(coding, disk, [&](std::function<void()> work) { posted.push_back(std::move(work)); });
      auto bytes = std::make_unique<Bytes>(100'000, static_cast<std::uint8_t>(' '));
      EXPECT_EQ(error_of([&] { decoder.feed(*bytes); }).status, Status::FILESYSTEM);
      bytes.reset();
    }
    for (const auto& work : posted) work();
  }
}

TEST(Decoder, FindsTheTypeOfTheFirstRecord) {
  const std::string long_text(1000, 'x');
  for (const auto& [text, type] : std::vector<std::pair<std::string, std::string>>{
           {R"({"resourceType":"Patient","id":"1"})", "Patient"},
           {R"({"id":")" + long_text + R"(","contained":[{"resourceType":"Other"}],"resourceType":"Patient"})",
            "Patient"},
           {R"({"id":"1"})", ""},
           {R"({"resourceType":1,"id":"Patient"})", ""},
           {R"({"resourceType":"Patient",})", "Patient"},
           {R"({"id":x,"resourceType":"Patient"})", ""},
           {R"({"resourceType":"Patient","id":")" + long_text + R"(",})", "Patient"},
           {"", ""}}) {
    Memory memory;
    Decoder decoder({}, memory);
    decoder.feed(as_bytes(text + "\n{\"resourceType\":\"Second\"}\n"));
    EXPECT_EQ(decoder.first_type(), type) << text;
  }
}

TEST(Decoder, PassesPlainBytesWithoutAKey) {
  Memory memory;
  Decoder decoder({}, memory);
  decoder.feed(as_bytes("{}\n{"));
  decoder.feed({});
  decoder.feed(as_bytes("}"));
  Facts facts = decoder.finish();
  EXPECT_EQ(memory.text, "{}\n{}");
  EXPECT_EQ(facts.bytes, 5);
  EXPECT_EQ(facts.records, 2);
  EXPECT_FALSE(facts.decrypted());
  EXPECT_EQ(facts.proof, Proof::none);
}

TEST(Decoder, NoBytesAreAnEmptyPlainFileButNoEncryptedFile) {
  Memory memory;
  Decoder plain({}, memory), encrypted({.key = crypto::FileKey()}, memory);
  Facts facts = plain.finish();
  EXPECT_EQ(facts.bytes, 0);
  EXPECT_EQ(facts.records, 0);
  EXPECT_EQ(facts.sha256, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(error_of([&] { encrypted.finish(); }).status, Status::VERIFICATION);
}

TEST(Decoder, DetectsPlaintextAlthoughThereIsAKey) {
  Memory memory;
  Decoder decoder({.key = crypto::FileKey()}, memory);
  decoder.feed(as_bytes("{\"resourceType\":\"Patient\",\"id\":\"-1\"}\n"));
  Error error = error_of([&] { decoder.finish(); });
  EXPECT_EQ(error.status, Status::DECRYPTION);
  EXPECT_TRUE(test::holds(error.message, "plain NDJSON"));
}

// The manifest has no key, or an invalid key, for a file that is encrypted.
TEST(Decoder, PassesNoCiphertextAsPlaintext) {
  for (const test::Vector& vector : test::vectors()) {
    Memory memory;
    Decoder decoder({.sized = true}, memory);
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
  Decoder sized({.sized = true}, memory);
  EXPECT_EQ(sized.finish().proof, Proof::length);
  for (const Proof proof : {Proof::none, Proof::length, Proof::gzip, Proof::sha256, Proof::gcm})
    EXPECT_EQ(proof_named(proof_name(proof)), proof);
  EXPECT_EQ(proof_named("magic"), Proof::none);
}

TEST(Decoder, UnpacksGzipAndItsCheckSumsAreTheProof) {
  Memory memory;
  Decoder decoder({.gzip = true, .sized = true}, memory);
  decoder.feed(as_bytes(test::gzip("{}\n{}\n") + test::bcda_end()));
  const Facts facts = decoder.finish();
  EXPECT_EQ(memory.text, "{}\n{}\n");
  EXPECT_EQ(facts.bytes, 6);
  EXPECT_EQ(facts.records, 2);
  EXPECT_EQ(facts.proof, Proof::gzip);
}

TEST(Decoder, TellsGzipByItsFirstBytesHoweverTheyArrive) {
  const std::string packed = test::gzip("{}\n");
  for (const std::size_t step : {1u, 2u, 100u}) {
    Memory memory;
    Decoder decoder({}, memory);
    for (std::size_t at = 0; at < packed.size(); at += step) decoder.feed(as_bytes(packed.substr(at, step)));
    EXPECT_EQ(decoder.finish().proof, Proof::gzip);
    EXPECT_EQ(memory.text, "{}\n");
  }
  Memory memory;
  Decoder decoder({}, memory);
  decoder.feed(as_bytes("\x1F"));
  EXPECT_EQ(error_of([&] { decoder.finish(); }).status, Status::VERIFICATION);
}

TEST(Decoder, APackedFileThatWasCutIsNotWhole) {
  const std::string whole = test::gzip("{}\n{}\n");
  Memory memory;
  Decoder decoder({.gzip = true}, memory);
  decoder.feed(as_bytes(std::string_view(whole).substr(0, whole.size() - 1)));
  EXPECT_EQ(error_of([&] { decoder.finish(); }).status, Status::VERIFICATION);
}

// A packed page is no data either.
TEST(Decoder, LooksIntoThePackedFile) {
  Memory memory;
  Decoder decoder({.gzip = true}, memory);
  EXPECT_EQ(error_of([&] {
              decoder.feed(as_bytes(test::gzip("<html><body>sign in</body></html>")));
              decoder.finish();
            }).status,
            Status::VERIFICATION);
}

TEST(Decoder, ANonceThatStartsWithABraceIsNotPlaintext) {
  Memory memory;
  Decoder decoder({.key = crypto::FileKey()}, memory);
  decoder.feed(as_bytes("{"));
  decoder.feed(as_bytes("\x9d\x04 0123456789 and ciphertext that goes on for a while"));
  EXPECT_TRUE(test::holds(error_of([&] { decoder.finish(); }).message, "tag does not match"));
}

}  // namespace
}  // namespace libbcda::transfer
