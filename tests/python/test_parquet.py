"""Tables that an export has made, as Parquet: :meth:`bcda.ExportResult.tables_to_parquet`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import bcda
import pyarrow
import pyarrow.parquet
import pytest

TABLES = ["beneficiary", "coverage"]


@pytest.fixture
def result(shared_client: bcda.Client, tmp_path: Path) -> bcda.ExportResult:
    return exported(shared_client, tmp_path)


def exported(client: bcda.Client, tmp_path: Path, **settings: Any) -> bcda.ExportResult:
    return client.export(["Patient", "Coverage"], tmp_path / "claims", tables=TABLES, progress=False, **settings)


def names(directory: Path) -> list[str]:
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file())


def test_has_the_rows_of_the_tables(result: bcda.ExportResult, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    made = result.tables_to_parquet(lake, compression="zstd")
    assert made == [str(lake / table / "00001.parquet") for table in TABLES]
    assert names(lake) == ["beneficiary/00001.parquet", "coverage/00001.parquet"]
    for table, path in zip(TABLES, made):
        file = pyarrow.parquet.ParquetFile(path)
        assert file.read().sort_by(file.schema_arrow.names[0]) == sorted_table(result, table)
        assert file.metadata.row_group(0).column(0).compression == "ZSTD"
        assert Path(path).stat().st_mode & 0o777 == 0o600
    assert all(path.stat().st_mode & 0o777 == 0o700 for path in (lake, *(lake / table for table in TABLES)))


def sorted_table(result: bcda.ExportResult, table: str) -> pyarrow.Table:
    rows = result.table(table).to_arrow()
    return rows.sort_by(rows.schema.names[0])


def test_is_made_also_when_the_ndjson_files_are_gone(shared_client: bcda.Client, tmp_path: Path) -> None:
    exported(shared_client, tmp_path, keep_ndjson=False)
    opened = bcda.ExportResult.open(tmp_path / "claims")
    [path, _] = opened.tables_to_parquet(tmp_path / "lake")
    assert pyarrow.parquet.read_table(path).num_rows == 20


def test_replaces_no_file(result: bcda.ExportResult, tmp_path: Path) -> None:
    mine = tmp_path / "lake" / "coverage" / "00001.parquet"
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"mine")
    with pytest.raises(FileExistsError, match="coverage"):
        result.tables_to_parquet(tmp_path / "lake")
    assert mine.read_bytes() == b"mine"
    assert names(tmp_path / "lake") == ["coverage/00001.parquet"]


def test_a_changed_part_is_refused(result: bcda.ExportResult, tmp_path: Path) -> None:
    part = tmp_path / "claims" / "tables" / "beneficiary" / "00001.arrow"
    part.write_bytes(part.read_bytes()[:-1] + b"x")
    with pytest.raises(bcda.VerificationError, match="has changed"):
        result.tables_to_parquet(tmp_path / "lake")
    assert names(tmp_path / "lake") == []


def test_a_missing_part_is_named(result: bcda.ExportResult, tmp_path: Path) -> None:
    (tmp_path / "claims" / "tables" / "beneficiary" / "00001.arrow").unlink()
    with pytest.raises(FileNotFoundError, match="beneficiary"):
        result.tables_to_parquet(tmp_path / "lake")
    assert names(tmp_path / "lake") == []


def test_an_export_without_tables_says_what_to_do(shared_client: bcda.Client, tmp_path: Path) -> None:
    plain = shared_client.export(["Patient"], tmp_path / "claims", progress=False)
    with pytest.raises(bcda.StateError, match="setting tables"):
        plain.tables_to_parquet(tmp_path / "lake")
    elsewhere = shared_client.export(["Patient"], "memory://nowhere", progress=False)
    with pytest.raises(bcda.StateError, match="local directory"):
        elsewhere.tables_to_parquet(tmp_path / "lake")


def test_a_receipt_whose_tables_lead_elsewhere_is_refused(result: bcda.ExportResult, tmp_path: Path) -> None:
    path = tmp_path / "claims" / "export.json"
    receipt = json.loads(path.read_text())
    receipt["tables"][0]["path"] = "tables/../../x/00001.arrow"
    path.write_text(json.dumps(receipt))
    with pytest.raises(bcda.FilesystemError, match="no part of a table"):
        bcda.ExportResult.open(tmp_path / "claims")
