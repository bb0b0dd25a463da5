# Functions whose arguments are settings or options. Generated from the library's tables by ./dev docs.

#' @rdname bcda_client
#' @param url Origin of the service, such as https://api.bcda.cms.gov, or its FHIR base. (text)
#' @param profile What kind of server it is; auto decides by the URL. (`"auto"` or `"bcda-v3"` or `"bcda-v2"` or
#'   `"bcda-v1"` or `"bcda-2019"` or `"ab2d"` or `"dpc"` or `"hapi"` or `"generic"`, by default `auto`)
#' @param profile_file JSON file with fields that replace those of the profile, as `bcda profiles NAME --json` prints
#'   them. (a path)
#' @param auth How to authenticate; auto decides by the profile and the credentials. (`"auto"` or `"basic"` or
#'   `"form"` or `"smart"` or `"token"` or `"none"`, by default `auto`)
#' @param client_id Client id that the service issued. (text)
#' @param client_secret Client secret that belongs to client_id. (text, or a function that returns it)
#' @param client_secret_file File that holds the client secret. (a path)
#' @param signing_key PEM or JWK file of the private key that signs token requests (SMART Backend Services). (a path)
#' @param signing_key_text The signing key itself as PEM or JWK text, instead of a file. (text, or a function that
#'   returns it)
#' @param signing_key_passphrase Passphrase of an encrypted signing key. (text, or a function that returns it)
#' @param signing_key_passphrase_file File that holds the passphrase of an encrypted signing key. (a path)
#' @param key_id Id under which the signing key is registered; by default the kid of a JWK. (text)
#' @param token_url URL that issues tokens, if it is not the profile's. (text)
#' @param scope Scopes to ask a token for, if they are not the profile's. (text)
#' @param access_token An access token that is at hand, instead of a client id and secret. (text, or a function that
#'   returns it)
#' @param access_token_file File that holds an access token; it is read again when the service refuses the token. (a
#'   path)
#' @param private_key PEM file of the RSA private key whose public half is registered with the service. (a path)
#' @param private_key_pem The private key itself as PEM text, instead of a file. (text, or a function that returns
#'   it)
#' @param private_key_passphrase Passphrase of an encrypted private key. (text, or a function that returns it)
#' @param private_key_passphrase_file File that holds the passphrase of an encrypted private key. (a path)
#' @param ca_file PEM file of the CA certificates to trust instead of the system's. (a path)
#' @param client_certificate PEM file of the certificate for a service that asks its clients for one; its issuers and
#'   its key may follow. (a path)
#' @param client_certificate_key PEM file of the key of client_certificate, if it is a file of its own. (a path)
#' @param client_key_passphrase Passphrase of an encrypted key of client_certificate. (text, or a function that
#'   returns it)
#' @param client_key_passphrase_file File that holds the passphrase of an encrypted key of client_certificate. (a
#'   path)
#' @param proxy HTTP proxy for every request, such as http://proxy:3128; none: no proxy; by default that of
#'   HTTPS_PROXY. (text)
#' @param allow_http Allow http:// to other machines; credentials and claims are then sent unencrypted. (`TRUE` or
#'   `FALSE`, by default `false`)
#' @param allowed_origins Other origins that a manifest may point to; files there are downloaded without the token.
#'   (a character vector)
#' @param token_origins Other origins whose files are downloaded with the token; a manifest may point to them too. (a
#'   character vector)
#' @param allow_private_addresses Reach other origins at private and link-local addresses too, although the service
#'   has a public one. (`TRUE` or `FALSE`, by default `false`)
#' @param threads Threads that transfer and decrypt data; 0: one per core. (a whole number, by default `0`)
#' @param share_threads Share the threads with the other clients of this process that set this; the first client
#'   decides how many. (`TRUE` or `FALSE`, by default `false`)
#' @param user_agent The User-Agent header. (text, by default `libbcda/0.2.0`)
#' @param connect_timeout Time limit for name lookup, connection and TLS handshake. (a duration, by default `30s`)
#' @param idle_timeout Longest time without a byte on a connection that should deliver bytes. (a duration, by default
#'   `1m`)
#' @param low_speed_limit Fewest bytes per second that an answer may bring; one that is slower is given up; 0: no
#'   limit. (a size, by default `1KiB`)
#' @param low_speed_time How long an answer may be slower than low_speed_limit; by default as long as idle_timeout
#'   (1m). (a duration)
#' @param request_timeout Time limit for the answer to one request, not counting the body of a file. (a duration, by
#'   default `2m`)
#' @param token_lifetime Lifetime assumed for a token when the service states none. (a duration, by default `1h`)
#' @param max_header_bytes Largest head of an answer that is accepted. (a size, by default `64KiB`)
#' @param max_manifest_bytes Largest manifest that is accepted. (a size, by default `1GiB`)
#' @param max_gzip_ratio How many times its size a file packed with gzip may unpack to; 0: no limit but 64 GiB. (a
#'   whole number, by default `200`)
#' @param types Resource types to export; by default all that the service offers. (a character vector)
#' @param level What to export: the whole system, all patients, or a group; by default the profile's. (`"system"` or
#'   `"patient"` or `"group"`)
#' @param group Id of the group to export; by default the profile's (all at BCDA). (text)
#' @param since Export only what changed since this time, such as 2026-02-13T08:00:00Z. (a `POSIXct`, or text)
#' @param until Export only what changed until this time. (a `POSIXct`, or text)
#' @param type_filters Searches that resources of a type must match, such as
#'   ExplanationOfBenefit?service-date=ge2025. (a character vector)
#' @param elements Elements of the resources to export, such as Patient.name. (a character vector)
#' @param include_associated_data Associated data to export too, such as LatestProvenanceResources. (a character
#'   vector)
#' @param patients Patients to export, such as Patient/123; the kick-off is then sent by POST. (a character vector)
#' @param organize_output_by Resource type, such as Patient, by which the server puts resources together in its
#'   files. (text)
#' @param allow_partial_manifests Let the server list files while the job still runs; they are downloaded at once.
#'   (`TRUE` or `FALSE`, by default `false`)
#' @param output_format Format to ask for; leave it unset unless the service needs it. (text)
#' @param method Method of the kick-off; by default GET. (`"GET"` or `"POST"`)
#' @param job_url Status URL of a job that runs already; its files are exported, and no job is started. (text)
#' @param delete_job Delete the job from the service (DELETE) once the export is complete and verified. (`TRUE` or
#'   `FALSE`, by default `false`)
#' @param sync_partial After a partial run of a series: ask for the same time again (keep), or go on from this run
#'   (move). (`"keep"` or `"move"`, by default `keep`)
#' @param out Directory for the files; created if it is missing, but its parent must exist. (a path)
#' @param tables Tables to make while the export goes on, such as claim_line: OUT/tables/TABLE gets Arrow files of
#'   about 128 MiB. (a character vector)
#' @param keep_ndjson With tables: keep the NDJSON files too; false: remove a file once each of its records is in
#'   some table. (`TRUE` or `FALSE`, by default `true`)
#' @param job_directory For a manifest alone: the directory that keeps its job, so that the same request there goes
#'   on with it, and starts no second one. (a path)
#' @param restart Discard what an unfinished export left in the directory, and start again. (`TRUE` or `FALSE`, by
#'   default `false`)
#' @param take_over Use the directory although another run seems to use it; set it only if that run has certainly
#'   ended. (`TRUE` or `FALSE`, by default `false`)
#' @param parallel Number of files downloaded at the same time, 1 to 64. (a whole number, by default `8`)
#' @param allow_plaintext Accept data files without a key; by default a private key is required, and such a file is
#'   an error. (`TRUE` or `FALSE`, by default `false`)
#' @param require_proof Weakest proof that a data file is whole with which it is accepted; each one is stronger than
#'   those before. (`"none"` or `"length"` or `"gzip"` or `"sha256"` or `"gcm"`, by default `none`)
#' @param durability What a published file survives: a loss of power (power), or only a crash of the process
#'   (process). (`"power"` or `"process"`, by default `power`)
#' @param poll_interval First wait between two status requests; each wait is 1.5 times the one before. (a duration,
#'   by default `1s`)
#' @param poll_max_interval Longest wait between two status requests. (a duration, by default `30s`)
#' @param kickoff_timeout How long a kick-off is repeated while the service is busy (HTTP 429); 0: not at all. (a
#'   duration, by default `24h`)
#' @param adopt_running_job Wait for the job because of which a service is busy, and take its files if its request
#'   was the same. (`TRUE` or `FALSE`, by default `true`)
#' @param job_timeout Time limit for a job to finish, from its acceptance on; by default the profile's (24h at BCDA);
#'   0: no limit. (a duration)
#' @param timeout Time limit for the whole run; 0: no limit. (a duration, by default `0s`)
#' @param retries How often a failed request is repeated, 0 to 100. (a whole number, by default `5`)
#' @param outage_limit How long status requests may keep failing after the retries are used up, while a job runs. (a
#'   duration, by default `15m`)
#' @param retry_delay First wait before a retry; each wait is twice the one before. (a duration, by default `1s`)
#' @param retry_max_delay Longest wait before a retry, unless the service requests a longer one (see
#'   max_retry_after). (a duration, by default `1m`)
#' @param max_retry_after Longest wait that a service may request with Retry-After. (a duration, by default `15m`)
#' @param config_file a JSON file of `{"name": value}` with settings that are not given as arguments.
#' @param env whether settings that are given neither as arguments nor in `config_file` may come from the
#'   environment.
#' @param ... must be empty, because the arguments after it are given by name.
#' @export
bcda_client <- function(url = NULL, ..., profile = NULL, profile_file = NULL, auth = NULL, client_id = NULL,
                        client_secret = NULL, client_secret_file = NULL, signing_key = NULL, signing_key_text = NULL,
                        signing_key_passphrase = NULL, signing_key_passphrase_file = NULL, key_id = NULL,
                        token_url = NULL, scope = NULL, access_token = NULL, access_token_file = NULL,
                        private_key = NULL, private_key_pem = NULL, private_key_passphrase = NULL,
                        private_key_passphrase_file = NULL, ca_file = NULL, client_certificate = NULL,
                        client_certificate_key = NULL, client_key_passphrase = NULL,
                        client_key_passphrase_file = NULL, proxy = NULL, allow_http = NULL, allowed_origins = NULL,
                        token_origins = NULL, allow_private_addresses = NULL, threads = NULL, share_threads = NULL,
                        user_agent = NULL, connect_timeout = NULL, idle_timeout = NULL, low_speed_limit = NULL,
                        low_speed_time = NULL, request_timeout = NULL, token_lifetime = NULL,
                        max_header_bytes = NULL, max_manifest_bytes = NULL, max_gzip_ratio = NULL, types = NULL,
                        level = NULL, group = NULL, since = NULL, until = NULL, type_filters = NULL, elements = NULL,
                        include_associated_data = NULL, patients = NULL, organize_output_by = NULL,
                        allow_partial_manifests = NULL, output_format = NULL, method = NULL, job_url = NULL,
                        delete_job = NULL, sync_partial = NULL, out = NULL, tables = NULL, keep_ndjson = NULL,
                        job_directory = NULL, restart = NULL, take_over = NULL, parallel = NULL,
                        allow_plaintext = NULL, require_proof = NULL, durability = NULL, poll_interval = NULL,
                        poll_max_interval = NULL, kickoff_timeout = NULL, adopt_running_job = NULL,
                        job_timeout = NULL, timeout = NULL, retries = NULL, outage_limit = NULL, retry_delay = NULL,
                        retry_max_delay = NULL, max_retry_after = NULL, config_file = NULL, env = TRUE) {
  client_with(settings_in(environment(), list(...)), config_file, env)
}

