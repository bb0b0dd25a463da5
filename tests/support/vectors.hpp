// The known-answer vectors: files that the service's own code of 2019 has encrypted.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/json.hpp"
#include "crypto/key.hpp"
#include "support/files.hpp"

namespace libbcda::test {

inline std::string data_path(const std::string& name) { return std::string(BCDA_TEST_DATA) + "/" + name; }

struct Vector {
  std::string name;
  std::string filename;       // the OAEP label
  std::string encrypted_key;  // hex
  std::string key_stem;       // "keys/rsa2048": the common prefix of the key files
  std::string cipher_path;
  std::string plain_path;
  std::string plain_sha256;
  std::string file_key;  // hex
};

inline const char* const kPassphrase = "test-passphrase";
// A form of a private key: the suffix after Vector::key_stem, and whether the passphrase is needed.
struct KeyForm {
  const char* ending;
  bool encrypted;
};
inline constexpr KeyForm kKeyForms[] = {
    {".pkcs1.pem", false}, {".pkcs8.pem", false}, {".pkcs1.encrypted.pem", true}, {".pkcs8.encrypted.pem", true}};

inline std::vector<Vector> load_vectors() {
  auto root = parse_json(slurp(data_path("vectors.json")));
  std::vector<Vector> vectors;
  if (!root) return vectors;
  for (const json::value& value : root->at("vectors").as_array()) {
    const json::object& one = value.as_object();
    auto text = [&](const char* member) { return string_member(one, member); };
    std::string key = text("keyFile");
    vectors.push_back({text("name"), text("filename"), text("encryptedKey"), data_path(key.substr(0, key.find('.'))),
                       data_path(text("ciphertextFile")), data_path(text("plaintextFile")), text("plaintextSha256"),
                       text("symmetricKey")});
  }
  return vectors;
}

inline const std::vector<Vector>& vectors() {
  static const std::vector<Vector> all = load_vectors();
  return all;
}

inline crypto::FileKey file_key_from_hex(const std::string& hex) {
  crypto::FileKey key;
  auto bytes = from_hex(hex);
  if (bytes && bytes->size() == crypto::kFileKeySize)
    std::copy(bytes->begin(), bytes->end(), key.bytes.begin());
  else
    ADD_FAILURE() << "not a file key: " << hex;
  return key;
}

}  // namespace libbcda::test
