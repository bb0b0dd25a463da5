"""A wheel of a native is complete and the same each time, and each check refuses a wheel made for it."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import tempfile
import unittest
import zipfile
from collections.abc import Mapping
from pathlib import Path

import sbom
import wheels
from check_test import GOOD, HARD, NEEDS_UNWINDER, machine
from wheel.wheelfile import WheelFile

os.environ["SOURCE_DATE_EPOCH"] = "1700000000"
INFO = "bcda-0.2.0.dist-info"
RECORD = f"{INFO}/RECORD"
DOCUMENT = f"{INFO}/sboms/bcda.cdx.json"
HEADERS = {
    "openssl/opensslv.h": '# define OPENSSL_VERSION_STR "{openssl}"',
    "zlib.h": '#define ZLIBNG_VERSION "{zlib-ng}"',
    "boost/version.hpp": "#define BOOST_VERSION 108100",
    "flatbuffers/base.h": "".join(f"#define FLATBUFFERS_VERSION_{part} 2\n" for part in ("MAJOR", "MINOR", "REVISION")),
    "CLI/Version.hpp": '#define CLI11_VERSION "2.1.2"',
}


def pinned(project: str) -> str:
    """The version of the first file of a project in sources.txt."""
    row = re.search(rf"^{project} (\S+) ", (sbom.ROOT / "packaging/sources.txt").read_text(), re.M)
    assert row
    return row[1]


class NativeTest(unittest.TestCase):
    """With a small native, whose module has the texts of versions that libraries bring along."""

    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)
        self.native = sbom.Native(self.directory / f"{machine()}-linux-gnu.2.17")
        self.native.simdjson = self.directory
        self.versions = {name: pinned(name) for name in ("openssl", "zlib-ng")}
        for name, text in HEADERS.items():
            self.write(self.native.headers / name, text.format(**self.versions))
        self.write(self.directory / "simdjson.h", '#define SIMDJSON_VERSION "3.12.3"')
        self.write(self.native.zig / "lib/libcxx/include/__config", "#  define _LIBCPP_VERSION 220108")
        for part in sbom.components("wheel", self.native):
            self.write(self.native.out / f"notices/{part.notice}.txt", f"the license of {part.notice}")
        self.compile()

    def write(self, path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def compile(self, openssl: str = "", code: str = "") -> None:
        trace = f"OpenSSL {openssl or self.versions['openssl']} 1 Jan"
        source = self.directory / "module.c"
        source.write_text(
            GOOD.replace("bcda_good", "PyInit__native")
            + f'static const char kept[] __attribute__((used)) = "{trace}";'
            + code
        )
        self.module = self.native.out / f"python/_native.cpython-311-{machine()}-linux-gnu.so"
        self.module.parent.mkdir(parents=True, exist_ok=True)
        command: list[str | Path] = ["gcc", *HARD, "-shared", source, "-o", self.module]
        subprocess.run([*command, *NEEDS_UNWINDER], check=True)


class SbomTest(NativeTest):
    def test_it_names_what_is_inside(self) -> None:
        document = json.loads(sbom.sbom("wheel", self.native))
        parts = {part["name"]: part for part in document["components"]}
        assert parts["OpenSSL"]["version"] == self.versions["openssl"]
        assert parts["OpenSSL"]["externalReferences"][0]["hashes"][0]["alg"] == "SHA-256"
        assert parts["Boost"]["version"] == "1.81.0"
        assert parts["libc++"]["version"] == "22.1.8"
        assert "pybind11" in parts
        assert "musl" not in parts
        assert document["metadata"]["timestamp"] == "2023-11-14T22:13:20Z"

    def test_it_depends_on_the_kind(self) -> None:
        parts = {part["name"] for part in json.loads(sbom.sbom("jar", self.native))["components"]}
        assert not {"pybind11", "CLI11", "libunwind"} & parts

    def test_it_is_the_same_each_time(self) -> None:
        assert sbom.sbom("wheel", self.native) == sbom.sbom("wheel", self.native)
        number = json.loads(sbom.sbom("wheel", self.native))["serialNumber"]
        self.write(self.native.headers / "boost/version.hpp", "#define BOOST_VERSION 108300")
        assert json.loads(sbom.sbom("wheel", self.native))["serialNumber"] != number

    def test_a_source_that_is_not_listed(self) -> None:
        self.write(self.native.headers / "openssl/opensslv.h", '# define OPENSSL_VERSION_STR "0.9.8"')
        with self.assertRaisesRegex(SystemExit, "no file of openssl 0.9.8"):
            sbom.sbom("wheel", self.native)

    def test_a_header_without_its_version(self) -> None:
        self.write(self.native.headers / "zlib.h", "")
        with self.assertRaisesRegex(SystemExit, "does not define ZLIBNG_VERSION"):
            sbom.sbom("wheel", self.native)


class WheelTest(NativeTest):
    def setUp(self) -> None:
        super().setUp()
        self.like = self.directory / "bcda-0.2.0-cp312-cp312-linux_x86_64.whl"
        with WheelFile(self.like, "w") as wheel:
            wheel.writestr("bcda/__init__.py", "from ._native import *")
            wheel.writestr("bcda/_native.cpython-312-x86_64-linux-gnu.so", "of the system's libraries")
            wheel.writestr(f"{INFO}/METADATA", "Metadata-Version: 2.4")
            wheel.writestr(f"{INFO}/WHEEL", "Tag: cp312-cp312-linux_x86_64")

    def make(self, out: str = "dist") -> Path:
        (self.directory / out).mkdir(exist_ok=True)
        return wheels.make(self.like, self.native, self.module, self.directory / out)

    def problems(self, changed: Mapping[str, str | None], recorded: bool = False) -> str:
        """What is said of a wheel whose files were changed or removed, behind its RECORD or with it."""
        made = self.make()
        with zipfile.ZipFile(made) as wheel:
            files: dict[str, bytes] = {name: wheel.read(name) for name in wheel.namelist()}
        for name, text in changed.items():
            files.pop(name, None)
            if text is not None:
                files[name] = text.encode()
        if recorded:
            del files[RECORD]
        with (WheelFile if recorded else zipfile.ZipFile)(made, "w") as wheel:
            for name, content in files.items():
                wheel.writestr(name, content)
        return "\n".join(wheels.problems(made, self.native))

    def test_a_good_wheel(self) -> None:
        made = self.make()
        assert wheels.problems(made, self.native) == []
        assert made.name == f"bcda-0.2.0-cp311-cp311-manylinux_2_17_{machine()}.manylinux2014_{machine()}.whl"
        with WheelFile(made) as wheel:
            files = {name: wheel.read(name) for name in wheel.namelist()}
            modes = {stat.S_IMODE(entry.external_attr >> 16) for entry in wheel.infolist() if entry.filename != RECORD}
        assert [name for name in files if name.endswith(".so")] == [f"bcda/{self.module.name}"]
        assert files[f"bcda/{self.module.name}"] == self.module.read_bytes()
        assert files[f"{INFO}/METADATA"] == b"Metadata-Version: 2.4"
        assert f"{INFO}/licenses/third-party/OpenSSL.txt" in files
        assert modes == {0o644, 0o755}

    def test_it_is_the_same_each_time(self) -> None:
        first = self.make().read_bytes()
        for file in self.directory.rglob("*"):
            os.utime(file)
        assert self.make("again").read_bytes() == first

    def test_a_changed_file(self) -> None:
        assert "Hash mismatch for file 'bcda/__init__.py'" in self.problems({"bcda/__init__.py": "import os"})

    def test_a_file_that_is_not_recorded(self) -> None:
        assert "No hash found for file 'bcda/more.py'" in self.problems({"bcda/more.py": ""})

    def test_a_recorded_file_that_is_missing(self) -> None:
        assert "lacks bcda/__init__.py" in self.problems({"bcda/__init__.py": None})

    def test_no_record(self) -> None:
        with self.assertRaisesRegex(Exception, "Missing .*RECORD"):
            self.problems({RECORD: None})

    def test_a_missing_license(self) -> None:
        (self.native.out / "notices/OpenSSL.txt").unlink()
        assert "has no license of OpenSSL" in self.problems({})

    def test_a_license_of_nothing(self) -> None:
        name = f"{INFO}/licenses/third-party/curl.txt"
        assert "has a license of curl" in self.problems({name: "MIT"}, recorded=True)

    def test_another_sbom(self) -> None:
        assert "SBOM" in self.problems({DOCUMENT: "{}"}, recorded=True)
        assert "SBOM" in self.problems({DOCUMENT: None}, recorded=True)

    def test_other_tags(self) -> None:
        tags = {f"{INFO}/WHEEL": "Tag: cp39-cp39-any"}
        assert "has other tags" in self.problems(tags, recorded=True)

    def test_two_modules(self) -> None:
        assert "has 2 modules" in self.problems({"bcda/other.so": "x"}, recorded=True)

    def test_another_name(self) -> None:
        made = self.make()
        renamed = made.rename(made.with_name(made.name.replace("cp311", "cp310")))
        assert "has a name" in "\n".join(wheels.problems(renamed, self.native))

    def test_its_size(self) -> None:
        name = f"{INFO}/licenses/third-party/OpenSSL.txt"
        noise = os.urandom(3 * 1024 * 1024).hex() + os.urandom(3 * 1024 * 1024).hex()
        assert "more than 5.0" in self.problems({name: noise}, recorded=True)

    def test_a_module_that_shows_too_much(self) -> None:
        self.compile(code="void deflate() {}")
        assert "symbols that are not ours: deflate" in self.problems({})

    def test_a_module_of_another_build(self) -> None:
        made = self.make()
        self.compile(code="static int more __attribute__((used)) = 1;")
        assert wheels.problems(made, self.native) == ["has another module than its native"]

    def test_another_version_in_the_module(self) -> None:
        self.compile(openssl="1.0.1")
        assert "has 1.0.1 of OpenSSL in it" in self.problems({})

    def test_a_module_of_a_newer_system(self) -> None:
        made = self.make()
        target = f"{machine()}-linux-gnu.2.1"
        assert f"is not for {target} to auditwheel" in "\n".join(wheels.auditwheel_problems(made, target))

    def test_a_python_that_is_not_there(self) -> None:
        assert wheels.modules(self.native, ["3.11"]) == [self.module]
        with self.assertRaisesRegex(SystemExit, "no module for cp39"):
            wheels.modules(self.native, ["3.9", "3.11"])

    def test_tags_of_the_targets(self) -> None:
        assert wheels.platforms("aarch64-linux-musl") == ["musllinux_1_2_aarch64"]
        assert wheels.platforms("aarch64-linux-gnu.2.28") == ["manylinux_2_28_aarch64"]


if __name__ == "__main__":
    unittest.main()
