"""Runs commands in turns, and compares their times.

Every figure is a median, and every claim is the median of the ratios of two commands that ran one after the other. So
the speed of the machine does not matter, and other load matters little. A first round warms up and is not counted.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service import Service, discard

Command = list[str]


@dataclass(frozen=True)
class Taken:
    """What one run of a command took."""

    wall: float  # seconds
    cpu: float = 0.0  # seconds of the processor
    rss: float = 0.0  # the largest resident memory, in MiB
    server: float = 0.0  # seconds of the processor that the server used meanwhile


# A command, or a function that measures itself.
Step = Command | Callable[[], Taken]


def arguments(doc: str | None, **options: Any) -> argparse.ArgumentParser:
    """A parser with what every benchmark of exports takes."""
    parser = argparse.ArgumentParser(description=doc, **options)
    parser.add_argument("--bcda", required=True, help="the native command")
    parser.add_argument("--seal", required=True, help="bench_seal")
    parser.add_argument("--work", help="directory for the files")
    return parser


def measure(command: Command, out: Path, service: Service | None = None) -> Taken:
    """Runs `command` with a fresh directory `out`."""
    discard(out, out.parent / "aside")
    os.sync()
    figures = f"{out}.time"
    # GNU time measures, because a child of this script would inherit the script's peak memory.
    timed = ["/usr/bin/time", "-q", "-f", "%U %S %M", "-o", figures, *map(str, command)]
    server = service.cpu() if service else 0.0
    begin = time.monotonic()
    done = subprocess.run(timed, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    wall = time.monotonic() - begin
    if done.returncode != 0:
        sys.exit(f"{command[0]} failed with {done.returncode}: {done.stderr.decode(errors='replace')[-2000:]}")
    user, system, peak = map(float, Path(figures).read_text().split())
    return Taken(wall, user + system, peak / 1024, service.cpu() - server if service else 0.0)


class Rounds:
    """What each of several commands took, round by round."""

    def __init__(self, names: list[str]) -> None:
        self.taken: dict[str, list[Taken]] = {name: [] for name in names}

    def median(self, name: str) -> Taken:
        rows = self.taken[name]
        return Taken(
            *(statistics.median(getattr(row, field) for row in rows) for field in ("wall", "cpu", "rss", "server"))
        )

    def ratio(self, ours: str, theirs: str, field: str = "wall") -> float:
        pairs = zip(self.taken[ours], self.taken[theirs])
        return float(statistics.median(getattr(one, field) / getattr(other, field) for one, other in pairs))

    def table(self) -> str:
        lines = [f"{'':34}{'wall s':>9}{'CPU s':>9}{'peak MiB':>10}{'server CPU s':>14}"]
        for name in self.taken:
            row = self.median(name)
            lines.append(f"{name:34}{row.wall:9.3f}{row.cpu:9.3f}{row.rss:10.1f}{row.server:14.2f}")
        return "\n".join(lines)


def take_turns(plan: Mapping[str, Step], rounds: int, out: Path, service: Service | None = None) -> Rounds:
    """Runs each step once in each round."""
    result = Rounds(list(plan))
    for number in range(rounds + 1):
        for name, command in plan.items():
            taken = command() if callable(command) else measure(command, out, service)
            if number:
                result.taken[name].append(taken)
    discard(out, out.parent / "aside")
    return result
