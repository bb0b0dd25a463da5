// Makes the files for the benchmark: encrypted NDJSON files, their manifest, and the private key that unwraps their keys.
//   bench_seal DIR FILES MEBIBYTES ORIGIN
#include <openssl/rand.h>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <string>

#include "base/json.hpp"
#include "crypto/gcm.hpp"

namespace {

using namespace libbcda;

// About four kilobytes, like an ExplanationOfBenefit of the service.
std::string record(int number) {
  std::string line = R"({"resourceType":"ExplanationOfBenefit","id":"carrier-)" + std::to_string(1000000000 + number) +
                     R"(","item":[)";
  while (line.size() < 4000)
    line += R"({"sequence":1,"adjudication":[{"amount":{"code":"USD","system":"urn:iso:std:iso:4217","value":)" +
            std::to_string(number % 997 + line.size()) + R"(}}]},)";
  line.back() = ']';
  return line + "}\n";
}

std::string block() {
  std::string text;
  for (int i = 0; text.size() < (1 << 20) - 8192; ++i) text += record(i);
  std::string rest((1 << 20) - text.size() - 1, 'x');
  return text + rest + "\n";
}

// Writes one file of `mebibytes` and returns the hex of its wrapped key.
std::string seal(const std::string& path, const std::string& name, int mebibytes, const std::string& plain,
                 const std::string& public_pem) {
  crypto::FileKey key;
  std::uint8_t nonce[crypto::kNonceSize];
  RAND_bytes(key.bytes.data(), static_cast<int>(key.bytes.size()));
  RAND_bytes(nonce, sizeof nonce);
  crypto::Sealer sealer(key, nonce);
  std::ofstream out(path, std::ios::binary);
  out.write(reinterpret_cast<const char*>(nonce), sizeof nonce);
  Bytes cipher(plain.size());
  for (int i = 0; i < mebibytes; ++i) {
    sealer.update(as_bytes(plain), cipher);
    out.write(reinterpret_cast<const char*>(cipher.data()), static_cast<std::streamsize>(cipher.size()));
  }
  auto tag = sealer.finish();
  out.write(reinterpret_cast<const char*>(tag.data()), static_cast<std::streamsize>(tag.size()));
  return to_hex(crypto::wrap_file_key(key, public_pem, name));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::cerr << "usage: bench_seal DIR FILES MEBIBYTES ORIGIN\n";
    return 2;
  }
  std::string dir = argv[1], origin = argv[4], plain = block();
  auto key = crypto::PrivateKey::generate();
  std::ofstream(dir + "/private.pem") << key.private_pem();
  json::array output;
  for (int i = 0; i < std::stoi(argv[2]); ++i) {
    char name[64];
    std::snprintf(name, sizeof name, "00000000-0000-4000-8000-%012d.ndjson", i);
    std::string hex = seal(dir + "/" + name, name, std::stoi(argv[3]), plain, key.public_pem());
    output.push_back(
        json::object{{"type", "ExplanationOfBenefit"}, {"url", origin + "/data/1/" + name}, {"encryptedKey", hex}});
  }
  std::ofstream(dir + "/manifest.json") << json::serialize(
      json::object{{"transactionTime", "2019-10-19T14:47:33.975024Z"},
                   {"request", origin + "/api/v1/ExplanationOfBenefit/$export"},
                   {"requiresAccessToken", true},
                   {"output", std::move(output)},
                   {"error", json::array()},
                   {"JobID", 1}});
  return 0;
}
