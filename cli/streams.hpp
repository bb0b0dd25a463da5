// Standard output and standard error. Either may be closed or full, or may have no reader or a reader that hangs. None
// of this may keep the process alive after a signal requested its end.
#pragma once
#include <bcda/bcda.hpp>
#include <string>
#include <string_view>

namespace cli {

// Opens each of the descriptors 0, 1 and 2 that is closed, so that no file of ours gets its number. Reading from such a
// standard input and writing to such a standard output still fail. Output to such a standard error is dropped. Throws
// Failure.
void open_standard_streams();

// Writes the product of a command (a manifest, a table) to standard output. If the reader closes the pipe (`| head`),
// the rest is dropped, which is not a failure. Throws Failure if the write fails or a signal requests the end.
void print(std::string_view text);

// Writes a report of files on disk (a summary, events) to standard output. Never throws. If the write fails, a message
// goes to standard error once, and the rest is dropped.
void report(std::string_view text);

// Writes to standard error. Text that cannot be written is dropped.
void say(std::string_view text);

// The same for text that will be replaced. It is also dropped if standard error would block.
void say_if_ready(std::string_view text);

// Prints "bcda: message" on standard error, with details for errors of the library.
void print_error(const std::string& message);
void print_error(const bcda::Error& error);

// The lines below the message of an error: the service's words and a hint. Its words may name beneficiaries, so
// hide_outcomes() leaves them out.
void print_details(const bcda::Error& error);
void hide_outcomes();

}  // namespace cli
