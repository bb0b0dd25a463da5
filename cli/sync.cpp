// bcda sync: the next export of a series.
#include <bcda/bcda.hpp>
#include <memory>
#include <optional>

#include "commands.hpp"
#include "flags.hpp"
#include "follow.hpp"
#include "streams.hpp"
#include "text.hpp"

namespace cli {
namespace {

constexpr int busy = 7;  // another run of the series is going on

struct Sync {
  Flags flags;
  Output output;
  std::string directory;
};

// Without the settings about one export, or one job.
bool matters_to_sync(const bcda::Setting& setting) {
  return !is_one_of(setting, {"out", "until", "patients", "job_url", "job_directory"});
}

// nullopt: another run of the series is going on.
std::optional<bcda::Run> start_sync(const bcda::Client& client, const Output& output) try {
  return client.start_sync();
} catch (const bcda::Error& error) {
  if (error.status() != BCDA_FILESYSTEM || !error.retriable()) throw;
  report_no_start(output, error.status(), error.what());
  print_error(in_flags(error.what()));
  return std::nullopt;
}

int run_sync(const Sync& sync) {
  const Interrupts interrupts;
  bcda::Config config;
  config.set("out", sync.directory);
  sync.flags.apply_to(config);
  const bcda::Client client(config);
  std::optional<bcda::Run> run = start_sync(client, sync.output);
  if (!run) return busy;
  return follow_files(*run, sync.output, sync.directory,
                      {" holds an unfinished export; the next sync goes on with it", "bcda sync --restart"});
}

}  // namespace

void add_sync(CLI::App& app, Command& chosen) {
  auto sync = std::make_shared<Sync>();
  CLI::App& command = *app.add_subcommand("sync");
  command.description(R"(Export what has changed since the last sync

Keeps a series of exports in DIR, each in a directory of its own, such as DIR/2026-11-26T03-55-00Z. The
first run exports everything. Each later run asks for what has changed since the last complete run,
which it finds in the receipts (export.json) of DIR. A run that failed or is partial does not count, so
the next one asks for the same changes again. If it was interrupted, the next one goes on with it, or
discards it with --restart. A sync can be called at any time, such as from cron: if another sync of DIR is
running, it ends with the exit code 7. Where the service has no data yet, as BCDA each January, it writes
nothing and succeeds.

  bcda sync claims --url https://api.bcda.cms.gov --client-id ID --client-secret-file secret.txt)");
  add_directory(command, sync->directory, "Directory of the series; created if it is missing");
  sync->output.add_to(command, true);
  name_environment(command);
  sync->flags.add_to(command, matters_to_sync);
  command.footer(exit_codes);
  command.callback([sync, &chosen] { chosen = with_events(sync->output, [sync] { return run_sync(*sync); }); });
}

}  // namespace cli
