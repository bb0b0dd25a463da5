"""Settings and options as types, for editors and type checkers; ./dev docs makes this file."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import timedelta
from typing import Callable, Literal, TypedDict, Union

from ._destination import Out

Path = Union[str, "os.PathLike[str]", None]
Secret = Union[str, Callable[[], str], None]
Duration = Union[float, str, timedelta, None]
Size = Union[int, str, None]
List = Union[str, Iterable[str], None]
OptionValue = Union[str, float, bool, timedelta, "os.PathLike[str]", None]


class ExportSettings(TypedDict, total=False):
    """What may be given for each export."""

    restart: bool | None
    """Discard what an unfinished export left in the directory, and begin anew."""
    parallel: int | None
    """Files downloaded at the same time, 1 to 64."""
    allow_plaintext: bool | None
    """Accept data files that come without a key; otherwise a private key is needed and such a file is an error."""
    durability: Literal["power", "process"] | None
    """What a published file survives: a loss of power, or only a crash of the process."""
    poll_interval: Duration
    """First wait between two status requests; it grows by half each time."""
    poll_max_interval: Duration
    """Longest wait between two status requests."""
    job_timeout: Duration
    """Longest time for a job to be done; 0: no limit."""
    timeout: Duration
    """Longest time for the whole run; 0: no limit."""
    retries: int | None
    """How often a failed request is tried again, 0 to 100."""
    outage_limit: Duration
    """How long status requests may go on failing, beyond the retries, while a job runs."""
    retry_delay: Duration
    """First wait before trying again; it doubles each time."""
    retry_max_delay: Duration
    """Longest wait before trying again, unless the service asks for more (up to 15 minutes)."""


class ClientSettings(ExportSettings, total=False):
    """What a client takes."""

    client_id: str | None
    """Client id that the service issued."""
    client_secret: Secret
    """Client secret that belongs to client_id."""
    client_secret_file: Path
    """File that holds the client secret."""
    private_key: Path
    """PEM file of the RSA private key whose public half is registered with the service."""
    private_key_pem: Secret
    """The private key itself, as PEM text, instead of a file."""
    private_key_passphrase: Secret
    """Passphrase of an encrypted private key."""
    private_key_passphrase_file: Path
    """File that holds the passphrase of an encrypted private key."""
    ca_file: Path
    """PEM file of the CA certificates to trust instead of the system's."""
    allow_http: bool | None
    """Allow http:// to other machines: credentials and claims then travel in the clear."""
    allowed_origins: List
    """Other origins that a manifest may point to; files there are fetched without the token."""
    threads: int | None
    """Threads that move and decrypt data; 0: one for each core."""
    user_agent: str | None
    """The User-Agent header."""
    connect_timeout: Duration
    """Limit for name look-up, connection and TLS handshake."""
    idle_timeout: Duration
    """Longest silence of a connection that should deliver bytes."""
    request_timeout: Duration
    """Limit for the answer to one request, file bodies apart."""
    token_lifetime: Duration
    """Lifetime assumed of a token that does not tell its own."""
    max_header_bytes: Size
    """Largest head of an answer that is read."""
    max_manifest_bytes: Size
    """Largest manifest that is read."""
    types: List
    """Resource types to export, one job each."""
    out: Out | None
    """Directory for the files; made when missing, the ones above it are not."""


class DecryptSettings(TypedDict, total=False):
    """What `decrypt` takes."""

    private_key: Path
    """PEM file of the RSA private key whose public half is registered with the service."""
    private_key_pem: Secret
    """The private key itself, as PEM text, instead of a file."""
    private_key_passphrase: Secret
    """Passphrase of an encrypted private key."""
    private_key_passphrase_file: Path
    """File that holds the passphrase of an encrypted private key."""
    allow_plaintext: bool | None
    """Accept data files that come without a key; otherwise a private key is needed and such a file is an error."""
    durability: Literal["power", "process"] | None
    """What a published file survives: a loss of power, or only a crash of the process."""


class SandboxOptions(TypedDict, total=False):
    """What a sandbox takes."""

    port: OptionValue
    """The port to listen on, on loopback only. Takes a port, 0 for any that is free."""
    host: OptionValue
    """The host in the sandbox's URL; the certificate is for it too. Takes a host name or an address."""
    tls: OptionValue
    """https with a throw-away certificate authority, or plain http. Takes true or false."""
    seed: OptionValue
    """The same seed gives the same beneficiaries. Takes a number."""
    beneficiaries_per_file: OptionValue
    """How many beneficiaries go into one file. Takes a number from 1."""
    bytes_per_type: OptionValue
    """The plaintext bytes of each resource type, made of a block of records that repeats with new identifiers; counts instead of beneficiaries and error_rate. 0: off. Takes a size such as 64KiB, 256MiB or 2GiB."""
    files_per_type: OptionValue
    """How many files each job has; 0: as many as the data fills, with bytes_per_type 4. Takes a number."""
    error_rate: OptionValue
    """The share of beneficiaries that cannot be retrieved and end up in error files; a job fails from 50%. Takes a share such as 0.02 or 2%."""
    era: OptionValue
    """The service's behavior of that month: error files encrypted and keys in KeyMap only, error files not listed, error files listed in plaintext, no encryption. Takes nov2018, sep2019, oct2019 or nov2019-off."""
    production: OptionValue
    """A kick-off while a job of the same type runs meets a 429. Takes true or false. Can be changed while it runs (bcda_sandbox_control)."""
    retry_after: OptionValue
    """The Retry-After of that 429. Takes seconds. Can be changed while it runs (bcda_sandbox_control)."""
    client_id: OptionValue
    """Default: a random UUID. Takes a text."""
    client_secret: OptionValue
    """Default: 80 random hex digits. Takes a text."""
    second_client_id: OptionValue
    """The credentials of a second organization, which must not see the first's jobs. Takes a text."""
    second_client_secret: OptionValue
    """See second_client_id. Takes a text."""
    public_key: OptionValue
    """The RSA public key that files are encrypted to. Default: that of a throw-away pair. Takes the path of a PEM file."""
    directory: OptionValue
    """Where the sandbox makes its temporary directory. Default: that of TMPDIR, else /tmp. Takes the path of a directory."""
    token_lifetime: OptionValue
    """How long a new access token is accepted. Takes a duration such as 200ms, 5s, 60m or 24h. Can be changed while it runs (bcda_sandbox_control)."""
    pending_time: OptionValue
    """How long a new job is Pending. Takes a duration such as 200ms, 5s, 60m or 24h. Can be changed while it runs (bcda_sandbox_control)."""
    job_time: OptionValue
    """How long a new job is In Progress. Takes a duration such as 200ms, 5s, 60m or 24h. Can be changed while it runs (bcda_sandbox_control)."""
    job_lifetime: OptionValue
    """How long a new job can be asked for once it is done; its files stay an hour longer. Takes a duration such as 200ms, 5s, 60m or 24h. Can be changed while it runs (bcda_sandbox_control)."""
    clock: OptionValue
    """Moves the sandbox's clock ahead by this much more, so that tokens and jobs expire. Takes a duration such as 200ms, 5s, 60m or 24h. Can be changed while it runs (bcda_sandbox_control)."""
