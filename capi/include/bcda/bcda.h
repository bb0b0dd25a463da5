/* bcda.h -- the C interface of libbcda: from credentials to decrypted, verified claims files.
 *
 * Conventions
 *   Handles    All types are opaque. `bcda_X_destroy(NULL)` does nothing. A handle made by a function belongs to the
 *              caller, who destroys it; a `const` pointer is borrowed and its lifetime is named where it is returned.
 *   Errors     A call that can fail returns `bcda_status` and takes a nullable `bcda_error **` last. On failure the error
 *              is made and belongs to the caller; on BCDA_OK, BCDA_AGAIN and BCDA_END it is left alone. Out parameters are
 *              written on BCDA_OK only. No exception, abort, signal handler or output to stdout or stderr crosses this line.
 *   Text       UTF-8, ends in NUL. Sizes are bytes, times are milliseconds or RFC 3339 text.
 *   Threads    A handle may be used by one thread at a time unless its functions say "thread-safe". Different handles are
 *              independent. Callbacks say on which thread they run.
 *   Signals    The library's threads block every signal except those of a crash (SIGSEGV, SIGBUS, SIGFPE, SIGILL,
 *              SIGABRT), so a signal always reaches a thread of the program. A write to a closed connection does not
 *              raise SIGPIPE.
 *   Settings   Everything that can be configured has a name ("client_id"). docs/settings.md lists all names with their
 *              meaning and default; so does `bcda settings`, and so do bcda_setting_count and bcda_setting_at at run time.
 *   fork       After fork() a client, export or reader of the parent cannot be used in the child: calls return BCDA_STATE,
 *              destroy is safe.
 *   Stability  Functions and codes are only added. Since 0.1 unless said otherwise.
 *
 * A minimal program is examples/c/export.c.
 */
#ifndef BCDA_BCDA_H
#define BCDA_BCDA_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32) || !defined(__GNUC__)
#define BCDA_API
#else
#define BCDA_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define BCDA_VERSION_MAJOR 0
#define BCDA_VERSION_MINOR 2
#define BCDA_VERSION_PATCH 0
/* For comparisons: major * 1000000 + minor * 1000 + patch, so 2000 is 0.2.0 and 1002003 is 1.2.3. */
#define BCDA_VERSION_NUMBER (BCDA_VERSION_MAJOR * 1000000 + BCDA_VERSION_MINOR * 1000 + BCDA_VERSION_PATCH)

/* ---- Status codes ------------------------------------------------------------------------------------------------ */

/* Numbers never change. `bcda_status_description` gives the meaning, `bcda_status_exit_code` what the command returns. */
typedef enum bcda_status {
  BCDA_OK = 0,
  BCDA_INTERNAL = 1,
  BCDA_INVALID_ARGUMENT = 2,
  BCDA_PRIVATE_KEY = 3,
  BCDA_AUTHENTICATION = 4,
  BCDA_REFUSED = 5,
  BCDA_JOB_FAILED = 6,
  BCDA_JOB_GONE = 7,
  BCDA_PROTOCOL = 8,
  BCDA_LIMIT = 9,
  BCDA_NETWORK = 10,
  BCDA_TLS = 11,
  BCDA_TIMEOUT = 12,
  BCDA_DECRYPTION = 13,
  BCDA_VERIFICATION = 14,
  BCDA_FILESYSTEM = 15,
  BCDA_SINK = 16,
  BCDA_CANCELED = 17,
  BCDA_AGAIN = 18, /* not a failure: nothing yet within the time given */
  BCDA_END = 19,   /* not a failure: the sequence is finished */
  BCDA_STATE = 20,
  BCDA_NO_MEMORY = 21
} bcda_status;

/* Thread-safe. Static strings. An unknown code gives "UNKNOWN". */
BCDA_API const char* bcda_status_name(bcda_status status);        /* "AUTHENTICATION" */
BCDA_API const char* bcda_status_description(bcda_status status); /* one line of English */
BCDA_API int32_t bcda_status_exit_code(bcda_status status);       /* the command's exit code */
BCDA_API int32_t bcda_status_count(void);
BCDA_API bcda_status bcda_status_at(int32_t index); /* 0 <= index < count, else BCDA_INTERNAL */

