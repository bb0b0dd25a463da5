"""The options of a read: the settings of the library by their own names, and a few of the data source."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

from .. import _native
from .._config import make_config, path_of
from .._errors import InvalidArgumentError
from .._tables import Setting, setting_named, settings

OWN = ("table", "view", "raw", "manifest", "path", "paths", "stateLocation", "maxConcurrentDownloads")

# What Spark adds to the options of a table in its catalog, besides "option.*".
_OF_CATALOG = {"owner", "provider", "location", "external", "is_managed_location", "comment", "collation", "table_type"}

# What settings that are booleans take.
_TRUE = ("true", "1", "yes", "on")
_FALSE = ("false", "0", "no", "off")

# Settings of an export into a directory.
_OF_DIRECTORIES = {"out", "tables", "keep_ndjson", "sync_partial", "delete_job"}


class Options:
    """The options of a read, checked as far as that needs no client.

    Attributes:
        definition: the name of a table, the JSON text of a ViewDefinition, or ``"raw"``.
        manifest: the JSON text of the manifest to read, or None.
        manifest_file: the path of a file that has that text, or None.
        paths: the finished exports and series to read; empty: a job or the manifest.
        state_location: the directory for jobs and marks, or None for the application's.
        settings: the settings that were given, by name.
        marked: whether ``since`` is the time of the mark.
    """

    def __init__(self, given: Mapping[str, str]) -> None:
        own: dict[str, str] = {}
        self.settings: dict[str, str] = {}
        for name, value in given.items():
            _take(name, value, own, self.settings)
        self.definition = _definition_of(own)
        self.manifest, self.manifest_file = _manifest_of(own.get("manifest"))
        self.paths = [_local("path", path) for name in ("path", "paths") for path in _items(name, own.get(name))]
        self.state_location = _local("stateLocation", own["stateLocation"]) if "stateLocation" in own else None
        self.marked = self.settings.get("since", "").lower() == "mark"
        if self.marked:
            del self.settings["since"]
        self._check(own)

    def _check(self, own: Mapping[str, str]) -> None:
        if "manifest" in own and self.paths:
            raise InvalidArgumentError("give either the option manifest or the option path")
        if self.marked and not self.needs_job:
            raise InvalidArgumentError("since=mark is for a job; leave out the options manifest and path")
        if self.marked and self.state_location is None:
            raise InvalidArgumentError("since=mark needs the option stateLocation, which keeps the mark")
        if (downloads := own.get("maxConcurrentDownloads")) is not None:
            if not re.fullmatch("[1-9][0-9]{0,5}", downloads):
                raise InvalidArgumentError("the option maxConcurrentDownloads takes a number from 1 to 999999")
            self.settings["max_partitions"] = downloads
        self.config()  # checks the values

    @property
    def needs_job(self) -> bool:
        """Whether nothing is at hand, neither a manifest nor finished exports."""
        return self.manifest is None and self.manifest_file is None and not self.paths

    @property
    def restarts(self) -> bool:
        """Whether the read begins with a new job."""
        return self.config().get("restart").lower() in _TRUE

    def config(self) -> _native.Config:
        """The given settings, and after them those of this process's environment."""
        return make_config(self.settings, env=True)

    def of_scopes(self, *scopes: str) -> dict[str, str]:
        """Those of the given settings that have such a scope."""
        return {name: value for name, value in self.settings.items() if _row(name).scope in scopes}

    def for_tasks(self) -> dict[str, str]:
        """The settings that the tasks get: where the files are and how to get them. Neither a secret nor the path of
        the private key is among them, nor what asks for a job. Paths that only the environment of the driver has may be
        wrong on an executor. Defaults of what changes rows, or their verification, are among them: the environment of
        an executor must not replace them.
        """
        sent, config = {}, self.config()
        for row in settings():
            if row.secret or not row.for_opening:
                continue
            value = self.settings.get(row.name)
            if value is None and row.type != "path":
                value = config.get(row.name)
                if value == row.default and (row.scope == "client" or row.name == "batch_rows"):
                    continue  # an executor may have its own proxy, and Spark likes batches of another size
            if value and "***" not in value:
                sent[row.name] = value
        return sent

    def __repr__(self) -> str:
        return "<Options>"  # Spark shows the text of objects in messages


