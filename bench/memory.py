#!/usr/bin/env python3
"""Measures the peak memory of exports with many small files, by the command and by a C program that reads no events.

The bound is 20 MiB and 1 KiB for each file. Prints a table in Markdown, which docs/performance.md has.
"""

import json
import sys

import clients
from measure import arguments, measure
from service import Files, service, workspace

BASE_MIB = 20


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--unread", required=True, help="bench_unread")
    parser.add_argument("--counts", type=int, nargs="+", default=[1000, 10000, 100000])
    args = parser.parse_args()
    print("| files | manifest, MiB | bound, MiB | command, MiB | C, events unread, MiB |")
    print("|---|---|---|---|---|")
    over = []
    for count in args.counts:
        bound = BASE_MIB + count / 1024
        with workspace(args.work) as work, service(Files(count, 0), args.seal, work) as serving:
            out = serving.directory / "out"
            size = (serving.directory / "manifest.json").stat().st_size / 2**20
            unread = [args.unread, json.dumps(clients.settings(serving, out))]
            peaks = [measure(one, out).rss for one in (clients.export(args.bcda, serving, out), unread)]
        print(f"| {count:,} | {size:.1f} | {bound:.1f} | {peaks[0]:.1f} | {peaks[1]:.1f} |", flush=True)
        over += [count for peak in peaks if peak > bound]
    sys.exit(f"over the bound: {over}" if over else 0)


if __name__ == "__main__":
    main()
