#!/usr/bin/env python3
"""Checks that each test named in docs/protocol.md exists in the sources.

usage: protocol_reference.py docs/protocol.md TESTS

The last cell of each row names tests, in code spans with commas between them, or says "no test". A test is
`Suite.Name` or `Suite.Name/Value` (GoogleTest; the value is the name of one parameter of a TEST_P) or
`test_file.py::test_name`.
"""

import re
import sys
from pathlib import Path

GOOGLE_TEST = re.compile(r"^TEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\s*\)", re.MULTILINE)
NAMED = re.compile(r"(?P<suite>\w+)\.(?P<name>\w+)(?:/(?P<value>\w+))?|(?P<file>test_\w+\.py)::(?P<function>test_\w+)")


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
    return {
        (path.name, function)
        for path in directory.rglob("test_*.py")
        for function in re.findall(r"^\s*(?:async )?def (test_\w+)\(", path.read_text(encoding="utf-8"), re.MULTILINE)
    }


def cells(line):
    """The cells of a row of a table; none of any other line, of a head and of the line below it."""
    if not line.startswith("| ") or line.startswith(("| ---", "| fact ")):
        return []
    return [cell.strip() for cell in line.strip().strip("|").split(" | ")]


def main(page, tests):
    google, python = google_tests(Path(tests)), python_tests(Path(tests))
    wrong, rows, named = [], 0, 0
    for number, line in enumerate(Path(page).read_text(encoding="utf-8").splitlines(), 1):
        row = cells(line)
        if not row:
            continue
        rows += 1
        if len(row) != 3 or not all(row):
            wrong.append(f"{page}:{number}: a row has three cells that say something")
            continue
        for name in [] if row[2] == "no test" else row[2].split(", "):
            named += 1
            match = re.fullmatch(f"`(?:{NAMED.pattern})`", name)
            if not match:
                wrong.append(f"{page}:{number}: {name} is neither a test's name in a code span nor 'no test'")
            elif match["file"]:
                if (match["file"], match["function"]) not in python:
                    wrong.append(f"{page}:{number}: there is no test {name}")
            elif (match["suite"], match["name"]) not in google:
                wrong.append(f"{page}:{number}: there is no test {name}")
            elif match["value"] and f'"{match["value"]}"' not in google[match["suite"], match["name"]]:
                wrong.append(f"{page}:{number}: the test {name} has no such value")
    if not named:
        wrong.append(f"{page} names no test")
    print(*wrong, sep="\n", file=sys.stderr, end="\n" if wrong else "")
    print(f"{rows} rows name {named} tests")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
