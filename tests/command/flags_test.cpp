// The library's messages as the command prints them.
#include "flags.hpp"

#include <gtest/gtest.h>

namespace {

using cli::in_flags;

TEST(InFlags, ASettingIsNamedByItsFlag) {
  EXPECT_EQ(in_flags("the setting out is missing; name a directory"), "--out is missing; name a directory");
  EXPECT_EQ(in_flags("x is not encrypted; use https://, or set allow_http if you must"),
            "x is not encrypted; use https://, or set --allow-http if you must (setting allow_http)");
  EXPECT_EQ(in_flags("(.bcda); set restart to discard it"), "(.bcda); set --restart to discard it");
  EXPECT_EQ(in_flags("the last files; durability=process accepts that"),
            "the last files; --durability=process accepts that");
  EXPECT_EQ(in_flags("not done within the setting timeout (5s)"), "not done within --timeout (5s)");
  EXPECT_EQ(in_flags("check client_id, signing_key and key_id, that"),
            "check --client-id, --signing-key and --key-id, that (settings client_id, signing_key, key_id)");
}

TEST(InFlags, AnOptionThatTheCommandLacksIsOneOfBcdaExport) {
  CLI::App command;
  cli::Flags flags;
  flags.add_to(command, [](const bcda::Setting& setting) { return setting.name() == "client_id"; });
  cli::name_options_of(&command);
  const std::string discard = in_flags("use the same settings, or set restart to discard it"),
                    types = in_flags("check the setting types and client_id");
  cli::name_options_of(nullptr);
  EXPECT_EQ(discard, "use the same settings, or run bcda export --restart to discard it");
  EXPECT_EQ(types, "check --types of bcda export and --client-id (setting client_id)");
}

TEST(InFlags, ASecretIsNamedByWhatHoldsIt) {
  EXPECT_EQ(
      in_flags("check client_id and client_secret, that"),
      "check --client-id and --client-secret-file or BCDA_CLIENT_SECRET, that (settings client_id, client_secret)");
  EXPECT_EQ(in_flags("the setting client_secret (or client_secret_file) is missing"),
            "BCDA_CLIENT_SECRET (or --client-secret-file) is missing (settings client_secret, client_secret_file)");
  EXPECT_EQ(in_flags("in the setting private_key_pem: no"), "in BCDA_PRIVATE_KEY_PEM: no (setting private_key_pem)");
}

TEST(InFlags, OtherWordsStay) {
  for (const char* text : {"", "cannot read private_key: No such file", "cannot read /keys/private_key.pem", "time out",
                           "the types and threads", "the configuration file x: the setting url is bad",
                           "there is no setting named clientid; did you mean client_id?", "http://h/?timeout=1"})
    EXPECT_EQ(in_flags(text), text);
}

}  // namespace
