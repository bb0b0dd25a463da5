"""Failures in the words that Spark shows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from .._errors import Error


class ReadError(Exception):
    """A read with Spark failed. The text begins with the name of the status, such as ``DECRYPTION:``, because Spark
    passes on the text alone. It names the file and the task, and never has a secret or a value of a record.
    """


@contextmanager
def told(where: str = "") -> Iterator[None]:
    """Raises the failures of the block as :class:`ReadError`, without those that caused them. `where` is appended."""
    try:
        yield
    except Error as error:
        raise ReadError(f"{error.code}: {error}{where}") from None
    except Exception as error:  # such as one of pyarrow, which may show a value
        raise ReadError(f"INTERNAL: {type(error).__name__}{where}") from None
