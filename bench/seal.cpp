// Makes the files for the benchmark: encrypted NDJSON files, their manifest, and the private key that unwraps their keys.
//   bench_seal DIR FILES BYTES ORIGIN [CLAIMS]
// CLAIMS: an NDJSON file whose lines the files repeat, instead of records that are no claims.
// BYTES: the size of each file; beyond 1 MiB, a number of whole MiB. With 0 a file has one short line. The manifest has
// each wrapped key twice, as the service's has.
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

// Exactly so many bytes, of records and a last line that is none.
std::string block(std::size_t size) {
  std::string text;
  for (int i = 0; text.size() + 4200 < size; ++i) text += record(i);
  return text + std::string(size - text.size() - 1, 'x') + "\n";
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
std::string seal(const std::string& path, const std::string& name, std::int64_t times, const std::string& plain,
                 const std::string& public_pem) {
  crypto::FileKey key;
  std::uint8_t nonce[crypto::kNonceSize];
  RAND_bytes(key.bytes.data(), static_cast<int>(key.bytes.size()));
  RAND_bytes(nonce, sizeof nonce);
  crypto::Sealer sealer(key, nonce);
  std::ofstream out(path, std::ios::binary);
  out.write(reinterpret_cast<const char*>(nonce), sizeof nonce);
  Bytes cipher(plain.size());
  for (std::int64_t i = 0; i < times; ++i) {
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
    std::cerr << "usage: bench_seal DIR FILES BYTES ORIGIN [CLAIMS]\n";
    return 2;
  }
  const std::string dir = argv[1], origin = argv[4];
  const std::int64_t size = std::stoll(argv[3]), step = std::min<std::int64_t>(size, 1 << 20);
  const std::string plain = argc == 6  ? block_of(argv[5])
                            : size > 0 ? block(static_cast<std::size_t>(step))
                                       : "{\"resourceType\":\"ExplanationOfBenefit\"}\n";
  const std::int64_t times = size > 0 ? std::max<std::int64_t>(1, size / step) : 1;
  auto key = crypto::PrivateKey::generate();
  std::ofstream(dir + "/private.pem") << key.private_pem();
  json::array output;
  json::object key_map;
  for (int i = 0; i < std::stoi(argv[2]); ++i) {
    char name[64];
    std::snprintf(name, sizeof name, "00000000-0000-4000-8000-%012d.ndjson", i);
    const std::string hex = seal(dir + "/" + name, name, times, plain, key.public_pem());
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
