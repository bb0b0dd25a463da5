"""The command, C, Python, Java and R export the same from each server: the same bytes, and the same receipt.

A language that is not built is skipped, unless BCDA_TEST_ALL_LANGUAGES is set.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parent.parent.parent
PROGRAMS = REPOSITORY / "tests/interop"  # they take their settings from the environment
COMMAND = REPOSITORY / "build/release/cli/bcda"
LIBRARY = REPOSITORY / "build/release/capi/libbcda.so"
JAR = REPOSITORY / "bindings/java/target/bcda.jar"
R_LIBRARY = REPOSITORY / "build/r/library"
JAVA = f"{os.environ['JAVA_HOME']}/bin/java" if "JAVA_HOME" in os.environ else "java"
EXPORT_SECONDS = 120

PROFILES = ("bcda-v3", "generic", "ab2d")
# Several files of a type; in one profile also files with errors.
SANDBOX = ["--beneficiaries=60", "--beneficiaries-per-file=25", "--pending-time=0s", "--job-time=0s", "--seed=7"]
ERRORS = ["--error-rate=5%"]
PROMPT = {"BCDA_POLL_INTERVAL": "20ms", "BCDA_DURABILITY": "process"}
QUIET_JAVA = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]

Settings = Mapping[str, str]
Receipt = dict[str, Any]


def c_program(directory: Path) -> list[str]:
    program = directory / "export"
    source = [f"{REPOSITORY}/examples/c/export.c", f"-I{REPOSITORY}/capi/include"]
    where = [f"-L{LIBRARY.parent}", f"-Wl,-rpath,{LIBRARY.parent}", "-lbcda"]
    subprocess.run(["cc", "-std=c99", *source, "-o", program, *where], check=True)
    return [str(program)]


# How each is run, and whether it is there.
LANGUAGES: dict[str, tuple[Callable[[Path], list[str]], Callable[[], bool]]] = {
    "command": (lambda _: [str(COMMAND), "export", "--quiet"], COMMAND.exists),
    "C": (c_program, LIBRARY.exists),
    "Python": (lambda _: [sys.executable, f"{PROGRAMS}/export.py"], lambda: bool(importlib.util.find_spec("bcda"))),
    "Java": (lambda _: [JAVA, *QUIET_JAVA, "-cp", str(JAR), f"{PROGRAMS}/Export.java"], JAR.exists),
    "R": (lambda _: ["Rscript", f"{PROGRAMS}/export.R"], R_LIBRARY.exists),
}


def is_there(language: str) -> bool:
    return LANGUAGES[language][1]()


@contextmanager
def sandbox(profile: str) -> Iterator[Settings]:
    """A service, and the environment of its clients."""
    options = [*SANDBOX, *(ERRORS if profile == "bcda-v3" else [])]
    with subprocess.Popen([COMMAND, "sandbox", "--profile", profile, *options], stdout=subprocess.PIPE) as process:
        assert process.stdout
        try:
            settings = json.loads(process.stdout.readline())
            yield {f"BCDA_{name.upper()}": value for name, value in settings.items() if value}
        finally:
            process.terminate()


def export(language: str, service: Settings, directory: Path) -> Path:
    """The directory with the export."""
    out = directory / language
    outside = {name: value for name, value in os.environ.items() if not name.startswith("BCDA_")}
    environment = {**outside, **service, **PROMPT, "BCDA_OUT": str(out), "R_LIBS": str(R_LIBRARY), "LC_ALL": "C.UTF-8"}
    program = LANGUAGES[language][0](directory)
    arguments = [str(out)] if language == "C" else []
    done = subprocess.run([*program, *arguments], capture_output=True, env=environment, timeout=EXPORT_SECONDS)
    assert done.returncode in (0, 6), done.stderr.decode()  # 6: error files
    return out


UUID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
NUMBER_OF_JOB = re.compile("/(jobs|data)/[0-9]+")


def without_ids(text: str) -> str:
    return NUMBER_OF_JOB.sub(r"/\1/ID", UUID.sub("ID", text))


def files(out: Path) -> list[tuple[str, str]]:
    """The path and the digest of each data file and error file."""
    found = [path for path in out.rglob("*.ndjson") if path.name != "log.ndjson"]
    return sorted(
        (without_ids(str(path.relative_to(out))), hashlib.sha256(path.read_bytes()).hexdigest()) for path in found
    )


TIMES = ("started", "finished", "transactionTime")


def in_order(lists: Any) -> Any:
    return sorted(lists, key=json.dumps)


def receipt(out: Path) -> Receipt:
    """The receipt without times and ids. Files have no order, because their names have none."""
    made: Receipt = json.loads(without_ids((out / "export.json").read_text()))
    for part in [made, *made["jobs"]]:
        for time in TIMES:
            part.pop(time, None)
    return {name: in_order(value) if isinstance(value, list) else value for name, value in made.items()}


@pytest.mark.parametrize("profile", PROFILES)
def test_each_language_exports_the_same(profile: str, tmp_path: Path) -> None:
    languages = [language for language in LANGUAGES if is_there(language)]
    if len(languages) < 2:
        pytest.skip("fewer than two languages are built")
    with sandbox(profile) as service:
        exports = {language: export(language, service, tmp_path) for language in languages}
    first, *others = languages
    expected = files(exports[first])
    assert len(expected) >= 3
    assert receipt(exports[first])["files"]
    for language in others:
        assert files(exports[language]) == expected, language
        assert receipt(exports[language]) == receipt(exports[first]), language


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_is_there(language: str) -> None:
    if not is_there(language):
        message = f"{language} is not built"
        pytest.fail(message) if os.environ.get("BCDA_TEST_ALL_LANGUAGES") else pytest.skip(message)
