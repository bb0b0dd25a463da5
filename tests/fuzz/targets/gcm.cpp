// AES-256-GCM: a stream in pieces against OpenSSL's answer for the whole.
#include "crypto/gcm.hpp"

#include <openssl/evp.h>

#include "fuzz/target.hpp"

namespace libbcda::fuzz {
namespace {

using crypto::kNonceSize;
using crypto::kOverhead;
using crypto::kTagSize;

const crypto::FileKey& key() {
  static const crypto::FileKey made = [] {
    crypto::FileKey fresh;
    for (std::size_t i = 0; i < fresh.bytes.size(); ++i) fresh.bytes[i] = static_cast<std::uint8_t>(3 * i + 1);
    return fresh;
  }();
  return made;
}

// The plaintext as one call of OpenSSL gives it. nullopt: the tag does not match.
std::optional<std::string> open_at_once(std::string_view file) {
  const crypto::CipherContext ctx(EVP_CIPHER_CTX_new());
  std::string tag(file.substr(file.size() - kTagSize)), plain(file.size(), '\0');
  const std::string_view body = file.substr(kNonceSize, file.size() - kOverhead);
  const auto* nonce = as_bytes(file).data();
  auto* out = reinterpret_cast<std::uint8_t*>(plain.data());
  int size = 0, rest = 0;
  EVP_DecryptInit_ex(ctx.get(), EVP_aes_256_gcm(), nullptr, key().bytes.data(), nonce);
  EVP_DecryptUpdate(ctx.get(), out, &size, as_bytes(body).data(), static_cast<int>(body.size()));
  EVP_CIPHER_CTX_ctrl(ctx.get(), EVP_CTRL_GCM_SET_TAG, static_cast<int>(kTagSize), tag.data());
  if (EVP_DecryptFinal_ex(ctx.get(), out + size, &rest) != 1) return {};
  return plain.substr(0, static_cast<std::size_t>(size));
}

// The plaintext as the library gives it, from pieces.
std::string open_in_pieces(std::string_view file) {
  crypto::Opener opener(key());
  std::string plain;
  in_pieces(file, [&](std::string_view piece) {
    Bytes out(piece.size() + kTagSize);
    const std::size_t size = opener.update(as_bytes(piece), out);
    expect(size <= out.size(), "no more is written than there is room for");
    plain += as_text(ByteView(out).first(size));
  });
  opener.finish();
  return plain;
}

std::string seal(std::string_view plain, std::string_view nonce) {
  crypto::Sealer sealer(key(), as_bytes(nonce));
  std::string file(nonce);
  in_pieces(plain, [&](std::string_view piece) {
    Bytes out(piece.size());
    file += as_text(ByteView(out).first(sealer.update(as_bytes(piece), out)));
  });
  return file + std::string(as_text(sealer.finish()));
}

void check_open(std::string_view file) {
  std::string plain;
  const auto failure = failure_of({Status::VERIFICATION, Status::DECRYPTION}, [&] { plain = open_in_pieces(file); });
  const bool too_short = file.size() < kOverhead;
  expect(too_short == (failure && failure->status == Status::VERIFICATION), "a file that is too short is called so");
  if (too_short) return;
  const auto known = open_at_once(file);
  expect(known.has_value() == !failure, "the tag is right when OpenSSL says so");
  if (known) expect(*known == plain, "the plaintext is OpenSSL's");
}

}  // namespace

FUZZ_TARGET(gcm, input) {
  check_open(input);
  const std::string nonce = std::string(input.substr(0, kNonceSize)) + std::string(kNonceSize, 'n');
  std::string file = seal(input, nonce.substr(0, kNonceSize));
  expect(open_at_once(file) == input, "OpenSSL opens what was sealed");
  check_open(file);
  Dice dice(input);
  file[dice.below(file.size())] ^= static_cast<char>(1 << dice.below(8));
  expect(!open_at_once(file), "a changed file has a wrong tag");
  check_open(file);
  check_open(std::string_view(file).substr(0, dice.below(file.size())));
}

}  // namespace libbcda::fuzz
