"""A release is complete, and each check refuses one that is not."""

from __future__ import annotations

import re
import subprocess
import tarfile
import unittest

import release
import sbom
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
        for name in ("bin/bcda", "lib/libbcda.so.0.2.0"):
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
        (self.dist / "bcda.jar").write_text("x")
        assert self.problems() == "SHA256SUMS does not fit the files"

    def test_a_file_too_many(self) -> None:
        self.complete()
        (self.dist / "secret.txt").touch()
        assert "secret.txt is no part of a release" in self.problems()

    def test_a_large_jar(self) -> None:
        self.complete()
        with (self.dist / "bcda.jar").open("wb") as jar:
            jar.truncate(release.JAR_LIMIT + 1)
        assert "bcda.jar has 18.0 MiB, more than" in self.problems()

    def test_a_missing_wheel(self) -> None:
        assert any(
            wheel.startswith("bcda-0.2.0-cp314-cp314-manylinux_2_17_")
            for wheel in release.expected("0.2.0", [self.native], ["3.14"])
        )
        found = "\n".join(release.dist_problems(self.dist, "0.2.0", [self.native], ["3.14"]))
        assert "there is no bcda-0.2.0-cp314-cp314-manylinux_2_17_" in found


if __name__ == "__main__":
    unittest.main()
