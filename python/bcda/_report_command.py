"""The command ``bcda report``, which only the Python package has."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence

from ._errors import Error
from ._report import page_of, report

IN_HELP = """
The Python package adds:
  report      Make a page about exported claims: counts and sums, without data of beneficiaries
"""

_DESCRIPTION = """\
Makes a page about exported claims, in HTML: files and counts, what is missing, claims by type and month, amounts,
columns that are filled, duplicates, and lines that do not add up. It has no data of beneficiaries: counts of 1 to 10
are shown as "<11", and those from which such a count could be computed are hidden.

  bcda report claims
  bcda report claims --out claims.html
"""

_CANCELED = 130


def main(arguments: Sequence[str]) -> int:
    """Runs the command and returns its exit code."""
    parser = argparse.ArgumentParser(
        "bcda report",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="Needs: pip install 'bcda[duckdb]'. Exit codes: 0 done, 1 failed, 2 usage, 5 a file has changed, "
        "130 interrupted.",
        allow_abbrev=False,
    )
    parser.add_argument("path", nargs="+", help="directory of an export or of a series, or an NDJSON file")
    parser.add_argument(
        "--out", default="report.html", metavar="FILE", help="new file, or - for standard output (default: %(default)s)"
    )
    parser.add_argument(
        "--generation", choices=("stu3", "v2", "v3"), help="of the claims data; by default the receipt or records tell"
    )
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that temporary files are removed
    try:
        if options.out == "-":
            sys.stdout.write(page_of(options.path, options.generation))
            return 0
        report(options.path, options.out, generation=options.generation)
    except Error as error:
        return _failed(str(error), error.exit_code)
    except FileExistsError as error:
        return _failed(f"{error}; remove it or choose another name", 1)
    except ModuleNotFoundError as error:
        return _failed(str(error), 1)
    except OSError as error:
        return _failed(f"{options.out} cannot be written: {error.strerror or error}", 1)
    except KeyboardInterrupt:
        return _failed("interrupted", _CANCELED)
    print(f"The report is {options.out}", file=sys.stderr)
    return 0


def _failed(why: str, code: int) -> int:
    print(f"bcda: {why}", file=sys.stderr)
    return code