def _take(name: str, value: str, own: dict[str, str], given: dict[str, str]) -> None:
    """Puts an option where it belongs, or refuses it."""
    lower = name.lower()
    found = next((each for each in OWN if each.lower() == lower), None)
    row = setting_named(lower)
    if found is not None:
        own[found] = value
    elif row is not None:
        _refuse(row, value)
        given[lower] = value
    elif lower not in _OF_CATALOG and not lower.startswith("option."):
        raise InvalidArgumentError(f"there is no option named {name}{_similar(lower)}")


def _refuse(row: Setting, value: str) -> None:
    """Refuses an option that Spark must not have: it shows options in plans, and not all of them are hidden."""
    if row.secret or row.name == "patients":
        raise InvalidArgumentError(f"the option {row.name} is refused, because Spark shows options: {_remedy(row)}")
    if row.name in _OF_DIRECTORIES:
        raise InvalidArgumentError(
            f"the option {row.name} is of no use, because Spark reads no export into a directory"
        )
    if row.name == "job_directory":
        raise InvalidArgumentError("the option job_directory is refused, because the option stateLocation decides it")
    shown = make_config({row.name: value}).get(row.name)
    if "***" in shown and shown != value:
        raise InvalidArgumentError(
            f"the option {row.name} has a password, and Spark shows options: use the environment variable {row.env}"
        )


def _remedy(refused: Setting) -> str:
    file = f"{refused.name}_file"
    option = f"the option {file}, or " if setting_named(file) else ""
    return f"use {option}the environment variable {refused.env}"


def _similar(name: str) -> str:
    names = {each.lower(): each for each in (*OWN, *(row.name for row in settings() if not row.secret))}
    near = difflib.get_close_matches(name[:100], names, 1)
    return f"; did you mean {names[near[0]]}?" if near else "; docs/spark.md and docs/settings.md list the options"


def _definition_of(own: Mapping[str, str]) -> str:
    raw = own.get("raw", "false").lower()
    if raw not in (*_TRUE, *_FALSE):
        raise InvalidArgumentError("the option raw takes true or false")
    given = [own[name] for name in ("table", "view") if name in own] + (["raw"] if raw in _TRUE else [])
    if len(given) != 1:
        raise InvalidArgumentError("give exactly one of the options table, view and raw=true")
    return given[0]


def _manifest_of(given: str | None) -> tuple[str | None, str | None]:
    """The text of a manifest, or the path of its file."""
    if given is None or given.lstrip().startswith(("{", "[")):
        return given, None
    return None, _local("manifest", given)


def _items(name: str, value: str | None) -> list[str]:
    """The items of a JSON array. Another text is the only item."""
    if value is None or not value.startswith("["):
        return [] if value is None else [value]
    try:
        items = json.loads(value)
    except ValueError:
        items = None
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise InvalidArgumentError(f"the option {name} is not a JSON array of texts")
    return items


def _local(name: str, path: str) -> str:
    """A path of this machine, which Spark may write as a URL."""
    if path.startswith("file:/"):
        url = urlsplit(path)
        if url.netloc or url.query or url.fragment:
            raise InvalidArgumentError(f"the option {name} is no path and no file: URL of this machine")
        return unquote(url.path)
    if not path or re.match("[A-Za-z][A-Za-z0-9+.-]+:", path):
        raise InvalidArgumentError(f"the option {name} takes a path of a local or mounted file system, and no URL")
    return path_of(path, f"the option {name}")


def _row(name: str) -> Setting:
    row = setting_named(name)
    assert row is not None
    return row
