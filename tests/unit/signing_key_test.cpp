#include "crypto/signing_key.hpp"

#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <initializer_list>

#include "support/errors.hpp"
#include "support/signing.hpp"

namespace libbcda::crypto {
namespace {

using test::error_of;
using test::holds;
using test::smart_jwk;
using test::smart_path;
using test::smart_text;
using test::verifies;

constexpr std::string_view kMessage = "SMART Backend Services";

SigningKey load(const std::string& text, const char* passphrase = "") {
  return SigningKey::from_text(text, Secret(passphrase), "key.pem");
}
SigningKey load(const json::object& jwk) { return load(json::serialize(jwk)); }

std::string pem_of(EVP_PKEY* key) {
  const NativeKey owner(key, EVP_PKEY_free);
  const std::unique_ptr<BIO, decltype(&BIO_free_all)> bio(BIO_new(BIO_s_mem()), BIO_free_all);
  EXPECT_EQ(PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr), 1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

json::object rsa_jwk() { return smart_jwk("rs384.jwk.json"); }
json::object ec_jwk() { return smart_jwk("es384.jwk.json"); }
json::object without(json::object jwk, std::initializer_list<const char*> names) {
  for (const char* name : names) jwk.erase(name);
  return jwk;
}
json::object with(json::object jwk, const char* name, json::value value) {
  jwk[name] = std::move(value);
  return jwk;
}
json::value letters(std::size_t count) { return json::string(count, 'B'); }
json::object public_of(const json::object& jwk) { return without(jwk, {"d", "p", "q", "dp", "dq", "qi"}); }
json::object set_of(std::initializer_list<json::value> keys) {
  return {{"keys", json::array(keys.begin(), keys.end())}};
}

void expect_known_answer(const SigningKey& key) {
  EXPECT_EQ(key.algorithm(), "RS384");
  EXPECT_EQ(to_base64url(key.sign(smart_text("message.txt"))), smart_text("rs384.signature.txt"));
}

void expect_ec_key(const SigningKey& key) {
  EXPECT_EQ(key.algorithm(), "ES384");
  EXPECT_EQ(key.public_pem(), smart_text("es384.public.pem"));
  const Bytes signature = key.sign(kMessage);
  EXPECT_EQ(signature.size(), 96u);
  EXPECT_TRUE(verifies(smart_text("es384.public.pem"), kMessage, signature));
}

// The error for a text that is not a usable key.
void expect_refused(const std::string& text, const char* words, const char* passphrase = "") {
  SCOPED_TRACE(words);
  const Error error = error_of([&] { load(text, passphrase); });
  EXPECT_EQ(error.status, Status::PRIVATE_KEY);
  EXPECT_TRUE(holds(error.message, "signing key key.pem: "));
  EXPECT_TRUE(holds(error.message, words));
  EXPECT_EQ(error.file, "");
  for (const char* member : {"d", "p", "q", "dp", "dq", "qi"})
    EXPECT_FALSE(holds(error.message, string_member(rsa_jwk(), member)));
  EXPECT_FALSE(holds(error.message, string_member(ec_jwk(), "d")));
}
void expect_refused(const json::object& jwk, const char* words) { expect_refused(json::serialize(jwk), words); }

// ---- Forms of keys

TEST(SigningKeys, RsaLoadsInEveryForm) {
  for (const auto& form : test::kKeyForms) {
    const std::string path = test::data_path(std::string("keys/rsa2048") + form.ending);
    SCOPED_TRACE(path);
    const SigningKey key = SigningKey::from_file(path, Secret(form.encrypted ? test::kPassphrase : ""));
    expect_known_answer(key);
    EXPECT_EQ(key.key_id(), "");
    EXPECT_EQ(key.public_pem(), test::rsa_public_pem());
  }
  const SigningKey jwk = SigningKey::from_file(smart_path("rs384.jwk.json"), Secret());
  expect_known_answer(jwk);
  EXPECT_EQ(jwk.key_id(), "example-rs384");
}

TEST(SigningKeys, EcLoadsInEveryForm) {
  for (const char* name : {"es384.sec1.pem", "es384.sec1.encrypted.pem", "es384.pkcs8.pem", "es384.pkcs8.encrypted.pem",
                           "es384.jwk.json"}) {
    SCOPED_TRACE(name);
    expect_ec_key(SigningKey::from_file(smart_path(name), Secret(test::kPassphrase)));
  }
  EXPECT_EQ(load(ec_jwk()).key_id(), "example-es384");
}

TEST(SigningKeys, PemThatLostItsLineBreaksIsRepaired) {
  std::string text = smart_text("es384.sec1.pem");
  std::replace(text.begin(), text.end(), '\n', ' ');
  expect_ec_key(load(text));
}

TEST(SigningKeys, TextAroundAJwkDoesNoHarm) {
  const std::string text = json::serialize(ec_jwk());
  for (const std::string& around : {"\xEF\xBB\xBF" + text, "\r\n " + text + "\n", "'" + text + "'"})
    expect_ec_key(load(around));
}

TEST(SigningKeys, AnRsaJwkNeedsOnlyNAndEAndD) {
  expect_known_answer(load(without(rsa_jwk(), {"p", "q", "dp", "dq", "qi"})));
  expect_known_answer(load(without(rsa_jwk(), {"dp", "dq", "qi"})));
  expect_known_answer(load(without(rsa_jwk(), {"qi", "alg", "use", "key_ops", "kid"})));
  EXPECT_EQ(load(without(rsa_jwk(), {"kid"})).key_id(), "");
}

TEST(SigningKeys, TheFactorsOfAnRsaJwkMayChangePlaces) {
  json::object jwk = rsa_jwk();
  std::swap(jwk["p"], jwk["q"]);
  expect_known_answer(load(jwk));
}

TEST(SigningKeys, AJwkSetWithOneSigningKeyIsTaken) {
  expect_known_answer(load(set_of({rsa_jwk()})));
  expect_ec_key(load(set_of({public_of(rsa_jwk()), ec_jwk()})));
  expect_ec_key(load(set_of({with(rsa_jwk(), "use", "enc"), ec_jwk(), with(rsa_jwk(), "alg", "RS256")})));
}

TEST(SigningKeys, TheKeyIdChoosesAmongTheKeysOfASet) {
  const std::string both = json::serialize(set_of({rsa_jwk(), ec_jwk()}));
  expect_known_answer(SigningKey::from_text(both, Secret(), "keys", "example-rs384"));
  expect_ec_key(SigningKey::from_text(both, Secret(), "keys", "example-es384"));
  for (const char* id : {"", "another"}) {
    const Error error = error_of([&] { SigningKey::from_text(both, Secret(), "keys", id); });
    EXPECT_TRUE(holds(error.message, "the setting key_id")) << error.message;
  }
  // A set with one key needs no choice, because key_id may be another name for it.
  expect_known_answer(SigningKey::from_text(json::serialize(set_of({rsa_jwk()})), Secret(), "keys", "another"));
}

TEST(SigningKeys, ACopySignsToo) {
  const SigningKey key = load(rsa_jwk());
  const SigningKey copy = key;
  EXPECT_EQ(copy.sign(kMessage), key.sign(kMessage));
}

// ---- Signatures

TEST(SigningKeys, RsaSignaturesAreDeterministicAndVerify) {
  const SigningKey key = SigningKey::from_file(test::rsa_pem_path(), Secret());
  for (const std::string& message : {std::string(), std::string(kMessage), std::string(100000, '\0')}) {
    const Bytes signature = key.sign(message);
    EXPECT_EQ(signature, key.sign(message));
    EXPECT_TRUE(verifies(test::rsa_public_pem(), message, signature));
    EXPECT_FALSE(verifies(test::rsa_public_pem(), message + "x", signature));
  }
}

// About one signature in 128 has an R or an S with a leading zero byte. The test goes on until it has seen one of each.
TEST(SigningKeys, EcSignaturesAlwaysHaveTheSameSize) {
  const SigningKey key = load(ec_jwk());
  bool short_r = false, short_s = false;
  for (int i = 0; i < 20000 && !(short_r && short_s); ++i) {
    const Bytes signature = key.sign(kMessage);
    ASSERT_EQ(signature.size(), 96u);
    if (signature[0] != 0 && signature[48] != 0) continue;
    (signature[0] == 0 ? short_r : short_s) = true;
    EXPECT_TRUE(verifies(smart_text("es384.public.pem"), kMessage, signature));
  }
  EXPECT_TRUE(short_r && short_s);
}

Bytes hex(const std::string& text) { return from_hex(text).value(); }

TEST(RawSignature, PadsShortNumbers) {
  const std::string zeros(94, '0');
  EXPECT_EQ(to_hex(raw_signature(hex("3006020101020102"))), zeros + "01" + zeros + "02");
  // A first byte of 0x80 or more has a zero byte before it in DER.
  EXPECT_EQ(to_hex(raw_signature(hex("3007020200ff02017f"))), zeros + "ff" + zeros + "7f");
}

TEST(RawSignature, KeepsLongNumbers) {
  const std::string r(96, 'e'), s(96, '7');
  EXPECT_EQ(to_hex(raw_signature(hex("3065023100" + r + "0230" + s))), r + s);
}

TEST(RawSignature, RefusesWhatIsNotASignatureOnP384) {
  for (const std::string& der :
       {std::string(), std::string("00"), std::string("3006020101020102ff"), std::string("30060201ff020102"),
        "3036020101" + ("0231" + std::string("01")) + std::string(96, '0'), std::string("3003020101")})
    EXPECT_EQ(error_of([&] { raw_signature(hex(der)); }).status, Status::INTERNAL) << der;
}

// ---- Texts that are no usable key

TEST(SigningKeys, UnusablePemIsDescribed) {
  const std::string pem = smart_text("es384.pkcs8.pem");
  expect_refused(smart_text("es384.public.pem"), "this is a public key; give the private key");
  expect_refused("-----BEGIN RSA PUBLIC KEY-----\nAAAA\n-----END RSA PUBLIC KEY-----\n", "this is a public key");
  expect_refused("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "this is a certificate");
  expect_refused("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n", "ssh-keygen");
  expect_refused(pem_of(EVP_EC_gen("P-256")), "on P-256, but ES384 needs P-384");
  expect_refused(pem_of(EVP_EC_gen("secp256k1")), "on secp256k1, but ES384 needs P-384");
  expect_refused(pem_of(EVP_RSA_gen(1024)), "RSA with 1024 bits; RS384 needs 2048");
  expect_refused(pem_of(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")), "kind ED25519; give an RSA key");
  expect_refused(pem.substr(0, pem.size() / 2), "damaged");
  expect_refused("", "empty");
  expect_refused(" \r\n", "empty");
  expect_refused("hello", "neither PEM text");
  expect_refused(std::string(2 << 20, 'x'), "too large");
}

TEST(SigningKeys, ThePassphraseIsAskedForAndNotShown) {
  for (const char* name : {"es384.sec1.encrypted.pem", "es384.pkcs8.encrypted.pem"}) {
    expect_refused(smart_text(name), "it is encrypted; give its passphrase (");
    expect_refused(smart_text(name), "the passphrase is wrong", "hunter2");
    EXPECT_FALSE(holds(error_of([&] { load(smart_text(name), "hunter2"); }).message, "hunter2"));
  }
}

TEST(SigningKeys, UnusableJwksAreDescribed) {
  expect_refused(public_of(rsa_jwk()), "this is a public key; give the private key");
  expect_refused(public_of(ec_jwk()), "this is a public key; give the private key");
  expect_refused(json::object{{"kty", "oct"}, {"k", "AAAA"}}, "a key of kind \"oct\"");
  expect_refused(json::object{{"a", 1}}, "it has no kty");
  expect_refused(with(rsa_jwk(), "alg", "RS256"), "its alg is \"RS256\", but a key of kind RSA signs with RS384");
  expect_refused(with(ec_jwk(), "alg", "ES256"), "signs with ES384");
  expect_refused(with(rsa_jwk(), "use", "enc"), "its use is \"enc\"");
  // A number of the key in the wrong place is not shown.
  const char* const number = "TZHe6hTmlahB_nq8siuCxx7y4Y";
  for (const char* member : {"alg", "use", "kty"}) expect_refused(with(rsa_jwk(), member, number), "a long text");
  expect_refused(with(ec_jwk(), "crv", number), "this is an EC key on another curve,");
  expect_refused(with(rsa_jwk(), "key_ops", json::array{"verify"}), "key_ops do not have \"sign\"");
  expect_refused(with(rsa_jwk(), "kid", 7), "its kid is not a string");
  expect_refused(with(ec_jwk(), "crv", "P-256"), "on P-256, but ES384 needs P-384");
  expect_refused(without(ec_jwk(), {"crv"}), "lacks its member crv");
  expect_refused(without(ec_jwk(), {"y"}), "lacks its member y");
  expect_refused(without(rsa_jwk(), {"n"}), "lacks its member n");
  expect_refused(without(rsa_jwk(), {"q"}), "lacks its member q");
  expect_refused(with(rsa_jwk(), "oth", json::array{}), "more than two primes");
}

TEST(SigningKeys, DamagedJwksAreDescribed) {
  for (const json::value& bad :
       {json::value("!"), json::value(""), json::value("A"), json::value(" AAA"), json::value(5)})
    expect_refused(with(ec_jwk(), "d", bad), "its member d is not base64url text");
  expect_refused(with(ec_jwk(), "x", letters(80)), "its member x is too long for P-384");
  expect_refused(with(ec_jwk(), "x", letters(64)), "not a key on P-384");
  expect_refused(with(ec_jwk(), "d", letters(64)), "not of one key");
  for (const char* bad : {"AA", "AQ", "Ag"}) {
    expect_refused(with(rsa_jwk(), "p", bad), "p and q do not belong to its n");
    expect_refused(with(rsa_jwk(), "n", bad), "");
    expect_refused(without(with(rsa_jwk(), "d", bad), {"p", "q"}), "not of one key");
    expect_refused(with(ec_jwk(), "d", bad), "");
  }
  expect_refused(with(with(rsa_jwk(), "p", "AQ"), "q", rsa_jwk()["n"]), "p and q do not belong to its n");
  expect_refused(with(with(rsa_jwk(), "q", "AQ"), "p", rsa_jwk()["n"]), "");
  expect_refused(without(with(rsa_jwk(), "n", letters(4000)), {"p", "q"}), "RSA with 23");
}

// A signature with such a key would take very long, or would be none.
TEST(SigningKeys, ExponentsThatNoKeyHasAreRefused) {
  const json::object bare = without(rsa_jwk(), {"p", "q"});
  for (const char* e : {"AQ", "Ag", "AQAA", "AQAAAAAAAAAB"})  // 1, 2, 65536, 2^64 + 1
    expect_refused(with(bare, "e", e), "its exponents");
  expect_refused(with(with(bare, "e", "AQ"), "d", "AQ"), "its exponents");
  expect_refused(with(bare, "d", letters(25'000)), "its exponents");
  expect_refused(with(rsa_jwk(), "d", letters(25'000)), "its exponents");
}

TEST(SigningKeys, UnusableJsonIsDescribed) {
  const std::string text = json::serialize(rsa_jwk());
  expect_refused(text.substr(0, text.size() / 2), "is not JSON");
  expect_refused("{\"kty\": RSA}", "is not JSON");
  expect_refused(text + " {}", "text after the JSON");
  expect_refused("[" + text + "]", "not an object");
  expect_refused(std::string(3000, '['), "nested deeper");
  expect_refused("{" + std::string(100000, ' ') + "}", "too large to be a key");
  expect_refused(set_of({}), "has no keys");
  expect_refused(set_of({7}), "not an object");
  expect_refused(set_of({public_of(rsa_jwk()), public_of(ec_jwk())}), "this is a public key");
  expect_refused(set_of({public_of(rsa_jwk()), with(ec_jwk(), "alg", "ES256")}), "signs with ES384");
  expect_refused(set_of({rsa_jwk(), ec_jwk()}), "2 keys that can sign (kid \"example-rs384\", \"example-es384\")");
}

TEST(SigningKeys, AnErrorNamesTheFile) {
  const std::string path = smart_path("es384.public.pem"), none = smart_path("none.pem");
  const Error error = error_of([&] { SigningKey::from_file(path, Secret()); });
  EXPECT_EQ(error.file, path);
  EXPECT_TRUE(holds(error.message, path));
  const Error missing = error_of([&] { SigningKey::from_file(none, Secret()); });
  EXPECT_EQ(missing.status, Status::FILESYSTEM);
  EXPECT_EQ(missing.file, none);
}

}  // namespace
}  // namespace libbcda::crypto
