"""What the Python source sends to the executors, and the types of its columns. It needs no session."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import bcda
import bcda.spark
import pyarrow
import pytest
from bcda.spark import columns, task
from bcda.spark.source import BcdaDataSource, Token, source_with
from conftest import break_a_file, options_of
from pyspark import cloudpickle
from pyspark.sql import types
from pyspark.sql.pandas.types import from_arrow_schema, to_arrow_schema


@pytest.fixture(scope="session", autouse=True)
def _of_python(source: str) -> None:
    if source != "python":
        pytest.skip("these are of the Python source")


def test_executors_get_neither_the_private_key_nor_the_request(sandbox: bcda.Sandbox, tmp_path: Path) -> None:
    given = {**options_of(sandbox), "table": "beneficiary", "types": "Coverage", "stateLocation": str(tmp_path)}
    source = source_with(str(tmp_path))(given)
    driver = cloudpickle.dumps(source)  # goes from one process of the driver to another
    for hidden in (sandbox.private_key, "Coverage"):
        assert hidden.encode() in driver
    reader = source.reader(source.schema())
    executors = cloudpickle.dumps((source, reader, reader.partitions()))
    for hidden in (sandbox.private_key, "Coverage", "private_key"):
        assert hidden.encode() not in executors
    assert sandbox.url.encode() in executors


def files_read(sandbox: bcda.Sandbox, state: Path, **options: str) -> list[str]:
    """The files of the rows that a task gives before it fails."""
    given = {**options_of(sandbox), "raw": "true", "types": "Patient", "stateLocation": str(state), **options}
    source = BcdaDataSource({**given, "maxConcurrentDownloads": "1", "batch_rows": "1"})
    reader = source.reader(source.schema())
    (partition,) = reader.partitions()
    if not state.joinpath("broken").exists():
        state.joinpath("broken").write_text(break_a_file(sandbox, state, "Patient", 1))
    seen: list[str] = []
    with pytest.raises(bcda.spark.ReadError, match="DECRYPTION: "):
        seen.extend(name for batch in reader.read(partition) for name in batch.column("file").to_pylist())
    return seen


def test_rows_before_a_broken_file(sandbox: bcda.Sandbox, tmp_path: Path) -> None:
    verified = files_read(sandbox, tmp_path)
    assert len(verified) == 4
    assert not verified[0].endswith((tmp_path / "broken").read_text())
    streamed = files_read(sandbox, tmp_path, verify="stream")
    assert streamed[:4] == verified
    assert streamed[4].endswith((tmp_path / "broken").read_text())


def test_a_secret_in_a_file_may_change(make_sandbox: Callable[..., bcda.Sandbox], tmp_path: Path) -> None:
    sandbox = make_sandbox(client_secret="another" * 8)
    secret = tmp_path / "secret"
    given = {**options_of(sandbox), "table": "beneficiary", "types": "Patient", "client_secret_file": str(secret)}
    secret.write_text("another" * 8)
    source = BcdaDataSource({**given, "stateLocation": str(tmp_path / "state")})
    reader = source.reader(source.schema())
    partition = reader.partitions()[0]
    secret.write_text("former")
    with pytest.raises(bcda.spark.ReadError, match="AUTHENTICATION: "):
        list(reader.read(partition))
    secret.write_text("another" * 8)
    assert sum(batch.num_rows for batch in reader.read(partition)) == 4


def test_a_registered_class_is_pickled_whole(tmp_path: Path) -> None:
    again = cloudpickle.loads(cloudpickle.dumps(source_with(str(tmp_path))))
    assert again.state == str(tmp_path)
    assert BcdaDataSource.state is None


def test_no_text_shows_content() -> None:
    assert repr(Token(3, "bcda1.secret", "00")) == "<Token 3>"


def test_columns_of_all_tables_have_types_of_spark() -> None:
    for table in [*bcda.table_names(), "raw"]:
        schema = bcda.open_partition(None, table).schema
        struct = columns.struct_of(schema)
        assert struct == from_arrow_schema(schema)
        batch = pyarrow.RecordBatch.from_pylist([{}], schema)
        (piece,) = columns.pieces([batch])
        assert piece.schema.equals(to_arrow_schema(struct, timezone="UTC"))


def test_a_column_that_spark_does_not_have() -> None:
    with pytest.raises(bcda.InvalidArgumentError, match="the column at has a type that Spark does not have"):
        columns.struct_of(pyarrow.schema([("at", pyarrow.time64("us"))]))


def test_batches_are_cut_by_their_bytes() -> None:
    batch = pyarrow.RecordBatch.from_pydict({"value": ["x" * 10_000] * 1024})
    found = list(columns.pieces([batch]))
    assert [piece.num_rows for piece in found] == [419, 419, 186]
    assert max(piece.nbytes for piece in found) <= 4 << 20
    assert pyarrow.Table.from_batches(found).equals(pyarrow.Table.from_batches([batch]))
    long = pyarrow.RecordBatch.from_pydict({"value": ["x" * (5 << 20)] * 2})
    assert [piece.num_rows for piece in columns.pieces([long])] == [1, 1]
    assert not list(columns.pieces([batch.slice(0, 0)]))


def test_a_schema_chooses_columns() -> None:
    table = types.StructType().add("a", "string").add("b", "long")
    assert columns.chosen(types.StructType().add("b", "long"), table) == ["b"]
    with pytest.raises(bcda.InvalidArgumentError, match="the table has no column c; it has a, b"):
        columns.chosen(types.StructType().add("c", "long"), table)
    with pytest.raises(bcda.InvalidArgumentError, match="the column b is bigint, but the schema says string"):
        columns.chosen(types.StructType().add("b", "string"), table)


def test_an_error_of_a_read_can_be_pickled() -> None:
    assert str(pickle.loads(pickle.dumps(bcda.spark.ReadError("DECRYPTION: a")))) == "DECRYPTION: a"


def test_files_wait_where_the_executor_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own, of_spark, of_yarn = (str(tmp_path / name) for name in ("own", "spark", "yarn"))
    for directory in (own, of_yarn):
        Path(directory).mkdir()
    monkeypatch.setenv("SPARK_LOCAL_DIRS", of_spark)  # is missing, like a broken disk
    monkeypatch.setenv("LOCAL_DIRS", of_yarn)
    assert task._spool() == {"spool_directory": of_yarn}
    monkeypatch.setenv("BCDA_SPOOL_DIRECTORY", own)
    assert task._spool() == {}
