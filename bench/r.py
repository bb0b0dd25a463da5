#!/usr/bin/env python3
"""Measures an export through R beside `bcda export`, which does the same, from the same nginx over TLS.

R's start does not count: the R program says how long its export took. The first round warms up.
"""

import os
import shutil
import statistics
import subprocess
import sys

from run import arguments, commands, measure, service


def through_r(command, out):
    """Runs the export of `command`, a bcda export, in R; returns its seconds."""
    shutil.rmtree(out, ignore_errors=True)
    os.sync()
    settings = dict(zip(command[3::2], command[4::2]))
    pairs = [f"{flag[2:].replace('-', '_')}={value}" for flag, value in settings.items()]
    program = os.path.join(os.path.dirname(__file__), "timed_export.R")
    done = subprocess.run(["Rscript", program, *pairs], stdout=subprocess.PIPE)
    if done.returncode != 0:
        sys.exit("the export through R failed")
    return float(done.stdout)


def main():
    args = arguments(__doc__, files=8, mebibytes=256, rounds=5).parse_args()
    with service(args) as (directory, origin):
        out = f"{directory}/out"
        command = commands(args, directory, origin, out)["bcda export, process"]
        times = {"bcda export": [], "R": []}
        for round_number in range(args.rounds + 1):
            native, in_r = measure(command, out)[0], through_r(command, out)
            if round_number:
                times["bcda export"].append(native)
                times["R"].append(in_r)
        for name, seconds in times.items():
            print(f"{name:12} {statistics.median(seconds):6.2f} s  {sorted(round(s, 2) for s in seconds)}")
        ratio = statistics.median(times["R"]) / statistics.median(times["bcda export"])
        print(f"R / bcda export: {ratio:.2f} (aim: at most 1.05), {args.files} x {args.mebibytes} MiB")


if __name__ == "__main__":
    main()
