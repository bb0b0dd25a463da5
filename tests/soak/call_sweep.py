#!/usr/bin/env python3
"""Makes one system call or allocation of `bcda export` fail: the first of its kind, the second, and so on, until a run
passes without that failure. Each run has to end in time, with success or with a documented exit code and a message.
It leaves no wrong file, and the same command then completes the export.

usage: call_sweep.py BCDA NTH_CALL_LIBRARY [--scenarios A,B] [--kinds A,B,...] [--first N] [--each N]
                     [--jobs N]
"""
import argparse
import collections
import concurrent.futures
import errno
import itertools
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from soak import CODES, OK, Sandbox, Violation, check_receipt, contents, demand, existing, published, table

# What a call fails with; the numbers take turns.
KINDS = {
    "open": (errno.EMFILE, errno.EIO, errno.ENOSPC, errno.EACCES),
    "read": (errno.EIO,),
    "pread": (errno.EIO,),
    "write": (errno.ENOSPC, errno.EIO, errno.EDQUOT),
    "fsync": (errno.EIO, errno.ENOSPC),
    "fdatasync": (errno.EIO, errno.ENOSPC),
    "link": (errno.EIO, errno.ENOSPC, errno.EPERM),
    "rename": (errno.EIO, errno.ENOSPC),
    "unlink": (errno.EIO, errno.EACCES),
    "mkdir": (errno.ENOSPC, errno.EACCES),
    "close": (errno.EIO, errno.ENOSPC),
    "socket": (errno.EMFILE, errno.ENOBUFS),
    "connect": (errno.ECONNREFUSED, errno.ENETUNREACH, errno.ETIMEDOUT),
    "send": (errno.ECONNRESET, errno.EPIPE),
    "recv": (errno.ECONNRESET, errno.ETIMEDOUT),
    "start": (errno.ENOMEM,),   # an allocation while the command reads its arguments
    "malloc": (errno.ENOMEM,),  # one of the engine
}
EVERY_ALLOCATION, THEN_EACH = {"start": 100, "malloc": 2000}, 97
TIME_LIMIT = 20
FAILURES = {1, 2, 3, 4, 5}


class Scenario:
    """An export that a sweep repeats: a new one, or one that goes on where a run was killed."""

    def __init__(self, name, bcda, sandbox, directory, start):
        self.name, self.bcda, self.env, self.directory = name, bcda, sandbox.env, directory
        self.start = start  # a directory to begin with; None: none
        self.expected = None

    def command(self, out):
        return [self.bcda, "export", "--types", "Patient", "--durability", "power", "--out", out]

    def plain(self, out):
        return subprocess.run(self.command(out), env=self.env, capture_output=True, timeout=60)

    def learn(self):
        """What an undisturbed run publishes."""
        out = self.prepared()
        run = self.plain(out)
        demand(run.returncode == OK, f"the undisturbed export ended with {run.returncode}: {run.stderr.decode()}")
        self.expected = contents(out)
        shutil.rmtree(out.parent)

    def count(self, shim):
        """How many calls of each kind an undisturbed run has."""
        out = self.prepared()
        counts = out.parent / "counts"
        run = subprocess.run(self.command(out), env={**self.env, "LD_PRELOAD": str(shim), "NTH_COUNTS": str(counts)},
                             capture_output=True, timeout=60)
        demand(run.returncode == OK, f"the undisturbed export ended with {run.returncode}: {run.stderr.decode()}")
        found = {name: int(number) for name, number in map(str.split, counts.read_text().splitlines())}
        demand(found["malloc"] > 1000, "the library does not see the calls of the command")
        shutil.rmtree(out.parent)
        return found

    def prepared(self):
        out = pathlib.Path(tempfile.mkdtemp(dir=self.directory)) / "out"
        if self.start:
            shutil.copytree(self.start, out)
        return out

    def check_files(self, out):
        left = list(self.expected)
        for path, (_, _, found) in published(out).items():
            demand(found in left, f"{path} is wrong")
            left.remove(found)
        if (out / "export.json").exists():
            check_receipt(out)
            demand(not left, "there is a receipt, but not each file")

    def point(self, shim, kind, number):
        """One run with a failure, and one without. Returns the exit code; None: the call did not happen."""
        out = self.prepared()
        mark = out.parent / "mark"
        codes = KINDS[kind]
        code = codes[number % len(codes)]
        env = {**self.env, "LD_PRELOAD": str(shim), "NTH_KIND": kind, "NTH_CALL": str(number), "NTH_ERRNO": str(code),
               "NTH_MARK": str(mark)}
        where = f"{self.name}, {kind} {number}, {errno.errorcode[code]}: "
        try:
            with open(out.parent / "stdout", "wb") as stdout:
                run = subprocess.run(self.command(out), env=env, stdout=stdout, stderr=subprocess.PIPE, timeout=TIME_LIMIT)
        except subprocess.TimeoutExpired:
            raise Violation(where + f"it did not end within {TIME_LIMIT} s") from None
        fired = mark.exists()
        text = run.stderr.decode(errors="replace")
        try:
            demand(run.returncode in FAILURES | {OK}, f"exit code {run.returncode}: {text}")
            demand(run.returncode == OK or text.strip(), f"exit code {run.returncode} without a message")
            demand(fired or run.returncode == OK, f"nothing failed, but the exit code is {run.returncode}: {text}")
            self.check_files(out)
            if run.returncode == OK:
                demand((out / "export.json").exists(), "exit code 0, but there is no receipt")
            if not (out / "export.json").exists():
                again = self.plain(out)
                demand(again.returncode == OK, f"after {run.returncode} ({text.strip()}) the same command ended with "
                                               f"{again.returncode}: {again.stderr.decode()}")
                self.check_files(out)
                demand((out / "export.json").exists(), "the same command has left no receipt")
        except Violation as violation:
            if run.returncode == -signal.SIGSEGV and any(KNOWN in name for name in callers(mark)):
                return run.returncode
            raise Violation(where + str(violation) + "\ncallers: " + ", ".join(callers(mark)[:8])) from None
        shutil.rmtree(out.parent)
        return run.returncode if fired else None


