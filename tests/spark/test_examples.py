"""The programs of examples/spark, run as a user runs them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import bcda
import duckdb
import pytest
from conftest import PARTITION_KEY, PROMPT, QUICK, export
from pyspark.sql import SparkSession

MASTER = "local[2]"
EXAMPLES = Path(__file__).parents[2] / "examples" / "spark"
sys.path.insert(0, str(EXAMPLES))


def run(name: str, *arguments: str, **environment: str) -> str:
    command = [sys.executable, str(EXAMPLES / name), *arguments]
    given = {**os.environ, "SPARK_LOCAL_IP": "127.0.0.1", "RAY_AUTH_MODE": "disabled", **environment}
    ended = subprocess.run(command, env=given, capture_output=True, text=True, timeout=900, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def service() -> Any:
    with bcda.Sandbox(40, beneficiaries_per_file=10, **QUICK) as made:
        yield made


@pytest.fixture(scope="module")
def claims(service: bcda.Sandbox, tmp_path_factory: pytest.TempPathFactory) -> bcda.ExportResult:
    return export(service, tmp_path_factory.mktemp("examples") / "claims")


def settings_of(service: bcda.Sandbox) -> dict[str, str]:
    given = {**service.settings, **PROMPT, "partition_key": PARTITION_KEY}
    return {f"BCDA_{name.upper()}": value for name, value in given.items()}


def of_lake(directory: Path, what: str) -> tuple[Any, ...]:
    found = duckdb.connect().execute(f"select {what} from '{directory}/month=*/*.parquet'").fetchone()
    assert found is not None
    return found


def test_claims_to_parquet(service: bcda.Sandbox, claims: bcda.ExportResult, tmp_path: Path) -> None:
    run("claims_to_parquet.py", "--out", str(tmp_path / "lake"), **settings_of(service))
    written = of_lake(tmp_path / "lake", "count(*), sum(payment_amount)")
    expected = claims.table("claim").to_arrow()
    assert written == (expected.num_rows, sum(filter(None, expected["payment_amount"].to_pylist()), Decimal(0)))


def test_claims_to_parquet_adds_what_has_changed(tmp_path: Path) -> None:
    with bcda.Sandbox(20, profile="bcda-v3", changes="50%", **QUICK) as today:
        rows = []
        for count in (1, 2):
            arguments = ["--out", str(tmp_path / "lake"), "--state", str(tmp_path / "state")]
            run("claims_to_parquet.py", *arguments, **settings_of(today))
            rows.append(of_lake(tmp_path / "lake", "count(*)")[0])
            today.control("clock", "24h")
            assert today.request_count("GET /api/v3/Group/all/$export") == count
    assert rows[0] < rows[1] < 2 * rows[0]


def test_claims_to_parquet_with_a_sandbox(tmp_path: Path) -> None:
    run("claims_to_parquet.py", "--out", str(tmp_path / "lake"), "--sandbox")
    assert list((tmp_path / "lake").glob("month=*/*.parquet"))


def test_questions_have_the_answers_of_duckdb(spark: SparkSession, claims: bcda.ExportResult) -> None:
    import questions

    assert claims.directory is not None
    questions.add_tables(spark, str(claims.directory))
    tables = claims.duckdb(final_only=True)
    for question, parameters in questions.QUESTIONS.items():
        text = (EXAMPLES.parent / "analysis" / f"{question}.sql").read_text()
        given = {name: value for name, value in parameters.items() if f"${name}" in text}
        expected = tables.execute(text, given).fetchall() if given else tables.execute(text).fetchall()
        answer = [tuple(row) for row in questions.answer(spark, question).collect()]
        assert answer == expected
        assert answer or question == "diabetes_without_visit"
    assert questions.answer(spark, "diabetes_without_visit", first=date(1990, 1, 1), last=date(1990, 1, 2)).count() > 0


@pytest.mark.parametrize("program", ["with_dask.py", "with_ray.py"])
def test_other_clusters(program: str, service: bcda.Sandbox, claims: bcda.ExportResult, tmp_path: Path) -> None:
    out = run(program, **settings_of(service), HOME=str(tmp_path))
    found = {name: int(count) for name, count in re.findall(r"^(\w+) (\d+)$", out, re.M)}
    expected: dict[str, int] = {}
    for name in claims.table("claim", columns=["eob_type"]).to_arrow()["eob_type"].to_pylist():
        expected[name] = expected.get(name, 0) + 1
    assert found == expected
