// Where the tokens of a JSON text begin, found by the first stage of simdjson.
//
// The second stage of simdjson would read all members, and would turn numbers into binary ones. A view needs few members
// and every digit, so RecordParser takes its place.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace libbcda::tables {

std::string simdjson_version();  // "3.12.3"

class JsonTokens {
 public:
  JsonTokens();
  ~JsonTokens();

  // The offsets of braces, brackets, colons, commas, of the opening quotes of strings, and of the first characters of
  // numbers and words. nullopt if the text is empty or not UTF-8, or if it has an open string or a control character
  // within a string. The result is valid until the next call.
  std::optional<std::span<const std::uint32_t>> find(std::string_view text);

 private:
  struct Scanner;
  std::unique_ptr<Scanner> scanner_;
};

}  // namespace libbcda::tables
