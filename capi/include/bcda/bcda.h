/* bcda.h -- the C interface of libbcda: from credentials to decrypted, verified claims files.
 *
 * Conventions
 *   Handles    All types are opaque. A handle that a function makes belongs to the caller, who destroys it. A `const`
 *              pointer that a function returns is borrowed; the function says how long it lives. `bcda_X_destroy(NULL)`
 *              does nothing.
 *   Errors     A call that can fail returns `bcda_status` and takes a nullable `bcda_error **` last. On failure it
 *              makes an error, which belongs to the caller. On BCDA_OK, BCDA_AGAIN and BCDA_END it leaves the error
 *              alone. Out parameters are written on BCDA_OK only. Nothing else crosses this line: no exception, no
 *              abort, no output. Every call that can fail may return INVALID_ARGUMENT (a pointer is NULL that must not
 *              be), NO_MEMORY and INTERNAL. "Errors" at a function names what it returns besides.
 *   Accessors  A function without `bcda_status` cannot fail. Given NULL it returns "", 0, -1, NULL or the first value
 *              of its enum.
 *   Text       UTF-8, ends in NUL. Sizes are bytes. Times are milliseconds or RFC 3339 text.
 *   Threads    One thread at a time may use a handle, unless its functions say "thread-safe". Different handles are
 *              independent. A callback says on which thread it runs. It must not throw or jump out. If one on the
 *              caller's thread throws nevertheless, the call fails with BCDA_INTERNAL, or the exception passes through
 *              it, if library and program have different C++ runtimes. pthread_exit in it ends the thread. In each
 *              case what the call had begun is undone.
 *   Signals    The library's threads block every signal except those of a crash (SIGSEGV, SIGBUS, SIGFPE, SIGILL,
 *              SIGABRT). So a signal always reaches a thread of the program. A write to a closed connection does not
 *              raise SIGPIPE, and a write beyond the limit of file sizes does not raise SIGXFSZ.
 *   Settings   Everything that can be configured has a name ("client_id"). docs/settings.md lists all names with their
 *              meaning and default. `bcda settings` lists them too, and so does bcda_setting_at at run time.
 *   Logging    There is no log callback, because the events of a run have what a log needs. BCDA_EVENT_STATE names its
 *              steps, BCDA_EVENT_RETRY the reason for a wait, and BCDA_EVENT_WARNING what is unusual.
 *              bcda_event_json returns an event as one line. Calls outside a run return their error at once.
 *   fork       After fork() the child cannot use a client, run, reader or sandbox of its parent. Calls return
 *              BCDA_STATE, and destroying does nothing.
 *   Stability  From 1.0 on functions and codes are only added. While the major version is 0, a minor version may change
 *              them: the shared library is then called libbcda.so.0.MINOR. bcda_version_check compares at run time.
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

/* Numbers never change. BCDA_AGAIN and BCDA_END are not failures. */
typedef enum bcda_status {
  BCDA_OK = 0,               /* done */
  BCDA_INTERNAL = 1,         /* a fault inside the library */
  BCDA_INVALID_ARGUMENT = 2, /* an argument or a setting is missing or malformed */
  BCDA_PRIVATE_KEY = 3,      /* the private key could not be loaded */
  BCDA_AUTHENTICATION = 4,   /* the service refused the credentials */
  BCDA_REFUSED = 5,          /* the service refused a request */
  BCDA_JOB_FAILED = 6,       /* the service reports that the export job failed */
  BCDA_JOB_GONE = 7,         /* the export job expired or is unknown to the service */
  BCDA_PROTOCOL = 8,         /* the service's answer is not what the protocol allows */
  BCDA_LIMIT = 9,            /* a limit set to protect the client was reached */
  BCDA_NETWORK = 10,         /* the service could not be reached or the connection broke */
  BCDA_TLS = 11,             /* the service's certificate or the TLS handshake was refused */
  BCDA_TIMEOUT = 12,         /* a deadline passed */
  BCDA_DECRYPTION = 13,      /* a file or its wrapped key could not be decrypted */
  BCDA_VERIFICATION = 14,    /* a file is not whole or not what the manifest promised */
  BCDA_FILESYSTEM = 15,      /* a local file or directory could not be read or written */
  BCDA_SINK = 16,            /* the caller's sink reported a failure */
  BCDA_CANCELED = 17,        /* canceled by the caller */
  BCDA_AGAIN = 18,           /* nothing yet: the time given to wait has passed */
  BCDA_END = 19,             /* nothing more: the sequence is finished */
  BCDA_STATE = 20,           /* the call does not fit the object's state */
  BCDA_NO_MEMORY = 21,       /* out of memory */
  BCDA_RECORD = 22           /* a record is malformed or does not fit the view of a table */
} bcda_status;

/* The functions of this section are thread-safe. Their texts are static. An unknown code is called "UNKNOWN". */

/* The code's name, such as "AUTHENTICATION". */
BCDA_API const char* bcda_status_name(bcda_status status);

/* What the code means, as above: one line of English. */
BCDA_API const char* bcda_status_description(bcda_status status);

/* The exit code of the `bcda` command for it. */
BCDA_API int32_t bcda_status_exit_code(bcda_status status);

/* How many codes there are. */
BCDA_API int32_t bcda_status_count(void);

/* The code at `index`, from 0; BCDA_INTERNAL out of range. */
BCDA_API bcda_status bcda_status_at(int32_t index);

/* ---- Errors ------------------------------------------------------------------------------------------------------ */

/* Describes a failure. Its texts are valid until it is destroyed. A text is "" if it does not apply. */
typedef struct bcda_error bcda_error;

/* The status that the call returned. */
BCDA_API bcda_status bcda_error_status(const bcda_error* error);

/* What happened, to what, and the remedy. It never holds a secret. */
BCDA_API const char* bcda_error_message(const bcda_error* error);

/* The HTTP status of the answer concerned; 0: no answer was involved. */
BCDA_API int32_t bcda_error_http_status(const bcda_error* error);

/* The text of the server's OperationOutcome. It may name beneficiaries: keep it out of logs. */
BCDA_API const char* bcda_error_outcome(const bcda_error* error);

/* The local path, or the server's file name, concerned. */
BCDA_API const char* bcda_error_file(const bcda_error* error);

/* 1: the same call may succeed later. */
BCDA_API int32_t bcda_error_retriable(const bcda_error* error);

/* The server's Retry-After; -1: it did not say. */
BCDA_API int64_t bcda_error_retry_after_ms(const bcda_error* error);

BCDA_API void bcda_error_destroy(bcda_error* error);

/* ---- Version ----------------------------------------------------------------------------------------------------- */

/* The functions of this section are thread-safe. */

/* The library's version, such as "0.2.0". Static. */
BCDA_API const char* bcda_version(void);

/* The library's BCDA_VERSION_NUMBER. The macro is the number of the header that a program was compiled with. */
BCDA_API int32_t bcda_version_number(void);

