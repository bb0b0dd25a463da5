// Every known-answer vector through the C interface and through bcda.hpp, unchanged and altered.
#include <bcda/bcda.h>
#include <gtest/gtest.h>

#include <bcda/bcda.hpp>

#include "support/errors.hpp"
#include "support/files.hpp"
#include "support/vectors.hpp"

namespace libbcda {
namespace {

using test::holds;
using test::Names;
using test::names_in;
using test::slurp;
using test::spill;
using test::Vector;

struct Outcome {
  bcda_status status = BCDA_OK;
  std::string message, file;
  int64_t bytes = -1, records = -1;
  std::string sha256, path;
  bool decrypted = false;
  int files = 0;
};

struct Request {
  std::string key_path, passphrase;
  std::string path, label, key_hex, manifest, output;  // "" if it is not given
};

Request request_for(const Vector& vector, const test::TempDir& out) {
  Request request;
  request.key_path = vector.key_stem + ".pkcs1.pem";
  request.path = vector.cipher_path;
  request.key_hex = vector.encrypted_key;
  request.output = out / "plain.ndjson";
  return request;
}

const char* or_null(const std::string& text) { return text.empty() ? nullptr : text.c_str(); }

Outcome through_c(const Request& request) {
  bcda_config* config = nullptr;
  EXPECT_EQ(bcda_config_create(&config, nullptr), BCDA_OK);
  EXPECT_EQ(bcda_config_set(config, "private_key", request.key_path.c_str(), nullptr), BCDA_OK);
  EXPECT_EQ(bcda_config_set(config, "private_key_passphrase", or_null(request.passphrase), nullptr), BCDA_OK);
  EXPECT_EQ(bcda_config_set(config, "durability", "process", nullptr), BCDA_OK);
  bcda_result* result = nullptr;
  bcda_error* error = nullptr;
  Outcome outcome;
  outcome.status =
      bcda_decrypt_file(config, request.path.c_str(), or_null(request.label), or_null(request.key_hex),
                        or_null(request.manifest), request.output.c_str(), nullptr, nullptr, &result, &error);
  EXPECT_EQ(outcome.status == BCDA_OK, error == nullptr);
  EXPECT_EQ(outcome.status == BCDA_OK, result != nullptr);
  EXPECT_EQ(bcda_error_status(error), outcome.status);
  outcome.message = bcda_error_message(error);
  outcome.file = bcda_error_file(error);
  outcome.files = bcda_result_file_count(result);
  const bcda_file* file = bcda_result_file(result, 0);
  outcome.bytes = bcda_file_bytes(file);
  outcome.records = bcda_file_records(file);
  outcome.sha256 = bcda_file_sha256(file);
  outcome.path = bcda_file_path(file);
  outcome.decrypted = bcda_file_decrypted(file) == 1;
  bcda_error_destroy(error);
  bcda_result_destroy(result);
  bcda_config_destroy(config);
  return outcome;
}

Outcome through_cpp(const Request& request) {
  Outcome outcome;
  try {
    bcda::Config config{{"private_key", request.key_path}, {"durability", "process"}};
    if (!request.passphrase.empty()) config.set("private_key_passphrase", request.passphrase);
    bcda::Result result =
        bcda::decrypt_file(config, {request.path, request.output, request.key_hex, request.manifest, request.label});
    outcome.files = result.size();
    for (bcda::File file : result) {
      outcome.bytes = file.bytes();
      outcome.records = file.records();
      outcome.sha256 = file.sha256();
      outcome.path = file.path();
      outcome.decrypted = file.decrypted();
    }
  } catch (const bcda::Error& e) {
    outcome.status = e.status();
    outcome.message = e.what();
    outcome.file = e.file();
  }
  return outcome;
}

std::int64_t records_in(const std::string& text) {
  std::istringstream lines(text);
  std::int64_t count = 0;
  for (std::string line; std::getline(lines, line);) count += line.find_first_not_of(" \t\r") != std::string::npos;
  return count;
}

struct Interface {
  const char* name;
  Outcome (*decrypt)(const Request&);
};

class Vectors : public testing::TestWithParam<Interface> {
 protected:
  Outcome decrypt(const Request& request) { return GetParam().decrypt(request); }

