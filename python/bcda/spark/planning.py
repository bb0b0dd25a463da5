"""Planning on the driver: one job for all plannings of the same request, and its manifest cut into partitions.

Spark plans again at every action, and in a process of its own each time. So the job is kept in a directory: the first
planning starts it, and each later one goes on with it or gets its manifest.
"""

from __future__ import annotations

import hashlib
import os
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .. import _native
from .._client import Client
from .._errors import FilesystemError, InvalidArgumentError
from .._manifest import Manifest
from .._partition import Partitions, partitions
from .._tables import setting_named, settings
from .marks import Gone, Mark, begin_job, made, present_job
from .options import Options

_BETWEEN_TRIES = 0.5  # seconds

_ANY_TIME = "2000-01-01T00:00:00Z"

# It lists no file. With it the settings that cut partitions are checked before there is a job.
_EMPTY = '{"transactionTime":"2020-01-01T00:00:00Z","request":"","requiresAccessToken":true,"output":[],"error":[]}'


def key_of(request: Mapping[str, str]) -> str:
    """The name of the directory of a request. Reads with the same request share a job, in every language.

    Args:
        request: the settings that say what is asked for; those that are not set may be missing or empty.
    """
    text = "".join(f"{name}={_sorted(name, value)}\n" for name, value in sorted(request.items()) if value)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _sorted(name: str, value: str) -> str:
    return ",".join(sorted(value.split(","))) if name == "types" else value


def request_of(config: _native.Config) -> dict[str, str]:
    """What is asked for, and whom, as far as it is not the default."""
    found = {row: config.get(row.name) for row in settings() if row.of_request}
    return {row.name: value for row, value in found.items() if value and value != row.default}


def mark_directory(options: Options) -> str:
    """The directory of a mark. Each table of a request has a mark of its own, because it is written on its own."""
    if not options.marked or options.state_location is None:
        raise InvalidArgumentError("commit needs the options of a read with since=mark")
    read = {**request_of(options.config()), "since": "", "definition": options.definition}
    return os.path.join(options.state_location, key_of(read))


class Planning:
    """Makes the partitions of one read. It can be pickled.

    The time of a mark is read at once, so that it stays the same while a data frame is used.

    Args:
        options: those of the read.
        default_state: where jobs are kept if the option ``stateLocation`` is missing; None: nowhere.
    """

    def __init__(self, options: Options, default_state: str | None) -> None:
        self._options = options
        self._settings = dict(options.settings)
        self._marks = mark_directory(options) if options.marked else None
        if self._marks is not None:
            first = self._first_since()
            self._settings["since"] = Mark(self._marks).time() or first  # also instead of that of the environment
        self._request = self._request_directory(default_state) if options.needs_job else None
        self._job = self._job_directory() if self._request is not None else None
        self._is_default = options.state_location is None

    def _first_since(self) -> str:
        """The ``_since`` of a first read, because some services send everything only with one. Refuses what would leave
        gaps between two marks.
        """
        config = self._options.config()
        if config.get("job_url"):
            raise InvalidArgumentError("since=mark starts a job of its own; leave out the setting job_url")
        if config.get("until"):
            raise InvalidArgumentError("since=mark asks for all changes up to now; leave out the setting until")
        with self._client() as client:
            client.plan(since=_ANY_TIME)
            profile = client.profile
        level = config.get("level") or profile["default_level"]
        if level in profile["lacks_history"]:
            raise InvalidArgumentError(
                f"with level={level} {profile['title']} never sends the history of people who are new since the mark; "
                "choose another level"
            )
        first: str = profile["first_since"]
        return first

    def _request_directory(self, default_state: str | None) -> str:
        state = self._options.state_location or default_state
        if state is None:
            raise InvalidArgumentError(
                "the option stateLocation is missing: it keeps the job, so that it is started once; "
                "bcda.spark.register(spark) makes a directory for it"
            )
        request = request_of(self._options.config())
        return os.path.join(state, key_of({**request, "since": self._settings.get("since", request.get("since", ""))}))

    def _job_directory(self) -> str:
        """A read that restarts has a job of its own, which all its plannings share."""
        assert self._request is not None
        if self._options.restarts:
            return os.path.join(self._request, f"job-{uuid.uuid4().hex}")
        return present_job(self._request)

    @property
    def job(self) -> str | None:
        """The directory of the job; None: the read has none."""
        return self._job

    @property
    def downloads(self) -> bool:
        """Whether tasks need a client."""
        return not self._options.paths

    def profile(self) -> dict[str, str]:
        """The setting ``profile`` for tasks. They would find another one, because the private key decides, too."""
        if not self.downloads:
            return {}
        with self._client() as client:
            name = client.profile["name"]
        row = setting_named("profile")
        return {"profile": name} if row and name in row.choices.split(",") else {}  # a profile_file may rename it

    def partitions(self) -> Partitions:
        """The partitions. If the job has not finished, this waits for it."""
        if self._options.paths:
            return partitions(self._options.paths, **self._cutting())
        with self._client() as client:
            client.partitions(_EMPTY)  # checks the settings
            self._make_directories()
            cut = client.partitions(self._manifest(client))
        if cut.signed and self._options.manifest is not None:
            raise InvalidArgumentError(
                "the manifest has signed URLs, and Spark shows options: "
                "give the option manifest the path of a file that has it"
            )
        Gone(self._job, cut.digest).check()
        if self._marks is not None:
            Mark(self._marks).plan(cut.transaction_time)
        return cut

    def _make_directories(self) -> None:
        for directory in filter(None, (self._request, self._marks)):
            state = made(os.path.dirname(directory))
            if self._is_default:
                _expect_private(state)
            made(directory)
        if self._job is not None:
            begin_job(self._job)

    def _cutting(self) -> Any:
        types = {name: value for name, value in self._settings.items() if name == "types"}
        return {**self._options.of_scopes("table", "partition"), **types}

    def _client(self) -> Client:
        settings: Any = self._settings
        return Client(env=True, **settings)

    def _manifest(self, client: Client) -> Manifest | str:
        """The manifest at hand, or else that of the job."""
        if self._options.manifest_file is not None:
            return _text_of(self._options.manifest_file)
        return self._finish(client) if self._options.manifest is None else self._options.manifest

    def _finish(self, client: Client) -> Manifest:
        """Goes on with the job, or starts it, and waits for its end. Waits while another planning does the same."""
        while True:
            try:
                return client.manifest(job_directory=self._job, restart=False, progress=False)
            except FilesystemError as error:
                if not error.retriable:
                    raise
                time.sleep(_BETWEEN_TRIES)

    def __repr__(self) -> str:
        return "<Planning>"


def _text_of(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8")
    except OSError as error:
        raise FilesystemError(f"the manifest {file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InvalidArgumentError(f"the manifest {file} is no text in UTF-8") from None


def _expect_private(directory: str) -> None:
    found = os.stat(directory)
    if found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise FilesystemError(f"the directory {directory} is not this user's alone; give the option stateLocation")
