// Settings: the JSON text of a configuration, and values by name.
#include "settings/settings.hpp"

#include <cctype>

#include "fuzz/target.hpp"

namespace libbcda::fuzz {
namespace {

// As a C caller reads a setting and sets it again.
void expect_stable(const Settings& settings) {
  for (const Setting& row : settings_table()) {
    if (!settings.has(row.name)) continue;
    const std::string text = settings.text(row.name);
    Settings again;
    try {
      again.set(row.name, text);
    } catch (const Error& error) {
      expect(false, std::string("the value of ") + row.name + " can be set again");
    }
    expect(again.text(row.name) == text, std::string("the value of ") + row.name + " stays the same");
    if (row.type == SettingType::list)
      expect(again.list(row.name) == settings.list(row.name), std::string("the list of ") + row.name + " stays");
    expect(settings.integer("parallel") >= 1 && settings.integer("parallel") <= 64, "parallel is from 1 to 64");
  }
}

// A message names the value, so it may have any text in it. It must not have a secret, see below.
template <class Body>
void try_to(Body&& body) {
  try {
    body();
  } catch (const Error& error) {
    expect(error.status == Status::INVALID_ARGUMENT, "what is wrong is an argument: " + error.message);
  }
}

void check_lines(std::string_view lines) {
  Settings settings;
  while (!lines.empty()) {
    std::string_view line = take_until(lines, "\n");
    const bool adds = line.starts_with('+');
    if (adds) line.remove_prefix(1);
    const std::string_view name = take_until(line, "=");
    try_to([&] { adds ? settings.add(name, line) : settings.set(name, line); });
  }
  expect_stable(settings);
  for (const char* name : {"client_id", "client_secret"})
    if (!settings.has("client_secret_file")) try_to([&] { settings.credential(name); });
}

// Why a secret is refused; "": it is not.
std::string refusal(const char* name, std::string_view secret) {
  Settings settings;
  try {
    settings.set(name, secret);
    settings.credential(name);
  } catch (const Error& error) {
    return error.message;
  }
  return "";
}

// Another secret of the same shape.
std::string other_than(std::string_view secret) {
  std::string other(secret);
  for (char& c : other)
    if (std::isalnum(static_cast<unsigned char>(c))) c = c == 'x' ? 'y' : 'x';
  return other;
}

// A secret is never part of a message. A secret that happens to be some of the message's own words is no leak: the
// message is the same for another secret then.
void check_secret(std::string_view value) {
  if (value.size() < 8) return;
  for (const char* name : {"client_secret", "private_key_pem", "access_token"}) {
    const std::string message = refusal(name, value);
    const bool has_it = message.find(value) != message.npos;
    expect(!has_it || message == refusal(name, other_than(value)), "a message shows no secret: " + message);
  }
}

}  // namespace

// JSON, or lines of NAME=VALUE (set) and +NAME=ITEM (add).
FUZZ_TARGET(settings, input) {
  Settings settings;
  try_to([&] { settings.load_json(input); });
  expect_stable(settings);
  check_lines(input);
  check_secret(input);
}

}  // namespace libbcda::fuzz
