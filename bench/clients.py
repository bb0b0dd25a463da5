"""The commands that fetch the files of a service: ours, and those that users would take instead."""

from __future__ import annotations

from pathlib import Path

from service import Service

TYPE = "ExplanationOfBenefit"


def no_pace(directory: Path) -> Path:
    """The service of today takes 3,000 requests in 5 minutes, and the client keeps to that."""
    path = directory / "profile.json"
    path.write_text('{"pace_requests": 0}')
    return path


def settings(service: Service, out: Path, durability: str = "process") -> dict[str, str]:
    """An export by libbcda, as settings."""
    directory = service.directory
    own = (
        {"profile": "bcda-v2", "profile_file": str(no_pace(directory))}
        if service.files.gzip
        else {"private_key": f"{directory}/private.pem"}
    )
    return {
        "url": service.origin,
        **own,
        "client_id": "bench",
        "client_secret_file": f"{directory}/secret",
        "ca_file": f"{directory}/ca.pem",
        "types": TYPE,
        "out": str(out),
        "poll_interval": "10ms",
        "durability": durability,
    }


def flags(values: dict[str, str]) -> list[str]:
    return [word for name, value in values.items() for word in ("--" + name.replace("_", "-"), value)]


def export(bcda: str, service: Service, out: Path, durability: str = "process", *more: str) -> list[str]:
    return [bcda, "export", "--quiet", *flags(settings(service, out, durability)), *more]


def curl(service: Service, out: Path) -> list[str]:
    """Only downloads. The URLs are in a file, because there may be too many for a command line."""
    config = service.directory / "curl.config"
    config.write_text("".join(f'url="{url}"\noutput="{out}/{name}"\n' for name, url in service.urls().items()))
    unpack = ["--compressed"] if service.files.gzip else []
    who = ["--cacert", f"{service.directory}/ca.pem", "-H", "Authorization: Bearer bench"]
    return ["curl", "-sSfZ", *unpack, *who, "--create-dirs", "-K", str(config)]


def then_sync(command: list[str]) -> list[str]:
    return ["sh", "-c", " ".join(f"'{word}'" for word in command) + " && sync"]


def aria2(service: Service, out: Path) -> list[str]:
    """Only downloads. It keeps gzip as it comes."""
    config = service.directory / "aria2.list"
    config.write_text("".join(f"{url}\n  out={name}\n" for name, url in service.urls().items()))
    who = [f"--ca-certificate={service.directory}/ca.pem", "--header=Authorization: Bearer bench"]
    quiet = ["--quiet", "--file-allocation=none", "--auto-file-renaming=false"]
    return [
        "aria2c",
        *quiet,
        *who,
        f"--dir={out}",
        "--split=1",
        "--max-concurrent-downloads=16",
        f"--input-file={config}",
    ]


def smart_fetch(command: str, service: Service, out: Path) -> list[str]:
    """A bulk export by a client of others. It has no claims among its types, but takes what the manifest lists."""
    token = service.directory / "secret"
    asks = ["bulk", "--fhir-url", f"{service.origin}/api/v2", "--bearer-token", str(token), "--type", "Patient"]
    return ["env", f"SSL_CERT_FILE={service.directory}/ca.pem", command, *asks, "--no-compression", str(out)]