  void expect_plaintext(const Vector& vector, const Request& request) {
    Outcome outcome = decrypt(request);
    ASSERT_EQ(outcome.status, BCDA_OK) << outcome.message;
    std::string plain = slurp(vector.plain_path);
    EXPECT_TRUE(slurp(request.output) == plain);
    EXPECT_EQ(test::mode_of(request.output), 0600);
    EXPECT_EQ(outcome.files, 1);
    EXPECT_EQ(outcome.bytes, static_cast<std::int64_t>(plain.size()));
    EXPECT_EQ(outcome.sha256, vector.plain_sha256);
    EXPECT_EQ(outcome.records, records_in(plain));
    EXPECT_EQ(outcome.path, request.output);
    EXPECT_TRUE(outcome.decrypted);
  }

  // Expects that the decryption or verification fails and that no file is left.
  void expect_refused(const Vector& vector, const Request& request, const test::TempDir& out,
                      std::optional<bcda_status> status = {}) {
    Outcome outcome = decrypt(request);
    EXPECT_TRUE(outcome.status == BCDA_DECRYPTION || outcome.status == BCDA_VERIFICATION) << outcome.message;
    if (status) {
      EXPECT_EQ(outcome.status, *status) << outcome.message;
    }
    EXPECT_EQ(bcda_status_exit_code(outcome.status), 5);
    EXPECT_EQ(names_in(out.path()), Names{});
    EXPECT_NE(outcome.file, "");
    EXPECT_FALSE(holds(outcome.message, vector.file_key.substr(0, 8)));
    EXPECT_FALSE(holds(outcome.message, vector.encrypted_key.substr(0, 8)));
  }

  // Writes other bytes under the name of the vector's file.
  std::string altered(const Vector& vector, const std::string& bytes) {
    std::string path = in_ / vector.filename;
    spill(path, bytes);
    return path;
  }

