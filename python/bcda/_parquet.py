"""Parquet files of the tables that an export makes while it goes on."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ._errors import VerificationError
from ._table import PrivateFile, need

_SOURCE = b"bcda.sha256"  # a key of a Parquet file's metadata: the SHA-256 of the Arrow file that it was made of


class ParquetCopies:
    """Copies the Arrow files of an export, ``OUT/tables/TABLE/NUMBER.arrow``, to ``OUT/parquet/TABLE/NUMBER.parquet``,
    on a thread of its own.

    An Arrow file is whole once it has its name. The export may still remove it and make another one of the same name,
    so :meth:`finish` compares all copies with the receipt.
    """

    def __init__(self, directory: str) -> None:
        need("pyarrow", "parquet=True", "arrow")
        self._tables, self._copies = Path(directory, "tables"), Path(directory, "parquet")
        self._may_have_more = threading.Event()
        self._ends = False
        self._failure: Exception | None = None
        self._thread: threading.Thread | None = None

    def look(self) -> None:
        """Says that there may be new Arrow files. Returns at once. For one thread at a time."""
        self._may_have_more.set()
        if self._thread is None and not self._ends:
            self._thread = threading.Thread(target=self._follow, name="bcda-parquet", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Ends the thread after the batch that it writes. Returns at once."""
        self._ends = True
        self._may_have_more.set()

    def close(self) -> None:
        """:meth:`stop`, and waits for that."""
        self.stop()
        if self._thread is not None:
            self._thread.join()

    def finish(self, receipt: Mapping[str, Any]) -> None:
        """Copies what is left, and removes the copies of Arrow files that the export has dropped.

        Raises:
            VerificationError: an Arrow file has changed since it was made.
            OSError: a file cannot be read or written.
        """
        self.close()
        if self._failure is not None:
            raise self._failure
        wanted = {self._tables.parent / row["path"]: row["sha256"] for row in receipt.get("tables", [])}
        self._remove_others(map(self._copy_of, wanted))
        for part, digest in wanted.items():
            if _source_of(self._copy_of(part)) != digest and not self._copy(part, lambda: False, digest):
                raise VerificationError(f"{part} has changed since it was made; export again into another directory")

    def _follow(self) -> None:
        done: set[Path] = set()
        while not self._ends:
            self._may_have_more.wait()
            self._may_have_more.clear()
            try:
                for part in sorted(set(self._tables.glob("*/*.arrow")) - done):
                    self._copy(part, lambda: self._ends)
                    done.add(part)
            except (FileNotFoundError, _StoppedError):
                continue  # the export has removed this file; finish() copies the one that takes its place
            except Exception as error:
                self._failure = error
                return

    def _copy_of(self, part: Path) -> Path:
        return self._copies / part.parent.name / f"{part.stem}.parquet"

    def _copy(self, part: Path, ends: Any, wanted: str | None = None) -> bool:
        """Makes the copy unless it is there. Returns False if the digest is not the `wanted` one."""
        copy = self._copy_of(part)
        with open(part, "rb") as file:
            digest = _sha256(file)
            if wanted not in (None, digest):
                return False
            source = _source_of(copy)
            if source == digest:
                return True
            if source is not None:
                copy.unlink()  # of an earlier Arrow file of this name
            copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with PrivateFile(str(copy)) as out:
                _write_parquet(file, out, digest, ends)
        return True

    def _remove_others(self, wanted: Iterable[Path]) -> None:
        keep = set(wanted)
        for copy in self._copies.glob("*/*.parquet"):
            if copy not in keep and _source_of(copy) is not None:
                copy.unlink()
        for partial in self._copies.glob("*/.*.parquet.partial-*"):  # of a process that was killed
            partial.unlink()


class _StoppedError(Exception):
    """The run was closed while a copy was made."""


def _write_parquet(arrow: Any, parquet: Any, digest: str, ends: Any) -> None:
    from pyarrow import ipc
    from pyarrow.parquet import ParquetWriter

    reader = ipc.open_file(arrow)
    schema = reader.schema.with_metadata({**(reader.schema.metadata or {}), _SOURCE: digest.encode()})
    with ParquetWriter(parquet, schema) as writer:
        for number in range(reader.num_record_batches):
            if ends():
                raise _StoppedError
            writer.write_batch(reader.get_batch(number))


def _source_of(copy: Path) -> str | None:
    """The digest of the Arrow file that a Parquet file was made of. None: it is missing, or not one of these copies."""
    import pyarrow
    from pyarrow.parquet import read_schema

    try:
        metadata = read_schema(copy).metadata or {}
    except (OSError, pyarrow.ArrowInvalid):
        return None
    source = metadata.get(_SOURCE)
    return None if source is None else source.decode("ascii", "replace")


def _sha256(file: Any) -> str:
    """The digest of a file, which is at its beginning again afterwards."""
    digest = hashlib.sha256()
    while block := file.read(1 << 20):
        digest.update(block)
    file.seek(0)
    return digest.hexdigest()
