#include "settings/settings.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <set>

#include "support/errors.hpp"
#include "support/files.hpp"

namespace libbcda {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using test::error_of;
using test::holds;
using test::TempDir;

// Sets environment variables for one test, and restores the earlier values at its end.
class Environment {
 public:
  Environment() {
    for (const Setting& row : settings_table()) set(row.env, nullptr);
  }
  ~Environment() {
    for (const auto& [name, old] : old_) put(name, old ? old->c_str() : nullptr);
  }
  void set(const std::string& name, const char* value) {
    const char* old = ::getenv(name.c_str());
    old_.emplace(name, old ? std::optional<std::string>(old) : std::nullopt);
    put(name, value);
  }

 private:
  static void put(const std::string& name, const char* value) {
    value ? ::setenv(name.c_str(), value, 1) : ::unsetenv(name.c_str());
  }
  std::map<std::string, std::optional<std::string>> old_;
};

std::string write_config(const TempDir& dir, std::string_view text, mode_t mode = 0600) {
  std::string path = dir / "config.json";
  test::spill(path, text);
  EXPECT_EQ(::chmod(path.c_str(), mode), 0);
  return path;
}

TEST(SettingsTable, NamesAndEnvironmentVariablesAreUnique) {
  std::set<std::string> names, variables;
  for (const Setting& row : settings_table()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_TRUE(variables.insert(row.env).second) << row.env;
    std::string upper = "BCDA_";
    for (const char* c = row.name; *c; ++c) upper += static_cast<char>(::toupper(static_cast<unsigned char>(*c)));
    EXPECT_EQ(row.env, upper);
    EXPECT_EQ(std::string(row.name).find_first_not_of("abcdefghijklmnopqrstuvwxyz_"), std::string::npos) << row.name;
    EXPECT_EQ(find_setting(row.name), &row);
  }
  EXPECT_EQ(find_setting("nothing"), nullptr);
  EXPECT_EQ(find_setting(""), nullptr);
}

TEST(SettingsTable, HelpIsOneSentence) {
  for (const Setting& row : settings_table()) {
    std::string help = row.help;
    ASSERT_FALSE(help.empty()) << row.name;
    EXPECT_EQ(help.back(), '.') << row.name;
    EXPECT_EQ(help.find('\n'), std::string::npos) << row.name;
  }
}

TEST(SettingsTable, DefaultsAreValidForTheirOwnTypes) {
  for (const Setting& row : settings_table()) {
    Settings settings;
    EXPECT_NO_THROW(settings.set(row.name, row.default_value)) << row.name;
  }
}

TEST(SettingsTable, OnlyAChoiceHasChoicesAndEveryChoiceIsAccepted) {
  for (const Setting& row : settings_table()) {
    EXPECT_EQ(row.type == SettingType::choice, *row.choices != '\0') << row.name;
    std::string choice;
    for (const char* c = row.choices; row.type == SettingType::choice; ++c) {
      if (*c && *c != ',') {
        choice += *c;
        continue;
      }
      Settings settings;
      EXPECT_NO_THROW(settings.set(row.name, choice)) << row.name << "=" << choice;
      choice.clear();
      if (!*c) break;
    }
  }
}

TEST(SettingsTable, AKeyWhereItsPathBelongsIsNotShown) {
  Settings settings;
  for (const char* name : {"private_key", "client_secret_file", "ca_file"}) {
    Error error = error_of([&] { settings.set(name, "-----BEGIN RSA PRIVATE KEY-----\nhunter2\n"); });
    EXPECT_EQ(error.status, Status::INVALID_ARGUMENT) << name;
    EXPECT_TRUE(holds(error.message, name));
    EXPECT_FALSE(holds(error.message, "hunter2"));
    EXPECT_FALSE(holds(error.message, "BEGIN"));
  }
}

TEST(SettingsTable, AJwkWhereItsPathBelongsIsNotShown) {
  Settings settings;
  for (const char* name : {"signing_key", "private_key", "access_token_file"})
    for (const char* jwk : {R"({"kty":"EC","d":"hunter2"})", " \n {\"d\":\"hunter2\"}", "'{\"d\":\"hunter2\"}'"}) {
      const Error error = error_of([&] { settings.set(name, jwk); });
      EXPECT_EQ(error.status, Status::INVALID_ARGUMENT) << name;
      EXPECT_TRUE(holds(error.message, name));
      EXPECT_FALSE(holds(error.message, "hunter2"));
    }
}

TEST(SettingsTable, SecretsAreTextAndHaveNoDefault) {
  for (const Setting& row : settings_table()) {
    if (!row.secret) continue;
    EXPECT_EQ(row.type, SettingType::string) << row.name;
    EXPECT_STREQ(row.default_value, "") << row.name;
    EXPECT_NE(row.scope, SettingScope::export_) << row.name;  // each run would have secrets of its own
  }
  for (const char* name : {"client_secret", "private_key_pem", "private_key_passphrase"})
    EXPECT_TRUE(find_setting(name)->secret) << name;
}

// What opens partitions has no private key, and starts no job.
TEST(SettingsTable, SaysWhatARequestIsAndWhatOpensPartitions) {
  for (const Setting& row : settings_table()) {
    if (row.of_request) {
      EXPECT_FALSE(row.secret) << row.name;
    }
    if (row.of_request && row.scope == SettingScope::export_) {
      EXPECT_FALSE(row.for_opening) << row.name;
    }
    if (std::string_view(row.name).starts_with("private_key")) {
      EXPECT_FALSE(row.for_opening) << row.name;
    }
  }
  for (const char* name : {"url", "types", "since"}) EXPECT_TRUE(find_setting(name)->of_request) << name;
  for (const char* name : {"client_secret_file", "retries", "partition_key_file", "verify", "values"})
    EXPECT_TRUE(find_setting(name)->for_opening) << name;
}

TEST(SettingsTable, EveryTypeHasAName) {
  EXPECT_STREQ(setting_type_name(SettingType::string), "string");
  EXPECT_STREQ(setting_type_name(SettingType::duration), "duration");
  EXPECT_STREQ(setting_type_name(SettingType::list), "list");
}

TEST(Settings, AnUnknownNameSuggestsTheNearest) {
  struct {
    const char *given, *meant;
  } const cases[] = {{"client-id", "client_id"},
                     {"client_secrt", "client_secret"},
                     {"privat_key", "private_key"},
                     {"paralell", "parallel"},
                     {"URL", "url"},
                     {"retrys", "retries"},
                     {"poll_intervall", "poll_interval"},
                     {"timeot", "timeout"}};
  for (const auto& c : cases) {
    for (const auto& call : std::initializer_list<std::function<void(Settings&)>>{
             [&](Settings& s) { s.set(c.given, "x"); }, [&](Settings& s) { s.unset(c.given); },
             [&](Settings& s) { s.has(c.given); }, [&](Settings& s) { s.text(c.given); }}) {
      Settings settings;
      Error error = error_of([&] { call(settings); });
      EXPECT_EQ(error.status, Status::INVALID_ARGUMENT);
      EXPECT_TRUE(holds(error.message, c.given));
      EXPECT_TRUE(holds(error.message, std::string("did you mean ") + c.meant + "?"));
    }
  }
}

TEST(Settings, TheLowestSpeedMayBeZero) {
  Settings settings;
  EXPECT_EQ(settings.integer("low_speed_limit"), 1024);
  settings.set("low_speed_limit", "0");
  EXPECT_EQ(settings.integer("low_speed_limit"), 0);
}

struct Objection {
  const char *name, *value, *takes;
};

TEST(Settings, EachTypeSaysWhatItTakes) {
  const Objection cases[] = {
      {"restart", "maybe", "true or false"},
      {"restart", "", "true or false"},
      {"restart", "TRUE", "true or false"},
      {"threads", "two", "a whole number"},
      {"threads", "-1", "a whole number"},
      {"threads", "1.5", "a whole number"},
      {"threads", "", "a whole number"},
      {"threads", "3 ", "a whole number"},
      {"threads", "99999999999999999999", "a whole number"},
      {"threads", "257", "0 to 256"},
      {"parallel", "0", "1 to 64"},
      {"parallel", "65", "1 to 64"},
      {"retries", "101", "0 to 100"},
      {"poll_interval", "5 minutes", "a duration such as"},
      {"poll_interval", "", "a duration such as"},
      {"poll_interval", "-1s", "a duration such as"},
      {"job_timeout", "40000h", "at most 27777h"},
      {"max_manifest_bytes", "0", "a size such as"},
      {"max_manifest_bytes", "-1", "a size such as"},
      {"low_speed_limit", "-1", "a size such as"},
      {"low_speed_limit", "", "a size such as"},
      {"max_manifest_bytes", "64KB", "a size such as"},
      {"max_manifest_bytes", "9223372036854775807KiB", "a size such as"},
      {"durability", "forever", "one of power,process"},
      {"durability", "", "one of power,process"},
      {"durability", "power,process", "one of power,process"},
      {"types", ",", "a comma-separated list"},
      {"types", " , ,", "a comma-separated list"},
  };
  for (const auto& c : cases) {
    Settings settings;
    Error error = error_of([&] { settings.set(c.name, c.value); });
    EXPECT_EQ(error.status, Status::INVALID_ARGUMENT);
    EXPECT_TRUE(holds(error.message, std::string("the setting ") + c.name + " takes "));
    EXPECT_TRUE(holds(error.message, c.takes));
    EXPECT_TRUE(holds(error.message, std::string("not \"") + c.value + "\""));
    EXPECT_FALSE(settings.has(c.name)) << c.name;
  }
}

TEST(Settings, NoTypeTakesANulCharacter) {
  for (const Setting& row : settings_table()) {
    Settings settings;
    Error error = error_of([&] { settings.set(row.name, std::string_view("a\0b", 3)); });
    EXPECT_EQ(error.status, Status::INVALID_ARGUMENT) << row.name;
    EXPECT_TRUE(holds(error.message, row.name));
  }
}

TEST(Settings, TextIsUtf8) {
  for (const Setting& row : settings_table()) {
    Settings settings;
    if (row.type == SettingType::path || row.secret) {
      EXPECT_NO_THROW(settings.set(row.name, "caf\xE9")) << row.name;
      continue;
    }
    const Error error = error_of([&] { settings.set(row.name, "caf\xE9"); });
    EXPECT_EQ(error.status, Status::INVALID_ARGUMENT) << row.name;
    EXPECT_EQ(error.message, std::string("the setting ") + row.name + " is not UTF-8 text");
  }
}

TEST(Settings, ASecretIsNeverEchoed) {
  for (const Setting& row : settings_table()) {
    if (!row.secret) continue;
    Settings settings;
    Error error = error_of([&] { settings.set(row.name, std::string_view("hunter2\0", 8)); });
    EXPECT_FALSE(holds(error.message, "hunter2"));
    EXPECT_TRUE(holds(error.message, row.name));
  }
}

TEST(Settings, GivesDefaultsUntilSetAndAgainAfterUnset) {
  Settings settings;
  EXPECT_FALSE(settings.has("parallel"));
  EXPECT_EQ(settings.integer("parallel"), 8);
  settings.set("parallel", "64");
  EXPECT_TRUE(settings.has("parallel"));
  EXPECT_EQ(settings.integer("parallel"), 64);
  settings.unset("parallel");
  settings.unset("parallel");
  EXPECT_FALSE(settings.has("parallel"));
  EXPECT_EQ(settings.text("parallel"), "8");
}

TEST(Settings, ReadsEachType) {
  Settings settings;
  settings.set("url", "https://example.test");
  settings.set("client_secret", "s");
  settings.set("max_header_bytes", "16KiB");
  settings.set("poll_interval", "250ms");
  settings.set("types", " Patient ,,Coverage,");
  EXPECT_EQ(settings.text("url"), "https://example.test");
  EXPECT_EQ(settings.secret("client_secret").reveal(), "s");
  EXPECT_EQ(settings.integer("max_header_bytes"), 16384);
  EXPECT_EQ(settings.duration("poll_interval"), milliseconds(250));
  EXPECT_EQ(settings.duration("outage_limit"), minutes(15));
  EXPECT_EQ(settings.list("types"), (test::Names{"Patient", "Coverage"}));
  EXPECT_EQ(settings.list("allowed_origins"), test::Names{});
  for (const char* yes : {"true", "1", "yes", "on"}) {
    settings.set("restart", yes);
    EXPECT_TRUE(settings.boolean("restart")) << yes;
  }
  for (const char* no : {"false", "0", "no", "off"}) {
    settings.set("restart", no);
    EXPECT_FALSE(settings.boolean("restart")) << no;
  }
}

TEST(ParseSize, ReadsBinaryUnits) {
  struct {
    const char* text;
    std::optional<std::int64_t> size;
  } const cases[] = {{"0", 0},
                     {"1", 1},
                     {"12B", 12},
                     {"64KiB", 65536},
                     {"1MiB", 1048576},
                     {"1GiB", 1073741824},
                     {"2TiB", 2199023255552},
                     {"9223372036854775807", INT64_MAX},
                     {"8388607TiB", 8388607LL << 40},
                     {"8388608TiB", {}},
                     {"9223372036854775808", {}},
                     {"-1", {}},
                     {"", {}},
                     {"KiB", {}},
                     {"1kib", {}},
                     {"1 KiB", {}},
                     {"1.5KiB", {}},
                     {"1KB", {}}};
  for (const auto& c : cases) EXPECT_EQ(parse_size(c.text), c.size) << c.text;
}

TEST(Settings, TheEnvironmentSetsOnlyWhatIsNotSet) {
  Environment environment;
  environment.set("BCDA_URL", "https://env.test");
  environment.set("BCDA_CLIENT_ID", "from-env");
  environment.set("BCDA_OUT", "");  // an empty variable does not count
  Settings settings;
  settings.set("client_id", "mine");
  settings.load_environment();
  EXPECT_EQ(settings.text("url"), "https://env.test");
  EXPECT_EQ(settings.text("client_id"), "mine");
  EXPECT_FALSE(settings.has("out"));
}

TEST(Settings, AnUnusableEnvironmentVariableIsNamed) {
  Environment environment;
  environment.set("BCDA_PARALLEL", "65");
  Settings settings;
  Error error = error_of([&] { settings.load_environment(); });
  EXPECT_EQ(error.status, Status::INVALID_ARGUMENT);
  EXPECT_TRUE(holds(error.message, "BCDA_PARALLEL"));
  EXPECT_TRUE(holds(error.message, "1 to 64"));
}

TEST(Settings, AFileSetsOnlyWhatIsNotSet) {
  TempDir dir;
  std::string path = write_config(dir, R"({"url":"https://file.test","client_id":"file","parallel":7,"restart":true,
      "types":["Patient","Coverage"],"poll_interval":0.25})");
  Settings settings;
  settings.set("client_id", "mine");
  settings.load_json_file(path);
  EXPECT_EQ(settings.text("url"), "https://file.test");
  EXPECT_EQ(settings.text("client_id"), "mine");
  EXPECT_EQ(settings.integer("parallel"), 7);
  EXPECT_TRUE(settings.boolean("restart"));
  EXPECT_EQ(settings.list("types"), (test::Names{"Patient", "Coverage"}));
  EXPECT_EQ(settings.duration("poll_interval"), milliseconds(250));
}