/* Thread-safe. Static strings. */
BCDA_API const char* bcda_version(void);         /* "0.2.0" */
BCDA_API const char* bcda_version_details(void); /* versions of Boost and OpenSSL it runs with */

/* Frees a string that a function below gave to the caller. Wipes it first. Thread-safe; NULL is fine. */
BCDA_API void bcda_string_free(char* text);

/* ---- Errors ------------------------------------------------------------------------------------------------------ */

typedef struct bcda_error bcda_error;

/* Texts live as long as the error and are never NULL ("" when there is nothing). */
BCDA_API bcda_status bcda_error_status(const bcda_error* error);
BCDA_API const char* bcda_error_message(const bcda_error* error); /* names the thing and the remedy */
BCDA_API int32_t bcda_error_http_status(const bcda_error* error); /* 0: no HTTP answer was involved */
BCDA_API const char* bcda_error_outcome(
    const bcda_error* error); /* the server's OperationOutcome text; may name beneficiaries */
BCDA_API const char* bcda_error_file(const bcda_error* error);       /* local path or server file name concerned */
BCDA_API int32_t bcda_error_retriable(const bcda_error* error);      /* 1: the same call may succeed later */
BCDA_API int64_t bcda_error_retry_after_ms(const bcda_error* error); /* -1: the server did not say */
BCDA_API void bcda_error_destroy(bcda_error* error);

/* ---- The table of settings --------------------------------------------------------------------------------------- */

/* One row of the one table from which flags, keyword arguments and docs of every language come. Static; thread-safe. */
typedef struct bcda_setting bcda_setting;

typedef enum bcda_setting_type {
  BCDA_TYPE_STRING = 0,
  BCDA_TYPE_PATH = 1,
  BCDA_TYPE_BOOLEAN = 2, /* true, false, 1, 0, yes, no, on, off */
  BCDA_TYPE_INTEGER = 3,
  BCDA_TYPE_DURATION = 4, /* "250ms", "30s", "5m", "24h"; a bare number is seconds */
  BCDA_TYPE_SIZE = 5,     /* "64KiB", "1GiB"; a bare number is bytes */
  BCDA_TYPE_CHOICE = 6,   /* one of bcda_setting_choices */
  BCDA_TYPE_LIST = 7      /* comma separated */
} bcda_setting_type;

typedef enum bcda_setting_scope {
  BCDA_SCOPE_CLIENT = 0, /* read when a client is made */
  BCDA_SCOPE_EXPORT = 1  /* may also be given for each export */
} bcda_setting_scope;

BCDA_API int32_t bcda_setting_count(void);
BCDA_API const bcda_setting* bcda_setting_at(int32_t index);         /* NULL out of range */
BCDA_API const bcda_setting* bcda_setting_find(const char* name);    /* NULL when unknown */
BCDA_API const char* bcda_setting_name(const bcda_setting* setting); /* "client_id" */
BCDA_API bcda_setting_type bcda_setting_get_type(const bcda_setting* setting);
BCDA_API const char* bcda_setting_type_name(const bcda_setting* setting); /* "duration" */
BCDA_API const char* bcda_setting_default(const bcda_setting* setting);   /* "" when there is none */
BCDA_API const char* bcda_setting_choices(const bcda_setting* setting);   /* "power,process"; "" unless a choice */
BCDA_API const char* bcda_setting_env(const bcda_setting* setting);       /* "BCDA_CLIENT_ID" */
BCDA_API const char* bcda_setting_help(const bcda_setting* setting);      /* one sentence */
BCDA_API bcda_setting_scope bcda_setting_get_scope(const bcda_setting* setting);
BCDA_API int32_t bcda_setting_secret(const bcda_setting* setting); /* 1: never given back, logged or echoed */

/* ---- Configuration ----------------------------------------------------------------------------------------------- */

