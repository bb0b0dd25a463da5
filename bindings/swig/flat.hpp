// The C interface once more, flat, for SWIG: what crosses is an int32_t, an int64_t, a double, a text, bytes, or the
// address of a handle. Nothing here knows a language; common.i and one file a language (java.i) say how each crosses.
//
// A function that fails throws bcda::Error, or std::invalid_argument for a text with a NUL in it. Handles are destroyed
// by their X_destroy and by nothing else. What the calls do, and which threads may make them, is said in bcda.h.
//
// No function takes a callback: languages with a runtime of their own do not like to be called on foreign threads. What
// would call back (a run's events, a sink, a provider, a decryption's progress) is asked for, or handed in, instead.
#pragma once
#include <cstdint>
#include <string>

namespace bcda_flat {

using Text = std::string;  // UTF-8, but for what a file system or a server gave

// Borrowed until the next call on the handle that gave it. Null at the end of a sequence.
struct Bytes {
  const char* data;
  std::int64_t size;
};

struct Config;
struct Client;
struct Run;
struct Event;
struct Result;
struct Decryption;
struct Reader;
struct SandboxOptions;
struct Sandbox;

// How many handles there are, of all kinds: what a leak check wants to be zero.
std::int32_t live_handles();

// ---- Tables: rows by index, from 0 -----------------------------------------------------------------------------------

Text version();
Text version_details();

std::int32_t status_count();
std::int32_t status_at(std::int32_t index);
Text status_name(std::int32_t status);
Text status_description(std::int32_t status);
std::int32_t status_exit_code(std::int32_t status);

std::int32_t setting_count();
std::int32_t setting_find(const Text& name);  // its index, or -1
Text setting_name(std::int32_t index);
Text setting_type(std::int32_t index);
Text setting_default(std::int32_t index);
Text setting_choices(std::int32_t index);
Text setting_env(std::int32_t index);
Text setting_help(std::int32_t index);
std::int32_t setting_is_for_export(std::int32_t index);  // 1: may be given for each export too
std::int32_t setting_is_secret(std::int32_t index);

// ---- Configuration ---------------------------------------------------------------------------------------------------

Config* config_create();
void config_destroy(Config* config);
void config_set(Config& config, const Text& name, const Text& value);
void config_add(Config& config, const Text& name, const Text& item);  // to a list
// As config_set for a text from the caller's own store (bcda_config_set_provider): it is kept apart, wiped in the end, and
// checked when the configuration is used.
void config_provide(Config& config, const Text& name, const Text& value);
Text config_get(const Config& config, const Text& name);
void config_load_env(Config& config);
void config_load_file(Config& config, const Text& path);
void config_load_json(Config& config, const Text& text);

// ---- Client and runs -------------------------------------------------------------------------------------------------

Client* client_create(const Config& config);
void client_destroy(Client* client);

// With `to_sink` 1 the files go to the caller instead of `out`: see "Sink" below.
Run* export_start(const Client& client, const Config& settings, std::int32_t to_sink);
Run* manifest_start(const Client& client, const Config& settings);
Run* fetch_start(const Client& client, const Config& settings, const Text& manifest, const Text& file,  // "": all
                 std::int32_t to_sink);
Run* metadata_start(const Client& client);
void run_destroy(Run* run);  // refuses what its sink is asked, cancels, waits until it has let go of its files

Text run_kind(const Run& run);  // "export", "manifest", "fetch", "metadata"

// Timeouts are milliseconds; negative: without limit.
std::int32_t run_next_event(Run& run, Event& event, std::int64_t timeout_ms);  // BCDA_OK, BCDA_AGAIN or BCDA_END
std::int32_t run_wait(Run& run, std::int64_t timeout_ms);                      // 1: it succeeded; 0: still running
void run_cancel(Run& run);
Result* run_result(Run& run);

// Waits until something may have changed since it last said so: an event has come, the sink is asked something, the run has
// ended. 1: look; 0: nothing in that time. For one thread.
std::int32_t run_wait_news(Run& run, std::int64_t timeout_ms);

// ---- Sink: what bcda.h says of sinks, as questions. For one thread, which asks, does as it is told, and answers ------

Text sink_next(Run& run);  // "begin", "write", "commit", "abort"; "": nothing now. What follows is about that question
std::int64_t sink_file(const Run& run);  // which file: a number of its own for each begin
Text sink_name(const Run& run);          // of a begin, as the next
Text sink_type(const Run& run);
Bytes sink_data(const Run& run);  // of a write: UNVERIFIED until the file's commit. Borrowed until the next question
std::int64_t sink_size(const Run& run);  // of a commit, as the next
Text sink_sha256(const Run& run);
void sink_answer(Run& run, std::int32_t accepted);  // 0 fails the file; means nothing to an abort

// ---- Events: one handle is filled again and again --------------------------------------------------------------------

Event* event_create();
void event_destroy(Event* event);
Text event_kind(const Event& event);
Text event_text(const Event& event);
Text event_type(const Event& event);
Text event_file(const Event& event);
Text event_url(const Event& event);
std::int32_t event_status(const Event& event);
double event_percent(const Event& event);
std::int64_t event_bytes_done(const Event& event);
std::int64_t event_bytes_total(const Event& event);
std::int64_t event_files_done(const Event& event);
std::int64_t event_files_total(const Event& event);
std::int64_t event_wait_ms(const Event& event);
Text event_json(const Event& event);

// ---- Results ---------------------------------------------------------------------------------------------------------

Result* result_open(const Text& directory, const Text& receipt);  // "": directory/export.json
void result_destroy(Result* result);
std::int32_t result_file_count(const Result& result);
std::int32_t result_error_file_count(const Result& result);
Text result_types(const Result& result);  // asked for: comma separated; "": unknown
Text result_transaction_time(const Result& result);
std::int64_t result_elapsed_ms(const Result& result);
Text result_json(const Result& result);
Text result_manifest(const Result& result);
Text result_metadata(const Result& result);

Text file_type(const Result& result, std::int32_t index);
Text file_url(const Result& result, std::int32_t index);
Text file_path(const Result& result, std::int32_t index);
std::int64_t file_bytes(const Result& result, std::int32_t index);
std::int64_t file_records(const Result& result, std::int32_t index);
Text file_sha256(const Result& result, std::int32_t index);
std::int32_t file_decrypted(const Result& result, std::int32_t index);
std::int32_t file_is_error(const Result& result, std::int32_t index);

// ---- One file on disk ------------------------------------------------------------------------------------------------

// Decrypts on a thread of its own. Empty texts are left out. `settings` may be destroyed, but not changed meanwhile.
Decryption* decryption_start(const Config& settings, const Text& path, const Text& label, const Text& key_hex,
                             const Text& manifest, const Text& output);
void decryption_destroy(Decryption* decryption);  // cancels it and waits until it has let go of its files

// Waits until more is done than `done` bytes, or all. 1: it has ended; 0: look at decryption_done. Thread-safe, as the
// three below.
std::int32_t decryption_wait(Decryption& decryption, std::int64_t done, std::int64_t timeout_ms);
std::int64_t decryption_done(Decryption& decryption);
std::int64_t decryption_total(Decryption& decryption);  // -1: unknown
void decryption_cancel(Decryption& decryption);
Result* decryption_result(Decryption& decryption);  // once, when it has ended; throws how it failed

// ---- Records ---------------------------------------------------------------------------------------------------------

Reader* reader_open(const Text& path);
void reader_destroy(Reader* reader);
Bytes reader_next(Reader& reader);
std::int64_t reader_line(const Reader& reader);
std::int64_t reader_offset(const Reader& reader);

// ---- Sandbox ---------------------------------------------------------------------------------------------------------

std::int32_t sandbox_option_count();
Text sandbox_option_name(std::int32_t index);
Text sandbox_option_default(std::int32_t index);
Text sandbox_option_help(std::int32_t index);

SandboxOptions* sandbox_options_create();
void sandbox_options_destroy(SandboxOptions* options);
void sandbox_options_set(SandboxOptions& options, const Text& name, const Text& value);

Sandbox* sandbox_start(const SandboxOptions& options);
void sandbox_destroy(Sandbox* sandbox);
Text sandbox_url(const Sandbox& sandbox);
Text sandbox_client_id(const Sandbox& sandbox);
Text sandbox_client_secret(const Sandbox& sandbox);
Text sandbox_private_key(const Sandbox& sandbox);
Text sandbox_ca_file(const Sandbox& sandbox);
Text sandbox_json(const Sandbox& sandbox);
void sandbox_control(Sandbox& sandbox, const Text& name, const Text& value);
std::int64_t sandbox_request_count(const Sandbox& sandbox, const Text& prefix);

}  // namespace bcda_flat