TEST(Settings, AListIsWrittenWithCommasOrAsAJsonArray) {
  const struct {
    const char *given, *kept;
    test::Names items;
  } cases[] = {
      {"a, b", "a,b", {"a", "b"}},
      {R"(["a","b"])", "a,b", {"a", "b"}},
      {R"( [ "a,b" , "c" ] )", R"(["a,b","c"])", {"a,b", "c"}},
      {R"([" a"])", R"([" a"])", {" a"}},
      {R"(["[a]"])", R"(["[a]"])", {"[a]"}},
      {R"(["\"","\\,"])", R"(["\"","\\,"])", {"\"", "\\,"}},
      {"[]", "", {}},
      {"", "", {}},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.given);
    Settings settings, again;
    settings.set("allowed_origins", c.given);
    EXPECT_EQ(settings.text("allowed_origins"), c.kept);
    EXPECT_EQ(settings.list("allowed_origins"), c.items);
    again.set("allowed_origins", settings.text("allowed_origins"));
    EXPECT_EQ(again.list("allowed_origins"), c.items);
  }
  Settings settings;
  for (const char* malformed : {"[", "[1]", R"(["a")", R"(["a"] b)", R"(["a"]["b"])", R"([""])", R"(["a\u0000"])"})
    EXPECT_EQ(error_of([&] { settings.set("allowed_origins", malformed); }).status, Status::INVALID_ARGUMENT)
        << malformed;
}

