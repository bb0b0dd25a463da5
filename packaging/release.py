#!/usr/bin/env python3
"""The parts of a release that nothing else makes, and the check of all of it. ./dev release calls it.

usage: release.py notes [--draft]  checks version and tree, and begins dist/ with CHANGES.md
       release.py archives         makes archives of the libraries, the headers and the command, and the SBOMs
       release.py sums             writes SHA256SUMS over dist/
       release.py check [--draft]  checks what is in dist/
  --draft  also of a tree that is not clean, and of a version that CHANGELOG.md calls unreleased

The variables TARGETS and PYTHONS say what dist/ is to hold, and SOURCE_DATE_EPOCH the time of its files.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import check
import sbom
import wheels

ROOT = sbom.ROOT
DEBS = ("bcda", "libbcda[0-9]*", "libbcda-dev", "libbcda-sandbox[0-9]*", "libbcda-sandbox-dev")
JAR_LIMIT = 18 * check.MIB


def git(root: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True).stdout


def section(changelog: str, version: str, draft: bool) -> str:
    """What CHANGELOG.md says of a version."""
    found = re.search(rf"^## {re.escape(version)}(?: \(([^)]*)\))?\n(.*?)(?=^## |\Z)", changelog, re.M | re.S)
    if not found or not found[2].strip():
        raise SystemExit(f"release.py: CHANGELOG.md has no section of {version}")
    if found[1] == "unreleased" and not draft:
        raise SystemExit(f"release.py: CHANGELOG.md calls {version} unreleased: write the day of the release")
    return found[2].strip() + "\n"


def tree_problems(root: Path, version: str) -> Iterator[str]:
    changed = git(root, "status", "--porcelain").splitlines()
    if changed:
        yield f"the tree is not clean: {changed[0].strip()}{' …' if len(changed) > 1 else ''}"
    if [tag for tag in git(root, "tag", "--points-at", "HEAD", "v*").split() if tag != f"v{version}"]:
        yield f"the commit has the tag of another version than {version}"


def notes(dist: Path, version: str, draft: bool) -> None:
    text = section((ROOT / "CHANGELOG.md").read_text(), version, draft)
    for problem in tree_problems(ROOT, version):
        print(f"release.py: {problem}", file=sys.stderr)
        if not draft:
            raise SystemExit(1)
    shutil.rmtree(dist, ignore_errors=True)
    dist.mkdir()
    (dist / "CHANGES.md").write_text(text)


def archived(native: sbom.Native) -> dict[str, Path]:
    """The files of an archive, by their names in it."""
    files = {f"bin/{path.name}": path for path in (native.out / "bin").iterdir()}
    files |= {f"lib/{path.name}": path for path in (native.out / "lib").iterdir()}
    files |= {f"include/bcda/{path.name}": path for path in ROOT.glob("*/include/bcda/*.h*")}
    inside = {part.notice for part in sbom.components("archive", native)}
    files |= {f"third-party/{name}.txt": path for name, path in native.notices().items() if name in inside}
    return {**files, "LICENSE": ROOT / "LICENSE"}


def archive_problems(native: sbom.Native) -> Iterator[str]:
    names = archived(native)
    licenses = {Path(name).stem for name in names if name.startswith("third-party/")}
    yield from sbom.notice_problems("archive", native, licenses)
    for path in (native.out / "bin/bcda", native.out / "lib/libbcda.so"):
        for problem in sbom.trace_problems("archive", native, path.read_bytes()):
            yield f"{path.name} {problem}"


def documents(dist: Path, version: str, native: sbom.Native) -> dict[str, Path]:
    """The SBOMs that stand beside what they describe. R on musl installs packages from their source."""
    kinds = {"archive": "", "jar": "jar-", **({"r": "r-"} if native.libc == "glibc" else {})}
    return {kind: dist / f"bcda-{version}-{part}{native.target}.cdx.json" for kind, part in kinds.items()}


def archive(dist: Path, version: str, native: sbom.Native) -> Path:
    """The same bytes each time, as far as Python's zlib is the same."""
    name = f"bcda-{version}-{native.target}"
    document = dist / f"{name}.cdx.json"
    for kind, path in documents(dist, version, native).items():
        path.write_text(sbom.sbom(kind, native))
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for inner, path in sorted({**archived(native), "bcda.cdx.json": document}.items()):
            add(tar, f"{name}/{inner}", path, program=inner.startswith(("bin/", "lib/")))
    made = dist / f"{name}.tar.gz"
    made.write_bytes(gzip.compress(packed.getvalue(), mtime=0))
    return made


def add(tar: tarfile.TarFile, name: str, path: Path, program: bool) -> None:
    entry = tarfile.TarInfo(name)
    entry.mtime = sbom.epoch()
    if path.is_symlink():
        entry.type, entry.linkname, entry.mode = tarfile.SYMTYPE, os.readlink(path), 0o777
        tar.addfile(entry)
        return
    content = path.read_bytes()
    entry.size, entry.mode = len(content), 0o755 if program else 0o644
    tar.addfile(entry, io.BytesIO(content))