#' @rdname bcda_export
#' @export
bcda_export <- function(client, types = NULL, out = NULL, progress = interactive(), ..., level = NULL, group = NULL,
                        since = NULL, until = NULL, type_filters = NULL, elements = NULL,
                        include_associated_data = NULL, patients = NULL, organize_output_by = NULL,
                        allow_partial_manifests = NULL, output_format = NULL, method = NULL, job_url = NULL,
                        delete_job = NULL, sync_partial = NULL, tables = NULL, keep_ndjson = NULL,
                        job_directory = NULL, restart = NULL, take_over = NULL, parallel = NULL,
                        allow_plaintext = NULL, require_proof = NULL, durability = NULL, poll_interval = NULL,
                        poll_max_interval = NULL, kickoff_timeout = NULL, adopt_running_job = NULL,
                        job_timeout = NULL, timeout = NULL, retries = NULL, outage_limit = NULL, retry_delay = NULL,
                        retry_max_delay = NULL, max_retry_after = NULL) {
  finish(start_export(client, settings_in(environment(), list(...))), progress)
}

#' @rdname bcda_sync
#' @inheritParams bcda_export
#' @export
bcda_sync <- function(client, directory, types = NULL, progress = interactive(), ..., level = NULL, group = NULL,
                      since = NULL, until = NULL, type_filters = NULL, elements = NULL,
                      include_associated_data = NULL, patients = NULL, organize_output_by = NULL,
                      allow_partial_manifests = NULL, output_format = NULL, method = NULL, job_url = NULL,
                      delete_job = NULL, sync_partial = NULL, tables = NULL, keep_ndjson = NULL,
                      job_directory = NULL, restart = NULL, take_over = NULL, parallel = NULL,
                      allow_plaintext = NULL, require_proof = NULL, durability = NULL, poll_interval = NULL,
                      poll_max_interval = NULL, kickoff_timeout = NULL, adopt_running_job = NULL, job_timeout = NULL,
                      timeout = NULL, retries = NULL, outage_limit = NULL, retry_delay = NULL,
                      retry_max_delay = NULL, max_retry_after = NULL) {
  finish(start_sync(client, directory, settings_in(environment(), list(...))), progress)
}

