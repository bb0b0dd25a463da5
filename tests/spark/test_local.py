"""What the data source does, in one process."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import bcda
import bcda.spark
from conftest import (
    CLIENT_SECRET,
    PARTITION_KEY,
    Read,
    break_a_file,
    export,
    kick_offs,
    message_of,
    options_of,
    rows_of,
)
from pyspark.sql import SparkSession

MASTER = "local[2]"

VIEW = {
    "resource": "Patient",
    "select": [{"column": [{"name": "id", "path": "id"}, {"name": "sex", "path": "gender"}]}],
}


# ---- Rows ----


def test_tables_have_the_rows_of_one_machine(sandbox: bcda.Sandbox, read: Read, tmp_path: Path) -> None:
    result = export(sandbox, tmp_path / "claims")
    for table in bcda.table_names():
        frame = read(sandbox, table=table)
        expected = result.table(table).to_arrow()
        assert frame.columns == expected.column_names
        assert rows_of(frame) == sorted(str(row) for row in expected.to_pylist())
    assert kick_offs(sandbox) == 2  # that of the export, and one of Spark


def test_tables_of_today(make_sandbox: Callable[..., bcda.Sandbox], read: Read, tmp_path: Path) -> None:
    today = make_sandbox(profile="bcda-v3")
    expected = export(today, tmp_path / "claims").table("claim_line").to_arrow().to_pylist()
    assert rows_of(read(today, table="claim_line")) == sorted(map(str, expected))


def test_a_view_of_ones_own(sandbox: bcda.Sandbox, read: Read, tmp_path: Path) -> None:
    expected = export(sandbox, tmp_path / "claims").table(view=VIEW).to_arrow().to_pylist()
    assert rows_of(read(sandbox, view=json.dumps(VIEW))) == sorted(map(str, expected))


def test_raw_records(sandbox: bcda.Sandbox, read: Read, tmp_path: Path) -> None:
    paths = [tmp_path / "claims" / file.path for file in export(sandbox, tmp_path / "claims", "Patient").files]
    expected = {(path.name, i + 1): text for path in paths for i, text in enumerate(path.read_text().splitlines())}
    frame = read(sandbox, raw=True, types="Patient")
    assert frame.schema.simpleString() == "struct<value:string,type:string,file:string,line:bigint>"
    rows = frame.collect()
    assert sorted(row.value for row in rows) == sorted(expected.values())
    assert {row.type for row in rows} == {"Patient"}
    assert len({row.file for row in rows}) == 3
    here = read(path=str(tmp_path / "claims"), raw=True).collect()
    assert {(row.file.rpartition("/")[2], row.line): row.value for row in here} == expected


def test_columns_of_an_option_or_of_a_schema(
    sandbox: bcda.Sandbox, spark: SparkSession, read: Read, tmp_path: Path
) -> None:
    expected = rows_of(read(sandbox, table="claim").select("claim_key", "payment_amount"))
    assert rows_of(read(sandbox, table="claim", columns="claim_key,payment_amount")) == expected
    reader = spark.read.format("bcda").schema("claim_key string, payment_amount decimal(18,2)")
    same = reader.options(**options_of(sandbox), table="claim", stateLocation=str(tmp_path / "state"))
    assert rows_of(same.load()) == expected
    assert kick_offs(sandbox) == 1


def test_settings_of_tables_have_an_effect(sandbox: bcda.Sandbox, read: Read, tmp_path: Path) -> None:
    result = export(sandbox, tmp_path / "claims")
    expected = result.table("claim", values="text").to_arrow().to_pylist()
    assert rows_of(read(sandbox, table="claim", values="text")) == sorted(map(str, expected))


def test_an_export_without_files(sandbox: bcda.Sandbox, read: Read) -> None:
    sandbox.control("fault", "job-empty")
    frame = read(sandbox, table="claim")
    assert frame.count() == 0
    assert "payment_amount" in frame.columns


# ---- Other sources than a job ----


def test_a_finished_export(sandbox: bcda.Sandbox, read: Read, tmp_path: Path) -> None:
    result = export(sandbox, tmp_path / "claims")
    requests = sandbox.request_count("")
    frame = read(path=str(tmp_path / "claims"), table="claim_line", maxConcurrentDownloads=2)
    assert frame.rdd.getNumPartitions() == 2
    assert frame.count() == result.table("claim_line").to_arrow().num_rows
    assert read(path=json.dumps([str(tmp_path / "claims")]), table="beneficiary").count() == 12
    assert sandbox.request_count("") == requests


def test_a_series_has_its_current_state(make_sandbox: Callable[..., bcda.Sandbox], read: Read, tmp_path: Path) -> None:
    today = make_sandbox(profile="bcda-v3", changes="50%")
    with today.client(poll_interval=0.02, durability="process") as client:
        for _ in range(2):
            client.sync(tmp_path / "series", ["Patient"], progress=False)
            today.control("clock", "72h")
    series = str(tmp_path / "series")
    expected = bcda.open_table(series, "beneficiary").to_arrow().to_pylist()
    assert len(expected) == 12
    assert rows_of(read(path=series, table="beneficiary")) == sorted(map(str, expected))
    assert read(path=series, table="beneficiary", current=False).count() > 12


def test_a_manifest(sandbox: bcda.Sandbox, read: Read) -> None:
    with sandbox.client(poll_interval=0.02) as client:
        manifest = client.manifest(["Patient", "Coverage"], progress=False)
    assert read(sandbox, manifest=manifest.text, table="beneficiary").count() == 12
    assert kick_offs(sandbox) == 1


# ---- One job ----


def test_one_kick_off_for_all_plannings(sandbox: bcda.Sandbox, spark: SparkSession, read: Read) -> None:
    frame = read(sandbox, table="beneficiary")
    assert kick_offs(sandbox) == 0  # the columns are known without a job
    frame.explain(True)
    frame.count()
    frame.show()
    frame.filter("gender = 'female'").take(1)
    assert frame.join(frame.select("beneficiary_key"), "beneficiary_key").count() == 12
    frame.union(frame).count()
    frame.createOrReplaceTempView("people")
    spark.sql("select count(*) from people").collect()
    assert read(sandbox, table="coverage").count() > 0  # another table of the same export
    assert kick_offs(sandbox) == 1


def test_partitions_are_no_more_than_downloads(sandbox: bcda.Sandbox, read: Read) -> None:
    assert read(sandbox, table="beneficiary", maxConcurrentDownloads=2).rdd.getNumPartitions() == 2
    assert read(sandbox, table="beneficiary").rdd.getNumPartitions() == 9


def test_sql_alone(sandbox: bcda.Sandbox, spark: SparkSession, tmp_path: Path) -> None:
    given = {
        **options_of(sandbox),
        "table": "beneficiary",
        "types": "Patient",
        "stateLocation": str(tmp_path / "state"),
    }
    options = ", ".join(f"`{name}` '{value}'" for name, value in given.items())
    spark.sql(f"CREATE TEMPORARY VIEW members USING bcda OPTIONS ({options})")
    assert spark.sql("SELECT count(*) FROM members").first()[0] == 12
    assert kick_offs(sandbox) == 1


# ---- Failures ----


def test_bad_input_is_refused_at_planning(sandbox: bcda.Sandbox, read: Read) -> None:
    cases: list[tuple[dict[str, object], str]] = [
        ({}, "INVALID_ARGUMENT: give exactly one of the options table, view and raw=true"),
        (
            {"table": "claim", "clientid": "x"},
            "INVALID_ARGUMENT: there is no option named clientid; did you mean client_id?",
        ),
        ({"table": "claims"}, "INVALID_ARGUMENT: "),
        ({"view": "{}"}, "INVALID_ARGUMENT: "),
        ({"table": "claim", "columns": "nothing"}, "INVALID_ARGUMENT: "),
        ({"table": "claim", "client_secret": "hunter2"}, "INVALID_ARGUMENT: the option client_secret is refused"),
        ({"table": "claim", "retries": "many"}, "INVALID_ARGUMENT: the setting retries takes a whole number"),
        ({"table": "claim", "private_key": "/nowhere.pem"}, "FILESYSTEM: cannot read the private key"),
        ({"table": "claim", "types": "Nothing"}, "INVALID_ARGUMENT: "),
        ({"table": "claim", "partition_key_file": "/nowhere"}, "FILESYSTEM: "),
    ]

    def count(options: dict[str, object]) -> object:
        return read(sandbox, **options).count()

    for options, message in cases:
        text = message_of(partial(count, options))
        assert message in text, text
        assert "hunter2" not in text
    assert kick_offs(sandbox) == 0


def test_a_schema_that_does_not_fit(sandbox: bcda.Sandbox, spark: SparkSession, tmp_path: Path) -> None:
    reader = spark.read.format("bcda").options(**options_of(sandbox), table="claim", stateLocation=str(tmp_path))
    text = message_of(lambda: reader.schema("claim_key int").load().count())
    assert "INVALID_ARGUMENT: the column claim_key is " in text
    text = message_of(lambda: reader.schema("claim string").load().count())
    assert "INVALID_ARGUMENT: the table has no column claim" in text


def test_not_one_row_of_a_file_with_a_broken_tag(sandbox: bcda.Sandbox, read: Read, tmp_path: Path) -> None:
    one = read(sandbox, raw=True, types="Patient", maxConcurrentDownloads=1)
    assert one.count() == 12
    name = break_a_file(sandbox, tmp_path / "state", "Patient", 0)
    for action in (lambda: one.limit(1).collect(), lambda: one.take(1), one.count):
        text = message_of(action)
        assert f"DECRYPTION: the file {name}: " in text
        assert "(task 0)" in text
        for secret in (CLIENT_SECRET, PARTITION_KEY, "Bearer", "bcda1."):
            assert secret not in text


def test_stream_says_that_rows_must_be_discarded(sandbox: bcda.Sandbox, read: Read, tmp_path: Path) -> None:
    one = read(sandbox, raw=True, types="Patient", maxConcurrentDownloads=1, verify="stream")
    assert one.count() == 12
    name = break_a_file(sandbox, tmp_path / "state", "Patient", 0)
    text = message_of(one.count)
    assert f"DECRYPTION: the file {name}: " in text
    assert "were given out unverified (verify=stream): discard them" in text


def test_files_that_are_gone(sandbox: bcda.Sandbox, read: Read, tmp_path: Path) -> None:
    frame = read(sandbox, table="beneficiary", types="Patient", maxConcurrentDownloads=1)
    sandbox.control("fault", "status=410:on=GET /data/:count=1000")
    text = message_of(frame.count)
    assert "JOB_GONE: start a new export" in text
    assert re.search(r"; set the option restart, or remove the directory \S+ \(task 0\)", text)
    requests = sandbox.request_count("")
    assert "JOB_GONE: start a new export" in message_of(read(sandbox, table="beneficiary", types="Patient").count)
    assert sandbox.request_count("") == requests
    sandbox.control("fault", "none")
    again = read(sandbox, table="beneficiary", types="Patient", restart=True)
    assert again.count() == again.count() == 12
    assert kick_offs(sandbox) == 2


def test_a_token_that_has_expired(sandbox: bcda.Sandbox, read: Read) -> None:
    text = message_of(read(sandbox, table="beneficiary", types="Patient", partition_lifetime="1ms").count)
    assert "JOB_GONE: start a new export: the partition token expired" in text
    assert read(sandbox, table="beneficiary", types="Patient").count() == 12
    assert kick_offs(sandbox) == 1


def test_secrets_by_file(make_sandbox: Callable[..., bcda.Sandbox], read: Read, tmp_path: Path) -> None:
    own = make_sandbox(client_secret="another" * 8)
    (tmp_path / "secret").write_text("another" * 8)
    (tmp_path / "key").write_text("11" * 32)
    files = {"client_secret_file": str(tmp_path / "secret"), "partition_key_file": str(tmp_path / "key")}
    assert read(own, table="beneficiary", types="Patient", **files).count() == 12


# ---- since=mark ----


def test_since_a_mark(
    make_sandbox: Callable[..., bcda.Sandbox], read: Read, spark: SparkSession, source: str, tmp_path: Path
) -> None:
    today = make_sandbox(profile="bcda-v3", changes="50%")
    options = {**options_of(today), "table": "beneficiary", "types": "Patient", "since": "mark"}
    options["stateLocation"] = str(tmp_path / "state")
    read(**options).write.parquet(str(tmp_path / "first"))
    assert spark.read.parquet(str(tmp_path / "first")).count() == 12
    commit(spark, source, options)
    today.control("clock", "24h")
    frame = read(**options)
    changed = frame.count()
    assert 0 < changed < 12
    assert frame.count() == changed
    assert kick_offs(today) == 2


def commit(spark: SparkSession, source: str, options: dict[str, str]) -> None:
    if source == "python":
        bcda.spark.commit(**options)
    else:
        spark._jvm.io.github.libbcda.spark.BcdaSpark.commit(options)
