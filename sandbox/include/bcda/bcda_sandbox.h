/* bcda_sandbox.h -- an emulator of the Beneficiary Claims Data API inside your process, for trials and tests.
 *
 * It listens on loopback only, serves synthetic beneficiaries, encrypts to a throw-away key pair and can be told to
 * misbehave. It is a library of its own (libbcda_sandbox), so that a production link carries no server. The conventions of
 * bcda.h hold; errors are bcda_error.
 */
#ifndef BCDA_BCDA_SANDBOX_H
#define BCDA_BCDA_SANDBOX_H

#include <bcda/bcda.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bcda_sandbox bcda_sandbox;
typedef struct bcda_sandbox_options bcda_sandbox_options;

/* ---- Options: names, as in a configuration ------------------------------------------------------------------------ */

BCDA_API bcda_status bcda_sandbox_options_create(bcda_sandbox_options** options, bcda_error** error);

/* Sets by name; the value is checked at once. NULL restores the default. "fault" adds one each time it is set, "none"
 * clears them. BCDA_INVALID_ARGUMENT says what the option takes, or which names there are. */
BCDA_API bcda_status bcda_sandbox_options_set(bcda_sandbox_options* options, const char* name, const char* value,
                                              bcda_error** error);
BCDA_API void bcda_sandbox_options_destroy(bcda_sandbox_options* options);

/* The table of options. The help of "fault" has a line for each kind. Static strings; thread-safe; NULL or "" out of range. */
BCDA_API int32_t bcda_sandbox_option_count(void);
BCDA_API const char* bcda_sandbox_option_name(int32_t index);
BCDA_API const char* bcda_sandbox_option_default(int32_t index);
BCDA_API const char* bcda_sandbox_option_help(int32_t index);

/* ---- Life --------------------------------------------------------------------------------------------------------- */

/* Starts serving; returns when it listens. `options` NULL: the defaults. */
BCDA_API bcda_status bcda_sandbox_start(const bcda_sandbox_options* options, bcda_sandbox** sandbox,
                                        bcda_error** error);
BCDA_API void bcda_sandbox_destroy(bcda_sandbox* sandbox); /* closes every connection, removes its temporary files */

/* Texts live as long as the sandbox. */
BCDA_API const char* bcda_sandbox_url(const bcda_sandbox* sandbox); /* "https://localhost:41234" */
BCDA_API const char* bcda_sandbox_client_id(const bcda_sandbox* sandbox);
BCDA_API const char* bcda_sandbox_client_secret(const bcda_sandbox* sandbox);
BCDA_API const char* bcda_sandbox_private_key(
    const bcda_sandbox* sandbox); /* path of a PEM file, mode 0600; "" with public_key */
BCDA_API const char* bcda_sandbox_ca_file(const bcda_sandbox* sandbox); /* path of a PEM file; "" without TLS */
BCDA_API const char* bcda_sandbox_json(const bcda_sandbox* sandbox);    /* all of these as one line of JSON */

/* Changes how a running sandbox behaves: a fault, or "clock" (moves its clock ahead, a duration). Thread-safe.
 * The same names and values as the options; the ones that can change say so in their help. */
BCDA_API bcda_status bcda_sandbox_control(bcda_sandbox* sandbox, const char* name, const char* value,
                                          bcda_error** error);

/* How many requests with this method-and-path prefix were answered so far, e.g. "POST /auth/token". Thread-safe. */
BCDA_API int64_t bcda_sandbox_request_count(const bcda_sandbox* sandbox, const char* prefix);

#ifdef __cplusplus
}
#endif
#endif /* BCDA_BCDA_SANDBOX_H */