/* A set of named values. It may be destroyed or changed once a client or an export has been made from it: they copy.
 *
 * Credentials  client_id and client_secret are used without the quotes, blanks, line ends, byte order marks and invisible
 *              characters around them, from whatever source they come. Any of these within them is BCDA_INVALID_ARGUMENT
 *              when a client is made. A passphrase loses the line ends at its end only. A PEM text may be on one line, with
 *              its line breaks written as \n or as blanks.
 * Files        Text files may be UTF-8, with or without a byte order mark, or UTF-16 with one. A file with a secret that
 *              others than its owner may read is used, and a warning says so.
 * Core files   The library changes nothing of its host process. Secrets, tokens, PEM texts and file keys lie on pages that
 *              core files leave out (MADV_DONTDUMP) and that are wiped. Not covered are copies that a core file of the host
 *              would hold: RSA keys and cipher states within OpenSSL, HTTP and TLS buffers in flight, the parsed text of
 *              a configuration file while it is read, and the caller's own copies. A host that must not write them sets
 *              RLIMIT_CORE or PR_SET_DUMPABLE, as the command does. */
typedef struct bcda_config bcda_config;

BCDA_API bcda_status bcda_config_create(bcda_config** config, bcda_error** error);
BCDA_API void bcda_config_destroy(bcda_config* config); /* wipes its secrets */

/* Sets by name; the value is checked at once. NULL restores the default. BCDA_INVALID_ARGUMENT names the setting, what it
 * takes, and the nearest name when it is unknown. */
BCDA_API bcda_status bcda_config_set(bcda_config* config, const char* name, const char* value, bcda_error** error);

/* The value in force (the default when unset), to be freed with bcda_string_free. A secret gives "" or "(set)". */
BCDA_API bcda_status bcda_config_get(const bcda_config* config, const char* name, char** value, bcda_error** error);

/* Sets all that the environment names (BCDA_CLIENT_ID, ...) and that was not set before. */
BCDA_API bcda_status bcda_config_load_env(bcda_config* config, bcda_error** error);

/* Sets what a JSON file of {"name": value} holds and that was not set before. With secrets in it, its mode should be
 * 0600; another one is warned of. */
BCDA_API bcda_status bcda_config_load_file(bcda_config* config, const char* path, bcda_error** error);

/* Supplies a setting (a secret, mostly) from the caller's own store. Called, on the caller's thread, each time this
 * configuration is used: by client_create, a start, or decrypt_file, and by config_get unless it is a secret. It copies at most `capacity` bytes of text into
 * `buffer` and returns the length, or -1 on failure. */
typedef int32_t (*bcda_provider)(void* user, char* buffer, int32_t capacity);
BCDA_API bcda_status bcda_config_set_provider(bcda_config* config, const char* name, bcda_provider provider, void* user,
                                              bcda_error** error);

/* ---- Client ------------------------------------------------------------------------------------------------------ */

/* A service, credentials, a key, connections and the threads that serve them. Make one and share it: thread-safe. */
typedef struct bcda_client bcda_client;

/* Checks the settings and loads the private key; does not touch the network. Errors: INVALID_ARGUMENT, PRIVATE_KEY,
 * FILESYSTEM, TLS (no CA certificates). */
BCDA_API bcda_status bcda_client_create(const bcda_config* config, bcda_client** client, bcda_error** error);

/* Exports started from it go on; threads and connections end with the last handle that needs them. */
BCDA_API void bcda_client_destroy(bcda_client* client);

/* The service's CapabilityStatement as JSON text, for bcda_string_free. Blocks; asks for no token (BCDA guide, "BCDA
 * Metadata"). bcda_metadata_start asks the same and can be waited for and canceled. */
BCDA_API bcda_status bcda_client_metadata(bcda_client* client, char** json, bcda_error** error);

/* ---- Sinks ------------------------------------------------------------------------------------------------------- */

/* Where plaintext goes when it is not a directory. For each file, on a library thread, one call at a time for a file but
 * several files at once:
 *   begin   returns 0 and may set *file to the caller's own object. `name` is the name the file would have in a directory,
 *           `type` the resource type; both live during the call.
 *   write   gets the next bytes: UNVERIFIED until commit, so keep them private. Returns 0.
 *   commit  called once the whole file has been verified (length, GCM tag). Returns 0.
 *   abort   called instead of commit: discard everything. Also after a failed write or commit.
 * Anything but 0 fails that file with BCDA_SINK. A file that is retried is aborted and begun again. A callback that takes its
 * time holds up its file alone. It must not wait for, or destroy, the run that calls it; it may cancel it. */
