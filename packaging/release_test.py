"""A release is complete, and each check refuses one that is not."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tarfile
import tempfile
import unittest
import zipfile
from pathlib import Path
from typing import ClassVar

import release
import sbom
from check_test import machine
from wheels_test import NativeTest


class NotesTest(unittest.TestCase):
    CHANGELOG = "# Changelog\n\n## 0.2.0 (2026-01-02)\n\nIt is new.\n\n## 0.1.0\n\nIt is old.\n"

    def test_the_section_of_the_version(self) -> None:
        assert release.section(self.CHANGELOG, "0.2.0", draft=False) == "It is new.\n"
        assert release.section(self.CHANGELOG, "0.1.0", draft=False) == "It is old.\n"

    def test_no_section(self) -> None:
        for text in (self.CHANGELOG, "## 0.3.0\n\n## 0.2.0\n\nIt is new.\n"):
            with self.assertRaisesRegex(SystemExit, r"no section of 0\.3\.0"):
                release.section(text, "0.3.0", draft=False)

    def test_an_unreleased_version(self) -> None:
        text = self.CHANGELOG.replace("2026-01-02", "unreleased")
        assert release.section(text, "0.2.0", draft=True) == "It is new.\n"
        with self.assertRaisesRegex(SystemExit, "write the day"):
            release.section(text, "0.2.0", draft=False)


class ReleaseTest(NativeTest):
    def setUp(self) -> None:
        super().setUp()
        self.dist = self.directory / "dist"
        self.dist.mkdir()
        for name in ("bin/bcda", "lib/libbcda.so.0.2.0", "java/libbcda_java.so"):
            path = self.native.out / name
            path.parent.mkdir()
            path.write_bytes(self.module.read_bytes())
        (self.native.out / "lib/libbcda.so").symlink_to("libbcda.so.0.2.0")

    def git(self, *arguments: str) -> None:
        subprocess.run(["git", "-c", "user.name=x", "-c", "user.email=x@x", *arguments], cwd=self.dist, check=True)

    def test_the_tree(self) -> None:
        self.git("init", "-q")
        self.git("commit", "-q", "--allow-empty", "-m", "x")
        self.git("tag", "v0.2.0")
        assert list(release.tree_problems(self.dist, "0.2.0")) == []
        assert "tag of another version" in "".join(release.tree_problems(self.dist, "0.3.0"))
        (self.dist / "new").touch()
        assert "not clean: ?? new" in "".join(release.tree_problems(self.dist, "0.2.0"))

    def test_an_archive(self) -> None:
        assert list(release.archive_problems(self.native)) == []
        made = release.archive(self.dist, "0.2.0", self.native)
        first = made.read_bytes()
        top = f"bcda-0.2.0-{self.native.target}"
        with tarfile.open(made) as tar:
            entries = {entry.name.removeprefix(f"{top}/"): entry for entry in tar}
        assert {"bin/bcda", "lib/libbcda.so", "include/bcda/bcda.h", "third-party/OpenSSL.txt", "LICENSE"} <= set(
            entries
        )
        assert entries["bin/bcda"].mode == 0o755
        assert entries["lib/libbcda.so"].linkname == "libbcda.so.0.2.0"
        assert "third-party/pybind11.txt" not in entries
        assert (self.dist / f"{top}.cdx.json").read_text() == sbom.sbom("archive", self.native)
        assert (self.dist / f"bcda-0.2.0-jar-{self.native.target}.cdx.json").read_text() == sbom.sbom(
            "jar", self.native
        )
        (self.native.out / "bin/bcda").touch()
        assert release.archive(self.dist, "0.2.0", self.native).read_bytes() == first

    def test_an_archive_without_a_license(self) -> None:
        (self.native.out / "notices/zlib.txt").unlink()
        assert list(release.archive_problems(self.native)) == ["has no license of zlib"]

    def test_another_version_in_the_command(self) -> None:
        self.compile(openssl="1.0.1")
        (self.native.out / "bin/bcda").write_bytes(self.module.read_bytes())
        assert "bcda has 1.0.1 of OpenSSL in it" in "".join(release.archive_problems(self.native))

    def problems(self) -> str:
        return "\n".join(release.dist_problems(self.dist, "0.2.0", [], ["3.11"]))

    def complete(self) -> None:
        for pattern in release.expected("0.2.0", [], ["3.11"]):
            (self.dist / re.sub(r"\[0-9\]\*|\*", "0", pattern)).touch()
        self.make_jar()
        (self.dist / "SHA256SUMS").write_text(release.sums(self.dist))

    def test_a_complete_one(self) -> None:
        self.complete()
        assert self.problems() == ""
        subprocess.run(["sha256sum", "--quiet", "--strict", "-c", "SHA256SUMS"], cwd=self.dist, check=True)

    def test_a_missing_file(self) -> None:
        self.complete()
        (self.dist / "bcda.jar").unlink()
        assert "there is no bcda.jar" in self.problems()
        assert "SHA256SUMS does not fit" in self.problems()

    def test_a_changed_file(self) -> None:
        self.complete()
        (self.dist / "CHANGES.md").write_text("x")
        assert self.problems() == "SHA256SUMS does not fit the files"

    def test_a_file_too_many(self) -> None:
        self.complete()
        (self.dist / "secret.txt").touch()
        assert "secret.txt is no part of a release" in self.problems()

    def make_jar(self, library: bytes = b"", leave_out: str = "", add: str = "") -> None:
        licenses = {part.notice for part in sbom.components("jar", self.native)} - {leave_out}
        platform = f"linux-{machine()}"
        with zipfile.ZipFile(self.dist / "bcda.jar", "w") as jar:
            jar.writestr(f"native/{platform}/libbcda_java.so", library or self.module.read_bytes())
            for name in licenses:
                jar.writestr(f"META-INF/third-party/{platform + '/' if name == 'glibc' else ''}{name}.txt", "a license")
            if add:
                jar.writestr(add, os.urandom(release.JAR_LIMIT) if add == "large" else "a license")

    def jar_problems(self) -> str:
        return "\n".join(release.jar_problems(self.dist / "bcda.jar", [self.native]))

    def test_a_jar(self) -> None:
        self.make_jar()
        assert self.jar_problems() == ""
        self.make_jar(library=b"other")
        assert "has not the library" in self.jar_problems()
        self.make_jar(leave_out="zlib")
        assert f"has no license of zlib (linux-{machine()})" in self.jar_problems()
        self.make_jar(add="META-INF/third-party/curl.txt")
        assert "has a license of curl" in self.jar_problems()
        self.make_jar(add="META-INF/third-party/linux-other/curl.txt")
        assert self.jar_problems() == ""
        self.make_jar(add="large")
        assert "has 18.0 MiB, more than" in self.jar_problems()

    def test_a_missing_wheel(self) -> None:
        assert any(
            wheel.startswith("bcda-0.2.0-cp314-cp314-manylinux_2_17_")
            for wheel in release.expected("0.2.0", [self.native], ["3.14"])
        )
        found = "\n".join(release.dist_problems(self.dist, "0.2.0", [self.native], ["3.14"]))
        assert "there is no bcda-0.2.0-cp314-cp314-manylinux_2_17_" in found


class ReproduceTest(unittest.TestCase):
    """With a repository whose ./dev natives copies a file."""

    SCRIPTS: ClassVar = {
        "packaging/pythons": 'echo "headers of $1"',
        "dev": 'to="build/natives/$4/out/python"; mkdir -p "$to"; cp made "$to/_native.cpython-311-x.so"',
    }

    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)
        (self.directory / "packaging").mkdir()
        shutil.copy(sbom.ROOT / "packaging/reproduce", self.directory / "packaging")
        for name, text in self.SCRIPTS.items():
            script = self.directory / name
            script.write_text(f'#!/bin/sh\nset -e\ncd "$(dirname "$0")"\n{text}\n')
            script.chmod(0o755)
        (self.directory / "made").write_text("the same")
        (self.directory / ".gitignore").write_text("build")
        for command in ("git init -q", "git add .", "git -c user.name=x -c user.email=x@x commit -q -m x"):
            subprocess.run(command.split(), cwd=self.directory, check=True)
        self.build("the target")

    def build(self, target: str) -> None:
        subprocess.run(["./dev", "natives", "--python", "headers", target], cwd=self.directory, check=True)

    def reproduce(self, target: str) -> tuple[int, str]:
        command = [str(self.directory / "packaging/reproduce"), target]
        ended = subprocess.run(
            command, capture_output=True, text=True, env={**os.environ, "TMPDIR": str(self.directory)}
        )
        return ended.returncode, ended.stdout + ended.stderr

    def test_the_same(self) -> None:
        assert self.reproduce("the target") == (0, "reproduce: the target: two builds are the same, byte for byte\n")
        assert not list(self.directory.glob("reproduce.*"))

    def test_another(self) -> None:
        (self.directory / "build/natives/the target/out/python/_native.cpython-311-x.so").write_text("different")
        status, said = self.reproduce("the target")
        assert status == 1
        assert "_native.cpython-311-x.so" in said
        assert "the target: two builds differ" in said

    def test_one_that_was_not_built(self) -> None:
        status, said = self.reproduce("another")
        assert status == 2
        assert "has not built another" in said


if __name__ == "__main__":
    unittest.main()
