// Partition tokens, how files are dealt to them, and the spool in which a file waits until it is verified.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <limits>
#include <numeric>
#include <set>
#include <thread>

#include "base/quote.hpp"
#include "crypto/digest.hpp"
#include "partition/cut.hpp"
#include "partition/files.hpp"
#include "partition/hidden_spool.hpp"
#include "partition/lines.hpp"
#include "partition/token.hpp"
#include "support/errors.hpp"
#include "support/files.hpp"

namespace libbcda::partition {
namespace {

using test::error_of;
using test::holds;
using test::slurp;
using test::spill;
using test::TempDir;

crypto::FileKey key_of(std::uint8_t byte) {
  crypto::FileKey key;
  std::fill(key.bytes.begin(), key.bytes.end(), byte);
  return key;
}

world::Random& random() { return world::system_local().random; }

Instant at(std::int64_t seconds) { return Instant(std::chrono::seconds(seconds)); }

// One with a file to download, whose key is 32 times 7.
Partition to_download() {
  Partition made;
  made.digest = std::string(64, 'd');
  made.number = 2;
  made.of = 3;
  made.service = "https://api.example";
  made.transaction_time = "2026-02-13T08:00:00Z";
  made.request = "https://api.example/api/v2/Group/all/$export";
  made.requires_access_token = false;
  made.expires = at(1'800'000'000);
  File plain{.type = "Patient", .url = "https://api.example/data/1/a.ndjson", .bytes = 12, .records = 3};
  plain.generation = tables::Generation::v2;
  File encrypted{.type = "Coverage", .url = "https://api.example/data/1/b.ndjson"};
  encrypted.key = made.add_key(key_of(7));
  made.files = {plain, encrypted};
  return made;
}

Partition at_hand() {
  Partition made;
  made.digest = std::string(64, 'e');
  made.files = {{.type = "Patient", .path = "/claims/\xff.ndjson", .bytes = 5, .sha256 = "00ff"}};
  made.files[0].lines = encode_lines(9, [](std::int64_t line) { return line % 3 == 0; });
  return made;
}

TEST(PartitionTokens, ComeBackAsTheyWere) {
  const auto key = key_of(1);
  const Partition opened = unseal(seal(to_download(), key, random()), key, at(1));
  EXPECT_EQ(opened.digest, std::string(64, 'd'));
  EXPECT_EQ(opened.number, 2);
  EXPECT_EQ(opened.of, 3);
  EXPECT_EQ(opened.service, "https://api.example");
  EXPECT_EQ(opened.transaction_time, "2026-02-13T08:00:00Z");
  EXPECT_EQ(opened.request, "https://api.example/api/v2/Group/all/$export");
  EXPECT_FALSE(opened.requires_access_token);
  EXPECT_EQ(opened.expires, at(1'800'000'000));
  ASSERT_EQ(opened.files.size(), 2u);
  EXPECT_EQ(opened.files[0].url, "https://api.example/data/1/a.ndjson");
  EXPECT_EQ(opened.files[0].bytes, 12);
  EXPECT_EQ(opened.files[0].records, 3);
  EXPECT_EQ(opened.files[0].generation, tables::Generation::v2);
  EXPECT_EQ(opened.files[0].key, -1);
  EXPECT_EQ(opened.files[1].type, "Coverage");
  EXPECT_EQ(opened.key(opened.files[1].key).bytes, key_of(7).bytes);
}

TEST(PartitionTokens, WithoutSecretsNeedNoKey) {
  const Partition opened = unseal(seal(at_hand(), std::nullopt, random()), std::nullopt, at(1));
  ASSERT_EQ(opened.files.size(), 1u);
  EXPECT_EQ(opened.files[0].path, "/claims/\xff.ndjson");
  EXPECT_EQ(opened.files[0].sha256, "00ff");
  EXPECT_EQ(opened.files[0].lines, at_hand().files[0].lines);
  EXPECT_FALSE(opened.expires);
  EXPECT_EQ(error_of([] { seal(to_download(), std::nullopt, random()); }).status, Status::INTERNAL);
}

TEST(PartitionTokens, AreTextThatTravelsAndHidesWhatIsSecret) {
  const std::string token = seal(to_download(), key_of(1), random());
  EXPECT_EQ(token.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."), token.npos);
  const auto bytes = from_base64url(std::string_view(token).substr(6));
  ASSERT_TRUE(bytes);
  for (const std::string& secret : {std::string(32, '\7'), std::string("api.example"), std::string(32, '\1')})
    EXPECT_EQ(as_text(*bytes).find(secret), std::string_view::npos);
}

TEST(PartitionTokens, AreSealedAnewEachTime) {
  EXPECT_NE(seal(to_download(), key_of(1), random()), seal(to_download(), key_of(1), random()));
}

TEST(PartitionTokens, SayWhetherTheyAreDownloadedWithoutAKey) {
  EXPECT_TRUE(downloads(seal(to_download(), key_of(1), random())));
  EXPECT_FALSE(downloads(seal(at_hand(), std::nullopt, random())));
}

// Every bit that may be turned on the way.
TEST(PartitionTokens, AreRefusedWhenAnyByteIsAnother) {
  for (const bool is_sealed : {true, false}) {
    const auto key = is_sealed ? std::optional(key_of(1)) : std::nullopt;
    const std::string token = seal(is_sealed ? to_download() : at_hand(), key, random());
    const Bytes whole = *from_base64url(std::string_view(token).substr(6));
    for (std::size_t i = 0; i < whole.size(); ++i) {
      Bytes bytes = whole;
      bytes[i] ^= 1;
      const Error error = error_of([&] { unseal("bcda1." + to_base64url(bytes), key, at(1)); });
      EXPECT_TRUE(error.status == Status::VERIFICATION || error.status == Status::INVALID_ARGUMENT) << i;
    }
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const std::string cut = "bcda1." + to_base64url(ByteView(whole).first(size));
      const Error error = error_of([&] { unseal(cut, key, at(1)); });
      EXPECT_TRUE(error.status == Status::VERIFICATION || error.status == Status::INVALID_ARGUMENT) << size;
    }
  }
}

// One that nobody sealed may come from anyone. What is damaged must not mean "no limit".
TEST(PartitionTokens, AreRefusedWhenAMemberIsMalformed) {
  const auto token_of = [](const std::string& contents) {
    Bytes bytes(33, 0);
    bytes.insert(bytes.end(), contents.begin(), contents.end());
    crypto::Sha256 sum;
    sum.update(as_bytes("bcda1."));
    sum.update(bytes);
    const auto digest = sum.finish();
    bytes.insert(bytes.end(), digest.begin(), digest.end());
    return "bcda1." + to_base64url(bytes);
  };
  const auto opened = [&](const std::string& more, const std::string& of_file) {
    const std::string file = R"({"type":"Patient","path":"L2E")" + of_file + "}";
    return unseal(token_of(R"({"number":0,"of":1)" + more + R"(,"files":[)" + file + "]}\n"), std::nullopt, at(1));
  };
  EXPECT_EQ(opened("", "").files[0].path, "/a");
  for (const char* bad : {R"(,"expires":"soon")", R"(,"expires":1)", R"(,"number":-1)", R"(,"of":"2")"})
    EXPECT_EQ(error_of([&] { opened(bad, ""); }).status, Status::VERIFICATION) << bad;
  for (const char* bad : {R"(,"lines":"*")", R"(,"lines":7)", R"(,"lines":"")", R"(,"bytes":-5)", R"(,"bytes":"9")",
                          R"(,"key":-1)", R"(,"key":0)"})
    EXPECT_EQ(error_of([&] { opened("", bad); }).status, Status::VERIFICATION) << bad;
}

TEST(PartitionTokens, NameTheSettingOfTheKey) {
  const std::string sealed = seal(to_download(), key_of(1), random()), open = seal(at_hand(), std::nullopt, random());
  const Error missing = error_of([&] { unseal(sealed, std::nullopt, at(1)); });
  const Error other = error_of([&] { unseal(sealed, key_of(2), at(1)); });
  const Error needless = error_of([&] { unseal(open, key_of(2), at(1)); });
  for (const Error& error : {missing, other, needless}) {
    EXPECT_EQ(error.status, Status::INVALID_ARGUMENT);
    EXPECT_TRUE(holds(error.message, "the setting partition_key"));
  }
  EXPECT_TRUE(holds(missing.message, "missing"));
  for (const char* text : {"", "bcda1.", "bcda1.AAAA", "bcda2.AAAA", "bcda1.!", "{}"})
    EXPECT_EQ(error_of([&] { unseal(text, key_of(1), at(1)); }).status, Status::INVALID_ARGUMENT) << text;
}

TEST(PartitionTokens, Expire) {
  const std::string token = seal(to_download(), key_of(1), random());
  EXPECT_NO_THROW(unseal(token, key_of(1), at(1'799'999'999)));
  const Error error = error_of([&] { unseal(token, key_of(1), at(1'800'000'000)); });
  EXPECT_EQ(error.status, Status::JOB_GONE);
  EXPECT_TRUE(holds(error.message, "start a new export"));
  EXPECT_TRUE(holds(error.message, "partition_lifetime"));
}

TEST(PartitionKeys, AreHexOrBase64) {
  const auto read = [](const std::string& text) {
    Settings settings;
    settings.set("partition_key", text);
    return read_partition_key(settings);
  };
  const auto key = key_of(0xfb);
  EXPECT_EQ(read(to_hex(key.bytes))->bytes, key.bytes);
  EXPECT_EQ(read(to_base64(key.bytes))->bytes, key.bytes);
  EXPECT_EQ(read(to_base64url(key.bytes))->bytes, key.bytes);
  EXPECT_EQ(read(" \"" + to_hex(key.bytes) + "\"\n")->bytes, key.bytes);
  EXPECT_FALSE(read(""));
  for (const std::string& bad :
       {std::string("hunter2"), std::string(62, 'a'), std::string(66, 'a'), std::string(64, 'x')}) {
    const Error error = error_of([&] { read(bad); });
    EXPECT_EQ(error.status, Status::INVALID_ARGUMENT);
    EXPECT_TRUE(holds(error.message, "the setting partition_key"));
    EXPECT_EQ(error.message.find(bad), std::string::npos);
  }
}

// ---- Cutting --------------------------------------------------------------------------------------------------------

Partition with_sizes(const std::vector<std::int64_t>& sizes) {
  Partition made;
  made.digest = std::string(64, '0');
  for (std::size_t i = 0; i < sizes.size(); ++i)
    made.files.push_back({.type = "Patient", .path = "/" + std::to_string(i), .bytes = sizes[i]});
  return made;
}

std::vector<std::vector<std::string>> paths_of(const std::vector<Partition>& parts) {
  std::vector<std::vector<std::string>> paths;
  for (const Partition& part : parts) {
    paths.emplace_back();
    for (const File& file : part.files) paths.back().push_back(file.path);
  }
  return paths;
}

using Paths = std::vector<std::vector<std::string>>;

TEST(PartitionCuts, DealFilesOfUnknownSizeInTurns) {
  EXPECT_EQ(paths_of(cut(with_sizes({-1, -1, -1, -1, -1}), 2)), (Paths{{"/0", "/2", "/4"}, {"/1", "/3"}}));
}

TEST(PartitionCuts, DealTheLargestFilesFirst) {
  EXPECT_EQ(paths_of(cut(with_sizes({1, 10, 2, 3, 4}), 2)), (Paths{{"/1"}, {"/0", "/2", "/3", "/4"}}));
}

TEST(PartitionCuts, TakeTheMeanForAnUnknownSize) {
  EXPECT_EQ(paths_of(cut(with_sizes({100, 100, -1, 200}), 2)), (Paths{{"/1", "/3"}, {"/0", "/2"}}));
}

TEST(PartitionCuts, NeverHaveMorePartitionsThanFiles) {
  EXPECT_EQ(cut(with_sizes({1, 2}), 32).size(), 2u);
  const std::int64_t most = std::numeric_limits<std::int64_t>::max();  // what a hostile manifest may say
  EXPECT_EQ(cut(with_sizes({most, most, most, -1}), 2).size(), 2u);
  EXPECT_TRUE(cut(with_sizes({}), 32).empty());
  const auto parts = cut(with_sizes({0, 0, 0}), 3);  // files without bytes are dealt too
  for (const Partition& part : parts) EXPECT_EQ(part.files.size(), 1u);
  EXPECT_EQ(parts[2].number, 2);
  EXPECT_EQ(parts[2].of, 3);
}

TEST(PartitionCuts, TakeTheKeysOfTheirFilesAlong) {
  Partition all = with_sizes({1, 1, 1, 1});
  for (std::size_t i = 0; i < 4; ++i)
    if (i != 1) all.files[i].key = all.add_key(key_of(static_cast<std::uint8_t>(i)));
  for (const Partition& part : cut(all, 2)) {
    std::size_t keys = 0;
    for (const File& file : part.files) {
      if (file.key < 0) continue;
      EXPECT_EQ(part.key(file.key).bytes[0], file.path[1] - '0');
      ++keys;
    }
    EXPECT_EQ(part.keys.size(), keys * crypto::kFileKeySize);
  }
}

// ---- Lines ----------------------------------------------------------------------------------------------------------

TEST(PartitionLines, ComeBackAsTheyWere) {
  const std::set<std::int64_t> some{1, 2, 5, 300, 301, 302, 70'000};
  const std::string encoded = encode_lines(70'000, [&](std::int64_t line) { return some.contains(line); });
  EXPECT_LT(encoded.size(), 16u);
  const Lines lines(encoded);
  for (std::int64_t line = 1; line < 70'100; ++line) EXPECT_EQ(lines.count(line), some.contains(line)) << line;
  EXPECT_FALSE(Lines(encode_lines(0, [](std::int64_t) { return true; })).count(1));
}

TEST(PartitionLines, AreRefusedWhenTheyAreMalformed) {
  EXPECT_EQ(error_of([] { Lines(std::string(9, '\xff')); }).status, Status::VERIFICATION);
  std::string long_runs;
  for (int i = 0; i < 200; ++i) long_runs += std::string(5, '\xff') + "\x7f";
  EXPECT_EQ(error_of([&] { Lines{long_runs}; }).status, Status::VERIFICATION);
}

// Hashing the file takes a minute, unless it is canceled.
TEST(PartitionFiles, StopCheckingAFileAtHandWhenTheyAreCanceled) {
  TempDir dir;
  spill(dir / "Patient.ndjson", "");
  std::filesystem::resize_file(dir / "Patient.ndjson", std::uintmax_t{64} << 30);  // it has no blocks on the disk
  Partition partition = at_hand();
  partition.files[0].path = dir / "Patient.ndjson";
  partition.files[0].bytes = std::int64_t{64} << 30;
  Files files(nullptr, partition, {});
  std::thread canceler([&] { files.cancel(); });
  EXPECT_EQ(error_of([&] { files.next({}); }).status, Status::CANCELED);
  canceler.join();
}

TEST(PartitionFiles, DoNotWaitForTheOtherEndOfAPipe) {
  TempDir dir;
  ASSERT_EQ(::mkfifo((dir / "Patient.ndjson").c_str(), 0600), 0);
  Partition partition = at_hand();
  partition.files[0].path = dir / "Patient.ndjson";
  Files files(nullptr, partition, {});
  EXPECT_EQ(error_of([&] { files.next({}); }).status, Status::VERIFICATION);
}

// ---- The spool ------------------------------------------------------------------------------------------------------

TEST(HiddenSpools, GiveBackWhatTheyGot) {
  TempDir dir;
  const auto spool = std::make_shared<HiddenSpool>(dir.path(), random());
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "{\"id\":\"" + std::to_string(i) + "\"}\n";
  for (std::size_t at = 0; at < text.size(); at += 999) spool->append(as_bytes(std::string_view(text).substr(at, 999)));
  for (int i = 0; i < 2; ++i) {
    ndjson::Reader reader(spool->source(), "spooled");
    int records = 0;
    while (const auto line = reader.next()) EXPECT_EQ(*line, "{\"id\":\"" + std::to_string(records++) + "\"}");
    EXPECT_EQ(records, 5000);
  }
  EXPECT_TRUE(std::filesystem::is_empty(dir.path())) << "it has no name";
}

TEST(HiddenSpools, HaveNoPlaintextOnTheDisk) {
  TempDir dir;
  const auto spool = std::make_shared<HiddenSpool>(dir.path(), random());
  spool->append(as_bytes(std::string(100'000, 'P')));
  bool found = false;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code error;
    const std::string target = std::filesystem::read_symlink(entry.path(), error).string();
    if (!target.starts_with(dir.path())) continue;
    const std::string content = slurp(entry.path().string());
    found |= content.size() == 100'000;
    EXPECT_EQ(content.find("PPPP"), std::string::npos);
    EXPECT_EQ(std::filesystem::status(entry.path()).permissions(),
              std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  }
  EXPECT_TRUE(found);
}

TEST(HiddenSpools, NameTheSettingOfTheirDirectory) {
  const Error error = error_of([] { HiddenSpool("/nowhere/at/all", random()); });
  EXPECT_EQ(error.status, Status::FILESYSTEM);
  EXPECT_TRUE(holds(error.message, "/nowhere/at/all"));
}

}  // namespace
}  // namespace libbcda::partition
