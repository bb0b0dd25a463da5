#!/usr/bin/env python3
"""Says what is inside an artifact that was made of a native, as CycloneDX 1.6. The list of it is in this file alone.

usage: sbom.py KIND NATIVE
  KIND    what contains it: archive (of the libraries and the command), wheel, jar or r
  NATIVE  a directory of packaging/natives, such as build/natives/x86_64-linux-musl

The versions come from the headers that the native was compiled with. SOURCE_DATE_EPOCH gives the time.
"""

from __future__ import annotations

import datetime
import json
import os
import re
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
ALL = ("archive", "wheel", "jar", "r")
Json = dict[str, object]


class Native:
    """What packaging/natives made for a target, and what it was made of."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.target = directory.resolve().name
        self.libc = "musl" if self.target.endswith("musl") else "glibc"
        self.out = directory / "out"
        self.headers = directory / "prefix/include"
        self.zig = directory.parent / "zig"
        self.simdjson = Path(os.environ.get("SIMDJSON", ROOT / "build/simdjson"))

    def notices(self) -> dict[str, Path]:
        """The texts of licenses, by name."""
        return {path.stem: path for path in sorted((self.out / "notices").glob("*.txt"))}


class Component(NamedTuple):
    """A part of others. {} in purl and cpe is the version."""

    name: str
    license: str
    version: Callable[[Native], str | None]
    purl: str
    notice: str  # the name of the text of the license
    inside: tuple[str, ...] = ALL
    libc: str | None = None  # only in natives for this one
    cpe: str | None = None  # the vendor and product that lists of vulnerabilities name
    trace: bytes | None = None  # how the version shows in a binary
    source: str | None = None  # its name in packaging/sources.txt
    scope: str = ""


def defined(path: Path, macro: str) -> str:
    """The value of a macro, without quotes."""
    found = re.search(rf'^\s*#\s*define\s+{macro}\s+"?([\w.]+)', path.read_text(errors="replace"), re.M)
    if not found:
        raise SystemExit(f"sbom.py: {path} does not define {macro}")
    return found[1]


def header(path: str, *macros: str) -> Callable[[Native], str]:
    return lambda native: ".".join(defined(native.headers / path, macro) for macro in macros)


def numbered(path: Callable[[Native], Path], macro: str, *places: int) -> Callable[[Native], str]:
    """A version that is one number, such as 108100 for 1.81.0 with the places 100000, 100 and 1."""

    def version(native: Native) -> str:
        rest, parts = int(defined(path(native), macro)), []
        for place in places:
            part, rest = divmod(rest, place)
            parts.append(str(part))
        return ".".join(parts)

    return version


def tool(name: str) -> Callable[[Native], str]:
    found = re.search(rf"^{name}==(\S+)", (ROOT / "packaging/tools.txt").read_text(), re.M)
    assert found
    return lambda native: found[1]


LLVM_LICENSE = "Apache-2.0 WITH LLVM-exception"
llvm = numbered(lambda native: native.zig / "lib/libcxx/include/__config", "_LIBCPP_VERSION", 10000, 100, 1)
UNWINDER = Component("libunwind", LLVM_LICENSE, llvm, "pkg:github/llvm/llvm-project@llvmorg-{}#libunwind", "LLVM")
COMPONENTS = (
    Component(
        "OpenSSL",
        "Apache-2.0",
        header("openssl/opensslv.h", "OPENSSL_VERSION_STR"),
        "pkg:github/openssl/openssl@openssl-{}",
        "OpenSSL",
        cpe="openssl:openssl",
        trace=rb"OpenSSL (\d+\.\d+\.\d+) \d",
        source="openssl",
        scope="libcrypto and libssl, without what no client over TLS 1.2 and 1.3 needs",
    ),
    Component(
        "zlib-ng",
        "Zlib",
        header("zlib.h", "ZLIBNG_VERSION"),
        "pkg:github/zlib-ng/zlib-ng@{}",
        "zlib",
        cpe="zlib-ng:zlib-ng",
        source="zlib-ng",
        scope="without the functions for files",
    ),
    Component(
        "Boost",
        "BSL-1.0",
        numbered(lambda native: native.headers / "boost/version.hpp", "BOOST_VERSION", 100000, 100, 1),
        "pkg:github/boostorg/boost@boost-{}",
        "Boost",
        cpe="boost:boost",
        scope="Asio, Beast, JSON and the headers that these need",
    ),
    Component(
        "simdjson",
        "Apache-2.0",
        lambda native: defined(native.simdjson / "simdjson.h", "SIMDJSON_VERSION"),
        "pkg:github/simdjson/simdjson@v{}",
        "simdjson",
    ),
    Component(
        "FlatBuffers",
        "Apache-2.0",
        header("flatbuffers/base.h", *(f"FLATBUFFERS_VERSION_{part}" for part in ("MAJOR", "MINOR", "REVISION"))),
        "pkg:github/google/flatbuffers@v{}",
        "FlatBuffers",
        scope="headers",
    ),
    Component(
        "CLI11",
        "BSD-3-Clause",
        header("CLI/Version.hpp", "CLI11_VERSION"),
        "pkg:github/cliutils/cli11@v{}",
        "CLI11",
        inside=("archive", "wheel"),
        scope="headers",
    ),
    Component("pybind11", "BSD-3-Clause", tool("pybind11"), "pkg:pypi/pybind11@{}", "pybind11", inside=("wheel",)),
    Component("libc++", LLVM_LICENSE, llvm, "pkg:github/llvm/llvm-project@llvmorg-{}#libcxx", "LLVM"),
    Component("libc++abi", LLVM_LICENSE, llvm, "pkg:github/llvm/llvm-project@llvmorg-{}#libcxxabi", "LLVM"),
    UNWINDER._replace(libc="musl"),
    UNWINDER._replace(
        libc="glibc", inside=("archive",), scope="in the command; the libraries call the system's libgcc_s"
    ),
    Component(
        "zig",
        "MIT",
        tool("ziglang"),
        "pkg:pypi/ziglang@{}",
        "zig",
        scope="compiler_rt, the functions that a compiler calls, after LLVM's compiler-rt",
    ),
    Component(
        "musl",
        "MIT",
        lambda native: defined(native.zig / "lib/libc/musl/src/internal/version.h", "VERSION"),
        "pkg:generic/musl@{}",
        "musl",
        libc="musl",
        cpe="musl-libc:musl",
        scope="start files, and in the command the C library",
    ),
    Component(
        "glibc",
        "LGPL-2.1-or-later",
        lambda native: None,  # the compiler's copy names no version
        "pkg:generic/glibc",
        "glibc",
        libc="glibc",
        scope="start files, which may be linked with anything",
    ),
)


def components(kind: str, native: Native) -> list[Component]:
    return [part for part in COMPONENTS if kind in part.inside and part.libc in (None, native.libc)]


def source_of(name: str, version: str) -> tuple[str, str]:
    """The file of packaging/sources.txt with this version, and its SHA-256."""
    rows = [row.split() for row in (ROOT / "packaging/sources.txt").read_text().splitlines()]
    for row in rows:
        if row and row[:2] == [name, version]:
            return row[2], row[3]
    raise SystemExit(f"sbom.py: packaging/sources.txt has no file of {name} {version}")


def described(part: Component, native: Native) -> Json:
    version = part.version(native)
    made: Json = {"type": "library", "bom-ref": part.name, "name": part.name}
    if version:
        made["version"] = version
    if part.scope:
        made["description"] = part.scope
    # An expression and an id are written in different ways.
    plain = " " not in part.license
    made["licenses"] = [{"license": {"id": part.license}} if plain else {"expression": part.license}]
    if part.cpe:
        made["cpe"] = f"cpe:2.3:a:{part.cpe}:{version}:*:*:*:*:*:*:*"
    made["purl"] = part.purl.format(version)
    if part.source and version:
        file, digest = source_of(part.source, version)
        made["externalReferences"] = [
            {"type": "source-distribution", "url": file, "hashes": [{"alg": "SHA-256", "content": digest}]}
        ]
    return made


def own_version() -> str:
    found = re.search(r"^project\(libbcda VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text(), re.M)
    assert found
    return found[1]


def epoch() -> int:
    """The time of everything that is made, so that it does not depend on when that is."""
    if "SOURCE_DATE_EPOCH" not in os.environ:
        raise SystemExit("set SOURCE_DATE_EPOCH, for example to $(git log -1 --format=%ct)")
    return int(os.environ["SOURCE_DATE_EPOCH"])


def sbom(kind: str, native: Native) -> str:
    """The document, the same bytes for the same content."""
    version, parts = own_version(), components(kind, native)
    purl = f"pkg:pypi/bcda@{version}" if kind == "wheel" else f"pkg:generic/libbcda@{version}"
    time = datetime.datetime.fromtimestamp(epoch(), datetime.timezone.utc)
    document: Json = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": {
                "type": "library",
                "bom-ref": "libbcda",
                "name": "bcda" if kind == "wheel" else "libbcda",
                "version": version,
                "description": f"for {native.target}",
                "licenses": [{"license": {"id": "Apache-2.0"}}],
                "purl": purl,
            },
        },
        "components": [described(part, native) for part in parts],
        "dependencies": [
            {"ref": "libbcda", "dependsOn": [part.name for part in parts]},
            *({"ref": part.name} for part in parts),
        ],
    }
    number = uuid.uuid5(uuid.NAMESPACE_URL, purl + json.dumps(document, sort_keys=True))
    return json.dumps({**document, "serialNumber": f"urn:uuid:{number}"}, indent=2, ensure_ascii=False) + "\n"


def notice_problems(kind: str, native: Native, notices: set[str]) -> Iterator[str]:
    """Each component has the text of its license, and each text a component."""
    wanted = {part.notice for part in components(kind, native)}
    for name in sorted(wanted - notices):
        yield f"has no license of {name}"
    for name in sorted(notices - wanted):
        yield f"has a license of {name}, which packaging/sbom.py does not know to be inside"


def trace_problems(kind: str, native: Native, binary: bytes) -> Iterator[str]:
    """The versions that a binary prints are those of the document. Others leave no trace in it."""
    for part in components(kind, native):
        if not part.trace:
            continue
        found = {match.decode() for match in re.findall(part.trace, binary)}
        if found != {part.version(native)}:
            there = ", ".join(sorted(found)) or "no version"
            yield f"has {there} of {part.name} in it, but its headers are of {part.version(native)}"


def main() -> None:
    if len(sys.argv) != 3 or sys.argv[1] not in ALL:
        raise SystemExit(__doc__)
    print(sbom(sys.argv[1], Native(Path(sys.argv[2]))), end="")


if __name__ == "__main__":
    main()
