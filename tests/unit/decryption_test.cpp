// The decryption of downloaded files: a single file, or a directory with a manifest.
#include "runtime/decryption.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "crypto/gcm.hpp"
#include "support/errors.hpp"
#include "support/files.hpp"
#include "support/vectors.hpp"

namespace libbcda::runtime {
namespace {

using namespace test;

constexpr const char* kOutcome = "{\"resourceType\":\"OperationOutcome\"}\n";

// A directory of downloads: data files, an encrypted and a plain error file, and the manifest that lists them.
class Decrypting : public testing::Test {
 protected:
  void SetUp() override {
    for (const Vector& vector : test::vectors()) {
      if (!vector.key_stem.ends_with("rsa2048") || vectors_.size() == 3) continue;
      vectors_.push_back(&vector);
      spill(in_ / vector.filename, slurp(vector.cipher_path));
    }
    ASSERT_EQ(vectors_.size(), 3u);
    spill(in_ / "plain-error.ndjson", kOutcome);
    list("output", "Patient", vectors_[0]->filename, vectors_[0]->encrypted_key);
    list("output", "Coverage", vectors_[1]->filename, vectors_[1]->encrypted_key);
    list("error", "OperationOutcome", vectors_[2]->filename, vectors_[2]->encrypted_key);
    list("error", "OperationOutcome", "plain-error.ndjson", "");
    // A copy with mode 0600, because other users may be able to read the key in the source tree.
    spill(key_ / "key.pem", slurp(test::data_path("keys/rsa2048.pkcs8.pem")));
    ::chmod((key_ / "key.pem").c_str(), 0600);
    settings_.set("private_key", key_ / "key.pem");
    settings_.set("durability", "process");
  }

