"""A second attempt of a slow task. That wants executors on two hosts, so two addresses of this machine are hosts."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import bcda
import pyspark
import pytest
from conftest import SCRATCH, Read, kick_offs
from pyspark.sql import SparkSession

MORE = {
    "spark.executor.memory": "1g",
    "spark.speculation": "true",
    "spark.speculation.interval": "100ms",
    "spark.speculation.multiplier": "1.2",
    "spark.speculation.quantile": "0.5",
}
BIN = Path(pyspark.__file__).parent / "bin"


def daemon(name: str, *arguments: str) -> subprocess.Popen[bytes]:
    command = [str(BIN / "spark-class"), f"org.apache.spark.deploy.{name}", *arguments]
    environment = {**os.environ, "SPARK_DAEMON_MEMORY": "256m"}
    with (SCRATCH / f"{name.replace('.', '-')}.log").open("ab") as log:
        return subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=SCRATCH)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def until_it_listens(port: int) -> None:
    for _ in range(600):
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("the master does not listen")


@pytest.fixture(scope="module")
def master() -> Iterator[str]:
    port = free_port()
    url = f"spark://127.0.0.1:{port}"
    daemons = [daemon("master.Master", "--host", "127.0.0.1", "--port", str(port), "--webui-port", "0")]
    until_it_listens(port)
    for number in (2, 3):
        options = ["--cores", "1", "--memory", "1g", "--webui-port", "0", "--work-dir", str(SCRATCH / f"work{number}")]
        daemons.append(daemon("worker.Worker", "--host", f"127.0.0.{number}", *options, url))
    yield url
    for each in daemons:
        each.terminate()
    for each in daemons:
        each.wait(30)


def test_the_rows_of_two_attempts_count_once(
    make_sandbox: Callable[..., bcda.Sandbox], spark: SparkSession, read: Read
) -> None:
    sandbox = make_sandbox(beneficiaries=24, beneficiaries_per_file=4)  # 6 files
    patient = {"idle_timeout": "30m", "low_speed_limit": 0}  # so that a download alone would wait for half an hour
    frame = read(sandbox, table="beneficiary", types="Patient", maxConcurrentDownloads=6, **patient)
    sandbox.control("fault", "stall:on=GET /data/:skip=5:count=1:at=100:for=30m")
    before = sandbox.request_count("GET /data/")
    assert frame.count() == 24
    assert sandbox.request_count("GET /data/") - before == 7
    assert kick_offs(sandbox) == 1