#' @rdname bcda_resume
#' @inheritParams bcda_export
#' @export
bcda_resume <- function(client, directory, progress = interactive(), ..., patients = NULL, delete_job = NULL,
                        tables = NULL, keep_ndjson = NULL, job_directory = NULL, take_over = NULL, parallel = NULL,
                        allow_plaintext = NULL, require_proof = NULL, durability = NULL, poll_interval = NULL,
                        poll_max_interval = NULL, kickoff_timeout = NULL, adopt_running_job = NULL,
                        job_timeout = NULL, timeout = NULL, retries = NULL, outage_limit = NULL, retry_delay = NULL,
                        retry_max_delay = NULL, max_retry_after = NULL) {
  finish(start_resume(client, directory, settings_in(environment(), list(...))), progress)
}

#' @rdname bcda_start
#' @inheritParams bcda_export
#' @export
bcda_start <- function(client, types = NULL, out = NULL, ..., level = NULL, group = NULL, since = NULL, until = NULL,
                       type_filters = NULL, elements = NULL, include_associated_data = NULL, patients = NULL,
                       organize_output_by = NULL, allow_partial_manifests = NULL, output_format = NULL,
                       method = NULL, job_url = NULL, delete_job = NULL, sync_partial = NULL, tables = NULL,
                       keep_ndjson = NULL, job_directory = NULL, restart = NULL, take_over = NULL, parallel = NULL,
                       allow_plaintext = NULL, require_proof = NULL, durability = NULL, poll_interval = NULL,
                       poll_max_interval = NULL, kickoff_timeout = NULL, adopt_running_job = NULL,
                       job_timeout = NULL, timeout = NULL, retries = NULL, outage_limit = NULL, retry_delay = NULL,
                       retry_max_delay = NULL, max_retry_after = NULL) {
  start_export(client, settings_in(environment(), list(...)))
}

