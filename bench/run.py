#!/usr/bin/env python3
"""Measures exports and decryption beside what users would take instead, from the same nginx over TLS 1.3 on loopback.

Each figure names its aim. `bench/measure.py` says how a figure is measured. Without names all figures are measured,
which takes half an hour and 33 GB in the directory --work; the figure `decrypt` needs 9 GB in --memory
and 13 GB of memory besides.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import clients
from measure import Rounds, Step, Taken, arguments, measure, take_turns
from service import HERE, Files, Service, service, workspace

MIB, GIB, KB = 1 << 20, 1 << 30, 1000


@dataclass(frozen=True)
class Claim:
    """A ratio or an amount, and the most that it may be. An aim of None: only for comparison."""

    text: str
    value: float
    aim: float | None = None

    def row(self) -> str:
        aim, verdict = ("", "") if self.aim is None else (f"{self.aim:g}", "yes" if self.value <= self.aim else "NO")
        return f"| {self.text} | {self.value:.2f} | {aim} | {verdict} |"


@dataclass
class Bench:
    """What the figures need, and what they found."""

    args: argparse.Namespace
    work: Path
    claims: list[Claim]
    rows: dict[str, dict[str, list[Taken]]]

    def serve(self, files: Files) -> contextlib.AbstractContextManager[Service]:
        return service(files, self.args.seal, self.work)

    def compare(self, title: str, plan: Mapping[str, Step], service: Service) -> Rounds:
        rounds = take_turns(plan, self.args.rounds, service.directory / "out", service)
        print(f"\n{title}\n{rounds.table()}", flush=True)
        self.rows[title] = rounds.taken
        return rounds

    def claim(self, text: str, value: float, aim: float | None = None) -> None:
        self.claims.append(Claim(text, value, aim))
        print(f"{text}: {value:.2f}" + (f" (aim: at most {aim:g})" if aim else ""), flush=True)


FIGURES: dict[str, Callable[[Bench], None]] = {}


def figure(function: Callable[[Bench], None]) -> Callable[[Bench], None]:
    FIGURES[function.__name__] = function
    return function


def against_curl(bench: Bench, files: Files, wall: float, cpu: float | None = None, rss: float | None = None) -> None:
    """An export beside `curl -Z`, which only downloads. Neither makes its files durable."""
    with bench.serve(files) as serving:
        out = serving.directory / "out"
        plan = {"curl -Z": clients.curl(serving, out), "bcda export": clients.export(bench.args.bcda, serving, out)}
        if bench.args.than:
            plan["the other's"] = clients.export(bench.args.than, serving, out)
        if not files.gzip and files.count <= 5000:
            plan["aria2c"] = clients.aria2(serving, out)
        elif files.gzip and not files.closes:
            plan["smart-fetch"] = clients.smart_fetch(bench.args.smart_fetch, serving, out)
        rounds = bench.compare(str(files), plan, serving)
    for other in list(plan)[2:]:
        bench.claim(f"{files}: wall, of {other}", rounds.ratio("bcda export", other))
        bench.claim(f"{files}: CPU, of {other}", rounds.ratio("bcda export", other, "cpu"))
    bench.claim(f"{files}: wall, of curl -Z", rounds.ratio("bcda export", "curl -Z"), wall)
    bench.claim(f"{files}: CPU, of curl -Z", rounds.ratio("bcda export", "curl -Z", "cpu"), cpu)
    if rss:
        bench.claim(f"{files}: peak memory, MiB", rounds.median("bcda export").rss, rss)


@figure
def large(bench: Bench) -> None:
    against_curl(bench, Files(8, 128 * MIB), wall=0.90, cpu=1.10)


def durable_against_curl(bench: Bench, files: Files, aim: float | None = None) -> None:
    """With durability=power, which is the default, beside `curl -Z` and then `sync`."""
    with bench.serve(files) as serving:
        out = serving.directory / "out"
        plan = {
            "curl -Z; sync": clients.then_sync(clients.curl(serving, out)),
            "bcda export, power": clients.export(bench.args.bcda, serving, out, "power"),
        }
        rounds = bench.compare(f"{files}, durable", plan, serving)
    bench.claim(f"{files}, durable: wall, of curl -Z; sync", rounds.ratio("bcda export, power", "curl -Z; sync"), aim)


@figure
def durable(bench: Bench) -> None:
    durable_against_curl(bench, Files(8, 128 * MIB), aim=0.80)


@figure
def durable_small(bench: Bench) -> None:
    durable_against_curl(bench, Files(2000, 50 * KB))


@figure
def small(bench: Bench) -> None:
    against_curl(bench, Files(2000, 50 * KB), wall=1.00)


@figure
def small_closed(bench: Bench) -> None:
    against_curl(bench, Files(2000, 50 * KB, closes=True), wall=0.50)


@figure
def tiny_closed(bench: Bench) -> None:
    against_curl(bench, Files(20000, 2 * KB, closes=True), wall=0.50, rss=40)


@figure
def gzip(bench: Bench) -> None:
    against_curl(bench, Files(bench.args.gzip_files, 80 * 1000 * KB, gzip=True), wall=0.70)


@figure
def gzip_closed(bench: Bench) -> None:
    """As today's BCDA sends them."""
    against_curl(bench, Files(5000, 100 * KB, gzip=True, closes=True), wall=0.50)


