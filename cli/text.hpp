// Text for people and for programs: sizes, times, JSON, standard output.
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

// `text` with control characters replaced: what a server sent must not steer the terminal.
std::string printable(std::string_view text);

std::string json_string(std::string_view text);  // quoted and escaped
std::string indent_json(std::string_view json);  // laid out on lines; what is not JSON comes back much as it was

// The whole of a text file, or of standard input for "-". Throws Failure.
std::string read_text(const std::string& path);

// Writes to standard output at once. A reader that went away (`| head`) is no failure: the rest is dropped. A full disk
// is: it throws.
void print(std::string_view text);

// "bcda: message", on standard error; the library's errors with the server's words and a hint.
void print_error(const std::string& message);
void print_error(const bcda::Error& error);

}  // namespace cli
