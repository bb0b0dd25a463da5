// The options of a sandbox: one table of names, defaults and help texts.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "clock.hpp"
#include "faults.hpp"

namespace libbcda::sandbox {

// The versions of the service. It changed its handling of error files and keys several times within a year.
enum class Era {
  nov2018,      // one file for each job; keys only in KeyMap (names padded with blanks); error files encrypted
  sep2019,      // the service of the technical guide; error files exist but are never listed
  oct2019,      // error files are listed, in plaintext, with encryptedKey ""
  nov2019_off,  // encryption is switched off: plaintext, no encryptedKey, no KeyMap
};

// The services that can be emulated. That of today answers versions 1, 2 and 3 together.
enum class Profile { bcda_2019, bcda_v1, bcda_v2, bcda_v3, ab2d, dpc, hapi, generic };

struct Options {
  Options();  // sets all defaults

  // The number of days after which each record changes again; 0: records never change.
  std::int64_t change_cycle() const { return changes > 0 ? static_cast<std::int64_t>(1 / changes + 0.5) : 0; }

  // Throws Error{INVALID_ARGUMENT} for an unknown name or a bad value. The message says what is accepted.
  void set(std::string_view name, std::string_view value);

  std::int64_t port = 0;
  std::string host;
  bool tls = true;
  std::int64_t beneficiaries = 0;
  std::int64_t seed = 0;
  std::int64_t beneficiaries_per_file = 0;
  std::int64_t bytes_per_type = 0;
  std::int64_t files_per_type = 0;
  double error_rate = 0, changes = 0;
  Era era = Era::sep2019;
  Profile profile = Profile::bcda_2019;
  bool production = false, reach = false;
  std::int64_t retry_after = 0, status_retry_after = 0;
  std::string signing_algorithm;
  std::string client_id, client_secret, second_client_id, second_client_secret;
  std::string public_key, directory;
  std::optional<Duration> token_lifetime;  // nullopt: that of the profile
  Duration pending_time{}, job_time{}, job_lifetime{}, clock{}, signed_urls{};
  std::vector<Fault> faults;
};

struct OptionRow {
  const char* name;
  const char* fallback;
  const char* takes;  // the form of a value, for messages about a bad one
  const char* help;   // one sentence
  bool changeable;    // can be changed with bcda_sandbox_control
  bool (*set)(Options&, std::string_view);
};

std::span<const OptionRow> option_rows();
const OptionRow& option_named(std::string_view name);  // throws Error{INVALID_ARGUMENT}
std::string option_help(const OptionRow& row);         // with the form of the value; `fault` lists its kinds

}  // namespace libbcda::sandbox
