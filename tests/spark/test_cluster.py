"""Two executors, each a JVM of its own, read 200 encrypted files. All tests share one job."""

from __future__ import annotations

import base64
import re
import shutil
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import bcda
import pyarrow
import pyspark
import pytest
from conftest import (
    CLIENT_SECRET,
    PARTITION_KEY,
    QUICK,
    SCRATCH,
    break_a_file,
    export,
    file_keys,
    kick_offs,
    kill_an_executor,
    manifest_of,
    message_of,
    options_of,
    rows_of,
)
from pyspark.sql import DataFrame, SparkSession

MASTER = "local-cluster[2,1,1024]"
TYPES = "Patient,ExplanationOfBenefit"
FILES = 200
MARKER = "marker-of-the-search"  # is in an option that is no secret, so that a search must find it

Load = Callable[..., DataFrame]


@pytest.fixture(scope="module")
def service() -> Iterator[bcda.Sandbox]:
    with bcda.Sandbox(FILES, beneficiaries_per_file=2, **QUICK) as made:
        yield made


@pytest.fixture(autouse=True)
def _without_faults(service: bcda.Sandbox) -> Iterator[None]:
    yield
    service.control("fault", "none")


@pytest.fixture(scope="module")
def alone(service: bcda.Sandbox) -> bcda.ExportResult:
    """What one machine exports."""
    return export(service, SCRATCH / "alone", TYPES)


@pytest.fixture
def load(spark: SparkSession, service: bcda.Sandbox) -> Load:
    def load(**options: object) -> DataFrame:
        given = {**options_of(service), "types": TYPES, "stateLocation": str(SCRATCH / "state"), "user_agent": MARKER}
        return spark.read.format("bcda").options(**{**given, **options}).load()

    return load


def downloads(service: bcda.Sandbox) -> int:
    return service.request_count("GET /data/")


# ---- Rows ----


def test_rows_and_sums_are_those_of_one_machine(alone: bcda.ExportResult, service: bcda.Sandbox, load: Load) -> None:
    assert len(alone.files) == FILES
    before = downloads(service)
    claims = load(table="claim")
    expected = alone.table("claim").to_arrow()
    assert claims.rdd.getNumPartitions() == 32
    assert rows_of(claims) == sorted(map(str, expected.to_pylist()))
    assert downloads(service) - before == FILES // 2  # those of the table's type
    total = sum(amount for amount in expected["payment_amount"].to_pylist() if amount is not None)
    assert claims.agg({"payment_amount": "sum"}).first()[0] == total
    records = load(raw=True)
    assert records.count() == sum(file.records for file in alone.files)
    assert records.select("file").distinct().count() == FILES


def test_both_executors_read(load: Load) -> None:
    def who(batches: Any) -> Any:
        import os

        for _batch in batches:
            yield pyarrow.RecordBatch.from_pydict({"parent": [os.getppid()]})

    members = load(table="beneficiary", columns="beneficiary_key", maxConcurrentDownloads=8)
    assert members.mapInArrow(who, "parent long").distinct().count() == 2


# ---- Faults ----


def test_an_executor_is_killed(alone: bcda.ExportResult, service: bcda.Sandbox, load: Load) -> None:
    expected = alone.table("claim_line", columns=["claim_key", "line_number"]).to_arrow().num_rows
    service.control("fault", "delay=100ms:on=GET /data/:count=100000")
    before = downloads(service)
    with ThreadPoolExecutor(1) as threads:
        counted = threads.submit(load(table="claim_line").count)
        while downloads(service) < before + 20 and not counted.done():
            time.sleep(0.05)
        kill_an_executor()
        assert counted.result(120) == expected
    assert downloads(service) > before + FILES // 2  # some again


def test_a_service_that_is_busy(alone: bcda.ExportResult, service: bcda.Sandbox, load: Load) -> None:
    service.control("fault", "status=429:on=GET /data/:count=30:retry_after=1")
    assert load(table="beneficiary").count() == alone.table("beneficiary").to_arrow().num_rows


def test_access_tokens_end_early(alone: bcda.ExportResult, service: bcda.Sandbox, load: Load) -> None:
    service.control("fault", "revoke:on=GET /data/:skip=20:count=5")
    before = service.request_count("POST ")
    assert load(table="beneficiary").count() == alone.table("beneficiary").to_arrow().num_rows
    assert service.request_count("POST ") > before


def test_not_one_row_of_a_broken_file(service: bcda.Sandbox, load: Load, tmp_path: Path) -> None:
    name = break_a_file(service, SCRATCH / "state", TYPES, 57)

    def note(batches: Any) -> Any:
        for batch in batches:
            for file in set(batch.column(0).to_pylist()):
                (tmp_path / file).touch()
            yield batch

    records = load(raw=True).select("file").mapInArrow(note, "file string")
    text = message_of(lambda: records.write.parquet(str(SCRATCH / "broken")))
    assert f"DECRYPTION: the file {name}: " in text
    assert re.search(r"\(task \d+\)", text)
    seen = [path.name for path in tmp_path.iterdir()]
    assert len(seen) > 10
    assert not [file for file in seen if file.endswith(name)]
    assert not list((SCRATCH / "broken").glob("*.parquet"))


