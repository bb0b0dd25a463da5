#include "settings/table.hpp"

#include <algorithm>
#include <utility>

namespace libbcda {
namespace {

constexpr auto kClient = SettingScope::client;
constexpr auto kExport = SettingScope::export_;
constexpr auto kTable = SettingScope::table;
constexpr auto kPartition = SettingScope::partition;
using T = SettingType;

// A row of the table. Its default is "" unless it is given.
Setting row(SettingType type, const char* name, SettingScope scope, const char* default_value, const char* help) {
  return {name, type, scope, false, default_value, "", help, {}, false, scope != kExport};
}
Setting text(const char* name, SettingScope scope, const char* help) { return row(T::string, name, scope, "", help); }
Setting path(const char* name, SettingScope scope, const char* help) { return row(T::path, name, scope, "", help); }
Setting list(const char* name, SettingScope scope, const char* help) { return row(T::list, name, scope, "", help); }
Setting secret(const char* name, SettingScope scope, const char* help) {
  Setting made = text(name, scope, help);
  made.secret = true;
  return made;
}
Setting choice(const char* name, SettingScope scope, const char* default_value, const char* choices, const char* help) {
  Setting made = row(T::choice, name, scope, default_value, help);
  made.choices = choices;
  return made;
}
Setting flag(const char* name, SettingScope scope, const char* default_value, const char* help) {
  return row(T::boolean, name, scope, default_value, help);
}
Setting number(const char* name, SettingScope scope, const char* default_value, const char* help) {
  return row(T::integer, name, scope, default_value, help);
}
Setting duration(const char* name, SettingScope scope, const char* default_value, const char* help) {
  return row(T::duration, name, scope, default_value, help);
}
Setting size(const char* name, SettingScope scope, const char* default_value, const char* help) {
  return row(T::size, name, scope, default_value, help);
}
Setting text_with(const char* name, SettingScope scope, const char* default_value, const char* help) {
  return row(T::string, name, scope, default_value, help);
}

// A setting that is part of the request of a job: it says what is asked for, or which service is asked.
Setting of_request(Setting row) {
  row.of_request = true;
  return row;
}
// A setting of an export that a download needs, too.
Setting of_download(Setting row) {
  row.for_opening = true;
  return row;
}
// A setting of a client or of partitions that a process which only opens partitions does not use.
Setting not_for_opening(Setting row) {
  row.for_opening = false;
  return row;
}

std::vector<Setting> make_table() {
  std::vector<Setting> table = {
      of_request(text("url", kClient, "Origin of the service, such as https://api.bcda.cms.gov, or its FHIR base.")),
      of_request(choice("profile", kClient, "auto", "auto,bcda-v3,bcda-v2,bcda-v1,bcda-2019,ab2d,dpc,hapi,generic",
                        "What kind of server it is; auto decides by the URL.")),
      path("profile_file", kClient,
           "JSON file with fields that replace those of the profile, as `bcda profiles NAME --json` prints them."),
      choice("auth", kClient, "auto", "auto,basic,form,smart,token,none",
             "How to authenticate; auto decides by the profile and the credentials."),
      of_request(text("client_id", kClient, "Client id that the service issued.")),
      secret("client_secret", kClient, "Client secret that belongs to client_id."),
      path("client_secret_file", kClient, "File that holds the client secret."),
      path("signing_key", kClient,
           "PEM or JWK file of the private key that signs token requests (SMART Backend Services)."),
      secret("signing_key_text", kClient, "The signing key itself as PEM or JWK text, instead of a file."),
      secret("signing_key_passphrase", kClient, "Passphrase of an encrypted signing key."),
      path("signing_key_passphrase_file", kClient, "File that holds the passphrase of an encrypted signing key."),
      text("key_id", kClient, "Id under which the signing key is registered; by default the kid of a JWK."),
      text("token_url", kClient, "URL that issues tokens, if it is not the profile's."),
      text("scope", kClient, "Scopes to ask a token for, if they are not the profile's."),
      secret("access_token", kClient, "An access token that is at hand, instead of a client id and secret."),
      path("access_token_file", kClient,
           "File that holds an access token; it is read again when the service refuses the token."),
      not_for_opening(path("private_key", kClient,
                           "PEM file of the RSA private key whose public half is registered with the service.")),
      not_for_opening(secret("private_key_pem", kClient, "The private key itself as PEM text, instead of a file.")),
      not_for_opening(secret("private_key_passphrase", kClient, "Passphrase of an encrypted private key.")),
      not_for_opening(
          path("private_key_passphrase_file", kClient, "File that holds the passphrase of an encrypted private key.")),
      path("ca_file", kClient, "PEM file of the CA certificates to trust instead of the system's."),
      path("client_certificate", kClient,
           "PEM file of the certificate for a service that asks its clients for one; its issuers and its key may "
           "follow."),
      path("client_certificate_key", kClient, "PEM file of the key of client_certificate, if it is a file of its own."),
      secret("client_key_passphrase", kClient, "Passphrase of an encrypted key of client_certificate."),
      path("client_key_passphrase_file", kClient,
           "File that holds the passphrase of an encrypted key of client_certificate."),
      text("proxy", kClient,
           "HTTP proxy for every request, such as http://proxy:3128; none: no proxy; by default that of HTTPS_PROXY."),
      flag("allow_http", kClient, "false",
           "Allow http:// to other machines; credentials and claims are then sent unencrypted."),
      list("allowed_origins", kClient,
           "Other origins that a manifest may point to; files there are downloaded without the token."),
      list("token_origins", kClient,
           "Other origins whose files are downloaded with the token; a manifest may point to them too."),
      flag("allow_private_addresses", kClient, "false",
           "Reach other origins at private and link-local addresses too, although the service has a public one."),
      number("threads", kClient, "0", "Threads that transfer and decrypt data; 0: one per core."),
      flag(
          "share_threads", kClient, "false",
          "Share the threads with the other clients of this process that set this; the first client decides how many."),
      text_with("user_agent", kClient, "libbcda/0.2.0", "The User-Agent header."),
      duration("connect_timeout", kClient, "30s", "Time limit for name lookup, connection and TLS handshake."),
      duration("idle_timeout", kClient, "1m", "Longest time without a byte on a connection that should deliver bytes."),
      size("low_speed_limit", kClient, "1KiB",
           "Fewest bytes per second that an answer may bring; one that is slower is given up; 0: no limit."),
      duration("low_speed_time", kClient, "",
               "How long an answer may be slower than low_speed_limit; by default as long as idle_timeout (1m)."),
      duration("request_timeout", kClient, "2m",
               "Time limit for the answer to one request, not counting the body of a file."),
      duration("token_lifetime", kClient, "1h", "Lifetime assumed for a token when the service states none."),
      size("max_header_bytes", kClient, "64KiB", "Largest head of an answer that is accepted."),
      size("max_manifest_bytes", kClient, "1GiB", "Largest manifest that is accepted."),
      number("max_gzip_ratio", kClient, "200",
             "How many times its size a file packed with gzip may unpack to; 0: no limit but 64 GiB."),
      of_request(list("types", kExport, "Resource types to export; by default all that the service offers.")),
      of_request(choice("level", kExport, "", "system,patient,group",
                        "What to export: the whole system, all patients, or a group; by default the profile's.")),
      of_request(text("group", kExport, "Id of the group to export; by default the profile's (all at BCDA).")),
      of_request(text("since", kExport, "Export only what changed since this time, such as 2026-02-13T08:00:00Z.")),
      of_request(text("until", kExport, "Export only what changed until this time.")),
      of_request(
          list("type_filters", kExport,
               "Searches that resources of a type must match, such as ExplanationOfBenefit?service-date=ge2025.")),
      of_request(list("elements", kExport, "Elements of the resources to export, such as Patient.name.")),
      of_request(list("include_associated_data", kExport,
                      "Associated data to export too, such as LatestProvenanceResources.")),
      of_request(
          list("patients", kExport, "Patients to export, such as Patient/123; the kick-off is then sent by POST.")),
      of_request(text("organize_output_by", kExport,
                      "Resource type, such as Patient, by which the server puts resources together in its files.")),
      flag("allow_partial_manifests", kExport, "false",
           "Let the server list files while the job still runs; they are downloaded at once."),
      text("output_format", kExport, "Format to ask for; leave it unset unless the service needs it."),
      choice("method", kExport, "", "GET,POST", "Method of the kick-off; by default GET."),
      text("job_url", kExport, "Status URL of a job that runs already; its files are exported, and no job is started."),
      flag("delete_job", kExport, "false",
           "Delete the job from the service (DELETE) once the export is complete and verified."),
      choice("sync_partial", kExport, "keep", "keep,move",
             "After a partial run of a series: ask for the same time again (keep), or go on from this run (move)."),
      path("out", kExport, "Directory for the files; created if it is missing, but its parent must exist."),
      list(
          "tables", kExport,
          "Tables to make while the export goes on, such as claim_line: OUT/tables/TABLE gets Arrow files of about 128 "
          "MiB."),
      flag("keep_ndjson", kExport, "true",
           "With tables: keep the NDJSON files too; false: remove a file once each of its records is in some table."),
      path(
          "job_directory", kExport,
          "For a manifest alone: the directory that keeps its job, so that the same request there goes on with it, and "
          "starts no second one."),
      flag("restart", kExport, "false", "Discard what an unfinished export left in the directory, and start again."),
      flag("take_over", kExport, "false",
           "Use the directory although another run seems to use it; set it only if that run has certainly ended."),
      number("parallel", kExport, "8", "Number of files downloaded at the same time, 1 to 64."),
      of_download(
          flag("allow_plaintext", kExport, "false",
               "Accept data files without a key; by default a private key is required, and such a file is an error.")),
      of_download(choice("require_proof", kExport, "none", "none,length,gzip,sha256,gcm",
                         "Weakest proof that a data file is whole with which it is accepted; each one is stronger than "
                         "those before.")),
      choice("durability", kExport, "power", "power,process",
             "What a published file survives: a loss of power (power), or only a crash of the process (process)."),
      duration("poll_interval", kExport, "1s",
               "First wait between two status requests; each wait is 1.5 times the one before."),
      duration("poll_max_interval", kExport, "30s", "Longest wait between two status requests."),
      duration("kickoff_timeout", kExport, "24h",
               "How long a kick-off is repeated while the service is busy (HTTP 429); 0: not at all."),
      flag("adopt_running_job", kExport, "true",
           "Wait for the job because of which a service is busy, and take its files if its request was the same."),
      duration("job_timeout", kExport, "",
               "Time limit for a job to finish, from its acceptance on; by default the profile's (24h at BCDA); 0: no "
               "limit."),
      of_download(duration("timeout", kExport, "0s", "Time limit for the whole run; 0: no limit.")),
      of_download(number("retries", kExport, "5", "How often a failed request is repeated, 0 to 100.")),
      duration("outage_limit", kExport, "15m",
               "How long status requests may keep failing after the retries are used up, while a job runs."),
      of_download(
          duration("retry_delay", kExport, "1s", "First wait before a retry; each wait is twice the one before.")),
      of_download(
          duration("retry_max_delay", kExport, "1m",
                   "Longest wait before a retry, unless the service requests a longer one (see max_retry_after).")),
      of_download(
          duration("max_retry_after", kExport, "15m", "Longest wait that a service may request with Retry-After.")),
      list("columns", kTable, "Columns of the table, in this order; by default all."),
      choice("generation", kTable, "auto", "auto,stu3,v2,v3",
             "Generation of the claims data; auto asks the receipt, or else the records."),
      choice("on_error", kTable, "fail", "fail,null",
             "A value that does not fit its column: fail ends the read; null leaves the value out and counts it."),
      choice("values", kTable, "typed", "typed,text", "typed: each column has its type; text: all columns are text."),
      flag("current", kTable, "",
           "Only the latest state of each resource, without those that were deleted; by default true for a series, and "
           "false otherwise."),
      flag("final_only", kTable, "false", "Leave out claims that were canceled or deleted, or are not final."),
      number("batch_rows", kTable, "65536", "Most rows of one Arrow batch, 1 to 16777216."),
      secret("partition_key", kPartition,
             "Key that seals partition tokens: 32 bytes in hex or Base64, as `openssl rand -hex 32` makes them."),
      path("partition_key_file", kPartition, "File that holds the partition key."),
      not_for_opening(number(
          "max_partitions", kPartition, "32",
          "Into how many partitions a manifest or an export is cut if the caller gives no number; each one downloads "
          "one file at a time.")),
      not_for_opening(
          duration("partition_lifetime", kPartition, "",
                   "How long a partition token can be opened; by default 24h for a manifest, and without limit for a "
                   "finished export; 0: no limit.")),
      choice("verify", kPartition, "before", "before,stream",
             "Rows of a partition's file come once the whole file was verified (before), or at once (stream): then an "
             "error at its end means that its rows must be discarded."),
      path("spool_directory", kPartition,
           "Directory for the temporary file, without a name and encrypted, in which a partition keeps a file until it "
           "is verified; by default TMPDIR."),
  };
  for (Setting& row : table) {
    row.env = std::string("BCDA_") + row.name;
    std::transform(row.env.begin(), row.env.end(), row.env.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  }
  return table;
}

// Pairs of settings for the same value. Within one source, the setting that is given last counts. Between sources, the
// setting from the source with the higher precedence counts.
constexpr std::pair<const char*, const char*> kAlternatives[] = {
    {"client_secret", "client_secret_file"},
    {"access_token", "access_token_file"},
    {"signing_key", "signing_key_text"},
    {"signing_key_passphrase", "signing_key_passphrase_file"},
    {"private_key", "private_key_pem"},
    {"private_key_passphrase", "private_key_passphrase_file"},
    {"client_key_passphrase", "client_key_passphrase_file"},
    {"partition_key", "partition_key_file"}};

}  // namespace

std::string_view alternative_of(std::string_view name) {
  for (auto [one, other] : kAlternatives) {
    if (name == one) return other;
    if (name == other) return one;
  }
  return {};
}

const std::vector<Setting>& settings_table() {
  static const auto* table = new std::vector<Setting>(make_table());  // leaked, because threads may read it at exit
  return *table;
}

const Setting* find_setting(std::string_view name) {
  for (const Setting& row : settings_table())
    if (name == row.name) return &row;
  return nullptr;
}

const char* setting_type_name(SettingType type) {
  constexpr const char* names[] = {"string", "path", "boolean", "integer", "duration", "size", "choice", "list"};
  return names[static_cast<int>(type)];
}

}  // namespace libbcda
