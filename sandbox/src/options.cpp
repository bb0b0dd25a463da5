#include "options.hpp"

#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "values.hpp"

namespace libbcda::sandbox {
namespace {

bool fits_into_json(std::string_view value) {
  constexpr std::string_view special("\r\n\"\\\0", 5);
  return value.find_first_of(special) == std::string_view::npos;
}

template <auto Member, auto Parse>
bool parsed(Options& options, std::string_view value) {
  auto result = Parse(value);
  if (result) options.*Member = *result;
  return result.has_value();
}

template <auto Member, std::int64_t Least, std::int64_t Most>
bool integer(Options& options, std::string_view value) {
  auto number = parse_integer(value);
  if (!number || *number < Least || *number > Most) return false;
  options.*Member = *number;
  return true;
}

template <auto Member>
bool text(Options& options, std::string_view value) {
  options.*Member = value;
  return fits_into_json(value);
}

bool host(Options& options, std::string_view value) {
  options.host = value;
  return !value.empty() &&
         value.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-[:]") ==
             std::string_view::npos;
}

bool era(Options& options, std::string_view value) {
  constexpr std::array<std::string_view, 4> names{"nov2018", "sep2019", "oct2019", "nov2019-off"};
  auto found = std::find(names.begin(), names.end(), value);
  if (found == names.end()) return false;
  options.era = static_cast<Era>(found - names.begin());
  return true;
}

bool fault(Options& options, std::string_view value) {
  if (value.empty() || value == "none") {
    options.faults.clear();
  } else {
    options.faults.push_back(parse_fault(value));
  }
  return true;
}

constexpr std::int64_t kMost = std::int64_t{1} << 40;

constexpr const char* kDuration = "a duration such as 200ms, 5s, 60m or 24h";
constexpr const char* kBoolean = "true or false";
constexpr const char* kSize = "a size such as 64KiB, 256MiB or 2GiB";

using O = Options;
constexpr std::array<OptionRow, 24> kRows{{
    {"port", "0", "a port, 0 for any that is free", "The port to listen on, on loopback only.", false,
     integer<&O::port, 0, 65535>},
    {"host", "localhost", "a host name or an address", "The host in the sandbox's URL; the certificate is for it too.",
     false, host},
    {"tls", "true", kBoolean, "https with a throw-away certificate authority, or plain http.", false,
     parsed<&O::tls, parse_boolean>},
    {"beneficiaries", "1000", "a number", "How many beneficiaries there are; 0: the organization has none.", false,
     integer<&O::beneficiaries, 0, 500000000>},
    {"seed", "1", "a number", "The same seed gives the same beneficiaries.", false, integer<&O::seed, 0, kMost>},
    {"beneficiaries_per_file", "400", "a number from 1", "How many beneficiaries go into one file.", false,
     integer<&O::beneficiaries_per_file, 1, kMost>},
    {"bytes_per_type", "0", kSize,
     "The plaintext bytes of each resource type, made of a block of records that repeats with new identifiers; counts "
     "instead of beneficiaries and error_rate. 0: off.",
     false, parsed<&O::bytes_per_type, parse_size>},
    {"files_per_type", "0", "a number",
     "How many files each job has; 0: as many as the data fills, with bytes_per_type 4.", false,
     integer<&O::files_per_type, 0, 100000>},
    {"error_rate", "0", "a share such as 0.02 or 2%",
     "The share of beneficiaries that cannot be retrieved and end up in error files; a job fails from 50%.", false,
     parsed<&O::error_rate, parse_fraction>},
    {"era", "sep2019", "nov2018, sep2019, oct2019 or nov2019-off",
     "The service's behavior of that month: error files encrypted and keys in KeyMap only, error files not listed, "
     "error "
     "files listed in plaintext, no encryption.",
     false, era},
    {"production", "false", kBoolean, "A kick-off while a job of the same type runs meets a 429.", true,
     parsed<&O::production, parse_boolean>},
    {"retry_after", "0", "seconds", "The Retry-After of that 429.", true, integer<&O::retry_after, 0, kMost>},
    {"client_id", "", "a text", "Default: a random UUID.", false, text<&O::client_id>},
    {"client_secret", "", "a text", "Default: 80 random hex digits.", false, text<&O::client_secret>},
    {"second_client_id", "", "a text", "The credentials of a second organization, which must not see the first's jobs.",
     false, text<&O::second_client_id>},
    {"second_client_secret", "", "a text", "See second_client_id.", false, text<&O::second_client_secret>},
    {"public_key", "", "the path of a PEM file",
     "The RSA public key that files are encrypted to. Default: that of a throw-away pair.", false,
     text<&O::public_key>},
    {"directory", "", "the path of a directory",
     "Where the sandbox makes its temporary directory. Default: that of TMPDIR, else /tmp.", false,
     text<&O::directory>},
    {"token_lifetime", "60m", kDuration, "How long a new access token is accepted.", true,
     parsed<&O::token_lifetime, parse_duration>},
    {"pending_time", "500ms", kDuration, "How long a new job is Pending.", true,
     parsed<&O::pending_time, parse_duration>},
    {"job_time", "1500ms", kDuration, "How long a new job is In Progress.", true, parsed<&O::job_time, parse_duration>},
    {"job_lifetime", "24h", kDuration,
     "How long a new job can be asked for once it is done; its files stay an hour longer.", true,
     parsed<&O::job_lifetime, parse_duration>},
    {"clock", "0", kDuration, "Moves the sandbox's clock ahead by this much more, so that tokens and jobs expire.",
     true, parsed<&O::clock, parse_duration>},
    {"fault", "none", "a fault", "Adds a fault; none clears all.", true, fault},
}};

}  // namespace

std::span<const OptionRow> option_rows() { return kRows; }

const OptionRow& option_named(std::string_view name) {
  std::string names;
  for (const OptionRow& row : kRows) {
    if (same_name(row.name, name)) return row;
    names.append(names.empty() ? "" : ",").append(row.name);
  }
  std::string near = nearest(name, names);
  throw Error(Status::INVALID_ARGUMENT, "the sandbox has no option \"" + std::string(name) + "\"; " +
                                            (near.empty() ? "it has " + names : "did you mean " + near + "?"));
}

std::string option_help(const OptionRow& row) {
  std::string help = row.help + std::string(" Takes ") + row.takes + ".";
  if (row.changeable) help += " Can be changed while it runs (bcda_sandbox_control).";
  if (std::string_view(row.name) != "fault") return help;
  help +=
      "\nKIND[=VALUE][:on=PREFIX][:count=N][:skip=N][:at=BYTE or PERCENT%][:for=DURATION][:file=N][:retry_after=TEXT]"
      "[:body=TEXT], where PREFIX begins \"METHOD /path\", count is how many requests it hits (all), skip how many "
      "pass "
      "first (0), at a place in the body (50%), file the number of a manifest's file, from 0 (all). The kinds:";
  for (const FaultRow& fault_row : fault_rows()) {
    help.append("\n  ").append(fault_row.name);
    if (*fault_row.value) help.append("=").append(fault_row.value);
    help.append("  ").append(fault_row.help);
  }
  return help;
}

Options::Options() {
  for (const OptionRow& row : kRows) row.set(*this, row.fallback);
}

void Options::set(std::string_view name, std::string_view value) {
  const OptionRow& row = option_named(name);
  if (!row.set(*this, value))
    throw Error(Status::INVALID_ARGUMENT,
                "the sandbox option " + std::string(row.name) + " takes " + row.takes +
                    (std::string_view(row.name).ends_with("secret") ? "" : ", not \"" + std::string(value) + "\""));
}

}  // namespace libbcda::sandbox