typedef struct bcda_sink bcda_sink;
typedef int32_t (*bcda_sink_begin)(void* user, const char* name, const char* type, void** file);
typedef int32_t (*bcda_sink_write)(void* user, void* file, const void* data, size_t size);
typedef int32_t (*bcda_sink_commit)(void* user, void* file, int64_t size, const char* sha256);
typedef void (*bcda_sink_abort)(void* user, void* file);

BCDA_API bcda_status bcda_sink_create(bcda_sink_begin begin, bcda_sink_write write, bcda_sink_commit commit,
                                      bcda_sink_abort abort, void* user, bcda_sink** sink, bcda_error** error);
BCDA_API void bcda_sink_destroy(bcda_sink* sink); /* allowed once the exports that use it are destroyed */

/* ---- Exports ----------------------------------------------------------------------------------------------------- */

/* One run in the background: a whole export, a manifest-only run, the download of a manifest's files, or one request for
 * the service's metadata. */
typedef struct bcda_run bcda_run;
typedef struct bcda_event bcda_event;
typedef struct bcda_result bcda_result;

/* Starts the whole flow and returns at once. `settings` may hold export settings (types, out, ...) that go before the
 * client's; NULL for none. `sink` NULL: files go to the directory `out`. Errors here are about arguments and the output
 * directory; what happens later comes by wait, result and events. */
BCDA_API bcda_status bcda_export_start(bcda_client* client, const bcda_config* settings, const bcda_sink* sink,
                                       bcda_run** run, bcda_error** error);

/* Runs the jobs and stops at their manifests: bcda_result_manifest holds them. Downloads and writes nothing. */
BCDA_API bcda_status bcda_manifest_start(bcda_client* client, const bcda_config* settings, bcda_run** run,
                                         bcda_error** error);

/* Downloads, decrypts and verifies files of a manifest that is at hand. `manifest`: JSON text of one manifest, or of
 * several one after another. `file`: the server's file name or its URL, to take that one only; NULL: all. */
BCDA_API bcda_status bcda_fetch_start(bcda_client* client, const bcda_config* settings, const char* manifest,
                                      const char* file, const bcda_sink* sink, bcda_run** run, bcda_error** error);

/* Asks for the service's CapabilityStatement: bcda_result_metadata holds it. Needs no credentials, writes nothing. */
BCDA_API bcda_status bcda_metadata_start(bcda_client* client, bcda_run** run, bcda_error** error);

/* The next event in order, waiting at most `timeout_ms` (0: do not wait; negative: without limit). BCDA_AGAIN: none yet.
 * BCDA_END: the run has finished and every event was handed out. A reader that is slow, or absent, never holds up the
 * run: progress and poll events replace unread ones, the others (one a file, mostly) are kept. The event belongs to the caller. Thread-safe. */
BCDA_API bcda_status bcda_run_next_event(bcda_run* run, int64_t timeout_ms, bcda_event** event, bcda_error** error);

/* `notify(user)` is called on a library thread whenever an event has come; it may only signal an outside loop, not call
 * back into libbcda. NULL ends it, and returns after a call under way has returned. */
typedef void (*bcda_notify)(void* user);
BCDA_API bcda_status bcda_run_notify(bcda_run* run, bcda_notify notify, void* user, bcda_error** error);

/* Waits until the run has finished, at most `timeout_ms` (as above). BCDA_OK: it succeeded; BCDA_AGAIN: still running;
 * anything else: how it failed. Thread-safe. */
BCDA_API bcda_status bcda_run_wait(bcda_run* run, int64_t timeout_ms, bcda_error** error);

/* Asks the run to stop; returns at once. It then finishes with BCDA_CANCELED unless it had finished. Thread-safe. */
BCDA_API void bcda_run_cancel(bcda_run* run);

/* What the run produced. After success; after a failure it holds the files that were verified. BCDA_STATE while running. */
BCDA_API bcda_status bcda_run_result(bcda_run* run, bcda_result** result, bcda_error** error);

