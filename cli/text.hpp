// Formatting for humans and for programs: sizes, times, JSON.
#pragma once
#include <bcda/bcda.hpp>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace cli {

// A failure in the command itself. The library throws other exceptions.
struct Failure : std::runtime_error {
  Failure(bcda::Status s, const std::string& message) : std::runtime_error(message), status(s) {}
  bcda::Status status;
};

std::string human_bytes(std::int64_t bytes);           // "1.2 GiB"
std::string human_time(bcda::Milliseconds time);       // "250 ms", "4.1 s", "3 min 12 s"
std::string plural(std::int64_t n, std::string_view);  // "1 file", "2 files"

// `text` as valid UTF-8. Control characters are replaced, because text from a server must not control the terminal.
std::string printable(std::string_view text);

// The start of `text`, at most `columns` characters.
std::string first_columns(std::string_view text, std::size_t columns);

// `text` quoted and escaped, in valid UTF-8. U+FFFD replaces invalid bytes.
std::string json_string(std::string_view text);
std::string indent_json(std::string_view json);  // invalid JSON is returned almost unchanged

// Reads a whole text file, or standard input for "-". Throws Failure.
std::string read_text(const std::string& path);

}  // namespace cli
