"""Tables of claims: the samples against tables that another program made, Arrow's consumers, and wrong input."""

from __future__ import annotations

import builtins
import csv
import json
import os
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import bcda
import duckdb
import pandas
import polars
import pyarrow
import pyarrow.parquet
import pytest
from bcda._table import need
from conftest import write_export

SAMPLES = Path(__file__).resolve().parent.parent / "tables" / "samples"
GENERATIONS = ("stu3", "v2", "v3")
BAD_VIEW = {"resource": "Patient", "select": [{"column": [{"name": "x", "path": "name.fist()"}]}]}
CLAIM = {"resourceType": "ExplanationOfBenefit", "id": "c", "item": [{"sequence": 1}]}


def files(generation: str) -> list[Path]:
    return sorted((SAMPLES / generation).glob("*.ndjson"))


def expected(generation: str, table: str) -> list[dict[str, str]]:
    with (SAMPLES / "expected" / generation / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def as_text(text: str, value: Any) -> Any:
    """`value` in the form in which `text`, a field of CSV, can be compared with it."""
    if text == "":
        return ""
    if isinstance(value, Decimal):
        return Decimal(text)
    if isinstance(value, datetime):
        return datetime.fromisoformat(text.replace("Z", "+00:00"))
    if isinstance(value, date):
        return date.fromisoformat(text[:10])
    if isinstance(value, list):
        return json.loads(text)
    return type(value)(text) if not isinstance(value, bool) else text == "true"


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("table", bcda.table_names())
def test_the_samples_make_the_expected_tables(generation: str, table: str) -> None:
    made = bcda.open_table(files(generation), table).to_arrow().to_pylist()
    wanted = expected(generation, table)
    assert len(made) == len(wanted)
    for row, other in zip(made, wanted):
        assert list(row) == list(other)
        for column, text in other.items():
            value = row[column]
            assert ("" if value is None else value) == as_text(text, value), (column, text)


def test_every_consumer_of_arrow_takes_a_table() -> None:
    table = bcda.open_table(
        files("v3"), "claim_line", columns=["claim_key", "line_index", "line_from_date", "paid_amount"]
    )
    paid = sum(Decimal(row["paid_amount"] or 0) for row in expected("v3", "claim_line"))
    rows = len(expected("v3", "claim_line"))
    assert pyarrow.table(table).num_rows == rows
    assert polars.DataFrame(table).height == rows
    assert table.to_polars()["paid_amount"].sum() == paid
    frame = table.to_pandas()
    assert frame["paid_amount"].sum() == paid
    assert [str(kind) for kind in frame.dtypes] == [
        "string[pyarrow]", "int32[pyarrow]", "date32[day][pyarrow]", "decimal128(18, 2)[pyarrow]",
    ]  # fmt: skip
    connection = duckdb.connect()
    connection.register("lines", table)
    for _ in range(2):  # a table can be read again
        assert connection.sql("select count(*), sum(paid_amount) from lines").fetchall() == [(rows, paid)]
    assert isinstance(frame, pandas.DataFrame)


def test_types_are_those_of_the_dictionary() -> None:
    kinds = {
        "string": pyarrow.string(),
        "integer": pyarrow.int32(),
        "boolean": pyarrow.bool_(),
        "DATE": pyarrow.date32(),
        "instant": pyarrow.timestamp("us", "UTC"),
        "DECIMAL(18,2)": pyarrow.decimal128(18, 2),
        "DECIMAL(18,4)": pyarrow.decimal128(18, 4),
    }
    for name in bcda.table_names():
        schema = bcda.open_table(files("v3"), name).schema
        columns = bcda.table_columns(name)
        assert schema.names == [column.name for column in columns]
        for field, column in zip(schema, columns):
            assert field.type == (pyarrow.list_(kinds[column.type]) if column.list else kinds[column.type])
            assert column.description
            assert set(column.generations) <= set(GENERATIONS)


def test_a_table_without_rows_has_its_columns_and_types(tmp_path: Path) -> None:
    (tmp_path / "none.ndjson").touch()
    table = bcda.open_table(tmp_path / "none.ndjson", "claim_line").to_arrow()
    assert table.num_rows == 0
    assert table.schema.field("paid_amount").type == pyarrow.decimal128(18, 2)


def test_batches_have_at_most_so_many_rows() -> None:
    table = bcda.open_table(files("v3"), "claim_amount", batch_rows=100)
    assert [batch.num_rows for batch in table.batches()] == [100, 100, 100, 70]


def test_parquet_has_the_same_rows_and_is_private(tmp_path: Path) -> None:
    table = bcda.open_table(files("v2"), "claim_line")
    path = tmp_path / "lines.parquet"
    assert table.to_parquet(path, compression="zstd") == len(expected("v2", "claim_line"))
    assert pyarrow.parquet.read_table(path).equals(table.to_arrow())
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        table.to_parquet(path)


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("table", bcda.table_names())
def test_each_format_has_the_same_rows(generation: str, table: str, tmp_path: Path) -> None:
    opened = bcda.open_table(files(generation), table)
    rows = opened.to_arrow()
    for form in ("csv", "ndjson", "arrow"):
        assert opened.save(tmp_path / form, form) == (rows.num_rows, 0)
        assert (tmp_path / form).stat().st_mode & 0o777 == 0o600
    saved = pyarrow.ipc.open_file(tmp_path / "arrow").read_all()
    assert saved.to_pylist() == rows.to_pylist()
    assert saved.schema.equals(rows.schema, check_metadata=True)
    assert saved.schema.metadata == {b"bcda.table": table.encode()}
    assert saved.schema.field(0).metadata[b"fhir.type"] == b"string"
    with (tmp_path / "csv").open(encoding="utf-8", newline="") as text:
        from_csv = list(csv.DictReader(text))
    from_json = [json.loads(line, parse_float=Decimal) for line in (tmp_path / "ndjson").read_text().splitlines()]
    assert len(from_csv) == len(from_json) == rows.num_rows
    for row, fields, members in zip(rows.to_pylist(), from_csv, from_json):
        for column, value in row.items():
            assert ("" if value is None else value) == as_text(fields[column], value)
            assert members[column] == (value if not isinstance(value, (date, datetime)) else fields[column])


def test_a_failure_leaves_no_parquet_file(tmp_path: Path) -> None:
    (tmp_path / "bad.ndjson").write_text(json.dumps(CLAIM) + "\n{\n")
    with pytest.raises(bcda.RecordError):
        bcda.open_table(tmp_path / "bad.ndjson", "claim_line").to_parquet(tmp_path / "x.parquet")
    assert [path.name for path in tmp_path.iterdir()] == ["bad.ndjson"]


def test_a_view_of_your_own_may_be_a_dict_or_text_or_a_file(tmp_path: Path) -> None:
    view = bcda.table_view("claim_line", "v3")
    wanted = bcda.open_table(files("v3"), "claim_line").to_arrow()
    assert bcda.open_table(files("v3"), view=view).to_arrow().to_pylist() == wanted.to_pylist()
    assert bcda.open_table(files("v3"), view=json.dumps(view)).to_arrow().num_rows == wanted.num_rows
    (tmp_path / "lines.json").write_text(json.dumps(view), encoding="utf-8")
    assert bcda.open_table(files("v3"), view=tmp_path / "lines.json").to_arrow().num_rows == wanted.num_rows
    ids = {"resource": "Patient", "select": [{"column": [{"name": "id", "path": "id"}]}]}
    assert bcda.open_table(files("v3"), view=ids).column_names == ["id"]


def test_a_view_makes_a_table_of_any_resource_type(tmp_path: Path) -> None:
    view = {
        "resource": "Observation",
        "select": [
            {
                "column": [
                    {"name": "id", "path": "getResourceKey()"},
                    {"name": "value", "path": "value.ofType(Quantity).value", "type": "decimal",
                     "tag": [{"name": "ansi/type", "value": "DECIMAL(18,2)"}]},
                ]
            }
        ],
    }  # fmt: skip
    lines = [{"resourceType": "Observation", "id": f"o{n}", "valueQuantity": {"value": n / 4}} for n in range(5)]
    result = write_export(tmp_path / "claims", {"Observation": b"".join(json.dumps(o).encode() + b"\n" for o in lines)})
    table = result.table(view=view, batch_rows=2)
    frames = [batch.to_pandas(types_mapper=pandas.ArrowDtype) for batch in table.batches()]
    assert [len(frame) for frame in frames] == [2, 2, 1]
    assert pandas.concat(frames, ignore_index=True).equals(table.to_pandas())
    assert table.to_pandas()["value"].sum() == Decimal("2.5")
    nothing = write_export(tmp_path / "nothing", {"Observation": b""}).table(view=view).to_pandas()
    assert nothing.empty
    assert nothing.dtypes.equals(table.to_pandas().dtypes)


def test_wrong_input_names_the_thing_and_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(bcda.InvalidArgumentError, match='did you mean "claim_line"'):
        bcda.open_table(files("v3"), "claim_lines")
    with pytest.raises(bcda.InvalidArgumentError, match=r"tables of this resource type are claim, .*claim_line, "):
        bcda.open_table(files("v3"), "ExplanationOfBenefit")
    with pytest.raises(bcda.InvalidArgumentError, match="a table of any resource type"):
        bcda.open_table(files("v3"), "Observation")
    with pytest.raises(bcda.InvalidArgumentError, match='did you mean "paid_amount"'):
        bcda.open_table(files("v3"), "claim_line", columns=["paid_amounts"])
    with pytest.raises(bcda.InvalidArgumentError, match=r"column x.*did you mean first.*position 6"):
        bcda.open_table(tmp_path / "none", view=BAD_VIEW)
    with pytest.raises(bcda.InvalidArgumentError, match="one of them"):
        bcda.open_table(files("v3"))
    with pytest.raises(bcda.FilesystemError, match="does not exist"):
        bcda.open_table(tmp_path / "none", "claim")
    with pytest.raises(bcda.FilesystemError, match="no finished export"):
        bcda.open_table(tmp_path, "claim")
    with pytest.raises(bcda.InvalidArgumentError, match="on_error"):
        bcda.open_table(files("v3"), "claim", on_error="ignore")  # type: ignore[arg-type]
    with pytest.raises(bcda.InvalidArgumentError, match="stu3, v2 or v3"):
        bcda.table_view("claim", "v4")


def test_a_bad_record_names_its_file_and_line_and_never_a_value(tmp_path: Path) -> None:
    path = tmp_path / "bad.ndjson"
    path.write_text(json.dumps(CLAIM) + "\n" + json.dumps({**CLAIM, "item": [{"sequence": "Smith"}]}) + "\n")
    table = bcda.open_table(path, "claim_line", generation="v3")
    with pytest.raises(bcda.RecordError, match=r"line 2 does not fit the column line_number") as caught:
        table.to_arrow()
    assert caught.value.file == os.fspath(path)
    assert "Smith" not in str(caught.value)
    with pytest.raises(OSError, match="line 2"):  # through Arrow's own interface
        pyarrow.table(table)
    rows = bcda.open_table(path, "claim_line", generation="v3", on_error="null").to_arrow()
    assert rows["line_number"].to_pylist() == [1, None]


def test_values_that_became_null_are_counted_in_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "bad.ndjson"
    path.write_text((json.dumps({**CLAIM, "item": [{"sequence": "Smith"}]}) + "\n") * 3)
    table = bcda.open_table(path, "claim_line", generation="v3", on_error="null")
    uses: list[Callable[[], Any]] = [
        table.to_arrow,
        table.to_pandas,
        table.to_polars,
        lambda: table.to_parquet(tmp_path / "lines.parquet"),
    ]
    for use in uses:
        caplog.clear()
        use()
        assert caplog.messages == ["3 values did not fit their column and are null (on_error)"]
    caplog.clear()
    bcda.open_table(files("v3"), "claim", on_error="null").to_arrow()
    assert caplog.messages == []


def test_an_export_is_queried_with_sql(tmp_path: Path) -> None:
    client = bcda.Sandbox(beneficiaries=10).client(poll_interval="10ms")
    result = client.export(out=tmp_path / "claims", progress=False)
    lines = sum(len(claim["item"]) for claim in result.records("ExplanationOfBenefit"))
    connection = result.duckdb()
    assert connection.sql("select count(*) from claim_line join claim using (claim_key)").fetchall() == [(lines,)]
    assert connection.sql("select count(distinct beneficiary_key) from beneficiary").fetchall() == [(10,)]
    assert bcda.open_table(tmp_path / "claims", "claim_line").to_arrow().num_rows == lines


def test_tables_of_files_that_went_to_a_sink_are_refused() -> None:
    import fsspec

    client = bcda.Sandbox(beneficiaries=2).client(poll_interval="10ms")
    result = client.export(["Patient"], out="memory://claims", progress=False)
    with pytest.raises(bcda.StateError, match="local directory"):
        result.table("beneficiary")
    fsspec.filesystem("memory").rm("/claims", recursive=True)


def test_a_table_leaves_no_handles() -> None:
    before = bcda.live_handles()
    table = bcda.open_table(files("v3"), "claim")
    pyarrow.table(table)
    next(iter(table.batches()))
    stream = table.__arrow_c_stream__()
    del stream
    assert bcda.live_handles() == before


# ---- packages that are not installed ----


@pytest.mark.parametrize(
    ("package", "extra", "call"),
    [("pandas", "pandas", "to_pandas"), ("pyarrow", "arrow", "to_arrow"), ("polars", "polars", "to_polars")],
)
def test_a_missing_package_is_named_with_its_extra(
    package: str, extra: str, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    imports = builtins.__import__

    def without(name: str, *args: Any, **how: Any) -> Any:
        if name.split(".")[0] == package:
            raise ModuleNotFoundError(f"No module named {package!r}", name=package)
        return imports(name, *args, **how)

    table = bcda.open_table(files("v3"), "beneficiary")
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=rf"{call} needs .*pip install 'bcda\[{extra}\]'") as caught:
        getattr(table, call)()
    assert caught.value.name == package


def test_a_package_that_lacks_something_itself_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_package.py").write_text("import something_that_is_not_there")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="something_that_is_not_there"):
        need("broken_package", "to_pandas", "pandas")


def test_the_name_of_a_file_says_its_format(tmp_path: Path) -> None:
    table = bcda.open_table(files("v2"), "claim", columns=["claim_key"])
    for name, begin in (("c.arrow", b"ARROW1"), ("c.ndjson", b"{"), ("c.csv", b"claim_key"), ("c", b"claim_key")):
        table.save(tmp_path / name)
        assert (tmp_path / name).read_bytes().startswith(begin)


def test_a_series_is_queried_with_sql(make_sandbox: Callable[..., bcda.Sandbox], tmp_path: Path) -> None:
    client = make_sandbox(profile="bcda-v3").client(poll_interval=0.02, durability="process")
    for _ in range(2):
        client.sync(tmp_path / "series", ["Patient"], progress=False)
    assert bcda.open_duckdb(tmp_path / "series").sql("select count(*) from beneficiary").fetchall() == [(10,)]
    with pytest.raises(bcda.InvalidArgumentError, match="columns"):
        bcda.open_duckdb(tmp_path / "series", columns=["claim_key"])
    with pytest.raises(bcda.InvalidArgumentError, match="paths is empty"):
        bcda.open_duckdb([])
    with pytest.raises(bcda.FilesystemError, match="open_table"):
        bcda.ExportResult.open(tmp_path / "series")
