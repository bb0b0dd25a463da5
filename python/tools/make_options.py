"""Writes bcda/_options.py: the settings and the sandbox's options as types, generated from the library's tables.

usage: python python/tools/make_options.py > python/bcda/_options.py     (./dev docs runs this)
"""

from __future__ import annotations

import bcda
from bcda._config import kind_of

HEADER = '''"""Settings and options as types, for editors and type checkers. ./dev docs generates this file."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Callable, Literal, TypedDict, Union

from ._destination import Out

Path = Union[str, "os.PathLike[str]", None]
Secret = Union[str, Callable[[], str], None]
Duration = Union[float, str, timedelta, None]
Size = Union[int, str, None]
Time = Union[str, datetime, None]
List = Union[str, Iterable[str], None]
OptionValue = Union[str, float, bool, timedelta, "os.PathLike[str]", None]'''

TYPES = {
    "string": "str | None",
    "path": "Path",
    "boolean": "bool | None",
    "integer": "int | None",
    "duration": "Duration",
    "size": "Size",
    "list": "List",
    "time": "Time",
}


def type_of(setting: bcda.Setting) -> str:
    if setting.secret:
        return "Secret"
    if setting.name == "out":
        return "Out | None"
    if setting.type == "choice":
        choices = ", ".join(f'"{choice}"' for choice in setting.choices.split(","))
        return f"Literal[{choices}] | None"
    return TYPES[kind_of(setting)]


def typed_dict(name: str, doc: str, fields: list[tuple[str, str, str]], base: str = "TypedDict") -> str:
    lines = [f"\n\n\nclass {name}({base}, total=False):", f'    """{doc}"""' + ("\n" if fields else "")]
    for field, kind, text in fields:
        lines += [f"    {field}: {kind}", f'    """{text}"""']
    return "\n".join(lines)


def rows(wanted: list[bcda.Setting]) -> list[tuple[str, str, str]]:
    return [(row.name, type_of(row), row.help) for row in wanted]


def main() -> None:
    table = bcda.settings()
    parameters = {"url", "types", "out"}  # these are named parameters of the functions
    export = [row for row in table if row.scope == "export" and row.name not in parameters]
    client = [row for row in table if row not in export and row.scope in ("client", "export") and row.name != "url"]
    tables = [row for row in table if row.scope == "table"]
    partitions = [row for row in table if row.scope == "partition" or row.name == "types"]
    decrypt = [
        row for row in table if row.name.startswith("private_key") or row.name in ("durability", "allow_plaintext")
    ]
    options = [
        (option.name, "OptionValue", option.help.splitlines()[0])
        for option in bcda.sandbox_options()
        if option.name not in ("beneficiaries", "fault")
    ]
    text = (
        HEADER
        + typed_dict("ExportSettings", "The settings of one export.", rows(export))
        + typed_dict("ClientSettings", "The settings of a client.", rows(client), "ExportSettings")
        + typed_dict("TableSettings", "The settings of a table.", rows(tables))
        + typed_dict(
            "CutSettings",
            "The settings of cutting partitions.",
            rows(partitions),
            "ExportSettings, TableSettings",
        )
        + typed_dict("PartitionSettings", "The settings of reading a partition.", [], "ClientSettings, CutSettings")
        + typed_dict("DecryptSettings", "The settings of `decrypt`.", rows(decrypt))
        + typed_dict("SandboxOptions", "The options of a sandbox.", options)
    )
    print(text)


if __name__ == "__main__":
    main()
