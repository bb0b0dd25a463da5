#include "simulation/scenario.hpp"

#include <cerrno>
#include <sstream>

#include "certificates.hpp"
#include "dialects.hpp"
#include "oauth.hpp"
#include "support/files.hpp"

namespace libbcda::simulation {
namespace {

constexpr const char* kClientId = "simulated-client";
constexpr const char* kClientSecret = "0123456789abcdef0123456789abcdef0123456789abcdef";

// The path of BCDA's versions.
std::string base_of(const std::string& profile) {
  return profile == "bcda-v3" ? "/api/v3" : profile == "bcda-v2" ? "/api/v2" : "";
}

bool is_secret(const std::string& name) {
  return name == "private_key_pem" || name == "client_secret" || name == "signing_key_text" || name == "ca_file";
}

std::string seconds(std::int64_t count) { return std::to_string(count) + "s"; }

// A file with one certificate. The connections have no TLS, and reading those of the system takes longer than a run.
const std::string& authority() {
  static const test::TempDir directory;
  static const std::string path = [] {
    const std::string made = directory / "ca.pem";
    test::spill(made, sandbox::make_certificates("localhost").ca);
    return made;
  }();
  return path;
}

void draw_service(Dice& dice, Scenario& scenario) {
  const auto set = [&](const char* name, const std::string& value) { scenario.service.emplace_back(name, value); };
  scenario.profile = dice.pick({"bcda-2019", "bcda-2019", "bcda-2019", "bcda-2019", "bcda-v3", "bcda-v3", "bcda-v2",
                                "dpc", "ab2d", "generic", "hapi"});
  const bool of_2019 = scenario.profile == "bcda-2019";
  set("profile", scenario.profile);
  set("client_id", kClientId);
  set("client_secret", kClientSecret);
  set("seed", std::to_string(dice.between(1, 1000)));
  const bool is_large = dice.chance(0.02);  // files of more than a megabyte, also when they are packed
  const std::int64_t beneficiaries = is_large ? dice.magnitude(200, 400) : dice.magnitude(1, 60);
  set("beneficiaries", std::to_string(beneficiaries));
  set("beneficiaries_per_file", std::to_string(is_large ? beneficiaries : dice.magnitude(1, 30)));
  if (of_2019) set("era", dice.pick({"sep2019", "oct2019", "nov2018"}));  // in nov2018 the jobs share file names
  if (of_2019 && dice.chance(0.3)) {
    set("bytes_per_type", std::to_string(dice.magnitude(1e4, 1e6)));
    set("files_per_type", std::to_string(dice.between(1, 4)));
  } else if (beneficiaries > 20 && dice.chance(0.5)) {  // with fewer ones, half of them may fail, and the job with them
    set("error_rate", "10%");
  }
  set("pending_time", seconds(dice.magnitude(1, 60)));
  set("job_time", seconds(dice.magnitude(1, 6000)));
  set("token_lifetime", seconds(dice.magnitude(60, 3600)));
  set("production", dice.chance(0.3) ? "true" : "false");
  if (of_2019 && dice.chance(0.2)) set("fault", "job_grows");
}

// What a client of this profile must know, as the sandbox prints it.
void set_login(Scenario& scenario) {
  const auto set = [&](const char* name, const std::string& value) { scenario.client.emplace_back(name, value); };
  const auto* dialect = sandbox::bulk::dialect_of(service_options(scenario).profile);
  const auto login = dialect ? dialect->login : sandbox::bulk::Login::form;
  const std::string origin = "http://localhost";
  set("profile", scenario.profile);
  set("url", origin + (dialect ? dialect->base : base_of(scenario.profile)));
  if (login != sandbox::bulk::Login::none) set("client_id", kClientId);
  if (login == sandbox::bulk::Login::form) set("client_secret", kClientSecret);
  if (dialect && login == sandbox::bulk::Login::form) set("token_url", sandbox::bulk::token_url(*dialect, origin));
  if (login == sandbox::bulk::Login::smart) {
    set("signing_key_text", client_signing_pem());
    set("key_id", kKeyId);
  }
  if (dialect && dialect->system && dialect->patient) set("level", "patient");
  if (dialect && !dialect->system && !dialect->patient) set("group", dialect->group);
  if (scenario.profile == "bcda-2019") set("private_key_pem", client_private_pem());
}

void draw_client(Dice& dice, Scenario& scenario) {
  const auto set = [&](const char* name, const std::string& value) { scenario.client.emplace_back(name, value); };
  set_login(scenario);
  set("out", kOut);
  set("proxy", "none");
  set("ca_file", authority());
  set("parallel", std::to_string(dice.between(1, 8)));
  set("retries", std::to_string(dice.between(1, 8)));
  set("poll_max_interval", seconds(dice.pick({10, 30, 300})));
  set("idle_timeout", seconds(dice.pick({10, 60})));
  set("durability", dice.chance(0.8) ? "power" : "process");
  if (dice.chance(0.3))
    set("types", scenario.profile == "ab2d" ? "ExplanationOfBenefit"
                                            : dice.pick({"Patient", "Patient,Coverage", "ExplanationOfBenefit"}));
}

// As SMB, FUSE, WSL and sandboxed kernels answer.
DiskLacks draw_disk(Dice& dice) {
  const auto code = [&](double often, std::initializer_list<int> codes) {
    return dice.chance(often) ? dice.pick(codes) : 0;
  };
  return {.links = code(0.2, {EPERM, EOPNOTSUPP, ENOSYS}),
          .noreplace = code(0.2, {EINVAL, ENOSYS, EOPNOTSUPP, EPERM}),
          .tmpfile = code(0.2, {EOPNOTSUPP, EISDIR, EINVAL}),
          .locks = code(0.1, {ENOLCK, ENOSYS, EOPNOTSUPP, EINVAL}),
          .directories = code(0.1, {EINVAL, ENOSYS, EOPNOTSUPP})};
}

Faults draw_faults(Dice& dice) {
  Faults faults;
  const auto rate = [&](double often, double most) { return dice.chance(often) ? dice.share() * most : 0.0; };
  faults.net = {.look_up = rate(0.2, 0.2),
                .refused = rate(0.2, 0.2),
                .unanswered = rate(0.1, 0.1),
                .cut = rate(0.4, 0.2),
                .reset = rate(0.4, 0.2),
                .stall = rate(0.3, 0.2),
                .slow = rate(0.2, 0.2)};
  faults.server = {.busy = rate(0.3, 0.2), .failing = rate(0.3, 0.2), .wrong_bytes = rate(0.2, 0.2)};
  faults.disk = {.sync = rate(0.05, 0.05), .open = rate(0.05, 0.02), .lost = rate(0.1, 0.1), .room = -1};
  if (dice.chance(0.05)) faults.disk.room = dice.magnitude(100, 1e6);
  return faults;
}

Rival draw_rival(Dice& dice) {
  Rival rival;
  rival.at_step = dice.magnitude(10, 3000);
  rival.same_machine = dice.chance(0.4);
  rival.sees_locks = rival.same_machine || dice.chance(0.3);
  rival.takes_over = dice.chance(0.5);
  // Around 5 minutes, the heartbeat of 30 seconds decides.
  rival.suspended = Milliseconds(dice.chance(0.5) ? dice.between(0, 240'000) : dice.magnitude(3.1e5, 1e7));
  rival.wakes_at = dice.chance(0.5) ? dice.magnitude(1, 3000) : INT64_MAX;
  return rival;
}

Attempt draw_attempt(Dice& dice, bool may_lose_power) {
  Attempt attempt;
  if (dice.chance(0.7)) attempt.faults = draw_faults(dice);
  attempt.restarts = dice.chance(0.1);
  attempt.ending = dice.pick({Ending::crash, Ending::crash, Ending::crash, Ending::cancel, Ending::none});
  attempt.crash = may_lose_power && dice.chance(0.6) ? Crash::power : Crash::kill;
  if (attempt.ending == Ending::crash && dice.chance(0.3))
    attempt.at_written = dice.magnitude(5e3, 3e5);  // in the middle of a file, mostly
  else if (attempt.ending == Ending::crash && dice.chance(0.7))
    attempt.at_change = dice.magnitude(1, 400);
  else
    attempt.at_step = dice.magnitude(10, 20000);
  attempt.downtime = Milliseconds(dice.magnitude(1000, 4e7));
  if (dice.chance(0.2)) {
    attempt.clock_jump_at = dice.magnitude(10, 5000);
    attempt.clock_jump = Milliseconds(dice.magnitude(1000, 1e9)) * (dice.chance(0.5) ? 1 : -1);
  }
  if (dice.chance(0.15)) {
    attempt.rival = draw_rival(dice);
    attempt.ending = Ending::none;
    attempt.clock_jump_at = -1;
  }
  return attempt;
}

// Tables with a row for each resource, so that the receipt says how many rows there must be.
// Some runs make others, or none; these need the files.
void draw_tables([[maybe_unused]] Dice& dice, [[maybe_unused]] Scenario& scenario) {
#ifdef BCDA_TABLES
  if (!dice.chance(0.3)) return;
  const bool keeps_files = dice.chance(0.5);
  scenario.client.emplace_back("tables", "claim,beneficiary,coverage");
  scenario.client.emplace_back("keep_ndjson", keeps_files ? "true" : "false");
  for (Attempt& attempt : scenario.attempts)
    if (keeps_files && dice.chance(0.5)) attempt.tables = dice.pick({"", "claim", "beneficiary,coverage"});
  scenario.checkpoints.table_input = dice.magnitude(1e4, 1e6);
  scenario.checkpoints.table_part = dice.magnitude(1e3, 1e5);
#endif
}

}  // namespace

Scenario draw_scenario(Dice dice) {
  Scenario scenario;
  draw_service(dice, scenario);
  draw_client(dice, scenario);
  scenario.disk = draw_disk(dice);
  if (dice.chance(0.7)) scenario.checkpoints = {dice.magnitude(500, 3e4), dice.magnitude(500, 3e5)};
  // What durability=process leaves after a loss of power is not promised, nor what a disk leaves that cannot sync names.
  const bool power = client_settings(scenario).text("durability") == "power" && scenario.disk.directories == 0;
  for (std::int64_t left = dice.pick({1, 1, 2, 3}); left > 0; --left)
    scenario.attempts.push_back(draw_attempt(dice, power));
  draw_tables(dice, scenario);
  return scenario;
}

sandbox::Options service_options(const Scenario& scenario) {
  sandbox::Options options;
  for (const auto& [name, value] : scenario.service) options.set(name, value);
  return options;
}

Settings client_settings(const Scenario& scenario) {
  Settings settings;
  for (const auto& [name, value] : scenario.client) settings.set(name, value);
  return settings;
}

std::string describe(const Scenario& scenario) {
  std::ostringstream text;
  for (const auto* pairs : {&scenario.service, &scenario.client}) {
    text << (pairs == &scenario.service ? "service" : "client");
    for (const auto& [name, value] : *pairs)
      if (!is_secret(name)) text << " " << name << "=" << value;
    text << "\n";
  }
  const DiskLacks& lacks = scenario.disk;
  text << "disk lacks links " << lacks.links << ", noreplace " << lacks.noreplace << ", tmpfile " << lacks.tmpfile
       << ", locks " << lacks.locks << ", directories " << lacks.directories << "\n";
  for (const Attempt& attempt : scenario.attempts) {
    const auto& [net, server, disk] = attempt.faults;
    text << (attempt.restarts ? "restart: " : "run: ");
    if (attempt.tables) text << "tables=" << *attempt.tables << " ";
    if (attempt.ending == Ending::cancel) text << "canceled at step " << attempt.at_step;
    if (attempt.ending == Ending::crash)
      text << (attempt.crash == Crash::kill ? "kill" : "power loss") << " at change " << attempt.at_change << ", byte "
           << attempt.at_written << " or step " << attempt.at_step;
    text << "; net " << net.look_up << " " << net.refused << " " << net.unanswered << " " << net.cut << " " << net.reset
         << " " << net.stall << " " << net.slow << "; service " << server.busy << " " << server.failing << " "
         << server.wrong_bytes << "; disk " << disk.sync << " " << disk.open << " " << disk.lost << " " << disk.room
         << "; clock " << attempt.clock_jump.count() << " ms at step " << attempt.clock_jump_at;
    if (const Rival& rival = attempt.rival; rival.at_step >= 0)
      text << "; a second run at step " << rival.at_step << (rival.same_machine ? " here" : " elsewhere")
           << (rival.sees_locks ? ", sees locks" : "") << (rival.takes_over ? ", takes over" : "") << ", after "
           << rival.suspended.count() << " ms, wakes the first at " << rival.wakes_at;
    text << "\n";
  }
  return text.str();
}

}  // namespace libbcda::simulation