/* Whether this library fits a program that was compiled with the header of version `header`: call
 *
 *   bcda_version_check(BCDA_VERSION_NUMBER, &error)
 *
 * once, before any other function. The library fits if its major version is the same and it is not older. While the
 * major version is 0, the minor version must be the same too. The dynamic linker makes the same check with the name of
 * the shared library. A program needs this call if it does not link by that name: with dlopen, a foreign function
 * interface or a copy of libbcda.a. bcda.hpp makes the call itself. Errors: INVALID_ARGUMENT (it does not fit; the
 * message has both versions). */
BCDA_API bcda_status bcda_version_check(int32_t header, bcda_error** error);

/* The versions of libbcda, Boost, OpenSSL, zlib and simdjson that the library runs with: one line of text. Static. */
BCDA_API const char* bcda_version_details(void);

/* Returns how many handles of this process were made and not destroyed: configurations, clients, runs, events, results,
 * readers, sinks and errors. For tests that look for a handle that was lost. Thread-safe. */
BCDA_API int64_t bcda_live_handles(void);

/* Wipes and frees a text that belongs to the caller. NULL does nothing. */
BCDA_API void bcda_string_free(char* text);

/* ---- The table of settings --------------------------------------------------------------------------------------- */

/* One row of the table of settings. The flags of the command, the keyword arguments of each language and their
 * documents are made from this table. Rows and their texts are static. All functions of this section are
 * thread-safe. */
typedef struct bcda_setting bcda_setting;

typedef enum bcda_setting_type {
  BCDA_TYPE_STRING = 0,
  BCDA_TYPE_PATH = 1,
  BCDA_TYPE_BOOLEAN = 2, /* true, false, 1, 0, yes, no, on, off */
  BCDA_TYPE_INTEGER = 3,
  BCDA_TYPE_DURATION = 4, /* "250ms", "30s", "5m", "24h"; a bare number is seconds */
  BCDA_TYPE_SIZE = 5,     /* "64KiB", "1GiB"; a bare number is bytes */
  BCDA_TYPE_CHOICE = 6,   /* one of bcda_setting_choices */
  BCDA_TYPE_LIST = 7      /* "a,b"; or a JSON array of texts, in which an item may hold a comma: ["a,b","c"] */
} bcda_setting_type;

typedef enum bcda_setting_scope {
  BCDA_SCOPE_CLIENT = 0,   /* read when a client is made */
  BCDA_SCOPE_EXPORT = 1,   /* may also be given for each run */
  BCDA_SCOPE_TABLE = 2,    /* read when a table is opened */
  BCDA_SCOPE_PARTITION = 3 /* read when partitions are made or opened */
} bcda_setting_scope;

/* How many settings there are. */
BCDA_API int32_t bcda_setting_count(void);

/* The row at `index`, from 0; NULL out of range. */
BCDA_API const bcda_setting* bcda_setting_at(int32_t index);

/* The row of that name; NULL: there is none. */
BCDA_API const bcda_setting* bcda_setting_find(const char* name);

/* "client_id" */
BCDA_API const char* bcda_setting_name(const bcda_setting* setting);

BCDA_API bcda_setting_type bcda_setting_get_type(const bcda_setting* setting);

/* The type's name, such as "duration". */
BCDA_API const char* bcda_setting_type_name(const bcda_setting* setting);

/* The default as text; "" when there is none. */
BCDA_API const char* bcda_setting_default(const bcda_setting* setting);

/* The allowed values of a choice, such as "power,process"; "" for other types. */
BCDA_API const char* bcda_setting_choices(const bcda_setting* setting);

/* The environment variable, such as "BCDA_CLIENT_ID". */
BCDA_API const char* bcda_setting_env(const bcda_setting* setting);

/* What it is for: one sentence. */
BCDA_API const char* bcda_setting_help(const bcda_setting* setting);

BCDA_API bcda_setting_scope bcda_setting_get_scope(const bcda_setting* setting);

/* 1: a secret. It is never returned, logged or printed. */
BCDA_API int32_t bcda_setting_secret(const bcda_setting* setting);

/* 1: it says what a job is asked for, or whom. Requests that differ in such a setting are two jobs. */
BCDA_API int32_t bcda_setting_of_request(const bcda_setting* setting);

/* 1: a process that only opens partitions (bcda_partition_open) uses it. */
BCDA_API int32_t bcda_setting_for_opening(const bcda_setting* setting);

/* ---- The table of profiles --------------------------------------------------------------------------------------- */

/* What the library knows about each kind of server: a JSON array with one object for each value of the setting
 * `profile` but auto. docs/servers.md explains the fields. Each object is also the content of a `profile_file`. The
 * text is static. */
BCDA_API const char* bcda_profiles(void);

/* ---- Configuration ----------------------------------------------------------------------------------------------- */

/* A set of named values. Clients and runs copy it, so it may be changed or destroyed after they are made.
 *
 * Credentials  Quotes, blanks, line ends, byte order marks and invisible characters around client_id and client_secret
 *              are removed. If one of these is inside, bcda_client_create returns INVALID_ARGUMENT. Only line ends at
 *              its end are removed from a passphrase. A PEM text may be on one line, with its line breaks written as
 *              \n or as blanks.
 * Files        Text files may be UTF-8, with or without a byte order mark, or UTF-16 with one. If users other
 *              than the owner may read a file with a secret, the file is used, and a warning is reported.
 * Core files   The library changes nothing of its host process. Secrets, tokens, PEM texts and file keys are on
 *              pages that are left out of core files (MADV_DONTDUMP), and are wiped. Some copies are not covered: RSA
 *              keys and cipher states within OpenSSL, HTTP and TLS buffers in flight, the parsed text of a
 *              configuration while it is read, and the caller's own copies. A host that must not write them sets
 *              RLIMIT_CORE or PR_SET_DUMPABLE. */
typedef struct bcda_config bcda_config;

/* An empty configuration: every setting has its default. Errors: none besides. */
BCDA_API bcda_status bcda_config_create(bcda_config** config, bcda_error** error);

/* Wipes its secrets. */
BCDA_API void bcda_config_destroy(bcda_config* config);

/* Sets a value by name. The value is checked at once; NULL restores the default. If two settings are for the same value
 * (private_key and private_key_pem), the one set last counts. An empty value counts as none, but no other source sets
 * it then. An empty list ("[]") for an export is refused, because an export of nothing would be one of everything.
 * Errors: INVALID_ARGUMENT (the message names the setting and what it takes, or the nearest name when there is no such
 * setting). */
BCDA_API bcda_status bcda_config_set(bcda_config* config, const char* name, const char* value, bcda_error** error);

/* Appends one item to a list setting. The item is not split at commas. The first item replaces the default value or a
 * provider. Errors: INVALID_ARGUMENT (the setting is no list, or the item is empty). */
BCDA_API bcda_status bcda_config_add(bcda_config* config, const char* name, const char* item, bcda_error** error);

