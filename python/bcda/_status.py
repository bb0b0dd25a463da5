"""Where the export in a directory stands."""

from __future__ import annotations

import json
import os
from typing import Any, Literal, TypedDict

from . import _native
from ._config import path_of


class DirectoryOwner(TypedDict):
    """The run that uses a directory."""

    host: str
    pid: int


class DirectoryJob(TypedDict):
    """One job of an export.

    ``type`` is its resource type; ``""`` if one job exports all. ``state`` is ``"accepted"``, ``"unknown"`` (no answer
    to the kick-off was heard), ``"refused"``, ``"dead"`` or, of a finished export, ``"done"``. ``manifest`` says
    whether the manifest is at hand, and ``files`` how many of its files were published.
    """

    type: str
    statusUrl: str
    state: Literal["accepted", "unknown", "refused", "dead", "done"]
    manifest: bool
    files: int


class DirectoryFiles(TypedDict):
    """The number of published files, their bytes, and the number of files that are there in part.

    ``inTables``: the number of files that are gone because tables have their rows (``keep_ndjson=False``).
    """

    published: int
    bytes: int
    inTables: int
    underWay: int


class DirectoryTable(TypedDict):
    """A table of an export with the setting ``tables``: how many of its Arrow files are there, and how many rows."""

    table: str
    parts: int
    rows: int


class DirectoryStatus(TypedDict):
    """Where the export in a directory stands: see :func:`directory_status`.

    ``state`` is ``"finished"``, ``"unfinished"`` (:meth:`Client.resume` goes on with it), ``"fetch"`` (files of a fetch
    or of a decryption that is not complete), ``"series"`` (:meth:`Client.sync` goes on with it), ``"damaged"`` or
    ``"none"``. ``usedBy`` is the run that uses the directory, or None. ``damage`` says what is damaged, and what to do
    about it; ``""``: nothing. ``partial`` tells whether resources are missing in a finished export, as its error files
    say. ``runs`` is the number of exports of a series. ``request`` is what the export asks for, or None: by the names
    of settings if it is unfinished, as in ``export.json`` if it is finished.
    """

    directory: str
    state: Literal["finished", "unfinished", "fetch", "series", "damaged", "none"]
    usedBy: DirectoryOwner | None
    damage: str
    partial: bool
    runs: int
    request: dict[str, Any] | None
    jobs: list[DirectoryJob]
    files: DirectoryFiles
    tables: list[DirectoryTable]


def directory_status(directory: str | os.PathLike[str]) -> DirectoryStatus:
    """Where the export in a local directory stands. Sends nothing and changes nothing there, so it may be called while
    an export writes there.

    Raises:
        FilesystemError: there is no such directory, or it cannot be read.

    Example:
        >>> result = client.export(["Patient"], out=tmp / "claims", progress=False)
        >>> status = bcda.directory_status(tmp / "claims")
        >>> status["state"], status["files"]["published"]
        ('finished', 1)
    """
    path = path_of(directory, "directory")
    status: DirectoryStatus = json.loads(_native.directory_status(os.fsencode(path)))
    status["directory"] = path
    return status
