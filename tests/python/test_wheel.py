"""The content of the wheel: all files, and no visible symbols except the initializer.

packaging/check.py checks what the module needs.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sysconfig
import zipfile
from pathlib import Path

import bcda
import pytest
from bcda import _native

WHEEL = os.environ.get("BCDA_TEST_WHEEL")
MODULE = Path(str(_native.__file__))


def output(*command: object) -> str:
    return subprocess.run([*map(str, command)], capture_output=True, text=True, check=True).stdout


def test_only_the_initializer_is_visible() -> None:
    symbols = [line.split()[-1] for line in output("nm", "-D", "--defined-only", MODULE).splitlines()]
    assert symbols == ["PyInit__native"]


@pytest.mark.skipif(WHEEL is None, reason="about a wheel: ./dev wheel sets BCDA_TEST_WHEEL")
def test_its_files() -> None:
    assert WHEEL is not None
    assert "manylinux" in WHEEL
    with zipfile.ZipFile(WHEEL) as wheel:
        names = set(wheel.namelist())
        suffix = sysconfig.get_config_var("EXT_SUFFIX")
        assert {"bcda/py.typed", "bcda/_native.pyi", "bcda/_options.py", f"bcda/_native{suffix}"} <= names
        assert [name for name in names if name.endswith((".so", ".a", ".cpp", ".hpp"))] == [f"bcda/_native{suffix}"]
        layers = {"columns.csv", "shared/1_functions.sql", "cclf/CCLF1.sql", "tuva/medical_claim.sql"}
        assert {f"bcda/layers/{name}" for name in layers} <= names
        assert any(name.endswith("licenses/LICENSE") for name in names)
        parts = {"OpenSSL", "zlib", "simdjson", "FlatBuffers", "Boost", "CLI11", "pybind11", "LLVM", "glibc", "zig"}
        assert parts == {Path(name).stem for name in names if "/licenses/third-party/" in name}
        assert f"bcda-{bcda.__version__}.dist-info/sboms/bcda.cdx.json" in names
        assert "bcda = bcda.__main__:main" in next(
            wheel.read(name).decode() for name in names if name.endswith("entry_points.txt")
        )


@pytest.mark.skipif(WHEEL is None, reason="about a wheel: ./dev wheel sets BCDA_TEST_WHEEL")
def test_its_sbom_has_the_versions_that_run() -> None:
    assert WHEEL is not None
    with zipfile.ZipFile(WHEEL) as wheel:
        document = json.loads(wheel.read(f"bcda-{bcda.__version__}.dist-info/sboms/bcda.cdx.json"))
    parts = {part["name"]: part.get("version", "") for part in document["components"]}
    for name in ("OpenSSL", "zlib-ng", "simdjson", "Boost"):
        running = re.search(rf"\b{name} (\d[.\d]*)", bcda.version_details)
        assert running
        assert parts[name].startswith(running[1])


def test_no_path_of_the_machine_that_built_it() -> None:
    here = str(Path(__file__).resolve().parents[2]).encode()
    assert here not in MODULE.read_bytes()


@pytest.mark.skipif("BCDA_TEST_SANITIZED" in os.environ, reason="./dev asan-bindings installs no package metadata")
def test_versions_agree() -> None:
    from importlib.metadata import version

    assert version("bcda") == bcda.__version__
    assert bcda.version_details.startswith(f"libbcda {bcda.__version__}, Boost ")
