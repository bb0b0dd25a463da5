"""Exports from a real server, HAPI FHIR, through the command and each language. What comes must be what was loaded."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hapi import GROUPS, LATE, Resource, java, load, running

HERE = Path(__file__).parent
REPOSITORY = HERE.parent.parent
EXPORT_SECONDS = 300
# Each takes its settings from the environment. The programs of the languages print the records that they read.
LANGUAGES = {
    "command": [f"{REPOSITORY}/build/release/cli/bcda", "export", "--quiet"],
    "Python": [sys.executable, f"{HERE}/export.py"],
    "Java": [*java(), "-cp", f"{REPOSITORY}/bindings/java/target/bcda.jar", f"{HERE}/Export.java"],
    "R": ["Rscript", f"{HERE}/export.R"],
}


@dataclass(frozen=True)
class Loaded:
    url: str
    resources: list[Resource]
    between: str  # a time after the early resources, and before the late ones


@pytest.fixture(scope="module")
def hapi(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    with running(tmp_path_factory.mktemp("hapi") / "log") as url:
        yield Loaded(url, *load(url))


def number(resource: Resource) -> int:
    """The number of the patient that a resource is about."""
    return int(resource["id"].split("-")[1])


def of_patient(resource: Resource) -> bool:
    return bool(resource["resourceType"] != "Group")


def in_group(resource: Resource) -> bool:
    """HAPI exports a group together with its members."""
    return number(resource) in GROUPS["some"] if of_patient(resource) else bool(resource["id"] == "some")


def late(resource: Resource) -> bool:
    return not of_patient(resource) or number(resource) in LATE


def female(resource: Resource) -> bool:
    return bool(resource.get("gender") == "female")


def void(resource: Resource) -> bool:
    return resource.get("status") in ("cancelled", "draft")


Expected = Callable[[Resource], bool]

# HAPI always asks for a pause of 120 seconds.
COMMON = {"profile": "hapi", "auth": "none", "durability": "process", "max_retry_after": "1s"}

TWO_TYPES = "Patient,ExplanationOfBenefit"
# A list of searches of which each resource of the type must match one; a search with a comma.
VOID = '["ExplanationOfBenefit?status=cancelled", "ExplanationOfBenefit?status=draft"]'
FEMALE_AND_VOID = '["Patient?gender=female", "ExplanationOfBenefit?status=cancelled,draft"]'

# The settings of each export, and which resources must come. BETWEEN is replaced by the time of that name.
CASES: dict[str, tuple[dict[str, str], Expected]] = {
    "system": ({"level": "system"}, lambda _: True),
    "system, types, since": (
        {"level": "system", "types": TWO_TYPES, "since": "BETWEEN"},
        lambda each: each["resourceType"] in TWO_TYPES.split(",") and late(each),
    ),
    "system, types, filters": (
        {"level": "system", "types": TWO_TYPES, "type_filters": FEMALE_AND_VOID},
        lambda each: female(each) or void(each),
    ),
    "patient": ({"level": "patient"}, of_patient),
    "patient, types, filters": (
        {"level": "patient", "types": TWO_TYPES, "type_filters": VOID},
        lambda each: each["resourceType"] == "Patient" or void(each),
    ),
    # HAPI ignores _since at this level.
    "patient, type, filter by time": (
        {"level": "patient", "types": "Coverage", "type_filters": "Coverage?_lastUpdated=gtBETWEEN"},
        lambda each: each["resourceType"] == "Coverage" and late(each),
    ),
    "patients": (
        {"level": "patient", "patients": "Patient/p-4,Patient/p-39"},
        lambda each: of_patient(each) and number(each) in (4, 39),
    ),
    "group": ({"group": "some"}, in_group),
    "group, types, since": (
        {"group": "some", "types": TWO_TYPES, "since": "BETWEEN"},
        lambda each: each["resourceType"] in TWO_TYPES.split(",") and in_group(each) and late(each),
    ),
    "group, types, filters": (
        {"group": "some", "types": "Coverage,ExplanationOfBenefit", "type_filters": VOID},
        lambda each: in_group(each) and (each["resourceType"] == "Coverage" or void(each)),
    ),
    "group without members": ({"group": "nobody", "types": "Patient"}, lambda _: False),
}


def methods(settings: dict[str, str]) -> list[str]:
    return ["POST"] if "patients" in settings else ["GET", "POST"]


EXPORTS = [
    pytest.param(language, {**settings, "method": method}, expected, id=f"{language}: {name}, {method}")
    for language in LANGUAGES
    for name, (settings, expected) in CASES.items()
    for method in methods(settings)
]


def run(language: str, settings: dict[str, str]) -> bytes:
    """Exports, and returns what the program wrote."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BCDA_")}
    environment.update({f"BCDA_{name.upper()}": value for name, value in settings.items()})
    done = subprocess.run(LANGUAGES[language], capture_output=True, env=environment, timeout=EXPORT_SECONDS)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def exported(out: Path) -> list[bytes]:
    """The lines of all data files, as the receipt lists them."""
    receipt = json.loads((out / "export.json").read_text())
    assert receipt["errors"] == []
    files = [(out / file["path"]).read_bytes().splitlines() for file in receipt["files"]]
    assert [len(lines) for lines in files] == [file["records"] for file in receipt["files"]]
    return list(itertools.chain.from_iterable(files))


def as_loaded(line: bytes) -> Resource:
    """HAPI adds `meta`."""
    resource: Resource = json.loads(line)
    del resource["meta"]
    return resource


def in_order(resources: list[Resource]) -> list[Resource]:
    return sorted(resources, key=lambda each: (each["resourceType"], each["id"]))


@pytest.mark.parametrize(("language", "settings", "expected"), EXPORTS)
def test_what_comes_is_what_was_loaded(
    hapi: Loaded, tmp_path: Path, language: str, settings: dict[str, str], expected: Expected
) -> None:
    asked = {name: value.replace("BETWEEN", hapi.between) for name, value in settings.items()}
    printed = run(language, {**COMMON, **asked, "url": hapi.url, "out": str(tmp_path / "out")})
    lines = exported(tmp_path / "out")
    loaded = [resource for resource in hapi.resources if expected(resource)]
    assert in_order([as_loaded(line) for line in lines]) == in_order(loaded)
    if language != "command":  # which prints no records
        assert sorted(printed.splitlines()) == sorted(lines)


@pytest.mark.parametrize("name", CASES)
def test_cases_but_the_whole_system_leave_something_out(hapi: Loaded, name: str) -> None:
    expected = CASES[name][1]
    assert all(expected(resource) for resource in hapi.resources) == (name == "system")