  void list(const std::string& member, const std::string& type, const std::string& name, const std::string& key) {
    std::string& items = member == "output" ? output_ : errors_;
    items += (items.empty() ? "" : ",") + std::string(R"({"type":")") + type + R"(","url":"https://api.test/data/42/)" +
             name + R"(?sig=hunter2","encryptedKey":")" + key + "\"}";
  }
  std::string manifest() const {
    return R"({"transactionTime":"2019-10-19T14:47:33.975024Z","output":[)" + output_ + R"(],"error":[)" + errors_ +
           "]}";
  }
  // A result, with what it makes only when it is asked.
  struct Made {
    Made(const RunResult& result)  // NOLINT: implicit, because it is the same result
        : receipt(result.receipt()), transaction_time(result.transaction_time) {
      for (std::size_t i = 0; i < result.files->size(); ++i) files.push_back((*result.files)[i].result());
    }
    std::vector<FileResult> files;
    std::string receipt, transaction_time;
  };

  Made decrypt_directory(transfer::Progress progress = {}) {
    return decrypt({.settings = settings_,
                    .path = in_.path(),
                    .output = out_ / "claims",
                    .label = "",
                    .key_hex = "",
                    .manifest = manifest(),
                    .progress = std::move(progress)});
  }
  Made decrypt_file(const std::string& path, const std::string& output, const std::string& key_hex = "") {
    return decrypt({.settings = settings_,
                    .path = path,
                    .output = output,
                    .label = "",
                    .key_hex = key_hex,
                    .manifest = key_hex.empty() ? manifest() : "",
                    .progress = {}});
  }
  std::string plain_of(int i) const { return slurp(vectors_[static_cast<std::size_t>(i)]->plain_path); }
  std::string name_of(int i) const { return vectors_[static_cast<std::size_t>(i)]->filename; }
  std::string claims() const { return out_ / "claims"; }

  test::TempDir in_, out_, key_;
  std::vector<const Vector*> vectors_;
  std::string output_, errors_;
  Settings settings_;
};

TEST_F(Decrypting, ADirectoryGivesEachListedFileAndAReceipt) {
  const Made made = decrypt_directory();
  Names expected{"error/", "error/" + name_of(2), "error/plain-error.ndjson", "export.json", name_of(0), name_of(1)};
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(names_in(claims()), expected);
  EXPECT_EQ(slurp(claims() + "/" + name_of(0)), plain_of(0));
  EXPECT_EQ(slurp(claims() + "/error/" + name_of(2)), plain_of(2));
  EXPECT_EQ(slurp(claims() + "/error/plain-error.ndjson"), kOutcome);
  EXPECT_EQ(mode_of(claims() + "/" + name_of(0)), 0600);
  EXPECT_EQ(mode_of(claims() + "/error/plain-error.ndjson"), 0600);
  EXPECT_FALSE(holds(made.receipt, "warnings"));

  const Made opened(open_receipt(claims()));
  ASSERT_EQ(opened.files.size(), 4u);
  ASSERT_EQ(made.files.size(), 4u);
  EXPECT_EQ(opened.transaction_time, "2019-10-19T14:47:33.975024Z");
  EXPECT_FALSE(holds(slurp(claims() + "/export.json"), "hunter2"));
  EXPECT_TRUE(holds(opened.receipt, R"("types":[])"));
  EXPECT_TRUE(holds(opened.receipt, R"("service":"https://api.test")"));
  for (const FileResult& file : opened.files) {
    const auto same =
        std::find_if(made.files.begin(), made.files.end(), [&](const auto& f) { return f.path == file.path; });
    ASSERT_NE(same, made.files.end()) << file.path;
    EXPECT_EQ(same->type, file.type);
    EXPECT_EQ(same->facts.sha256, file.facts.sha256);
    EXPECT_EQ(same->kind, file.kind);
    EXPECT_EQ(file.kind == bulk::FileKind::error, file.type == "OperationOutcome");
    EXPECT_EQ(file.facts.decrypted(), !file.path.ends_with("plain-error.ndjson"));
  }
}

TEST_F(Decrypting, OtherFilesInTheDirectoryAreNotTouchedAndCounted) {
  spill(in_ / "notes.txt", "x");
  spill(in_ / "other.ndjson", "{}\n");
  ASSERT_EQ(::mkdir((in_ / "sub").c_str(), 0700), 0);
  const Made made = decrypt_directory();
  EXPECT_TRUE(holds(made.receipt, "\"warnings\":[\"" + in_.path() + " holds 2 files that the manifest does not list"));
  EXPECT_FALSE(exists(claims() + "/other.ndjson"));
  EXPECT_TRUE(exists(in_ / "other.ndjson"));
  EXPECT_FALSE(holds(slurp(claims() + "/export.json"), "warnings"));
}

TEST_F(Decrypting, MissingFilesAreNamedWhenTheOthersAreThereAndCanComeLater) {
  const std::string bytes = slurp(in_ / name_of(0));
  std::filesystem::remove(in_ / name_of(0));
  std::filesystem::remove(in_ / "plain-error.ndjson");
  const Error error = error_of([&] { decrypt_directory(); });
  EXPECT_EQ(error.status, Status::FILESYSTEM);
  EXPECT_EQ(error.file, name_of(0));
  EXPECT_TRUE(holds(error.message, "2 of 4 files failed; the first: " + in_ / name_of(0) + ": "));
  EXPECT_TRUE(holds(error.message, '\n' + in_ / "plain-error.ndjson" + ": the manifest lists plain-error.ndjson"));
  EXPECT_FALSE(exists(claims() + "/export.json"));
  EXPECT_EQ(slurp(claims() + "/" + name_of(1)), plain_of(1));
  struct stat before {
  }, after{};
  ASSERT_EQ(::stat((claims() + "/" + name_of(1)).c_str(), &before), 0);

  spill(in_ / name_of(0), bytes);
  spill(in_ / "plain-error.ndjson", kOutcome);
  EXPECT_EQ(decrypt_directory().files.size(), 4u);
  EXPECT_EQ(open_receipt(claims()).files->size(), 4u);
  ASSERT_EQ(::stat((claims() + "/" + name_of(1)).c_str(), &after), 0);
  EXPECT_EQ(before.st_ino, after.st_ino);
  EXPECT_FALSE(exists(claims() + "/.bcda"));
}

TEST_F(Decrypting, AChangedFileIsNotReplaced) {
  std::filesystem::remove(in_ / name_of(0));
  error_of([&] { decrypt_directory(); });
  spill(claims() + "/" + name_of(1), "other\n");
  spill(in_ / name_of(0), slurp(vectors_[0]->cipher_path));
  const Error error = error_of([&] { decrypt_directory(); });
  EXPECT_TRUE(holds(error.message, "has changed since it was verified")) << error.message;
  EXPECT_EQ(slurp(claims() + "/" + name_of(1)), "other\n");
  EXPECT_FALSE(exists(claims() + "/export.json"));
}

TEST_F(Decrypting, OneBadFileDoesNotStopTheOthersAndLeavesNoReceipt) {
  std::string bad = slurp(in_ / name_of(0));
  bad.back() ^= 1;
  spill(in_ / name_of(0), bad);
  const Error error = error_of([&] { decrypt_directory(); });
  EXPECT_EQ(error.status, Status::DECRYPTION);
  EXPECT_TRUE(holds(error.message, "1 of 4 files failed"));
  EXPECT_FALSE(exists(claims() + "/" + name_of(0)));
  EXPECT_TRUE(exists(claims() + "/" + name_of(1)));
  EXPECT_FALSE(exists(claims() + "/export.json"));
}

TEST_F(Decrypting, AWrongPrivateKeyLeavesNothing) {
  settings_.set("private_key", test::data_path("keys/rsa2048-other.pkcs1.pem"));
  std::filesystem::remove(in_ / "plain-error.ndjson");
  EXPECT_EQ(error_of([&] { decrypt_directory(); }).status, Status::DECRYPTION);
  EXPECT_EQ(names_in(out_.path()), Names{});
}

TEST_F(Decrypting, FilesOfAnotherManifestAreNotAddedToThoseThatAreThere) {
  decrypt_directory();
  output_.clear();
  errors_.clear();
  spill(in_ / "late-error.ndjson", kOutcome);
  list("error", "OperationOutcome", "late-error.ndjson", "");
  const std::string receipt = slurp(claims() + "/export.json");
  EXPECT_TRUE(holds(error_of([&] { decrypt_directory(); }).message, "of another origin"));
  EXPECT_EQ(slurp(claims() + "/export.json"), receipt);
}

TEST_F(Decrypting, ProgressCountsAllFilesTogetherAndCanStop) {
  std::int64_t last = -1, total = -2;
  bool falls = false;
  decrypt_directory([&](std::int64_t done, std::int64_t of) {
    falls = falls || done < last;
    last = done, total = of;
  });
  std::int64_t size = 0;
  for (const std::string& name : names_in(in_.path())) size += static_cast<std::int64_t>(slurp(in_ / name).size());
  EXPECT_FALSE(falls);
  EXPECT_EQ(last, size);
  EXPECT_EQ(total, size);

  std::filesystem::remove_all(claims());
  const Error error = error_of(
      [&] { decrypt_directory([](std::int64_t, std::int64_t) { throw Error(Status::CANCELED, "canceled"); }); });
  EXPECT_EQ(error.status, Status::CANCELED);
  EXPECT_EQ(error.message, "canceled");
  EXPECT_EQ(names_in(out_.path()), Names{});
}

TEST_F(Decrypting, ADataFileWithoutAKeyNeedsAllowPlaintextAndMustLookLikeNdjson) {
  spill(in_ / "plain.ndjson", "{\"a\":1}\n{\"a\":2}\n");
  list("output", "Patient", "plain.ndjson", "");
  const Error refused = error_of([&] { decrypt_directory(); });
  EXPECT_EQ(refused.status, Status::VERIFICATION);
  EXPECT_TRUE(holds(refused.message, "allow_plaintext"));
  settings_.set("allow_plaintext", "true");
  EXPECT_EQ(decrypt_directory().files.size(), 5u);
  EXPECT_EQ(slurp(claims() + "/plain.ndjson"), "{\"a\":1}\n{\"a\":2}\n");
}

TEST_F(Decrypting, AFileWithoutAKeyThatIsNotNdjsonIsRefused) {
  for (const std::string& bytes :
       {slurp(vectors_[0]->cipher_path), std::string("<html>"), std::string("\x1F\x8B\x08\0", 4),
        std::string("{\"a\":\"\xFF\"}\n"), std::string("[1]\n")}) {
    spill(in_ / "plain-error.ndjson", bytes);
    const Error error = error_of([&] { decrypt_file(in_ / "plain-error.ndjson", claims() + "/"); });
    EXPECT_EQ(error.status, Status::VERIFICATION);
    EXPECT_TRUE(holds(error.message, in_ / "plain-error.ndjson"));
    EXPECT_EQ(names_in(out_.path()), Names{});
  }
}

TEST_F(Decrypting, AFileWithAKeyThatIsNotEncryptedIsDescribed) {
  const std::pair<std::string, const char*> cases[] = {
      {"{\"resourceType\":\"Patient\"}\n", "plain NDJSON"},
      {"<!DOCTYPE html><html><body>Sign in</body></html>", "HTML page"},
      {"\x1F\x8B\x08 and so on, for thirty bytes and more", "gzip"}};
  for (const auto& [bytes, kind] : cases) {
    spill(in_ / name_of(0), bytes);
    const Error error = error_of([&] { decrypt_file(in_ / name_of(0), out_ / "x"); });
    EXPECT_TRUE(holds(error.message, kind));
    EXPECT_FALSE(holds(error.message, "altered"));
    EXPECT_EQ(names_in(out_.path()), Names{});
  }
}

TEST_F(Decrypting, OneFileHasTheTypeOfItsEntry) {
  const Made made = decrypt_file(in_ / name_of(0), out_ / "x");
  EXPECT_EQ(made.files.at(0).type, "Patient");
  EXPECT_EQ(made.files.at(0).path, out_ / "x");
  EXPECT_TRUE(holds(made.receipt, R"("type":"Patient")"));
  EXPECT_FALSE(holds(made.receipt, "hunter2"));
  EXPECT_EQ(decrypt_file(in_ / name_of(0), out_ / "y", vectors_[0]->encrypted_key).files.at(0).type, "");
}

TEST_F(Decrypting, AnOutputThatEndsInASlashTakesFilesUnderTheirOwnNames) {
  EXPECT_EQ(decrypt_file(in_ / name_of(0), claims() + "/").files.at(0).path, claims() + "/" + name_of(0));
  const Made error_file = decrypt_file(in_ / "plain-error.ndjson", claims() + "/");
  EXPECT_EQ(error_file.files.at(0).path, claims() + "/error/plain-error.ndjson");
  EXPECT_EQ(error_file.files.at(0).kind, bulk::FileKind::error);
  EXPECT_EQ(slurp(claims() + "/error/plain-error.ndjson"), kOutcome);
  EXPECT_FALSE(exists(claims() + "/export.json"));
}

TEST_F(Decrypting, TheInputIsCheckedBeforeTheKey) {
  settings_.set("private_key", "/none.pem");
  for (const std::string& path : {in_ / "none.ndjson", in_ / "none/none.ndjson"}) {
    const Error error = error_of([&] { decrypt_file(path, out_ / "x"); });
    EXPECT_EQ(error.status, Status::FILESYSTEM);
    EXPECT_EQ(error.file, path);
    EXPECT_FALSE(holds(error.message, "none.pem"));
  }
}

TEST_F(Decrypting, ADirectoryNeedsAManifestAndTakesNothingElse) {
  auto attempt = [&](const std::string& manifest, const std::string& key, const std::string& label) {
    return error_of([&] {
      decrypt({.settings = settings_,
               .path = in_.path(),
               .output = claims(),
               .label = label,
               .key_hex = key,
               .manifest = manifest,
               .progress = {}});
    });
  };
  for (const Error& error :
       {attempt("", "", ""), attempt("", "00", ""), attempt(manifest(), "00", ""), attempt(manifest(), "", "x")}) {
    EXPECT_EQ(error.status, Status::FILESYSTEM);
    EXPECT_EQ(error.file, in_.path());
    EXPECT_TRUE(holds(error.message, "is a directory"));
    EXPECT_TRUE(holds(error.message, "manifest"));
  }
}

TEST_F(Decrypting, NamesThatTheDirectoryNeedsAreRefused) {
  for (const char* name : {"export.json", "log.ndjson", "error", ".bcda", "..", ""}) {
    output_.clear();
    list("output", "Patient", name, vectors_[0]->encrypted_key);
    EXPECT_EQ(error_of([&] { decrypt_directory(); }).status, Status::INVALID_ARGUMENT) << name;
    EXPECT_EQ(names_in(out_.path()), Names{});
  }
}

TEST_F(Decrypting, AFileListedTwiceIsDecryptedOnceUnlessItsKeysDiffer) {
  list("output", "Patient", name_of(0), vectors_[0]->encrypted_key);
  EXPECT_EQ(decrypt_directory().files.size(), 4u);
  list("output", "Patient", name_of(0), vectors_[1]->encrypted_key);
  EXPECT_TRUE(holds(error_of([&] { decrypt_directory(); }).message, "twice"));
}

TEST_F(Decrypting, AKeyThatOtherUsersMayReadCausesAWarning) {
  EXPECT_FALSE(holds(decrypt_file(in_ / name_of(0), out_ / "x").receipt, "warnings"));
  ASSERT_EQ(::chmod((key_ / "key.pem").c_str(), 0644), 0);
  EXPECT_TRUE(holds(decrypt_file(in_ / name_of(0), out_ / "y").receipt, "\"warnings\":[\"" + (key_ / "key.pem")));
  EXPECT_TRUE(holds(decrypt_directory().receipt, "\"warnings\":[\"" + (key_ / "key.pem")));
}

TEST_F(Decrypting, PlainFilesAloneNeedNoPrivateKey) {
  settings_.unset("private_key");
  EXPECT_EQ(decrypt_file(in_ / "plain-error.ndjson", out_ / "x").files.size(), 1u);
  const Error error = error_of([&] { decrypt_file(in_ / name_of(0), out_ / "y"); });
  EXPECT_EQ(error.status, Status::INVALID_ARGUMENT);
  EXPECT_TRUE(holds(error.message, "private_key is missing"));
  EXPECT_EQ(error_of([&] { decrypt_directory(); }).status, Status::INVALID_ARGUMENT);
  EXPECT_EQ(names_in(out_.path()), Names{"x"});
}

}  // namespace
}  // namespace libbcda::runtime
