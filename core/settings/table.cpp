#include "settings/table.hpp"

#include <algorithm>
#include <utility>

namespace libbcda {
namespace {

constexpr auto kClient = SettingScope::client;
constexpr auto kExport = SettingScope::export_;
using T = SettingType;

std::vector<Setting> make_table() {
  std::vector<Setting> table = {
      {"url",
       T::string,
       kClient,
       false,
       "",
       "",
       "Origin of the service, such as https://api.bcda.cms.gov, without a path.",
       {}},
      {"client_id", T::string, kClient, false, "", "", "Client id that the service issued.", {}},
      {"client_secret", T::string, kClient, true, "", "", "Client secret that belongs to client_id.", {}},
      {"client_secret_file", T::path, kClient, false, "", "", "File that holds the client secret.", {}},
      {"private_key",
       T::path,
       kClient,
       false,
       "",
       "",
       "PEM file of the RSA private key whose public half is registered with the service.",
       {}},
      {"private_key_pem",
       T::string,
       kClient,
       true,
       "",
       "",
       "The private key itself as PEM text, instead of a file.",
       {}},
      {"private_key_passphrase", T::string, kClient, true, "", "", "Passphrase of an encrypted private key.", {}},
      {"private_key_passphrase_file",
       T::path,
       kClient,
       false,
       "",
       "",
       "File that holds the passphrase of an encrypted private key.",
       {}},
      {"ca_file",
       T::path,
       kClient,
       false,
       "",
       "",
       "PEM file of the CA certificates to trust instead of the system's.",
       {}},
      {"allow_http",
       T::boolean,
       kClient,
       false,
       "false",
       "",
       "Allow http:// to other machines; credentials and claims are then sent unencrypted.",
       {}},
      {"allowed_origins",
       T::list,
       kClient,
       false,
       "",
       "",
       "Other origins that a manifest may point to; files there are downloaded without the token.",
       {}},
      {"threads", T::integer, kClient, false, "0", "", "Threads that transfer and decrypt data; 0: one per core.", {}},
      {"share_threads",
       T::boolean,
       kClient,
       false,
       "false",
       "",
       "Share the threads with the other clients of this process that set this; the first client decides how many.",
       {}},
      {"user_agent", T::string, kClient, false, "libbcda/0.2.0", "", "The User-Agent header.", {}},
      {"connect_timeout",
       T::duration,
       kClient,
       false,
       "30s",
       "",
       "Time limit for name lookup, connection and TLS handshake.",
       {}},
      {"idle_timeout",
       T::duration,
       kClient,
       false,
       "1m",
       "",
       "Longest time without a byte on a connection that should deliver bytes.",
       {}},
      {"request_timeout",
       T::duration,
       kClient,
       false,
       "2m",
       "",
       "Time limit for the answer to one request, not counting the body of a file.",
       {}},
      {"token_lifetime",
       T::duration,
       kClient,
       false,
       "1h",
       "",
       "Lifetime assumed for a token when the service states none.",
       {}},
      {"max_header_bytes", T::size, kClient, false, "64KiB", "", "Largest head of an answer that is accepted.", {}},
      {"max_manifest_bytes", T::size, kClient, false, "1GiB", "", "Largest manifest that is accepted.", {}},
      {"types",
       T::list,
       kExport,
       false,
       "Patient,Coverage,ExplanationOfBenefit",
       "",
       "Resource types to export, one job for each.",
       {}},
      {"out",
       T::path,
       kExport,
       false,
       "",
       "",
       "Directory for the files; created if it is missing, but its parent must exist.",
       {}},
      {"restart",
       T::boolean,
       kExport,
       false,
       "false",
       "",
       "Discard what an unfinished export left in the directory, and start again.",
       {}},
      {"parallel", T::integer, kExport, false, "4", "", "Number of files downloaded at the same time, 1 to 64.", {}},
      {"allow_plaintext",
       T::boolean,
       kExport,
       false,
       "false",
       "",
       "Accept data files without a key; by default a private key is required, and such a file is an error.",
       {}},
      {"durability",
       T::choice,
       kExport,
       false,
       "power",
       "power,process",
       "What a published file survives: a loss of power (power), or only a crash of the process (process).",
       {}},
      {"poll_interval",
       T::duration,
       kExport,
       false,
       "1s",
       "",
       "First wait between two status requests; each wait is 1.5 times the one before.",
       {}},
      {"poll_max_interval", T::duration, kExport, false, "30s", "", "Longest wait between two status requests.", {}},
      {"job_timeout", T::duration, kExport, false, "24h", "", "Time limit for a job to finish; 0: no limit.", {}},
      {"timeout", T::duration, kExport, false, "0s", "", "Time limit for the whole run; 0: no limit.", {}},
      {"retries", T::integer, kExport, false, "5", "", "How often a failed request is repeated, 0 to 100.", {}},
      {"outage_limit",
       T::duration,
       kExport,
       false,
       "15m",
       "",
       "How long status requests may keep failing after the retries are used up, while a job runs.",
       {}},
      {"retry_delay",
       T::duration,
       kExport,
       false,
       "1s",
       "",
       "First wait before a retry; each wait is twice the one before.",
       {}},
      {"retry_max_delay",
       T::duration,
       kExport,
       false,
       "1m",
       "",
       "Longest wait before a retry, unless the service requests a longer one (up to 15 minutes).",
       {}},
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
    {"private_key", "private_key_pem"},
    {"private_key_passphrase", "private_key_passphrase_file"}};

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
