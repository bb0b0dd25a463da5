"""Settings and options as types, for editors and type checkers. ./dev docs generates this file."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Callable, Literal, TypedDict, Union

from ._destination import Out

Path = Union[str, "os.PathLike[str]", None]
Secret = Union[str, Callable[[], str], None]
Duration = Union[float, str, timedelta, None]
Size = Union[int, str, None]
Time = Union[str, datetime, None]
List = Union[str, Iterable[str], None]
OptionValue = Union[str, float, bool, timedelta, "os.PathLike[str]", None]


class ExportSettings(TypedDict, total=False):
    """The settings of one export."""

    level: Literal["system", "patient", "group"] | None
    """What to export: the whole system, all patients, or a group; by default the profile's."""
    group: str | None
    """Id of the group to export; by default the profile's (all at BCDA)."""
    since: Time
    """Export only what changed since this time, such as 2026-02-13T08:00:00Z."""
    until: Time
    """Export only what changed until this time."""
    type_filters: List
    """Searches that resources of a type must match, such as ExplanationOfBenefit?service-date=ge2025."""
    elements: List
    """Elements of the resources to export, such as Patient.name."""
    include_associated_data: List
    """Associated data to export too, such as LatestProvenanceResources."""
    patients: List
    """Patients to export, such as Patient/123; the kick-off is then sent by POST."""
    organize_output_by: str | None
    """Resource type, such as Patient, by which the server puts resources together in its files."""
    allow_partial_manifests: bool | None
    """Let the server list files while the job still runs; they are downloaded at once."""
    output_format: str | None
    """Format to ask for; leave it unset unless the service needs it."""
    method: Literal["GET", "POST"] | None
    """Method of the kick-off; by default GET."""
    job_url: str | None
    """Status URL of a job that runs already; its files are exported, and no job is started."""
    delete_job: bool | None
    """Delete the job from the service (DELETE) once the export is complete and verified."""
    sync_partial: Literal["keep", "move"] | None
    """After a partial run of a series: ask for the same time again (keep), or go on from this run (move)."""
    tables: List
    """Tables to make while the export goes on, such as claim_line: OUT/tables/TABLE gets Arrow files of about 128 MiB."""
    keep_ndjson: bool | None
    """With tables: keep the NDJSON files too; false: remove a file once each of its records is in some table."""
    job_directory: Path
    """For a manifest alone: the directory that keeps its job, so that the same request there goes on with it, and starts no second one."""
    restart: bool | None
    """Discard what an unfinished export left in the directory, and start again."""
    take_over: bool | None
    """Use the directory although another run seems to use it; set it only if that run has certainly ended."""
    parallel: int | None
    """Number of files downloaded at the same time, 1 to 64."""
    allow_plaintext: bool | None
    """Accept data files without a key; by default a private key is required, and such a file is an error."""
    require_proof: Literal["none", "length", "gzip", "sha256", "gcm"] | None
    """Weakest proof that a data file is whole with which it is accepted; each one is stronger than those before."""
    durability: Literal["power", "process"] | None
    """What a published file survives: a loss of power (power), or only a crash of the process (process)."""
    poll_interval: Duration
    """First wait between two status requests; each wait is 1.5 times the one before."""
    poll_max_interval: Duration
    """Longest wait between two status requests."""
    kickoff_timeout: Duration
    """How long a kick-off is repeated while the service is busy (HTTP 429); 0: not at all."""
    adopt_running_job: bool | None
    """Wait for the job because of which a service is busy, and take its files if its request was the same."""
    job_timeout: Duration
    """Time limit for a job to finish, from its acceptance on; by default the profile's (24h at BCDA); 0: no limit."""
    timeout: Duration
    """Time limit for the whole run; 0: no limit."""
    retries: int | None
    """How often a failed request is repeated, 0 to 100."""
    outage_limit: Duration
    """How long status requests may keep failing after the retries are used up, while a job runs."""
    retry_delay: Duration
    """First wait before a retry; each wait is twice the one before."""
    retry_max_delay: Duration
    """Longest wait before a retry, unless the service requests a longer one (see max_retry_after)."""
    max_retry_after: Duration
    """Longest wait that a service may request with Retry-After."""


