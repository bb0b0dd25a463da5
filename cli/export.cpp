// bcda export, bcda manifest, bcda fetch: the commands that run jobs or downloads.
#include <boost/json/parse.hpp>

#include <bcda/bcda_sandbox.hpp>
#include <memory>
#include <optional>

#include "commands.hpp"
#include "flags.hpp"
#include "follow.hpp"
#include "manifest_file.hpp"
#include "plan.hpp"
#include "streams.hpp"
#include "text.hpp"

namespace cli {
namespace {

// A sandbox has its own values for these settings. A mix of two sources would match neither service.
constexpr const char* settings_of_sandbox[] = {
    "url", "client_id", "client_secret_file", "private_key", "ca_file", "signing_key", "key_id", "token_url"};

// Without that of a series.
bool matters_to_export(const bcda::Setting& setting) { return !is_one_of(setting, {"sync_partial", "job_directory"}); }

// Without what the unfinished export has asked for.
bool matters_to_resume(const bcda::Setting& setting) {
  return !is_one_of(
      setting, {"types", "level", "group", "since", "until", "type_filters", "elements", "include_associated_data",
                "organize_output_by", "allow_partial_manifests", "output_format", "method", "tables", "keep_ndjson",
                "job_url", "out", "restart", "sync_partial", "job_directory"});
}

// Without the settings about files, because no files are downloaded.
bool matters_to_manifest(const bcda::Setting& setting) {
  return !is_one_of(setting, {"private_key", "private_key_pem", "private_key_passphrase", "private_key_passphrase_file",
                              "allowed_origins", "token_origins", "max_gzip_ratio", "require_proof", "out", "parallel",
                              "allow_plaintext", "durability", "delete_job", "sync_partial", "tables", "keep_ndjson"});
}

// Without the settings about jobs, because no job is run.
bool matters_to_fetch(const bcda::Setting& setting) {
  return !is_one_of(setting, {"types",
                              "level",
                              "group",
                              "since",
                              "until",
                              "type_filters",
                              "elements",
                              "include_associated_data",
                              "patients",
                              "organize_output_by",
                              "allow_partial_manifests",
                              "output_format",
                              "method",
                              "tables",
                              "keep_ndjson",
                              "restart",
                              "poll_interval",
                              "poll_max_interval",
                              "kickoff_timeout",
                              "adopt_running_job",
                              "job_timeout",
                              "outage_limit",
                              "max_manifest_bytes",
                              "job_url",
                              "delete_job",
                              "job_directory",
                              "sync_partial"});
}

const Advice kStartAgain{" holds an unfinished export; start again there with --restart, or give another --out",
                         "bcda export --restart"};

Advice go_on_in(const std::string& directory) {
  return {" holds an unfinished export; `bcda resume " + directory + "` goes on with it", "bcda export --restart"};
}

struct Run {
  Flags flags;
  Output output;
  bool sandbox = false;
  bool dry_run = false;
  std::vector<std::string> sandbox_options;  // "name=value"
  std::string manifest, file;                // for bcda fetch
  std::string directory;                     // for bcda resume

