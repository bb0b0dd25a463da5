"""Claims as tables: views over the records, handed out through Arrow's C interface."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Union

from . import _native
from ._config import make_config, path_of, takes_settings
from ._errors import InvalidArgumentError

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow
    from duckdb import DuckDBPyConnection
    from typing_extensions import Unpack

    from ._options import TableSettings

View = Union[str, Mapping[str, Any], "os.PathLike[str]"]


@dataclass(frozen=True)
class TableColumn:
    """One column of a table that the library brings along.

    Attributes:
        name: the name of the column.
        type: ``"string"``, ``"integer"``, ``"boolean"``, ``"instant"``, ``"DATE"`` or ``"DECIMAL(18,2)"``.
        list: True if a row has a list of such values.
        description: what the column means.
        cclf: the name of the same column in CMS's Claim and Claim Line Feed; ``""`` if it has none.
        generations: those that have the column: ``"stu3"``, ``"v2"``, ``"v3"``. In the others it is null.
    """

    name: str
    type: str
    list: bool
    description: str
    cclf: str
    generations: tuple[str, ...]


def table_names() -> list[str]:
    """The tables that the library brings along.

    Example:
        >>> "claim_line" in bcda.table_names()
        True
    """
    return _native.table_names()


def table_columns(table: str) -> list[TableColumn]:
    """The columns of such a table.

    Raises:
        InvalidArgumentError: there is no such table.

    Example:
        >>> [column.type for column in bcda.table_columns("claim_line") if column.name == "paid_amount"]
        ['DECIMAL(18,2)']
    """
    columns = json.loads(_native.table_columns(table))["columns"]
    return [TableColumn(**{**column, "generations": tuple(column["generations"])}) for column in columns]


def table_view(table: str, generation: str = "v3") -> dict[str, Any]:
    """The ViewDefinition of such a table, to be read, changed and used as ``view=``.

    Args:
        table: the name of the table.
        generation: ``"stu3"``, ``"v2"`` or ``"v3"``.

    Raises:
        InvalidArgumentError: there is no such table or generation.

    Example:
        >>> bcda.table_view("claim_line", "v3")["resource"]
        'ExplanationOfBenefit'
    """
    view: dict[str, Any] = json.loads(_native.table_view(table, generation))
    return view


@takes_settings("table")
def open_table(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    table: str | None = None,
    *,
    view: View | None = None,
    **settings: Unpack[TableSettings],
) -> Table:
    """A table of finished exports, of a series of exports (:meth:`Client.sync`), or of NDJSON files.

    Args:
        paths: a directory of an export or of a series, an NDJSON file, or several of them.
        table: a name from :func:`table_names`.
        view: a ViewDefinition of your own (SQL on FHIR v2), as a dict, as JSON text, or as the
            :class:`~pathlib.Path` of its file.

    Raises:
        InvalidArgumentError: the table, the view or a setting is wrong. The message names the column and the place in
            its path.
        FilesystemError: a path is no finished export and no file.

    Example:
        >>> result = client.export(["Patient"], out=tmp / "open_table", progress=False)
        >>> bcda.open_table(tmp / "open_table", "beneficiary").to_arrow().num_rows
        10
    """
    return Table(paths_of(paths), definition_of(table, view), settings)


@takes_settings("table")
def open_duckdb(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    layers: str | Iterable[str] = (),
    **settings: Unpack[TableSettings],
) -> DuckDBPyConnection:
    """A DuckDB connection in memory, with every table of these paths as a view to query with SQL. Needs duckdb 1.5 or
    newer. For one export, :meth:`ExportResult.duckdb` is the same.

    Args:
        paths: as for :func:`open_table`. The tables of a series of exports have its current state.
        layers: as for :meth:`ExportResult.duckdb`.

    Raises:
        ModuleNotFoundError: duckdb is not installed; the message says how to install it.
        InvalidArgumentError: there is no such layer or setting.
        FilesystemError: as for :func:`open_table`.

    Example:
        >>> result = client.export(["Patient"], out=tmp / "open_duckdb", progress=False)
        >>> bcda.open_duckdb(tmp / "open_duckdb").sql("select count(*) from beneficiary").fetchall()
        [(10,)]
    """
    return connect_duckdb(paths_of(paths), settings, layers, None)


def paths_of(paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]]) -> list[str]:
    """One or several paths as a list of texts."""
    given = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
    if not given:
        raise InvalidArgumentError("paths is empty; name the directory of an export, or files")
    return [path_of(path, "paths") for path in given]


def definition_of(table: str | None, view: View | None) -> str:
    if (table is None) == (view is None):
        raise InvalidArgumentError("name a table, or give a view: one of them")
    if table is not None:
        return table
    if isinstance(view, os.PathLike):
        with open(view, encoding="utf-8") as file:
            return file.read()
    return view if isinstance(view, str) else json.dumps(view)


class Saved(NamedTuple):
    """What :meth:`Table.save` wrote."""

    rows: int
    nulled: int


class Table:
    """Rows and columns of an export. Nothing is kept: each use reads the files again, in constant memory.

    pyarrow, polars, pandas, DuckDB and others take it as it is, because it has ``__arrow_c_stream__``:
    ``pyarrow.table(table)``, ``polars.DataFrame(table)``, ``duckdb.from_arrow(table.to_arrow())``.

    Example:
        >>> result = client.export(["Patient"], out=tmp / "a_table", progress=False)
        >>> result.table("beneficiary", columns=["beneficiary_key", "birth_date"]).column_names
        ['beneficiary_key', 'birth_date']
    """

    def __init__(self, paths: Sequence[str], definition: str, settings: Mapping[str, Any]) -> None:
        self._paths = [os.fsencode(path) for path in paths]
        self._definition = definition.encode()
        self._settings = dict(settings)
        self._open()  # reports what is wrong now

    def _open(self) -> _native.Tables:
        return open_tables(self._paths, self._settings, [self._definition])

    def _read(self) -> tuple[pyarrow.Schema, Iterator[pyarrow.RecordBatch]]:
        tables = self._open()
        schema = schema_of(tables)
        return schema, (batch for _, batch in batches_of(tables, [schema]))

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """The rows as a stream of Arrow batches, in a PyCapsule. `requested_schema` is not used."""
        return _native.open_table(make_config(self._settings), self._paths, self._definition)

    @property
    def column_names(self) -> list[str]:
        """The names of the columns."""
        return list(self.schema.names)

    @property
    def schema(self) -> pyarrow.Schema:
        """The columns and their types, as Arrow has them. Needs pyarrow."""
        return self._read()[0]

    def batches(self) -> Iterator[pyarrow.RecordBatch]:
        """The rows in batches of at most ``batch_rows``, in constant memory. Needs pyarrow.

        Raises:
            RecordError: a record is malformed, or a value does not fit its column. The message names the file,
                the line and the column, and never shows a value.
            VerificationError: a file has changed since it was verified.
            FilesystemError: a file is missing or cannot be read.

        Example:
            >>> result = client.export(["Patient"], out=tmp / "batches", progress=False)
            >>> sum(batch.num_rows for batch in result.table("beneficiary").batches())
            10
        """
        return self._read()[1]

    def to_arrow(self) -> pyarrow.Table:
        """All rows as an Arrow table.

        Raises:
            Error: as for :meth:`batches`.

        Example:
            >>> result = client.export(["Patient"], out=tmp / "to_arrow", progress=False)
            >>> result.table("beneficiary").to_arrow().num_rows
            10
        """
        pyarrow = need("pyarrow", "to_arrow", "arrow")
        schema, batches = self._read()
        return pyarrow.Table.from_batches(batches, schema)

    def to_pandas(self) -> pandas.DataFrame:
        """All rows as a pandas DataFrame whose columns keep their Arrow types: integers with nulls, dates and decimals
        stay what they are. Needs pandas and pyarrow.

        Raises:
            Error: as for :meth:`batches`.

        Example:
            >>> result = client.export(["Patient"], out=tmp / "to_pandas", progress=False)
            >>> len(result.table("beneficiary").to_pandas())
            10
        """
        package = need("pandas", "to_pandas", "pandas")
        frame: pandas.DataFrame = self.to_arrow().to_pandas(types_mapper=package.ArrowDtype)
        return frame

    def to_polars(self) -> polars.DataFrame:
        """All rows as a polars DataFrame. Needs polars and pyarrow.

        Raises:
            Error: as for :meth:`batches`.

        Example:
            >>> result = client.export(["Patient"], out=tmp / "to_polars", progress=False)
            >>> result.table("beneficiary").to_polars().height
            10
        """
        package = need("polars", "to_polars", "polars")
        frame: polars.DataFrame = package.from_arrow(self.to_arrow())
        return frame

    def save(self, path: str | os.PathLike[str], format: Literal["csv", "ndjson", "arrow"] | None = None) -> Saved:
        """Writes all rows to a file, in constant memory and without any other package. The file gets its name when it
        is whole. Its mode is 0600.

        Args:
            path: the file, which must not exist.
            format: ``"csv"`` (a null is an empty field), ``"ndjson"``, or ``"arrow"`` (Arrow's IPC file format). By
                default as `path` ends, else ``"csv"``.

        Returns:
            the number of rows, and of values that did not fit their column and are null (``on_error="null"``).

        Raises:
            FileExistsError: the file exists.
            Error: as for :meth:`batches`.

        Example:
            >>> result = client.export(["Patient"], out=tmp / "save", progress=False)
            >>> result.table("beneficiary").save(tmp / "beneficiary.csv")
            Saved(rows=10, nulled=0)
        """
        tables, name = self._open(), path_of(path, "path")
        ending = os.path.splitext(name)[1][1:]
        chosen = format or (ending if ending in ("ndjson", "arrow") else "csv")
        with PrivateFile(name) as file:
            while (piece := tables.encode(chosen)) is not None:
                file.write(piece)
        return Saved(tables.rows, tables.nulled)

    def to_parquet(self, path: str | os.PathLike[str], **options: Any) -> int:
        """Writes all rows to a Parquet file, in constant memory. The file gets its name when it is whole. Its mode is
        0600. Needs pyarrow.

        Args:
            path: the file, which must not exist.
            **options: for ``pyarrow.parquet.ParquetWriter``, such as ``compression="zstd"``.

        Returns:
            the number of rows.

        Raises:
            FileExistsError: the file exists.
            Error: as for :meth:`batches`.

        Example:
            >>> result = client.export(["Patient"], out=tmp / "to_parquet", progress=False)
            >>> result.table("beneficiary").to_parquet(tmp / "beneficiary.parquet")
            10
        """
        need("pyarrow", "to_parquet", "arrow")
        from pyarrow.parquet import ParquetWriter

        schema, batches = self._read()
        rows = 0
        with PrivateFile(path_of(path, "path")) as file, ParquetWriter(file, schema, **options) as writer:
            for batch in batches:
                writer.write_batch(batch)
                rows += batch.num_rows
        return rows

    def __repr__(self) -> str:
        name = self._definition.decode()
        return f"<Table {name if '{' not in name else 'of a view'} of {len(self._paths)} source(s)>"


class _Capsules:
    """A batch or a schema for pyarrow, which takes them out of their capsules."""

    def __init__(self, schema: object, array: object = None) -> None:
        self._schema, self._array = schema, array

    def __arrow_c_schema__(self) -> object:
        return self._schema

    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[object, object]:
        return self._schema, self._array


def open_tables(paths: Sequence[bytes], settings: Mapping[str, Any], definitions: Sequence[bytes]) -> _native.Tables:
    """Tables that are read in one pass over the files."""
    return _native.Tables(make_config(settings), paths, definitions)


def schema_of(tables: _native.Tables, number: int = 0) -> pyarrow.Schema:
    """The columns of the table with this number."""
    return need("pyarrow", "the schema of a table", "arrow").schema(_Capsules(tables.schema(number)))


def batches_of(tables: _native.Tables, schemas: Sequence[pyarrow.Schema]) -> Iterator[tuple[int, pyarrow.RecordBatch]]:
    """The batches of all tables as they come, each with the number of its table."""
    import pyarrow

    while (found := tables.next()) is not None:
        number, array = found
        yield number, pyarrow.record_batch(_Capsules(schemas[number].__arrow_c_schema__(), array))


def need(package: str, call: str, extra: str) -> Any:
    """Imports a package. If it is missing, raises ModuleNotFoundError whose message says how to install it."""
    try:
        return __import__(package)
    except ModuleNotFoundError as error:
        if error.name != package:  # the package is installed, but one of its own dependencies is missing
            raise
        why = f"{call} needs the package {package}: pip install 'bcda[{extra}]'"
        raise ModuleNotFoundError(why, name=package) from error


class PrivateFile:
    """A binary file of mode 0600 that gets its name when the block ends without an exception."""

    def __init__(self, path: str) -> None:
        self.path = path
        head, tail = os.path.split(path)
        self.partial = os.path.join(head, f".{tail}.partial-{os.getpid()}")

    def __enter__(self) -> Any:
        if os.path.lexists(self.path):
            raise FileExistsError(f"{self.path} exists already")
        fd = os.open(self.partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600)
        self.file = os.fdopen(fd, "wb")
        return self.file

    def __exit__(self, kind: object, *rest: object) -> None:
        try:
            if kind is None:
                self.file.flush()
                os.fsync(self.file.fileno())
            self.file.close()
            if kind is None:
                os.rename(self.partial, self.path)
                return
        finally:
            if os.path.lexists(self.partial):
                os.unlink(self.partial)


def connect_duckdb(
    paths: Sequence[str], settings: Mapping[str, Any], layers: str | Iterable[str], file_date: date | None
) -> DuckDBPyConnection:
    """A DuckDB connection in memory with every table as a view, and with the views of some layers."""
    from .layers import add

    package = need("duckdb", "duckdb", "duckdb")
    if tuple(map(int, package.__version__.split(".")[:2])) < (1, 5):  # an older one reads a registered table once
        raise ImportError(f"duckdb needs the package duckdb 1.5 or newer, not {package.__version__}", name="duckdb")
    connection: DuckDBPyConnection = package.connect()
    if settings.get("columns") is not None:
        raise InvalidArgumentError("columns is for one table; choose columns in the SQL")
    for name in table_names():
        connection.register(name, Table(paths, name, settings))
    if chosen := [layers] if isinstance(layers, str) else list(layers):
        add(connection, *chosen, file_date=file_date)
    return connection