TEST(Settings, AnEmptyValueIsAsNone) {
  Settings settings;
  settings.load_json(R"({"private_key_pem": "text", "private_key": "", "job_timeout": "", "allowed_origins": []})");
  for (const char* name : {"private_key", "job_timeout", "allowed_origins"}) {
    EXPECT_FALSE(settings.has(name)) << name;
    EXPECT_TRUE(settings.taken(name)) << name;  // the environment does not set it
  }
  EXPECT_EQ(settings.text("private_key_pem"), "text");
  Settings turned;
  turned.load_json(R"({"private_key": "", "private_key_pem": "text"})");
  EXPECT_EQ(turned.text("private_key_pem"), "text");
  settings.set("user_agent", "");
  EXPECT_TRUE(settings.has("user_agent"));  // its default is another one
}

// Otherwise an export of nothing would be an export of everything.
TEST(Settings, AnEmptyListForAnExportIsRefused) {
  for (const Setting& row : settings_table()) {
    if (row.type != SettingType::list) continue;
    Settings settings;
    const bool is_refused = row.scope == SettingScope::export_;
    const auto check = [&](auto body) {
      if (!is_refused) return body();
      const Error error = error_of(body);
      EXPECT_EQ(error.status, Status::INVALID_ARGUMENT);
      EXPECT_TRUE(holds(error.message, std::string(row.name) + " is an empty list")) << error.message;
    };
    check([&] { settings.set(row.name, "[]"); });
    check([&] { Settings().load_json("{\"" + std::string(row.name) + "\": []}"); });
    EXPECT_NO_THROW(settings.set(row.name, ""));
  }
}

