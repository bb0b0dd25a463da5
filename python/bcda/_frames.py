"""Records as tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from ._errors import InvalidArgumentError

if TYPE_CHECKING:
    import pandas
    import pyarrow


def chunks_of(records: Iterable[Any], size: int | None) -> Iterator[list[Any]]:
    """Lists of at most `size` records, of all when None; an empty one when there are none."""
    if size is not None and size < 1:
        raise InvalidArgumentError(f"chunksize takes a number of rows, 1 or more, not {size}")
    iterator = iter(records)
    chunk = list(islice(iterator, size))
    yield chunk
    while size is not None and (chunk := list(islice(iterator, size))):
        yield chunk


def pandas_chunks(records: Iterable[Any], flatten: bool, size: int | None) -> Iterator[pandas.DataFrame]:
    """A frame for each chunk."""
    import pandas

    for chunk in chunks_of(records, size):
        yield pandas.json_normalize(chunk) if flatten else pandas.DataFrame(chunk)


def arrow_table(records: Iterable[Any], size: int) -> pyarrow.Table:
    """One table; a member that only later records have is null in the earlier ones."""
    import pyarrow

    why = ""
    try:
        # Not Table.from_pylist, which drops what the first record lacks.
        tables = [
            pyarrow.Table.from_struct_array(pyarrow.array(chunk, type=None if chunk else pyarrow.struct([])))
            for chunk in chunks_of(records, size)
        ]
        return pyarrow.concat_tables(tables, promote_options="permissive")
    except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError, pyarrow.ArrowNotImplementedError) as error:
        why = type(error).__name__  # what it says may hold a record
    raise ValueError(f"the records do not fit one Arrow schema ({why}): a member has values of several types")