/* Returns the value of a setting, which is the default if nothing was set. The caller frees it with bcda_string_free.
 * The text can be passed to bcda_config_set again: a list is separated by commas, or is a JSON array if an item has a
 * comma. For a secret the text is "" or "(set)", and the user and password of a URL (proxy) are "***".
 * Errors: INVALID_ARGUMENT (there is no such setting, or its provider failed). */
BCDA_API bcda_status bcda_config_get(const bcda_config* config, const char* name, char** value, bcda_error** error);

/* Sets each setting whose environment variable (BCDA_CLIENT_ID, ...) is set, unless the setting was set before.
 * Errors: INVALID_ARGUMENT (the message names the variable). */
BCDA_API bcda_status bcda_config_load_env(bcda_config* config, bcda_error** error);

/* Sets the settings of a JSON file, {"name": value}, that were not set before. Values are texts, numbers, true or
 * false; a list is an array of texts. If the file has a secret, its mode should be 0600; otherwise a warning is
 * reported.
 * Errors: FILESYSTEM (it cannot be read), INVALID_ARGUMENT (its content). Both name the path. */
BCDA_API bcda_status bcda_config_load_file(bcda_config* config, const char* path, bcda_error** error);

/* The same for a JSON text, for example from a secret store. Errors: INVALID_ARGUMENT. */
BCDA_API bcda_status bcda_config_load_json(bcda_config* config, const char* text, bcda_error** error);

/* Supplies the value of a setting, usually a secret, from the caller's own store. It copies at most `capacity` bytes
 * of text into `buffer`, and returns their number, or -1 on failure. It is called each time this configuration is
 * used: by bcda_client_create, by the start of a run, by bcda_decrypt_file, and by bcda_config_get unless the setting
 * is a secret. It runs on the thread that makes that call. */
typedef int32_t (*bcda_provider)(void* user, char* buffer, int32_t capacity);

/* Makes the library call `provider` with `user` for the value of the setting `name`. This replaces a value that was set
 * before. NULL restores the default.
 * Errors: INVALID_ARGUMENT (there is no such setting). */
BCDA_API bcda_status bcda_config_set_provider(bcda_config* config, const char* name, bcda_provider provider, void* user,
                                              bcda_error** error);

/* ---- Client ------------------------------------------------------------------------------------------------------ */

/* A service, credentials, a key, connections, and the threads that serve them. Make one and share it: thread-safe. */
typedef struct bcda_client bcda_client;

/* Checks the settings, loads the private key, and starts the threads. It does not touch the network.
 * Errors: INVALID_ARGUMENT, PRIVATE_KEY, FILESYSTEM (a file that a setting names), TLS (no CA certificates). */
BCDA_API bcda_status bcda_client_create(const bcda_config* config, bcda_client** client, bcda_error** error);

/* Runs that it started continue. Threads and connections end with the last handle that needs them. */
BCDA_API void bcda_client_destroy(bcda_client* client);

/* The profile of the service, as one object of bcda_profiles: what `profile`, `profile_file` and `url` mean together.
 * It lives as long as the client. "" for NULL. Thread-safe. */
BCDA_API const char* bcda_client_profile(const bcda_client* client);

/* Returns the requests that an export with these settings would begin with, and sends nothing: a JSON array of objects
 * with purpose ("discovery", "token", "kick-off", or "status" with job_url), method, url, headers and body. Credentials
 * in them are replaced by "***". `settings` as for bcda_export_start, but only those of the kick-off are checked:
 * credentials, the private key and `out` may be missing. Without a signing key that the login needs, or without a
 * token_url that it needs, there is no token request in the plan. The caller frees the text with bcda_string_free.
 * Errors: INVALID_ARGUMENT, FILESYSTEM, STATE (after fork). Thread-safe. */
BCDA_API bcda_status bcda_export_plan(bcda_client* client, const bcda_config* settings, char** json,
                                      bcda_error** error);

/* Returns the service's CapabilityStatement as JSON text (BCDA guide, "BCDA Metadata"). The caller frees it with
 * bcda_string_free. The call blocks, and needs no token. bcda_metadata_start makes the same request as a run, which can
 * be canceled. Errors: REFUSED, PROTOCOL, LIMIT, NETWORK, TLS, TIMEOUT, STATE (after fork). Thread-safe. */
BCDA_API bcda_status bcda_client_metadata(bcda_client* client, char** json, bcda_error** error);

/* ---- Sinks ------------------------------------------------------------------------------------------------------- */

/* Where plaintext goes when it is not a directory. The four callbacks run on library threads: one call at a time for a
 * file, but several files at once.
 *   begin   returns 0 and may set *file to the caller's own object. `name` is the name that the file would have in a
 *           directory, `type` its resource type. Both live during the call.
 *   write   gets the next bytes, UNVERIFIED until commit: keep them private. Returns 0.
 *   commit  is called once the whole file has been verified (length, GCM tag). Returns 0.
 *   abort   is called instead of commit, and after a write or commit that failed: discard everything.
 * Any other return value makes that file fail with BCDA_SINK. If a file is retried, abort is called, and then begin
 * again. A slow callback delays only its own file. A callback may cancel the run that calls it, but must not wait for
 * it or destroy it. */
typedef struct bcda_sink bcda_sink;
typedef int32_t (*bcda_sink_begin)(void* user, const char* name, const char* type, void** file);
typedef int32_t (*bcda_sink_write)(void* user, void* file, const void* data, size_t size);
typedef int32_t (*bcda_sink_commit)(void* user, void* file, int64_t size, const char* sha256);
typedef void (*bcda_sink_abort)(void* user, void* file);

/* Makes a sink. All four callbacks are required, and each of them gets `user`. Errors: INVALID_ARGUMENT. */
BCDA_API bcda_status bcda_sink_create(bcda_sink_begin begin, bcda_sink_write write, bcda_sink_commit commit,
                                      bcda_sink_abort abort, void* user, bcda_sink** sink, bcda_error** error);

/* The runs that use the sink must be destroyed first. */
BCDA_API void bcda_sink_destroy(bcda_sink* sink);

/* ---- Runs -------------------------------------------------------------------------------------------------------- */

/* One run in the background: an export, a manifest-only run, a fetch, or a question to the service. It needs no client
 * handle once it has started. */
typedef struct bcda_run bcda_run;
typedef struct bcda_event bcda_event;
typedef struct bcda_result bcda_result;

/* Which function started a run. */
typedef enum bcda_run_kind {
  BCDA_RUN_EXPORT = 0,   /* bcda_export_start, bcda_resume_start, bcda_sync_start */
  BCDA_RUN_MANIFEST = 1, /* bcda_manifest_start */
  BCDA_RUN_FETCH = 2,    /* bcda_fetch_start */
  BCDA_RUN_METADATA = 3, /* bcda_metadata_start */
  /* bcda_inquiry_start, for: */
  BCDA_RUN_AUTH = 4,       /* a check of the credentials */
  BCDA_RUN_JOBS = 5,       /* the job list of the service */
  BCDA_RUN_JOB_STATUS = 6, /* the status of one job */
  BCDA_RUN_JOB_CANCEL = 7, /* the end of one job */
  BCDA_RUN_ATTRIBUTION = 8 /* the attribution status */
} bcda_run_kind;

