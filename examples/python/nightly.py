"""A nightly export for cron or systemd. The claims of each night go to a separate directory, such as claims/2026-11-24.

    python nightly.py claims                    # the settings come from BCDA_URL, BCDA_CLIENT_ID, ...
    15 2 * * *  set -a; . /etc/bcda.env; /opt/bcda/bin/python /opt/bcda/nightly.py /srv/claims 2>>/var/log/bcda.log

The log goes to standard error, and one line of summary goes to standard output. A night that was already exported is
not exported again, and one that was interrupted goes on. The exit codes are those of the bcda command: 0 done, 6 done
with error files, 130 canceled (SIGTERM, Ctrl-C), ...
"""

from __future__ import annotations

import argparse
import datetime
import logging
import signal
import sys
from pathlib import Path

import bcda

DONE_WITH_ERROR_FILES = 6
CANCELED = 130

log = logging.getLogger("nightly")


def date(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Exports claims into OUT/DATE, unless they are there already.",
        epilog="Where the service is and who asks comes from the environment: BCDA_URL, BCDA_CLIENT_ID, "
        "BCDA_CLIENT_SECRET_FILE, BCDA_PRIVATE_KEY; 'bcda settings' lists all. Exit codes: 0 done or there already, "
        "1 failed, 2 usage, 3 authentication, 4 refused, or the job failed, 5 decryption or verification failed, "
        "6 done, with error files, 130 canceled.",
    )
    parser.add_argument("out", metavar="OUT", type=Path, help="where the nights are kept; made when missing")
    parser.add_argument("--types", metavar="TYPE,...", help="resource types (default: BCDA_TYPES, or all three)")
    parser.add_argument("--date", metavar="YYYY-MM-DD", type=date, help="the night's name (default: today)")
    parser.add_argument("-v", "--verbose", action="store_true", help="log every step, not only what matters")
    return parser.parse_args()


def contents(result: bcda.ExportResult) -> str:
    records = sum(file.records for file in result.files)
    size = sum(file.bytes for file in result.files)
    return f"{len(result.files)} files, {records:,} records, {size:,} bytes, as of {result.transaction_time}"


def export(directory: Path, types: str | None) -> tuple[int, str]:
    """Exports one night. Returns the exit code and the summary."""
    if (directory / "export.json").exists():  # it is written last
        return 0, f"exported already: {contents(bcda.ExportResult.open(directory))}"
    directory.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with bcda.Client() as client:
        # Goes on with what an interrupted run left. If another run still uses the directory, this is an error.
        result = client.export(types, out=directory, progress=False)
    for file in result.files:
        log.info("%s: %d records in %s", file.type, file.records, file.path)
    if result.partial:
        for file in result.error_files:  # their content may name beneficiaries, so it is not logged
            log.warning("the service could not export everything: %d outcomes in %s", file.records, file.path)
        return DONE_WITH_ERROR_FILES, f"exported, with {len(result.error_files)} error files: {contents(result)}"
    return 0, f"exported: {contents(result)}"


def failure(error: bcda.Error) -> str:
    """A summary for the log. It leaves out `error.outcome`, because that may name beneficiaries."""
    if not error.retriable:
        return f"failed ({error.code}); trying again will not help"
    when = f" in {error.retry_after:.0f} s" if error.retry_after else ""
    return f"failed ({error.code}); trying again{when} may help"


def main() -> int:
    options = arguments()
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")  # logs to standard error
    for logger in (log, logging.getLogger("bcda")):
        logger.setLevel(logging.DEBUG if options.verbose else logging.INFO)
    # SIGTERM works like Ctrl-C: the export is canceled, and the next run of this night goes on with it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    name = str(options.date or datetime.date.today())
    try:
        code, summary = export(options.out / name, options.types)
    except bcda.Error as error:
        log.error("%s", error)
        code, summary = error.exit_code, failure(error)
    except OSError as error:
        log.error("%s", error)
        code, summary = 1, "failed"
    except KeyboardInterrupt:
        code, summary = CANCELED, "canceled"
    print(f"{name}: {summary}")
    return code


if __name__ == "__main__":
    sys.exit(main())
