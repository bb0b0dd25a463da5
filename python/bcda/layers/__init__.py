"""Experimental: the tables of claims in the forms of CMS's CCLF files and of Tuva's input layer.

A layer is a schema with views over the base tables (:func:`bcda.table_names`) in DuckDB. ``docs/tables/layers.md`` says
where each column comes from, and which columns have no source. Those are null, and have their type all the same.

While this module is experimental, its names and the content of its views can change in any version.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timezone
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from .. import _native
from .._errors import InvalidArgumentError
from .._table import table_columns

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["LayerColumn", "add", "describe", "names", "sql", "tables"]

_SHARED = "bcda_layers"  # the schema that the views of the layers read: the base tables, and what they share
_DUCKDB_TYPES = {"string": "VARCHAR", "integer": "INTEGER", "boolean": "BOOLEAN", "instant": "TIMESTAMP WITH TIME ZONE"}


@dataclass(frozen=True)
class LayerColumn:
    """One column of a view of a layer.

    Attributes:
        name: the name of the column in the standard.
        type: its type in DuckDB.
        source: the base columns that it comes from, or how it is made; ``""`` if it has no source, and is null.
        generations: those that have the source: ``"stu3"``, ``"v2"``, ``"v3"``. In the others it is null.
    """

    name: str
    type: str
    source: str
    generations: tuple[str, ...]


def names() -> list[str]:
    """The layers.

    Example:
        >>> bcda.layers.names()
        ['cclf', 'tuva']
    """
    return list(_columns())


def tables(layer: str) -> list[str]:
    """The views of a layer.

    Raises:
        InvalidArgumentError: there is no such layer.

    Example:
        >>> bcda.layers.tables("tuva")
        ['medical_claim', 'pharmacy_claim', 'eligibility']
    """
    return list(_tables_of(layer))


def describe(layer: str, table: str) -> list[LayerColumn]:
    """The columns of a view, in the order of the standard.

    Raises:
        InvalidArgumentError: there is no such layer, or it has no such view.

    Example:
        >>> [column.source for column in bcda.layers.describe("cclf", "CCLF1") if column.name == "CLM_PMT_AMT"]
        ['claim.payment_amount']
    """
    return list(_columns_of(layer, table))


def sql(layer: str, table: str) -> str:
    """The SELECT of a view, to be read and changed. It uses functions and views that :func:`add` makes.

    Raises:
        InvalidArgumentError: there is no such layer, or it has no such view.

    Example:
        >>> print(bcda.layers.sql("cclf", "CCLF1").splitlines()[0])
        -- CCLF1, Part A claims: one row for each institutional claim.
    """
    _columns_of(layer, table)
    return (files(__package__) / layer / f"{table}.sql").read_text(encoding="utf-8")


def add(connection: DuckDBPyConnection, *layers: str, file_date: date | None = None) -> None:
    """Makes a schema of views for each layer. The connection must have all base tables.

    A view keeps no rows: each query reads the files again. ``create table ... as`` keeps them. Another schema,
    ``bcda_layers``, gets what the views read: the base tables, and functions and views that they share.

    Args:
        connection: a connection from :meth:`ExportResult.duckdb`, or one to a database with the base tables as tables
            or views in the schema ``main``.
        *layers: names from :func:`names`.
        file_date: the day of the claims, for Tuva's ``file_date`` and for enrollments without an end.

    Raises:
        InvalidArgumentError: there is no such layer, or a base table is missing or is another than the library's.

    Example:
        >>> result = client.export(out=tmp / "layers", progress=False)
        >>> connection = result.duckdb()
        >>> bcda.layers.add(connection, "cclf")
        >>> connection.sql("select count(*) from cclf.CCLF8").fetchall()
        [(10,)]
    """
    for layer in layers:
        _tables_of(layer)
    base = _base_tables(connection)
    added_at = datetime.now(timezone.utc).replace(tzinfo=None)
    connection.execute(f"create schema if not exists {_SHARED}")
    for table, place in base.items():
        connection.execute(f"create or replace view {_SHARED}.{table} as from {place}")
    _create_value(connection, "file_date", "date", file_date)
    _create_value(connection, "added_at", "timestamp", added_at)
    for name, text in _shared_sql():
        connection.execute(text if name == "functions" else f"create or replace view {_SHARED}.{name} as {text}")
    for layer in layers:
        connection.execute(f"create schema if not exists {layer}")
        for table in tables(layer):
            connection.execute(f"create or replace view {layer}.{table} as {sql(layer, table)}")


def _create_value(connection: DuckDBPyConnection, name: str, kind: str, value: date | None) -> None:
    """A function without arguments, because a view cannot have parameters."""
    literal = "null" if value is None else f"'{value.isoformat()}'"
    connection.execute(f"create or replace macro {_SHARED}.{name}() as cast({literal} as {kind})")


def _base_tables(connection: DuckDBPyConnection) -> dict[str, str]:
    """The base tables with their qualified names. An unqualified name means another table after ``use tuva``.

    The check of the types is needed: DuckDB would refuse a view without saying what to do, or make text of a number.
    """
    query = "select distinct database_name, table_name from duckdb_columns() where schema_name = 'main'"
    present = connection.execute(f"{query} and database_name in ('temp', current_database())").fetchall()
    found = {}
    for table in _native.table_names():
        if ("temp", table) in present:  # result.duckdb() registers them there
            found[table] = f"temp.main.{table}"
        elif any(table == name for _, name in present):
            found[table] = f"main.{table}"
        else:
            raise InvalidArgumentError(
                f"the connection has no table or view main.{table}: use result.duckdb(), or make all tables of "
                "bcda.table_names() first"
            )
        types = {row[0]: row[1] for row in connection.execute(f"describe {found[table]}").fetchall()}
        for column in table_columns(table):
            wanted = _DUCKDB_TYPES.get(column.type, column.type) + ("[]" if column.list else "")
            if types.get(column.name) != wanted:
                raise InvalidArgumentError(
                    f"{table}.{column.name} must be {wanted}, and it is {types.get(column.name, 'missing')}: layers "
                    "need all columns of the base tables with their types, so give neither columns nor values=text"
                )
    return found


def _shared_sql() -> Iterator[tuple[str, str]]:
    """The names and texts of the files in shared/. The numbers of their names are their order."""
    for file in sorted((files(__package__) / "shared").iterdir(), key=lambda file: file.name):
        yield file.name.split("_", 1)[1].split(".")[0], file.read_text(encoding="utf-8")


@cache
def _columns() -> dict[str, dict[str, list[LayerColumn]]]:
    """The columns of each view of each layer."""
    found: dict[str, dict[str, list[LayerColumn]]] = {}
    for row in csv.DictReader((files(__package__) / "columns.csv").read_text(encoding="utf-8").splitlines()):
        column = LayerColumn(row["column"], row["type"], row["source"], tuple(row["generations"].split()))
        found.setdefault(row["layer"], {}).setdefault(row["table"], []).append(column)
    return found


def _tables_of(layer: str) -> dict[str, list[LayerColumn]]:
    if layer not in _columns():
        raise InvalidArgumentError(f"there is no layer {layer!r}; there are {' and '.join(_columns())}")
    return _columns()[layer]


def _columns_of(layer: str, table: str) -> list[LayerColumn]:
    if table not in _tables_of(layer):
        raise InvalidArgumentError(f"the layer {layer} has no table {table!r}; it has {', '.join(_tables_of(layer))}")
    return _tables_of(layer)[table]