#' @rdname bcda_export
#' @export
bcda_manifest <- function(client, types = NULL, progress = interactive(), ..., level = NULL, group = NULL,
                          since = NULL, until = NULL, type_filters = NULL, elements = NULL,
                          include_associated_data = NULL, patients = NULL, organize_output_by = NULL,
                          allow_partial_manifests = NULL, output_format = NULL, method = NULL, job_url = NULL,
                          delete_job = NULL, sync_partial = NULL, tables = NULL, keep_ndjson = NULL,
                          job_directory = NULL, restart = NULL, take_over = NULL, parallel = NULL,
                          allow_plaintext = NULL, require_proof = NULL, durability = NULL, poll_interval = NULL,
                          poll_max_interval = NULL, kickoff_timeout = NULL, adopt_running_job = NULL,
                          job_timeout = NULL, timeout = NULL, retries = NULL, outage_limit = NULL,
                          retry_delay = NULL, retry_max_delay = NULL, max_retry_after = NULL) {
  finish(start_manifest(client, settings_in(environment(), list(...))), progress)
}

#' @rdname bcda_plan
#' @inheritParams bcda_export
#' @export
bcda_plan <- function(client, types = NULL, ..., level = NULL, group = NULL, since = NULL, until = NULL,
                      type_filters = NULL, elements = NULL, include_associated_data = NULL, patients = NULL,
                      organize_output_by = NULL, allow_partial_manifests = NULL, output_format = NULL, method = NULL,
                      job_url = NULL, delete_job = NULL, sync_partial = NULL, tables = NULL, keep_ndjson = NULL,
                      job_directory = NULL, restart = NULL, take_over = NULL, parallel = NULL,
                      allow_plaintext = NULL, require_proof = NULL, durability = NULL, poll_interval = NULL,
                      poll_max_interval = NULL, kickoff_timeout = NULL, adopt_running_job = NULL, job_timeout = NULL,
                      timeout = NULL, retries = NULL, outage_limit = NULL, retry_delay = NULL,
                      retry_max_delay = NULL, max_retry_after = NULL) {
  plan_of(client, settings_in(environment(), list(...)))
}

