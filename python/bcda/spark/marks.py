"""Small files beside the jobs of a request: which job is the present one, up to when reads were committed, and that the
files of a manifest are gone.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timezone

from .._errors import FilesystemError, JobGoneError, ProtocolError, StateError
from .._manifest import time_of

_TIME = "transactionTime"
_PRESENT = "current"


def made(directory: str) -> str:
    """A directory that only this user can open, made if it is missing."""
    parent = os.path.dirname(directory)
    if parent and not os.path.exists(parent):
        made(parent)  # because os.makedirs gives the mode only to the last directory
    try:
        os.makedirs(directory, mode=0o700, exist_ok=True)
    except OSError as error:
        raise FilesystemError(f"the directory {directory} cannot be made: {error.strerror}") from None
    return directory


def present_job(request: str) -> str:
    """The directory of the present job of a request: that of its last restart, or else the directory of the request."""
    path = os.path.join(request, _PRESENT)
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            name = file.read()
    except FileNotFoundError:
        return request
    except OSError as error:
        raise FilesystemError(f"{path} cannot be read: {error.strerror}") from None
    if not re.fullmatch("job-[0-9a-f]{32}\n", name):
        raise FilesystemError(f"{path} is damaged; remove it")
    return os.path.join(request, name.strip())


def begin_job(job: str) -> None:
    """Makes the directory of a job that restarts a request, unless it is there. Reads without a restart then go on with
    this job.
    """
    try:
        os.mkdir(job, 0o700)
    except FileExistsError:
        return
    except OSError as error:
        raise FilesystemError(f"the directory {job} cannot be made: {error.strerror}") from None
    request, name = os.path.split(job)
    replace_file(os.path.join(request, _PRESENT), f"{name}\n")


class Mark:
    """The time up to which reads with ``since=mark`` were committed. ``mark.json`` holds it. A planning notes its own
    time in ``planned.json``, and a commit renames that file.
    """

    def __init__(self, directory: str) -> None:
        self._mark = os.path.join(directory, "mark.json")
        self._planned = os.path.join(directory, "planned.json")

    def time(self) -> str | None:
        """None: nothing was committed yet."""
        time = _time_in(self._mark)
        if time == "":
            raise FilesystemError(f"{self._mark} has no {_TIME}; remove it to read everything again")
        return time

    def plan(self, time: datetime | None) -> None:
        """Notes the time up to which a read has everything, unless the mark is there already. If another read noted an
        earlier time that is not committed, that one stays: then nothing is lost, whichever of the two was written.
        """
        if time is None:
            raise ProtocolError("the manifest has no transactionTime, so since=mark cannot go on from it")
        committed, noted = self.time(), _time_in(self._planned)
        with suppress(ValueError):
            if (committed and time <= time_of(committed)) or (noted and time_of(noted) <= time):
                return
        text = time.astimezone(timezone.utc).replace(tzinfo=None).isoformat() + "Z"
        replace_file(self._planned, json.dumps({_TIME: text}))

    def commit(self) -> None:
        """Moves the mark to the time of the last planning."""
        try:
            os.replace(self._planned, self._mark)
            _sync(os.path.dirname(self._mark))
        except FileNotFoundError:
            why = "there is nothing to commit: no read with these options was planned since the last commit"
            raise StateError(why) from None
        except OSError as error:
            raise FilesystemError(f"{self._mark} cannot be written: {error.strerror}") from None


class Gone:
    """The mark that the service has removed the files of a manifest: an empty file in the directory of its job. Tasks
    that see it fail without a request. The job after it has another manifest, so the mark does not concern it.

    Args:
        directory: of the job; None: there is none, because the caller gave a manifest or finished exports.
        digest: of the manifest.
    """

    def __init__(self, directory: str | None, digest: str) -> None:
        self._directory = directory
        self._name = f"gone-{digest[:16]}"

    def check(self) -> None:
        """Raises JobGoneError if the mark is there."""
        if self._directory is not None and os.path.exists(self._file()):
            raise JobGoneError(f"start a new export: the service has removed its files{self._remedy()}")

    @contextmanager
    def watched(self) -> Iterator[None]:
        """A read of the files: raises JobGoneError if the mark is there, and sets it if the service says it."""
        self.check()
        try:
            yield
        except JobGoneError as error:
            if error.http_status is None:  # the token has expired, and a new one may do
                raise
            self.set()
            raise JobGoneError(f"{error}{self._remedy()}") from None

    def set(self) -> None:
        """Sets the mark, if this machine can reach the directory. Otherwise each task finds out itself."""
        if self._directory is not None and os.path.isdir(self._directory):
            with suppress(OSError), open(self._file(), "xb"):
                pass

    def _remedy(self) -> str:
        return "" if self._directory is None else f"; set the option restart, or remove the directory {self._directory}"

    def _file(self) -> str:
        return os.path.join(self._directory or "", self._name)


def _time_in(path: str) -> str | None:
    """None: there is no file; "": it has no time."""
    try:
        with open(path, encoding="utf-8") as file:
            time = json.load(file)[_TIME]
    except FileNotFoundError:
        return None
    except OSError as error:
        raise FilesystemError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, TypeError, LookupError):
        return ""
    return time if isinstance(time, str) else ""


def replace_file(path: str, text: str) -> None:
    """Writes a small file that other processes see either as it was or as it is now."""
    directory, name = os.path.split(path)
    try:
        fd, written = tempfile.mkstemp(prefix=f"{name}-", dir=directory)
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(fd)
        os.replace(written, path)
        _sync(directory)
    except OSError as error:
        raise FilesystemError(f"{path} cannot be written: {error.strerror}") from None


def _sync(directory: str) -> None:
    fd = os.open(directory, os.O_RDONLY)
    try:
        with suppress(OSError):  # some file systems cannot
            os.fsync(fd)
    finally:
        os.close(fd)
