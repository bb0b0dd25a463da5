/* bcda_sandbox.h -- an emulator of the Beneficiary Claims Data API in your process, for experiments and tests.
 *
 * The sandbox listens only on loopback. The beneficiaries are synthetic, and files are encrypted for a temporary key
 * pair. It can simulate faults. It is a separate library (libbcda_sandbox), so that programs for production contain no
 * server. The conventions of bcda.h apply; errors are bcda_error.
 */
#ifndef BCDA_BCDA_SANDBOX_H
#define BCDA_BCDA_SANDBOX_H

#include <bcda/bcda.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bcda_sandbox bcda_sandbox;
typedef struct bcda_sandbox_options bcda_sandbox_options;

/* ---- Options: set by name, like settings ------------------------------------------------------------------------- */

BCDA_API bcda_status bcda_sandbox_options_create(bcda_sandbox_options** options, bcda_error** error);

/* Sets an option by name. The value is checked at once; NULL restores the default. Each call with "fault" adds one
 * fault, and the value "none" clears all. The message of BCDA_INVALID_ARGUMENT says what the option takes, or which
 * options exist. */
BCDA_API bcda_status bcda_sandbox_options_set(bcda_sandbox_options* options, const char* name, const char* value,
                                              bcda_error** error);
BCDA_API void bcda_sandbox_options_destroy(bcda_sandbox_options* options);

/* The table of options. The help of "fault" has one line for each kind of fault. The strings are static. An index out
 * of range gives NULL or "". Thread-safe. */
BCDA_API int32_t bcda_sandbox_option_count(void);
BCDA_API const char* bcda_sandbox_option_name(int32_t index);
BCDA_API const char* bcda_sandbox_option_default(int32_t index);
BCDA_API const char* bcda_sandbox_option_help(int32_t index);

/* ---- Lifecycle --------------------------------------------------------------------------------------------------- */

/* Starts a sandbox and returns when it listens. `options` NULL: the defaults. */
BCDA_API bcda_status bcda_sandbox_start(const bcda_sandbox_options* options, bcda_sandbox** sandbox,
                                        bcda_error** error);
BCDA_API void bcda_sandbox_destroy(bcda_sandbox* sandbox); /* closes every connection and removes its temporary files */

/* The returned strings are valid as long as the sandbox. */
BCDA_API const char* bcda_sandbox_url(const bcda_sandbox* sandbox); /* "https://localhost:41234" */
BCDA_API const char* bcda_sandbox_client_id(const bcda_sandbox* sandbox);
BCDA_API const char* bcda_sandbox_client_secret(const bcda_sandbox* sandbox);
BCDA_API const char* bcda_sandbox_private_key(
    const bcda_sandbox* sandbox); /* path of a PEM file, mode 0600; "" with public_key */
BCDA_API const char* bcda_sandbox_ca_file(const bcda_sandbox* sandbox); /* path of a PEM file; "" without TLS */
BCDA_API const char* bcda_sandbox_json(const bcda_sandbox* sandbox);    /* all of these as one line of JSON */

/* Changes an option of a running sandbox, for example "fault" or "clock" (a duration by which the clock moves forward).
 * The names and values are those of the options; the help of an option says whether it can be changed. Thread-safe. */
BCDA_API bcda_status bcda_sandbox_control(bcda_sandbox* sandbox, const char* name, const char* value,
                                          bcda_error** error);

/* The number of requests answered so far that start with this method and path, e.g. "POST /auth/token". Thread-safe. */
BCDA_API int64_t bcda_sandbox_request_count(const bcda_sandbox* sandbox, const char* prefix);

#ifdef __cplusplus
}
#endif
#endif /* BCDA_BCDA_SANDBOX_H */
