#include "crypto/key.hpp"

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "support/errors.hpp"
#include "support/files.hpp"
#include "support/vectors.hpp"

namespace libbcda::crypto {
namespace {

using test::data_path;
using test::error_of;
using test::holds;
using test::slurp;
using test::TempDir;
using test::Vector;

using Native = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

std::string pem_of(Native key) {
  std::unique_ptr<BIO, decltype(&BIO_free_all)> bio(BIO_new(BIO_s_mem()), BIO_free_all);
  EXPECT_TRUE(key);
  EXPECT_EQ(PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr), 1);
  char* data = nullptr;
  long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string rsa_pem(unsigned bits) { return pem_of({EVP_RSA_gen(bits), EVP_PKEY_free}); }
std::string ec_pem() { return pem_of({EVP_EC_gen("P-256"), EVP_PKEY_free}); }
std::string ed25519_pem() { return pem_of({EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), EVP_PKEY_free}); }

PrivateKey load(const std::string& pem, const char* passphrase = "") {
  return PrivateKey::from_pem(pem, Secret(passphrase), "key.pem");
}

const PrivateKey& some_key() {
  static const PrivateKey key = PrivateKey::from_file(data_path("keys/rsa2048.pkcs8.pem"), Secret());
  return key;
}
const PrivateKey& other_key() {
  static const PrivateKey key = PrivateKey::from_file(data_path("keys/rsa2048-other.pkcs1.pem"), Secret());
  return key;
}

// The lines of a PEM text that contain the key.
bool shows_key_text(const std::string& message, const std::string& pem) {
  std::istringstream lines(pem);
  for (std::string line; std::getline(lines, line);)
    if (line.size() >= 16 && line.find("-----") == std::string::npos && message.find(line) != std::string::npos)
      return true;
  return false;
}

TEST(PrivateKeys, LoadInEveryForm) {
  for (int bits : {2048, 4096}) {
    for (const auto& form : test::kKeyForms) {
      std::string stem = "keys/rsa" + std::to_string(bits), path = data_path(stem + form.ending);
      SCOPED_TRACE(path);
      Secret passphrase(form.encrypted ? test::kPassphrase : "");
      PrivateKey key = PrivateKey::from_file(path, passphrase);
      EXPECT_EQ(key.bits(), bits);
      EXPECT_EQ(key.public_pem(), slurp(data_path(stem + ".public.pem")));
      EXPECT_EQ(PrivateKey::from_pem(slurp(path), passphrase, "x").private_pem(), key.private_pem());
    }
  }
}

TEST(PrivateKeys, AnErrorNamesTheFileWhereThereIsOne) {
  std::string path = data_path("keys/rsa2048.public.pem");
  Error error = error_of([&] { PrivateKey::from_file(path, Secret()); });
  EXPECT_EQ(error.file, path);
  EXPECT_TRUE(holds(error.message, path));
}

TEST(PrivateKeys, APassphraseThatIsNotNeededDoesNoHarm) {
  EXPECT_NO_THROW(PrivateKey::from_file(data_path("keys/rsa2048.pkcs1.pem"), Secret("unused")));
}

TEST(PrivateKeys, TextAroundThePemDoesNoHarm) {
  EXPECT_EQ(load("Bag Attributes\r\n  x: y\n" + some_key().private_pem() + "\n\n").public_pem(),
            some_key().public_pem());
}

TEST(PrivateKeys, ACopyIsTheSameKey) {
  PrivateKey copy = some_key();
  EXPECT_EQ(copy.native(), some_key().native());
}

TEST(PrivateKeys, GenerateMakesAKeyThatLoads) {
  PrivateKey key = PrivateKey::generate();
  EXPECT_EQ(key.bits(), 2048);
  EXPECT_EQ(load(key.private_pem()).public_pem(), key.public_pem());
  EXPECT_NE(key.public_pem(), some_key().public_pem());
}

TEST(PrivateKeys, AMissingPassphraseIsAskedFor) {
  for (const auto& form : test::kKeyForms) {
    if (!form.encrypted) continue;
    std::string path = data_path(std::string("keys/rsa2048") + form.ending);
    Error error = error_of([&] { PrivateKey::from_file(path, Secret()); });
    EXPECT_EQ(error.status, Status::PRIVATE_KEY);
    EXPECT_TRUE(holds(error.message, "private_key_passphrase"));
    EXPECT_TRUE(holds(error.message, path));
    EXPECT_EQ(error.file, path);
  }
}

TEST(PrivateKeys, AWrongPassphraseIsReportedAndNotShown) {
  for (const auto& form : test::kKeyForms) {
    if (!form.encrypted) continue;
    std::string path = data_path(std::string("keys/rsa2048") + form.ending);
    for (const std::string& passphrase : {std::string("hunter2"), std::string("hunter2") + std::string(5000, 'x')}) {
      Error error = error_of([&] { PrivateKey::from_file(path, Secret(passphrase)); });
      EXPECT_EQ(error.status, Status::PRIVATE_KEY);
      EXPECT_TRUE(holds(error.message, "the passphrase is wrong"));
      EXPECT_FALSE(holds(error.message, "hunter2"));
    }
  }
}

TEST(PrivateKeys, AnUnusableKeyIsDescribed) {
  std::string pem = some_key().private_pem(), damaged = pem;
  damaged.replace(damaged.size() / 2, 4, "*!*!");
  struct {
    const char* what;
    std::string pem;
    const char* words;
  } const cases[] = {
      {"public key", slurp(data_path("keys/rsa2048.public.pem")), "this is a public key"},
      {"PKCS#1 public key", "-----BEGIN RSA PUBLIC KEY-----\nAAAA\n-----END RSA PUBLIC KEY-----\n",
       "this is a public key"},
      {"certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "this is a certificate"},
      {"OpenSSH", "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n", "ssh-keygen"},
      {"EC key", ec_pem(), "RSA keys only"},
      {"Ed25519 key", ed25519_pem(), "RSA keys only"},
      {"small key", rsa_pem(1024), "RSA with 1024 bits; the service takes 2048 or more"},
      {"empty", "", "empty"},
      {"blank", " \r\n\t\n", "empty"},
      {"garbage", "hello", "not PEM"},
      {"DER", std::string("\x30\x82\x04\xbd\x02\x01\x00", 7), "not PEM"},
      {"cut", pem.substr(0, pem.size() / 2), "damaged"},
      {"altered", damaged, "damaged"},
      {"huge", std::string(2 << 20, 'x'), "too large"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    Error error = error_of([&] { load(c.pem); });
    EXPECT_EQ(error.status, Status::PRIVATE_KEY);
    EXPECT_TRUE(holds(error.message, "key.pem"));
    EXPECT_TRUE(holds(error.message, c.words));
    EXPECT_EQ(error.file, "");  // the key is not from a file
    EXPECT_FALSE(shows_key_text(error.message, c.pem));
  }
}

TEST(PrivateKeys, APathThatCannotBeReadIsAFileError) {
  TempDir dir;
  for (const std::string& path : {dir / "none.pem", dir.path()}) {
    Error error = error_of([&] { PrivateKey::from_file(path, Secret()); });
    EXPECT_EQ(error.status, Status::FILESYSTEM);
    EXPECT_TRUE(holds(error.message, "private key"));
    EXPECT_TRUE(holds(error.message, path));
    EXPECT_EQ(error.file, path);
  }
}

// ---- Wrapped keys

TEST(Unwrap, OpensEveryVectorsKey) {
  ASSERT_GE(test::vectors().size(), 16u);
  for (const Vector& vector : test::vectors()) {
    PrivateKey key = PrivateKey::from_file(vector.key_stem + ".pkcs1.pem", Secret());
    FileKey opened = key.unwrap(from_hex(vector.encrypted_key).value(), vector.filename);
    EXPECT_EQ(to_hex(opened.bytes), vector.file_key) << vector.name;
  }
}

TEST(Unwrap, IsTheInverseOfWrap) {
  FileKey key;
  for (std::size_t i = 0; i < kFileKeySize; ++i) key.bytes[i] = static_cast<std::uint8_t>(i * 11);
  for (const char* label : {"a.ndjson", "", "\xE2\x82\xAC"}) {
    Bytes wrapped = wrap_file_key(key, some_key().public_pem(), label);
    EXPECT_EQ(wrapped.size(), 256u);
    EXPECT_EQ(to_hex(some_key().unwrap(wrapped, label).bytes), to_hex(key.bytes)) << label;
  }
  EXPECT_NE(wrap_file_key(key, some_key().public_pem(), "a"), wrap_file_key(key, some_key().public_pem(), "a"));
}

TEST(Unwrap, HasTheSameErrorForEveryCause) {
  const Vector& vector = test::vectors().front();
  Bytes good = from_hex(vector.encrypted_key).value();
  auto message = [&](const PrivateKey& key, const Bytes& wrapped, const std::string& label) {
    Error error = error_of([&] { key.unwrap(wrapped, label); });
    EXPECT_EQ(error.status, Status::DECRYPTION);
    EXPECT_EQ(error.file, label);
    std::string text = error.message;
    if (auto at = text.find(label); !label.empty() && at != std::string::npos) text.replace(at, label.size(), "NAME");
    return text;
  };
  std::string expected = message(other_key(), good, vector.filename);
  EXPECT_TRUE(holds(expected, "does not open with this private key"));

  std::string upper = vector.filename;
  for (char& c : upper) c = static_cast<char>(::toupper(static_cast<unsigned char>(c)));
  for (const std::string& label : {upper, vector.filename + " ", vector.filename.substr(1), std::string("x")})
    EXPECT_EQ(message(some_key(), good, label), expected) << label;
  for (std::size_t at : {0u, 1u, 100u, 254u, 255u}) {
    for (int bit : {0, 7}) {
      Bytes altered = good;
      altered[at] ^= static_cast<std::uint8_t>(1 << bit);
      EXPECT_EQ(message(some_key(), altered, vector.filename), expected) << at;
    }
  }
  for (const Bytes& wrapped : {Bytes(256, 0), Bytes(256, 0xff)})
    EXPECT_EQ(message(some_key(), wrapped, vector.filename), expected);
}

// The message may show the length, because the manifest shows it too.
TEST(Unwrap, SaysThatAWrappedKeyOfAnotherLengthIsNotForThisKey) {
  for (std::size_t size : {0u, 1u, 255u, 257u, 384u, 512u, 100000u}) {
    const Error error = error_of([&] { some_key().unwrap(Bytes(size, 1), "the-file"); });
    EXPECT_EQ(error.status, Status::DECRYPTION);
    EXPECT_EQ(error.file, "the-file");
    EXPECT_TRUE(holds(error.message, "the-file has " + std::to_string(size) + " bytes"));
    EXPECT_TRUE(holds(error.message, std::to_string(8 * size) + " bits"));
    EXPECT_TRUE(holds(error.message, "256 bytes (2048 bits)"));
    EXPECT_TRUE(holds(error.message, "not the registered one"));
    EXPECT_TRUE(holds(error.message, "cut"));
  }
}

TEST(Unwrap, RefusesAKeyOfAnotherSizeInTheSameWords) {
  const std::string pem = some_key().public_pem();
  std::unique_ptr<BIO, decltype(&BIO_free_all)> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())),
                                                    BIO_free_all);
  Native key(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr), EVP_PKEY_free);
  for (std::size_t size : {0u, 16u, 31u, 33u, 64u}) {
    std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context(EVP_PKEY_CTX_new(key.get(), nullptr),
                                                                        EVP_PKEY_CTX_free);
    ASSERT_GT(EVP_PKEY_encrypt_init(context.get()), 0);
    ASSERT_GT(EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_OAEP_PADDING), 0);
    ASSERT_GT(EVP_PKEY_CTX_set_rsa_oaep_md(context.get(), EVP_sha256()), 0);
    ASSERT_GT(EVP_PKEY_CTX_set_rsa_mgf1_md(context.get(), EVP_sha256()), 0);
    Bytes content(size + 1, 7), wrapped(256);
    std::size_t written = wrapped.size();
    ASSERT_GT(EVP_PKEY_encrypt(context.get(), wrapped.data(), &written, content.data(), size), 0);
    Error error = error_of([&] { some_key().unwrap(wrapped, ""); });
    EXPECT_EQ(error.status, Status::DECRYPTION) << size;
    EXPECT_TRUE(holds(error.message, "does not open with this private key")) << size;
  }
}

TEST(Unwrap, DoesNotShowTheKeys) {
  const Vector& vector = test::vectors().front();
  Bytes altered = from_hex(vector.encrypted_key).value();
  altered[9] ^= 1;
  Error error = error_of([&] { some_key().unwrap(altered, vector.filename); });
  EXPECT_FALSE(holds(error.message, vector.encrypted_key.substr(0, 16)));
  EXPECT_FALSE(holds(error.message, vector.file_key.substr(0, 16)));
  EXPECT_FALSE(shows_key_text(error.message, some_key().private_pem()));
}

TEST(Wrap, WantsAPublicKey) {
  for (const std::string& pem : {std::string(), std::string("x"), some_key().private_pem()})
    EXPECT_EQ(error_of([&] { wrap_file_key(FileKey(), pem, "a"); }).status, Status::INVALID_ARGUMENT);
}

}  // namespace
}  // namespace libbcda::crypto
