"""The library's tables: status codes, settings and options of the sandbox. They are the same in every language."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from . import _native


@dataclass(frozen=True)
class Status:
    """One status code. Each failure has an exception class with the same ``code``."""

    name: str
    number: int
    exit_code: int
    description: str


@dataclass(frozen=True)
class Setting:
    """One setting. It is a keyword argument, an environment variable, a key of a config file and a flag of the command.

    ``type`` is one of string, path, boolean, integer, duration, size, choice, list. ``scope`` is ``"client"``, or
    ``"export"`` if the setting may also be given for each export, ``"table"`` if it is for reading tables, or
    ``"partition"`` if it is for partitions. A secret is never returned, logged or printed. ``of_request``: it says what
    a job is asked for, or whom. ``for_opening``: a process that only opens partitions uses it.
    """

    name: str
    type: str
    default: str
    choices: str
    env: str
    help: str
    scope: str
    secret: bool
    of_request: bool
    for_opening: bool


@dataclass(frozen=True)
class SandboxOption:
    """One option of the sandbox."""

    name: str
    default: str
    help: str


def statuses() -> list[Status]:
    """All status codes, in order of their numbers.

    Example:
        >>> bcda.statuses()[4].name
        'AUTHENTICATION'
    """
    return [Status(**row) for row in _native.statuses()]


def settings() -> list[Setting]:
    """The table of settings. :class:`Client` and its methods accept each of them as a keyword argument.

    Example:
        >>> [setting.default for setting in bcda.settings() if setting.name == "parallel"]
        ['8']
    """
    return [Setting(**row) for row in _native.settings()]


def profiles() -> list[dict[str, Any]]:
    """What the library knows about each kind of server: a row for each value of the setting ``profile`` but ``auto``.

    ``docs/servers.md`` explains the fields. A row, written as JSON, is a `profile_file`.

    Example:
        >>> bcda.profiles()[0]["name"]
        'bcda-v3'
    """
    rows: list[dict[str, Any]] = json.loads(_native.profiles())
    return rows


def sandbox_options() -> list[SandboxOption]:
    """The options of :class:`Sandbox`.

    Example:
        >>> bcda.sandbox_options()[3].name
        'beneficiaries'
    """
    return [SandboxOption(**row) for row in _native.sandbox_options()]


@cache
def setting_named(name: str) -> Setting | None:
    """The row of a setting, or None."""
    row = _native.find_setting(name)
    return Setting(**row) if row else None


@cache
def status_named(name: str) -> Status:
    """The row of a status code."""
    return next(status for status in statuses() if status.name == name)
