// Makes the files for the benchmark: encrypted NDJSON files, their manifest, and the private key that unwraps their keys.
//   bench_seal DIR FILES MEBIBYTES ORIGIN [CLAIMS]
// CLAIMS: an NDJSON file whose lines the files repeat, instead of records that are no claims.
// With 0 MEBIBYTES each file has one short line. The manifest has each wrapped key twice, as the service's has.
#include <openssl/rand.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
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

// About a mebibyte of whole lines.
std::string block_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string lines{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  std::string text;
  while (!lines.empty() && text.size() < (1 << 20)) text += lines;
  return text;
}

// Writes one file with `plain` in it `times` times, and returns the hex of its wrapped key.
std::string seal(const std::string& path, const std::string& name, int times, const std::string& plain,
                 const std::string& public_pem) {
  crypto::FileKey key;
  std::uint8_t nonce[crypto::kNonceSize];
  RAND_bytes(key.bytes.data(), static_cast<int>(key.bytes.size()));
  RAND_bytes(nonce, sizeof nonce);
  crypto::Sealer sealer(key, nonce);
  std::ofstream out(path, std::ios::binary);
  out.write(reinterpret_cast<const char*>(nonce), sizeof nonce);
  Bytes cipher(plain.size());
  for (int i = 0; i < times; ++i) {
    sealer.update(as_bytes(plain), cipher);
    out.write(reinterpret_cast<const char*>(cipher.data()), static_cast<std::streamsize>(cipher.size()));
  }
  auto tag = sealer.finish();
  out.write(reinterpret_cast<const char*>(tag.data()), static_cast<std::streamsize>(tag.size()));
  return to_hex(crypto::wrap_file_key(key, public_pem, name));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5 && argc != 6) {
    std::cerr << "usage: bench_seal DIR FILES MEBIBYTES ORIGIN [CLAIMS]\n";
    return 2;
  }
  const std::string dir = argv[1], origin = argv[4];
  const int mebibytes = std::stoi(argv[3]);
  const std::string plain = argc == 6       ? block_of(argv[5])
                            : mebibytes > 0 ? block()
                                            : "{\"resourceType\":\"Patient\"}\n";
  auto key = crypto::PrivateKey::generate();
  std::ofstream(dir + "/private.pem") << key.private_pem();
  json::array output;
  json::object key_map;
  for (int i = 0; i < std::stoi(argv[2]); ++i) {
    char name[64];
    std::snprintf(name, sizeof name, "00000000-0000-4000-8000-%012d.ndjson", i);
    const std::string hex = seal(dir + "/" + name, name, std::max(1, mebibytes), plain, key.public_pem());
    key_map[name] = hex;
    output.push_back(
        json::object{{"type", "ExplanationOfBenefit"}, {"url", origin + "/data/1/" + name}, {"encryptedKey", hex}});
  }
  std::ofstream(dir + "/manifest.json") << json::serialize(
      json::object{{"transactionTime", "2019-10-19T14:47:33.975024Z"},
                   {"request", origin + "/api/v1/ExplanationOfBenefit/$export"},
                   {"requiresAccessToken", true},
                   {"output", std::move(output)},
                   {"error", json::array()},
                   {"KeyMap", std::move(key_map)},
                   {"JobID", 1}});
  return 0;
}
