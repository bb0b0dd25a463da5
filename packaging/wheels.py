#!/usr/bin/env python3
"""Makes wheels of natives, and checks wheels. Nothing is compiled.

usage: wheels.py --like WHEEL --out DIRECTORY [--python VERSION]... NATIVE...
       wheels.py --check WHEEL NATIVE
  --like WHEEL      a wheel that was built from the source distribution: all but the module is taken from it
  --out DIRECTORY   where the wheels go
  --python VERSION  for this Python, such as 3.11; otherwise for each that the native has a module for
  NATIVE            a directory of packaging/natives, such as build/natives/x86_64-linux-musl

Needs the packages wheel and auditwheel. SOURCE_DATE_EPOCH gives the time of the files. Two wheels of the same are the
same, byte for byte.
"""

from __future__ import annotations

import argparse
import csv
import re
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipInfo

import check
import sbom
from wheel.wheelfile import WheelError, WheelFile, get_zipinfo_datetime

LIMIT = 5 * check.MIB
OLD_NAMES = {"manylinux_2_17": "manylinux2014"}  # what an old pip knows


def platforms(target: str) -> list[str]:
    """The systems of a target's tags: manylinux_2_17_x86_64 and manylinux2014_x86_64, or musllinux_1_2_x86_64."""
    machine, libc = target.split("-linux-")
    if libc == "musl":
        return [f"musllinux_1_2_{machine}"]
    system = "manylinux_" + libc.removeprefix("gnu.").replace(".", "_")
    return [f"{name}_{machine}" for name in (system, OLD_NAMES.get(system)) if name]


def python_of(module: str) -> str:
    """cp311 of _native.cpython-311-x86_64-linux-gnu.so."""
    found = re.fullmatch(r"_native\.cpython-(\d+)-\w+-linux-(?:gnu|musl)\.so", module)
    if not found:
        raise SystemExit(f"wheels.py: {module} is no module of packaging/natives")
    return f"cp{found[1]}"


def contents(like: Path) -> tuple[str, dict[str, bytes]]:
    """The name and version of a wheel, and its files without what depends on the system."""
    with WheelFile(like) as wheel:  # it compares each file with RECORD
        info = wheel.dist_info_path
        files = {name: wheel.read(name) for name in wheel.namelist() if not name.endswith("/")}
    depends = re.compile(rf"bcda/_native\..*\.so|{re.escape(info)}/(WHEEL|RECORD|licenses/third-party/.*)")
    return info.removesuffix(".dist-info"), {k: v for k, v in files.items() if not depends.fullmatch(k)}


def make(like: Path, native: sbom.Native, module: Path, out: Path) -> Path:
    name, files = contents(like)
    info, python, systems = f"{name}.dist-info", python_of(module.name), platforms(native.target)
    files[f"bcda/{module.name}"] = module.read_bytes()
    tags = "".join(f"Tag: {python}-{python}-{system}\n" for system in systems)
    files[f"{info}/WHEEL"] = f"Wheel-Version: 1.0\nGenerator: libbcda\nRoot-Is-Purelib: false\n{tags}".encode()
    files[f"{info}/sboms/bcda.cdx.json"] = sbom.sbom("wheel", native).encode()
    inside = {part.notice for part in sbom.components("wheel", native)}
    for notice, path in native.notices().items():
        if notice in inside:
            files[f"{info}/licenses/third-party/{notice}.txt"] = path.read_bytes()
    made = out / f"{name}-{python}-{python}-{'.'.join(systems)}.whl"
    with WheelFile(made, "w") as wheel:
        for file in sorted(files, key=lambda file: (file.startswith(info), file)):  # the metadata last, as PyPA advises
            entry = ZipInfo(file, get_zipinfo_datetime())
            entry.external_attr = (stat.S_IFREG | (0o755 if file.endswith(".so") else 0o644)) << 16
            wheel.writestr(entry, files[file], ZIP_DEFLATED)
    return made


def record_problems(wheel: WheelFile) -> Iterator[str]:
    with wheel.open(wheel.record_path) as record:
        listed = {row[0] for row in csv.reader(record.read().decode().splitlines())}
    names = [name for name in wheel.namelist() if not name.endswith("/")]
    if len(names) != len(set(names)):
        yield "has a file twice"
    for name in sorted(listed - set(names)):
        yield f"lacks {name}, which is in its RECORD"
    for name in names:
        try:
            wheel.read(name)
        except WheelError as error:
            yield f"has a file that is not the one of its RECORD: {error}"