def with_tables(bench: Bench, files: Files) -> None:
    """An export that makes a table on its way: all columns of claim_line."""
    with bench.serve(files) as serving:
        out = serving.directory / "out"
        plan = {
            "curl -Z": clients.curl(serving, out),
            "bcda export": clients.export(bench.args.bcda, serving, out),
            "bcda export --tables": clients.export(bench.args.bcda, serving, out, "process", "--tables", "claim_line"),
        }
        rounds = bench.compare(f"tables, {files}", plan, serving)
    bench.claim(f"tables, {files}: CPU without them, of curl -Z", rounds.ratio("bcda export", "curl -Z", "cpu"))
    bench.claim(f"tables, {files}: CPU, of curl -Z", rounds.ratio("bcda export --tables", "curl -Z", "cpu"), 2)


@figure
def tables(bench: Bench) -> None:
    with_tables(bench, Files(4, 128 * MIB, claims=True))


@figure
def tables_gzip(bench: Bench) -> None:
    with_tables(bench, Files(4, 128 * MIB, gzip=True))


@figure
def memory(bench: Bench) -> None:
    """The peak of one large file, and of a smaller one, over that of a client that has next to nothing to do."""
    peaks = {}
    for size in (1 * KB, 64 * MIB, 4 * GIB):
        files = Files(1, size)
        with bench.serve(files) as serving:
            out = serving.directory / "out"
            plan = {"bcda export": clients.export(bench.args.bcda, serving, out)}
            peaks[size] = bench.compare(f"memory, {files}", plan, serving).median("bcda export").rss
    for size in (64 * MIB, 4 * GIB):
        bench.claim(f"{Files(1, size)}: peak memory over that of 1 KB, MiB", peaks[size] - peaks[1 * KB], 24)


def decrypt_beside_others(
    bench: Bench, files: Files, of_cp: float | None = None, of_python: float | None = None
) -> None:
    with workspace(bench.args.memory) as work, service(files, bench.args.seal, work) as serving:
        out, directory = serving.directory / "out", serving.directory
        (name,) = serving.urls()
        key = json.loads((directory / "manifest.json").read_text())["output"][0]["encryptedKey"]
        source, private = directory / name, directory / "private.pem"
        bcda = [bench.args.bcda, "decrypt", source, "--private-key", private, "--key", key, "--out", out]
        script = " ".join(map(str, [sys.executable, HERE / "peer_decrypt.py", private, key, name, source]))
        plan = {
            "cp": ["sh", "-c", f"mkdir -p {out} && cp {source} {out}/{name}"],
            "bcda decrypt": [*map(str, bcda), "--durability", "process"],
            "Python": ["sh", "-c", f"mkdir -p {out} && exec {script} >{out}/{name}"],
            "Python, in pieces": ["sh", "-c", f"mkdir -p {out} && exec {script} {out}/{name}"],
        }
        rounds = bench.compare(f"decryption, {files}", plan, serving)
    bench.claim(f"decryption, {files}: wall, of cp", rounds.ratio("bcda decrypt", "cp"), of_cp)
    bench.claim(f"decryption, {files}: wall, of Python", rounds.ratio("bcda decrypt", "Python"), of_python)
    bench.claim(f"decryption, {files}: wall, of Python in pieces", rounds.ratio("bcda decrypt", "Python, in pieces"))


