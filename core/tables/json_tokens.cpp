#include "tables/json_tokens.hpp"

#include <simdjson.h>

#include <algorithm>
#include <new>

namespace libbcda::tables {

std::string simdjson_version() {
  return std::to_string(simdjson::SIMDJSON_VERSION_MAJOR) + "." + std::to_string(simdjson::SIMDJSON_VERSION_MINOR) +
         "." + std::to_string(simdjson::SIMDJSON_VERSION_REVISION);
}

// simdjson chooses its code for this processor here, at run time.
struct JsonTokens::Scanner {
  std::unique_ptr<simdjson::internal::dom_parser_implementation> stages;

  void grow(std::size_t size) {
    constexpr std::size_t kLeast = 64 << 10, kDepth = 1;
    if (stages && stages->capacity() >= size) return;
    const std::size_t capacity = std::max(kLeast, size + size / 2);
    const auto error =
        stages ? stages->allocate(capacity, kDepth)
               : simdjson::get_active_implementation()->create_dom_parser_implementation(capacity, kDepth, stages);
    if (error) throw std::bad_alloc();
  }
};

JsonTokens::JsonTokens() : scanner_(std::make_unique<Scanner>()) {}
JsonTokens::~JsonTokens() = default;

std::optional<std::span<const std::uint32_t>> JsonTokens::find(std::string_view text) {
  scanner_->grow(text.size());
  auto& stages = *scanner_->stages;
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  if (stages.stage1(bytes, text.size(), simdjson::stage1_mode::regular) != simdjson::SUCCESS) return std::nullopt;
  return std::span<const std::uint32_t>(stages.structural_indexes.get(), stages.n_structural_indexes);
}

}  // namespace libbcda::tables
