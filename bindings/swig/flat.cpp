#include "flat.hpp"

#include <bcda/bcda_sandbox.h>
#include <bcda/bcda.hpp>

#include <atomic>

#include "counted.hpp"
#include "wipe.hpp"

namespace bcda_flat {

std::atomic<std::int32_t> Counted::alive{0};
std::int32_t live_handles() { return static_cast<std::int32_t>(bcda_live_handles()) + Counted::alive; }

namespace {

// The handles of sandbox options and of a sandbox. The options are collected, because bcda_sandbox.hpp takes them all
// at once.
using OptionsHandle = bcda::detail::Handle<bcda_sandbox_options, bcda_sandbox_options_destroy>;
using SandboxHandle = bcda::detail::Handle<bcda_sandbox, bcda_sandbox_destroy>;
using bcda::detail::c_str;
using bcda::detail::check;

struct Wiped {
  explicit Wiped(const Text& from) : text(from) {}
  ~Wiped() { wipe(text); }
  Wiped(const Wiped&) = delete;
  Wiped& operator=(const Wiped&) = delete;

  Text text;
};

bcda::Setting row(std::int32_t index) {
  const bcda_setting* const found = bcda_setting_at(index);
  if (!found) throw std::out_of_range("no setting " + std::to_string(index));
  return bcda::Setting(found);
}

}  // namespace

struct Reader {
  explicit Reader(const Text& path) : native(path) {}
  Reader(const bcda::Partition& partition, const bcda::Config& settings) : native(partition, settings) {}
  bcda::Reader native;
};
struct SandboxOptions : Counted {
  OptionsHandle native = bcda::detail::make<OptionsHandle>(bcda_sandbox_options_create);
};
struct Sandbox : Counted {
  SandboxHandle native;
};

// ---- Tables ---------------------------------------------------------------------------------------------------------

Text version() { return Text(bcda::version()); }
Text version_details() { return Text(bcda::version_details()); }

std::int32_t status_count() { return bcda_status_count(); }
std::int32_t status_at(std::int32_t index) { return bcda_status_at(index); }
Text status_name(std::int32_t status) { return bcda_status_name(static_cast<bcda_status>(status)); }
Text status_description(std::int32_t status) { return bcda_status_description(static_cast<bcda_status>(status)); }
std::int32_t status_exit_code(std::int32_t status) { return bcda_status_exit_code(static_cast<bcda_status>(status)); }

std::int32_t setting_count() { return bcda_setting_count(); }
std::int32_t setting_find(const Text& name) {
  const bcda_setting* const found = bcda_setting_find(c_str(name));
  for (std::int32_t i = 0; i < bcda_setting_count(); ++i) {
    if (bcda_setting_at(i) == found) return i;
  }
  return -1;
}
Text setting_name(std::int32_t index) { return Text(row(index).name()); }
Text setting_type(std::int32_t index) { return Text(row(index).type_name()); }
Text setting_default(std::int32_t index) { return Text(row(index).default_value()); }
Text setting_choices(std::int32_t index) { return Text(row(index).choices()); }
Text setting_env(std::int32_t index) { return Text(row(index).env()); }
Text setting_help(std::int32_t index) { return Text(row(index).help()); }
std::int32_t setting_is_for_export(std::int32_t index) { return row(index).scope() == BCDA_SCOPE_EXPORT; }
std::int32_t setting_is_for_tables(std::int32_t index) { return row(index).scope() == BCDA_SCOPE_TABLE; }
std::int32_t setting_is_for_partitions(std::int32_t index) { return row(index).scope() == BCDA_SCOPE_PARTITION; }
std::int32_t setting_is_secret(std::int32_t index) { return row(index).secret(); }
std::int32_t setting_is_of_request(std::int32_t index) { return row(index).of_request(); }
std::int32_t setting_is_for_opening(std::int32_t index) { return row(index).for_opening(); }

Text profiles() { return Text(bcda::profiles()); }

Text directory_status(const Text& directory) { return bcda::directory_status(directory); }

// ---- Configuration --------------------------------------------------------------------------------------------------

Config* config_create() { return new Config; }
void config_destroy(Config* config) { delete config; }
void config_set(Config& config, const Text& name, const Text& value) { config.native.set(name, value); }
void config_add(Config& config, const Text& name, const Text& item) { config.native.add(name, item); }
void config_provide(Config& config, const Text& name, const Text& value) {
  config.native.set_provider(name, [kept = std::make_shared<Wiped>(value)] { return kept->text; });
}
Text config_get(const Config& config, const Text& name) { return config.native.value(name); }
void config_load_env(Config& config) { config.native.load_env(); }
void config_load_file(Config& config, const Text& path) { config.native.load_file(path); }
void config_load_json(Config& config, const Text& text) { config.native.load_json(text); }

// ---- Client ---------------------------------------------------------------------------------------------------------

Client* client_create(const Config& config) { return new Client(config.native); }
void client_destroy(Client* client) { delete client; }
Text client_profile(const Client& client) { return Text(client.native.profile()); }
Text export_plan(const Client& client, const Config& settings) { return client.native.plan(settings.native); }

// ---- Events ---------------------------------------------------------------------------------------------------------

Event* event_create() { return new Event; }
void event_destroy(Event* event) { delete event; }
Text event_kind(const Event& event) { return Text(event.native.kind_name()); }
Text event_text(const Event& event) { return event.native.text(); }
Text event_type(const Event& event) { return event.native.type(); }
Text event_file(const Event& event) { return event.native.file(); }
Text event_url(const Event& event) { return event.native.url(); }
std::int32_t event_status(const Event& event) { return event.native.status(); }
double event_percent(const Event& event) { return event.native.percent(); }
std::int64_t event_bytes_done(const Event& event) { return event.native.bytes_done(); }
std::int64_t event_bytes_total(const Event& event) { return event.native.bytes_total(); }
std::int64_t event_files_done(const Event& event) { return event.native.files_done(); }
std::int64_t event_files_total(const Event& event) { return event.native.files_total(); }
std::int64_t event_wait_ms(const Event& event) { return event.native.wait().count(); }
Text event_json(const Event& event) { return event.native.json(); }

// ---- Results --------------------------------------------------------------------------------------------------------

Result* result_open(const Text& directory, const Text& receipt) {
  return new Result(receipt.empty() ? bcda::Result::open(directory) : bcda::Result::open(directory, receipt));
}
void result_destroy(Result* result) { delete result; }
std::int32_t result_file_count(const Result& result) { return result.native.size(); }
std::int32_t result_error_file_count(const Result& result) { return result.native.error_files(); }
std::int32_t result_partial(const Result& result) { return result.native.partial(); }
std::int32_t result_issue_count(const Result& result) { return result.native.issue_count(); }
Text result_types(const Result& result) { return result.native.types(); }
Text result_transaction_time(const Result& result) { return result.native.transaction_time(); }
Text result_directory(const Result& result) { return result.native.directory(); }
Text result_deleted(const Result& result) { return result.native.deleted(); }
std::int64_t result_elapsed_ms(const Result& result) { return result.native.elapsed().count(); }
Text result_json(const Result& result) { return result.native.json(); }
Text result_manifest(const Result& result) { return result.native.manifest(); }
Text result_answer(const Result& result) { return result.native.answer(); }
Text result_metadata(const Result& result) { return result.native.metadata(); }

Text file_type(const Result& result, std::int32_t index) { return result.native[index].type(); }
Text file_url(const Result& result, std::int32_t index) { return result.native[index].url(); }
Text file_path(const Result& result, std::int32_t index) { return result.native[index].path(); }
std::int64_t file_bytes(const Result& result, std::int32_t index) { return result.native[index].bytes(); }
std::int64_t file_records(const Result& result, std::int32_t index) { return result.native[index].records(); }
Text file_sha256(const Result& result, std::int32_t index) { return result.native[index].sha256(); }
std::int32_t file_decrypted(const Result& result, std::int32_t index) { return result.native[index].decrypted(); }
std::int32_t file_is_error(const Result& result, std::int32_t index) { return result.native[index].is_error(); }
Text file_kind(const Result& result, std::int32_t index) { return result.native[index].kind(); }
Text file_proof(const Result& result, std::int32_t index) { return result.native[index].proof(); }

Text issue_severity(const Result& result, std::int32_t index) { return result.native.issue(index).severity(); }
Text issue_code(const Result& result, std::int32_t index) { return result.native.issue(index).code(); }
Text issue_text(const Result& result, std::int32_t index) { return result.native.issue(index).text(); }
Text issue_file(const Result& result, std::int32_t index) { return result.native.issue(index).file(); }
std::int64_t issue_count(const Result& result, std::int32_t index) { return result.native.issue(index).count(); }

// ---- Records --------------------------------------------------------------------------------------------------------

Reader* reader_open(const Text& path) { return new Reader(path); }
void reader_destroy(Reader* reader) { delete reader; }
Bytes reader_next(Reader& reader) {
  std::string_view record;
  if (!reader.native.next(record)) return {nullptr, 0};
  return {record.data(), static_cast<std::int64_t>(record.size())};
}
std::int64_t reader_line(const Reader& reader) { return reader.native.line(); }
std::int64_t reader_offset(const Reader& reader) { return reader.native.offset(); }
Reader* reader_open_partition(Client* client, const Config& settings, const Text& token) {
  return new Reader(bcda::Partition{token, client ? &client->native : nullptr}, settings.native);
}
Text reader_file(const Reader& reader) { return reader.native.file(); }
Text reader_type(const Reader& reader) { return reader.native.type(); }
void reader_cancel(const Reader& reader) { reader.native.cancel(); }

// ---- Sandbox --------------------------------------------------------------------------------------------------------

std::int32_t sandbox_option_count() { return bcda_sandbox_option_count(); }
Text sandbox_option_name(std::int32_t index) { return bcda_sandbox_option_name(index); }
Text sandbox_option_default(std::int32_t index) { return bcda_sandbox_option_default(index); }
Text sandbox_option_help(std::int32_t index) { return bcda_sandbox_option_help(index); }

SandboxOptions* sandbox_options_create() { return new SandboxOptions; }
void sandbox_options_destroy(SandboxOptions* options) { delete options; }
void sandbox_options_set(SandboxOptions& options, const Text& name, const Text& value) {
  check([&](bcda_error** error) {
    return bcda_sandbox_options_set(options.native.get(), c_str(name), c_str(value), error);
  });
}

Sandbox* sandbox_start(const SandboxOptions& options) {
  auto made = std::make_unique<Sandbox>();
  made->native = bcda::detail::make<SandboxHandle>([&](bcda_sandbox** sandbox, bcda_error** error) {
    return bcda_sandbox_start(options.native.get(), sandbox, error);
  });
  return made.release();
}
void sandbox_destroy(Sandbox* sandbox) { delete sandbox; }
Text sandbox_url(const Sandbox& sandbox) { return bcda_sandbox_url(sandbox.native.get()); }
Text sandbox_client_id(const Sandbox& sandbox) { return bcda_sandbox_client_id(sandbox.native.get()); }
Text sandbox_client_secret(const Sandbox& sandbox) { return bcda_sandbox_client_secret(sandbox.native.get()); }
Text sandbox_private_key(const Sandbox& sandbox) { return bcda_sandbox_private_key(sandbox.native.get()); }
Text sandbox_ca_file(const Sandbox& sandbox) { return bcda_sandbox_ca_file(sandbox.native.get()); }
std::int32_t sandbox_setting_count(const Sandbox& sandbox) { return bcda_sandbox_setting_count(sandbox.native.get()); }
Text sandbox_setting_name(const Sandbox& sandbox, std::int32_t index) {
  return bcda_sandbox_setting_name(sandbox.native.get(), index);
}
Text sandbox_setting_value(const Sandbox& sandbox, std::int32_t index) {
  return bcda_sandbox_setting_value(sandbox.native.get(), index);
}
Text sandbox_json(const Sandbox& sandbox) { return bcda_sandbox_json(sandbox.native.get()); }
void sandbox_control(Sandbox& sandbox, const Text& name, const Text& value) {
  check(
      [&](bcda_error** error) { return bcda_sandbox_control(sandbox.native.get(), c_str(name), c_str(value), error); });
}
std::int64_t sandbox_request_count(const Sandbox& sandbox, const Text& prefix) {
  return bcda_sandbox_request_count(sandbox.native.get(), c_str(prefix));
}

}  // namespace bcda_flat
