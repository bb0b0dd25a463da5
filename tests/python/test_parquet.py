"""Tables as Parquet while an export goes on: ``parquet=True``."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bcda
import pyarrow
import pyarrow.parquet
import pytest
from bcda._parquet import ParquetCopies
from conftest import PROMPT

MakeSandbox = Callable[..., bcda.Sandbox]
TABLES = ["beneficiary", "coverage"]


@pytest.fixture
def claims(tmp_path: Path) -> Path:
    return tmp_path / "claims"


def rows(claims: Path, folder: str = "parquet") -> dict[str, int]:
    if folder == "parquet":
        return {table: pyarrow.parquet.read_table(claims / folder / table).num_rows for table in TABLES}
    return {table: sum(map(rows_of, (claims / folder / table).glob("*.arrow"))) for table in TABLES}


def rows_of(part: Path) -> int:
    return int(pyarrow.ipc.open_file(part).read_all().num_rows)


def files(claims: Path) -> dict[str, int]:
    """The Parquet files, and when they were written."""
    return {str(path.relative_to(claims)): path.stat().st_mtime_ns for path in (claims / "parquet").rglob("*.*")}


def by_export(client: bcda.Client, claims: Path, **settings: Any) -> bcda.ExportResult:
    return client.export(["Patient", "Coverage"], claims, tables=TABLES, parquet=True, progress=False, **settings)


def by_export_async(client: bcda.Client, claims: Path) -> bcda.ExportResult:
    return asyncio.run(client.export_async(["Patient", "Coverage"], claims, tables=TABLES, parquet=True))


def by_start(client: bcda.Client, claims: Path) -> bcda.ExportResult:
    with client.start(["Patient", "Coverage"], claims, tables=TABLES, parquet=True) as run:
        return run.result()


def by_async_events(client: bcda.Client, claims: Path) -> bcda.ExportResult:
    async def follow() -> bcda.ExportResult:
        async with client.start(["Patient", "Coverage"], claims, tables=TABLES, parquet=True) as run:
            async for _ in run:
                pass
            return await run

    return asyncio.run(follow())


@pytest.mark.parametrize("call", [by_export, by_export_async, by_start, by_async_events])
def test_has_the_rows_of_the_arrow_files(
    call: Callable[[bcda.Client, Path], bcda.ExportResult], client: bcda.Client, claims: Path
) -> None:
    result = call(client, claims)
    assert rows(claims) == rows(claims, "tables")
    assert rows(claims)["beneficiary"] == 10
    assert sorted(files(claims)) == ["parquet/beneficiary/00001.parquet", "parquet/coverage/00001.parquet"]
    made = pyarrow.parquet.read_table(claims / "parquet" / "beneficiary")
    assert made.schema.remove_metadata() == result.table("beneficiary").schema
    assert all(os.stat(claims / name).st_mode & 0o777 == 0o600 for name in files(claims))


def test_is_made_for_an_export_that_has_finished(client: bcda.Client, claims: Path) -> None:
    client.export(["Patient", "Coverage"], claims, tables=TABLES, progress=False)
    client.resume(claims, parquet=True, progress=False)
    assert rows(claims) == rows(claims, "tables")
    before = files(claims)
    client.resume(claims, parquet=True, progress=False)
    assert files(claims) == before, "they are there already"


def test_goes_on_with_an_export(make_sandbox: MakeSandbox, claims: Path) -> None:
    client = make_sandbox(beneficiaries_per_file=5, faults="flip:count=1").client(**PROMPT)
    with pytest.raises(bcda.DecryptionError):
        by_export(client, claims)
    client.resume(claims, parquet=True, progress=False)
    assert rows(claims)["beneficiary"] == 10
    assert rows(claims) == rows(claims, "tables")


def test_keep_ndjson_false_leaves_the_tables_alone(client: bcda.Client, claims: Path) -> None:
    by_export(client, claims, keep_ndjson=False)
    assert list(claims.glob("*.ndjson")) == [claims / "log.ndjson"]
    assert rows(claims)["beneficiary"] == 10


def test_copies_of_dropped_parts_and_leftovers_go_and_files_of_others_stay(client: bcda.Client, claims: Path) -> None:
    by_export(client, claims)
    folder = claims / "parquet" / "beneficiary"
    (folder / "00002.parquet").write_bytes((folder / "00001.parquet").read_bytes())
    (folder / ".00001.parquet.partial-1").write_bytes(b"half")
    pyarrow.parquet.write_table(pyarrow.table({"a": [1]}), folder / "mine.parquet")
    client.resume(claims, parquet=True, progress=False)
    assert sorted(path.name for path in folder.iterdir()) == ["00001.parquet", "mine.parquet"]


def test_a_copy_of_another_part_is_made_again(client: bcda.Client, claims: Path) -> None:
    by_export(client, claims)
    folder = claims / "parquet"
    os.replace(folder / "coverage" / "00001.parquet", folder / "beneficiary" / "00001.parquet")
    client.resume(claims, parquet=True, progress=False)
    assert rows(claims) == rows(claims, "tables")


def test_a_file_of_someone_else_is_not_replaced(client: bcda.Client, claims: Path) -> None:
    mine = claims / "parquet" / "beneficiary" / "00001.parquet"
    mine.parent.mkdir(parents=True)
    pyarrow.parquet.write_table(pyarrow.table({"a": [1]}), mine)
    with pytest.raises(FileExistsError, match=r"00001\.parquet"):
        by_export(client, claims)
    assert pyarrow.parquet.read_table(mine).column_names == ["a"]


def test_a_changed_part_is_refused(client: bcda.Client, claims: Path) -> None:
    receipt = by_export(client, claims).receipt
    part = claims / "tables" / "beneficiary" / "00001.arrow"
    part.write_bytes(part.read_bytes()[:-1] + b"x")
    (claims / "parquet" / "beneficiary" / "00001.parquet").unlink()
    with pytest.raises(bcda.VerificationError, match="has changed"):
        ParquetCopies(str(claims)).finish(receipt)


def test_a_copy_that_cannot_be_made_is_an_error_and_the_export_is_complete(client: bcda.Client, claims: Path) -> None:
    claims.mkdir()
    (claims / "parquet").write_text("a file")
    with pytest.raises(OSError, match="parquet"):
        by_export(client, claims)
    assert bcda.directory_status(claims)["state"] == "finished"
    (claims / "parquet").unlink()
    client.resume(claims, parquet=True, progress=False)
    assert rows(claims)["beneficiary"] == 10


def test_needs_tables_and_a_directory(client: bcda.Client, claims: Path) -> None:
    with pytest.raises(bcda.InvalidArgumentError, match="tables"):
        client.start(["Patient"], claims, parquet=True)
    with pytest.raises(bcda.InvalidArgumentError, match="local directory"):
        client.start(["Patient"], "memory://claims", tables=TABLES, parquet=True)


def test_copies_are_made_before_the_export_ends(client: bcda.Client, claims: Path) -> None:
    client.export(["Patient", "Coverage"], claims, tables=TABLES, progress=False)
    copies = ParquetCopies(str(claims))
    copies.look()
    deadline = time.monotonic() + 60
    while len(files(claims)) < 2 or any("partial" in name for name in files(claims)):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    copies.close()
    assert rows(claims) == rows(claims, "tables")
    assert copies._thread is not None
    assert not copies._thread.is_alive()


def test_a_closed_one_starts_no_thread(claims: Path) -> None:
    copies = ParquetCopies(str(claims))
    copies.close()
    copies.look()
    assert copies._thread is None
