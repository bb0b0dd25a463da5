#include "crypto/gcm.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/error.hpp"
#include "base/openssl_error.hpp"

namespace libbcda::crypto {
namespace {

constexpr std::size_t kStep = std::size_t{1} << 30;  // OpenSSL takes sizes as int

CipherContext new_context() {
  CipherContext ctx(EVP_CIPHER_CTX_new());
  if (!ctx) throw std::bad_alloc();
  return ctx;
}

void check(int ok) {
  if (ok != 1) throw openssl_error("OpenSSL refused an AES-256-GCM operation");
}

int size_of(ByteView bytes) {  // OpenSSL takes sizes as int
  if (bytes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max() / 2))
    throw Error(Status::LIMIT, "a message to seal or to open is longer than 1 GiB");
  return static_cast<int>(bytes.size());
}

}  // namespace

void CipherContextDeleter::operator()(EVP_CIPHER_CTX* ctx) const noexcept { EVP_CIPHER_CTX_free(ctx); }

Opener::Opener(const FileKey& key) : ctx_(new_context()) {
  check(EVP_DecryptInit_ex(ctx_.get(), EVP_aes_256_gcm(), nullptr, key.bytes.data(), nullptr));
}

std::size_t Opener::decrypt(ByteView in, std::uint8_t* out) {
  std::size_t done = 0;
  while (done < in.size()) {
    int step = static_cast<int>(std::min(kStep, in.size() - done)), written = 0;
    check(EVP_DecryptUpdate(ctx_.get(), out + done, &written, in.data() + done, step));
    done += static_cast<std::size_t>(written);
  }
  return done;
}

std::size_t Opener::update(ByteView in, MutableBytes out) {
  if (nonce_have_ < kNonceSize) {
    std::size_t take = std::min(kNonceSize - nonce_have_, in.size());
    std::copy_n(in.begin(), take, nonce_.begin() + static_cast<std::ptrdiff_t>(nonce_have_));
    nonce_have_ += take;
    in = in.subspan(take);
    if (nonce_have_ < kNonceSize) return 0;
    check(EVP_DecryptInit_ex(ctx_.get(), nullptr, nullptr, nullptr, nonce_.data()));
  }
  if (held_size_ + in.size() <= kTagSize) {
    std::copy(in.begin(), in.end(), held_.begin() + static_cast<std::ptrdiff_t>(held_size_));
    held_size_ += in.size();
    return 0;
  }
  // All bytes of held || in except the last 16 are certainly ciphertext.
  std::size_t certain = held_size_ + in.size() - kTagSize;
  if (out.size() < certain) throw Error(Status::INTERNAL, "no room for decrypted bytes");
  std::size_t from_held = std::min(held_size_, certain);
  std::size_t written = decrypt({held_.data(), from_held}, out.data());
  written += decrypt(in.first(certain - from_held), out.data() + written);

  std::size_t kept = held_size_ - from_held;
  std::memmove(held_.data(), held_.data() + from_held, kept);
  ByteView rest = in.subspan(certain - from_held);
  std::copy(rest.begin(), rest.end(), held_.begin() + static_cast<std::ptrdiff_t>(kept));
  held_size_ = kTagSize;
  return written;
}

void Opener::finish() {
  if (nonce_have_ < kNonceSize || held_size_ < kTagSize)
    throw Error(Status::VERIFICATION, "the file is shorter than the 28 bytes of an encrypted file");
  std::uint8_t none = 0;
  int written = 0;
  check(EVP_CIPHER_CTX_ctrl(ctx_.get(), EVP_CTRL_GCM_SET_TAG, kTagSize, held_.data()));
  if (EVP_DecryptFinal_ex(ctx_.get(), &none, &written) != 1) {
    ERR_clear_error();
    throw Error(Status::DECRYPTION,
                "the GCM tag does not match: the file was altered, cut or is not encrypted with this key; download the "
                "file again");
  }
}