  test::TempDir in_;
};
INSTANTIATE_TEST_SUITE_P(EachInterface, Vectors,
                         testing::Values(Interface{"c", through_c}, Interface{"cpp", through_cpp}),
                         [](const auto& each) { return each.param.name; });

TEST_P(Vectors, AreAllThere) { EXPECT_EQ(test::vectors().size(), 16u); }

TEST_P(Vectors, OpenWithEveryFormOfTheirKey) {
  for (const Vector& vector : test::vectors()) {
    for (const auto& form : test::kKeyForms) {
      SCOPED_TRACE(vector.name + form.ending);
      test::TempDir out;
      Request request = request_for(vector, out);
      request.key_path = vector.key_stem + form.ending;
      if (form.encrypted) request.passphrase = test::kPassphrase;
      expect_plaintext(vector, request);
    }
  }
}

TEST_P(Vectors, OpenWithTheKeyThatAManifestLists) {
  for (const Vector& vector : test::vectors()) {
    SCOPED_TRACE(vector.name);
    std::string item = R"({"type":"Patient","url":"https://h/data/42/)" + vector.filename + "\"";
    std::string key = "\"" + vector.encrypted_key + "\"";
    for (const std::string& manifest :
         {R"({"output":[)" + item + R"(,"encryptedKey":)" + key + "}]}",
          R"({"output":[)" + item + R"(}],"KeyMap":{")" + vector.filename + R"(   ":)" + key + "}}",
          R"({"output":null,"error":[)" + item + R"(,"encryptedKey":)" + key + "}]}",
          R"({"output":[]})"
          "\n"
          R"({"output":[)" +
              item + R"(,"encryptedKey":)" + key + "}]}"}) {
      test::TempDir out;
      Request request = request_for(vector, out);
      request.key_hex = "";
      request.manifest = manifest;
      expect_plaintext(vector, request);
    }
  }
}

TEST_P(Vectors, OpenWithAKeyInUpperCase) {
  for (const Vector& vector : test::vectors()) {
    SCOPED_TRACE(vector.name);
    test::TempDir out;
    Request request = request_for(vector, out);
    for (char& c : request.key_hex) c = static_cast<char>(::toupper(static_cast<unsigned char>(c)));
    expect_plaintext(vector, request);
  }
}

TEST_P(Vectors, OpenUnderAnotherNameWhenTheirOwnIsGiven) {
  for (const Vector& vector : test::vectors()) {
    SCOPED_TRACE(vector.name);
    test::TempDir out;
    Request request = request_for(vector, out);
    request.path = in_ / "renamed.bin";
    spill(request.path, slurp(vector.cipher_path));
    request.label = vector.filename;
    expect_plaintext(vector, request);
  }
}

TEST_P(Vectors, WithAFlippedBitAreRefused) {
  for (const Vector& vector : test::vectors()) {
    std::string file = slurp(vector.cipher_path);
    struct {
      const char* region;
      std::size_t begin, end;
    } const regions[] = {
        {"nonce", 0, 12}, {"ciphertext", 12, file.size() - 16}, {"tag", file.size() - 16, file.size()}};
    for (const auto& region : regions) {
      if (region.begin == region.end) continue;
      for (std::size_t at : {region.begin, (region.begin + region.end) / 2, region.end - 1}) {
        for (int bit : {0, 7}) {
          SCOPED_TRACE(vector.name + " " + region.region + " " + std::to_string(at));
          std::string bytes = file;
          bytes[at] = static_cast<char>(bytes[at] ^ (1 << bit));
          test::TempDir out;
          Request request = request_for(vector, out);
          request.path = altered(vector, bytes);
          expect_refused(vector, request, out, BCDA_DECRYPTION);
        }
      }
    }
  }
}

TEST_P(Vectors, CutOrExtendedAreRefused) {
  for (const Vector& vector : test::vectors()) {
    std::string file = slurp(vector.cipher_path);
    for (const std::string& bytes :
         {std::string(), file.substr(0, 1), file.substr(0, 12), file.substr(0, 27), file.substr(0, file.size() - 1),
          file.substr(0, file.size() - 16), file.substr(1), file + std::string(1, '\0'), file + "\n", file + file}) {
      SCOPED_TRACE(vector.name + " " + std::to_string(bytes.size()));
      test::TempDir out;
      Request request = request_for(vector, out);
      request.path = altered(vector, bytes);
      expect_refused(vector, request, out, bytes.size() < 28 ? BCDA_VERIFICATION : BCDA_DECRYPTION);
    }
  }
}

TEST_P(Vectors, UnderAnotherNameAreRefused) {
  for (const Vector& vector : test::vectors()) {
    SCOPED_TRACE(vector.name);
    test::TempDir out;
    Request request = request_for(vector, out);
    request.path = in_ / "renamed.ndjson";
    spill(request.path, slurp(vector.cipher_path));
    expect_refused(vector, request, out, BCDA_DECRYPTION);
    request = request_for(vector, out);
    std::string upper = vector.filename;
    for (char& c : upper) c = static_cast<char>(::toupper(static_cast<unsigned char>(c)));
    for (const std::string& label : {upper, vector.filename + " ", vector.filename.substr(0, 36)}) {
      request.label = label;
      expect_refused(vector, request, out, BCDA_DECRYPTION);
    }
  }
}

TEST_P(Vectors, WithAnotherPrivateKeyAreRefused) {
  for (const Vector& vector : test::vectors()) {
    SCOPED_TRACE(vector.name);
    for (const char* other : {"keys/rsa2048-other.pkcs1.pem", "keys/rsa2048.pkcs1.pem", "keys/rsa4096.pkcs1.pem"}) {
      test::TempDir out;
      Request request = request_for(vector, out);
      if (request.key_path == test::data_path(other)) continue;
      request.key_path = test::data_path(other);
      expect_refused(vector, request, out, BCDA_DECRYPTION);
    }
  }
}

TEST_P(Vectors, WithAnotherFilesKeyAreRefused) {
  const auto& all = test::vectors();
  for (std::size_t i = 0; i + 1 < all.size(); ++i) {
    test::TempDir out;
    Request request = request_for(all[i], out);
    request.key_hex = all[i + 1].encrypted_key;
    expect_refused(all[i], request, out, BCDA_DECRYPTION);
  }
}

TEST_P(Vectors, WithAKeyThatIsNotHexAreRefused) {
  for (const Vector& vector : test::vectors()) {
    std::string key = vector.encrypted_key, letter = key, half = key.substr(0, key.size() / 2);
    letter[10] = 'g';
    for (const std::string& hex : {key.substr(1), key + "0", letter, " " + key, key + "\n", "0x" + key, half,
                                   key + "00", std::string("zz"), key.substr(0, key.size() - 2)}) {
      SCOPED_TRACE(vector.name + " " + hex.substr(0, 12));
      test::TempDir out;
      Request request = request_for(vector, out);
      request.key_hex = hex;
      expect_refused(vector, request, out, BCDA_DECRYPTION);
    }
  }
}

TEST_P(Vectors, WithoutAnyKeyAreAnArgumentError) {
  const Vector& vector = test::vectors().front();
  test::TempDir out;
  Request request = request_for(vector, out);
  request.key_hex = "";
  EXPECT_EQ(decrypt(request).status, BCDA_INVALID_ARGUMENT);
  for (const char* manifest : {R"({"output":[{"url":"https://h/data/42/other.ndjson","encryptedKey":"00"}]})",
                               R"({"output":[]})", "not json"}) {
    request.manifest = manifest;
    EXPECT_EQ(decrypt(request).status, BCDA_INVALID_ARGUMENT) << manifest;
  }
  EXPECT_EQ(names_in(out.path()), Names{});
}

TEST_P(Vectors, WithoutAUsablePrivateKeyAreAKeyError) {
  const Vector& vector = test::vectors().front();
  test::TempDir out;
  Request request = request_for(vector, out);
  request.key_path = vector.key_stem + ".public.pem";
  EXPECT_EQ(decrypt(request).status, BCDA_PRIVATE_KEY);
  request.key_path = vector.key_stem + ".pkcs8.encrypted.pem";
  EXPECT_EQ(decrypt(request).status, BCDA_PRIVATE_KEY);
  request.passphrase = "hunter2";
  Outcome outcome = decrypt(request);
  EXPECT_EQ(outcome.status, BCDA_PRIVATE_KEY);
  EXPECT_FALSE(holds(outcome.message, "hunter2"));
  request.key_path = in_ / "none.pem";
  EXPECT_EQ(decrypt(request).status, BCDA_FILESYSTEM);
  EXPECT_EQ(names_in(out.path()), Names{});
}

TEST_P(Vectors, NeverReplaceAFile) {
  const Vector& vector = test::vectors().front();
  test::TempDir out;
  Request request = request_for(vector, out);
  spill(request.output, "old");
  EXPECT_EQ(decrypt(request).status, BCDA_FILESYSTEM);
  EXPECT_EQ(slurp(request.output), "old");
  EXPECT_EQ(names_in(out.path()), Names{"plain.ndjson"});
}

TEST(VectorRecords, AreReadByBothReadersAlike) {
  for (const Vector& vector : test::vectors()) {
    std::string text;
    for (std::string_view record : bcda::Reader(vector.plain_path)) text += std::string(record) + "\n";
    bcda_reader* reader = nullptr;
    ASSERT_EQ(bcda_reader_open(vector.plain_path.c_str(), &reader, nullptr), BCDA_OK);
    std::string same;
    const char* data = nullptr;
    size_t size = 0;
    std::int64_t count = 0;
    while (bcda_reader_next(reader, &data, &size, nullptr) == BCDA_OK) {
      same += std::string(data, size) + "\n";
      ++count;
    }
    bcda_reader_destroy(reader);
    EXPECT_TRUE(text == same) << vector.name;
    EXPECT_EQ(count, records_in(slurp(vector.plain_path))) << vector.name;
  }
}

}  // namespace
}  // namespace libbcda