def test_partition_tokens_expire_while_tasks_wait(service: bcda.Sandbox, load: Load) -> None:
    service.control("fault", "delay=200ms:on=GET /data/:count=100000")
    text = message_of(load(table="beneficiary", partition_lifetime="4s").count)
    assert "JOB_GONE: start a new export: the partition token expired" in text
    service.control("fault", "none")
    assert load(table="beneficiary").count() == FILES


def test_one_kick_off_in_all(alone: bcda.ExportResult, service: bcda.Sandbox) -> None:
    for kind in TYPES.split(","):
        assert kick_offs(service, kind) == 2  # that of `alone`, and one for all tests here


# ---- Secrets: the last tests, since they search what the others left ----


def test_nothing_secret_is_left(
    alone: bcda.ExportResult, service: bcda.Sandbox, spark: SparkSession, load: Load, tmp_path: Path
) -> None:
    spilled = shuffled(load(raw=True))
    key = Path(service.private_key).read_text().splitlines()[2]
    secrets = [text.encode() for text in (CLIENT_SECRET, PARTITION_KEY, key)]
    of_files = file_keys(service, manifest_of(service, SCRATCH / "state", TYPES))
    assert {len(key) for key in of_files} == {32}
    secrets += [form for key in of_files for form in (key, key.hex().encode(), base64.b64encode(key)[:42])]
    values = people_of(alone)
    with bcda.Sandbox(20, profile="bcda-v3", **QUICK) as today:  # has MBIs
        own = {**options_of(today), "types": "Patient"}
        spilled.update(shuffled(load(raw=True, **own)))
        values |= people_of(export(today, tmp_path / "today", "Patient"))
        today.control("fault", "cut-line:on=GET /data/")
        for what in ({"raw": True}, {"table": "beneficiary"}):
            assert "VERIFICATION: " in message_of(load(**what, **own).count)
    pages = pages_of(spark)
    work = Path(pyspark.__file__).parent / "work"
    logs = files_in(work)
    for value in values:
        assert any(value.encode() in text for text in spilled.values()), f"{value} is in no shuffle file"
    assert any(b"stderr" in name.encode() for name in logs), "logs of executors are not searched"
    spark.stop()
    events = files_in(SCRATCH / "events")
    assert any(MARKER.encode() in text for text in events.values()), "event logs are not searched"
    shutil.rmtree(work)
    for places, hidden in [
        ({**pages, **spilled, **logs, **events}, secrets),
        ({**pages, **logs, **events}, [value.encode() for value in values]),
    ]:
        for name, text in places.items():
            for secret in hidden:
                assert secret not in text, name
            assert not re.search(rb"Bearer [\w.-]{16}|eyJ[\w-]{20,}\.[\w-]{20,}\.", text), name


def shuffled(records: DataFrame) -> dict[str, bytes]:
    """The files of a shuffle of the records, which Spark removes after a time. A view of the records is in a plan."""
    records.createOrReplaceTempView("records")
    assert records.sparkSession.sql("select count(*) from (select distinct value from records)").first()[0] > 0
    return files_in(SCRATCH / "local")


def people_of(result: bcda.ExportResult) -> set[str]:
    """What identifies the people of an export. Shorter names may be parts of other words."""
    columns = ["beneficiary_key", "mbi", "hicn_hash", "family_name", "given_name"]
    people = result.table("beneficiary", columns=columns).to_arrow().slice(0, 20)
    values = {value for name in columns for value in people[name].to_pylist() if value}
    return {value for value in values if len(value) > 5 or (len(value) > 1 and not value.isascii())}


def files_in(directory: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def pages_of(spark: SparkSession) -> dict[str, bytes]:
    """Pages of the UI, and what its REST interface says."""
    base = spark.sparkContext.uiWebUrl
    application = f"{base}/api/v1/applications/{spark.sparkContext.applicationId}"
    wanted = [f"{base}/{page}/" for page in ("jobs", "stages", "SQL", "environment", "executors")]
    wanted += [f"{application}/{part}" for part in ("jobs", "stages?details=true", "environment", "allexecutors")]
    wanted += [f"{application}/sql?details=true&planDescription=true&length=1000"]
    wanted += [f"{base}/SQL/execution/?id={number}" for number in range(40)]
    pages = {}
    for url in wanted:
        with urllib.request.urlopen(url) as answer:  # the UI is on loopback
            pages[url] = answer.read()
    assert MARKER.encode() in b"".join(pages.values()), "plans are not searched"
    return pages