def archives(dist: Path, version: str, natives: list[sbom.Native]) -> None:
    for native in natives:
        for problem in archive_problems(native):
            raise SystemExit(f"release.py: {native.target}: {problem}")
        made = archive(dist, version, native)
        print(f"  {made.name}: {made.stat().st_size / check.MIB:.2f} MiB")


def jar_problems(jar: Path, natives: list[sbom.Native]) -> Iterator[str]:
    """Its size, and for each target the library and the licenses."""
    if jar.stat().st_size > JAR_LIMIT:
        yield f"has {jar.stat().st_size / check.MIB:.1f} MiB, more than {JAR_LIMIT / check.MIB:.1f}"
    with zipfile.ZipFile(jar) as packed:
        names = packed.namelist()
        for native in natives:
            platform = "linux-" + native.target.split("-")[0] + ("-musl" if native.libc == "musl" else "")
            libraries = [name for name in names if name.endswith(f"/{platform}/libbcda_java.so")]
            if [packed.read(name) for name in libraries] != [(native.out / "java/libbcda_java.so").read_bytes()]:
                yield f"has not the library of {native.target}"
            license = re.compile(rf"META-INF/third-party/(?:{platform}/)?([^/]+)\.txt")
            licenses = {found[1] for found in map(license.fullmatch, names) if found}
            yield from (f"{problem} ({platform})" for problem in sbom.notice_problems("jar", native, licenses))


def sums(dist: Path) -> str:
    """As sha256sum writes it."""
    files = sorted(path for path in dist.rglob("*") if path.is_file() and path.name != "SHA256SUMS")
    return "".join(f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.relative_to(dist)}\n" for file in files)


def expected(version: str, natives: list[sbom.Native], pythons: list[str]) -> list[str]:
    """What is in dist/, as patterns. {} of a wheel is its Python."""
    wheel = "bcda-{}-cp{}-cp{}-{}.whl"
    return [
        "CHANGES.md",
        f"bcda-{version}.tar.gz",
        *(f"bcda-{version}-{native.target}.tar.gz" for native in natives),
        *(path.name for native in natives for path in documents(Path(), version, native).values()),
        *(
            wheel.format(version, digits, digits, ".".join(wheels.platforms(native.target)))
            for native in natives
            for digits in (python.replace(".", "") for python in pythons)
        ),
        "bcda.jar",
        "bcda-sources.jar",
        "bcda-javadoc.jar",
        f"bcda_{version}.tar.gz",
        *(f"bcda_{version}_R_{native.target.split('-')[0]}-*.tar.gz" for native in natives if native.libc == "glibc"),
        *(f"{name}_*.deb" for name in DEBS),
    ]


def dist_problems(dist: Path, version: str, natives: list[sbom.Native], pythons: list[str]) -> Iterator[str]:
    wanted = expected(version, natives, pythons)
    for pattern in wanted:
        if not list(dist.glob(pattern)):
            yield f"there is no {pattern}"
    known = {path.name for pattern in wanted for path in dist.glob(pattern)} | {"SHA256SUMS"}
    for path in sorted(dist.iterdir()):
        if path.name not in known:
            yield f"{path.name} is no part of a release"
    listed = dist / "SHA256SUMS"
    if not listed.exists() or listed.read_text() != sums(dist):
        yield "SHA256SUMS does not fit the files"
    if (dist / "bcda.jar").exists():
        yield from (f"bcda.jar {problem}" for problem in jar_problems(dist / "bcda.jar", natives))
    for native in natives:
        for path in sorted(dist.glob(f"*-{'.'.join(wheels.platforms(native.target))}.whl")):
            yield from (f"{path.name} {problem}" for problem in wheels.problems(path, native))


def main() -> None:
    wanted, draft = sys.argv[1:2], "--draft" in sys.argv[2:]
    dist, version = ROOT / "dist", sbom.own_version()
    natives = [sbom.Native(ROOT / "build/natives" / target) for target in os.environ.get("TARGETS", "").split()]
    if wanted == ["notes"]:
        notes(dist, version, draft)
    elif wanted == ["archives"]:
        dist.mkdir(exist_ok=True)
        archives(dist, version, natives)
    elif wanted == ["sums"]:
        (dist / "SHA256SUMS").write_text(sums(dist))
    elif wanted == ["check"]:
        section((ROOT / "CHANGELOG.md").read_text(), version, draft)
        found = list(dist_problems(dist, version, natives, os.environ["PYTHONS"].split()))
        for problem in found:
            print(f"dist: {problem}", file=sys.stderr)
        if not found:
            print(f"dist: the {len(list(dist.iterdir()))} files of {version} are complete and as they should be")
        raise SystemExit(bool(found))
    else:
        raise SystemExit(__doc__)


if __name__ == "__main__":
    main()