/* Cancels if need be, waits until the run has let go of files and callbacks, frees. */
BCDA_API void bcda_run_destroy(bcda_run* run);

/* ---- Events ------------------------------------------------------------------------------------------------------ */

typedef enum bcda_event_kind {
  BCDA_EVENT_STATE = 0,    /* text: "authenticating", "kick-off", "waiting", "downloading", "finished" */
  BCDA_EVENT_JOB = 1,      /* a job was accepted: type, url = its status URL */
  BCDA_EVENT_POLL = 2,     /* a status answer: type, text = X-Progress, percent */
  BCDA_EVENT_MANIFEST = 3, /* a job is done: type, files_total = its files */
  BCDA_EVENT_PROGRESS = 4, /* bytes and files so far; coalesced */
  BCDA_EVENT_FILE = 5,     /* a file was verified and published: type, file, bytes_done */
  BCDA_EVENT_RETRY = 6,    /* text: why, wait_ms: until the next try */
  BCDA_EVENT_WARNING = 7,  /* text */
  BCDA_EVENT_FINISHED = 8  /* the last event: status; text = the error's message or "" */
} bcda_event_kind;

/* Texts live as long as the event and are never NULL. Numbers that do not apply are -1. */
BCDA_API bcda_event_kind bcda_event_get_kind(const bcda_event* event);
BCDA_API const char* bcda_event_kind_name(const bcda_event* event); /* "progress" */
BCDA_API const char* bcda_event_text(const bcda_event* event);
BCDA_API const char* bcda_event_type(const bcda_event* event); /* resource type */
BCDA_API const char* bcda_event_file(const bcda_event* event); /* path, or name when a sink is used */
BCDA_API const char* bcda_event_url(const bcda_event* event);
BCDA_API bcda_status bcda_event_status(const bcda_event* event); /* BCDA_OK unless the event is about a failure */
BCDA_API double bcda_event_percent(const bcda_event* event);
BCDA_API int64_t bcda_event_bytes_done(const bcda_event* event);
BCDA_API int64_t bcda_event_bytes_total(const bcda_event* event); /* of the files whose size is known by now */
BCDA_API int64_t bcda_event_files_done(const bcda_event* event);
BCDA_API int64_t bcda_event_files_total(const bcda_event* event);
BCDA_API int64_t bcda_event_wait_ms(const bcda_event* event);
BCDA_API const char* bcda_event_json(const bcda_event* event); /* one line of JSON, always in UTF-8 */
BCDA_API void bcda_event_destroy(bcda_event* event);

/* ---- Results ----------------------------------------------------------------------------------------------------- */

/* One file of a result; borrowed, lives as long as the result. */
typedef struct bcda_file bcda_file;

/* The result of an export that finished earlier, as its receipt has it: `directory`/export.json, or the text `receipt`
 * (nullable) where that is kept elsewhere; `directory` goes before the files' paths ("": they stay as they are). Whether the
 * files are still there, and whole, is not looked at. Errors: FILESYSTEM (no export has finished there, or the receipt is
 * malformed). */
BCDA_API bcda_status bcda_result_open(const char* directory, const char* receipt, bcda_result** result,
                                      bcda_error** error);

BCDA_API int32_t bcda_result_file_count(const bcda_result* result);
BCDA_API const bcda_file* bcda_result_file(const bcda_result* result, int32_t index); /* NULL out of range */
BCDA_API int32_t bcda_result_error_file_count(const bcda_result* result);     /* files that are OperationOutcomes */
BCDA_API const char* bcda_result_transaction_time(const bcda_result* result); /* the earliest of its jobs, RFC 3339 */
BCDA_API int64_t bcda_result_elapsed_ms(const bcda_result* result);
BCDA_API const char* bcda_result_json(const bcda_result* result);     /* the receipt, as in export.json */
BCDA_API const char* bcda_result_manifest(const bcda_result* result); /* the manifests, one JSON line each */
BCDA_API const char* bcda_result_metadata(const bcda_result* result); /* of bcda_metadata_start: JSON; else "" */
BCDA_API void bcda_result_destroy(bcda_result* result);

