// The C interface in a flat form, for SWIG. Only these types are passed: int32_t, int64_t, double, strings, bytes, and
// addresses of handles. Nothing here depends on a language; common.i and one file for each language (java.i, r.i)
// define how each is passed.
//
// A function that fails throws bcda::Error, or std::invalid_argument for a string with a NUL. A handle is destroyed
// only by its X_destroy. bcda.h documents what the calls do and which threads may make them.
//
// No function takes a callback, because calls from foreign threads are a problem for languages with their own runtime.
// Instead of callbacks, the caller fetches a run's events, the calls to a sink and a decryption's progress. It passes a
// provider's value in.
#pragma once
#include <cstdint>
#include <string>

namespace bcda_flat {

using Text = std::string;  // UTF-8, except for text from a file system or a server

// Valid until the next call on the handle that returned it. `data` is null at the end of a sequence.
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
struct Tables;
struct SandboxOptions;
struct Sandbox;

// The number of existing handles of all kinds. A leak check expects zero.
std::int32_t live_handles();

// ---- Tables: rows by index, from 0 ----------------------------------------------------------------------------------

Text version();
Text version_details();

std::int32_t status_count();
std::int32_t status_at(std::int32_t index);
Text status_name(std::int32_t status);
Text status_description(std::int32_t status);
std::int32_t status_exit_code(std::int32_t status);

std::int32_t setting_count();
std::int32_t setting_find(const Text& name);  // the index, or -1
Text setting_name(std::int32_t index);
Text setting_type(std::int32_t index);
Text setting_default(std::int32_t index);
Text setting_choices(std::int32_t index);
Text setting_env(std::int32_t index);
Text setting_help(std::int32_t index);
std::int32_t setting_is_for_export(std::int32_t index);      // 1: may also be given for each export
std::int32_t setting_is_for_tables(std::int32_t index);      // 1: is for reading tables
std::int32_t setting_is_for_partitions(std::int32_t index);  // 1: is for cutting and opening partitions
std::int32_t setting_is_secret(std::int32_t index);
std::int32_t setting_is_of_request(std::int32_t index);   // 1: says what a job is asked for, or whom
std::int32_t setting_is_for_opening(std::int32_t index);  // 1: is used to open partitions

Text profiles();  // a JSON array

Text directory_status(const Text& directory);  // a JSON object; sends nothing

// ---- Configuration --------------------------------------------------------------------------------------------------

Config* config_create();
void config_destroy(Config* config);
void config_set(Config& config, const Text& name, const Text& value);
void config_add(Config& config, const Text& name, const Text& item);  // appends an item to a list
// Like config_set, for a value from the caller's own store (bcda_config_set_provider). The value is stored separately,
// wiped when the configuration is destroyed, and checked when the configuration is used.
void config_provide(Config& config, const Text& name, const Text& value);
Text config_get(const Config& config, const Text& name);
void config_load_env(Config& config);
void config_load_file(Config& config, const Text& path);
void config_load_json(Config& config, const Text& text);

// ---- Client and runs ------------------------------------------------------------------------------------------------

Client* client_create(const Config& config);
void client_destroy(Client* client);
Text client_profile(const Client& client);                       // a JSON object
Text export_plan(const Client& client, const Config& settings);  // a JSON array; sends nothing

// `to_sink` 1: the files go to the caller instead of `out`; see "Sink" below.
Run* export_start(const Client& client, const Config& settings, std::int32_t to_sink);
Run* sync_start(const Client& client, const Config& settings);  // `out`: the directory of the series
Run* resume_start(const Client& client, const Text& directory, const Config& settings);
Run* manifest_start(const Client& client, const Config& settings);
Run* fetch_start(const Client& client, const Config& settings, const Text& manifest, const Text& file,  // "": all files
                 std::int32_t to_sink);
Run* metadata_start(const Client& client);
Run* inquiry_start(const Client& client, std::int32_t kind, const Text& argument);  // kind: bcda_run_kind, from AUTH on
void run_destroy(Run* run);  // fails pending calls to the sink, cancels, and waits until the run has released its files

Text run_kind(const Run& run);  // "export", "manifest", "fetch", "metadata", "auth", "jobs", ...

// Timeouts are in milliseconds; negative means no limit.
std::int32_t run_next_event(Run& run, Event& event, std::int64_t timeout_ms);  // BCDA_OK, BCDA_AGAIN or BCDA_END
std::int32_t run_wait(Run& run, std::int64_t timeout_ms);                      // 1: success; 0: still running
void run_cancel(Run& run);
Result* run_result(Run& run);

// Waits for a wake-up: a new event, a pending call to the sink, or the end of the run. Returns 1 after a wake-up, which
// may be spurious, and 0 after the timeout. For one thread at a time.
std::int32_t run_wait_wakeup(Run& run, std::int64_t timeout_ms);

// ---- Sink: the calls to a sink (see bcda.h) --------------------------------------------------------------------------
// One call is pending at a time. One thread fetches the call, makes it and answers.

Text sink_next(Run& run);  // "begin", "write", "commit", "abort"; "": none pending. The functions below are about it
std::int64_t sink_file(const Run& run);  // the number of the file; each begin has a new one
Text sink_name(const Run& run);          // only for "begin", like sink_type
Text sink_type(const Run& run);
Bytes sink_data(const Run& run);  // only for "write"; UNVERIFIED until the commit; valid until the next sink_next
std::int64_t sink_size(const Run& run);  // only for "commit", like sink_sha256
Text sink_sha256(const Run& run);
void sink_answer(Run& run, std::int32_t accepted);  // 0 fails the file; ignored for "abort"

// ---- Events: one handle is reused for all events --------------------------------------------------------------------

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

// ---- Results --------------------------------------------------------------------------------------------------------

Result* result_open(const Text& directory, const Text& receipt);  // receipt "": the one in directory/export.json
void result_destroy(Result* result);
std::int32_t result_file_count(const Result& result);
std::int32_t result_error_file_count(const Result& result);
std::int32_t result_partial(const Result& result);
std::int32_t result_issue_count(const Result& result);  // may read the error files
Text result_types(const Result& result);                // the requested types, comma-separated; "" if unknown
Text result_transaction_time(const Result& result);
Text result_directory(const Result& result);  // of the files; "": none
Text result_deleted(const Result& result);    // a JSON array; reads the files
std::int64_t result_elapsed_ms(const Result& result);
Text result_json(const Result& result);
Text result_manifest(const Result& result);
Text result_metadata(const Result& result);
Text result_answer(const Result& result);

Text file_type(const Result& result, std::int32_t index);
Text file_url(const Result& result, std::int32_t index);
Text file_path(const Result& result, std::int32_t index);
std::int64_t file_bytes(const Result& result, std::int32_t index);
std::int64_t file_records(const Result& result, std::int32_t index);
Text file_sha256(const Result& result, std::int32_t index);
std::int32_t file_decrypted(const Result& result, std::int32_t index);
std::int32_t file_is_error(const Result& result, std::int32_t index);
Text file_kind(const Result& result, std::int32_t index);
Text file_proof(const Result& result, std::int32_t index);

Text issue_severity(const Result& result, std::int32_t index);
Text issue_code(const Result& result, std::int32_t index);
Text issue_text(const Result& result, std::int32_t index);  // may name beneficiaries
Text issue_file(const Result& result, std::int32_t index);
std::int64_t issue_count(const Result& result, std::int32_t index);

// ---- One file on disk -----------------------------------------------------------------------------------------------

// Decrypts on a thread of its own. An empty string means that an argument is not given. While the decryption runs,
// `settings` may be destroyed, but not changed.
Decryption* decryption_start(const Config& settings, const Text& path, const Text& label, const Text& key_hex,
                             const Text& manifest, const Text& output);
void decryption_destroy(Decryption* decryption);  // cancels it and waits until it has released its files

// Waits until more than `done` bytes are done or the decryption has ended. Returns 1 after the end, and 0 otherwise.
// Thread-safe, like the next three functions.
std::int32_t decryption_wait(Decryption& decryption, std::int64_t done, std::int64_t timeout_ms);
std::int64_t decryption_done(Decryption& decryption);
std::int64_t decryption_total(Decryption& decryption);  // -1: unknown
void decryption_cancel(Decryption& decryption);
Result* decryption_result(Decryption& decryption);  // to be called once, after the end; throws the failure

// ---- Records --------------------------------------------------------------------------------------------------------

Reader* reader_open(const Text& path);
void reader_destroy(Reader* reader);
Bytes reader_next(Reader& reader);
std::int64_t reader_line(const Reader& reader);
std::int64_t reader_offset(const Reader& reader);

// The records of a partition. `client` null: one is made of the settings, if there is something to download.
Reader* reader_open_partition(Client* client, const Config& settings, const Text& token);
Text reader_file(const Reader& reader);  // of the last record
Text reader_type(const Reader& reader);
void reader_cancel(const Reader& reader);  // of a partition; thread-safe

// ---- Tables of claims -----------------------------------------------------------------------------------------------

std::int32_t table_count();
Text table_name(std::int32_t index);
Text table_columns(const Text& table);                       // a JSON object: the dictionary
Text table_view(const Text& table, const Text& generation);  // the JSON text of a ViewDefinition

// One or more tables of one or more sources, read in one pass. First the sources and tables are added, then it is
// opened. A table is a name or the JSON text of a ViewDefinition.
Tables* tables_create();
void tables_destroy(Tables* tables);
void tables_add_path(Tables& tables, const Text& path);
void tables_add_table(Tables& tables, const Text& table);
void tables_open(Tables& tables, const Config& settings);

// Writes an ArrowArrayStream of the first table to the address of an empty one, which the caller owns. It needs no
// tables_open, and each call starts again from the beginning.
void tables_export(const Tables& tables, const Config& settings, std::int64_t address);

// Instead of sources: a partition; `client` as above. "": no files.
void tables_open_partition(Tables& tables, Client* client, const Config& settings, const Text& token);
void tables_export_partition(const Tables& tables, Client* client, const Config& settings, const Text& token,
                             std::int64_t address);
void tables_cancel(const Tables& tables);  // of a partition; thread-safe

// Cuts a manifest, or the sources that were added. count 0: the setting max_partitions. A JSON object (bcda_partitions).
Text partitions_of_manifest(const Client& client, const Config& settings, const Text& manifest, std::int32_t count);
Text partitions_of_sources(const Tables& sources, const Config& settings, std::int32_t count);

// The columns of a table, from 0. The format is Arrow's: "u", "i", "d:18,2", "tdD", ...; of a list that of its items.
std::int32_t tables_column_count(const Tables& tables, std::int32_t table);
Text tables_column_name(const Tables& tables, std::int32_t table, std::int32_t column);
Text tables_column_format(const Tables& tables, std::int32_t table, std::int32_t column);
std::int32_t tables_column_is_list(const Tables& tables, std::int32_t table, std::int32_t column);

// Reads the next batch. Returns the number of its table, or -1 at the end.
std::int32_t tables_next(Tables& tables);

// Instead of batches: the next bytes of a file of the only table. The format is "csv", "ndjson" or "arrow" (Arrow's IPC
// file format). `data` is null after the last piece, and the file is whole only then.
Bytes tables_encode(Tables& tables, const Text& format);

std::int64_t tables_rows(const Tables& tables, std::int32_t table);  // that were handed out so far
std::int64_t tables_nulled(const Tables& tables);
std::int64_t tables_files(const Tables& tables);  // that were begun
std::int64_t tables_bytes(const Tables& tables);  // of records, that were read

// The batch. The bytes are valid until the next tables_next, and are laid out as Arrow has them: bits with the least
// significant first, little-endian numbers, 32-bit ends of texts and lists with a 0 before them. `validity` is null if
// no value is null. `items` 1: the items of a list column, else the column itself.
std::int64_t batch_rows(const Tables& tables);
std::int64_t batch_length(const Tables& tables, std::int32_t column, std::int32_t items);
Bytes batch_validity(const Tables& tables, std::int32_t column, std::int32_t items);
Bytes batch_values(const Tables& tables, std::int32_t column, std::int32_t items);
Bytes batch_texts(const Tables& tables, std::int32_t column, std::int32_t items);

// ---- Sandbox --------------------------------------------------------------------------------------------------------

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
std::int32_t sandbox_setting_count(const Sandbox& sandbox);
Text sandbox_setting_name(const Sandbox& sandbox, std::int32_t index);
Text sandbox_setting_value(const Sandbox& sandbox, std::int32_t index);
Text sandbox_json(const Sandbox& sandbox);
void sandbox_control(Sandbox& sandbox, const Text& name, const Text& value);
std::int64_t sandbox_request_count(const Sandbox& sandbox, const Text& prefix);

}  // namespace bcda_flat
