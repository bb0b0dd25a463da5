// Standard output and standard error. Either may be closed, full, without a reader, or have a reader that hangs. None of
// that may keep the process alive after a signal asked for its end.
#pragma once
#include <bcda/bcda.hpp>
#include <string>
#include <string_view>

namespace cli {

// Opens whichever of the descriptors 0, 1 and 2 is closed, so that no file of ours gets its number. Reading from such a
// standard input and writing to such a standard output fail as before; such a standard error drops what is written.
// Throws Failure.
void open_standard_streams();

// Writes what the command is for (a manifest, a table) to standard output. A reader that went away (`| head`) is no
// failure: the rest is dropped. Throws Failure when it cannot be written, and when a signal asks for the end meanwhile.
void print(std::string_view text);

// Writes an account of files that are on disk (a summary, events) to standard output. Never throws: if it cannot be
// written, standard error says so once, and the rest is dropped.
void report(std::string_view text);

// Writes to standard error; what cannot be written is dropped.
void say(std::string_view text);

// The same, for text that is soon replaced: dropped as well when standard error would make us wait.
void say_if_ready(std::string_view text);

// "bcda: message", on standard error; the library's errors with their details.
void print_error(const std::string& message);
void print_error(const bcda::Error& error);

// What belongs below an error's message: the server's words, and a hint.
void print_details(const bcda::Error& error);

}  // namespace cli
