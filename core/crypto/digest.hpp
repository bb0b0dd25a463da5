// Streaming SHA-256.
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

typedef struct evp_md_ctx_st EVP_MD_CTX;

namespace libbcda::crypto {

inline constexpr std::size_t kSha256Size = 32;

class Sha256 {
 public:
  Sha256();
  void update(ByteView bytes);
  std::array<std::uint8_t, 32> finish();

 private:
  struct Deleter {
    void operator()(EVP_MD_CTX* ctx) const noexcept;
  };
  std::unique_ptr<EVP_MD_CTX, Deleter> ctx_;
};

// The SHA-256 of a text, in hex.
std::string hex_digest(std::string_view text);

// The first 8 bytes of a SHA-256: enough to tell millions of texts apart.
std::uint64_t short_digest(std::string_view text);

}  // namespace libbcda::crypto
