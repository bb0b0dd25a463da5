"""Fixtures of the tests in Spark: a session, sandboxes, and reads through the Python or the Java source.

`--source java` runs the same cases through the jars that BCDA_TEST_SPARK_JARS names. A module says in MASTER what its
session runs on, because one process has one session at a time.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import bcda
import bcda.spark
import pytest
from pyspark.sql import DataFrame, SparkSession

# A search for these finds what must not be found. Spark hides values by names and patterns; these match none.
CLIENT_SECRET = "c4naryOfTheClient" * 3
PARTITION_KEY = "c0ffee5eedca4a47" * 4
QUICK: dict[str, Any] = {"pending_time": 0, "job_time": "50ms", "client_secret": CLIENT_SECRET}
PROMPT = {"poll_interval": "20ms", "retry_delay": "10ms"}

SCRATCH = Path(tempfile.mkdtemp(prefix="bcda-test-spark-"))
atexit.register(shutil.rmtree, SCRATCH, ignore_errors=True)

# Workers of Spark have the environment that the JVM was started with.
for _name in [name for name in os.environ if name.startswith("BCDA_") and not name.startswith("BCDA_TEST_")]:
    del os.environ[_name]
os.environ.update(
    BCDA_CLIENT_SECRET=CLIENT_SECRET,
    BCDA_PARTITION_KEY=PARTITION_KEY,
    PYSPARK_PYTHON=sys.executable,  # otherwise the python3 of PATH
    SPARK_LOCAL_IP="127.0.0.1",
    SPARK_LOCAL_DIRS=str(SCRATCH / "local"),
)
for _part in ("local", "events", "warehouse"):
    (SCRATCH / _part).mkdir()

CONFIGURATION = {
    "spark.driver.host": "127.0.0.1",
    "spark.sql.shuffle.partitions": "4",
    "spark.sql.warehouse.dir": str(SCRATCH / "warehouse"),
    "spark.sql.parquet.compression.codec": "zstd",  # the default needs a library that some systems lack
    "spark.ui.port": "0",
    "spark.ui.showConsoleProgress": "false",
    "spark.eventLog.enabled": "true",
    "spark.eventLog.dir": str(SCRATCH / "events"),
    # Otherwise a search of files would find nothing.
    **dict.fromkeys(
        ("spark.eventLog.compress", "spark.broadcast.compress", "spark.shuffle.compress", "spark.rdd.compress"), "false"
    ),
    "spark.shuffle.spill.compress": "false",
}


def pytest_configure(config: pytest.Config) -> None:
    for warning in ("ResourceWarning", "pytest.PytestUnraisableExceptionWarning"):  # PySpark 4.0 leaves sockets open
        config.addinivalue_line("filterwarnings", f"default::{warning}")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--source", choices=["python", "java"], default="python", help="which data source is tested")


@pytest.fixture(scope="session")
def source(request: pytest.FixtureRequest) -> str:
    """ "python" or "java"."""
    chosen: str = request.config.getoption("--source")
    if chosen == "java" and not os.environ.get("BCDA_TEST_SPARK_JARS"):
        pytest.skip("BCDA_TEST_SPARK_JARS names no jars")
    return chosen


@pytest.fixture(scope="module")
def master(request: pytest.FixtureRequest) -> str:
    url: str = request.module.MASTER
    return url


@pytest.fixture(scope="module")
def spark(request: pytest.FixtureRequest, source: str, master: str) -> Iterator[SparkSession]:
    builder = SparkSession.builder.master(master)
    for name, value in {**CONFIGURATION, **getattr(request.module, "MORE", {})}.items():
        builder = builder.config(name, value)
    if source == "java":
        builder = builder.config("spark.jars", os.environ["BCDA_TEST_SPARK_JARS"])
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    if source == "python":
        bcda.spark.register(session)
    yield session
    session.stop()


Read = Callable[..., DataFrame]


@pytest.fixture
def read(spark: SparkSession, tmp_path: Path) -> Read:
    """Loads a data frame from a sandbox. Each test has its own jobs, since it has its own stateLocation."""

    def load(sandbox: bcda.Sandbox | None = None, **options: object) -> DataFrame:
        given = {"stateLocation": str(tmp_path / "state"), **(options_of(sandbox) if sandbox else {}), **options}
        return spark.read.format("bcda").options(**given).load()

    return load


def options_of(sandbox: bcda.Sandbox) -> dict[str, str]:
    """How to get at a sandbox. The client secret and the partition key are in the environment."""
    known = {name: value for name, value in sandbox.settings.items() if name != "client_secret"}
    return {**known, **PROMPT}


@pytest.fixture
def make_sandbox() -> Iterator[Callable[..., bcda.Sandbox]]:
    """Sandboxes that are closed after the test. Each has 3 files of each type."""
    made: list[bcda.Sandbox] = []

    def make(beneficiaries: int = 12, **options: Any) -> bcda.Sandbox:
        made.append(bcda.Sandbox(beneficiaries, **{**QUICK, "beneficiaries_per_file": 4, **options}))
        return made[-1]

    yield make
    for sandbox in made:
        sandbox.close()


@pytest.fixture
def sandbox(make_sandbox: Callable[..., bcda.Sandbox]) -> bcda.Sandbox:
    return make_sandbox()


def export(sandbox: bcda.Sandbox, directory: Path, types: str | None = None) -> bcda.ExportResult:
    """An export on this machine alone, to compare with."""
    with sandbox.client(poll_interval=0.02, durability="process") as client:
        return client.export(types, out=directory, progress=False)


def kick_offs(sandbox: bcda.Sandbox, kind: str = "Patient") -> int:
    """How many jobs were started for a type. BCDA of 2019 has a job for each type."""
    of_today = sum(sandbox.request_count(f"GET /api/v3/{level}/$export") for level in ("Patient", "Group/all"))
    return sandbox.request_count(f"GET /api/v1/{kind}/$export") + of_today


def manifest_of(sandbox: bcda.Sandbox, state: Path, types: str) -> bcda.Manifest:
    """The manifest of the only job in a stateLocation."""
    (job,) = (path for path in state.iterdir() if path.is_dir())
    with sandbox.client() as client:
        return client.manifest(types, job_directory=job, progress=False)


def file_keys(sandbox: bcda.Sandbox, manifest: bcda.Manifest) -> list[bytes]:
    """The AES keys of the first files of a manifest. The name of a file is the label of its wrapped key."""
    first, _ = json.JSONDecoder().raw_decode(manifest.text)  # that of the first type
    command = ["openssl", "pkeyutl", "-decrypt", "-inkey", sandbox.private_key]
    command += ["-pkeyopt", "rsa_padding_mode:oaep", "-pkeyopt", "rsa_oaep_md:sha256", "-pkeyopt"]
    keys = []
    for item in first["output"][:3]:
        label = f"rsa_oaep_label:{item['url'].rpartition('/')[2].encode().hex()}"
        wrapped = bytes.fromhex(item["encryptedKey"])
        keys.append(subprocess.run([*command, label], input=wrapped, stdout=subprocess.PIPE, check=True).stdout)
    return keys


def break_a_file(sandbox: bcda.Sandbox, state: Path, types: str, number: int) -> str:
    """Flips a bit in each download of one file of the only job in a stateLocation. Returns the name of the file."""
    file = manifest_of(sandbox, state, types).files[number]
    sandbox.control("fault", f"flip:on=GET {urlsplit(file.url).path}:at=50%:count=1000")
    return file.name


def rows_of(frame: DataFrame) -> list[str]:
    """All rows as texts, sorted, so that their order does not matter."""
    return sorted(str(row) for row in frame.toArrow().to_pylist())


def message_of(action: Callable[[], object]) -> str:
    """What Spark says when an action fails."""
    with pytest.raises(Exception) as failed:  # noqa: PT011 - its class differs between versions
        action()
    return str(failed.value)


def children(pid: int) -> Iterator[tuple[int, str]]:
    """The processes that a process started, and those that they did: their ids and command lines."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == pid:
                yield int(entry.name), (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                yield from children(int(entry.name))
        except OSError:
            continue


def kill_an_executor() -> None:
    executors = [pid for pid, command in children(os.getpid()) if "CoarseGrainedExecutorBackend" in command]
    assert len(executors) == 2
    os.kill(executors[0], signal.SIGKILL)
