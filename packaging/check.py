#!/usr/bin/env python3
"""Checks what is promised of our binaries, with readelf: what they show, what they need, and how they are hardened.

usage: check.py --target TARGET [--bytes N] FILE|DIRECTORY...
  --target TARGET  a target of packaging/natives, or "distribution" for files that use the libraries of their system
  --bytes N        the largest size of a file, instead of the limit of its kind
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

MIB = 1024 * 1024
STACK_GUARD = b"libbcda: stack smashing detected"  # of runtime/stack_guard.c
ROOT = Path(__file__).resolve().parents[1]

# What each file shows, by its name. The command shows nothing of ours.
SHOWN = {
    r"libbcda\.so(\.\d+)*": r"bcda_(?!sandbox_)\w+",
    r"libbcda_sandbox\.so(\.\d+)*": r"bcda_sandbox_\w+",
    r"libbcda_java\.so": r"Java_io_github_libbcda_\w+",
    r"_native\..*\.so": r"PyInit__native",
    r"bcda\.so": r"R_init_bcda",
    r"bcda": r"(?!)",
}
SYSTEM = {
    "gnu": r"(libc|libm|libgcc_s|libpthread|libdl|librt|ld-linux[\w-]*)\.so(\.\d+)*",
    "musl": r"libc\.so",
    "distribution": r".*",
}
MACHINES = {"x86_64": "Advanced Micro Devices X86-64", "aarch64": "AArch64"}


class Target:
    """A target: "x86_64-linux-gnu.2.17", "aarch64-linux-musl" or "distribution"."""

    def __init__(self, name: str) -> None:
        found = re.fullmatch(r"(x86_64|aarch64)-linux-(?:(musl)|gnu\.(\d+\.\d+))", name)
        if not found and name != "distribution":
            raise SystemExit(f"check.py: {name} is no target")
        self.machine = MACHINES[found[1]] if found else None
        self.glibc = version(found[3]) if found and found[3] else None
        self.libc = "gnu" if self.glibc else "musl" if found else "distribution"


class Binary:
    """What readelf says of a file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.header = readelf("-h", path)
        self.segments = readelf("-l", path)
        self.dynamic = readelf("-d", path)
        self.versions = set(re.findall(r"Name: (\w+?_[\d.]+) ", readelf("-V", path)))
        # Symbols without a name are left out, and the version of "name@GLIBC_2.17".
        rows = re.findall(r"^ *\d+: \w+ +\w+ +\w+ +(\w+) +\w+ +(\w+) ([^@\s]+)", readelf("--dyn-syms", path), re.M)
        self.exported = {name for bind, index, name in rows if index not in ("UND", "ABS") and bind != "LOCAL"}
        self.imported = {name for _, index, name in rows if index == "UND"}
        self.needed = set(re.findall(r"\(NEEDED\).*\[(.*)\]", self.dynamic))
        self.is_program = "INTERP" in self.segments or "PIE" in self.dynamic or "EXEC (" in self.header
        self.is_static = "There is no dynamic section" in self.dynamic or (not self.needed and self.is_program)


def readelf(option: str, path: Path) -> str:
    return subprocess.run(["readelf", "-W", option, path], capture_output=True, text=True, check=True).stdout


def version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def symbols(binary: Binary, target: Target) -> Iterator[str]:
    shown = next((shown for name, shown in SHOWN.items() if re.fullmatch(name, binary.path.name)), None)
    if shown is None:
        yield f"has a name that packaging/check.py does not know: add to it what {binary.path.name} shows"
        return
    if binary.is_program and target.libc == "distribution":
        return  # it shows the inline functions that it shares with the system's libraries
    foreign = sorted(name for name in binary.exported if not re.fullmatch(shown, name))
    if foreign:
        yield f"shows symbols that are not ours: {', '.join(foreign[:5])}{' …' if len(foreign) > 5 else ''}"
    if not binary.is_program and not binary.exported - set(foreign):
        yield "shows nothing of ours"


