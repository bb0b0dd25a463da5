"""The events of a run, and how they are logged."""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass

logger = logging.getLogger("bcda")

_levels = {"job": logging.INFO, "manifest": logging.INFO, "retry": logging.WARNING, "warning": logging.WARNING}


@dataclass(frozen=True, repr=False)
class Event:
    """One step of a run. The `kind` determines which fields have a value; the others are ``""`` or None.

    ======== =========================================================================================
    kind     meaning
    ======== =========================================================================================
    state    text: authenticating, kick-off, waiting, downloading, finished
    job      a job was accepted: type, url (its status URL)
    poll     a status answer: type, text (the service's X-Progress), percent
    manifest a job finished: type, files_total (its files)
    progress bytes_done, bytes_total (None until all sizes are known), files_done, files_total
    file     a file was verified and published: type, file (its path), bytes_done
    retry    text (why), wait (seconds until the next try)
    warning  text; also files_done, files_total if it says that the run goes on with an export
    finished the last event: status (``"OK"``, or the code of the failure), text (the message of the failure)
    ======== =========================================================================================

    Example:
        >>> with client.start(["Patient"], out=tmp / "events") as run:
        ...     kinds = {event.kind for event in run}
        >>> sorted(kinds & {"state", "job", "file", "finished"})
        ['file', 'finished', 'job', 'state']
    """

    kind: str
    text: str
    type: str
    file: str
    url: str
    status: str
    percent: float | None
    bytes_done: int | None
    bytes_total: int | None
    files_done: int | None
    files_total: int | None
    wait: float | None
    json: str  # the whole event as one line of JSON

    def log(self, repeated: bool = False) -> None:
        """Logs the event to the logger ``bcda``: warnings and retries at WARNING, jobs at INFO, the rest at DEBUG.

        Args:
            repeated: True if the run reported the same before; the event is then logged at DEBUG.
        """
        level = logging.DEBUG if repeated else _levels.get(self.kind, logging.DEBUG)
        if logger.isEnabledFor(level):
            logger.log(level, "%s", self.message.removeprefix("warning: "))

    @property
    def message(self) -> str:
        """The event in one line of text that starts with its kind."""
        subject = [part for part in (self.type, self.file) if part and part not in self.text]
        if self.kind == "finished":
            subject = [self.status]
        facts = f"{self.text} (again in {self.wait:g} s)" if self.wait is not None else self.text
        return ": ".join(part for part in (self.kind, *subject, facts, self._counts()) if part)

    def _counts(self) -> str:
        counts = []
        if self.files_total and self.status == "OK":
            done = "" if self.files_done is None else f"{self.files_done:,} of "
            counts.append(done + _count(self.files_total, "file"))
        if self.bytes_done is not None and (counts or self.kind == "file"):
            counts.append(_count(self.bytes_done, "byte"))
        return ", ".join(counts)

    def __repr__(self) -> str:
        """The fields that have a value. The URL is left out because it may be signed; so is the JSON, which has it."""
        fields = {name: value for name, value in vars(self).items() if name not in ("url", "json")}
        if self.status == "OK" and self.kind != "finished":
            del fields["status"]
        return f"Event({', '.join(f'{name}={value!r}' for name, value in fields.items() if value not in ('', None))})"


class Repeats:
    """Remembers which retries and warnings of one run were already reported.

    Two retries or failures of jobs count as the same if their reasons are the same. Otherwise the log would be flooded,
    because each of three jobs may try ten times to reach a service that is down. The failure of a file always counts as
    new.
    """

    _MOST = 1000  # remembered reasons; further reasons always count as new

    def __init__(self) -> None:
        self._said: set[tuple[str, str]] = set()

    def note(self, event: Event) -> bool:
        """Remembers the event. Returns True if it is a retry or a warning that was already reported."""
        if event.kind not in ("retry", "warning"):
            return False
        reason = event.text
        if event.kind == "retry" or not event.file:
            for subject in filter(None, (event.file, event.type)):
                reason = reason.replace(subject, "")
        repeated = (event.kind, reason) in self._said
        if len(self._said) < self._MOST:
            self._said.add((event.kind, reason))
        return repeated


def logs_to_console() -> bool:
    """Whether the logger writes to the standard output or standard error of this process."""
    at: logging.Logger | None = logger
    while at is not None:
        if any(_writes_to_console(handler) for handler in at.handlers):
            return True
        at = at.parent if at.propagate else None
    return False


def _writes_to_console(handler: logging.Handler) -> bool:
    stream = getattr(handler, "stream", None)
    return stream is not None and stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
