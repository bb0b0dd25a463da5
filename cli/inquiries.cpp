// bcda auth, bcda jobs, bcda status, bcda cancel, bcda attribution: one question to the service each.
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <bcda/bcda.hpp>
#include <functional>
#include <map>
#include <memory>
#include <sstream>

#include "commands.hpp"
#include "flags.hpp"
#include "follow.hpp"
#include "streams.hpp"
#include "text.hpp"

namespace cli {
namespace {

namespace json = boost::json;

using Describe = std::function<std::string(const json::value&)>;

struct Asked {
  bcda::RunKind kind;
  Describe describe;
  Flags flags;
  bool json = false;
  std::string argument;             // a status URL
  std::vector<std::string> states;  // of jobs
};

// ---- Answers for people ---------------------------------------------------------------------------------------------

// A member as text; "" for null.
std::string text_of(const json::value& object, const char* name) {
  const json::value& member = object.at(name);
  if (member.is_string()) return printable(std::string(member.get_string()));
  if (member.is_null()) return "";
  if (member.is_double()) {
    std::ostringstream number;  // without zeros after the point
    number << member.get_double();
    return number.str();
  }
  return json::serialize(member);
}

std::string line(std::string name, const std::string& text) {
  name.resize(std::max<std::size_t>(name.size() + 2, 16), ' ');
  return text.empty() ? "" : name + text + '\n';
}

std::string lifetime_of(const json::value& about) {
  const json::value& seconds = about.at("lifetime");
  if (seconds.is_null()) return "for as long as the service does not say";
  return "for " + human_time(bcda::Milliseconds(seconds.to_number<std::int64_t>() * 1000));
}

std::string describe_auth(const json::value& about) {
  const std::string method = text_of(about, "method"), origin = text_of(about, "tokenOrigin");
  std::string out = line("service", text_of(about, "service") + " (" + text_of(about, "profile") + ")");
  if (method == "none") return out + line("authentication", "none: no token is asked for, so nothing was checked");
  out += line("authentication", method);
  out += line("token", (origin.empty() ? "given" : "issued by " + origin) + ", valid " + lifetime_of(about));
  out += line("scope", text_of(about, "scope"));
  const bool checked = about.at("checked").as_bool();
  const std::string answer = text_of(about, "answer");
  return out + line("check", checked ? "the service accepted the token" + (answer.empty() ? "" : ": " + answer)
                                     : "none: this kind of server has no request that only checks a token");
}

std::string describe_jobs(const json::value& jobs) {
  std::string out;
  for (const json::value& job : jobs.as_array()) {
    std::string id = text_of(job, "id"), status = text_of(job, "status");
    id.resize(std::max<std::size_t>(id.size(), 8), ' ');
    status.resize(std::max<std::size_t>(status.size(), 12), ' ');
    out += id + ' ' + status + ' ' + text_of(job, "start") + "  " + text_of(job, "url") + '\n';
    if (const std::string request = text_of(job, "request"); !request.empty()) out += "         " + request + '\n';
  }
  return out.empty() ? "The service lists no jobs.\n" : out;
}

std::string describe_status(const json::value& job) {
  std::string out = line("job", text_of(job, "url")) + line("state", text_of(job, "state")) +
                    line("progress", text_of(job, "progress"));
  if (const std::string percent = text_of(job, "percent"); !percent.empty()) out += line("percent", percent + " %");
  return out + line("expires", text_of(job, "expires")) + line("files", text_of(job, "files")) +
         line("error files", text_of(job, "errorFiles")) + line("data as of", text_of(job, "transactionTime")) +
         line("request", text_of(job, "request"));
}

std::string describe_cancel(const json::value& job) { return "Canceled the job at " + text_of(job, "url") + "\n"; }

std::string describe_attribution(const json::value& dates) {
  std::string out;
  for (const json::value& date : dates.as_array()) {
    std::string type = text_of(date, "type");
    type.resize(std::max<std::size_t>(type.size(), 26), ' ');
    out += type + ' ' + text_of(date, "time") + '\n';
  }
  return out.empty() ? "The service has no attribution.\n" : out;
}

// ---- Directories ----------------------------------------------------------------------------------------------------

constexpr const char *kStranded = "stranded", *kUnderWay = "under way", *kPartial = "partial";

// What the state is for people.
std::string state_of(const json::value& about) {
  const std::string state = text_of(about, "state");
  if (state == "finished" && about.at("partial").as_bool()) return kPartial;
  if (state != "unfinished") return state;
  return about.at("usedBy").is_object() ? kUnderWay : stranded_files(about) > 0 ? kStranded : state;
}

std::string describe_job(const json::value& job) {
  const std::string url = text_of(job, "statusUrl");
  const auto files = job.at("files").to_number<std::int64_t>();
  const std::string type = text_of(job, "type");
  return line("job", (type.empty() ? "all types" : type) + ", " + text_of(job, "state") +
                         (job.at("manifest").as_bool() ? ", its manifest is here" : "") +
                         (files == 0 ? "" : ", " + plural(files, "file")) + (url.empty() ? "" : ", " + url));
}

std::string describe_directory(const json::value& about) {
  const std::string directory = text_of(about, "directory");
  const std::map<std::string, std::string> states{
      {"finished", "finished"},
      {kPartial, "finished, but resources are missing: the files in " + directory + "/error say which"},
      {"unfinished", "unfinished: `bcda resume " + directory + "` goes on with it"},
      {kUnderWay, "unfinished, and a run goes on with it now"},
      {kStranded, "unfinished, and its job is gone: `bcda export --restart --out " + directory +
                      "` discards the files and starts a new job"},
      {"fetch", "files of a fetch or of a decryption: the same command again gets the rest"},
      {"damaged", "damaged: it cannot be gone on with as it is"},
      {"series", "a series of " + plural(about.at("runs").to_number<std::int64_t>(), "export") + ": `bcda sync " +
                     directory + "` goes on with it"},
      {"none", "no export: there is neither a receipt (export.json) nor a journal of one"}};
  std::string out = line("directory", directory) + line("state", states.at(state_of(about)));
  if (const json::value& owner = about.at("usedBy"); owner.is_object())
    out += line("in use by", "process " + text_of(owner, "pid") + " on " + text_of(owner, "host"));
  out += line("damage", in_flags(text_of(about, "damage")));
  for (const json::value& job : about.at("jobs").as_array()) out += describe_job(job);
  const json::value& files = about.at("files");
  const std::string under_way = text_of(files, "underWay"), in_tables = text_of(files, "inTables");
  out += line("files", text_of(files, "published") + " published, " +
                           human_bytes(files.at("bytes").to_number<std::int64_t>()) +
                           (in_tables == "0" ? "" : "; " + in_tables + " in tables alone") +
                           (under_way == "0" ? "" : "; " + under_way + " under way"));
  for (const json::value& table : about.at("tables").as_array())
    out += line("table", text_of(table, "table") + ", " + plural(table.at("rows").to_number<std::int64_t>(), "row") +
                             ", " + plural(table.at("parts").to_number<std::int64_t>(), "file"));
  return out;
}

int print_directory_status(const Asked& asked) {
  const std::string answer = bcda::directory_status(asked.argument);
  print(asked.json ? indent_json(answer) + '\n' : describe_directory(json::parse(answer)));
  return 0;
}

bool is_url(const std::string& text) { return text.starts_with("https://") || text.starts_with("http://"); }

int run_asked(const Asked& asked) {
  if (asked.kind == BCDA_RUN_JOB_STATUS && !is_url(asked.argument)) return print_directory_status(asked);
  bcda::Config config;
  asked.flags.apply_to(config);
  leave_out_key(config);
  const Interrupts interrupts;
  const bcda::Client client(config);
  std::string argument = asked.argument;
  for (const std::string& state : asked.states) argument += (argument.empty() ? "" : ",") + state;
  bcda::Run run = client.start_inquiry(asked.kind, argument);
  if (const int failed = follow(run, {.quiet = true})) return failed;
  const std::string answer = run.result().answer();
  print(asked.json ? indent_json(answer) + '\n' : asked.describe(json::parse(answer)));
  return 0;
}

// ---- The commands ---------------------------------------------------------------------------------------------------

// One request with a token; no files.
bool matters(const bcda::Setting& setting) {
  return is_one_of(setting, {"url",
                             "profile",
                             "profile_file",
                             "auth",
                             "client_id",
                             "client_secret",
                             "client_secret_file",
                             "signing_key",
                             "signing_key_text",
                             "signing_key_passphrase",
                             "signing_key_passphrase_file",
                             "key_id",
                             "token_url",
                             "proxy",
                             "client_certificate",
                             "client_certificate_key",
                             "client_key_passphrase",
                             "client_key_passphrase_file",
                             "scope",
                             "access_token",
                             "access_token_file",
                             "ca_file",
                             "allow_http",
                             "allow_private_addresses",
                             "threads",
                             "user_agent",
                             "connect_timeout",
                             "idle_timeout",
                             "low_speed_limit",
                             "low_speed_time",
                             "request_timeout",
                             "max_header_bytes"});
}

void add_job(CLI::App& command, Asked& asked) {
  const bool or_directory = asked.kind == BCDA_RUN_JOB_STATUS;
  command
      .add_option(
          or_directory ? "URL|DIR" : "URL", asked.argument,
          or_directory ? "Status URL of the job, or the output directory of an export" : "Status URL of the job")
      ->required()
      ->option_text(or_directory ? "URL|DIR" : "URL")
      ->check(not_empty);
}

void add_inquiry(CLI::App& app, Command& chosen, bcda::RunKind kind, const char* name, const char* description,
                 Describe describe) {
  auto asked = std::make_shared<Asked>();
  asked->kind = kind;
  asked->describe = std::move(describe);
  CLI::App& command = *app.add_subcommand(name);
  command.description(description);
  if (kind == BCDA_RUN_JOB_STATUS || kind == BCDA_RUN_JOB_CANCEL) add_job(command, *asked);
  if (kind == BCDA_RUN_JOBS)
    command.add_option("--status", asked->states, "List only jobs with this status; may be repeated")
        ->allow_extra_args(false)
        ->option_text("STATUS")
        ->check(not_empty);
  command.add_flag("--json", asked->json, "Print the answer as JSON");
  name_environment(command);
  asked->flags.add_to(command, matters);
  command.footer(exit_codes);
  command.callback([asked, &chosen] { chosen = [asked] { return run_asked(*asked); }; });
}

}  // namespace

void add_inquiries(CLI::App& app, Command& chosen) {
  add_inquiry(app, chosen, BCDA_RUN_AUTH, "auth", R"(Check the credentials without an export

Gets a token and says how, where it came from, how long it is valid, and what it covers. Where the
service has a request that needs only a token, that request is sent too. The token is not shown.

  bcda auth --url https://api.bcda.cms.gov --client-id ID --client-secret-file secret.txt)",
              describe_auth);
  add_inquiry(app, chosen, BCDA_RUN_JOBS, "jobs", R"(List the export jobs that the service knows

Prints the jobs of the organization, each with its status URL. BCDA v1, v2 and v3 have such a list.
A status is one of Completed, Archived, Expired, Failed, FailedExpired, In Progress, Pending,
Cancelled, CancelledExpired.

  bcda jobs --status "In Progress" --status Pending)",
              describe_jobs);
  add_inquiry(app, chosen, BCDA_RUN_JOB_STATUS, "status",
              R"(Ask for the status of an export job, or tell where the export in a directory stands

With a URL it sends one status request. `bcda export --job-url URL` waits for the job and exports its
files. With a directory it sends nothing: it reads the receipt or the journal there. `bcda resume DIR`
goes on with an unfinished export.

  bcda status https://api.bcda.cms.gov/api/v3/jobs/42
  bcda status claims)",
              describe_status);
  add_inquiry(app, chosen, BCDA_RUN_JOB_CANCEL, "cancel", R"(Cancel an export job

Some services also delete the files of a job that has finished. BCDA does not.

  bcda cancel https://api.bcda.cms.gov/api/v3/jobs/42)",
              describe_cancel);
  add_inquiry(app, chosen, BCDA_RUN_ATTRIBUTION, "attribution", R"(Print when the service got its attribution data

Prints the times of the last attribution and runout data. BCDA v1, v2 and v3 have them.

  bcda attribution)",
              describe_attribution);
}

}  // namespace cli
