#!/usr/bin/env python3
"""Compares the Python package in one run: an export with the command (the same files, from the same nginx over TLS),
and reading records with a plain loop. ./dev bench-python runs this script and builds what it needs.

Every figure is a median of one run of this script, and every claim is a ratio of two figures.
"""

import json
import os
import statistics
import sys
import time

from run import arguments, commands, measure, service

EXPORT = """
import bcda, sys
origin, directory, out, durability = sys.argv[1:]
client = bcda.Client(origin, client_id="bench", client_secret_file=f"{directory}/secret", ca_file=f"{directory}/ca.pem",
                     private_key=f"{directory}/private.pem", poll_interval="10ms", durability=durability)
client.export(["ExplanationOfBenefit"], out=out)
"""


def exports(args, directory, origin, out):
    """Measures whole processes, including start and imports."""
    native = commands(args, directory, origin, out)
    plan = {}
    for durability in ("process", "power"):
        plan[f"bcda export, {durability}"] = native[f"bcda export, {durability}"]
        plan[f"python, {durability}"] = [sys.executable, "-c", EXPORT, origin, directory, out, durability]
    return plan


def read_all(make):
    """Seconds to read all records. The records are counted, so that every reader does the same work."""
    begin = time.perf_counter()
    count = sum(1 for _ in make())
    return time.perf_counter() - begin, count


def plain_loop(paths, parse):
    for path in paths:
        with open(path, "rb") as file:
            for line in file:
                yield parse(line)


def readers(out):
    import bcda

    result = bcda.ExportResult.open(out)
    # Each MiB of the generated files ends with a line that is not JSON, and a plain loop must be able to read them.
    paths = [file.path for file in result.files]

    def parse(line):
        return json.loads(line) if line.startswith(b"{") else line

    return sum(file.bytes for file in result.files), {
        "records(raw=True)": lambda: result.records(raw=True),
        "records()": lambda: result.records(loads=parse),
        "for line in open(): json.loads(line)": lambda: plain_loop(paths, parse),
        "for line in open()": lambda: plain_loop(paths, lambda line: line),
    }


def main():
    args = arguments(__doc__, files=16, mebibytes=128, rounds=5).parse_args()
    with service(args) as (directory, origin):
        out = f"{directory}/out"
        walls = {}
        for round_number in range(args.rounds + 1):  # the first round is a warm-up
            for name, command in exports(args, directory, origin, out).items():
                figures = measure(command, out)
                if round_number:
                    walls.setdefault(name, []).append(figures)
        print(f"{args.files} x {args.mebibytes} MiB, medians of {args.rounds} rounds, {os.cpu_count()} cores")
        for name, rows in walls.items():
            wall, cpu, rss = (statistics.median(column) for column in zip(*rows))
            print(f"{name:38}{wall:9.2f} s{cpu:9.2f} s CPU{rss:9.1f} MiB")
        for durability in ("process", "power"):
            pairs = zip(walls[f"python, {durability}"], walls[f"bcda export, {durability}"])
            ratio = statistics.median(ours[0] / theirs[0] for ours, theirs in pairs)
            print(f"python / bcda export, {durability}: {ratio:.3f} (aim: at most 1.05)")

        size, plan = readers(out)
        speeds = {}
        for round_number in range(args.rounds + 1):
            for name, make in plan.items():
                seconds, _ = read_all(make)
                if round_number:
                    speeds.setdefault(name, []).append(size / seconds)
        medians = {name: statistics.median(figures) for name, figures in speeds.items()}
        for name, speed in medians.items():
            print(f"{name:38}{speed / 1e9:9.3f} GB/s")
        ratio = medians["records(raw=True)"] / medians["for line in open(): json.loads(line)"]
        print(f"records(raw=True) / for line in open(): json.loads(line): {ratio:.1f} (aim: at least 10)")


if __name__ == "__main__":
    main()
