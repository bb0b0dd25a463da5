"""Conversion of records to pandas and Arrow tables."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from ._errors import InvalidArgumentError
from ._records import Record, kind_of, member, members

if TYPE_CHECKING:
    import pandas
    import pyarrow

_EXACT = 2**53  # a 64-bit float represents every integer only up to this limit


def chunks_of(records: Iterable[Record], size: int | None) -> Iterator[list[Record]]:
    """Lists of at most `size` records (None: one list of all). Yields one empty list if there are no records."""
    iterator = iter(records)
    chunk = list(islice(iterator, size))
    yield chunk
    while size is not None and (chunk := list(islice(iterator, size))):
        yield chunk


def check_chunksize(size: int) -> None:
    """Raises InvalidArgumentError unless `size` is a valid number of rows."""
    if not isinstance(size, int) or isinstance(size, bool) or size < 1:
        raise InvalidArgumentError(f"chunksize takes a number of rows, 1 or more, not {size!r}")


def need(package: str, call: str, extra: str) -> None:
    """Raises ModuleNotFoundError if a package is missing. The message says how to install it."""
    try:
        __import__(package)
    except ModuleNotFoundError as error:
        if error.name != package:  # the package is installed, but one of its own dependencies is missing
            raise
        why = f"{call} needs the package {package}: pip install 'bcda[{extra}]'"
        raise ModuleNotFoundError(why, name=package) from error


# ---- pandas ----


def pandas_chunks(rows: Iterable[Record], size: int | None) -> Iterator[pandas.DataFrame]:
    """One data frame for each chunk."""
    import pandas

    for chunk in chunks_of(rows, size):
        frame = pandas.DataFrame(chunk)
        _restore_large_integers(frame, chunk)
        yield frame


def _restore_large_integers(frame: pandas.DataFrame, chunk: list[Record]) -> None:
    """Restores integers that pandas rounded. If some records lack a member or have a fraction in it, pandas converts
    the whole column to floats. That rounds integers beyond 2^53, such as identifiers. Such a column gets Python's own
    numbers instead.
    """
    import pandas

    for name in frame.columns[frame.dtypes == "float64"]:
        if (frame[name].abs() >= _EXACT).any():
            values = [row.get(name, math.nan) for row in chunk]
            if any(isinstance(value, int) for value in values):
                frame[name] = pandas.Series(values, index=frame.index, dtype=object)


# ---- Arrow ----


def arrow_table(rows: Iterable[Record], size: int, again: Iterable[tuple[str, Record]]) -> pyarrow.Table:
    """One table of all records. A member that only later records have is null in the earlier records.

    `again` yields the same records with the position of each. It is read only after a failure, to find the member that
    was the cause.
    """
    import pyarrow

    try:
        tables = [_table_of(chunk) for chunk in chunks_of(rows, size)]
        return pyarrow.concat_tables(tables, promote_options="permissive")
    except (pyarrow.ArrowException, _BooleanAmongNumbersError, OverflowError) as error:
        failure = type(error).__name__  # without its message, which may contain a record
    why = conflict(again) or f"{failure}; a smaller chunksize may help"
    raise ValueError(f"the records do not fit one Arrow schema: {why}. records() gives them as they are")


class _BooleanAmongNumbersError(Exception):
    """A boolean in a column of numbers. Arrow would convert it to 0 or 1."""


def _table_of(chunk: list[Record]) -> pyarrow.Table:
    import pyarrow

    # Not Table.from_pylist, because it drops members that the first record lacks.
    array = pyarrow.array(chunk, type=None if chunk else pyarrow.struct([]))
    fractions = _fractions(array.type)
    if fractions is not None and any(_has_boolean(record, fractions) for record in chunk):
        raise _BooleanAmongNumbersError
    return pyarrow.Table.from_struct_array(array)


def _fractions(type: Any) -> Any:
    """The positions of floats in an Arrow type: True for a float itself, a dict for the members of a struct, a list for
    the items of a list, and None if there is no float.
    """
    import pyarrow

    if pyarrow.types.is_floating(type):
        return True
    if pyarrow.types.is_struct(type):
        return {field.name: where for field in type if (where := _fractions(field.type)) is not None} or None
    if pyarrow.types.is_list(type):
        where = _fractions(type.value_type)
        return None if where is None else [where]
    return None


def _has_boolean(value: Any, where: Any) -> bool:
    if where is True:
        return value is True or value is False
    if not value:
        return False
    if isinstance(where, list):
        return any(_has_boolean(item, where[0]) for item in value)
    return any(name in value and _has_boolean(value[name], inner) for name, inner in where.items())


def conflict(records: Iterable[tuple[str, Record]]) -> str:
    """Describes the first member whose values do not fit one Arrow column, with their positions. "" if all fit."""
    first: dict[str, dict[str, str]] = {}  # by member and kind: the position where it was first seen
    for where, record in records:
        for path, value in members(record):
            if value is None:
                continue
            kinds = first.setdefault(path, {})
            kind = "an integer beyond 2^53" if isinstance(value, int) and abs(value) > _EXACT else kind_of(value)
            kinds.setdefault(kind, where)
            if kind == "an integer beyond 2^53" and not -(2**63) <= value < 2**63:
                return f"{member(path)} is an integer beyond 64 bits in {where}"
            other = next((other for other in kinds if not _fit_together(other, kind)), None)
            if other is not None:
                return f"{member(path)} is {other} in {kinds[other]}, and {kind} in {where}"
    return ""


def _fit_together(one: str, other: str) -> bool:
    return one == other or {one, other} in (
        {"an integer", "a fraction"},
        {"an integer", "an integer beyond 2^53"},
    )
