"""What an export produced."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Callable, Literal, TypeVar, Union, overload

from . import _native
from ._destination import Lines, OwnSink, Place, destination
from ._errors import FilesystemError, InvalidArgumentError, VerificationError
from ._manifest import Manifest, time_of
from ._records import Record, RecordError, flat_row, parse, row

if TYPE_CHECKING:
    import pandas
    import pyarrow

StrPath = Union[str, "os.PathLike[str]"]
T = TypeVar("T")


@dataclass(frozen=True)
class File:
    """One verified file. ``open(file)`` works when it lies in a directory.

    Attributes:
        type: its resource type, such as ``"Patient"``.
        path: where it is: a path, a URL, or its name when the export went to a sink of your own.
        bytes: its size, decrypted.
        records: its NDJSON lines that are not blank.
        sha256: of the decrypted bytes, in hex.
        decrypted: True: it came encrypted and its tag verified; False: it came plain.
        is_error: True when it holds OperationOutcomes (the manifest's ``error``).
        url: where it came from.
    """

    type: str
    path: str
    bytes: int
    records: int
    sha256: str = field(repr=False)
    decrypted: bool
    is_error: bool = False
    url: str = field(default="", repr=False)  # it may be signed

    def __fspath__(self) -> str:
        return self.path


@dataclass(frozen=True)
class Issue:
    """One issue of an OperationOutcome: what the service could not export, and why. **It may name beneficiaries.**"""

    severity: str
    code: str
    text: str = field(repr=False)  # it may name a beneficiary
    file: File
    outcome: Mapping[str, Any] = field(repr=False)

    @classmethod
    def all_of(cls, outcome: Mapping[str, Any], file: File) -> list[Issue]:
        """The issues of an OperationOutcome (FHIR R4, 2.29); one without any still counts as one."""
        return [
            cls(
                severity=str(issue.get("severity", "")),
                code=str(issue.get("code", "")),
                text=str(issue.get("diagnostics") or (issue.get("details") or {}).get("text") or ""),
                file=file,
                outcome=outcome,
            )
            for issue in outcome.get("issue") or [{}]
        ]


class ExportResult:
    """What an export, or a download, produced: verified files and the records in them.

    Attributes:
        files: the data files (:class:`File`), by path.
        error_files: the files of what the service could not export; :attr:`issues` reads them.
        receipt: what ``export.json`` holds, as a dict.
        elapsed: seconds that the run took.
        asked_for: the resource types that were asked for; [] of a download, since a manifest does not say.
        manifest: what its jobs offered, for :meth:`Client.fetch` after a failure; None when it came to none, or was
            opened again.

    Example:
        >>> result = client.export(["Patient"], out=tmp / "claims", progress=False)
        >>> result.files[0].type, result.files[0].records, result.files[0].decrypted
        ('Patient', 10, True)
    """

    def __init__(
        self,
        files: Sequence[File],
        receipt: Mapping[str, Any],
        elapsed: float,
        place: Place,
        manifest: str = "",
        asked_for: Sequence[str] = (),
    ) -> None:
        self.files = [file for file in files if not file.is_error]
        self.error_files = [file for file in files if file.is_error]
        self.receipt = receipt
        self.elapsed = elapsed
        self.asked_for = list(asked_for)
        self.manifest = Manifest(manifest) if manifest else None
        self._place = place

    @classmethod
    def from_native(cls, native: _native.Result, place: Place) -> ExportResult:
        """Of a run; `place` is where its files went."""
        files = [File(**{**fields, "path": place.path_of(fields["path"])}) for fields in native.files]
        return cls(files, json.loads(native.json), native.elapsed, place, native.manifest, native.types)

    @classmethod
    def open(cls, directory: StrPath) -> ExportResult:
        """The result of an export that finished earlier, from the ``export.json`` that it left in `directory`
        (a path or an fsspec URL).

        Raises:
            FilesystemError: no export has finished there (``__cause__`` is FileNotFoundError), or the receipt cannot be
                read.

        Example:
            >>> client.export(["Patient"], out=tmp / "monday", progress=False).files[0].records
            10
            >>> sum(1 for _ in bcda.ExportResult.open(tmp / "monday").records("Patient"))
            10
        """
        place = destination(directory)
        if isinstance(place, OwnSink):
            raise InvalidArgumentError("a sink of your own cannot be opened")
        path = place.path_of("export.json")
        try:
            receipt = place.receipt()
        except FileNotFoundError as error:
            raise FilesystemError(f"no export has finished there: {path} is missing", file=path) from error
        except NotADirectoryError as error:
            raise FilesystemError(f"{directory!s} is not a directory; name that of the export", file=path) from error
        except OSError as error:
            raise FilesystemError(f"{path} cannot be read: {error}", file=path) from error
        native = _native.Result.open(os.fsencode(path.removesuffix("/export.json")), receipt)
        files = [File(**fields) for fields in native.files]
        return cls(files, json.loads(native.json), native.elapsed, place, asked_for=native.types)

    @property
    def transaction_time(self) -> datetime | None:
        """Up to when the service's data is in the export (the earliest of its jobs; IG, "transactionTime")."""
        text = self.receipt.get("transactionTime")
        return time_of(text) if text else None

    @property
    def types(self) -> list[str]:
        """The resource types that there are files of."""
        return sorted({file.type for file in self.files})

    @property
    def exit_code(self) -> int:
        """With which the ``bcda`` command ends: 0, or 6 when there are error files."""
        return 6 if self.error_files else 0

    @property
    def issues(self) -> list[Issue]:
        """What the service could not export, read from the error files each time. **May name beneficiaries.**

        Example:
            >>> client.export(["Patient"], out=tmp / "whole", progress=False).issues
            []
        """
        return [
            issue
            for file in self.error_files
            for outcome in self._records_of([file], parse)
            for issue in Issue.all_of(outcome, file)
        ]

    @overload
    def records(self, type: str | None = None, *, raw: Literal[True]) -> Iterator[bytes]: ...
    @overload
    def records(
        self, type: str | None = None, *, raw: Literal[False] = False, loads: None = None
    ) -> Iterator[Record]: ...
    @overload
    def records(
        self, type: str | None = None, *, raw: Literal[False] = False, loads: Callable[[bytes], T]
    ) -> Iterator[T]: ...
    def records(
        self, type: str | None = None, *, raw: bool = False, loads: Callable[[bytes], Any] | None = None
    ) -> Iterator[Any]:
        """Streams the records of one resource type, or of all, in constant memory.

        The iterator belongs to one thread at a time. Several iterators are independent.

        Args:
            type: such as ``"Patient"``; None: the records of every data file.
            raw: give each record as bytes (one line of NDJSON without its end) instead of a dict.
            loads: makes something of the bytes of a record, such as ``orjson.loads``, which is faster. None: the
                standard library's parser, which gives a dict. NaN, Infinity and numbers beyond a float are refused.

        Raises:
            InvalidArgumentError: the export has no such resource type.
            FilesystemError: a file is gone or cannot be read.
            VerificationError: at the end of a file that has more or fewer records than were verified.
            ValueError: a record is not a JSON object; the message gives the file, line and byte.

        Example:
            >>> result = client.export(["Patient"], out=tmp / "patients", progress=False)
            >>> next(result.records("Patient"))["resourceType"]
            'Patient'
        """
        return self._records_of(self._files_of(type), None if raw else loads or parse)

    @overload
    def to_pandas(
        self, type: str | None = None, *, flatten: bool = True, chunksize: None = None
    ) -> pandas.DataFrame: ...
    @overload
    def to_pandas(
        self, type: str | None = None, *, flatten: bool = True, chunksize: int
    ) -> Iterator[pandas.DataFrame]: ...
    def to_pandas(
        self, type: str | None = None, *, flatten: bool = True, chunksize: int | None = None
    ) -> pandas.DataFrame | Iterator[pandas.DataFrame]:
        """The records of one type as a pandas DataFrame: a row for each record, a column for each member.

        Integers beyond 2^53 in a column that pandas would make a float column stay exact: the column is of dtype
        object then. Members of several kinds (a text here, a number there) share a column of dtype object.

        Args:
            type: may be left out when there is one type only.
            flatten: members of nested objects become columns (``payment.amount.value``); lists stay lists.
            chunksize: give an iterator of frames of at most so many rows, for more claims than memory holds.

        Raises:
            ModuleNotFoundError: pandas is not installed; the message says how to install it.
            ValueError: a record is not a JSON object, or does not fit a table (half of a surrogate pair, more than
                500 levels of nesting, two members of the same flat name). The message gives the file and line, and
                the member; it never holds a value.
            Error: as for :meth:`records`.

        Example:
            >>> result = client.export(["Patient"], out=tmp / "frame", progress=False)
            >>> result.to_pandas("Patient")["gender"].isin(["female", "male"]).sum().item()
            10
        """
        from . import _frames

        _frames.need("pandas", "to_pandas", "pandas")
        if chunksize is not None:
            _frames.check_chunksize(chunksize)
        rows = self._records_of(self._files_of(self._one_type(type)), flat_row if flatten else row)
        chunks = _frames.pandas_chunks(rows, chunksize)
        return next(chunks) if chunksize is None else chunks

    def to_arrow(self, type: str | None = None, *, chunksize: int = 10_000) -> pyarrow.Table:
        """The records of one type as an Arrow table: a row for each record, nested columns for nested members.

        A member has one Arrow type in the whole table. Integers and fractions together are float64, unless an integer
        is beyond 2^53; other kinds do not mix.

        Args:
            type: may be left out when there is one type only.
            chunksize: how many records are converted at a time, each time to one chunk of the table.

        Raises:
            ModuleNotFoundError: pyarrow is not installed; the message says how to install it.
            ValueError: a record is not a JSON object, or does not fit the table: members of several kinds, integers
                beyond 64 bits, half of a surrogate pair, more than 500 levels of nesting. The message gives the
                member, the file and the line; it never holds a value.
            Error: as for :meth:`records`.

        Example:
            >>> client.export(["Patient"], out=tmp / "arrow", progress=False).to_arrow().num_rows
            10
        """
        from . import _frames

        _frames.need("pyarrow", "to_arrow", "arrow")
        _frames.check_chunksize(chunksize)
        files = self._files_of(self._one_type(type))
        return _frames.arrow_table(self._records_of(files, row), chunksize, self._located_records_of(files))

    def __repr__(self) -> str:
        records = sum(file.records for file in self.files)
        size = sum(file.bytes for file in self.files)
        errors = f", {_count(self.error_files, 'error file')}" if self.error_files else ""
        return f"<ExportResult: {_count(self.files, 'file')}, {records:,} records, {size:,} bytes{errors}>"

    def _files_of(self, type: str | None) -> list[File]:
        if type is None or type in self.types:
            return [file for file in self.files if type in (None, file.type)]
        if type in self.asked_for:  # and there was nothing
            return []
        raise InvalidArgumentError(
            f"the export has no resource type {type!r}; it has {', '.join(self.types) or 'none'}"
        )

    def _one_type(self, type: str | None) -> str:
        if type is not None:
            return type
        if len(self.types) == 1:
            return self.types[0]
        raise InvalidArgumentError(f"which resource type? The export has {', '.join(self.types) or 'none'}")

    def _records_of(self, files: Sequence[File], loads: Callable[[bytes], T] | None) -> Iterator[Any]:
        for file in files:
            lines = self._place.lines(file.path)
            yield from lines if loads is None else _parsed(lines, loads, file.path)
            if lines.count != file.records:
                raise VerificationError(
                    f"{file.path} has {lines.count:,} records, but {file.records:,} were verified: it has changed",
                    file=file.path,
                )

    def _located_records_of(self, files: Sequence[File]) -> Iterator[tuple[str, Record]]:
        for file in files:
            lines = self._place.lines(file.path)
            for record in _parsed(lines, row, file.path):
                yield f"{file.path}, line {lines.line}", record


def _parsed(lines: Lines, loads: Callable[[bytes], T], path: str) -> Iterator[T]:
    for line in lines:
        try:
            record = loads(line)
        except RecordError as error:
            why = str(error)
        except RecursionError:
            why = "not a JSON record (it is nested too deeply)"
        except ValueError as error:
            why = (
                f"not a JSON record ({getattr(error, 'msg', type(error).__name__)})"  # the rest of it holds the record
            )
        else:
            yield record
            continue
        raise ValueError(f"{path}, line {lines.line}, byte {lines.offset}: {why}")


def _count(things: Sequence[Any], noun: str) -> str:
    return f"{len(things):,} {noun}{'' if len(things) == 1 else 's'}"
