"""What a run tells while it goes on."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

logger = logging.getLogger("bcda")

_levels = {"job": logging.INFO, "manifest": logging.INFO, "retry": logging.INFO, "warning": logging.WARNING}


@dataclass(frozen=True)
class Event:
    """One step of a run. Which fields mean something depends on `kind`; the others are ``""`` or None.

    ======== =========================================================================================
    kind     meaning
    ======== =========================================================================================
    state    text: authenticating, kick-off, waiting, downloading, finished
    job      a job was accepted: type, url (its status URL)
    poll     a status answer: type, text (the service's X-Progress), percent
    manifest a job is done: type, files_total (its files)
    progress bytes_done, bytes_total (of the files whose size is known by now), files_done, files_total
    file     a file was verified and published: type, file (its path), bytes_done
    retry    text (why), wait (seconds until the next try)
    warning  text
    finished the last one: status (``"OK"``, or the code of the failure), text (its message)
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
    json: str = field(repr=False)  # all of it as one line

    def log(self) -> None:
        """Tells the logger ``bcda``: warnings, retries and jobs; the rest at DEBUG."""
        level = _levels.get(self.kind, logging.DEBUG)
        if not logger.isEnabledFor(level):
            return
        parts = [self.type, self.file, self.text]
        if self.wait is not None:
            parts.append(f"(again in {self.wait:g} s)")
        if self.files_total is not None:
            parts.append(f"{self.files_done or 0} of {self.files_total} files")
        if self.kind == "finished":
            parts.append(self.status)
        logger.log(level, "%s: %s", self.kind, " ".join(part for part in parts if part))
