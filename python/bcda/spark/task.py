"""What a task on an executor does: it opens a token, and reads its rows."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from .._client import Client
from .._errors import AuthenticationError
from .._partition import PartitionTable
from ._failures import told
from .columns import pieces
from .marks import Gone

if TYPE_CHECKING:
    import pyarrow

# Before they are cut by their bytes. Records of claims have 10 KB and more.
_BATCH_ROWS = "8192"
_RAW_BATCH_ROWS = "1024"


@dataclass(frozen=True, repr=False)
class Task:
    """What all tasks of a read know. There is no secret in it, nor the path of the private key.

    Attributes:
        definition: the name of a table, the JSON text of a ViewDefinition, or ``"raw"``.
        columns: those to read, in this order.
        settings: where the files are, and how to get them.
        downloads: whether the files are at a service.
        job: the directory of the job, where tasks find out that the service has removed the files; None: there is none.
    """

    definition: str
    columns: list[str]
    settings: dict[str, str]
    downloads: bool
    job: str | None

    def read(self, token: str, number: int, digest: str) -> Iterator[pyarrow.RecordBatch]:
        """The rows of the partition with this number, in small batches. `digest` is that of the manifest."""
        with told(f" (task {number})"), Gone(self.job, digest).watched():
            try:
                yield from pieces(self._open(token).batches())
            except AuthenticationError:
                _client.cache_clear()  # because a secret in a file may have changed until the next attempt
                raise

    def _open(self, token: str) -> PartitionTable:
        rows = {"batch_rows": _RAW_BATCH_ROWS if self.definition == "raw" else _BATCH_ROWS}
        settings: dict[str, Any] = {"threads": "1", **_spool(), **rows, **self.settings}
        if not self.downloads:
            return PartitionTable(token, self.definition, None, {**settings, "columns": self.columns})
        client = _client(os.getpid(), tuple(settings.items()))
        return PartitionTable(token, self.definition, client, {"columns": self.columns})


@lru_cache(maxsize=4)
def _client(pid: int, settings: tuple[tuple[str, Any], ...]) -> Client:
    """The client of this process: Spark's workers go on to their next task with it. A fork needs a new one."""
    return Client(env=True, **dict(settings))


def _spool() -> dict[str, str]:
    """Where Spark keeps temporary files on this machine, unless its environment names another directory."""
    if os.environ.get("BCDA_SPOOL_DIRECTORY"):
        return {}
    lists = (os.environ.get(name, "") for name in ("SPARK_LOCAL_DIRS", "LOCAL_DIRS"))  # the second one is YARN's
    for directory in ",".join(lists).split(","):
        if os.path.isdir(directory) and os.access(directory, os.W_OK):  # otherwise its disk may be broken
            return {"spool_directory": directory}
    return {}