def half_done(scenario):
    """The directory of an export that was killed when files of it were under way."""
    out = scenario.prepared()
    run = subprocess.Popen(scenario.command(out), env=scenario.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 30
    journal = out / ".bcda/journal.ndjson"
    while run.poll() is None and time.monotonic() < until:
        if journal.exists() and b'"part"' in journal.read_bytes():
            break
        time.sleep(0.002)
    run.kill()
    run.wait()
    demand(not (out / "export.json").exists() and journal.exists(), "the export ended before it could be killed")
    return out


def numbers(kind):
    """The calls that fail, in their order."""
    every = EVERY_ALLOCATION.get(kind)
    if every is None:
        yield from itertools.count(1)
    else:
        yield from range(1, every + 1)
        yield from itertools.count(every + THEN_EACH, THEN_EACH)


MOST_SHOWN = 20
# Boost.Asio: when there is no memory for the mutex of a strand, the destructor of the unfinished strand reads a null
# pointer. Happens with the first strands of a process alone, which share 193 mutexes.
KNOWN = "strand_executor_service::create_implementation"


def callers(mark):
    """The functions that led to the failing call, as far as addr2line knows them."""
    found = []
    for file, offset in re.findall(r"^(.*?)\(\+(0x[0-9a-f]+)\)", mark.read_text() if mark.exists() else "", re.MULTILINE):
        try:
            found += subprocess.run(["addr2line", "-Cfe", file, offset], capture_output=True, text=True).stdout.split("\n")[:1]
        except OSError:
            return []
    return found


class Sweep:
    def __init__(self, shim, jobs):
        self.shim, self.jobs = shim, jobs
        self.points = collections.Counter()
        self.codes = collections.Counter()
        self.violations = []

    def one(self, scenario, kind, number):
        try:
            return scenario.point(self.shim, kind, number)
        except Violation as violation:
            self.violations.append(str(violation))
            if len(self.violations) <= MOST_SHOWN:
                print(f"FAILED: {violation}", file=sys.stderr, flush=True)
            return -1

    def batch(self, scenario, points):
        """Returns how many of the calls did not happen."""
        with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
            codes = list(pool.map(lambda point: self.one(scenario, *point), points))
        for (kind, _), code in zip(points, codes):
            if code is not None:
                self.points[kind] += 1
                self.codes[code] += 1
        return codes.count(None)

    def all(self, scenario, kind, first):
        """Goes on until the call did not happen in three runs, because runs with threads differ."""
        following = ((kind, number) for number in numbers(kind) if number >= first)
        passed = 0
        while passed < 3:
            passed += self.batch(scenario, list(itertools.islice(following, 2 * self.jobs)))

    def some(self, scenario, kinds, counts, each):
        """So many calls of each kind, spread over an export."""
        self.batch(scenario, [(kind, 1 + (2 * i + 1) * counts[kind] // (2 * each))
                              for kind in kinds for i in range(min(each, counts[kind]))])

    def report(self, seconds):
        rows = [(f"points: {kind}", self.points[kind]) for kind in KINDS if self.points[kind]]
        rows += [("points", sum(self.points.values()))]
        names = {**CODES, -1: "a broken promise", -signal.SIGSEGV: "the known fault of Boost.Asio"}
        rows += [(f"exit code {int(code)} ({names[code]})", count) for code, count in sorted(self.codes.items())]
        rows += [("broken promises", len(self.violations))]
        table(f"call sweep, {seconds:.0f} s", rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("bcda", type=existing)
    parser.add_argument("shim", type=existing)
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--scenarios", default="new,resumed")
    parser.add_argument("--each", type=int, help="try so many calls of each kind; by default all")
    parser.add_argument("--first", type=int, default=1, help="the call to begin with")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    options = parser.parse_args()
    directory = pathlib.Path(tempfile.mkdtemp(prefix="bcda-sweep-"))
    sweep, began = Sweep(options.shim, options.jobs), time.monotonic()
    try:
        with Sandbox(options.bcda, "--job-time", "0s", "--bytes-per-type", "2MiB", "--files-per-type", "2") as sandbox:
            new = Scenario("new", options.bcda, sandbox, directory, None)
            scenarios = {"new": new, "resumed": Scenario("resumed", options.bcda, sandbox, directory, half_done(new))}
            for name in options.scenarios.split(","):
                scenarios[name].learn()
                kinds = [kind for kind in options.kinds.split(",") if kind != "start" or name == "new"]
                counts = scenarios[name].count(options.shim)
                if options.each:
                    sweep.some(scenarios[name], kinds, counts, options.each)
                else:
                    for kind in kinds:
                        sweep.all(scenarios[name], kind, options.first)
                        print(f"{name}, {kind}: {counts[kind]} calls", flush=True)
    finally:  # also after Ctrl-C
        sweep.report(time.monotonic() - began)
    if sweep.violations:
        print(f"\nthe directories are kept: {directory}", file=sys.stderr)
        return 1
    shutil.rmtree(directory)
    return 0


if __name__ == "__main__":
    sys.exit(main())