/* The seven start functions return at once and are thread-safe. Their errors are about arguments and the output
 * directory. Later failures are reported by bcda_run_wait and by events. */

/* Starts the whole flow: token, kick-off, status requests, downloads, decryption. `settings` may hold export settings
 * (types, out, ...), which override those of the client; NULL: none. `sink` NULL: files go to the directory `out`.
 * If that directory holds an unfinished export with the same settings, the run goes on with it: with its job while the
 * job lives, and with what is there of its files. Such a directory is left by a run that was canceled, failed, or ended
 * with its process or machine. With other settings it is refused, unless `restart` is set, which discards it.
 * Errors: INVALID_ARGUMENT, PRIVATE_KEY (there is none, and allow_plaintext is not set), FILESYSTEM (the output
 * directory: it holds a finished export, one with other settings, or a damaged journal; with bcda_error_retriable,
 * another run uses it), STATE (after fork). */
BCDA_API bcda_status bcda_export_start(bcda_client* client, const bcda_config* settings, const bcda_sink* sink,
                                       bcda_run** run, bcda_error** error);

/* Goes on with the unfinished export in `directory`, as bcda_export_start would with the same settings: what it asks
 * for is read from the journal there. The service and the credentials are those of the client. `settings` may hold
 * further export settings, such as parallel; NULL: none. If the export there is finished, nothing is sent: the run
 * succeeds, a warning says so, and its result is that of bcda_result_open. Errors: as for bcda_export_start;
 * FILESYSTEM also if the directory holds no export. */
BCDA_API bcda_status bcda_resume_start(bcda_client* client, const char* directory, const bcda_config* settings,
                                       bcda_run** run, bcda_error** error);

/* Where the export in a directory stands, as JSON in *json, which the caller frees with bcda_string_free. Nothing is
 * sent and nothing in the directory is changed, so it may be called while a run uses it. The object has:
 *   directory  as given
 *   state      "finished" (export.json is there), "unfinished", "fetch" (files of a fetch or of a decryption that is
 *              not complete), "series" (bcda_sync_start goes on with it), "damaged", "none"
 *   usedBy     {"host", "pid"} of a run that uses the directory, or null
 *   damage     what is damaged, and what to do about it; "": nothing
 *   partial    whether resources are missing in a finished export, as its error files say
 *   runs       the number of exports of a series
 *   request    what the export asks for: an unfinished one by the names of settings, a finished one as in export.json;
 *              or null
 *   jobs       [{"type", "statusUrl", "state", "manifest", "files"}]; state: "accepted", "unknown" (no answer to the
 *              kick-off was heard), "refused", "dead", "done" (of a finished export); manifest: whether it is at hand;
 *              files: how many were published
 *   files      {"published", "bytes" (of these), "inTables" (files that are gone, because parts of tables have their
 *              rows: keep_ndjson=false), "underWay"}: as the journals say
 *   tables     [{"table", "parts", "rows"}]: the Arrow files that are there, by table
 * Errors: FILESYSTEM (there is no such directory, or it cannot be read). */
BCDA_API bcda_status bcda_directory_status(const char* directory, char** json, bcda_error** error);

/* Starts the next export of a series. The setting `out` is the directory of the series. Each run gets a directory of
 * its own in it, such as 2026-11-26T03-55-00Z, which bcda_result_directory names. It asks for the changes since the
 * transactionTime of the last complete run that made the same request (service, profile, level, group, types,
 * filters). That time is read from the receipts of the runs. A run that failed does not count, and one that is
 * partial only with sync_partial=move. If there is no such run, everything is exported, or what changed since the
 * setting `since`. Where a service answers the kick-off with 404 because it has no data yet (BCDA each January), the
 * run succeeds without files and without a directory. If the last run was interrupted, this one goes on with it, or
 * discards it if `restart` is set. It warns of other runs that were interrupted; what they left stays.
 * Errors: as for bcda_export_start; INVALID_ARGUMENT also if the service has no such changes at this level;
 * FILESYSTEM also if a receipt is malformed or its time is in the future, and, with bcda_error_retriable, if another
 * run of the series is going on. */
BCDA_API bcda_status bcda_sync_start(bcda_client* client, const bcda_config* settings, bcda_run** run,
                                     bcda_error** error);

/* Runs the jobs until their manifests are there. bcda_result_manifest returns them. Downloads and writes nothing.
 * Errors: INVALID_ARGUMENT, STATE (after fork). */
BCDA_API bcda_status bcda_manifest_start(bcda_client* client, const bcda_config* settings, bcda_run** run,
                                         bcda_error** error);

/* Downloads, decrypts and verifies the files of a manifest that is at hand. `manifest` is the JSON text of one
 * manifest, or of several one after another. `file` is the server's name of one file, or its URL; then only this
 * file is downloaded. NULL: all files. Errors: INVALID_ARGUMENT (the manifest, or it lists no such file), PRIVATE_KEY,
 * FILESYSTEM, STATE (after fork). */
BCDA_API bcda_status bcda_fetch_start(bcda_client* client, const bcda_config* settings, const char* manifest,
                                      const char* file, const bcda_sink* sink, bcda_run** run, bcda_error** error);

/* Asks for the service's CapabilityStatement. bcda_result_metadata returns it. Needs no credentials, writes nothing.
 * Errors: STATE (after fork). */
BCDA_API bcda_status bcda_metadata_start(bcda_client* client, bcda_run** run, bcda_error** error);

/* Asks the service one question outside of an export, and writes nothing. bcda_result_answer returns the answer as
 * JSON, in which null means that the service does not say it. `argument` is NULL where none is described.
 *   AUTH         gets a new token and, where the service has a request that needs only a token, sends that too. Object:
 *                service, profile, method (as the setting auth names it), tokenOrigin, lifetime (seconds), scope,
 *                checked (whether such a request was accepted), answer (its text). Without credentials, at a service
 *                that needs none, nothing is checked: method is "none".
 *   JOBS         `argument` is NULL, or states of jobs with commas, such as "In Progress,Pending". Array of objects:
 *                id, status, request, start, end, url (the status URL; "": its id cannot be used in one). BCDA has it
 *   JOB_STATUS   `argument` is a status URL. One status request. Object: url, state ("running" or "done"), progress,
 *                percent, expires, files, errorFiles, transactionTime, request; those after expires when it is done.
 *                A job that failed or is gone is a failure of the run
 *   JOB_CANCEL   `argument` is a status URL. Cancels a running job. Some services delete the files of a finished one.
 *                Object: url, canceled (true). A job that is gone (JOB_GONE) or can no longer be canceled (REFUSED) is
 *                a failure of the run
 *   ATTRIBUTION  Array of objects: type, time. BCDA has it
 * A status URL must be on the origin of the service, because the token goes there.
 * Errors: INVALID_ARGUMENT (also: the service has no such request, a credential is missing), STATE (after fork). */
