// Bytes, hex, base64, and secrets that are wiped when they are destroyed.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/secret_memory.hpp"

namespace libbcda {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;
using MutableBytes = std::span<std::uint8_t>;

inline ByteView as_bytes(std::string_view s) { return {reinterpret_cast<const std::uint8_t*>(s.data()), s.size()}; }
inline std::string_view as_text(ByteView b) { return {reinterpret_cast<const char*>(b.data()), b.size()}; }

std::string to_hex(ByteView bytes);                       // lowercase digits
std::optional<Bytes> from_hex(std::string_view text);     // digits of either case; nullopt if not pairs of hex digits
std::string to_base64(ByteView bytes);                    // RFC 4648, with padding
std::optional<Bytes> from_base64(std::string_view text);  // requires padding; nullopt if malformed
std::string to_base64url(ByteView bytes);                 // RFC 4648 section 5, without padding
std::optional<Bytes> from_base64url(std::string_view text);

void wipe(void* data, std::size_t size) noexcept;

// A secret string. It is wiped when it is destroyed or replaced, it is excluded from core files, and it cannot be
// printed.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string_view text) : text_(text.begin(), text.end()) {}
  explicit Secret(SecretBytes text) : text_(std::move(text)) {}
  Secret(const Secret&) = default;
  Secret(Secret&&) noexcept = default;
  Secret& operator=(Secret other) noexcept {
    text_.swap(other.text_);  // `other` wipes the old text
    return *this;
  }

  bool empty() const noexcept { return text_.empty(); }
  std::string_view reveal() const noexcept { return {text_.data(), text_.size()}; }

 private:
  SecretBytes text_;
};

}  // namespace libbcda
