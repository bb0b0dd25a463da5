#!/usr/bin/env python3
"""Checks that each test named in docs/protocol.md and docs/reliability.md exists in the sources.

usage: protocol_reference.py TESTS PAGE...

The last cell of each row names tests, in code spans with commas between them, or says "no test". A test is
`Suite.Name` or `Suite.Name/Value` (GoogleTest; the value is the name of one parameter of a TEST_P),
`test_file.py::test_name`, or `soak/file.py::function` (a part of `./dev soak`).
"""

import re
import sys
from pathlib import Path

GOOGLE_TEST = re.compile(r"^TEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\s*\)", re.MULTILINE)
NAMED = re.compile(
    r"(?P<suite>\w+)\.(?P<name>\w+)(?:/(?P<value>\w+))?"
    r"|(?P<file>test_\w+\.py|soak/\w+\.py)::(?P<function>\w+)"
)


def google_tests(directory):
    """Maps (suite, name) to the text of the files that have the test."""
    found = {}
    for path in sorted(directory.rglob("*.cpp")):
        text = path.read_text(encoding="utf-8")
        for test in GOOGLE_TEST.findall(text):
            found[test] = found.get(test, "") + text
    return found


def python_tests(directory):
    """The pairs (file, function)."""
    found = {
        (path.name, function)
        for path in directory.rglob("test_*.py")
        for function in re.findall(r"^\s*(?:async )?def (test_\w+)\(", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    return found | {
        (f"soak/{path.name}", function)
        for path in directory.glob("soak/*.py")
        for function in re.findall(r"^def (\w+)\(", path.read_text(encoding="utf-8"), re.MULTILINE)
    }


def cells(line):
    return [cell.strip() for cell in line.strip().strip("|").split(" | ")]


def rows_of(page):
    """Each row of the tables of a page, without heads: its place, its cells, and how many its head has."""
    lines = Path(page).read_text(encoding="utf-8").splitlines()
    columns = 0
    for number, line in enumerate(lines, 1):
        is_head = number < len(lines) and lines[number].startswith("| ---")
        if is_head:
            columns = len(cells(line))
        elif line.startswith("| ") and not line.startswith("| ---"):
            yield f"{page}:{number}", cells(line), columns


def objection(name, google, python):
    """What is wrong with the name of a test; "" if nothing."""
    match = re.fullmatch(f"`(?:{NAMED.pattern})`", name)
    if not match:
        return f"{name} is neither a test's name in a code span nor 'no test'"
    known = (match["file"], match["function"]) in python if match["file"] else (match["suite"], match["name"]) in google
    if not known:
        return f"there is no test {name}"
    if match["value"] and f'"{match["value"]}"' not in google[match["suite"], match["name"]]:
        return f"the test {name} has no such value"
    return ""


def main(tests, *pages):
    google, python = google_tests(Path(tests)), python_tests(Path(tests))
    wrong = []
    for page in pages:
        rows, named = 0, 0
        for place, row, columns in rows_of(page):
            rows += 1
            if len(row) != columns or not all(row):
                wrong.append(f"{place}: a row has {columns} cells that say something")
                continue
            names = [] if row[-1] == "no test" else row[-1].split(", ")
            named += len(names)
            wrong += [f"{place}: {why}" for name in names if (why := objection(name, google, python))]
        if not named:
            wrong.append(f"{page} names no test")
        print(f"{page}: {rows} rows name {named} tests")
    print(*wrong, sep="\n", file=sys.stderr, end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