BCDA_API bcda_status bcda_inquiry_start(bcda_client* client, bcda_run_kind kind, const char* argument, bcda_run** run,
                                        bcda_error** error);

/* Thread-safe. */
BCDA_API bcda_run_kind bcda_run_get_kind(const bcda_run* run);

/* "export", "manifest", "fetch", "metadata", "auth", "jobs", "job_status", "job_cancel" or "attribution"; "" for NULL.
 * Static; thread-safe. */
BCDA_API const char* bcda_run_kind_name(const bcda_run* run);

/* Returns the next event in order. It waits at most `timeout_ms` (0: not at all; negative: without limit). The event
 * belongs to the caller. BCDA_AGAIN: there is none yet. BCDA_END: the run has ended, and all events were read. A slow
 * or missing reader never delays the run. A progress or poll event replaces an older one that was not
 * read; the others are kept, mostly one for each file. After many files within 20 ms it may return up to 20 ms
 * late, but not at the end of the run. Errors: STATE (after fork). Thread-safe. */
BCDA_API bcda_status bcda_run_next_event(bcda_run* run, int64_t timeout_ms, bcda_event** event, bcda_error** error);

/* Is called when an event has come. It runs on a library thread. It may only signal another loop, and must not call
 * libbcda. */
typedef void (*bcda_notify)(void* user);

/* Makes the library call `notify` with `user` after each event, and at once if an event already waits. NULL removes the
 * callback, and returns after a running call of it has returned. Errors: STATE (after fork). */
BCDA_API bcda_status bcda_run_notify(bcda_run* run, bcda_notify notify, void* user, bcda_error** error);

/* Returns a descriptor for poll, select, epoll or an event loop. It is readable while an event waits to be read, and
 * from the run's end on. So read events until BCDA_AGAIN, and stop watching at BCDA_END. It belongs to the run and is
 * valid until bcda_run_destroy, so remove it from the loop before that. The caller only polls it, and never reads,
 * writes or closes it. The first call makes it, and later calls return the same one. It can be used together with
 * bcda_run_notify.
 * Errors: INTERNAL (the process has no descriptor left), STATE (after fork). Thread-safe. */
BCDA_API bcda_status bcda_run_fd(bcda_run* run, int32_t* fd, bcda_error** error);

/* Waits until the run has ended, at most `timeout_ms` (as above). BCDA_OK: it succeeded. BCDA_AGAIN: it still runs.
 * Errors: the failure of the run: INVALID_ARGUMENT, AUTHENTICATION to CANCELED; STATE (after fork). Thread-safe. */
BCDA_API bcda_status bcda_run_wait(bcda_run* run, int64_t timeout_ms, bcda_error** error);

/* Asks the run to stop, and returns at once. The run then ends with BCDA_CANCELED, unless it had ended. Its end comes
 * within a tenth of a second, whatever a server, a name look-up or a disk does. If the system still holds a thread of
 * the run in a call, such as a write to a file server that is gone, the run is left behind: bcda_run_wait returns, and
 * neither bcda_run_destroy nor bcda_client_destroy waits for it. Until the call returns, that thread keeps the run's
 * memory, descriptors and output directory; then it releases them, and publishes at most the files whose publication
 * had begun, or the receipt if all files were there. A start in that directory waits up to 2 seconds for it. The
 * library stays loaded until the process ends.
 * A run with a sink is never left behind, because the sink belongs to the caller: its end waits for the sink's calls.
 * Thread-safe. */
BCDA_API void bcda_run_cancel(bcda_run* run);

/* Returns the result of the run, which belongs to the caller. After a failure it has the files that were verified.
 * Errors: STATE (the run has not ended; after fork). */
BCDA_API bcda_status bcda_run_result(bcda_run* run, bcda_result** result, bcda_error** error);

/* Cancels the run if it has not ended, and waits until it no longer uses callbacks, and files only as bcda_run_cancel
 * says. Its client may be destroyed before it. */
BCDA_API void bcda_run_destroy(bcda_run* run);

/* ---- Events ------------------------------------------------------------------------------------------------------ */

typedef enum bcda_event_kind {
  BCDA_EVENT_STATE = 0,    /* text: "authenticating", "kick-off", "waiting", "downloading", "finished" */
  BCDA_EVENT_JOB = 1,      /* a job was accepted: type, url = its Content-Location */
  BCDA_EVENT_POLL = 2,     /* a status answer: type, text = X-Progress, percent */
  BCDA_EVENT_MANIFEST = 3, /* a job is done: type, files_total = its files */
  BCDA_EVENT_PROGRESS = 4, /* bytes and files so far */
  BCDA_EVENT_FILE = 5,     /* a file was verified and published: type, file, bytes_done */
  BCDA_EVENT_RETRY = 6,    /* text: why; wait_ms: until the next try */
  BCDA_EVENT_WARNING = 7,  /* text; if it says that the run goes on with an export: files_done, files_total (or -1) */
  BCDA_EVENT_FINISHED = 8  /* the last event: status; text = the error's message or "" */
} bcda_event_kind;

/* Texts live as long as the event. Numbers that do not apply are -1. */

BCDA_API bcda_event_kind bcda_event_get_kind(const bcda_event* event);

/* The kind's name, such as "progress". Static. */
BCDA_API const char* bcda_event_kind_name(const bcda_event* event);

BCDA_API const char* bcda_event_text(const bcda_event* event);

/* The resource type. */
BCDA_API const char* bcda_event_type(const bcda_event* event);

/* The file's path, or its name when a sink is used. */
BCDA_API const char* bcda_event_file(const bcda_event* event);

BCDA_API const char* bcda_event_url(const bcda_event* event);

/* BCDA_OK unless the event is about a failure. */
BCDA_API bcda_status bcda_event_status(const bcda_event* event);

/* The first number before a '%' in X-Progress, from 0 to 100: 80 for "In Progress (80%)". -1: the server gives none. */
BCDA_API double bcda_event_percent(const bcda_event* event);

BCDA_API int64_t bcda_event_bytes_done(const bcda_event* event);

/* The size of all files_total files; -1 until each of their sizes is known. */
BCDA_API int64_t bcda_event_bytes_total(const bcda_event* event);

BCDA_API int64_t bcda_event_files_done(const bcda_event* event);

BCDA_API int64_t bcda_event_files_total(const bcda_event* event);

BCDA_API int64_t bcda_event_wait_ms(const bcda_event* event);

/* The whole event as one line of JSON. It is valid UTF-8, even if a name has other bytes. */
BCDA_API const char* bcda_event_json(const bcda_event* event);

BCDA_API void bcda_event_destroy(bcda_event* event);

/* ---- Results ----------------------------------------------------------------------------------------------------- */

/* One file of a result. Borrowed: it and its texts live as long as the result. */
typedef struct bcda_file bcda_file;

