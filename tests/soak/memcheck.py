#!/usr/bin/env python3
"""One export under valgrind, from its start to its end: interrupted, killed, and completed. Errors of memory and leaks count.

usage: memcheck.py BCDA
"""
import argparse
import shutil
import signal
import sys

from proof import Proof, any_published, until
from soak import INTERRUPTED, OK, Cases, demand, existing, table

FOUND = 99  # the exit code for errors
VALGRIND = ("valgrind", "--quiet", f"--error-exitcode={FOUND}", "--leak-check=full", "--errors-for-leak-kinds=definite,indirect",
            "--show-leak-kinds=definite,indirect", "--num-callers=30")
# Slow enough to be disturbed under valgrind, which takes 30 times as long.
SERVICE = ("--bytes-per-type", "6MiB", "--files-per-type", "3", "--job-time", "200ms", "--fault", "drip=2MiB:on=GET /data/")
PATIENCE = 200


def run_to(proof, out, moment, number):
    """A run that gets this signal when one file has its name; None: a whole run."""
    run = proof.start(out, before=VALGRIND)
    if number is not None:
        until(lambda: moment(out) or not run.running, "no file is published", PATIENCE)
        demand(run.running, f"the export ended with {run.code} before it could be disturbed: {run.text}")
        run.process.send_signal(number)
    run.wait(PATIENCE)
    demand(run.code != FOUND and "==" not in run.text, f"valgrind has found errors:\n{run.text}")
    return run


def whole(proof):
    out = proof.new_directory()
    run = run_to(proof, out, any_published, None)
    demand(run.code == OK, f"exit code {run.code}: {run.text}")
    proof.check_complete(out)
    shutil.rmtree(out.parent)


def disturbed(proof, number, expected):
    out = proof.new_directory()
    run = run_to(proof, out, any_published, number)
    demand(run.code == expected, f"exit code {run.code}: {run.text}")
    proof.check(out)
    run = run_to(proof, out, any_published, None)
    demand(run.code == OK, f"the run that goes on ended with {run.code}: {run.text}")
    proof.check_complete(out)
    shutil.rmtree(out.parent)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("bcda", type=existing)
    options = parser.parse_args()
    if not shutil.which("valgrind"):
        table("valgrind", [("in all", "skipped: valgrind is not installed")])
        return 0
    cases = Cases("valgrind")
    settings = ("--types", "Patient", "--parallel", "2", "--idle-timeout", "5m", "--connect-timeout", "5m")
    with Proof(options.bcda, cases.directory, SERVICE, settings) as proof:
        cases.run("whole export", lambda: whole(proof))
        cases.run("interrupted and gone on with", lambda: disturbed(proof, signal.SIGINT, INTERRUPTED))
        cases.run("killed and gone on with", lambda: disturbed(proof, signal.SIGKILL, -signal.SIGKILL))
    return cases.report()


if __name__ == "__main__":
    sys.exit(main())
