#!/usr/bin/env python3
"""Compares an export through another language with `bcda export`, from the same nginx over TLS.

The start of the language and the loading of the library are not counted, because its program prints the time of the
export. The first round is a warm-up.
"""

import os
import shlex
import shutil
import statistics
import subprocess
import sys

from run import arguments, commands, measure, service


def through(program, command, out):
    """Runs the export of `command` (a bcda export) with `program`, which takes NAME=VALUE. Returns its seconds."""
    shutil.rmtree(out, ignore_errors=True)
    os.sync()
    settings = dict(zip(command[3::2], command[4::2]))
    pairs = [f"{flag[2:].replace('-', '_')}={value}" for flag, value in settings.items()]
    done = subprocess.run([*program, *pairs], stdout=subprocess.PIPE)
    if done.returncode != 0:
        sys.exit(f"the export by {program[0]} failed")
    return float(done.stdout)


def main():
    parser = arguments(__doc__, files=8, mebibytes=256, rounds=5)
    parser.add_argument("program", type=shlex.split, help="the command that runs the language's program")
    args = parser.parse_args()
    language = args.program[0]
    with service(args) as (directory, origin):
        out = f"{directory}/out"
        command = commands(args, directory, origin, out)["bcda export, process"]
        times = {"bcda export": [], language: []}
        for round_number in range(args.rounds + 1):
            native, foreign = measure(command, out)[0], through(args.program, command, out)
            if round_number:
                times["bcda export"].append(native)
                times[language].append(foreign)
        for name, seconds in times.items():
            print(f"{name:12} {statistics.median(seconds):6.2f} s  {sorted(round(s, 2) for s in seconds)}")
        ratio = statistics.median(times[language]) / statistics.median(times["bcda export"])
        print(f"{language} / bcda export: {ratio:.2f} (aim: at most 1.05), {args.files} x {args.mebibytes} MiB")


if __name__ == "__main__":
    main()
