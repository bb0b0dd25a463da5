#!/usr/bin/env python3
"""Compares an export through another language with `bcda export`, from the same nginx over TLS.

The start of the language and the loading of the library are not counted, because its program prints the time of the
export. The first round is a warm-up.
"""

import functools
import os
import shlex
import subprocess
import sys
from pathlib import Path

import clients
from measure import Step, Taken, arguments, take_turns
from service import Files, discard, service, workspace


def through(program: list[str], settings: dict[str, str], out: Path) -> Taken:
    """Runs an export with `program`, which takes NAME=VALUE and prints its seconds."""
    for directory in (out, Path(f"{out}-before")):
        discard(directory, out.parent / "aside")
    os.sync()
    done = subprocess.run([*program, *(f"{name}={value}" for name, value in settings.items())], stdout=subprocess.PIPE)
    if done.returncode != 0:
        sys.exit(f"the export by {program[0]} failed")
    return Taken(float(done.stdout))


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--second", action="store_true", help="measure a second export of the same process, too")
    parser.add_argument("program", type=shlex.split, help="the command that runs the language's program")
    args = parser.parse_args()
    language = args.program[0]
    for files in (Files(8, 256 << 20), Files(2000, 50_000)):
        with workspace(args.work) as work, service(files, args.seal, work) as serving:
            out = serving.directory / "out"
            settings = clients.settings(serving, out)
            plan: dict[str, Step] = {
                "bcda export": clients.export(args.bcda, serving, out),
                language: functools.partial(through, args.program, settings, out),
            }
            if args.second:
                plan[f"{language}, second export"] = functools.partial(
                    through, [*args.program, "--second"], settings, out
                )
            rounds = take_turns(plan, args.rounds, out)
        print(f"{files}\n{rounds.table()}")
        for name in list(plan)[1:]:
            print(f"{name} / bcda export: {rounds.ratio(name, 'bcda export'):.3f} (aim: at most 1.05)", flush=True)


if __name__ == "__main__":
    main()
