"""What the Python tests share: quick sandboxes, clients that do not dawdle, the conformance vectors."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import bcda
import pytest

VECTORS = Path(__file__).parent.parent / "vectors"
QUICK: dict[str, Any] = {"pending_time": 0, "job_time": "50ms"}  # of a sandbox
PROMPT: dict[str, Any] = {"poll_interval": 0.02, "retry_delay": 0.01, "durability": "process"}  # of a client


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("BCDA_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def make_sandbox() -> Iterator[Callable[..., bcda.Sandbox]]:
    """Sandboxes of 10 beneficiaries that are closed after the test."""
    made: list[bcda.Sandbox] = []

    def make(beneficiaries: int = 10, **options: Any) -> bcda.Sandbox:
        made.append(bcda.Sandbox(beneficiaries, **{**QUICK, **options}))
        return made[-1]

    yield make
    for sandbox in made:
        sandbox.close()


@pytest.fixture
def sandbox(make_sandbox: Callable[..., bcda.Sandbox]) -> bcda.Sandbox:
    return make_sandbox()


@pytest.fixture
def client(sandbox: bcda.Sandbox) -> Iterator[bcda.Client]:
    with sandbox.client(**PROMPT) as made:
        yield made


@pytest.fixture(scope="session")
def vectors() -> list[dict[str, Any]]:
    """Files that the service itself encrypted, with what they decrypt to."""
    made: list[dict[str, Any]] = json.loads((VECTORS / "vectors.json").read_text())["vectors"]
    return made


def run_python(script: str, *arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    """Runs a script in an interpreter of its own, to its end."""
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, **options)