class ClientSettings(ExportSettings, total=False):
    """The settings of a client."""

    profile: Literal["auto", "bcda-v3", "bcda-v2", "bcda-v1", "bcda-2019", "ab2d", "dpc", "hapi", "generic"] | None
    """What kind of server it is; auto decides by the URL."""
    profile_file: Path
    """JSON file with fields that replace those of the profile, as `bcda profiles NAME --json` prints them."""
    auth: Literal["auto", "basic", "form", "smart", "token", "none"] | None
    """How to authenticate; auto decides by the profile and the credentials."""
    client_id: str | None
    """Client id that the service issued."""
    client_secret: Secret
    """Client secret that belongs to client_id."""
    client_secret_file: Path
    """File that holds the client secret."""
    signing_key: Path
    """PEM or JWK file of the private key that signs token requests (SMART Backend Services)."""
    signing_key_text: Secret
    """The signing key itself as PEM or JWK text, instead of a file."""
    signing_key_passphrase: Secret
    """Passphrase of an encrypted signing key."""
    signing_key_passphrase_file: Path
    """File that holds the passphrase of an encrypted signing key."""
    key_id: str | None
    """Id under which the signing key is registered; by default the kid of a JWK."""
    token_url: str | None
    """URL that issues tokens, if it is not the profile's."""
    scope: str | None
    """Scopes to ask a token for, if they are not the profile's."""
    access_token: Secret
    """An access token that is at hand, instead of a client id and secret."""
    access_token_file: Path
    """File that holds an access token; it is read again when the service refuses the token."""
    private_key: Path
    """PEM file of the RSA private key whose public half is registered with the service."""
    private_key_pem: Secret
    """The private key itself as PEM text, instead of a file."""
    private_key_passphrase: Secret
    """Passphrase of an encrypted private key."""
    private_key_passphrase_file: Path
    """File that holds the passphrase of an encrypted private key."""
    ca_file: Path
    """PEM file of the CA certificates to trust instead of the system's."""
    client_certificate: Path
    """PEM file of the certificate for a service that asks its clients for one; its issuers and its key may follow."""
    client_certificate_key: Path
    """PEM file of the key of client_certificate, if it is a file of its own."""
    client_key_passphrase: Secret
    """Passphrase of an encrypted key of client_certificate."""
    client_key_passphrase_file: Path
    """File that holds the passphrase of an encrypted key of client_certificate."""
    proxy: str | None
    """HTTP proxy for every request, such as http://proxy:3128; none: no proxy; by default that of HTTPS_PROXY."""
    allow_http: bool | None
    """Allow http:// to other machines; credentials and claims are then sent unencrypted."""
    allowed_origins: List
    """Other origins that a manifest may point to; files there are downloaded without the token."""
    token_origins: List
    """Other origins whose files are downloaded with the token; a manifest may point to them too."""
    allow_private_addresses: bool | None
    """Reach other origins at private and link-local addresses too, although the service has a public one."""
    threads: int | None
    """Threads that transfer and decrypt data; 0: one per core."""
    share_threads: bool | None
    """Share the threads with the other clients of this process that set this; the first client decides how many."""
    user_agent: str | None
    """The User-Agent header."""
    connect_timeout: Duration
    """Time limit for name lookup, connection and TLS handshake."""
    idle_timeout: Duration
    """Longest time without a byte on a connection that should deliver bytes."""
    low_speed_limit: Size
    """Fewest bytes per second that an answer may bring; one that is slower is given up; 0: no limit."""
    low_speed_time: Duration
    """How long an answer may be slower than low_speed_limit; by default as long as idle_timeout (1m)."""
    request_timeout: Duration
    """Time limit for the answer to one request, not counting the body of a file."""
    token_lifetime: Duration
    """Lifetime assumed for a token when the service states none."""
    max_header_bytes: Size
    """Largest head of an answer that is accepted."""
    max_manifest_bytes: Size
    """Largest manifest that is accepted."""
    max_gzip_ratio: int | None
    """How many times its size a file packed with gzip may unpack to; 0: no limit but 64 GiB."""
    types: List
    """Resource types to export; by default all that the service offers."""
    out: Out | None
    """Directory for the files; created if it is missing, but its parent must exist."""


