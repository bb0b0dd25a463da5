"""Checks the views of the presets against the CSV files that they are made from.

usage: python3 tests/tables/presets_reference.py REPOSITORY
"""

import csv
import json
import subprocess
import sys
from pathlib import Path

GENERATIONS = ("stu3", "v2", "v3")
REPOSITORY = Path(sys.argv[1])
PRESETS = REPOSITORY / "core" / "tables" / "presets"
EXPECTED = REPOSITORY / "tests" / "tables" / "samples" / "expected"


def rows(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def columns(selects):
    """The columns of selects in the order of the table. All branches of a unionAll have the same ones."""
    for select in selects:
        yield from select.get("column", [])
        yield from columns(select.get("select", []))
        yield from columns(select.get("unionAll", [])[:1])


def paths(part):
    """All paths of a view, with those of forEach and where."""
    for name, value in part.items():
        if name in ("path", "forEach"):
            yield value
        elif isinstance(value, list):
            for each in value:
                yield from paths(each)


def given_paths(generation, table):
    """The paths that the CSV files give to a table. `=` repeats the one of the generation before."""
    of_table = [row for name in ("tables.csv", "columns.csv") for row in rows(PRESETS / name) if row["table"] == table]
    for row in of_table:
        for cell in ("where", "for_each", "path"):
            cells = [row.get(f"{cell}_{each}", "") for each in GENERATIONS[: GENERATIONS.index(generation) + 1]]
            yield next((text for text in reversed(cells) if text != "="), "=")
    if table == "claim_amount":
        for row in rows(PRESETS / "amount_sources.csv"):
            if generation in row["generations"].split():
                yield from (row[cell] for cell in ("for_each", "code", "code_system", "amount", "quantity"))


def problems():
    made = subprocess.run([sys.executable, PRESETS / "make.py", "--check"], stdout=subprocess.PIPE, encoding="utf-8")
    yield from made.stdout.splitlines()
    if made.returncode and not made.stdout:
        yield "make.py --check fails"
    tables = [row["table"] for row in rows(PRESETS / "tables.csv")]
    wanted = {table: [] for table in tables}
    for row in rows(PRESETS / "columns.csv"):
        if row["table"] not in wanted:
            yield f"columns.csv has the table {row['table']}, which tables.csv has not"
        wanted.setdefault(row["table"], []).append((row["column"], row["type"], bool(row["list"])))
    for generation in GENERATIONS:
        views = {path.stem for path in (PRESETS / generation).glob("*.json")}
        if views != set(tables):
            yield f"{generation} has other tables than tables.csv"
        for table in views & set(tables):
            place = f"{generation}/{table}.json"
            view = json.loads((PRESETS / place).read_text(encoding="utf-8"))
            found = [(each["name"], each["type"], each.get("collection", False)) for each in columns(view["select"])]
            if found != wanted[table]:
                yield f"{place} has other columns than columns.csv, or another order"
            unused = {path for path in given_paths(generation, table) if path} - set(paths(view))
            yield from (f"{place} does not use the path {path}" for path in sorted(unused))
            header = (EXPECTED / generation / f"{table}.csv").read_text(encoding="utf-8").splitlines()[0].split(",")
            if header != [name for name, _, _ in wanted[table]]:
                yield f"the expected rows of {place} have other columns"


found_problems = list(problems())
print("\n".join(found_problems) or "the presets agree with their CSV files")
sys.exit(1 if found_problems else 0)
