"""A HAPI FHIR server of this machine (server/), and the synthetic resources that it is given."""

from __future__ import annotations

import json
import os
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

Resource = dict[str, Any]

SERVER = Path(__file__).parent / "server"
MAIN = "io.github.libbcda.interop.HapiServer"
QUICK_START = "-XX:TieredStopAtLevel=1"  # because most code runs only once
STOP_SECONDS = 60

EARLY, LATE = range(1, 31), range(31, 41)  # the numbers of the patients that are loaded first, and later
GROUPS: dict[str, list[int]] = {"some": [*range(1, 11), *range(31, 36)], "nobody": []}


def java() -> list[str]:
    home = os.environ.get("JAVA_HOME")
    return [f"{home}/bin/java" if home else "java", QUICK_START]


@contextmanager
def running(log: Path) -> Iterator[str]:
    """A server with an empty database. Gives the URL of its FHIR base. It writes its log to `log`."""
    classes = f"{SERVER}/target/classes:{(SERVER / 'target/classpath').read_text()}"
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            [*java(), "-Xmx512m", "-cp", classes, MAIN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors
        ) as process,
    ):
        assert process.stdout
        url = process.stdout.readline().decode().strip()
        assert url, f"HAPI did not start:\n{log.read_text()}"
        try:
            yield url
        finally:
            stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin
    process.stdin.close()
    try:
        assert process.wait(STOP_SECONDS) == 0
    finally:
        process.kill()  # does nothing to a process that has ended


def patient(number: int) -> Resource:
    return {
        "resourceType": "Patient",
        "id": f"p-{number}",
        "gender": "female" if number % 2 else "male",
        "name": [{"family": f"Müller-{number}", "given": ["Zoë"]}],
        "birthDate": f"19{20 + number}-02-03",
    }


def coverage(number: int) -> Resource:
    return {
        "resourceType": "Coverage",
        "id": f"c-{number}",
        "status": "active",
        "beneficiary": {"reference": f"Patient/p-{number}"},
        "payor": [{"display": "Medicare"}],
    }


def claims(number: int) -> list[Resource]:
    """None to four of a patient; every fifth is canceled, and every seventh a draft."""
    return [
        {
            "resourceType": "ExplanationOfBenefit",
            "id": f"e-{number}-{index}",
            "status": "cancelled" if (number + index) % 5 == 0 else "draft" if (number + index) % 7 == 0 else "active",
            "type": {"coding": [{"code": "CARRIER"}]},
            "use": "claim",
            "patient": {"reference": f"Patient/p-{number}"},
            "created": "2026-01-02",
            "insurer": {"display": "CMS"},
            "provider": {"display": "Dr. Nobody"},
            "outcome": "complete",
            "insurance": [{"focal": True, "coverage": {"reference": f"Coverage/c-{number}"}}],
            "payment": {"amount": {"value": 12.5 * index, "currency": "USD"}},
        }
        for index in range(number % 5)
    ]


def group(name: str, numbers: list[int]) -> Resource:
    members = {"member": [{"entity": {"reference": f"Patient/p-{number}"}} for number in numbers]} if numbers else {}
    return {"resourceType": "Group", "id": name, "type": "person", "actual": True, **members}


def resources_of(numbers: range) -> list[Resource]:
    return [resource for number in numbers for resource in (patient(number), coverage(number), *claims(number))]


def store(url: str, resources: list[Resource]) -> str:
    """Stores resources in one transaction. Returns the latest of their times."""
    entries = [
        {"resource": each, "request": {"method": "PUT", "url": f"{each['resourceType']}/{each['id']}"}}
        for each in resources
    ]
    body = json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": entries}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/fhir+json"})
    with urllib.request.urlopen(request) as answer:
        times: list[str] = [entry["response"]["lastModified"] for entry in json.load(answer)["entry"]]
    return max(times)


def load(url: str) -> tuple[list[Resource], str]:
    """Loads all resources. Returns them, and a time between those of EARLY and LATE."""
    early, late = resources_of(EARLY), resources_of(LATE)
    groups = [group(name, numbers) for name, numbers in GROUPS.items()]
    after_early = datetime.fromisoformat(store(url, early))
    time.sleep(0.01)  # because HAPI's times have milliseconds
    store(url, late + groups)
    return early + late + groups, (after_early + timedelta(milliseconds=1)).isoformat(timespec="milliseconds")
