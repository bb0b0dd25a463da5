#!/usr/bin/env python3
"""Compares the reading of records by the Python package with a plain loop, in one process and over the same files."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import bcda
import clients
from measure import Taken, arguments, measure, take_turns
from service import Files, service, workspace


def parse(line: bytes) -> Any:
    """Each MiB of the generated files ends with a line that is not JSON, and a plain loop must be able to read them."""
    return json.loads(line) if line.startswith(b"{") else line


def plain_loop(paths: list[str], parse: Callable[[bytes], Any]) -> Iterator[Any]:
    for path in paths:
        with Path(path).open("rb") as file:
            for line in file:
                yield parse(line)


def timed(make: Callable[[], Iterator[Any]]) -> Callable[[], Taken]:
    def run() -> Taken:
        begin = time.perf_counter()
        for _ in make():
            pass
        return Taken(time.perf_counter() - begin)

    return run


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    with workspace(args.work) as work, service(Files(16, 128 << 20), args.seal, work) as serving:
        out = serving.directory / "claims"
        measure(clients.export(args.bcda, serving, out), out)
        result = bcda.ExportResult.open(str(out))
        paths = [file.path for file in result.files]
        plan = {
            "records(raw=True)": timed(lambda: result.records(raw=True)),
            "records()": timed(lambda: result.records(loads=parse)),
            "json.loads(line) for line in open()": timed(lambda: plain_loop(paths, parse)),
            "for line in open()": timed(lambda: plain_loop(paths, lambda line: line)),
        }
        rounds = take_turns(plan, args.rounds, serving.directory / "out")
    print(f"{sys.version.split()[0]}, {sum(file.bytes for file in result.files) / 2**30:.1f} GiB\n{rounds.table()}")
    ratio = rounds.ratio("json.loads(line) for line in open()", "records(raw=True)")
    print(f"records(raw=True) is {ratio:.1f} times as fast as json.loads(line) (aim: at least 10)")


if __name__ == "__main__":
    main()