class TableSettings(TypedDict, total=False):
    """The settings of a table."""

    columns: List
    """Columns of the table, in this order; by default all."""
    generation: Literal["auto", "stu3", "v2", "v3"] | None
    """Generation of the claims data; auto asks the receipt, or else the records."""
    on_error: Literal["fail", "null"] | None
    """A value that does not fit its column: fail ends the read; null leaves the value out and counts it."""
    values: Literal["typed", "text"] | None
    """typed: each column has its type; text: all columns are text."""
    current: bool | None
    """Only the latest state of each resource, without those that were deleted; by default true for a series, and false otherwise."""
    final_only: bool | None
    """Leave out claims that were canceled or deleted, or are not final."""
    batch_rows: int | None
    """Most rows of one Arrow batch, 1 to 16777216."""


class CutSettings(ExportSettings, TableSettings, total=False):
    """The settings of cutting partitions."""

    types: List
    """Resource types to export; by default all that the service offers."""
    partition_key: Secret
    """Key that seals partition tokens: 32 bytes in hex or Base64, as `openssl rand -hex 32` makes them."""
    partition_key_file: Path
    """File that holds the partition key."""
    max_partitions: int | None
    """Into how many partitions a manifest or an export is cut if the caller gives no number; each one downloads one file at a time."""
    partition_lifetime: Duration
    """How long a partition token can be opened; by default 24h for a manifest, and without limit for a finished export; 0: no limit."""
    verify: Literal["before", "stream"] | None
    """Rows of a partition's file come once the whole file was verified (before), or at once (stream): then an error at its end means that its rows must be discarded."""
    spool_directory: Path
    """Directory for the temporary file, without a name and encrypted, in which a partition keeps a file until it is verified; by default TMPDIR."""


class PartitionSettings(ClientSettings, CutSettings, total=False):
    """The settings of reading a partition."""


class DecryptSettings(TypedDict, total=False):
    """The settings of `decrypt`."""

    private_key: Path
    """PEM file of the RSA private key whose public half is registered with the service."""
    private_key_pem: Secret
    """The private key itself as PEM text, instead of a file."""
    private_key_passphrase: Secret
    """Passphrase of an encrypted private key."""
    private_key_passphrase_file: Path
    """File that holds the passphrase of an encrypted private key."""
    allow_plaintext: bool | None
    """Accept data files without a key; by default a private key is required, and such a file is an error."""
    durability: Literal["power", "process"] | None
    """What a published file survives: a loss of power (power), or only a crash of the process (process)."""


