// Text for people and for programs: sizes, times, JSON.
#pragma once
#include <bcda/bcda.hpp>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace cli {

// A failure of the command's own, beside those that the library throws.
struct Failure : std::runtime_error {
  Failure(bcda::Status s, const std::string& message) : std::runtime_error(message), status(s) {}
  bcda::Status status;
};

std::string human_bytes(std::int64_t bytes);           // "1.2 GiB"
std::string human_time(bcda::Milliseconds time);       // "250 ms", "4.1 s", "3 min 12 s"
std::string plural(std::int64_t n, std::string_view);  // "1 file", "2 files"

// `text` as valid UTF-8, with control characters replaced: what a server sent must not steer the terminal.
std::string printable(std::string_view text);

// The start of `text`, at most `columns` characters of it.
std::string first_columns(std::string_view text, std::size_t columns);

// Quoted, escaped and valid UTF-8: U+FFFD stands for each byte that is not.
std::string json_string(std::string_view text);
std::string indent_json(std::string_view json);  // laid out on lines; what is not JSON comes back much as it was

// The whole of a text file, or of standard input for "-". Throws Failure.
std::string read_text(const std::string& path);

}  // namespace cli