@figure
def decrypt(bench: Bench) -> None:
    """`bcda decrypt` beside a copy, and beside scripts with Python's `cryptography`; all in memory (tmpfs). One script has the
    file in memory three times, so a machine of 24 GiB has little left with 4 GiB, and enough with 1 GiB."""
    decrypt_beside_others(bench, Files(1, GIB))
    decrypt_beside_others(bench, Files(1, 4 * GIB), of_cp=1.5, of_python=0.15)


@figure
def one_file(bench: Bench) -> None:
    """From the call to the result of an export of one small file, over the requests that it needs, sent one after another
    on a kept connection. Both are timed within a process that runs already. The export waits for 1 ms before it asks for
    the status, because a pause is a setting."""
    with bench.serve(Files(1, 1 * KB)) as serving:
        out = serving.directory / "out"
        values = json.dumps({**clients.settings(serving, out), "poll_interval": "1ms"})

        def timed(what: str) -> Callable[[], Taken]:
            def run() -> Taken:
                shutil.rmtree(out, ignore_errors=True)
                return Taken(float(subprocess.check_output([bench.args.one_file, what, values], text=True)))

            return run

        rounds = bench.compare("one file", {"export": timed("export"), "requests": timed("requests")}, serving)
    over = rounds.median("export").wall - rounds.median("requests").wall
    bench.claim("one file: call to result over its requests, ms", over * 1000, 5)


@figure
def growth(bench: Bench) -> None:
    """Time for each GiB and for each file, as exports grow, beside `curl -Z`: beyond what the system keeps in memory, both wait
    for the disk. One round each."""
    for kind, cases in {
        "GiB": [Files(1, GIB), Files(4, GIB), Files(16, GIB)],
        "file": [Files(count, 2 * KB) for count in (10, 1000, 10_000, 100_000)],
    }.items():
        for files in cases:
            with bench.serve(files) as serving:
                out = serving.directory / "out"
                other = measure(clients.curl(serving, out), out)
                taken = measure(clients.export(bench.args.bcda, serving, out), out)
            amount = files.count * files.size / GIB if kind == "GiB" else files.count / 1000
            unit = "1 GiB" if kind == "GiB" else "1,000 files"
            bench.claim(f"growth, {files}: seconds for {unit}", taken.wall / amount)
            bench.claim(f"growth, {files}: seconds of the processor for {unit}", taken.cpu / amount)
            bench.claim(f"growth, {files}: wall, of curl -Z", taken.wall / other.wall)
            bench.claim(f"growth, {files}: peak memory, MiB", taken.rss)


def environment() -> dict[str, str]:
    cpu = next((line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), "")
    return {
        "cpu": cpu.partition(": ")[2],
        "cores": str(os.cpu_count()),
        "kernel": platform.release(),
        "curl": subprocess.check_output(["curl", "--version"], text=True).splitlines()[0],
    }


def parse_arguments() -> argparse.Namespace:
    parser = arguments(__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help=f"one of {', '.join(FIGURES)}; default: all")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--one-file", required=True, help="bench_one_file")
    parser.add_argument("--than", help="also compares with this other build of the command")
    parser.add_argument("--smart-fetch", default="smart-fetch", help="its command")
    parser.add_argument("--gzip-files", type=int, default=25, help="how many files of 80 MB the figure gzip has")
    parser.add_argument("--memory", default="/dev/shm", help="directory in memory (tmpfs)")
    parser.add_argument("--json", type=Path, help="writes all rounds and claims there")
    args = parser.parse_args()
    unknown = set(args.figures) - FIGURES.keys()
    if unknown:
        parser.error(f"there is no figure {', '.join(sorted(unknown))}; there are {', '.join(FIGURES)}")
    return args


def main() -> None:
    args = parse_arguments()
    with workspace(args.work) as work:
        bench = Bench(args, work, [], {})
        for name in args.figures or FIGURES:
            FIGURES[name](bench)
    print("\n| figure | measured | aim: at most | met |\n|---|---|---|---|")
    print("\n".join(claim.row() for claim in bench.claims))
    if args.json:
        found = {
            "environment": environment(),
            "rounds": args.rounds,
            "claims": [asdict(claim) for claim in bench.claims],
            "taken": {
                title: {n: [asdict(t) for t in rows] for n, rows in taken.items()}
                for title, taken in bench.rows.items()
            },
        }
        args.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