#' @rdname bcda_export
#' @param manifest the manifest from `bcda_manifest()`, or its JSON as text, or a result, for example of a failed
#'   export (`e$result`).
#' @param file the name or the URL of one file of the manifest, to fetch only that file.
#' @export
bcda_fetch <- function(client, manifest, out = NULL, file = NULL, progress = interactive(), ...,
                       organize_output_by = NULL, allow_partial_manifests = NULL, job_url = NULL, delete_job = NULL,
                       sync_partial = NULL, tables = NULL, keep_ndjson = NULL, job_directory = NULL, restart = NULL,
                       take_over = NULL, parallel = NULL, allow_plaintext = NULL, require_proof = NULL,
                       durability = NULL, poll_interval = NULL, poll_max_interval = NULL, kickoff_timeout = NULL,
                       adopt_running_job = NULL, job_timeout = NULL, timeout = NULL, retries = NULL,
                       outage_limit = NULL, retry_delay = NULL, retry_max_delay = NULL, max_retry_after = NULL) {
  finish(start_fetch(client, manifest, file, settings_in(environment(), list(...))), progress)
}

#' @rdname bcda_decrypt
#' @export
bcda_decrypt <- function(path, output, key = NULL, manifest = NULL, label = NULL, progress = interactive(), ...,
                         private_key = NULL, private_key_pem = NULL, private_key_passphrase = NULL,
                         private_key_passphrase_file = NULL, durability = NULL, env = TRUE) {
  settings <- settings_in(environment(), list(...))
  decrypt_with(path, output, key, manifest, label, progress, env, settings)
}