/* Opens the result of an export that finished earlier. It is read from the receipt: from the file export.json in
 * `directory`, or from the text `receipt` (nullable). The paths of the files then begin with `directory`; "": they stay
 * as they are in the receipt. The files themselves are not opened. Errors: FILESYSTEM (no export has finished there,
 * or the receipt is malformed). */
BCDA_API bcda_status bcda_result_open(const char* directory, const char* receipt, bcda_result** result,
                                      bcda_error** error);

/* Texts live as long as the result. Several threads may read one result at once. */

/* How many files there are, of all kinds. */
BCDA_API int32_t bcda_result_file_count(const bcda_result* result);

/* The file at `index`, from 0; NULL out of range. */
BCDA_API const bcda_file* bcda_result_file(const bcda_result* result, int32_t index);

/* How many of the files hold OperationOutcomes. */
BCDA_API int32_t bcda_result_error_file_count(const bcda_result* result);

/* 1: the result is partial, because an error file says that resources are missing: it has an issue of the severity
 * error or fatal, an issue of a severity that FHIR does not have, or a line that is no OperationOutcome. 0: the error
 * files hold warnings and information alone, as one file of each BCDA v3 job does, or there are none. After
 * bcda_result_open the receipt tells, or, if it is of an earlier version, the error files are read. */
BCDA_API int32_t bcda_result_partial(const bcda_result* result);

/* One issue of the error files, as often as it was there. Borrowed: it and its texts live as long as the result. */
typedef struct bcda_issue bcda_issue;

/* How many different issues the error files have. Equal issues of one file are one. Only the first 1,000 different ones
 * are kept. One more for each severity, with the code "left-off", counts the others. The first call after
 * bcda_result_open or bcda_decrypt_file reads the error files. What cannot be read is an issue of the severity error
 * with the code "unreadable": a line that is no OperationOutcome with issues, and a file that is missing or has
 * changed. */
BCDA_API int32_t bcda_result_issue_count(const bcda_result* result);

/* The issue at `index`, from 0, by file; NULL out of range. */
BCDA_API const bcda_issue* bcda_result_issue(const bcda_result* result, int32_t index);

/* The resource types that were requested, such as "Patient,Coverage". "": unknown. A manifest does not have them, so
 * they are unknown after a fetch or a decryption. */
BCDA_API const char* bcda_result_types(const bcda_result* result);

/* The earliest transactionTime of its jobs, in RFC 3339. */
BCDA_API const char* bcda_result_transaction_time(const bcda_result* result);

/* The directory of the files. "": there is none, because a sink has the files, the run writes no files, or the
 * service of a series has nothing yet (bcda_sync_start). */
BCDA_API const char* bcda_result_directory(const bcda_result* result);

/* The resources that the files of the kind "deleted" name, as a JSON array of objects with `type` and `id`, in the
 * order of the files, each once. The files are read now. The text belongs to the caller (bcda_string_free).
 * Errors: FILESYSTEM (a file is missing or cannot be read), PROTOCOL (a line is no Bundle of deletions), STATE (a sink
 * has the files). */
BCDA_API bcda_status bcda_result_deleted(const bcda_result* result, char** json, bcda_error** error);

BCDA_API int64_t bcda_result_elapsed_ms(const bcda_result* result);

/* The receipt, as in export.json. Its member "tables" lists the parts of tables that were made (setting `tables`). The
 * first call makes it. It takes about 500 bytes for each file. "": no memory is left for it. */
BCDA_API const char* bcda_result_json(const bcda_result* result);

/* The manifests of its jobs, one JSON line each. The first call reads them, perhaps from the disk. They can take more
 * than 1 KiB for each file. "": they cannot be read. */
BCDA_API const char* bcda_result_manifest(const bcda_result* result);

/* The CapabilityStatement as JSON, after bcda_metadata_start; "" after other runs. */
BCDA_API const char* bcda_result_metadata(const bcda_result* result);

/* The answer as JSON, after bcda_inquiry_start or bcda_metadata_start; "" after other runs. */
BCDA_API const char* bcda_result_answer(const bcda_result* result);

BCDA_API void bcda_result_destroy(bcda_result* result);

/* The resource type, such as "Patient". */
BCDA_API const char* bcda_file_type(const bcda_file* file);

BCDA_API const char* bcda_file_url(const bcda_file* file);

/* Its path, or its name if a sink was used. */
BCDA_API const char* bcda_file_path(const bcda_file* file);

/* The size of the plaintext. */
BCDA_API int64_t bcda_file_bytes(const bcda_file* file);

/* The number of NDJSON lines that are not blank. */
BCDA_API int64_t bcda_file_records(const bcda_file* file);

/* The SHA-256 of the plaintext, in hex. */
BCDA_API const char* bcda_file_sha256(const bcda_file* file);

/* 1: it came encrypted, and its tag was verified; 0: it came in plaintext. */
BCDA_API int32_t bcda_file_decrypted(const bcda_file* file);

/* 1: it is from the manifest's `error`. */
BCDA_API int32_t bcda_file_is_error(const bcda_file* file);

/* The list of the manifest that it is from: "data" (`output`), "error", or "deleted": Bundles that name resources which
 * no longer exist (Bulk Data IG, "Response - Complete Status"). */
BCDA_API const char* bcda_file_kind(const bcda_file* file);

/* What proves that it is whole, from the weakest to the strongest: "none", "length" (that the server announced), "gzip"
 * (its check sums), "sha256" (the digest that the manifest gives) or "gcm" (its tag). */
BCDA_API const char* bcda_file_proof(const bcda_file* file);

/* "fatal", "error", "warning", "information" or "success"; or the server's text, or "", if it is none of these. */
BCDA_API const char* bcda_issue_severity(const bcda_issue* issue);

/* The server's code, such as "not-found"; or "unreadable" or "left-off" (see bcda_result_issue_count). */
BCDA_API const char* bcda_issue_code(const bcda_issue* issue);

/* The server's text: the diagnostics, or else details.text, or else the code. At most 4,000 bytes of UTF-8 in one line.
 * It may name beneficiaries. The library writes it into no log, event, message or receipt. */
BCDA_API const char* bcda_issue_text(const bcda_issue* issue);

/* The path of its error file, as bcda_file_path has it; "" for "left-off". */
BCDA_API const char* bcda_issue_file(const bcda_issue* issue);

/* How often it was there. */
BCDA_API int64_t bcda_issue_count(const bcda_issue* issue);

/* ---- One file on disk -------------------------------------------------------------------------------------------- */

/* Reports the progress of a decryption: the bytes done, and the total (-1: unknown). It runs on the thread that called
 * bcda_decrypt_file. Any return value but 0 stops the decryption with BCDA_CANCELED. Then nothing is left of the file
 * that was being decrypted. */
typedef int32_t (*bcda_progress)(void* user, int64_t done, int64_t total);

