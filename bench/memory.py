#!/usr/bin/env python3
"""Measures the peak memory of exports with many small files, by the command and by a C program that reads no events.

The bound is 20 MiB and 1 KiB for each file. Prints a table in Markdown, which docs/performance.md has.
"""

import json
import subprocess
import sys

from run import arguments, measure, service

BASE_MIB = 20


def settings(directory, origin, out):
    return {
        "url": origin,
        "client_id": "bench",
        "client_secret_file": f"{directory}/secret",
        "private_key": f"{directory}/private.pem",
        "ca_file": f"{directory}/ca.pem",
        "types": "ExplanationOfBenefit",
        "out": out,
        "poll_interval": "10ms",
        "durability": "process",
    }


def command(bcda, values):
    flags = [word for name, value in values.items() for word in ("--" + name.replace("_", "-"), value)]
    return [bcda, "export", "--quiet", *flags]


def main():
    parser = arguments(__doc__, files=0, mebibytes=0, rounds=1)
    parser.add_argument("--unread", required=True, help="bench_unread")
    parser.add_argument("--counts", type=int, nargs="+", default=[1000, 10000, 100000])
    args = parser.parse_args()
    print("| files | manifest, MiB | bound, MiB | command, MiB | C, events unread, MiB |")
    print("|---|---|---|---|---|")
    over = []
    for count in args.counts:
        args.files = count
        bound = BASE_MIB + count / 1024
        with service(args) as (directory, origin):
            size = int(subprocess.check_output(["stat", "-c", "%s", f"{directory}/manifest.json"])) / 2**20
            values = settings(directory, origin, f"{directory}/out")
            peaks = [
                measure(one, f"{directory}/out")[2]
                for one in (command(args.bcda, values), [args.unread, json.dumps(values)])
            ]
        print(f"| {count:,} | {size:.1f} | {bound:.1f} | {peaks[0]:.1f} | {peaks[1]:.1f} |", flush=True)
        over += [count for peak in peaks if peak > bound]
    sys.exit(f"over the bound: {over}" if over else 0)


if __name__ == "__main__":
    main()