  std::optional<bcda::Sandbox> start_sandbox() const;
  bcda::Config config(const std::optional<bcda::Sandbox>& sandbox) const;
};

std::optional<bcda::Sandbox> Run::start_sandbox() const {
  if (!sandbox) return std::nullopt;
  bcda::Sandbox::Options options;
  for (const std::string& option : sandbox_options) {
    const std::size_t equals = option.find('=');
    if (equals == option.npos) throw Failure(BCDA_INVALID_ARGUMENT, "--sandbox-option takes name=value, not " + option);
    options.emplace_back(option.substr(0, equals), option.substr(equals + 1));
  }
  bcda::Config wanted;
  flags.apply_to(wanted, false);
  if (const std::string profile = wanted.value("profile"); profile != "auto") options.emplace_back("profile", profile);
  return bcda::Sandbox(options);
}

// With a sandbox, its credentials replace those of the flags. The environment is not read, because it is for the real
// service.
bcda::Config Run::config(const std::optional<bcda::Sandbox>& running) const {
  bcda::Config config = running ? running->config() : bcda::Config();
  flags.apply_to(config, !running);
  return config;
}

void add_dry_run(CLI::App& command, Run& run) {
  command.add_flag("--dry-run", run.dry_run, "Print the first requests, without their credentials, and send nothing");
}

int run_export(const Run& run) {
  const Interrupts interrupts;
  const auto sandbox = run.start_sandbox();
  const bcda::Config config = run.config(sandbox);
  const bcda::Client client(config);
  if (run.dry_run) return print_plan(client, run.output.json);
  bcda::Run job = client.start_export();
  Output output = run.output;
  output.own_service = run.sandbox;
  const std::string out = config.value("out");
  return follow_files(job, output, out, run.sandbox ? kStartAgain : go_on_in(out));
}

// Only an unfinished export needs its service. The receipt of a finished one has the address. Any other directory is
// refused before anything is sent, with a reason that matters more than a missing --url.
void take_service_of_finished(bcda::Config& config, const std::string& directory) try {
  if (!config.value("url").empty()) return;
  const boost::json::value about = boost::json::parse(bcda::directory_status(directory));
  const std::string state(about.at("state").as_string());
  if (state != "unfinished" && state != "finished") config.set("url", "https://localhost");
  if (state != "finished" || !about.at("request").is_object()) return;
  const boost::json::object& request = about.at("request").get_object();
  config.set("url", std::string(request.at("base").as_string()));
  if (config.value("profile") == "auto") config.set("profile", std::string(request.at("profile").as_string()));
} catch (const std::exception&) {
  // Then the resume has the reason.
}

int run_resume(const Run& run) {
  const Interrupts interrupts;
  bcda::Config config = run.config(std::nullopt);
  take_service_of_finished(config, run.directory);
  const bcda::Client client(config);
  bcda::Run job = client.start_resume(run.directory);
  return follow_files(job, run.output, run.directory, go_on_in(run.directory));
}

int run_manifest(const Run& run) {
  const Interrupts interrupts;
  bcda::Config config = run.config(std::nullopt);
  leave_out_key(config);
  const bcda::Client client(config);
  if (run.dry_run) return print_plan(client, false);
  bcda::Run job = client.start_manifest();
  if (const int failed = follow(job, run.output)) return failed;
  print(job.result().manifest());
  return 0;
}

bcda::Run start_fetch(const bcda::Client& client, const ManifestFile& manifest, const Run& run) try {
  return client.start_fetch(manifest.text(), {}, run.file);
} catch (const bcda::Error& error) {
  const std::string message = in_flags(error.what()), named = manifest.named_in(message);
  if (named == message) throw;
  throw Failure(error.status(), named);
}

int run_fetch(const Run& run) {
  const ManifestFile manifest(run.manifest);
  const Interrupts interrupts;
  const bcda::Config config = run.config(std::nullopt);
  const bcda::Client client(config);
  bcda::Run job = start_fetch(client, manifest, run);
  return follow_files(job, run.output, config.value("out"),
                      {" lacks files of the manifest; run the same command again to get the missing files", ""});
}

}  // namespace

void add_export(CLI::App& app, Command& chosen) {
  auto run = std::make_shared<Run>();
  CLI::App& command = *app.add_subcommand("export");
  command.description(R"(Export claims to decrypted and verified files

Authenticates, runs the export jobs, and downloads, decrypts and verifies their files. A file appears
in the output directory only after it is verified. At the end, export.json in that directory lists all
files. Ctrl-C cancels the export. A second Ctrl-C, at least one second later, ends the process at once.

After any interruption, the same command goes on: with the same job while it lives, and with what is
there of its files. --restart discards what is there and starts a new job.

  bcda export --url https://api.bcda.cms.gov --client-id ID --client-secret-file secret.txt --out claims
  bcda export --sandbox --profile bcda-v3 --out trial      # synthetic data, without credentials)");
  run->output.add_to(command, true);
  CLI::Option* const sandbox =
      command.add_flag("--sandbox", run->sandbox,
                       "Start a sandbox for this export and use it as the service; the environment is not read");
  command
      .add_option("--sandbox-option", run->sandbox_options,
                  "An option of that sandbox; may be repeated; `bcda sandbox --help` lists the options")
      ->allow_extra_args(false)
      ->option_text("NAME=VALUE")
      ->needs(sandbox);
  name_environment(command);
  add_dry_run(command, *run);
  run->flags.add_to(command, matters_to_export);
  for (const char* setting : settings_of_sandbox) sandbox->excludes(command.get_option(flag_name(setting)));
  command.footer(exit_codes);
  command.callback([run, &chosen] { chosen = with_events(run->output, [run] { return run_export(*run); }); });
}

void add_resume(CLI::App& app, Command& chosen) {
  auto run = std::make_shared<Run>();
  CLI::App& command = *app.add_subcommand("resume");
  command.description(R"(Go on with an interrupted export

Goes on with the unfinished export in DIR: with the same job while it lives, and with what is there of
its files. If the export is complete, nothing is requested, and its files are reported. What the export
asks for, such as its types, is read from DIR. Give the options of the service and of the credentials as
you gave them to `bcda export`. `bcda status DIR` tells where an export stands.

  bcda resume claims --url https://api.bcda.cms.gov --client-id ID --client-secret-file secret.txt)");
  add_directory(command, run->directory, "Output directory of the export");
  run->output.add_to(command, true);
  name_environment(command);
  run->flags.add_to(command, matters_to_resume);
  command.footer(exit_codes);
  command.callback([run, &chosen] { chosen = with_events(run->output, [run] { return run_resume(*run); }); });
}

void add_manifest(CLI::App& app, Command& chosen) {
  auto run = std::make_shared<Run>();
  CLI::App& command = *app.add_subcommand("manifest");
  command.description(R"(Run the export jobs and print their manifests, without downloading files

Authenticates, runs the export jobs and prints their manifests on standard output, each as one line
of JSON. `bcda fetch` or another program can then download the files.

  bcda manifest --type Patient > manifest.json

With --job-directory, the same command again goes on with the job that it started, or prints the
manifest that it got. Without it, each command starts a job.)");
  run->output.add_to(command, false);
  name_environment(command);
  add_dry_run(command, *run);
  run->flags.add_to(command, matters_to_manifest);
  command.footer(exit_codes);
  command.callback([run, &chosen] { chosen = [run] { return run_manifest(*run); }; });
}

void add_fetch(CLI::App& app, Command& chosen) {
  auto run = std::make_shared<Run>();
  CLI::App& command = *app.add_subcommand("fetch");
  command.description(R"(Download, decrypt and verify the files of a manifest

Downloads, decrypts and verifies the files of the given manifests. If you run it again with the same
manifest and directory, it downloads only the missing files. When all files are there, it writes
export.json. With --file it keeps .bcda/journal.ndjson instead. A later fetch of the whole manifest
reads that journal, so it does not download these files again.

  bcda manifest | bcda fetch - --out claims
  bcda fetch manifest.json --file dbbd1ce1-ae24-435c-807d-ed45953077d3.ndjson --out claims)");
  command.add_option("MANIFEST", run->manifest, "File with manifests in JSON; - for standard input")
      ->required()
      ->option_text("MANIFEST");
  command.add_option("--file", run->file, "Fetch only this file, given by its name or its URL in the manifest")
      ->option_text("NAME")
      ->check(not_empty);
  run->output.add_to(command, true);
  name_environment(command);
  run->flags.add_to(command, matters_to_fetch);
  command.footer(exit_codes);
  command.callback([run, &chosen] { chosen = with_events(run->output, [run] { return run_fetch(*run); }); });
}

}  // namespace cli
