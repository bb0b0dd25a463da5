// The tokens of a FHIRPath expression.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace libbcda::tables {

struct PathToken {
  enum class Kind : std::uint8_t { end, name, string, number, time, symbol, variable };

  Kind kind = Kind::end;
  std::size_t position = 0;
  std::string text;     // a name or string without its quotes and escapes; a variable without its %
  bool quoted = false;  // a name in backticks, which is no keyword
};

class PathTokens {
 public:
  explicit PathTokens(std::string_view text) : text_(text) { advance(); }

  const PathToken& current() const { return current_; }
  // Returns the current token and goes on to the next one. Throws PathError.
  PathToken take();

 private:
  void advance();
  void skip_blanks();
  std::string quoted(char quote);
  std::string escape();
  std::string name();
  std::string time();
  std::string number();
  std::string symbol();

  std::string_view text_;
  std::size_t at_ = 0;
  PathToken current_;
};

}  // namespace libbcda::tables
