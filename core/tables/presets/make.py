#!/usr/bin/env python3
"""Makes the views of the presets, {stu3,v2,v3}/TABLE.json, and their pages in docs/tables from tables.csv, columns.csv
and amount_sources.csv.

usage: python3 core/tables/presets/make.py            writes the files
       python3 core/tables/presets/make.py --check    writes nothing, and fails if a file would change

A column of a CSV file whose name ends in _stu3, _v2 or _v3 is for that generation. Its value `=` repeats the value of
the generation before it. A column of a table without a path is null in that generation.
"""

import csv
import json
import sys
from pathlib import Path

PRESETS = Path(__file__).resolve().parent
DOCS = PRESETS.parents[2] / "docs" / "tables"
GENERATIONS = ("stu3", "v2", "v3")
NOTE = "<!-- core/tables/presets/make.py writes this {} from the CSV files beside it. -->\n"
NO_PATH = "{}"  # FHIRPath's empty collection


def read(file_name):
    with open(PRESETS / file_name, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        for cell in ("where", "for_each", "path"):
            for before, generation in zip(GENERATIONS, GENERATIONS[1:]):
                if row.get(f"{cell}_{generation}") == "=":
                    row[f"{cell}_{generation}"] = row[f"{cell}_{before}"]
    return rows


TABLES = read("tables.csv")
COLUMNS = {table["table"]: [row for row in read("columns.csv") if row["table"] == table["table"]] for table in TABLES}
AMOUNT_SOURCES = read("amount_sources.csv")


# The views


def is_required(row):
    """The key of the resource, which each row needs."""
    keys = {table["table"]: table["key"].split(", ")[0] for table in TABLES}
    return keys[row["table"]] == row["column"]


def column(row, path):
    made = {"name": row["column"], "path": path or NO_PATH, "type": row["type"], "description": row["description"]}
    if row["list"]:
        made["collection"] = True
    tags = []
    if row["type"] == "date":
        tags.append(("ansi/type", "DATE"))
    if row["type"] == "decimal":
        tags.append(("ansi/type", f"DECIMAL(18,{row['decimals']})"))
    if is_required(row):
        tags.append(("bcda/required", "true"))
    if row["cclf"]:
        tags.append(("cclf", row["cclf"]))
    if tags:
        made["tag"] = [{"name": name, "value": value} for name, value in tags]
    return made


def select(table, generation):
    made = {}
    if table[f"for_each_{generation}"]:
        made["forEach"] = table[f"for_each_{generation}"]
    made["column"] = [column(row, row[f"path_{generation}"]) for row in COLUMNS[table["table"]]]
    return made


def amount_branch(source):
    """One branch of claim_amount: the amounts of the claim, or of each line."""
    of_line = source["level"] == "line"
    paths = dict(source, level=f"'{source['level']}'", source=f"'{source['source']}'", amount_index="%rowIndex")
    if of_line:
        paths.update(line_index="%rowIndex", line_number="sequence")
    columns = [column(row, paths.get(row["column"])) for row in COLUMNS["claim_amount"][1:]]
    if not of_line:
        return {"forEach": source["for_each"], "column": columns}
    split = [made["name"] for made in columns].index("amount_index")
    return {
        "forEach": "item",
        "column": columns[:split],
        "select": [{"forEach": source["for_each"], "column": columns[split:]}],
    }


def selects(table, generation):
    if table["table"] != "claim_amount":
        return [select(table, generation)]
    key = COLUMNS["claim_amount"][0]
    branches = [amount_branch(row) for row in AMOUNT_SOURCES if generation in row["generations"].split()]
    return [{"column": [column(key, "getResourceKey()")]}, {"unionAll": branches}]


def view(table, generation):
    made = {
        "resourceType": "ViewDefinition",
        "name": table["table"],
        "status": "active",
        "description": table["description"],
        "resource": table["resource"],
    }
    if table[f"where_{generation}"]:
        made["where"] = [{"path": table[f"where_{generation}"]}]
    made["select"] = selects(table, generation)
    return made


# The pages


def markdown_table(heads, rows):
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join("| " + " | ".join(cells) + " |\n" for cells in lines)


def shown_type(row):
    name = f"decimal(18,{row['decimals']})" if row["type"] == "decimal" else row["type"]
    return f"list of {name}" if row["list"] else name


def shown_generations(generations):
    return "all" if len(generations) == len(GENERATIONS) else ", ".join(generations)


def names_with_path(made):
    """The columns that a view fills."""
    for part in made:
        yield from (each["name"] for each in part.get("column", []) if each["path"] != NO_PATH)
        yield from names_with_path(part.get("select", []) + part.get("unionAll", []))


def table_page(table):
    name = table["table"]
    filled = {generation: set(names_with_path(selects(table, generation))) for generation in GENERATIONS}
    rows = []
    for row in COLUMNS[name]:
        generations = [generation for generation in GENERATIONS if row["column"] in filled[generation]]
        rows.append(
            [f"`{row['column']}`", shown_type(row), row["description"], row["cclf"], shown_generations(generations)]
        )
    views = ", ".join(f"[{each}](../../core/tables/presets/{each}/{name}.json)" for each in GENERATIONS)
    return (
        NOTE.format("page")
        + f"# {name}\n\n{table['description']}\n\n"
        + f"- One row: {table['grain']}\n- Key: {table['key']}\n- Views: {views}\n\n"
        + markdown_table(["column", "type", "description", "CCLF", "generations"], rows)
    )


def index_page():
    """docs/tables/README.md is written by hand, but for the list of tables between two notes."""
    begin, end = NOTE.format("list"), "<!-- end of the list -->\n"
    text = (DOCS / "README.md").read_text(encoding="utf-8")
    before, after = text.split(begin)[0], text.split(end)[1]
    rows = [[f"[{row['table']}]({row['table']}.md)", row["grain"], row["key"], row["description"]] for row in TABLES]
    return before + begin + markdown_table(["table", "one row", "key", "content"], rows) + end + after


def files():
    for table in TABLES:
        for generation in GENERATIONS:
            text = json.dumps(view(table, generation), indent=1, ensure_ascii=False) + "\n"
            yield PRESETS / generation / f"{table['table']}.json", text
        yield DOCS / f"{table['table']}.md", table_page(table)
    yield DOCS / "README.md", index_page()


def main():
    if sys.argv[1:] not in ([], ["--check"]):
        sys.exit(__doc__)
    changed = [(path, text) for path, text in files() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if sys.argv[1:]:
        for path, _ in changed:
            print(f"{path} differs from what make.py writes")
        sys.exit(1 if changed else 0)
    for path, text in changed:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
