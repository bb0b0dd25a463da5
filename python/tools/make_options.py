"""Writes bcda/_options.py: the settings and the sandbox's options as types, made from the library's tables.

usage: python python/tools/make_options.py > python/bcda/_options.py     (./dev docs does it)
"""

from __future__ import annotations

import bcda

HEADER = '''"""Settings and options as types, for editors and type checkers; ./dev docs makes this file."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import timedelta
from typing import Callable, Literal, TypedDict, Union

from ._destination import Out

Path = Union[str, "os.PathLike[str]", None]
Secret = Union[str, Callable[[], str], None]
Duration = Union[float, str, timedelta, None]
Size = Union[int, str, None]
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
}


def type_of(setting: bcda.Setting) -> str:
    if setting.secret:
        return "Secret"
    if setting.name == "out":
        return "Out | None"
    if setting.type == "choice":
        choices = ", ".join(f'"{choice}"' for choice in setting.choices.split(","))
        return f"Literal[{choices}] | None"
    return TYPES[setting.type]


def typed_dict(name: str, doc: str, fields: list[tuple[str, str, str]], base: str = "TypedDict") -> str:
    lines = [f"\n\n\nclass {name}({base}, total=False):", f'    """{doc}"""\n']
    for field, kind, text in fields:
        lines += [f"    {field}: {kind}", f'    """{text}"""']
    return "\n".join(lines)


def rows(wanted: list[bcda.Setting]) -> list[tuple[str, str, str]]:
    return [(row.name, type_of(row), row.help) for row in wanted]


def main() -> None:
    table = bcda.settings()
    parameters = {"url", "types", "out"}  # of functions, by name
    export = [row for row in table if row.scope == "export" and row.name not in parameters]
    client = [row for row in table if row not in export and row.name != "url"]
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
        + typed_dict("ExportSettings", "What may be given for each export.", rows(export))
        + typed_dict("ClientSettings", "What a client takes.", rows(client), "ExportSettings")
        + typed_dict("DecryptSettings", "What `decrypt` takes.", rows(decrypt))
        + typed_dict("SandboxOptions", "What a sandbox takes.", options)
    )
    print(text)


if __name__ == "__main__":
    main()