BCDA_API const char* bcda_file_type(const bcda_file* file); /* "Patient" */
BCDA_API const char* bcda_file_url(const bcda_file* file);
BCDA_API const char* bcda_file_path(const bcda_file* file);   /* where it is; its name when a sink was used */
BCDA_API int64_t bcda_file_bytes(const bcda_file* file);      /* of plaintext */
BCDA_API int64_t bcda_file_records(const bcda_file* file);    /* NDJSON lines that are not blank */
BCDA_API const char* bcda_file_sha256(const bcda_file* file); /* of the plaintext, hex */
BCDA_API int32_t
bcda_file_decrypted(const bcda_file* file); /* 1: it came encrypted and its tag verified; 0: it came plain */
BCDA_API int32_t bcda_file_is_error(const bcda_file* file); /* 1: from the manifest's `error` */

/* ---- One file on disk -------------------------------------------------------------------------------------------- */

/* Decrypts a file that was downloaded by other means, as the service's own script did, at any size. Blocks.
 *   settings  private_key (and its passphrase), `durability` and `allow_plaintext` count
 *   path      the encrypted file. Its base name is the OAEP label, so it must still have the name the server gave it ...
 *   label     ... or give that name here; NULL: the base name of `path`
 *   key_hex   its encryptedKey in hex; or NULL, and then `manifest` (JSON text) names it by the label
 *   output    the plaintext's path; must not exist. It appears only when the tag has verified. When it ends in '/' it is a
 *             directory, made if it is missing: the file keeps its base name there, and is under error/ when the manifest
 *             lists it under `error`
 *   progress  nullable; called with `user` on this thread between chunks, with the bytes done and in all (-1: unknown).
 *             Anything but 0 stops with BCDA_CANCELED and leaves nothing of the file under way
 * A file that the manifest lists without a key is copied once it was checked to look like NDJSON: one of `error` always, a
 * data file when allow_plaintext is set.
 *
 * A directory as `path` needs a `manifest`, takes neither label nor key_hex, and `output` is a directory too. Each file in
 * it that the manifest lists is decrypted under its own name. Once all of them are there, the receipt export.json is written,
 * as by an export: bcda_result_open reads it. When files are missing or fail, the others are still decrypted, the first
 * failure is the error, and there is no receipt; a second call with the same `output` goes on from there. Files that the
 * manifest does not list are left alone.
 *
 * `result` (nullable) has the file or files. Its JSON has a member "warnings", a list of texts, when there are any: secrets
 * that others may read, files that the manifest does not list. Errors: INVALID_ARGUMENT, PRIVATE_KEY, DECRYPTION,
 * VERIFICATION, FILESYSTEM, CANCELED. */
typedef int32_t (*bcda_progress)(void* user, int64_t done, int64_t total);
BCDA_API bcda_status bcda_decrypt_file(const bcda_config* settings, const char* path, const char* label,
                                       const char* key_hex, const char* manifest, const char* output,
                                       bcda_progress progress, void* user, bcda_result** result, bcda_error** error);

/* ---- Records ----------------------------------------------------------------------------------------------------- */

/* Iterates the NDJSON lines of a finished file in constant memory (the longest line). */
typedef struct bcda_reader bcda_reader;

BCDA_API bcda_status bcda_reader_open(const char* path, bcda_reader** reader, bcda_error** error);
/* The next line that is not blank, without its line end, a CR or a BOM. `data` is borrowed until the next call and is not
 * NUL-terminated. BCDA_END after the last. BCDA_LIMIT: a line is longer than 256 MiB. */
BCDA_API bcda_status bcda_reader_next(bcda_reader* reader, const char** data, size_t* size, bcda_error** error);
BCDA_API int64_t bcda_reader_line(const bcda_reader* reader);   /* number of the line last given, from 1 */
BCDA_API int64_t bcda_reader_offset(const bcda_reader* reader); /* its byte offset in the file */
BCDA_API void bcda_reader_destroy(bcda_reader* reader);

#ifdef __cplusplus
}
#endif
#endif /* BCDA_BCDA_H */