/* Decrypts a file of any size that was downloaded by other means. Blocks.
 *   settings  private_key (and its passphrase), durability and allow_plaintext are used
 *   path      the encrypted file
 *   label     the name that the server gave the file. It is the OAEP label. NULL: the base name of `path`
 *   key_hex   its wrapped key (encryptedKey) in hex; NULL: `manifest` (JSON text) has it for the label
 *   output    the path of the plaintext. No file may exist there. It appears only after the tag was verified. If it
 *             ends in '/', it is a directory, which is made if it is missing. The file keeps its base name there. It
 *             goes to error/ if the manifest lists it in `error`
 *   progress  nullable; called with `user` between chunks
 *   result    nullable; gets the file or files, and belongs to the caller
 * A file that the manifest lists without a key is copied if it looks like NDJSON: a file of `error` always, a data file
 * only if allow_plaintext is set.
 *
 * If `path` is a directory, `manifest` is required, label and key_hex must be NULL, and `output` is a directory too.
 * Each file in it that the manifest lists is decrypted under its own name; other files are not touched. When all are
 * there, the receipt export.json is written, as by an export, and bcda_result_open can read it. If a file fails or is
 * missing, the others are still decrypted, and no receipt is written. The error is the first failure, and its message
 * has a line for each file that failed. A second call with the same `output` continues from there.
 *
 * If there are warnings, the result's JSON has a member "warnings", a list of texts: about secrets that other users may
 * read, and about files that the manifest does not list. Errors: INVALID_ARGUMENT, PRIVATE_KEY, DECRYPTION,
 * VERIFICATION, FILESYSTEM, CANCELED. */
BCDA_API bcda_status bcda_decrypt_file(const bcda_config* settings, const char* path, const char* label,
                                       const char* key_hex, const char* manifest, const char* output,
                                       bcda_progress progress, void* user, bcda_result** result, bcda_error** error);

/* ---- Records ----------------------------------------------------------------------------------------------------- */

/* Iterates over the NDJSON lines of a file. Its memory holds one line. */
typedef struct bcda_reader bcda_reader;

/* Opens a file of plaintext. Errors: FILESYSTEM. */
BCDA_API bcda_status bcda_reader_open(const char* path, bcda_reader** reader, bcda_error** error);

/* Returns the next line that is not blank, without its line end, a CR or a byte order mark. `data` is valid until the
 * next call and does not end in NUL. BCDA_END: there is no more.
 * Errors: LIMIT (a line is longer than 256 MiB), FILESYSTEM, STATE (after fork). */
BCDA_API bcda_status bcda_reader_next(bcda_reader* reader, const char** data, size_t* size, bcda_error** error);

/* The number of the line that was returned last, from 1. */
BCDA_API int64_t bcda_reader_line(const bcda_reader* reader);

/* The offset of that line in the file, in bytes. */
BCDA_API int64_t bcda_reader_offset(const bcda_reader* reader);

/* The file of that record: the path that was opened, or, of a partition, the name that an export would give the file.
 * "": no record was returned yet. Valid until the next call of bcda_reader_next. */
BCDA_API const char* bcda_reader_file(const bcda_reader* reader);

/* Of a partition: the resource type of that file, as its manifest says; "": it is not known. Valid as long. */
BCDA_API const char* bcda_reader_type(const bcda_reader* reader);

/* Of a partition: ends a call of bcda_reader_next that waits for a download, with BCDA_CANCELED, and each later one.
 * Thread-safe. */
BCDA_API void bcda_reader_cancel(bcda_reader* reader);

BCDA_API void bcda_reader_destroy(bcda_reader* reader);

/* ---- Tables ------------------------------------------------------------------------------------------------------ */

/* Records as rows and columns: ViewDefinitions of SQL on FHIR v2 (sql-on-fhir.org), run over NDJSON files, and handed
 * out through the Arrow C data interface. <bcda/arrow.h> defines its structures, or an Arrow library's header does.
 *
 * Table      The name of a table that the library brings along, such as "claim_line" (docs/tables lists them), or the
 *            JSON text of a ViewDefinition, or "raw": the records as they are, with the columns value (text), type (of
 *            the file), file and line.
 * Paths      Each is the directory of a finished export, the directory of a series (bcda_sync_start), or an NDJSON
 *            file. Of an export only the data files of the wanted types are read, and each must have the size that its
 *            receipt says. Rows come in the order of the files.
 * Settings   Those with the scope BCDA_SCOPE_TABLE: columns, generation, on_error, values,
 *            batch_rows, current, final_only. NULL: the
 *            defaults.
 * Memory     One record and one batch of each table.
 * Errors     BCDA_RECORD names the file and the line, the column and its path, and never a value. */

struct ArrowSchema;
struct ArrowArray;
struct ArrowArrayStream;

/* How many tables the library brings along. Thread-safe. */
BCDA_API int32_t bcda_table_count(void);

/* The name of the table at `index`, from 0; "" out of range. Static. Thread-safe. */
BCDA_API const char* bcda_table_at(int32_t index);

/* The dictionary of such a table as JSON: {"name", "description", "resource", "columns": [{"name", "type", "list",
 * "description", "cclf", "generations"}]}. `generations` are those that have the column: "stu3", "v2", "v3". The caller
 * frees it with bcda_string_free. Errors: INVALID_ARGUMENT (there is no such table). Thread-safe. */
BCDA_API bcda_status bcda_table_columns(const char* table, char** json, bcda_error** error);

/* The ViewDefinition of such a table for a generation: "stu3", "v2" or "v3". It can be changed and used as a table of
 * the caller's own. The caller frees it with bcda_string_free. Errors: INVALID_ARGUMENT. Thread-safe. */
BCDA_API bcda_status bcda_table_view(const char* table, const char* generation, char** json, bcda_error** error);

/* Opens a table as a stream of Arrow batches. The caller releases the stream, the schema and each batch; batches may
 * outlive the stream. One thread at a time may use it. get_next returns EIO for a failure, ENOMEM without memory, and
 * EPERM after fork(); get_last_error says what happened, and is valid until the next call. After a failure the stream
 * is at its end.
 * Errors: INVALID_ARGUMENT (the table, a setting), FILESYSTEM (a path is no finished export and no file). */
BCDA_API bcda_status bcda_table_open(const bcda_config* settings, const char* const* paths, int32_t path_count,
                                     const char* table, struct ArrowArrayStream* stream, bcda_error** error);

/* Several tables that are read in one pass. One thread at a time. */
typedef struct bcda_tables bcda_tables;

/* Opens tables. Their numbers are their places in `tables`. With several tables the setting `columns` must be empty.
 * Errors: as for bcda_table_open. */
BCDA_API bcda_status bcda_tables_open(const bcda_config* settings, const char* const* paths, int32_t path_count,
                                      const char* const* tables, int32_t table_count, bcda_tables** opened,
                                      bcda_error** error);

/* Writes the schema of a table, which the caller releases. Errors: INVALID_ARGUMENT. */
BCDA_API bcda_status bcda_tables_schema(const bcda_tables* opened, int32_t table, struct ArrowSchema* schema,
                                        bcda_error** error);