TEST(Settings, ItemsAreAddedToWhatAListWasSetTo) {
  Settings settings;
  settings.add("types", "Patient");  // the default is not kept
  EXPECT_EQ(settings.text("types"), "Patient");
  settings.add("types", "Cov,erage");
  settings.add("types", "[x]");
  EXPECT_EQ(settings.text("types"), R"(["Patient","Cov,erage","[x]"])");
  settings.set("types", "Patient");
  settings.add("types", "Coverage");
  EXPECT_EQ(settings.text("types"), "Patient,Coverage");
  for (const auto& [name, item, why] : std::initializer_list<std::array<const char*, 3>>{
           {"url", "x", "is not a list"}, {"types", "", "an empty item"}, {"type", "x", "did you mean types?"}}) {
    Error error = error_of([&] { settings.add(name, item); });
    EXPECT_EQ(error.status, Status::INVALID_ARGUMENT);
    EXPECT_TRUE(holds(error.message, why)) << error.message;
  }
  EXPECT_EQ(error_of([&] { settings.add("types", "\xff,"); }).status, Status::INVALID_ARGUMENT);  // not valid in JSON
  EXPECT_EQ(settings.text("types"), "Patient,Coverage");
}

TEST(Settings, TheEnvironmentAndFilesMayHaveItemsWithCommas) {
  TempDir dir;
  Environment environment;
  environment.set("BCDA_ALLOWED_ORIGINS", R"(["a,b"])");
  Settings settings;
  settings.load_environment();
  settings.load_json_file(write_config(dir, R"({"types":["c,d","e"],"allowed_origins":["z"]})"));
  EXPECT_EQ(settings.list("allowed_origins"), test::Names{"a,b"});
  EXPECT_EQ(settings.list("types"), (test::Names{"c,d", "e"}));
}