class SandboxOptions(TypedDict, total=False):
    """The options of a sandbox."""

    port: OptionValue
    """The port to listen on, only on loopback. Takes a port, 0 for any that is free."""
    host: OptionValue
    """The host in the sandbox's URL; the certificate is valid for it too. Takes a host name or an address."""
    tls: OptionValue
    """Whether to use https with a temporary certificate authority, or plain http. Takes true or false."""
    seed: OptionValue
    """The same seed gives the same beneficiaries. Takes a number."""
    beneficiaries_per_file: OptionValue
    """Number of beneficiaries in one file. Takes a number from 1."""
    bytes_per_type: OptionValue
    """Plaintext bytes of each resource type, generated by repeating a block of records with new identifiers; replaces beneficiaries and error_rate. 0: off. Takes a size such as 64KiB, 256MiB or 2GiB."""
    files_per_type: OptionValue
    """Number of files of each job; 0: as many as the data needs, or 4 with bytes_per_type. Takes a number."""
    error_rate: OptionValue
    """Share of beneficiaries that cannot be retrieved and are listed in error files; from 50% a job of the 2019 service fails. Takes a share such as 0.02 or 2%."""
    era: OptionValue
    """Behavior of the service in that month. In this order: error files encrypted and keys only in KeyMap; error files not listed; error files listed in plaintext; no encryption. Takes nov2018, sep2019, oct2019 or nov2019-off."""
    profile: OptionValue
    """The service that is emulated: BCDA of 2019; BCDA of today, which answers /api/v1, /api/v2 and /api/v3 together; AB2D; DPC; HAPI FHIR without a login; or a server with SMART Backend Services. Only the first has the options era, bytes_per_type and files_per_type. Takes bcda-2019, bcda-v1, bcda-v2, bcda-v3, ab2d, dpc, hapi or generic."""
    changes: OptionValue
    """Share of beneficiaries whose records change each day, so that _since finds them; not in BCDA of 2019. Takes a share such as 0.02 or 2%."""
    reach: OptionValue
    """Whether version 2 of BCDA also gives Claim and ClaimResponse. Takes true or false."""
    signing_algorithm: OptionValue
    """Algorithm of the temporary key pair that signs the logins of a client (generic and dpc). Takes RS384 or ES384."""
    signed_urls: OptionValue
    """Puts files at another origin, with signed URLs that are valid for this duration and take no token. Each status request gives new ones. 0: off. Takes a duration such as 200ms, 5s, 60m or 24h. Can be changed while the sandbox runs (bcda_sandbox_control)."""
    production: OptionValue
    """Whether a kick-off gets a 429 while a job of the same type runs. Takes true or false. Can be changed while the sandbox runs (bcda_sandbox_control)."""
    retry_after: OptionValue
    """The Retry-After of that 429. Takes seconds. Can be changed while the sandbox runs (bcda_sandbox_control)."""
    status_retry_after: OptionValue
    """The Retry-After of a running job in generic, hapi and ab2d. The real ones say 1, 120 and 5. AB2D answers earlier requests with 429. Takes seconds. Can be changed while the sandbox runs (bcda_sandbox_control)."""
    client_id: OptionValue
    """Default: a random UUID. Takes a text."""
    client_secret: OptionValue
    """Default: 80 random hex digits. Takes a text."""
    second_client_id: OptionValue
    """Client id of a second organization, which must not see the jobs of the first. Takes a text."""
    second_client_secret: OptionValue
    """See second_client_id. Takes a text."""
    public_key: OptionValue
    """RSA public key for which files are encrypted. Default: the key of a temporary pair. Takes the path of a PEM file."""
    directory: OptionValue
    """Directory in which the sandbox creates its temporary directory. Default: TMPDIR, or else /tmp. Takes the path of a directory."""
    token_lifetime: OptionValue
    """How long a new access token is accepted. Default: that of the service, from 5 to 60 minutes. Takes a duration such as 200ms, 5s, 60m or 24h. Can be changed while the sandbox runs (bcda_sandbox_control)."""
    pending_time: OptionValue
    """How long a new job is Pending. Takes a duration such as 200ms, 5s, 60m or 24h. Can be changed while the sandbox runs (bcda_sandbox_control)."""
    job_time: OptionValue
    """How long a new job is In Progress. Takes a duration such as 200ms, 5s, 60m or 24h. Can be changed while the sandbox runs (bcda_sandbox_control)."""
    job_lifetime: OptionValue
    """How long a finished job can be requested; its files stay one hour longer. Takes a duration such as 200ms, 5s, 60m or 24h. Can be changed while the sandbox runs (bcda_sandbox_control)."""
    clock: OptionValue
    """Moves the sandbox's clock by this duration: forward, so that tokens and jobs expire, or back. Takes a duration such as 5s, 24h or -24h. Can be changed while the sandbox runs (bcda_sandbox_control)."""
