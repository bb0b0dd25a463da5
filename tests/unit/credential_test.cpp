// Client ids, secrets and passphrases in the forms in which people, files and other programs provide them.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "settings/settings.hpp"
#include "support/errors.hpp"
#include "support/files.hpp"

namespace libbcda {
namespace {

using test::error_of;
using test::holds;
using test::spill;
using test::TempDir;

constexpr const char* kValue = "0c527d2e-2e8a-4808-b11d-0fa06baf8254";

// The sources of a setting's value.
struct Source {
  const char* name;
  void (*give)(Settings& settings, const std::string& setting, const std::string& value, const TempDir& dir);
};

std::string json_text(const std::string& value) {
  std::string out;
  for (char c : value)
    out += c == '"' || c == '\\' ? std::string{'\\', c}
           : c == '\r'           ? "\\r"
           : c == '\n'           ? "\\n"
           : c == '\t'           ? "\\t"
                                 : std::string{c};
  return out;
}

const Source kSources[] = {
    {"set", [](Settings& s, const std::string& n, const std::string& v, const TempDir&) { s.set(n, v); }},
    {"environment",
     [](Settings& s, const std::string& n, const std::string& v, const TempDir&) {
       const std::string variable = find_setting(n)->env;
       ::setenv(variable.c_str(), v.c_str(), 1);
       s.load_environment();
       ::unsetenv(variable.c_str());
     }},
    {"configuration",
     [](Settings& s, const std::string& n, const std::string& v, const TempDir& dir) {
       spill(dir / "c.json", "\xEF\xBB\xBF{\"" + n + "\": \"" + json_text(v) + "\"}\r\n");
       s.load_json_file(dir / "c.json");
     }},
    {"file", [](Settings& s, const std::string& n, const std::string& v, const TempDir& dir) {
       if (n != "client_secret") return s.set(n, v);  // client_id has no file
       spill(dir / "secret", v);
       s.set(n + "_file", dir / "secret");
     }}};

class Credentials : public testing::TestWithParam<Source> {
 protected:
  std::string used(const std::string& setting, const std::string& value) {
    Settings settings;
    GetParam().give(settings, setting, value, dir_);
    return std::string(settings.credential(setting).reveal());
  }
  TempDir dir_;
};
INSTANTIATE_TEST_SUITE_P(From, Credentials, testing::ValuesIn(kSources),
                         [](const auto& each) { return each.param.name; });

TEST_P(Credentials, AreUsedWithoutWhatIsAroundThem) {
  const std::string value = kValue;
  for (const char* setting : {"client_id", "client_secret"})
    for (const std::string& given : {value, value + "\r", value + "\n", value + "\r\n\r\n", " " + value + " ",
                                     value + "\t", '"' + value + '"', "'" + value + "'\r\n", "\xEF\xBB\xBF" + value,
                                     "\xEF\xBB\xBF\"" + value + "\"\r\n", value + "\xE2\x80\x8B", value + "\xC2\xA0"})
      EXPECT_EQ(used(setting, given), value) << setting;
}

TEST_P(Credentials, AreRefusedWithWhatIsWithinThem) {
  for (const char* setting : {"client_id", "client_secret"})
    for (const char* given : {"hunter 2", "hunter\r\n2x", "hunter2\"", "BCDA_CLIENT_SECRET=hunter2 ",
                              "hunter\xE2\x80\x93"
                              "2",
                              "\"\"", " "}) {
      if (std::string_view(given).starts_with("BCDA_") && setting == std::string_view("client_id")) continue;
      const Error error = error_of([&] { used(setting, given); });
      EXPECT_EQ(error.status, Status::INVALID_ARGUMENT) << given;
      EXPECT_TRUE(holds(error.message, setting));
      EXPECT_FALSE(holds(error.message, "hunter"));
    }
}

TEST(Credential, ComesFromAFileInUtf16) {
  TempDir dir;
  std::string text = "\xFF\xFE";
  for (const char* c = kValue; *c; ++c) text += {*c, '\0'};
  spill(dir / "secret", text + std::string("\r\0\n\0", 4));
  Settings settings;
  settings.set("client_secret_file", dir / "secret");
  EXPECT_EQ(settings.credential("client_secret").reveal(), kValue);
  spill(dir / "secret", text + "x");
  const Error error = error_of([&] { settings.credential("client_secret"); });
  EXPECT_TRUE(holds(error.message, "UTF-16"));
  EXPECT_TRUE(holds(error.message, dir / "secret"));
}

TEST(Credential, ThatIsNowhereIsEmpty) {
  EXPECT_TRUE(Settings().credential("client_id").empty());
  EXPECT_TRUE(Settings().credential("client_secret").empty());
}

// A passphrase may contain every character that can be typed, including blanks and quotes, but no line break.
TEST(Passphrase, LosesOnlyLineEndsAndAByteOrderMark) {
  TempDir dir;
  const std::string value = " \"pass\" word ";
  for (const char* ending : {"", "\n", "\r\n"}) {
    Settings settings;
    settings.set("private_key_passphrase", value + ending);
    EXPECT_EQ(settings.secret_or_file("private_key_passphrase").reveal(), value);
    spill(dir / "p", "\xEF\xBB\xBF" + value + ending);
    settings.set("private_key_passphrase_file", dir / "p");
    EXPECT_EQ(settings.secret_or_file("private_key_passphrase").reveal(), value);
  }
}

TEST(OtherSettings, ThatEndInALineBreakAreRefused) {
  for (const char* name : {"url", "private_key", "out", "ca_file", "user_agent"}) {
    Settings settings;
    for (const char* ending : {"\r", "\n", "\r\n"}) {
      const Error error = error_of([&] { settings.set(name, std::string("value") + ending); });
      EXPECT_TRUE(holds(error.message, name));
      EXPECT_TRUE(holds(error.message, "carriage return"));
    }
  }
}

class OpenFiles : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Each, OpenFiles,
                         testing::Values("client_secret_file", "private_key", "private_key_passphrase_file",
                                         "signing_key", "signing_key_passphrase_file", "access_token_file", "config"));

TEST_P(OpenFiles, OfSecretsAreUsedWithAWarning) {
  TempDir dir;
  const std::string path = dir / "file", name = GetParam();
  spill(path, R"({"client_secret": "hunter2"})");
  for (auto [mode, warned] :
       {std::pair<mode_t, bool>{0600, false}, {0400, false}, {0640, true}, {0644, true}, {0604, true}}) {
    ASSERT_EQ(::chmod(path.c_str(), mode), 0);
    Settings settings;
    name == "config" ? settings.load_json_file(path) : settings.set(name, path);
    const auto warnings = settings.warnings();
    ASSERT_EQ(warnings.size(), warned ? 1u : 0u) << std::oct << mode;
    if (!warned) continue;
    EXPECT_TRUE(holds(warnings[0], path));
    EXPECT_TRUE(holds(warnings[0], "readable by other users"));
    EXPECT_TRUE(holds(warnings[0], "chmod 600 " + path));
    EXPECT_FALSE(holds(warnings[0], "hunter"));
    EXPECT_EQ(Settings().with(Settings()).warnings().size(), 0u);
  }
}

}  // namespace
}  // namespace libbcda
