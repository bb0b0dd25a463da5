#include "text.hpp"

#include "encoding.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <memory>
#include <system_error>

namespace cli {

std::string human_bytes(std::int64_t bytes) {
  constexpr std::array units{"bytes", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < units.size(); ++unit) value /= 1024;
  char text[32];
  std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
  return text;
}

std::string human_time(bcda::Milliseconds time) {
  const auto ms = time.count();
  char text[48];
  if (ms < 1000) {
    std::snprintf(text, sizeof text, "%d ms", static_cast<int>(ms));
  } else if (ms < 60'000) {
    std::snprintf(text, sizeof text, "%.1f s", static_cast<double>(ms) / 1000);
  } else {
    std::snprintf(text, sizeof text, "%lld min %d s", static_cast<long long>(ms / 60'000),
                  static_cast<int>(ms / 1000 % 60));
  }
  return text;
}

std::string plural(std::int64_t n, std::string_view noun) {
  return std::to_string(n) + " " + std::string(noun) + (n == 1 ? "" : "s");
}

std::string printable(std::string_view text) {
  std::string clean(text);
  for (std::size_t i = 0; i < clean.size(); ++i) {
    const auto byte = static_cast<unsigned char>(clean[i]);
    if (byte < 0x20 || byte == 0x7f) clean[i] = ' ';
    // U+0080 to U+009F, the control characters of eight bits, are C2 80 to C2 9F.
    if (byte == 0xc2 && i + 1 < clean.size() && static_cast<unsigned char>(clean[i + 1]) < 0xa0)
      clean[i] = clean[i + 1] = ' ';
  }
  return clean;
}

std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
      out += escape;
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string indent_json(std::string_view json) {
  std::string out;
  std::size_t depth = 0;
  bool in_string = false, escaped = false;
  const auto new_line = [&] { out.append(1, '\n').append(2 * depth, ' '); };
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string) {
      out += c;
      in_string = escaped || c != '"';
      escaped = !escaped && c == '\\';
    } else if (c == '{' || c == '[') {
      out += c;
      const std::size_t next = json.find_first_not_of(" \t\r\n", i + 1);
      if (next != json.npos && (json[next] == '}' || json[next] == ']')) {  // an empty one stays on its line
        out += json[i = next];
      } else {
        ++depth;
        new_line();
      }
    } else if (c == '}' || c == ']') {
      if (depth > 0) --depth;
      new_line();
      out += c;
    } else if (c == ',') {
      out += c;
      new_line();
    } else if (c == ':') {
      out += ": ";
    } else if (!std::strchr(" \t\r\n", c)) {
      out += c;
      in_string = c == '"';
    }
  }
  return out;
}

std::string read_text(const std::string& path) {
  const auto fail = [&] { throw Failure(BCDA_FILESYSTEM, path + ": " + std::generic_category().message(errno)); };
  std::FILE* const in = path == "-" ? stdin : std::fopen(path.c_str(), "rb");
  if (!in) fail();
  const std::unique_ptr<std::FILE, void (*)(std::FILE*)> owned(in, [](std::FILE* file) {
    if (file != stdin) std::fclose(file);
  });
  std::string text;
  char block[64 * 1024];
  while (const std::size_t n = std::fread(block, 1, sizeof block, in)) text.append(block, n);
  if (std::ferror(in)) fail();
  return utf8_of(std::move(text), path == "-" ? "standard input" : path);
}

void print(std::string_view text) {
  static bool reader_left = false;
  while (!text.empty() && !reader_left) {
    const ssize_t n = write(STDOUT_FILENO, text.data(), text.size());
    if (n >= 0) {
      text.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno == EPIPE) {
      reader_left = true;
    } else if (errno != EINTR) {
      throw Failure(BCDA_FILESYSTEM, "standard output: " + std::generic_category().message(errno));
    }
  }
}

namespace {

// What to do next, where the message alone might not say it.
std::string hint(const bcda::Error& error) {
  if (error.retriable()) {
    const auto wait = error.retry_after();
    return "this may pass: try again later" + (wait.count() > 0 ? ", in " + human_time(wait) : std::string());
  }
  return error.status() == BCDA_JOB_GONE ? "a new export starts a new job" : "";
}

}  // namespace

void print_error(const std::string& message) { std::cerr << "bcda: " << printable(message) << '\n'; }

void print_error(const bcda::Error& error) {
  print_error(std::string(error.what()));
  if (!error.outcome().empty()) std::cerr << "  the service says: " << printable(error.outcome()) << '\n';
  if (const std::string text = hint(error); !text.empty()) std::cerr << "  hint: " << text << '\n';
}

}  // namespace cli