def needs(binary: Binary, target: Target) -> Iterator[str]:
    if target.machine and target.machine not in binary.header:
        yield f"is not for {target.machine}"
    for name in sorted(binary.needed):
        if not re.fullmatch(SYSTEM[target.libc], name):
            yield f"needs {name}, which not every system has"
    if target.libc == "distribution":
        return
    runtime = sorted(name for name in binary.versions if name.startswith(("GLIBCXX_", "CXXABI_")))
    if runtime:
        yield f"needs {', '.join(runtime)} of the system's C++ library"
    for name in sorted(binary.versions):
        kind, number = name.rsplit("_", 1)
        if kind == "GLIBC" and (target.glibc is None or version(number) > target.glibc):
            yield f"needs {name}, which is newer than its target"
    if target.libc == "gnu" and not binary.is_program and "libgcc_s.so.1" not in binary.needed:
        yield "has an unwinder of its own, which an exception of its caller may not pass: link libgcc_s.so.1"


def hardening(binary: Binary, target: Target) -> Iterator[str]:
    if re.search(r"\((RPATH|RUNPATH)\)", binary.dynamic):
        yield "has a RPATH or RUNPATH"
    if "TEXTREL" in binary.dynamic:
        yield "has text relocations"
    if "GNU_RELRO" not in binary.segments:
        yield "has no RELRO segment"
    if not binary.is_static and not re.search(r"BIND_NOW|FLAGS_1.*\bNOW\b", binary.dynamic):
        yield "binds lazily, so its RELRO is partial"
    stack = re.search(r"GNU_STACK.* (R\w?E?|RWE|RW) ", binary.segments)
    if not stack or "E" in stack[1]:
        yield "has an executable stack"
    if binary.is_program and "DYN (" not in binary.header:
        yield "is a program with a fixed address (no PIE)"
    is_protected = "__stack_chk_fail" in binary.imported or STACK_GUARD in binary.path.read_bytes()
    if not binary.is_static and not is_protected:
        yield "was compiled without a stack protector"
    if target.libc == "gnu" and not any(re.fullmatch(r"__\w+_chk", name) for name in binary.imported):
        yield "was compiled without _FORTIFY_SOURCE"


def contents(binary: Binary, target: Target, limit: int | None = None) -> Iterator[str]:
    if limit is None:
        limit = 3 * MIB if target.libc == "distribution" else 10 * MIB
    size = binary.path.stat().st_size
    if size > limit:
        yield f"has {size / MIB:.1f} MiB, more than {limit / MIB:.1f}"
    if str(ROOT).encode() in binary.path.read_bytes():
        yield "names a path of the machine that built it"


def problems(path: Path, target: Target, limit: int | None = None) -> list[str]:
    binary = Binary(path)
    return [
        *symbols(binary, target),
        *needs(binary, target),
        *hardening(binary, target),
        *contents(binary, target, limit),
    ]


def describe(path: Path) -> str:
    """One row of the table in docs/platforms.md."""
    binary = Binary(path)
    glibc = max((version(name[6:]) for name in binary.versions if name.startswith("GLIBC_")), default=None)
    highest = "GLIBC_" + ".".join(map(str, glibc)) if glibc else "none"
    needed = " ".join(sorted(binary.needed)) or "nothing"
    return f"  {path.name}: {path.stat().st_size / MIB:.2f} MiB, {highest}, needs {needed}"


def binaries(path: Path) -> list[Path]:
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    return [file for file in files if file.is_file() and not file.is_symlink() and is_elf(file)]


def is_elf(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def main() -> None:
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--target", required=True, type=Target)
    parser.add_argument("--bytes", type=int)
    parser.add_argument("paths", nargs="+", type=Path)
    wanted = parser.parse_args()
    files = [file for path in wanted.paths for file in binaries(path)]
    failed = not files
    if not files:
        print("check.py: there is no binary", file=sys.stderr)
    for file in files:
        print(describe(file))
        for problem in problems(file, wanted.target, wanted.bytes):
            failed = True
            print(f"{file}: {problem}", file=sys.stderr)
    raise SystemExit(failed)


if __name__ == "__main__":
    main()
