// The C interface's tables, its arguments and its secrets.
#include <bcda/bcda.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <functional>
#include <memory>

#include "base/error.hpp"
#include "settings/settings.hpp"
#include "support/errors.hpp"
#include "support/files.hpp"
#include "support/vectors.hpp"

namespace libbcda {
namespace {

using test::holds;

struct ConfigDeleter {
  void operator()(bcda_config* config) const { bcda_config_destroy(config); }
};
using Config = std::unique_ptr<bcda_config, ConfigDeleter>;
struct ErrorDeleter {
  void operator()(bcda_error* error) const { bcda_error_destroy(error); }
};
using OwnedError = std::unique_ptr<bcda_error, ErrorDeleter>;

Config make_config() {
  bcda_config* config = nullptr;
  EXPECT_EQ(bcda_config_create(&config, nullptr), BCDA_OK);
  return Config(config);
}

std::string value_of(const bcda_config* config, const char* name) {
  char* text = nullptr;
  EXPECT_EQ(bcda_config_get(config, name, &text, nullptr), BCDA_OK) << name;
  std::string copy = text ? text : "(null)";
  bcda_string_free(text);
  return copy;
}

// ---- Tables

TEST(CSettings, AreTheTableOfTheEngine) {
  const auto& table = settings_table();
  ASSERT_EQ(bcda_setting_count(), static_cast<int32_t>(table.size()));
  for (int32_t i = 0; i < bcda_setting_count(); ++i) {
    const Setting& row = table[static_cast<std::size_t>(i)];
    SCOPED_TRACE(row.name);
    const bcda_setting* setting = bcda_setting_at(i);
    ASSERT_NE(setting, nullptr);
    EXPECT_EQ(bcda_setting_find(row.name), setting);
    EXPECT_STREQ(bcda_setting_name(setting), row.name);
    EXPECT_EQ(static_cast<int>(bcda_setting_get_type(setting)), static_cast<int>(row.type));
    EXPECT_STREQ(bcda_setting_type_name(setting), setting_type_name(row.type));
    EXPECT_STREQ(bcda_setting_default(setting), row.default_value);
    EXPECT_STREQ(bcda_setting_choices(setting), row.choices);
    EXPECT_EQ(bcda_setting_env(setting), row.env);
    EXPECT_STREQ(bcda_setting_help(setting), row.help);
    EXPECT_EQ(bcda_setting_get_scope(setting) == BCDA_SCOPE_EXPORT, row.scope == SettingScope::export_);
    EXPECT_EQ(bcda_setting_secret(setting), row.secret ? 1 : 0);
  }
}

TEST(CSettings, TypesOfTheHeaderAreTypesOfTheEngine) {
  struct {
    bcda_setting_type type;
    SettingType row;
  } const pairs[] = {{BCDA_TYPE_STRING, SettingType::string},     {BCDA_TYPE_PATH, SettingType::path},
                     {BCDA_TYPE_BOOLEAN, SettingType::boolean},   {BCDA_TYPE_INTEGER, SettingType::integer},
                     {BCDA_TYPE_DURATION, SettingType::duration}, {BCDA_TYPE_SIZE, SettingType::size},
                     {BCDA_TYPE_CHOICE, SettingType::choice},     {BCDA_TYPE_LIST, SettingType::list}};
  for (const auto& pair : pairs) EXPECT_EQ(static_cast<int>(pair.type), static_cast<int>(pair.row));
}

TEST(CSettings, EndWhereTheyEnd) {
  EXPECT_EQ(bcda_setting_at(-1), nullptr);
  EXPECT_EQ(bcda_setting_at(bcda_setting_count()), nullptr);
  EXPECT_EQ(bcda_setting_at(INT32_MAX), nullptr);
  EXPECT_EQ(bcda_setting_at(INT32_MIN), nullptr);
  EXPECT_EQ(bcda_setting_find("nothing"), nullptr);
  EXPECT_EQ(bcda_setting_find(""), nullptr);
}

TEST(CStatuses, AreTheTableOfTheEngine) {
  ASSERT_EQ(bcda_status_count(), status_count());
  for (int32_t i = 0; i < bcda_status_count(); ++i) {
    const StatusInfo& info = status_at(i);
    bcda_status status = bcda_status_at(i);
    EXPECT_EQ(static_cast<int>(status), static_cast<int>(info.status));
    EXPECT_STREQ(bcda_status_name(status), info.name);
    EXPECT_STREQ(bcda_status_description(status), info.meaning);
    EXPECT_EQ(bcda_status_exit_code(status), info.exit_code);
  }
  EXPECT_EQ(bcda_status_count(), BCDA_RECORD + 1);
}

TEST(CStatuses, AnUnknownCodeIsAccepted) {
  for (int32_t code : {-1, 23, 1000, INT32_MAX}) {
    EXPECT_STREQ(bcda_status_name(static_cast<bcda_status>(code)), "UNKNOWN");
    EXPECT_STRNE(bcda_status_description(static_cast<bcda_status>(code)), "");
    EXPECT_EQ(bcda_status_exit_code(static_cast<bcda_status>(code)), 1);
  }
  for (int32_t index : {-1, bcda_status_count(), INT32_MAX, INT32_MIN}) EXPECT_EQ(bcda_status_at(index), BCDA_INTERNAL);
}

#if BCDA_VERSION_NUMBER < 2000
#error "the preprocessor can compare versions: 0.2.0 is 2000"
#endif

TEST(CVersion, IsTheHeaders) {
  std::string version = std::to_string(BCDA_VERSION_MAJOR) + "." + std::to_string(BCDA_VERSION_MINOR) + "." +
                        std::to_string(BCDA_VERSION_PATCH);
  EXPECT_EQ(bcda_version(), version);
  EXPECT_EQ(BCDA_VERSION_NUMBER, BCDA_VERSION_MAJOR * 1'000'000 + BCDA_VERSION_MINOR * 1'000 + BCDA_VERSION_PATCH);
  for (const char* part : {version.c_str(), "Boost", "OpenSSL", "zlib"})
    EXPECT_TRUE(holds(bcda_version_details(), part));
}

TEST(CVersion, FitsOrSaysBothVersions) {
  EXPECT_EQ(bcda_version_number(), BCDA_VERSION_NUMBER);
  EXPECT_EQ(bcda_version_check(BCDA_VERSION_NUMBER, nullptr), BCDA_OK);
  const int32_t minor = BCDA_VERSION_MAJOR * 1'000'000 + BCDA_VERSION_MINOR * 1'000;
  EXPECT_EQ(bcda_version_check(minor, nullptr), BCDA_OK);  // an older patch
  for (int32_t other : {BCDA_VERSION_NUMBER + 1, minor + 1'000, minor - 1'000, minor + 1'000'000, 0, -1, INT32_MIN}) {
    bcda_error* raw = nullptr;
    EXPECT_EQ(bcda_version_check(other, &raw), BCDA_INVALID_ARGUMENT) << other;
    OwnedError error(raw);
    EXPECT_TRUE(holds(bcda_error_message(error.get()), bcda_version()));
  }
  bcda_error* raw = nullptr;
  EXPECT_EQ(bcda_version_check(1002003, &raw), BCDA_INVALID_ARGUMENT);
  OwnedError error(raw);
  EXPECT_TRUE(holds(bcda_error_message(error.get()), "1.2.3"));
}

// ---- NULL

int32_t begin(void*, const char*, const char*, void**) { return 0; }
int32_t write(void*, void*, const void*, size_t) { return 0; }
int32_t commit(void*, void*, int64_t, const char*) { return 0; }
void abort_file(void*, void*) {}

TEST(CNull, IsAnInvalidArgumentThatIsNamed) {
  Config owned = make_config();
  bcda_config* config = owned.get();
  bcda_reader* reader = nullptr;
  char* text = nullptr;
  const char* data = nullptr;
  size_t size = 0;
  bcda_client* client = nullptr;
  bcda_run* run = nullptr;
  int32_t fd = -1;
  bcda_event* event = nullptr;
  bcda_result* result = nullptr;
  bcda_sink* sink = nullptr;
  struct {
    const char* argument;
    std::function<bcda_status(bcda_error**)> call;
  } const cases[] = {
      {"config", [&](bcda_error** e) { return bcda_config_create(nullptr, e); }},
      {"config", [&](bcda_error** e) { return bcda_config_set(nullptr, "url", "https://h", e); }},
      {"name", [&](bcda_error** e) { return bcda_config_set(config, nullptr, "x", e); }},
      {"config", [&](bcda_error** e) { return bcda_config_add(nullptr, "types", "x", e); }},
      {"name", [&](bcda_error** e) { return bcda_config_add(config, nullptr, "x", e); }},
      {"item", [&](bcda_error** e) { return bcda_config_add(config, "types", nullptr, e); }},
      {"config", [&](bcda_error** e) { return bcda_config_load_json(nullptr, "{}", e); }},
      {"text", [&](bcda_error** e) { return bcda_config_load_json(config, nullptr, e); }},
      {"config", [&](bcda_error** e) { return bcda_config_get(nullptr, "url", &text, e); }},
      {"name", [&](bcda_error** e) { return bcda_config_get(config, nullptr, &text, e); }},
      {"value", [&](bcda_error** e) { return bcda_config_get(config, "url", nullptr, e); }},
      {"config", [&](bcda_error** e) { return bcda_config_load_env(nullptr, e); }},
      {"config", [&](bcda_error** e) { return bcda_config_load_file(nullptr, "x", e); }},
      {"path", [&](bcda_error** e) { return bcda_config_load_file(config, nullptr, e); }},
      {"config", [&](bcda_error** e) { return bcda_config_set_provider(nullptr, "url", nullptr, nullptr, e); }},
      {"name", [&](bcda_error** e) { return bcda_config_set_provider(config, nullptr, nullptr, nullptr, e); }},
      {"config", [&](bcda_error** e) { return bcda_client_create(nullptr, &client, e); }},
      {"client", [&](bcda_error** e) { return bcda_client_create(config, nullptr, e); }},
      {"client", [&](bcda_error** e) { return bcda_client_metadata(nullptr, &text, e); }},
      {"sink", [&](bcda_error** e) { return bcda_sink_create(begin, write, commit, abort_file, nullptr, nullptr, e); }},
      {"callbacks",
       [&](bcda_error** e) { return bcda_sink_create(nullptr, write, commit, abort_file, nullptr, &sink, e); }},
      {"callbacks",
       [&](bcda_error** e) { return bcda_sink_create(begin, nullptr, commit, abort_file, nullptr, &sink, e); }},
      {"callbacks",
       [&](bcda_error** e) { return bcda_sink_create(begin, write, nullptr, abort_file, nullptr, &sink, e); }},
      {"callbacks", [&](bcda_error** e) { return bcda_sink_create(begin, write, commit, nullptr, nullptr, &sink, e); }},
      {"client", [&](bcda_error** e) { return bcda_export_start(nullptr, config, nullptr, &run, e); }},
      {"client", [&](bcda_error** e) { return bcda_manifest_start(nullptr, config, &run, e); }},
      {"client", [&](bcda_error** e) { return bcda_fetch_start(nullptr, config, "{}", nullptr, nullptr, &run, e); }},
      {"run", [&](bcda_error** e) { return bcda_run_next_event(nullptr, 0, &event, e); }},
      {"run", [&](bcda_error** e) { return bcda_run_notify(nullptr, nullptr, nullptr, e); }},
      {"run", [&](bcda_error** e) { return bcda_run_fd(nullptr, &fd, e); }},
      {"run", [&](bcda_error** e) { return bcda_run_wait(nullptr, 0, e); }},
      {"run", [&](bcda_error** e) { return bcda_run_result(nullptr, &result, e); }},
      {"settings",
       [&](bcda_error** e) {
         return bcda_decrypt_file(nullptr, "x", nullptr, "00", nullptr, "y", nullptr, nullptr, nullptr, e);
       }},
      {"path",
       [&](bcda_error** e) {
         return bcda_decrypt_file(config, nullptr, nullptr, "00", nullptr, "y", nullptr, nullptr, nullptr, e);
       }},
      {"output",
       [&](bcda_error** e) {
         return bcda_decrypt_file(config, "x", nullptr, "00", nullptr, nullptr, nullptr, nullptr, nullptr, e);
       }},
      {"path", [&](bcda_error** e) { return bcda_reader_open(nullptr, &reader, e); }},
      {"reader", [&](bcda_error** e) { return bcda_reader_open("/dev/null", nullptr, e); }},
      {"reader", [&](bcda_error** e) { return bcda_reader_next(nullptr, &data, &size, e); }},
  };
  int number = 0;
  for (const auto& c : cases) {
    SCOPED_TRACE(number++);
    bcda_error* raw = nullptr;
    EXPECT_EQ(c.call(&raw), BCDA_INVALID_ARGUMENT);
    OwnedError error(raw);
    ASSERT_NE(error, nullptr);
    EXPECT_EQ(bcda_error_status(error.get()), BCDA_INVALID_ARGUMENT);
    EXPECT_TRUE(holds(bcda_error_message(error.get()), c.argument));
    EXPECT_EQ(c.call(nullptr), BCDA_INVALID_ARGUMENT);  // without an error object
  }
  EXPECT_EQ(text, nullptr);
  EXPECT_EQ(client, nullptr);
  EXPECT_EQ(run, nullptr);
  EXPECT_EQ(sink, nullptr);
  EXPECT_EQ(result, nullptr);
}

TEST(CNull, AReaderWantsItsOutParameters) {
  bcda_reader* reader = nullptr;
  ASSERT_EQ(bcda_reader_open("/dev/null", &reader, nullptr), BCDA_OK);
  const char* data = nullptr;
  size_t size = 0;
  EXPECT_EQ(bcda_reader_next(reader, nullptr, &size, nullptr), BCDA_INVALID_ARGUMENT);
  EXPECT_EQ(bcda_reader_next(reader, &data, nullptr, nullptr), BCDA_INVALID_ARGUMENT);
  bcda_reader_destroy(reader);
}

TEST(CNull, AClientWantsItsOutParameters) {
  Config config = make_config();
  ASSERT_EQ(bcda_config_set(config.get(), "url", "http://127.0.0.1:1", nullptr), BCDA_OK);
  bcda_client* client = nullptr;
  ASSERT_EQ(bcda_client_create(config.get(), &client, nullptr), BCDA_OK);
  EXPECT_EQ(bcda_client_metadata(client, nullptr, nullptr), BCDA_INVALID_ARGUMENT);
  EXPECT_EQ(bcda_export_start(client, nullptr, nullptr, nullptr, nullptr), BCDA_INVALID_ARGUMENT);
  EXPECT_EQ(bcda_manifest_start(client, nullptr, nullptr, nullptr), BCDA_INVALID_ARGUMENT);
  EXPECT_EQ(bcda_fetch_start(client, nullptr, R"({"output":[]})", nullptr, nullptr, nullptr, nullptr),
            BCDA_INVALID_ARGUMENT);
  bcda_run* run = nullptr;
  EXPECT_EQ(bcda_fetch_start(client, nullptr, nullptr, nullptr, nullptr, &run, nullptr), BCDA_INVALID_ARGUMENT);
  EXPECT_EQ(run, nullptr);
  bcda_client_destroy(client);
}

TEST(CNull, IsFineToDestroy) {
  bcda_string_free(nullptr);
  bcda_error_destroy(nullptr);
  bcda_config_destroy(nullptr);
  bcda_client_destroy(nullptr);
  bcda_sink_destroy(nullptr);
  bcda_run_destroy(nullptr);
  bcda_run_cancel(nullptr);
  bcda_event_destroy(nullptr);
  bcda_result_destroy(nullptr);
  bcda_reader_destroy(nullptr);
}

TEST(CNull, AccessorsGiveEmptyTextAndNeutralNumbers) {
  for (const char* text :
       {bcda_error_message(nullptr), bcda_error_outcome(nullptr), bcda_error_file(nullptr), bcda_setting_name(nullptr),
        bcda_setting_type_name(nullptr), bcda_setting_default(nullptr), bcda_setting_choices(nullptr),
        bcda_setting_env(nullptr), bcda_setting_help(nullptr), bcda_result_transaction_time(nullptr),
        bcda_result_types(nullptr), bcda_run_kind_name(nullptr), bcda_result_json(nullptr),
        bcda_result_manifest(nullptr), bcda_file_type(nullptr), bcda_file_url(nullptr), bcda_file_path(nullptr),
        bcda_file_sha256(nullptr)})
    EXPECT_STREQ(text, "");
  EXPECT_EQ(bcda_error_status(nullptr), BCDA_OK);
  EXPECT_EQ(bcda_error_http_status(nullptr), 0);
  EXPECT_EQ(bcda_error_retriable(nullptr), 0);
  EXPECT_EQ(bcda_error_retry_after_ms(nullptr), -1);
  EXPECT_EQ(bcda_setting_get_type(nullptr), BCDA_TYPE_STRING);
  EXPECT_EQ(bcda_setting_get_scope(nullptr), BCDA_SCOPE_CLIENT);
  EXPECT_EQ(bcda_setting_secret(nullptr), 0);
  EXPECT_EQ(bcda_setting_find(nullptr), nullptr);
  EXPECT_EQ(bcda_run_get_kind(nullptr), BCDA_RUN_EXPORT);
  EXPECT_EQ(bcda_result_file_count(nullptr), 0);
  EXPECT_EQ(bcda_result_file(nullptr, 0), nullptr);
  EXPECT_EQ(bcda_result_error_file_count(nullptr), 0);
  EXPECT_EQ(bcda_result_partial(nullptr), 0);
  EXPECT_EQ(bcda_result_issue_count(nullptr), 0);
  EXPECT_EQ(bcda_result_issue(nullptr, 0), nullptr);
  EXPECT_EQ(bcda_issue_count(nullptr), -1);
  EXPECT_EQ(bcda_result_elapsed_ms(nullptr), -1);
  EXPECT_EQ(bcda_file_bytes(nullptr), -1);
  EXPECT_EQ(bcda_file_records(nullptr), -1);
  EXPECT_EQ(bcda_file_decrypted(nullptr), 0);
  EXPECT_EQ(bcda_file_is_error(nullptr), 0);
  EXPECT_STREQ(bcda_file_kind(nullptr), "");
  EXPECT_STREQ(bcda_file_proof(nullptr), "");
  EXPECT_EQ(bcda_reader_line(nullptr), -1);
  EXPECT_EQ(bcda_reader_offset(nullptr), -1);
}

// Runs in its own process, because an accessor that crashes would end it.
TEST(CNullDeathTest, EventAccessorsGiveEmptyTextAndNeutralNumbers) {
  EXPECT_EXIT(
      {
        bool good = bcda_event_get_kind(nullptr) == BCDA_EVENT_STATE && bcda_event_status(nullptr) == BCDA_OK &&
                    bcda_event_percent(nullptr) == -1 && bcda_event_bytes_done(nullptr) == -1 &&
                    bcda_event_bytes_total(nullptr) == -1 && bcda_event_files_done(nullptr) == -1 &&
                    bcda_event_files_total(nullptr) == -1 && bcda_event_wait_ms(nullptr) == -1;
        for (const char* text : {bcda_event_kind_name(nullptr), bcda_event_text(nullptr), bcda_event_type(nullptr),
                                 bcda_event_file(nullptr), bcda_event_url(nullptr), bcda_event_json(nullptr)})
          good = good && std::string(text).empty();
        ::_exit(good ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

// ---- Configurations

TEST(CConfig, GivesTheValueInForce) {
  Config config = make_config();
  EXPECT_EQ(value_of(config.get(), "parallel"), "8");
  ASSERT_EQ(bcda_config_set(config.get(), "parallel", "9", nullptr), BCDA_OK);
  EXPECT_EQ(value_of(config.get(), "parallel"), "9");
  ASSERT_EQ(bcda_config_set(config.get(), "parallel", nullptr, nullptr), BCDA_OK);
  EXPECT_EQ(value_of(config.get(), "parallel"), "8");
}

TEST(CConfig, EverySettingCanBeSetToItsDefaultAndRead) {
  Config config = make_config();
  for (int32_t i = 0; i < bcda_setting_count(); ++i) {
    const bcda_setting* setting = bcda_setting_at(i);
    const char* name = bcda_setting_name(setting);
    EXPECT_EQ(bcda_config_set(config.get(), name, bcda_setting_default(setting), nullptr), BCDA_OK) << name;
    if (!bcda_setting_secret(setting)) {
      EXPECT_EQ(value_of(config.get(), name), bcda_setting_default(setting)) << name;
    }
  }
}

TEST(CConfig, AnUnknownNameSuggestsTheNearest) {
  Config config = make_config();
  char* text = nullptr;
  for (const auto& call : std::initializer_list<std::function<bcda_status(bcda_error**)>>{
           [&](bcda_error** e) { return bcda_config_set(config.get(), "clientid", "x", e); },
           [&](bcda_error** e) { return bcda_config_set(config.get(), "clientid", nullptr, e); },
           [&](bcda_error** e) { return bcda_config_get(config.get(), "clientid", &text, e); },
           [&](bcda_error** e) { return bcda_config_set_provider(config.get(), "clientid", nullptr, nullptr, e); }}) {
    bcda_error* raw = nullptr;
    EXPECT_EQ(call(&raw), BCDA_INVALID_ARGUMENT);
    OwnedError error(raw);
    EXPECT_TRUE(holds(bcda_error_message(error.get()), "did you mean client_id?"));
  }
}

TEST(CConfig, AnErrorIsLeftAloneOnSuccess) {
  Config config = make_config();
  auto* untouched = reinterpret_cast<bcda_error*>(&config);
  bcda_error* error = untouched;
  EXPECT_EQ(bcda_config_set(config.get(), "parallel", "9", &error), BCDA_OK);
  EXPECT_EQ(error, untouched);
}

TEST(CConfig, SecretsAreNotGivenBack) {
  Config config = make_config();
  for (int32_t i = 0; i < bcda_setting_count(); ++i) {
    const bcda_setting* setting = bcda_setting_at(i);
    if (!bcda_setting_secret(setting)) continue;
    const char* name = bcda_setting_name(setting);
    EXPECT_EQ(value_of(config.get(), name), "") << name;
    ASSERT_EQ(bcda_config_set(config.get(), name, "hunter2", nullptr), BCDA_OK);
    EXPECT_EQ(value_of(config.get(), name), "(set)") << name;
    ASSERT_EQ(bcda_config_set(config.get(), name, nullptr, nullptr), BCDA_OK);
    EXPECT_EQ(value_of(config.get(), name), "") << name;
  }
}

TEST(CConfig, SecretsOfAProviderAreNotGivenBackEither) {
  Config config = make_config();
  auto provider = [](void*, char*, int32_t) -> int32_t { return -1; };
  ASSERT_EQ(bcda_config_set_provider(config.get(), "client_secret", provider, nullptr, nullptr), BCDA_OK);
  EXPECT_EQ(value_of(config.get(), "client_secret"), "(set)");
  ASSERT_EQ(bcda_config_set_provider(config.get(), "client_secret", nullptr, nullptr, nullptr), BCDA_OK);
  EXPECT_EQ(value_of(config.get(), "client_secret"), "");
}

TEST(CConfig, TheValueInForceIsTheProviders) {
  Config config = make_config();
  auto provider = [](void* user, char* buffer, int32_t) -> int32_t {
    const auto* text = static_cast<const std::string*>(user);
    std::copy(text->begin(), text->end(), buffer);
    return static_cast<int32_t>(text->size());
  };
  std::string url = "https://from.the.store", other = "no number";
  ASSERT_EQ(bcda_config_set_provider(config.get(), "url", provider, &url, nullptr), BCDA_OK);
  ASSERT_EQ(bcda_config_set_provider(config.get(), "parallel", provider, &other, nullptr), BCDA_OK);
  EXPECT_EQ(value_of(config.get(), "url"), url);
  char* value = nullptr;
  EXPECT_EQ(bcda_config_get(config.get(), "parallel", &value, nullptr), BCDA_INVALID_ARGUMENT);
  EXPECT_EQ(value, nullptr);
}

// Of two settings for the same value, the one that is given last counts, as a value or as a provider.
TEST(CConfig, AProviderAndTheAlternativeSettingExcludeEachOther) {
  auto provider = [](void*, char* buffer, int32_t) -> int32_t { return buffer[0] = 'k', 1; };
  for (const char* name : {"private_key", "private_key_pem"}) {
    const std::string alternative = name == std::string("private_key") ? "private_key_pem" : "private_key";
    Config config = make_config();
    ASSERT_EQ(bcda_config_set_provider(config.get(), alternative.c_str(), provider, nullptr, nullptr), BCDA_OK);
    ASSERT_EQ(bcda_config_set(config.get(), name, "given", nullptr), BCDA_OK);
    EXPECT_EQ(value_of(config.get(), alternative.c_str()), "") << alternative;
    ASSERT_EQ(bcda_config_set_provider(config.get(), alternative.c_str(), provider, nullptr, nullptr), BCDA_OK);
    EXPECT_EQ(value_of(config.get(), name), "") << name;
    ASSERT_EQ(bcda_config_set_provider(config.get(), name, provider, nullptr, nullptr), BCDA_OK);
    EXPECT_EQ(value_of(config.get(), alternative.c_str()), "") << alternative;
  }
  ASSERT_EQ(::setenv("BCDA_PRIVATE_KEY", "/from/the/environment", 1), 0);
  Config config = make_config();
  ASSERT_EQ(bcda_config_set_provider(config.get(), "private_key_pem", provider, nullptr, nullptr), BCDA_OK);
  ASSERT_EQ(bcda_config_load_env(config.get(), nullptr), BCDA_OK);
  EXPECT_EQ(value_of(config.get(), "private_key"), "");
  ASSERT_EQ(bcda_config_set_provider(config.get(), "private_key_pem", nullptr, nullptr, nullptr), BCDA_OK);
  ASSERT_EQ(bcda_config_load_env(config.get(), nullptr), BCDA_OK);
  EXPECT_EQ(value_of(config.get(), "private_key"), "/from/the/environment");
  ::unsetenv("BCDA_PRIVATE_KEY");
}

TEST(CConfig, AProviderIsAskedWhenItsSettingIsNeeded) {
  struct Store {
    std::string text;
    int calls = 0;
  } store{test::slurp(test::data_path("keys/rsa2048.public.pem"))};
  Config config = make_config();
  ASSERT_EQ(bcda_config_set(config.get(), "url", "http://127.0.0.1:1", nullptr), BCDA_OK);
  auto provider = [](void* user, char* buffer, int32_t capacity) -> int32_t {
    auto* from = static_cast<Store*>(user);
    ++from->calls;
    if (from->text.empty() || from->text.size() > static_cast<std::size_t>(capacity)) return -1;
    std::copy(from->text.begin(), from->text.end(), buffer);
    return static_cast<int32_t>(from->text.size());
  };
  ASSERT_EQ(bcda_config_set_provider(config.get(), "private_key_pem", provider, &store, nullptr), BCDA_OK);
  EXPECT_EQ(store.calls, 0);
  bcda_client* client = nullptr;
  EXPECT_EQ(bcda_client_create(config.get(), &client, nullptr), BCDA_PRIVATE_KEY);  // the file has the public key
  EXPECT_EQ(store.calls, 1);
  store.text = test::slurp(test::data_path("keys/rsa2048.pkcs1.pem"));
  ASSERT_EQ(bcda_client_create(config.get(), &client, nullptr), BCDA_OK);
  EXPECT_EQ(store.calls, 2);
  bcda_client_destroy(client);
  store.text.clear();
  bcda_error* raw = nullptr;
  EXPECT_EQ(bcda_client_create(config.get(), &client, &raw), BCDA_INVALID_ARGUMENT);
  OwnedError error(raw);
  EXPECT_TRUE(holds(bcda_error_message(error.get()), "private_key_pem"));
}

TEST(CConfig, AListIsGivenBackAsItCanBeSet) {
  Config config = make_config(), again = make_config();
  for (const char* item : {"https://a", "https://b,c"})
    ASSERT_EQ(bcda_config_add(config.get(), "allowed_origins", item, nullptr), BCDA_OK);
  const std::string both = value_of(config.get(), "allowed_origins");
  EXPECT_EQ(both, R"(["https://a","https://b,c"])");
  ASSERT_EQ(bcda_config_set(again.get(), "allowed_origins", both.c_str(), nullptr), BCDA_OK);
  EXPECT_EQ(value_of(again.get(), "allowed_origins"), both);
  ASSERT_EQ(bcda_config_set(again.get(), "allowed_origins", R"(["a", "b"])", nullptr), BCDA_OK);
  EXPECT_EQ(value_of(again.get(), "allowed_origins"), "a,b");
  bcda_error* raw = nullptr;
  EXPECT_EQ(bcda_config_add(config.get(), "url", "https://a", &raw), BCDA_INVALID_ARGUMENT);
  OwnedError error(raw);
  EXPECT_TRUE(holds(bcda_error_message(error.get()), "url is not a list"));
}

TEST(CConfig, AnItemReplacesAProvider) {
  Config config = make_config();
  const auto provider = [](void*, char*, int32_t) -> int32_t { return -1; };
  ASSERT_EQ(bcda_config_set_provider(config.get(), "types", provider, nullptr, nullptr), BCDA_OK);
  ASSERT_EQ(bcda_config_add(config.get(), "types", "Patient", nullptr), BCDA_OK);
  EXPECT_EQ(value_of(config.get(), "types"), "Patient");
}

TEST(CConfig, LoadsJsonThatIsAtHand) {
  Config config = make_config();
  ASSERT_EQ(bcda_config_set(config.get(), "client_id", "mine", nullptr), BCDA_OK);
  ASSERT_EQ(bcda_config_load_json(config.get(), R"({"client_id":"text","parallel":3,"types":["Patient"]})", nullptr),
            BCDA_OK);
  EXPECT_EQ(value_of(config.get(), "client_id"), "mine");
  EXPECT_EQ(value_of(config.get(), "parallel"), "3");
  EXPECT_EQ(value_of(config.get(), "types"), "Patient");
  bcda_error* raw = nullptr;
  EXPECT_EQ(bcda_config_load_json(config.get(), R"({"durability":"none"})", &raw), BCDA_INVALID_ARGUMENT);
  OwnedError error(raw);
  EXPECT_TRUE(holds(bcda_error_message(error.get()), "the configuration text: "));
  EXPECT_STREQ(bcda_error_file(error.get()), "");
}

TEST(CConfig, LoadsAFileAndTheEnvironmentInTheOrderOfTheCalls) {
  test::TempDir dir;
  test::spill(dir / "c.json", R"({"client_id":"file","parallel":3})");
  ASSERT_EQ(::setenv("BCDA_CLIENT_ID", "env", 1), 0);
  Config config = make_config();
  EXPECT_EQ(bcda_config_load_env(config.get(), nullptr), BCDA_OK);
  EXPECT_EQ(bcda_config_load_file(config.get(), (dir / "c.json").c_str(), nullptr), BCDA_OK);
  EXPECT_EQ(value_of(config.get(), "client_id"), "env");
  EXPECT_EQ(value_of(config.get(), "parallel"), "3");
  ::unsetenv("BCDA_CLIENT_ID");
  EXPECT_EQ(bcda_config_load_file(config.get(), (dir / "none.json").c_str(), nullptr), BCDA_FILESYSTEM);
}

}  // namespace
}  // namespace libbcda