TEST(Settings, AConfigurationTextIsReadAsAFileIs) {
  Settings settings;
  settings.set("client_id", "mine");
  settings.load_json(
      "\xef\xbb\xbf"
      R"({"url":"https://text.test","client_id":"text","client_secret":"s","types":["a"]})");
  EXPECT_EQ(settings.text("url"), "https://text.test");
  EXPECT_EQ(settings.text("client_id"), "mine");
  EXPECT_EQ(settings.list("types"), test::Names{"a"});
  EXPECT_TRUE(settings.warnings().empty());  // there is no file that other users could read
  for (const auto& [text, why] :
       std::initializer_list<std::array<const char*, 2>>{{"", "it is empty"},
                                                         {R"({"paralel":1})", "did you mean parallel?"},
                                                         {R"({"url":["a"]})", "not take a list"}}) {
    Error error = error_of([&] { settings.load_json(text); });
    EXPECT_EQ(error.status, Status::INVALID_ARGUMENT);
    EXPECT_TRUE(holds(error.message, "the configuration text: ")) << error.message;
    EXPECT_TRUE(holds(error.message, why)) << error.message;
    EXPECT_EQ(error.file, "");
  }
}

TEST(Settings, WhatIsLoadedFirstWins) {
  TempDir dir;
  Environment environment;
  environment.set("BCDA_CLIENT_ID", "env");
  std::string path = write_config(dir, R"({"client_id":"file"})");
  Settings environment_first, file_first;
  environment_first.load_environment();
  environment_first.load_json_file(path);
  EXPECT_EQ(environment_first.text("client_id"), "env");
  file_first.load_json_file(path);
  file_first.load_environment();
  EXPECT_EQ(file_first.text("client_id"), "file");
}

TEST(Settings, AnUnusableFileIsNamedWithTheReason) {
  struct {
    const char *text, *why;
  } const cases[] = {{"", "it is empty"},
                     {"[]", "not a JSON object"},
                     {"url=x", "at byte 0"},
                     {R"({"paralel":1})", "did you mean parallel?"},
                     {R"({"parallel":0})", "1 to 64"},
                     {R"({"parallel":[1]})", "not text"}};
  TempDir dir;
  for (const auto& c : cases) {
    std::string path = write_config(dir, c.text);
    Settings settings;
    Error error = error_of([&] { settings.load_json_file(path); });
    EXPECT_EQ(error.status, Status::INVALID_ARGUMENT) << c.text;
    EXPECT_TRUE(holds(error.message, path));
    EXPECT_TRUE(holds(error.message, c.why));
    EXPECT_EQ(error.file, path);
  }
}

TEST(Settings, AFileMayNotHoldNullOrAnObjectForAValue) {
  TempDir dir;
  for (const char* text : {R"({"out":null})", R"({"out":{"path":"x"}})", R"({"client_id":{}})"}) {
    std::string path = write_config(dir, text);
    Settings settings;
    Error error = error_of([&] { settings.load_json_file(path); });
    EXPECT_EQ(error.status, Status::INVALID_ARGUMENT) << text;
  }
}

TEST(Settings, AMissingFileIsAFileError) {
  TempDir dir;
  Settings settings;
  Error error = error_of([&] { settings.load_json_file(dir / "none.json"); });
  EXPECT_EQ(error.status, Status::FILESYSTEM);
  EXPECT_EQ(error.file, dir / "none.json");
}

TEST(Settings, AFileWithoutSecretsMayBePublic) {
  TempDir dir;
  Settings settings;
  settings.load_json_file(write_config(dir, R"({"client_id":"x","client_secret_file":"/x"})", 0644));
  EXPECT_EQ(settings.text("client_id"), "x");
  EXPECT_TRUE(settings.warnings().empty());
}

TEST(Settings, WithPutsTheOthersValuesFirst) {
  Settings client, run;
  client.set("url", "https://example.test");
  client.set("parallel", "2");
  client.set("out", "a");
  run.set("out", "b");
  Settings merged = client.with(run);
  EXPECT_EQ(merged.text("out"), "b");
  EXPECT_EQ(merged.integer("parallel"), 2);
  EXPECT_EQ(merged.text("url"), "https://example.test");
  EXPECT_EQ(client.text("out"), "a");
}

TEST(Settings, WithRefusesEverySettingOfTheClient) {
  for (const Setting& row : settings_table()) {
    Settings client, run;
    run.set(row.name, row.default_value);
    if (row.scope == SettingScope::export_) {
      EXPECT_NO_THROW(client.with(run)) << row.name;
      continue;
    }
    Error error = error_of([&] { client.with(run); });
    EXPECT_EQ(error.status, Status::INVALID_ARGUMENT);
    EXPECT_TRUE(holds(error.message, row.name));
  }
}

TEST(Settings, ASecretComesFromItsFileLessTheFinalNewline) {
  TempDir dir;
  for (const char* ending : {"", "\n", "\r\n"}) {
    test::spill(dir / "secret", std::string(" pass word ") + ending);
    Settings settings;
    settings.set("client_secret_file", dir / "secret");
    EXPECT_EQ(settings.secret_or_file("client_secret").reveal(), " pass word ");
    settings.set("client_secret", "direct");
    EXPECT_EQ(settings.secret_or_file("client_secret").reveal(), "direct");
  }
}

TEST(Settings, ASecretThatIsNowhereIsEmpty) { EXPECT_TRUE(Settings().secret_or_file("client_secret").empty()); }

// A path that names no file is shown only if it looks like a path.
TEST(Settings, ASecretInsteadOfItsPathIsNotShown) {
  const auto message = [](const char* value) {
    Settings settings;
    settings.set("client_secret_file", value);
    const Error error = error_of([&] { settings.secret_or_file("client_secret"); });
    EXPECT_EQ(error.status, Status::FILESYSTEM) << value;
    EXPECT_TRUE(holds(error.message, "client_secret_file")) << error.message;
    return error.message;
  };
  for (const char* secret : {"hunter2", "eyJhbGciOi.hunter2.c2ln", "hunter2/abc+def==", "a.hunter2/b"})
    EXPECT_FALSE(holds(message(secret), "hunter2")) << secret;
  EXPECT_TRUE(holds(message("/no/such/secret.txt"), "/no/such/secret.txt"));
  EXPECT_TRUE(holds(message("./secret.txt"), "./secret.txt"));
}

TEST(Settings, AKeyInsteadOfItsPathIsNotShown) {
  EXPECT_THROW(check_secret_path("signing_key", std::string(100, 'M'), 100), Error);
  EXPECT_NO_THROW(check_secret_path("signing_key", "key.pem", 100));
}

TEST(Settings, AnEmptyOrMissingSecretFileIsAnError) {
  TempDir dir;
  Settings settings;
  settings.set("private_key_passphrase_file", dir / "none");
  EXPECT_EQ(error_of([&] { settings.secret_or_file("private_key_passphrase"); }).status, Status::FILESYSTEM);
  for (const char* text : {"", "\n", "\r\n\n"}) {
    test::spill(dir / "empty", text);
    settings.set("private_key_passphrase_file", dir / "empty");
    Error error = error_of([&] { settings.secret_or_file("private_key_passphrase"); });
    EXPECT_EQ(error.status, Status::INVALID_ARGUMENT);
    EXPECT_TRUE(holds(error.message, "private_key_passphrase_file"));
  }
}

}  // namespace
}  // namespace libbcda