Recipher::Recipher(const FileKey& key, ByteView nonce) : ctx_(new_context()) {
  if (nonce.size() != kNonceSize) throw Error(Status::INVALID_ARGUMENT, "a nonce has 12 bytes");
  std::array<std::uint8_t, 16> counter{};
  std::copy(nonce.begin(), nonce.end(), counter.begin());
  counter.back() = 2;
  check(EVP_EncryptInit_ex(ctx_.get(), EVP_aes_256_ctr(), nullptr, key.bytes.data(), counter.data()));
}

void Recipher::update(ByteView plain, MutableBytes out) {
  for (std::size_t done = 0; done < plain.size();) {
    int step = static_cast<int>(std::min(kStep, plain.size() - done)), written = 0;
    check(EVP_EncryptUpdate(ctx_.get(), out.data() + done, &written, plain.data() + done, step));
    done += static_cast<std::size_t>(written);
  }
}

Sealer::Sealer(const FileKey& key, ByteView nonce) : ctx_(new_context()) {
  if (nonce.size() != kNonceSize) throw Error(Status::INVALID_ARGUMENT, "a nonce has 12 bytes");
  check(EVP_EncryptInit_ex(ctx_.get(), EVP_aes_256_gcm(), nullptr, key.bytes.data(), nonce.data()));
}

std::size_t Sealer::update(ByteView plain, MutableBytes out) {
  std::size_t done = 0;
  while (done < plain.size()) {
    int step = static_cast<int>(std::min(kStep, plain.size() - done)), written = 0;
    check(EVP_EncryptUpdate(ctx_.get(), out.data() + done, &written, plain.data() + done, step));
    done += static_cast<std::size_t>(written);
  }
  return done;
}

std::array<std::uint8_t, kTagSize> Sealer::finish() {
  std::array<std::uint8_t, kTagSize> tag{};
  std::uint8_t none = 0;
  int written = 0;
  check(EVP_EncryptFinal_ex(ctx_.get(), &none, &written));
  check(EVP_CIPHER_CTX_ctrl(ctx_.get(), EVP_CTRL_GCM_GET_TAG, kTagSize, tag.data()));
  return tag;
}

Bytes seal_message(const FileKey& key, ByteView nonce, ByteView context, ByteView message) {
  const CipherContext cipher = new_context();
  Bytes sealed(nonce.begin(), nonce.end());
  sealed.resize(kNonceSize + message.size() + kTagSize);
  std::uint8_t* const out = sealed.data() + kNonceSize;
  int written = 0;
  check(EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key.bytes.data(), nonce.data()));
  check(EVP_EncryptUpdate(cipher.get(), nullptr, &written, context.data(), size_of(context)));
  check(EVP_EncryptUpdate(cipher.get(), out, &written, message.data(), size_of(message)));
  check(EVP_EncryptFinal_ex(cipher.get(), out + message.size(), &written));
  check(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTagSize, out + message.size()));
  return sealed;
}

std::optional<SecretBytes> open_message(const FileKey& key, ByteView context, ByteView sealed) {
  if (sealed.size() < kNonceSize + kTagSize) return std::nullopt;
  const ByteView ciphertext = sealed.subspan(kNonceSize, sealed.size() - kNonceSize - kTagSize);
  Bytes tag(sealed.end() - kTagSize, sealed.end());
  SecretBytes message(ciphertext.size());
  auto* const out = reinterpret_cast<std::uint8_t*>(message.data());
  std::uint8_t none = 0;
  int written = 0;
  const CipherContext cipher = new_context();
  check(EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key.bytes.data(), sealed.data()));
  check(EVP_DecryptUpdate(cipher.get(), nullptr, &written, context.data(), size_of(context)));
  check(
      EVP_DecryptUpdate(cipher.get(), message.empty() ? &none : out, &written, ciphertext.data(), size_of(ciphertext)));
  check(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTagSize, tag.data()));
  if (EVP_DecryptFinal_ex(cipher.get(), &none, &written) == 1) return message;
  ERR_clear_error();
  return std::nullopt;
}

}  // namespace libbcda::crypto
