// bcda metadata, bcda settings, bcda version: the commands that only print information.
#include <memory>
#include <sstream>

#include "commands.hpp"
#include "flags.hpp"
#include "follow.hpp"
#include "streams.hpp"
#include "text.hpp"

namespace cli {
namespace {

struct Metadata {
  Flags flags;
  bool raw = false;
};

int run_metadata(const Metadata& what) {
  bcda::Config config;
  what.flags.apply_to(config);
  leave_out_key(config);
  config.set("auth", "none");  // so that no credential is read, which may be unusable here
  const Interrupts interrupts;
  const bcda::Client client(config);
  bcda::Run run = client.start_metadata();
  if (const int failed = follow(run, {.quiet = true})) return failed;
  const std::string json = run.result().metadata();
  print((what.raw ? json : indent_json(json)) + '\n');
  return 0;
}

// ---- The table of settings in three formats -------------------------------------------------------------------------

const char* scope_name(const bcda::Setting& setting) {
  switch (setting.scope()) {
    case BCDA_SCOPE_CLIENT:
      return "client";
    case BCDA_SCOPE_TABLE:
      return "table";
    case BCDA_SCOPE_PARTITION:
      return "partition";
    default:
      return "export";
  }
}

std::string as_text(const std::vector<bcda::Setting>& settings) {
  std::ostringstream out;
  for (const bcda::Setting& setting : settings) {
    out << setting.name() << "  (" << setting.type_name();
    if (!setting.choices().empty()) out << ": " << setting.choices();
    if (!setting.default_value().empty()) out << ", default " << setting.default_value();
    out << ")  " << setting.env() << "\n    " << setting.help() << '\n';
  }
  return out.str();
}

std::string as_json(const std::vector<bcda::Setting>& settings) {
  std::ostringstream out;
  for (const bcda::Setting& setting : settings) {
    out << "{\"name\":" << json_string(setting.name()) << ",\"type\":" << json_string(setting.type_name())
        << ",\"default\":" << json_string(setting.default_value()) << ",\"choices\":" << json_string(setting.choices())
        << ",\"env\":" << json_string(setting.env()) << ",\"scope\":" << json_string(scope_name(setting))
        << ",\"secret\":" << (setting.secret() ? "true" : "false") << ",\"help\":" << json_string(setting.help())
        << "}\n";
  }
  return out.str();
}

std::string code(std::string_view text) { return text.empty() ? "" : "`" + std::string(text) + "`"; }

std::string cell(std::string_view text) {  // a bar would end the cell
  std::string out;
  for (const char c : text) out += c == '|' ? std::string("\\|") : std::string(1, c);
  return out;
}

void markdown_table(std::ostream& out, const std::vector<bcda::Setting>& settings, bcda::SettingScope scope) {
  out << "| name | type | default | environment | meaning |\n| --- | --- | --- | --- | --- |\n";
  for (const bcda::Setting& setting : settings) {
    if (setting.scope() != scope) continue;
    out << "| `" << setting.name() << "` | " << setting.type_name();
    if (!setting.choices().empty()) out << ": " << cell(setting.choices());
    if (setting.secret()) out << ", secret";
    out << " | " << code(setting.default_value()) << " | " << code(setting.env()) << " | " << cell(setting.help())
        << " |\n";
  }
}

std::string as_markdown(const std::vector<bcda::Setting>& settings) {
  std::ostringstream out;
  out << "# Settings\n\n<!-- Made by `bcda settings --markdown`. -->\n\n"
         "A setting has the same name everywhere: in a configuration (`bcda_config_set`), in a `--config` file, and "
         "as\n"
         "a flag of the command. A flag has dashes instead of underscores: `client_id` is `--client-id`. A flag\n"
         "overrides the file, and the file overrides the environment. A secret has no flag, because other users could\n"
         "see it. Give it in a file or in the environment. `BCDA_CONFIG` is for the command only: it names the\n"
         "`--config` file where the flag is missing.\n\n"
         "The values have these formats:\n\n"
         "- A duration is a number with a unit: `250ms`, `30s`, `5m` or `24h`. Without a unit, it is in seconds.\n"
         "- A size is a number with a unit: `64KiB` or `1GiB`. Without a unit, it is in bytes.\n"
         "- A list has commas between its items: `a,b`. If an item contains a comma, the list is a JSON array:\n"
         "  `[\"a,b\",\"c\"]`.\n\n"
         "## Client\n\n";
  markdown_table(out, settings, BCDA_SCOPE_CLIENT);
  out << "\n## Export\n\nThese settings may also be given for a single export.\n\n";
  markdown_table(out, settings, BCDA_SCOPE_EXPORT);
  out << "\n## Tables\n\nThese settings are for reading tables.\n\n";
  markdown_table(out, settings, BCDA_SCOPE_TABLE);
  out << "\n## Partitions\n\nThese settings are for cutting manifests and exports into partitions, and for opening "
         "them. The command has no\nflags for them.\n\n";
  markdown_table(out, settings, BCDA_SCOPE_PARTITION);
  return out.str();
}

}  // namespace

void add_metadata(CLI::App& app, Command& chosen) {
  auto what = std::make_shared<Metadata>();
  CLI::App& command = *app.add_subcommand("metadata");
  command.description(R"(Print the capabilities of the service

Prints the service's CapabilityStatement (FHIR). This needs no credentials.

  bcda metadata --url https://sandbox.bcda.cms.gov)");
  command.add_flag("--raw", what->raw, "Print it as the service sent it, without indentation");
  name_environment(command);
  what->flags.add_to(command, [](const bcda::Setting& setting) {  // one request, without token and files
    return is_one_of(setting,
                     {"url", "profile", "profile_file", "ca_file", "client_certificate", "client_certificate_key",
                      "client_key_passphrase_file", "proxy", "allow_http", "threads", "user_agent", "connect_timeout",
                      "idle_timeout", "low_speed_limit", "low_speed_time", "request_timeout", "max_header_bytes"});
  });
  command.footer(exit_codes);
  command.callback([what, &chosen] { chosen = [what] { return run_metadata(*what); }; });
}

void add_settings(CLI::App& app, Command& chosen) {
  CLI::App& command = *app.add_subcommand("settings");
  command.description(R"(Print the table of settings

Prints the name, type, default, environment variable and meaning of every setting.)");
  const auto json = std::make_shared<bool>(false), markdown = std::make_shared<bool>(false);
  CLI::Option* const json_flag = command.add_flag("--json", *json, "Print each setting as a line of JSON");
  command.add_flag("--markdown", *markdown, "Print the page docs/settings.md")->excludes(json_flag);
  command.callback([json, markdown, &chosen] {
    chosen = [json, markdown] {
      const auto settings = bcda::settings();
      print(*json ? as_json(settings) : *markdown ? as_markdown(settings) : as_text(settings));
      return 0;
    };
  });
}

void add_version(CLI::App& app, Command& chosen) {
  CLI::App& command = *app.add_subcommand("version", "Print the version");
  command.callback([&chosen] {
    chosen = [] {
      print("bcda " + std::string(bcda::version()) + " (" + std::string(bcda::version_details()) + ")\n");
      return 0;
    };
  });
}

}  // namespace cli
