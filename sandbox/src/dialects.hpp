// The servers that follow the Bulk Data Access IG. They differ by data: one row for each.
#pragma once
#include <string>
#include <vector>

#include "message.hpp"
#include "options.hpp"
#include "today_jobs.hpp"

namespace libbcda::sandbox::bulk {

using today::Content;
using today::Facts;
using today::File;
using today::Job;
using today::State;

enum class Login { none, form, smart };

struct Dialect {
  Profile profile;
  const char* name;   // of the profile
  std::string base;   // of the FHIR paths
  const char* group;  // the id of the one group, which has every second person

  // Tokens.
  Login login;
  std::string token_path;  // below `base`, or after the origin with a leading slash
  bool discovery;          // has a SMART configuration
  const char* scope;       // the only one that is granted; "": those for reading
  Duration token_lifetime;
  bool remembers_jti;       // refuses an assertion that was used before
  int no_token, bad_token;  // the status of a request without a token, or with one that is not valid; 0: served

  // Kick-off.
  bool system, patient;  // levels besides the group
  bool group_level;
  const char* methods;  // "" for any
  const char* accept;   // exactly this; "" for any
  bool exact_prefer;
  bool knows_groups;  // an unknown group is refused
  std::vector<std::string> types;
  int fhir;               // the version of the records: 1 is STU3, 2 is R4
  int empty_group;        // the status of a kick-off when the group has nobody; 0: 202
  bool ignores_since;     // at the level of patients
  bool reads_first_type;  // loses the other ones when _type is repeated
  bool names_running;     // a 429 has the status URLs of the running jobs

  // Jobs. {job} and {name} are replaced in the paths.
  std::string status_path, file_path;
  bool paces;  // 202 has a Retry-After, and status requests in a shorter time get 429
  bool sends_pace;
  const char* expires;  // the name of that header; "": not sent
  int expired;          // the status of an expired job
  bool cancels;
  int too_late;           // the status of a DELETE when the job is done
  bool deletes_finished;  // DELETE of a finished job removes its files
  bool deletes_without_token;

  // Manifests.
  bool has_deleted;  // with outputOrganizedBy, partial manifests and deleted
  bool counts;
  const char* checksums;  // the URL before "checksum" and "file_length"; "": none
  bool states_times;      // DPC's submit_time and complete_time
  bool notes_emptiness;   // HAPI's member `message`

  // Files.
  int downloads;  // the number allowed for each file; 0: any
  bool gzip;
  const char* file_type;
  Response (*serve)(const Request&, const Job&, const File&, const Dialect&);

  std::string (*progress)(const Job&, Time now);
  Response (*refusal)(int status, const std::string& text, const std::string& code);
  const char* powered_by;  // the header X-Powered-By
};

const Dialect* dialect_of(Profile profile);  // nullptr for the services of BCDA

// Bodies of files.
Response serve_text_file(const Request& request, const Job& job, const File& file, const Dialect& dialect);
Response serve_dpc_file(const Request& request, const Job& job, const File& file, const Dialect& dialect);
Response serve_binary(const Request& request, const Job& job, const File& file, const Dialect& dialect);

// JSON text without the escapes of Go.
std::string plain_json_string(const std::string& text);

// Replaces {job} and {name}.
std::string with_names(std::string pattern, const std::string& job, const std::string& name);

}  // namespace libbcda::sandbox::bulk
