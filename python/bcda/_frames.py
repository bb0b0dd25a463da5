"""Records as tables."""

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

_EXACT = 2**53  # beyond it a 64-bit float does not hold every integer


def chunks_of(records: Iterable[Record], size: int | None) -> Iterator[list[Record]]:
    """Lists of at most `size` records, of all when None; an empty one when there are none."""
    iterator = iter(records)
    chunk = list(islice(iterator, size))
    yield chunk
    while size is not None and (chunk := list(islice(iterator, size))):
        yield chunk


def check_chunksize(size: int) -> None:
    """Raises InvalidArgumentError unless it is a number of rows."""
    if not isinstance(size, int) or isinstance(size, bool) or size < 1:
        raise InvalidArgumentError(f"chunksize takes a number of rows, 1 or more, not {size!r}")


def need(package: str, call: str, extra: str) -> None:
    """Raises ModuleNotFoundError, which says how to install it, when a package is missing."""
    try:
        __import__(package)
    except ModuleNotFoundError as error:
        if error.name != package:  # it is there, but lacks something itself
            raise
        why = f"{call} needs the package {package}: pip install 'bcda[{extra}]'"
        raise ModuleNotFoundError(why, name=package) from error


# ---- pandas ----


def pandas_chunks(rows: Iterable[Record], size: int | None) -> Iterator[pandas.DataFrame]:
    """A frame for each chunk."""
    import pandas

    for chunk in chunks_of(rows, size):
        frame = pandas.DataFrame(chunk)
        _restore_large_integers(frame, chunk)
        yield frame


def _restore_large_integers(frame: pandas.DataFrame, chunk: list[Record]) -> None:
    """Where a record lacks a member, or has a fraction, pandas makes floats of the others' integers, and rounds those
    beyond 2^53, such as identifiers. Such a column holds Python's own numbers instead.
    """
    import pandas

    for name in frame.columns[frame.dtypes == "float64"]:
        if (frame[name].abs() >= _EXACT).any():
            values = [row.get(name, math.nan) for row in chunk]
            if any(isinstance(value, int) for value in values):
                frame[name] = pandas.Series(values, index=frame.index, dtype=object)


# ---- Arrow ----


def arrow_table(rows: Iterable[Record], size: int, again: Iterable[tuple[str, Record]]) -> pyarrow.Table:
    """One table; a member that only later records have is null in the earlier ones.

    `again` gives the same records and where each is. It is read after a failure, to say which member was the cause.
    """
    import pyarrow

    try:
        tables = [_table_of(chunk) for chunk in chunks_of(rows, size)]
        return pyarrow.concat_tables(tables, promote_options="permissive")
    except (pyarrow.ArrowException, _BooleanAmongNumbersError, OverflowError) as error:
        failure = type(error).__name__  # what it says may hold a record
    why = conflict(again) or f"{failure}; a smaller chunksize may help"
    raise ValueError(f"the records do not fit one Arrow schema: {why}. records() gives them as they are")


class _BooleanAmongNumbersError(Exception):
    """Arrow would take it for 0 or 1."""


def _table_of(chunk: list[Record]) -> pyarrow.Table:
    import pyarrow

    # Not Table.from_pylist, which drops what the first record lacks.
    array = pyarrow.array(chunk, type=None if chunk else pyarrow.struct([]))
    fractions = _fractions(array.type)
    if fractions is not None and any(_has_boolean(record, fractions) for record in chunk):
        raise _BooleanAmongNumbersError
    return pyarrow.Table.from_struct_array(array)


def _fractions(type: Any) -> Any:
    """Where a type has floats: True for a float itself, a dict for a struct's members, a list for a list's items,
    and None for nowhere.
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
    """The first member whose values do not fit one column of Arrow, and where they are; "" when all of them fit."""
    first: dict[str, dict[str, str]] = {}  # by member and kind: where it was seen first
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
