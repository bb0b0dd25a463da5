// A fuzz target takes any bytes as one input of a part of the library, and checks what must hold for every input.
// libFuzzer calls it through driver.cpp, and fuzz_replay_tests calls it with the files of corpus/ and finds/.
#pragma once
#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/quote.hpp"

namespace libbcda::fuzz {

using Target = void (*)(std::string_view input);

// The targets of this program, by name.
inline std::map<std::string, Target>& targets() {
  static std::map<std::string, Target> all;
  return all;
}

// Defines the target of a file: FUZZ_TARGET(name, input) { ... }
#define FUZZ_TARGET(name, input)                                                                                       \
  static void fuzz_##name(std::string_view input);                                                                     \
  [[maybe_unused]] static const bool is_listed_##name = ::libbcda::fuzz::targets().emplace(#name, fuzz_##name).second; \
  static void fuzz_##name(std::string_view input)

// What a target throws when something does not hold.
struct Broken : std::logic_error {
  using std::logic_error::logic_error;
};

inline void expect(bool holds, const std::string& what) {
  if (!holds) throw Broken("this does not hold: " + what);
}

// Whether a text may be shown: valid UTF-8 without control characters.
inline bool is_clean(std::string_view text) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7F'; };
  return is_utf8(text) && std::none_of(text.begin(), text.end(), is_control);
}

// Runs `body`. It may throw an Error, but only of these kinds, and with a message that may be shown.
template <class Body>
std::optional<Error> failure_of(std::initializer_list<Status> allowed, Body&& body) {
  try {
    body();
    return {};
  } catch (const Error& error) {
    const std::string shown = "status " + std::to_string(static_cast<int>(error.status)) + ": " + error.message;
    expect(std::find(allowed.begin(), allowed.end(), error.status) != allowed.end(), "no other error than " + shown);
    expect(!error.message.empty() && is_clean(error.message), "a clean message: " + shown);
    return error;
  }
}

// Pieces of an input fail as the whole does, or neither does. A parser may see another error first, so only the status
// counts.
inline void expect_same(const std::optional<Error>& whole, const std::optional<Error>& pieces) {
  const auto shown = [](const std::optional<Error>& error) { return error ? error->message : "no failure"; };
  expect(whole.has_value() == pieces.has_value() && (!whole || whole->status == pieces->status),
         "pieces (" + shown(pieces) + ") fail as the whole does (" + shown(whole) + ")");
}

// Random numbers that depend on the input alone, so that a find can be repeated.
class Dice {
 public:
  explicit Dice(std::string_view input) {
    for (const char c : input) state_ = (state_ ^ static_cast<unsigned char>(c)) * 1099511628211u;
  }
  std::size_t below(std::size_t limit) {  // 0 to limit - 1
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<std::size_t>(state_ >> 33) % limit;
  }

 private:
  std::uint64_t state_ = 14695981039346656037u;
};

// Cuts the input into pieces of random sizes, mostly small ones, and passes them on. `take` returns how many bytes it
// used, or nothing. It gets no more pieces once it has used less than all.
template <class Take>
void in_pieces(std::string_view input, Take&& take) {
  Dice dice(input);
  const std::size_t longest = std::size_t{1} << dice.below(10);
  while (!input.empty()) {
    const std::string_view piece = input.substr(0, 1 + dice.below(longest));
    // A copy of its own, so that AddressSanitizer sees a read beyond its end.
    const std::unique_ptr<char[]> copy(new char[piece.size()]);
    std::copy(piece.begin(), piece.end(), copy.get());
    if constexpr (std::is_void_v<decltype(take(piece))>)
      take(std::string_view(copy.get(), piece.size()));
    else if (take(std::string_view(copy.get(), piece.size())) < piece.size())
      return;
    input.remove_prefix(piece.size());
  }
}

// Removes the text up to a separator from the start of `rest`, and returns it: all if there is no separator.
inline std::string_view take_until(std::string_view& rest, std::string_view separator) {
  const std::size_t end = rest.find(separator);
  const std::string_view first = rest.substr(0, end);
  rest.remove_prefix(end == rest.npos ? rest.size() : end + separator.size());
  return first;
}

}  // namespace libbcda::fuzz
