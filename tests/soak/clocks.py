#!/usr/bin/env python3
"""Exports whose wall clock is years off, or jumps forward and back while they run, by libfaketime (Debian: libfaketime).
Each succeeds, or says that the clock is wrong. Then a run with the right clock completes the directory.

usage: clocks.py BCDA [--quick]
"""
import argparse
import collections
import glob
import itertools
import shutil
import sys
import time

from proof import Proof
from soak import OK, Cases, demand, existing, table

LIBRARY = "/usr/lib/*/faketime/libfaketimeMT.so.1"
WRONG_CLOCK = ("the clock",)
DAY, YEAR = 86400, 365 * 86400
OFFSETS = (-10 * YEAR, -YEAR, -2 * DAY, -3600, -60, 60, 3600, 2 * DAY, YEAR, 10 * YEAR)
# An export of half a second, of which the job takes a part.
PACE = ("--job-time", "200ms")
SERVICES = {  # a client secret, and logins that the client signs with its time
    "bcda-2019": (("--bytes-per-type", "3MiB", "--files-per-type", "3", "--fault", "drip=8MiB:on=GET /data/", *PACE), "Patient"),
    "generic": (("--profile", "generic", "--status-retry-after", "0", "--beneficiaries", "2000", "--beneficiaries-per-file", "700",
                 *PACE), "Patient"),
    "generic without TLS": (("--profile", "generic", "--tls", "false", "--status-retry-after", "0", "--beneficiaries", "2000",
                             "--beneficiaries-per-file", "700", *PACE), "Patient"),
}


def faked(library, **more):
    return {"LD_PRELOAD": library, "DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1", **more}


def judge(proof, run, out):
    if run.code == OK:
        proof.check_complete(out)
    else:
        proof.failed_well(run, WRONG_CLOCK)
        proof.check(out)
        proof.complete(out)
    shutil.rmtree(out.parent)


def off(proof, library, offsets):
    """The clock is wrong from the start on."""
    ends = collections.Counter()
    for offset in offsets:
        out = proof.new_directory()
        run = proof.run(out, more_env=faked(library, FAKETIME=f"{offset:+}"))
        demand(run.code == OK or abs(offset) >= 60, f"the clock is off by {offset} s: {run.text}")
        judge(proof, run, out)
        ends["succeeded" if run.code == OK else "said that the clock is wrong"] += 1
    return ", ".join(f"{count} {name}" for name, count in sorted(ends.items()))


def jumps(proof, library, offsets):
    """The clock jumps between these offsets, many times a second, until the export ends."""
    out = proof.new_directory()
    clock = out.parent / "clock"
    clock.write_text("+0\n")  # the first jump comes when the export has begun
    run = proof.start(out, more_env=faked(library, FAKETIME_TIMESTAMP_FILE=str(clock), FAKETIME_NO_CACHE="1"))
    count = 0
    for offset in itertools.cycle(offsets):
        if not run.running:
            break
        new = clock.with_suffix(".new")
        new.write_text(f"{offset:+}\n")
        new.rename(clock)  # so that the library never reads a part of it
        count += 1
        time.sleep(0.02)  # the pace of the jumps
    run.wait()
    demand(count > 1, "the export ended before the clock jumped")
    judge(proof, run, out)
    return f"{count} jumps, " + ("succeeded" if run.code == OK else "said that the clock is wrong")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("bcda", type=existing)
    parser.add_argument("--quick", action="store_true", help="with few offsets")
    options = parser.parse_args()
    found = glob.glob(LIBRARY)
    if not found:
        table("clocks", [("in all", f"skipped: there is no {LIBRARY} (Debian and Ubuntu: the package libfaketime)")])
        return 0
    library = found[0]
    cases = Cases("clocks")
    offsets = (-YEAR, 3600) if options.quick else OFFSETS
    for name, (service, types) in list(SERVICES.items())[:2 if options.quick else None]:
        with Proof(options.bcda, cases.directory, service, settings=("--types", types, "--parallel", "2", "--retries", "2")) as proof:
            cases.run(f"{name}, off", lambda: off(proof, library, offsets))
            for words, between in (("an hour", (0, 3600, -3600)), ("years", (0, 10 * YEAR, 0, -10 * YEAR))):
                cases.run(f"{name}, jumps of {words}", lambda between=between: jumps(proof, library, between))
    return cases.report()


if __name__ == "__main__":
    sys.exit(main())
