"""``python -m bcda`` and the script ``bcda``: the native command, and ``report``, which only this package has."""

from __future__ import annotations

import os
import signal
import sys

from bcda import _native, _report_command


def main() -> int:
    """Runs the command with the process's arguments and returns its exit code."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["report"]:
        return _report_command.main(arguments[1:])
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # because the command installs its own handlers
    code = _native.command(["bcda", *map(os.fsencode, arguments)])
    if not arguments or arguments[0] in ("-h", "--help"):  # the native help does not know `report`
        print(_report_command.IN_HELP, end="", file=sys.stdout if arguments else sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