#' @rdname bcda_table
#' @param columns Columns of the table, in this order; by default all. (a character vector)
#' @param generation Generation of the claims data; auto asks the receipt, or else the records. (`"auto"` or `"stu3"`
#'   or `"v2"` or `"v3"`, by default `auto`)
#' @param on_error A value that does not fit its column: fail ends the read; null leaves the value out and counts it.
#'   (`"fail"` or `"null"`, by default `fail`)
#' @param values typed: each column has its type; text: all columns are text. (`"typed"` or `"text"`, by default
#'   `typed`)
#' @param current Only the latest state of each resource, without those that were deleted; by default true for a
#'   series, and false otherwise. (`TRUE` or `FALSE`)
#' @param final_only Leave out claims that were canceled or deleted, or are not final. (`TRUE` or `FALSE`, by default
#'   `false`)
#' @param batch_rows Most rows of one Arrow batch, 1 to 16777216. (a whole number, by default `65536`)
#' @export
bcda_table <- function(result, table = NULL, view = NULL, columns = NULL, ..., generation = NULL, on_error = NULL,
                       values = NULL, current = NULL, final_only = NULL, batch_rows = NULL, decimals = "double",
                       nested = "list") {
  read_table(result, table, view, settings_in(environment(), list(...)), decimals, nested)
}

#' @rdname bcda_table
#' @export
bcda_table_chunks <- function(result, table = NULL, handler = NULL, view = NULL, columns = NULL, ...,
                              generation = NULL, on_error = NULL, values = NULL, current = NULL, final_only = NULL,
                              batch_rows = NULL, decimals = "double", nested = "list") {
  read_table_chunks(result, table, handler, view, settings_in(environment(), list(...)), decimals, nested)
}

#' @rdname bcda_table_save
#' @inheritParams bcda_table
#' @export
bcda_table_save <- function(result, table = NULL, path, view = NULL, columns = NULL, ..., generation = NULL,
                            on_error = NULL, values = NULL, current = NULL, final_only = NULL, batch_rows = NULL,
                            format = NULL) {
  save_table(result, table, path, view, settings_in(environment(), list(...)), format)
}

#' @rdname bcda_table_stream
#' @inheritParams bcda_table
#' @export
bcda_table_stream <- function(result, table = NULL, view = NULL, columns = NULL, ..., generation = NULL,
                              on_error = NULL, values = NULL, current = NULL, final_only = NULL, batch_rows = NULL) {
  table_stream(result, table, view, settings_in(environment(), list(...)))
}

