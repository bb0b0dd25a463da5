"""Exceptions: one class for each status code of the library that means a failure."""

from __future__ import annotations

import builtins
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from ._tables import status_named

if TYPE_CHECKING:
    from . import ExportResult, Manifest  # what users see; no module here is below them


class Error(Exception):
    """The base class of all exceptions of this package. Each subclass stands for one status code.

    ``str(error)`` names what failed and the remedy. It never contains a secret or what the service said about a
    beneficiary. Only :attr:`outcome` contains what the service said.

    Attributes:
        code: the name of the status code, such as ``"AUTHENTICATION"``.
        http_status: the HTTP status of the answer that caused the error, or None.
        outcome: the service's own words (the text of its OperationOutcome). **It may name beneficiaries**, so keep it
            out of logs.
        file: the local path or the server's file name that the error is about, or None.
        retriable: True if the same call may succeed later.
        retry_after: the delay in seconds that the service requested before a retry, or None.
        result: the files that the run verified before it failed (an :class:`ExportResult`), or None.

    Example:
        >>> try:
        ...     bcda.Client("http://localhost:1", env=False).metadata()
        ... except bcda.NetworkError as error:
        ...     print(error.code, error.retriable, error.exit_code)
        NETWORK True 1
    """

    code: ClassVar[str] = "INTERNAL"

    def __init__(
        self,
        message: str,
        *,
        http_status: int | None = None,
        outcome: str = "",
        file: str | None = None,
        retriable: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.http_status = http_status
        self.outcome = outcome
        self.file = file
        self.retriable = retriable
        self.retry_after = retry_after
        self.result: ExportResult | None = None

    @property
    def manifest(self) -> Manifest | None:
        """The manifests of the failed run's finished jobs, for :meth:`Client.fetch`. None if no job finished."""
        return self.result.manifest if self.result is not None else None

    @property
    def exit_code(self) -> int:
        """The exit code of the ``bcda`` command for this failure (1 to 5, or 130)."""
        return status_named(self.code).exit_code

    def __reduce__(self) -> tuple[object, ...]:
        fields = {name: getattr(self, name) for name in ("http_status", "outcome", "file", "retriable", "retry_after")}
        return partial(type(self), **fields), self.args, {"result": self.result}


class InternalError(Error):
    """A fault inside the library."""

    code = "INTERNAL"


class InvalidArgumentError(Error, ValueError):
    """An argument or a setting is missing or malformed."""

    code = "INVALID_ARGUMENT"


class PrivateKeyError(Error):
    """The private key could not be loaded."""

    code = "PRIVATE_KEY"


class AuthenticationError(Error):
    """The service refused the credentials."""

    code = "AUTHENTICATION"


class RefusedError(Error):
    """The service refused a request."""

    code = "REFUSED"


class JobFailedError(Error):
    """The service reports that the export job failed."""

    code = "JOB_FAILED"


class JobGoneError(Error):
    """The export job expired or is unknown to the service."""

    code = "JOB_GONE"


class ProtocolError(Error):
    """The service's answer is not what the protocol allows."""

    code = "PROTOCOL"


class LimitError(Error):
    """A limit set to protect the client was reached."""

    code = "LIMIT"


class NetworkError(Error):
    """The service could not be reached, or the connection broke."""

    code = "NETWORK"


class TLSError(Error):
    """The service's certificate or the TLS handshake was refused."""

    code = "TLS"


class TimeoutError(Error, builtins.TimeoutError):
    """A deadline passed."""

    code = "TIMEOUT"


class DecryptionError(Error):
    """A file or its wrapped key could not be decrypted."""

    code = "DECRYPTION"


class VerificationError(Error):
    """A file is not whole, or not what the manifest promised."""

    code = "VERIFICATION"


class FilesystemError(Error):
    """A local file or directory could not be read or written."""

    code = "FILESYSTEM"


class SinkError(Error):
    """The code of the caller's sink failed; ``__cause__`` is the exception that it raised."""

    code = "SINK"


class CanceledError(Error):
    """The run was canceled by :meth:`Run.cancel`."""

    code = "CANCELED"


class StateError(Error):
    """The call does not fit the object's state: it is closed, still running, or was created before a fork."""

    code = "STATE"


class NoMemoryError(Error, MemoryError):
    """Out of memory."""

    code = "NO_MEMORY"


class RecordError(Error, ValueError):
    """A record is malformed or does not fit the view of a table. The message names the file, the line and the column,
    and never shows a value.
    """

    code = "RECORD"


BY_CODE: dict[str, type[Error]] = {cls.code: cls for cls in Error.__subclasses__()}


def from_native(
    code: str,
    message: str,
    http_status: int = 0,
    outcome: str = "",
    file: str = "",
    retriable: bool = False,
    retry_after_ms: int = -1,
    cause: BaseException | None = None,
) -> Error:
    """The exception for an error of the native module. The native module calls this function."""
    error = BY_CODE.get(code, Error)(
        message,
        http_status=http_status or None,
        outcome=outcome,
        file=file or None,
        retriable=retriable,
        retry_after=retry_after_ms / 1000 if retry_after_ms >= 0 else None,
    )
    if cause is not None:
        error.__cause__ = cause
    return error
