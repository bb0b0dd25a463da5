"""The columns of a table in Spark's types, and its batches as Spark takes them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pyarrow
from pyspark.sql import types

from .._errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Iterable

_BATCH_BYTES = 4 << 20  # Spark copies a batch several times, so batches are small

_SIMPLE = {
    pyarrow.string(): types.StringType(),
    pyarrow.binary(): types.BinaryType(),
    pyarrow.bool_(): types.BooleanType(),
    pyarrow.int32(): types.IntegerType(),
    pyarrow.int64(): types.LongType(),
    pyarrow.float64(): types.DoubleType(),
    pyarrow.date32(): types.DateType(),
    pyarrow.timestamp("us", "UTC"): types.TimestampType(),
}


def struct_of(schema: pyarrow.Schema) -> types.StructType:
    """The columns of a table as Spark has them."""
    return types.StructType([types.StructField(field.name, _type_of(field)) for field in schema])


def _type_of(field: pyarrow.Field) -> types.DataType:
    kind = field.type
    if pyarrow.types.is_list(kind):
        return types.ArrayType(_type_of(kind.value_field.with_name(field.name)))
    if pyarrow.types.is_decimal(kind):
        return types.DecimalType(kind.precision, kind.scale)
    if kind in _SIMPLE:
        return _SIMPLE[kind]
    raise InvalidArgumentError(
        f"the column {field.name} has a type that Spark does not have ({kind}); "
        "leave it out (columns), or set values=text"
    )


def chosen(wanted: types.StructType, table: types.StructType) -> list[str]:
    """The columns that a schema of the caller chooses. Raises InvalidArgumentError if the table lacks one or gives it
    another type.
    """
    known = {field.name: field.dataType for field in table}
    for field in wanted:
        if field.name not in known:
            raise InvalidArgumentError(f"the table has no column {field.name}; it has {', '.join(known)}")
        if field.dataType != known[field.name]:
            raise InvalidArgumentError(
                f"the column {field.name} is {known[field.name].simpleString()}, "
                f"but the schema says {field.dataType.simpleString()}"
            )
    return list(wanted.names)


def pieces(batches: Iterable[pyarrow.RecordBatch]) -> Iterator[pyarrow.RecordBatch]:
    """The batches with the schema that Spark expects, in slices of about 4 MiB."""
    for batch in batches:
        same = batch.cast(_for_spark(batch.schema))
        rows = max(1, same.num_rows * _BATCH_BYTES // max(same.nbytes, _BATCH_BYTES))
        for begin in range(0, same.num_rows, rows):
            yield same.slice(begin, rows)


def _for_spark(schema: pyarrow.Schema) -> pyarrow.Schema:
    """Spark has a name of its own for the items of a list."""
    return pyarrow.schema([pyarrow.field(field.name, _list_for_spark(field.type)) for field in schema])


def _list_for_spark(kind: pyarrow.DataType) -> pyarrow.DataType:
    if not pyarrow.types.is_list(kind):
        return kind
    return pyarrow.list_(pyarrow.field("element", _list_for_spark(kind.value_type)))
