#!/usr/bin/env python3
"""Makes the tables in docs/tables/layers.md from bcda/layers/columns.csv and from the first comments of the SQL files.

usage: python3 python/tools/make_layers.py            writes the page
       python3 python/tools/make_layers.py --check    writes nothing, and fails if the page would change
"""

from __future__ import annotations

import csv
import re
import sys
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LAYERS = ROOT / "python" / "bcda" / "layers"
PAGE = ROOT / "docs" / "tables" / "layers.md"
BEGIN = "<!-- python/tools/make_layers.py writes what follows. -->\n"
Row = dict[str, str]


def description(layer: str, table: str) -> str:
    """The comment at the beginning of a view."""
    text = (LAYERS / layer / f"{table}.sql").read_text(encoding="utf-8")
    comment = text[: text.index("\nwith" if "\nwith" in text else "\nselect")]
    return " ".join(line.removeprefix("--").strip() for line in comment.splitlines())


def without_numbers(row: Row) -> tuple[str, ...]:
    """Equal for the columns of a series such as diagnosis_code_1 to diagnosis_code_25."""
    series = re.search(r"_(\d+)(_|$)", row["column"])
    source = row["source"].replace(series[1], "N") if series else row["source"]
    return re.sub(r"\d+", "N", row["column"]), row["type"], source, row["generations"]


def lines_of(rows: list[Row]) -> list[str]:
    lines = ["| column | type | source | generations |", "| --- | --- | --- | --- |"]
    for (_, kind, source, generations), group in groupby(rows, without_numbers):
        names = [f"`{row['column']}`" for row in group]
        name = names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"
        shown = "all" if generations == "stu3 v2 v3" else generations.replace(" ", ", ")
        lines.append(f"| {name} | {kind} | {source or 'none'} | {shown} |")
    return lines


def page(before: str) -> str:
    lines = []
    with (LAYERS / "columns.csv").open(encoding="utf-8", newline="") as file:
        for (layer, table), group in groupby(csv.DictReader(file), lambda row: (row["layer"], row["table"])):
            lines += ["", f"### {layer}.{table}", "", description(layer, table), "", *lines_of(list(group))]
    return before[: before.index(BEGIN)] + BEGIN + "\n".join(lines) + "\n"


if __name__ == "__main__":
    found = PAGE.read_text(encoding="utf-8")
    made = page(found)
    if sys.argv[1:] == ["--check"]:
        sys.exit(f"{PAGE} is older than its sources: run python/tools/make_layers.py" if made != found else 0)
    PAGE.write_text(made, encoding="utf-8")
