#!/usr/bin/env python3
"""All of `./dev soak`: exports by the real command from the real sandbox, under faults. Each part runs, even if an earlier
one has failed. At the end there is a summary of all.

usage: run.py BUILD_DIRECTORY [--seed S] [--only PART,...]
"""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
import time

from soak import existing, table

HERE = pathlib.Path(__file__).resolve().parent
KILLS, KILLS_ELSEWHERE = 500, 100


def parts(build, seed):
    """The scripts and their arguments."""
    bcda, tests = build / "cli/bcda", build / "tests"
    seeded = ["--seed", seed] if seed else []
    library = ["--library", tests / "libother_disk.so"]
    return {
        "kills": ["kill_loop.py", bcda, "--kills", KILLS, *seeded],
        **{f"kills-{like}": ["kill_loop.py", bcda, "--kills", KILLS_ELSEWHERE, *seeded, "--like", like, *library]
           for like in ("nfs", "smb", "fuse")},
        "limits": ["limits.py", bcda],
        "disks": ["file_systems.py", bcda, *library, "--real"],
        "clocks": ["clocks.py", bcda],
        "signals": ["signals.py", bcda],
        "memcheck": ["memcheck.py", bcda],
        "sweep": ["call_sweep.py", bcda, tests / "libnth_call.so"],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("build", type=existing)
    parser.add_argument("--seed", help="of the kill loop")
    parser.add_argument("--only", help="some of the parts, with commas: kills, kills-nfs, limits, ...")
    options = parser.parse_args()
    chosen = parts(options.build, options.seed)
    if options.only:
        chosen = {name: chosen[name] for name in options.only.split(",")}
    began, rows, failed = time.monotonic(), [], []
    with tempfile.NamedTemporaryFile("r") as summary:
        for name, arguments in chosen.items():
            start = time.monotonic()
            print(f"\n==> {name}", flush=True)
            code = subprocess.run([sys.executable, HERE / arguments[0], *map(str, arguments[1:])],
                                  env={**os.environ, "SOAK_SUMMARY": summary.name}).returncode
            rows.append((name, f"{time.monotonic() - start:5.0f} s  {'ok' if code == 0 else f'FAILED, exit code {code}'}"))
            failed += [name] * (code != 0)
        print("\n" + "=" * 40 + "\nsummary of ./dev soak")
        print(summary.read())
    table(f"parts, {(time.monotonic() - began) / 60:.0f} minutes", rows)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