#' @rdname bcda_sandbox
#' @param port The port to listen on, only on loopback. Takes a port, 0 for any that is free. (by default `0`)
#' @param host The host in the sandbox's URL; the certificate is valid for it too. Takes a host name or an address.
#'   (by default `localhost`)
#' @param tls Whether to use https with a temporary certificate authority, or plain http. Takes true or false. (by
#'   default `true`)
#' @param beneficiaries Number of beneficiaries; 0: the organization has none. Takes a number. (by default `1000`)
#' @param seed The same seed gives the same beneficiaries. Takes a number. (by default `1`)
#' @param beneficiaries_per_file Number of beneficiaries in one file. Takes a number from 1. (by default `400`)
#' @param bytes_per_type Plaintext bytes of each resource type, generated by repeating a block of records with new
#'   identifiers; replaces beneficiaries and error_rate. 0: off. Takes a size such as 64KiB, 256MiB or 2GiB. (by
#'   default `0`)
#' @param files_per_type Number of files of each job; 0: as many as the data needs, or 4 with bytes_per_type. Takes a
#'   number. (by default `0`)
#' @param error_rate Share of beneficiaries that cannot be retrieved and are listed in error files; from 50% a job of
#'   the 2019 service fails. Takes a share such as 0.02 or 2%. (by default `0`)
#' @param era Behavior of the service in that month. In this order: error files encrypted and keys only in KeyMap;
#'   error files not listed; error files listed in plaintext; no encryption. Takes nov2018, sep2019, oct2019 or
#'   nov2019-off. (by default `sep2019`)
#' @param profile The service that is emulated: BCDA of 2019; BCDA of today, which answers /api/v1, /api/v2 and
#'   /api/v3 together; AB2D; DPC; HAPI FHIR without a login; or a server with SMART Backend Services. Only the first
#'   has the options era, bytes_per_type and files_per_type. Takes bcda-2019, bcda-v1, bcda-v2, bcda-v3, ab2d, dpc,
#'   hapi or generic. (by default `bcda-2019`)
#' @param changes Share of beneficiaries whose records change each day, so that _since finds them; not in BCDA of
#'   2019. Takes a share such as 0.02 or 2%. (by default `0`)
#' @param reach Whether version 2 of BCDA also gives Claim and ClaimResponse. Takes true or false. (by default
#'   `false`)
#' @param signing_algorithm Algorithm of the temporary key pair that signs the logins of a client (generic and dpc).
#'   Takes RS384 or ES384. (by default `RS384`)
#' @param signed_urls Puts files at another origin, with signed URLs that are valid for this duration and take no
#'   token. Each status request gives new ones. 0: off. Takes a duration such as 200ms, 5s, 60m or 24h. Can be
#'   changed while the sandbox runs (bcda_sandbox_control). (by default `0`)
#' @param production Whether a kick-off gets a 429 while a job of the same type runs. Takes true or false. Can be
#'   changed while the sandbox runs (bcda_sandbox_control). (by default `false`)
#' @param retry_after The Retry-After of that 429. Takes seconds. Can be changed while the sandbox runs
#'   (bcda_sandbox_control). (by default `0`)
#' @param status_retry_after The Retry-After of a running job in generic, hapi and ab2d. The real ones say 1, 120 and
#'   5. AB2D answers earlier requests with 429. Takes seconds. Can be changed while the sandbox runs
#'   (bcda_sandbox_control). (by default `1`)
#' @param client_id Default: a random UUID. Takes a text.
#' @param client_secret Default: 80 random hex digits. Takes a text.
#' @param second_client_id Client id of a second organization, which must not see the jobs of the first. Takes a
#'   text.
#' @param second_client_secret See second_client_id. Takes a text.
#' @param public_key RSA public key for which files are encrypted. Default: the key of a temporary pair. Takes the
#'   path of a PEM file.
#' @param directory Directory in which the sandbox creates its temporary directory. Default: TMPDIR, or else /tmp.
#'   Takes the path of a directory.
#' @param token_lifetime How long a new access token is accepted. Default: that of the service, from 5 to 60 minutes.
#'   Takes a duration such as 200ms, 5s, 60m or 24h. Can be changed while the sandbox runs (bcda_sandbox_control).
#' @param pending_time How long a new job is Pending. Takes a duration such as 200ms, 5s, 60m or 24h. Can be changed
#'   while the sandbox runs (bcda_sandbox_control). (by default `500ms`)
#' @param job_time How long a new job is In Progress. Takes a duration such as 200ms, 5s, 60m or 24h. Can be changed
#'   while the sandbox runs (bcda_sandbox_control). (by default `1500ms`)
#' @param job_lifetime How long a finished job can be requested; its files stay one hour longer. Takes a duration
#'   such as 200ms, 5s, 60m or 24h. Can be changed while the sandbox runs (bcda_sandbox_control). (by default `24h`)
#' @param clock Moves the sandbox's clock by this duration: forward, so that tokens and jobs expire, or back. Takes a
#'   duration such as 5s, 24h or -24h. Can be changed while the sandbox runs (bcda_sandbox_control). (by default `0`)
#' @param fault Adds a fault; none clears all faults. Takes a fault. Can be changed while the sandbox runs
#'   (bcda_sandbox_control). See [bcda_sandbox_options()]. (by default `none`)
#' @export
bcda_sandbox <- function(beneficiaries = NULL, ..., port = NULL, host = NULL, tls = NULL, seed = NULL,
                         beneficiaries_per_file = NULL, bytes_per_type = NULL, files_per_type = NULL,
                         error_rate = NULL, era = NULL, profile = NULL, changes = NULL, reach = NULL,
                         signing_algorithm = NULL, signed_urls = NULL, production = NULL, retry_after = NULL,
                         status_retry_after = NULL, client_id = NULL, client_secret = NULL, second_client_id = NULL,
                         second_client_secret = NULL, public_key = NULL, directory = NULL, token_lifetime = NULL,
                         pending_time = NULL, job_time = NULL, job_lifetime = NULL, clock = NULL, fault = NULL) {
  sandbox_with(given(environment(), list(...)))
}
