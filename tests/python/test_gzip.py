"""Damaged gzip. A wheel unpacks it with another library than the tests of the engine do, so the wheel is tested too."""

from __future__ import annotations

import contextlib
import gzip
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import bcda
import pytest
from conftest import prompt

TEXT = b"".join(b'{"resourceType":"Patient","id":"%d"}\n' % number for number in range(40))
HALF = TEXT.index(b"\n", len(TEXT) // 2) + 1
HEADER = 10  # bytes before what is packed
PACKED = {
    "one": gzip.compress(TEXT, mtime=0),
    "stored": gzip.compress(TEXT, 0, mtime=0),
    "two": gzip.compress(TEXT[:HALF], mtime=0) + gzip.compress(TEXT[HALF:], mtime=0),
    "padded": gzip.compress(TEXT, mtime=0) + bytes(9),
}


class Service(ThreadingHTTPServer):
    """Serves files by path, packed."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.files: dict[str, bytes] = {}


class Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        assert isinstance(self.server, Service)
        body = self.server.files[urlsplit(self.path).path]
        self.send_response(200)
        self.send_header("Content-Type", "application/fhir+ndjson")
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def service() -> Iterator[Service]:
    with Service() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def fetched(service: Service, files: dict[str, bytes], out: Path) -> dict[str, bytes]:
    """What is published of these files, by name."""
    service.files = {f"/{name}.ndjson": body for name, body in files.items()}
    output = [{"type": "Patient", "url": f"{service.url}{path}"} for path in service.files]
    manifest = {"transactionTime": "2026-01-01T00:00:00Z", "requiresAccessToken": False, "output": output, "error": []}
    settings = prompt(profile="generic", auth="none", retries=0)
    with bcda.Client(service.url, env=False, **settings) as client, contextlib.suppress(bcda.VerificationError):
        client.fetch(json.dumps(manifest), out=out, progress=False)
    return {path.name.split(".")[1]: path.read_bytes() for path in out.glob("*.ndjson") if path.name != "log.ndjson"}


def test_whole_files(service: Service, tmp_path: Path) -> None:
    assert fetched(service, PACKED, tmp_path) == dict.fromkeys(PACKED, TEXT)


@pytest.mark.parametrize("kind", ["one", "stored", "two"])
def test_a_file_that_is_cut_is_not_published(kind: str, service: Service, tmp_path: Path) -> None:
    body = PACKED[kind]
    sizes = range(1, len(body), 1 + len(body) // 150)
    found = fetched(service, {f"cut{size}": body[:size] for size in sizes}, tmp_path)
    # Between two members, only the length that the service states can tell that a file was cut.
    assert set(found.values()) <= ({TEXT[:HALF]} if kind == "two" else set())
    assert len(found) <= 1


@pytest.mark.parametrize("kind", ["one", "stored"])
def test_a_file_with_another_bit_is_not_published(kind: str, service: Service, tmp_path: Path) -> None:
    body = PACKED[kind]
    changed = {}
    for at in range(0, len(body), 1 + len(body) // 150):
        flipped = bytearray(body)
        flipped[at] ^= 1 << at % 8
        changed[f"bit{at}"] = bytes(flipped)
    found = fetched(service, changed, tmp_path)
    assert set(found.values()) <= {TEXT}, "no changed text"
    # The header has bytes that say nothing, and the last byte of what is packed may have spare bits.
    assert sum(int(name[3:]) >= HEADER for name in found) <= 1
