/* bcda_sandbox.h -- an emulator of the Beneficiary Claims Data API inside your process, for trials and tests.
 *
 * It listens on loopback only, serves synthetic beneficiaries, encrypts to a throw-away key pair, and misbehaves on
 * demand. It is a library of its own (libbcda_sandbox), so that a production link carries no server. The conventions of
 * bcda.h hold, and its errors are bcda_error.
 */
#ifndef BCDA_BCDA_SANDBOX_H
#define BCDA_BCDA_SANDBOX_H

#include <bcda/bcda.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bcda_sandbox bcda_sandbox;
typedef struct bcda_sandbox_options bcda_sandbox_options;

/* ---- Options: names, as in a configuration
 * ------------------------------------------------------------------------ */

/* A set of options; each has its default. Errors: none besides. */
BCDA_API bcda_status bcda_sandbox_options_create(bcda_sandbox_options** options, bcda_error** error);

/* Sets by name. The value is checked at once; NULL restores the default. "fault" adds one each time it is set, and
 * "none" clears them. Errors: INVALID_ARGUMENT (the message says what the option takes, or which names there are). */
BCDA_API bcda_status bcda_sandbox_options_set(bcda_sandbox_options* options, const char* name, const char* value,
                                              bcda_error** error);

/* Allowed once a sandbox has been started with them: it copies. */
BCDA_API void bcda_sandbox_options_destroy(bcda_sandbox_options* options);

/* The table of options. Its texts are static, and "" out of range. Thread-safe. */

/* How many options there are. */
BCDA_API int32_t bcda_sandbox_option_count(void);

/* The name of the option at `index`, from 0. */
BCDA_API const char* bcda_sandbox_option_name(int32_t index);

/* Its default as text. */
BCDA_API const char* bcda_sandbox_option_default(int32_t index);

/* What it is for. The help of "fault" has a line for each kind. */
BCDA_API const char* bcda_sandbox_option_help(int32_t index);

/* ---- Life
 * --------------------------------------------------------------------------------------------------------- */

/* Starts serving, on threads of its own, and returns when it listens. `options` NULL: the defaults.
 * Errors: INVALID_ARGUMENT (options that do not go together), FILESYSTEM (a file that an option names, or the temporary
 * files), NETWORK (the port is taken). */
BCDA_API bcda_status bcda_sandbox_start(const bcda_sandbox_options* options, bcda_sandbox** sandbox,
                                        bcda_error** error);

/* Closes every connection and removes its temporary files. */
BCDA_API void bcda_sandbox_destroy(bcda_sandbox* sandbox);

/* Texts live as long as the sandbox. */

/* Its origin, such as "https://localhost:41234"; with the option profile also the FHIR base. */
BCDA_API const char* bcda_sandbox_url(const bcda_sandbox* sandbox);

/* "" when the service has no login. */
BCDA_API const char* bcda_sandbox_client_id(const bcda_sandbox* sandbox);

/* "" when the service has no login, or one that is signed. */
BCDA_API const char* bcda_sandbox_client_secret(const bcda_sandbox* sandbox);

/* The path of a PEM file, mode 0600; "" when the option public_key is set or
 * the profile does not encrypt. */
BCDA_API const char* bcda_sandbox_private_key(const bcda_sandbox* sandbox);

/* The path of a PEM file; "" without TLS. */
BCDA_API const char* bcda_sandbox_ca_file(const bcda_sandbox* sandbox);

/* The settings of a client for this sandbox, as names and values of a configuration: those above that are not "", and
 * what else the option profile needs, such as signing_key, key_id, token_url, level and group. */

/* How many there are. Thread-safe. */
BCDA_API int32_t bcda_sandbox_setting_count(const bcda_sandbox* sandbox);

/* The name of the setting at `index`, from 0; "" out of range. Thread-safe. */
BCDA_API const char* bcda_sandbox_setting_name(const bcda_sandbox* sandbox, int32_t index);

/* Its value; "" out of range. Thread-safe. */
BCDA_API const char* bcda_sandbox_setting_value(const bcda_sandbox* sandbox, int32_t index);

/* All of these as one line of JSON. */
BCDA_API const char* bcda_sandbox_json(const bcda_sandbox* sandbox);

/* Changes how a running sandbox behaves. Names and values are those of the options; the help of an option says when it
 * can change. "clock" moves the sandbox's clock ahead by a duration.
 * Errors: INVALID_ARGUMENT, STATE (after fork). Thread-safe. */
BCDA_API bcda_status bcda_sandbox_control(bcda_sandbox* sandbox, const char* name, const char* value,
                                          bcda_error** error);

/* How many requests were answered so far whose method and path begin with `prefix`, such as "POST /auth/token".
 * Thread-safe. */
BCDA_API int64_t bcda_sandbox_request_count(const bcda_sandbox* sandbox, const char* prefix);

#ifdef __cplusplus
}
#endif
#endif /* BCDA_BCDA_SANDBOX_H */
