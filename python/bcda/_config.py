"""From keyword arguments to a native configuration."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, Callable, TypeVar

from . import _native
from ._errors import InvalidArgumentError
from ._tables import Setting, setting_named, settings

_Function = TypeVar("_Function", bound=Callable[..., Any])


def make_config(
    values: Mapping[str, object], *, config_file: str | os.PathLike[str] | None = None, env: bool = False
) -> _native.Config:
    """A configuration of `values`, then of what the file has, then of the environment: the first one counts.

    None stands for the default. Raises InvalidArgumentError, which names the setting and what it takes.
    """
    config = _native.Config()
    for name, value in values.items():
        if callable(value):
            config.set_provider(name, value)
        elif value is not None:
            config.set(name, _as_text(name, value))
    if config_file is not None:
        config.load_file(os.fsencode(config_file))
    if env:
        config.load_env()
    return config


def _as_text(name: str, value: object) -> str | bytes:
    row = setting_named(name)
    kind = row.type if row else "string"
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        if kind == "boolean":
            return "true" if value else "false"
    elif isinstance(value, (int, float)):
        if kind in ("duration", "size", "integer"):
            return str(value)
    elif isinstance(value, timedelta):
        if kind == "duration":
            return f"{value.total_seconds()}s"
    elif isinstance(value, os.PathLike):
        if kind == "path":
            return os.fsencode(value)
    elif isinstance(value, Iterable) and not isinstance(value, (bytes, Mapping)) and kind == "list":
        return ",".join(_list_item(name, item) for item in value)
    shown = "" if row and row.secret else f", not {value!r}"
    raise InvalidArgumentError(f"the setting {name} takes {_accepted[kind]}{shown}")


def _list_item(name: str, item: object) -> str:
    if isinstance(item, str) and item and "," not in item:
        return item
    raise InvalidArgumentError(f"the setting {name} is a list of texts without commas; {item!r} is none")


_accepted = {
    "string": "text",
    "path": "a path",
    "boolean": "True or False",
    "integer": "a whole number",
    "duration": "seconds, a timedelta, or text such as '250ms' or '5m'",
    "size": "bytes, or text such as '64KiB'",
    "choice": "text",
    "list": "a list of texts, or text with commas",
}


def takes_settings(*scopes: str) -> Callable[[_Function], _Function]:
    """Lets `help()` and editors see the settings behind ``**settings``: in the signature and in the docstring."""

    def decorate(function: _Function) -> _Function:
        signature = inspect.signature(function)
        own = [p for p in signature.parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]
        rows = [row for row in settings() if row.scope in scopes and row.name not in signature.parameters]
        keywords = [inspect.Parameter(row.name, inspect.Parameter.KEYWORD_ONLY, default=None) for row in rows]
        function.__signature__ = signature.replace(parameters=own + keywords)  # type: ignore[attr-defined]
        function.__doc__ = inspect.cleandoc(function.__doc__ or "") + "\n\nSettings:\n" + "\n".join(map(_line, rows))
        return function

    return decorate


def _line(row: Setting) -> str:
    default = f", default {row.default}" if row.default else ""
    return f"    {row.name} ({row.type}{': ' + row.choices if row.choices else ''}{default}): {row.help}"
