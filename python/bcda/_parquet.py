"""Parquet files of the tables that an export has made (setting ``tables``)."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from ._errors import StateError, VerificationError
from ._table import PrivateFile, need


def copy_tables(directory: str, receipt: Mapping[str, Any], target: str, options: Mapping[str, Any]) -> list[str]:
    """Copies the Arrow files in the receipt of the export in `directory` to ``target/TABLE/NUMBER.parquet``."""
    need("pyarrow", "tables_to_parquet", "arrow")
    parts = receipt.get("tables", [])
    if not parts:
        raise StateError(
            "the export has made no tables; give it the setting tables, or use result.table(name).to_parquet(path)"
        )
    os.makedirs(target, mode=0o700, exist_ok=True)
    copies: list[Path] = []
    try:
        for part in parts:
            source = Path(directory, part["path"])
            copy = Path(target, source.parent.name, f"{source.stem}.parquet")
            copy.parent.mkdir(mode=0o700, exist_ok=True)
            _copy(source, part["sha256"], copy, options)
            copies.append(copy)
    except BaseException:
        for copy in copies:
            copy.unlink(missing_ok=True)
        raise
    return list(map(str, copies))


def _copy(source: Path, sha256: str, copy: Path, options: Mapping[str, Any]) -> None:
    from pyarrow import ipc
    from pyarrow.parquet import ParquetWriter

    with PrivateFile(str(copy)) as out, source.open("rb") as file:
        if _digest(file) != sha256:
            raise VerificationError(
                f"{source} has changed since the export made it; export again into another directory"
            )
        reader = ipc.open_file(file)
        with ParquetWriter(out, reader.schema, **options) as writer:
            for number in range(reader.num_record_batches):
                writer.write_batch(reader.get_batch(number))


def _digest(file: BinaryIO) -> str:
    """The SHA-256 of a file, which is at its beginning again afterwards."""
    digest = hashlib.sha256()
    while block := file.read(1 << 20):
        digest.update(block)
    file.seek(0)
    return digest.hexdigest()
