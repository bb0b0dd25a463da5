// Private keys with damaged line breaks, with quotes, or with legacy encryption.
#include "crypto/pem.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "crypto/key.hpp"
#include "support/errors.hpp"
#include "support/files.hpp"
#include "support/vectors.hpp"

namespace libbcda::crypto {
namespace {

using test::data_path;
using test::error_of;
using test::holds;
using test::slurp;

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::string joined(const std::vector<std::string>& lines, const std::string& by, const std::string& before = "") {
  std::string out;
  for (const std::string& line : lines) out += (out.empty() ? "" : by) + before + line;
  return out;
}

std::string utf16(const std::string& ascii) {
  std::string out = "\xFF\xFE";
  for (char c : ascii) out += {c, '\0'};
  return out;
}

PrivateKey load(const std::string& pem, bool encrypted) {
  return PrivateKey::from_pem(pem, Secret(encrypted ? test::kPassphrase : ""), "key.pem");
}

TEST(Pem, IsReadInEveryFormWithDamagedLines) {
  const std::string expected = slurp(data_path("keys/rsa2048.public.pem"));
  for (const auto& form : test::kKeyForms) {
    SCOPED_TRACE(form.ending);
    const std::string pem = slurp(data_path(std::string("keys/rsa2048") + form.ending));
    const auto lines = lines_of(pem);
    for (const std::string& text :
         {joined(lines, "\\n"), joined(lines, "\\n") + "\\n", joined(lines, "\\r\\n"), joined(lines, " "),
          joined(lines, "\t"), joined(lines, "\r\n"), joined(lines, "\r"), joined(lines, "\n\n"),
          joined(lines, "\n", "    "), "\"" + pem + "\"", "'" + joined(lines, "\\n") + "'",
          "\"" + joined(lines, " ") + "\"\r\n", "\xEF\xBB\xBF" + pem, utf16(pem), utf16(joined(lines, "\r\n")),
          "private_key: " + joined(lines, "\\n"), "BCDA_PRIVATE_KEY_PEM=\"" + joined(lines, "\\n") + "\""}) {
      EXPECT_EQ(load(text, form.encrypted).public_pem(), expected) << text.substr(0, 60);
    }
  }
}

TEST(Pem, AWrongPassphraseIsReportedOnOneLine) {
  const auto lines = lines_of(slurp(data_path("keys/rsa2048.pkcs8.encrypted.pem")));
  const Error error = error_of([&] { PrivateKey::from_pem(joined(lines, "\\n"), Secret("hunter2"), "key.pem"); });
  EXPECT_TRUE(holds(error.message, "the passphrase is wrong"));
}

TEST(Pem, UnclearTextIsNotChangedAndTheMessageSaysWhatIsExpected) {
  const auto lines = lines_of(slurp(data_path("keys/rsa2048.pkcs8.pem")));
  const std::string one = joined(lines, " ");
  for (const std::string& text :
       {one.substr(0, one.size() - 30), one.substr(0, 500) + "\\x" + one.substr(500),
        one.substr(0, 500) + "*" + one.substr(500), one.substr(0, one.size() / 2) + " -----END PRIVATE KEY-----",
        std::string("-----BEGIN PRIVATE KEY-----"), std::string("-----BEGIN PRIVATE KEY----------END PRIVATE KEY-----"),
        std::string("-----BEGIN PRIVATE KEY")}) {
    const Error error = error_of([&] { load(text, false); });
    EXPECT_EQ(error.status, Status::PRIVATE_KEY);
    EXPECT_TRUE(holds(error.message, "line break")) << text.substr(0, 40);
    EXPECT_FALSE(holds(error.message, lines[1].substr(0, 16)));
  }
}

TEST(Pem, MalformedUtf16IsAKeyError) {
  const Error error = error_of([&] { load(utf16(slurp(data_path("keys/rsa2048.pkcs8.pem"))) + "x", false); });
  EXPECT_EQ(error.status, Status::PRIVATE_KEY);
  EXPECT_TRUE(holds(error.message, "UTF-16"));
  EXPECT_TRUE(holds(error.message, "key.pem"));
}

struct Legacy {
  const char *file, *algorithm;
};
const Legacy kLegacy[] = {{"pkcs1.des", "DES-CBC"},
                          {"pkcs8.pbe-md5-des", "DES-CBC"},
                          {"pkcs8.pbes2-des", "DES-CBC"},
                          {"pkcs8.pbe-sha1-rc2-40", "RC2-40-CBC"},
                          {"pkcs8.pbe-sha1-rc4-128", "RC4"}};

TEST(LegacyEncryption, IsNamedWithTheCommandThatConverts) {
  for (const Legacy& legacy : kLegacy) {
    SCOPED_TRACE(legacy.file);
    const std::string path = data_path(std::string("keys/legacy/rsa2048.") + legacy.file + ".pem");
    for (const char* passphrase : {test::kPassphrase, "another"}) {
      const Error error = error_of([&] { PrivateKey::from_file(path, Secret(passphrase)); });
      EXPECT_EQ(error.status, Status::PRIVATE_KEY);
      EXPECT_TRUE(holds(error.message, legacy.algorithm));
      EXPECT_TRUE(holds(error.message, "openssl pkcs8 -topk8 -provider legacy"));
      EXPECT_TRUE(holds(error.message, "-in " + path + " "));
      EXPECT_FALSE(holds(error.message, "passphrase is wrong"));
    }
    const Error error = error_of([&] { PrivateKey::from_file(path, Secret()); });
    EXPECT_TRUE(holds(error.message, "give its passphrase"));
  }
}

TEST(LegacyEncryption, IsNotSeenWhereThereIsNone) {
  for (const auto& form : test::kKeyForms)
    EXPECT_EQ(missing_algorithm(slurp(data_path(std::string("keys/rsa2048") + form.ending))), "") << form.ending;
  for (const char* text :
       {"", "x", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMII\n-----END ENCRYPTED PRIVATE KEY-----\n",
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info:\n-----END RSA PRIVATE KEY-----",
        "-----BEGIN RSA PRIVATE KEY-----\nDEK-Info: NO-SUCH,00\n-----END RSA PRIVATE KEY-----"})
    EXPECT_EQ(missing_algorithm(text), "") << text;
}

}  // namespace
}  // namespace libbcda::crypto
