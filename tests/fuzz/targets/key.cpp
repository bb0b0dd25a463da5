// Private keys: PEM text of every kind, damaged on its way or not, and JWK.
#include "crypto/key.hpp"

#include "crypto/pem.hpp"
#include "crypto/signing_key.hpp"
#include "fuzz/target.hpp"

namespace libbcda::fuzz {
namespace {

const Secret kPassphrase("passphrase");

// Whether a message shows a part of the key: a long run of base64 that is in the input too.
bool shows_key(std::string_view message, std::string_view input) {
  constexpr std::size_t kRun = 20;
  constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_";
  for (std::size_t i = 0; i + kRun <= message.size(); ++i) {
    const std::string_view run = message.substr(i, kRun);
    if (run.find_first_not_of(kBase64) == run.npos && run.find("--") == run.npos && input.find(run) != input.npos)
      return true;
  }
  return false;
}

template <class Load>
void check(std::string_view input, Load&& load) {
  const auto failure = failure_of({Status::PRIVATE_KEY}, load);
  // A kid is shown, because one is chosen by it, and it may be a digest in base64.
  if (failure && failure->message.find("kid") == std::string::npos)
    expect(!shows_key(failure->message, input), "a message shows no part of the key: " + failure->message);
}

}  // namespace

FUZZ_TARGET(key, input) {
  check(input, [&] {
    const auto key = crypto::PrivateKey::from_pem(input, kPassphrase, "it");
    const auto again = crypto::PrivateKey::from_pem(key.private_pem(), Secret(), "it");
    expect(again.public_pem() == key.public_pem(), "a key is the same when it is written and read");
  });
  check(input, [&] {
    const auto key = crypto::SigningKey::from_text(input, kPassphrase, "it", "wanted");
    expect(!key.public_pem().empty() && (key.algorithm() == "RS384" || key.algorithm() == "ES384"),
           "a signing key is of a known kind");
  });
  const SecretBytes repaired = crypto::repair_pem(input);
  if (!repaired.empty())
    expect(crypto::repair_pem({repaired.data(), repaired.size()}) == repaired, "a repaired text needs no repair");
  expect(is_clean(crypto::missing_algorithm(input)), "the name of an algorithm may be shown");
}

}  // namespace libbcda::fuzz
