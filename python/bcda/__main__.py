"""``python -m bcda`` and the script ``bcda``: the native command."""

from __future__ import annotations

import os
import signal
import sys

from bcda import _native


def main() -> int:
    """Runs the command with the process's arguments and returns its exit code."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # because the command installs its own handlers
    return _native.command(["bcda", *map(os.fsencode, sys.argv[1:])])


if __name__ == "__main__":
    sys.exit(main())
