"""Fixtures of the Python tests: quick sandboxes, clients with short delays, the conformance vectors."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

import bcda
import fsspec
import pytest

T = TypeVar("T")

# A shell starts background processes with SIGINT ignored, and their children inherit this. So it is restored here.
signal.signal(signal.SIGINT, signal.default_int_handler)

VECTORS = Path(__file__).parent.parent / "vectors"
QUICK: dict[str, Any] = {"pending_time": 0, "job_time": "50ms"}  # options of a sandbox
PROMPT: dict[str, Any] = {"poll_interval": 0.02, "retry_delay": 0.01, "durability": "process"}  # settings of a client


def prompt(**settings: Any) -> dict[str, Any]:
    """PROMPT with further settings."""
    return {**PROMPT, **settings}


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
    """Files that the service itself encrypted, with their plaintext."""
    made: list[dict[str, Any]] = json.loads((VECTORS / "vectors.json").read_text())["vectors"]
    return made


@pytest.fixture(scope="session")
def shared_sandbox() -> Iterator[bcda.Sandbox]:
    """A sandbox that no test changes. It has two files of each type."""
    with bcda.Sandbox(20, beneficiaries_per_file=10, **QUICK) as made:
        yield made


@pytest.fixture(scope="session")
def shared_client(shared_sandbox: bcda.Sandbox) -> Iterator[bcda.Client]:
    with shared_sandbox.client(**PROMPT) as made:
        yield made


@pytest.fixture
def memory() -> Iterator[str]:
    """The URL of a destination in memory, which is removed after the test."""
    url = f"memory://{uuid.uuid4().hex}"
    yield url
    system = fsspec.filesystem("memory")
    if system.exists(url):
        system.rm(url, recursive=True)


def settings_for(sandbox: bcda.Sandbox) -> dict[str, Any]:
    """The settings for a client of a sandbox."""
    names = ("url", "client_id", "client_secret", "private_key", "ca_file")
    return {**{name: getattr(sandbox, name) for name in names}, **PROMPT}


def count_records(content: bytes) -> int:
    """NDJSON lines that are not blank."""
    return sum(1 for line in content.replace(b"\xef\xbb\xbf", b"", 1).split(b"\n") if line.strip(b" \t\r"))


def write_export(directory: Path, files: Mapping[str, bytes]) -> bcda.ExportResult:
    """A finished export with one file for each type. The test writes the files itself."""
    directory.mkdir()
    rows = []
    for kind, content in files.items():
        (directory / f"{kind}.ndjson").write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        facts = {"bytes": len(content), "records": count_records(content), "sha256": digest, "decrypted": True, "url": ""}
        rows.append({"type": kind, "path": f"{kind}.ndjson", **facts})
    time = "2019-09-20T14:47:33.000Z"
    receipt = {"types": list(files), "transactionTime": time, "started": time, "finished": time, "jobs": []}
    (directory / "export.json").write_text(json.dumps({**receipt, "files": rows, "errors": []}))
    return bcda.ExportResult.open(directory)


def in_thread(call: Callable[[], T]) -> Future[T]:
    """Starts a call in a daemon thread, so that a test that fails can end."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future


def run_python(script: str, *arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    """Runs a script in a new interpreter, to its end."""
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, **options)