def tag_problems(path: Path, wheel: WheelFile, target: str, module: str) -> Iterator[str]:
    python = python_of(module.removeprefix("bcda/"))
    text = wheel.read(f"{wheel.dist_info_path}/WHEEL").decode()
    wanted = {f"{python}-{python}-{system}" for system in platforms(target)}
    if set(re.findall(r"^Tag: (.*)$", text, re.M)) != wanted:
        yield f"has other tags than its module: {', '.join(sorted(wanted))}"
    if not path.name.endswith(f"-{python}-{python}-{'.'.join(platforms(target))}.whl"):
        yield "has a name that its module does not have"


def auditwheel_problems(path: Path, target: str) -> Iterator[str]:
    """What auditwheel says of a wheel for glibc. It knows musl only where it runs on musl."""
    if target.endswith("musl"):
        return
    command: list[str | Path] = [sys.executable, "-m", "auditwheel", "show", path]
    shown = subprocess.run(command, capture_output=True, text=True)
    found = re.search(r'platform\s+tag:\s+"manylinux_(\d+_\d+)_(\w+)"', shown.stdout)
    machine, glibc = target.split("-linux-gnu.")
    if not found or found[2] != machine or check.version(found[1].replace("_", ".")) > check.version(glibc):
        yield f"is not for {target} to auditwheel: {shown.stdout.strip() or shown.stderr.strip()}"


def module_problems(wheel: WheelFile, name: str, native: sbom.Native) -> Iterator[str]:
    if wheel.read(name) != (native.out / "python" / Path(name).name).read_bytes():
        yield "has another module than its native"
    with tempfile.TemporaryDirectory() as directory:
        module = Path(wheel.extract(name, directory))
        yield from check.problems(module, check.Target(native.target))
        yield from sbom.trace_problems("wheel", native, module.read_bytes())


def problems(path: Path, native: sbom.Native) -> list[str]:
    found = []
    if path.stat().st_size > LIMIT:
        found.append(f"has {path.stat().st_size / check.MIB:.1f} MiB, more than {LIMIT / check.MIB:.1f}")
    with WheelFile(path) as wheel:
        found += record_problems(wheel)
        names = wheel.namelist()
        modules = [name for name in names if name.endswith(".so")]
        if len(modules) != 1:
            found.append(f"has {len(modules)} modules instead of one")
        if found:
            return found
        found += tag_problems(path, wheel, native.target, modules[0])
        found += module_problems(wheel, modules[0], native)
        found += sbom.notice_problems("wheel", native, {Path(name).stem for name in names if "/third-party/" in name})
        document = f"{wheel.dist_info_path}/sboms/bcda.cdx.json"
        if document not in names or wheel.read(document).decode() != sbom.sbom("wheel", native):
            found.append("has not the SBOM of its native and commit")
    return [*found, *auditwheel_problems(path, native.target)]


def checked(path: Path, native: sbom.Native) -> bool:
    found = problems(path, native)
    for problem in found:
        print(f"{path.name}: {problem}", file=sys.stderr)
    print(f"  {path.name}: {path.stat().st_size / check.MIB:.2f} MiB")
    return not found


def modules(native: sbom.Native, versions: list[str]) -> list[Path]:
    found = sorted((native.out / "python").glob("_native.*.so"))
    wanted = {f"cp{version.replace('.', '')}" for version in versions}
    missing = wanted - {python_of(module.name) for module in found}
    if missing or not found:
        raise SystemExit(f"wheels.py: {native.out} has no module for {', '.join(sorted(missing)) or 'any Python'}")
    return [module for module in found if not wanted or python_of(module.name) in wanted]


def main() -> None:
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--like", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--python", action="append", default=[])
    parser.add_argument("--check", type=Path)
    parser.add_argument("natives", nargs="+", type=Path)
    wanted = parser.parse_args()
    natives = [sbom.Native(path) for path in wanted.natives]
    if wanted.check:
        raise SystemExit(not checked(wanted.check, natives[0]))
    wanted.out.mkdir(parents=True, exist_ok=True)
    good = True
    for native in natives:
        for module in modules(native, wanted.python):
            good &= checked(make(wanted.like, native, module, wanted.out), native)
    raise SystemExit(not good)


if __name__ == "__main__":
    main()