/* Makes the next batch, which the caller releases, and sets the number of its table. Returns BCDA_END after the last
 * one, and after a failure. Errors: RECORD, FILESYSTEM, VERIFICATION (a file changed since its receipt was written),
 * LIMIT, STATE (after fork). */
BCDA_API bcda_status bcda_tables_next(bcda_tables* opened, int32_t* table, struct ArrowArray* batch,
                                      bcda_error** error);

/* Makes the next bytes of a file of a table, and sets its number: for programs that write tables without Arrow.
 * `format` is "csv" (RFC 4180; a null is an empty field), "ndjson" (decimals as numbers with all their digits), or
 * "arrow" (Arrow's IPC file format). All calls give the same format, and none is mixed with bcda_tables_next. Each
 * table has at least one piece. The bytes are valid until the next call. Returns BCDA_END after the last piece, and
 * after a failure: a file is whole only if no call failed. Errors: as for bcda_tables_next, and INVALID_ARGUMENT (the
 * format). */
BCDA_API bcda_status bcda_tables_encode(bcda_tables* opened, const char* format, int32_t* table, const char** data,
                                        size_t* size, bcda_error** error);

/* How many rows of a table were handed out so far; -1: there is no such table. */
BCDA_API int64_t bcda_tables_rows(const bcda_tables* opened, int32_t table);

/* How many values so far did not fit their column and are null, with on_error=null. */
BCDA_API int64_t bcda_tables_nulled(const bcda_tables* opened);

/* What was read so far, for the metrics of engines: how many files were begun, and how many bytes their records had. */
BCDA_API void bcda_tables_read(const bcda_tables* opened, int64_t* files, int64_t* bytes);

/* Of a partition: ends a call of bcda_tables_next or bcda_tables_encode that waits for a download, with BCDA_CANCELED,
 * and each later one. Thread-safe. */
BCDA_API void bcda_tables_cancel(bcda_tables* opened);

BCDA_API void bcda_tables_destroy(bcda_tables* opened);

/* ---- Partitions -------------------------------------------------------------------------------------------------- */

/* The files of one export for several processes or machines, such as the executors of Spark, Dask or Ray: one process
 * runs the job, and cuts its manifest into tokens. Each of the others opens a token, and gets the records or the rows
 * of its files. All rows of all tokens together are the rows of the export.
 *
 * Token      A text that any process may open. It lists files: those of the service with their URLs and keys, those of
 *            a finished export with their paths, sizes and SHA-256. It is sealed (AES-256-GCM) under the setting
 *            partition_key, which all these processes need, and which should reach them by another way than the token:
 *            by partition_key_file, the environment or a provider. The private key and the access token are not in it.
 *            It can be opened until it expires (partition_lifetime).
 * Verified   With verify=before, the default, a file is kept in a temporary file (spool_directory) that has no name,
 *            and is encrypted under a key that only the process has. Its rows come when it was verified as in an
 *            export. With verify=stream its rows come as they arrive. If the file is then not what it should be, the
 *            call after its last row fails, and all its rows must be discarded. A file at hand is compared with its
 *            size and SHA-256, likewise before or after its rows.
 * Order      A partition fetches one file at a time, in the order of its token, with the retries of an export. With
 *            verify=before it fetches the next file while the rows of the last one are read, unless the service counts
 *            downloads. The setting timeout is for each file. A token that is opened again gives the same rows.
 * Settings   Those with the scope BCDA_SCOPE_PARTITION, those of tables, and those of an export. With a client they
 *            replace those of the client. Without one, a client is made of them if files have to be downloaded. It
 *            needs the url, the profile and the credentials, but no private key.
 * Errors     They name the file, and never a value. JOB_GONE: the service has removed the files (HTTP 410), or the
 *            token has expired. Then only a new export helps. */

/* Cuts the data files of an export into partitions. Give one of:
 *   manifest  the JSON text of one manifest, or of several one after another. `client` is required, and its private key
 *             unwraps the keys of the files here
 *   paths     directories of finished exports or of series, or NDJSON files, as for bcda_table_open. `client` may be
 *             NULL, and partition_key may be missing. Of a series only the records that count now (setting `current`)
 * With the setting `types` only files of these types. `count`: at most so many partitions; 0: the setting
 * max_partitions. There are never more than files. They have about equal sizes, as far as these are known.
 * *json, which the caller frees with bcda_string_free, has:
 *   digest           the SHA-256 of the manifest, in hex; each token is bound to it
 *   signed           whether the manifest has signed URLs, with which anyone can download its files
 *   transactionTime  of the manifest, or null
 *   expires          when the tokens expire, in RFC 3339, or null
 *   files, bytes     of all partitions; bytes is null if a size is not known
 *   errorFiles, deletedFiles  how many of these the export has. Partitions leave them out
 *   partitions       [{"token", "files", "bytes"}]
 * Errors: INVALID_ARGUMENT (also: partition_key is malformed, or is missing and the files have keys or signed URLs, or
 * the service encrypts files and a private key is set),
 * PRIVATE_KEY, DECRYPTION (the private key does not unwrap a key), VERIFICATION (a data file has no key), PROTOCOL,
 * FILESYSTEM, LIMIT, STATE (after fork). */
BCDA_API bcda_status bcda_partitions(bcda_client* client, const bcda_config* settings, const char* manifest,
                                     const char* const* paths, int32_t path_count, int32_t count, char** json,
                                     bcda_error** error);

/* Opens tables of a partition, to be used as those of bcda_tables_open. Nothing is downloaded before the first batch is
 * asked for. A table is also "raw": the records as they are, with the columns value, type, file and line. `token` NULL:
 * there are no files, so that only bcda_tables_schema is of use. Errors: INVALID_ARGUMENT (also: partition_key is
 * missing, or is not the key of the token; the token is for another service), VERIFICATION (the token was altered),
 * JOB_GONE, FILESYSTEM, TLS, STATE (after fork). bcda_tables_next then has the errors of a fetch, too. */
BCDA_API bcda_status bcda_partition_open(bcda_client* client, const bcda_config* settings, const char* token,
                                         const char* const* tables, int32_t table_count, bcda_tables** opened,
                                         bcda_error** error);

/* The same for one table, as a stream of Arrow batches: see bcda_table_open. Errors: as for bcda_partition_open. */
BCDA_API bcda_status bcda_partition_stream(bcda_client* client, const bcda_config* settings, const char* token,
                                           const char* table, struct ArrowArrayStream* stream, bcda_error** error);

/* The same for the records themselves. Errors: as for bcda_partition_open. bcda_reader_next then has the errors of a
 * fetch, too. */
BCDA_API bcda_status bcda_partition_records(bcda_client* client, const bcda_config* settings, const char* token,
                                            bcda_reader** reader, bcda_error** error);

#ifdef __cplusplus
}
#endif
#endif /* BCDA_BCDA_H */
