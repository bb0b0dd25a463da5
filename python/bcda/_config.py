"""Converts keyword arguments to a native configuration."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from numbers import Real
from typing import Any, Callable, TypeVar

from . import _native
from ._errors import InvalidArgumentError
from ._tables import Setting, setting_named, settings

_Function = TypeVar("_Function", bound=Callable[..., Any])


# The settings of the type "string" that are times. The library reads them as FHIR instants.
TIMES = ("since", "until")


def make_config(
    values: Mapping[str, object], *, config_file: str | os.PathLike[str] | None = None, env: bool = False
) -> _native.Config:
    """A configuration from `values`, the file and the environment. The first of them that has a setting counts.

    None means the default. Raises InvalidArgumentError; its message names the setting and what it takes.
    """
    config = _native.Config()
    for name, value in values.items():
        if setting_named(name) is None:
            config.set(name, None)  # raises; the message names the most similar setting
        elif callable(value):
            config.set_provider(name, value)
        elif value is not None:
            _set(config, name, value)
    if config_file is not None:
        config.load_file(os.fsencode(path_of(config_file, "config_file")))
    if env:
        config.load_env()
    _expand_paths(config, given=values)
    return config


def path_of(path: object, what: str) -> str:
    """A path as text, with a leading ~ expanded. Raises InvalidArgumentError, whose message does not show the value."""
    if isinstance(path, (str, os.PathLike)):
        text = os.fspath(path)
        return os.path.expanduser(text if isinstance(text, str) else os.fsdecode(text))
    raise InvalidArgumentError(f"{what} takes a path: text or os.PathLike")


def _expand_paths(config: _native.Config, given: Mapping[str, object]) -> None:
    """Expands a leading ~ in paths that come from a file or the environment."""
    for row in settings():
        if row.type == "path" and given.get(row.name) is None and (path := config.get(row.name)).startswith("~"):
            config.set(row.name, os.fsencode(os.path.expanduser(path)))


def _set(config: _native.Config, name: str, value: object) -> None:
    row = setting_named(name)
    is_list = row is not None and row.type == "list"
    if not is_list or not isinstance(value, Iterable) or isinstance(value, (str, bytes, Mapping)):
        config.set(name, _encoded(name, value))
        return
    items = [_list_item(name, item) for item in value]
    config.set(name, b"" if items else b"[]")  # instead of the default
    for text in items:
        config.add(name, text)


def kind_of(row: Setting) -> str:
    """The type of a setting, or "time" for a text that is a time."""
    return "time" if row.name in TIMES else row.type


def _encoded(name: str, value: object) -> bytes:
    row = setting_named(name)
    assert row is not None
    kind = kind_of(row)
    text = _time_text(name, value) if kind == "time" else _converted(row, value)
    try:
        encoded = os.fsencode(text) if row.type == "path" else text.encode() if isinstance(text, str) else None
    except UnicodeEncodeError:
        encoded = None
    if encoded is None or b"\0" in encoded:
        # The message does not show a path, because it may be a secret that was meant for another setting.
        shown = "" if row.secret or kind in ("path", "string", "time") else f", not {value!r}"
        raise InvalidArgumentError(f"the setting {name} takes {_accepted[kind]}{shown}") from None
    return encoded


def _converted(row: Setting, value: object) -> str | bytes:
    """The value as text, or a path as bytes. Returns b"\\0" if the setting does not take the value."""
    if row.type == "path" and isinstance(value, (str, os.PathLike)):
        return path_of(value, f"the setting {row.name}")
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return ("true" if value else "false") if row.type == "boolean" else b"\0"
    if isinstance(value, Real) and row.type in ("duration", "size", "integer"):
        number = value if isinstance(value, int) else float(value)
        return str(int(number) if number == number // 1 else number)
    if isinstance(value, timedelta) and row.type == "duration":
        return f"{value.total_seconds()}s"
    return b"\0"


def _time_text(name: str, value: object) -> str | bytes:
    """A time in RFC 3339, in UTC. Returns b"\\0" if the setting does not take the value."""
    if not isinstance(value, datetime):
        return value if isinstance(value, str) else b"\0"
    if value.tzinfo is None or value.utcoffset() is None:
        raise InvalidArgumentError(
            f"the setting {name} takes a datetime with a time zone, and this one has none: give it one, as in "
            "datetime(2026, 2, 13, 8, tzinfo=timezone.utc)"
        )
    try:
        return value.astimezone(timezone.utc).replace(tzinfo=None).isoformat() + "Z"
    except OverflowError:  # before the year 1 or after 9999 in UTC
        return b"\0"


def encoded(what: str, text: object) -> bytes:
    """Text for the native module. Other types are refused here, because the native module's message shows the value."""
    if isinstance(text, str):
        with suppress(UnicodeEncodeError):
            return text.encode()
    raise InvalidArgumentError(f"{what} is not text")


def _list_item(name: str, item: object) -> bytes:
    if isinstance(item, str) and item and "\0" not in item:
        with suppress(UnicodeEncodeError):
            return item.encode()
    raise InvalidArgumentError(f"the setting {name} is a list of texts; {item!r} is none")


_accepted = {
    "string": "text",
    "path": "a path",
    "boolean": "True or False",
    "integer": "a whole number",
    "duration": "seconds, a timedelta, or text such as '250ms' or '5m'",
    "size": "bytes, or text such as '64KiB'",
    "choice": "text",
    "time": "a datetime with a time zone, or text such as '2026-02-13T08:00:00Z'",
    "list": "a list of texts, or text with commas",
}


def takes_settings(*scopes: str) -> Callable[[_Function], _Function]:
    """Adds the settings of ``**settings`` to the signature and the docstring, for `help()` and editors."""

    def decorate(function: _Function) -> _Function:
        signature = inspect.signature(function)
        own = [p for p in signature.parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]
        rows = [row for row in settings() if _belongs(row, scopes) and row.name not in signature.parameters]
        keywords = [inspect.Parameter(row.name, inspect.Parameter.KEYWORD_ONLY, default=None) for row in rows]
        function.__signature__ = signature.replace(parameters=own + keywords)  # type: ignore[attr-defined]
        function.__doc__ = inspect.cleandoc(function.__doc__ or "") + "\n\nSettings:\n" + "\n".join(map(_line, rows))
        return function

    return decorate


def _belongs(row: Setting, scopes: tuple[str, ...]) -> bool:
    decrypts = row.name.startswith("private_key") or row.name in ("durability", "allow_plaintext")
    return row.scope in scopes or ("decrypt" in scopes and decrypts)


def _line(row: Setting) -> str:
    default = f", default {row.default}" if row.default else ""
    return f"    {row.name} ({kind_of(row)}{': ' + row.choices if row.choices else ''}{default}): {row.help}"
