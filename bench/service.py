"""nginx as the service of a benchmark: a token, one job, its manifest, and files from disk."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
MANY_FILES = 500
CLAIMS = HERE.parent / "tests/tables/samples/stu3/ExplanationOfBenefit.ndjson"


@dataclass(frozen=True)
class Files:
    """What the service has."""

    count: int
    size: int  # bytes of each one, before gzip
    gzip: bool = False  # as today's services send them: as gzip, not encrypted. False: encrypted, as in 2019
    closes: bool = False  # the server closes each connection after one answer
    claims: bool = False  # lines of real claims, for tables; those of gzip are claims too

    def __str__(self) -> str:
        unit, name = next(
            (unit, name)
            for unit, name in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1000, "KB"), (1, "bytes"))
            if self.size >= unit and self.size % unit == 0
        )
        how = [", gzip" * self.gzip, ", each connection closed" * self.closes]
        return f"{self.count:,} x {self.size // unit} {name}{''.join(how)}"


@dataclass(frozen=True)
class Service:
    directory: Path  # has files, manifest.json, private.pem, ca.pem and secret
    origin: str
    files: Files
    nginx: int  # its process

    def cpu(self) -> float:
        """Seconds of the processor that the server has used so far."""
        children = Path(f"/proc/{self.nginx}/task/{self.nginx}/children").read_text().split()
        ticks = 0
        for process in [str(self.nginx), *children]:
            fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])  # utime and stime, proc(5)
        return ticks / os.sysconf("SC_CLK_TCK")

    def urls(self) -> dict[str, str]:
        """By file name."""
        manifest = json.loads((self.directory / "manifest.json").read_text())
        return {entry["url"].rsplit("/", 1)[1]: entry["url"] for entry in manifest["output"]}


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def wait_for(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    sys.exit("nginx did not start")


def write_gzipped(files: Files, directory: Path, origin: str) -> None:
    """One packed file under many names, because only its way counts."""
    lines = CLAIMS.read_bytes()
    first = directory / "0.ndjson"
    with first.open("wb") as file:
        for _ in range(files.size // len(lines)):
            file.write(lines)
        if files.size < len(lines):
            file.write(lines[: lines.index(b"\n", files.size) + 1])
    subprocess.run(["gzip", "-k", "-6", first], check=True)
    for number in range(1, files.count):
        os.link(f"{first}.gz", directory / f"{number}.ndjson.gz")
    output = [
        {"type": "ExplanationOfBenefit", "url": f"{origin}/data/1/{number}.ndjson"} for number in range(files.count)
    ]
    manifest = {
        "transactionTime": "2026-01-01T00:00:00Z",
        "request": f"{origin}/api/v2/Patient/$export",
        "requiresAccessToken": True,
        "output": output,
        "error": [],
        "JobID": 1,
    }
    (directory / "manifest.json").write_text(json.dumps(manifest))


def make_certificate(directory: Path) -> None:
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{directory}/tls.key"]
    command = ["openssl", "req", "-x509", "-days", "2", *key, "-out", f"{directory}/ca.pem", *subject]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)


def prepare(files: Files, seal: str, directory: Path, port: int) -> str:
    origin = f"https://localhost:{port}"
    (directory / "tmp").mkdir()
    if files.gzip:
        write_gzipped(files, directory, origin)
    else:
        claims = [CLAIMS] if files.claims else []
        subprocess.run([seal, directory, str(files.count), str(files.size), origin, *claims], check=True)
    make_certificate(directory)
    text = (HERE / "nginx.conf.in").read_text().replace("@DIR@", str(directory)).replace("@PORT@", str(port))
    text = text.replace("@KEEPALIVE@", "0" if files.closes else "75s")
    (directory / "nginx.conf").write_text("user root;\n" + text if os.geteuid() == 0 else text)
    (directory / "secret").write_text("bench")
    for secret in ("secret", "private.pem"):
        if (directory / secret).exists():
            (directory / secret).chmod(0o600)  # or each export warns
    return origin


@contextlib.contextmanager
def workspace(parent: str | None) -> Iterator[Path]:
    """A directory for all of a benchmark. Many files are removed only with it: for a minute after files were removed,
    ext4 takes a millisecond to create one, because it looks at each inode that is free since then."""
    with tempfile.TemporaryDirectory(prefix="bcda-bench-", dir=parent, ignore_cleanup_errors=True) as directory:
        yield Path(directory)


def discard(directory: Path, aside: Path) -> None:
    """Removes what a command wrote, or moves it aside if it is many files."""
    if directory.exists() and len(os.listdir(directory)) > MANY_FILES:
        aside.mkdir(exist_ok=True)
        directory.rename(aside / str(len(os.listdir(aside))))
    shutil.rmtree(directory, ignore_errors=True)


@contextlib.contextmanager
def service(files: Files, seal: str, work: Path) -> Iterator[Service]:
    """Runs nginx with such files, in a new directory in a workspace."""
    directory = Path(tempfile.mkdtemp(prefix="service-", dir=work))
    port = free_port()
    nginx = None
    try:
        origin = prepare(files, seal, directory, port)
        nginx = subprocess.Popen([shutil.which("nginx") or "/usr/sbin/nginx", "-c", directory / "nginx.conf"])
        wait_for(port)
        yield Service(directory, origin, files, nginx.pid)
    finally:
        if nginx:
            nginx.send_signal(signal.SIGTERM)
            nginx.wait()
        if files.count <= MANY_FILES:
            shutil.rmtree(directory, ignore_errors=True)
