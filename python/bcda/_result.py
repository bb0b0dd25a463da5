"""The result of an export."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Callable, Literal, NamedTuple, TypeVar, Union, overload

from . import _native
from ._config import path_of, takes_settings
from ._destination import Directory, Lines, OwnSink, Place, destination
from ._errors import FilesystemError, InvalidArgumentError, StateError, VerificationError
from ._manifest import Manifest, time_of
from ._parquet import copy_tables
from ._records import MalformedRecordError, Record, parse, parse_exactly
from ._table import Table, View, connect_duckdb, open_table

if TYPE_CHECKING:
    import duckdb
    from typing_extensions import Unpack

    from ._options import TableSettings

StrPath = Union[str, "os.PathLike[str]"]
T = TypeVar("T")


@dataclass(frozen=True)
class File:
    """One verified file. ``open(file)`` works if the file is in a directory.

    Attributes:
        type: the resource type, such as ``"Patient"``.
        path: a path, a URL, or the name of the file if the export went to your own sink.
        bytes: the size of the plaintext in bytes.
        records: the number of NDJSON lines that are not blank.
        sha256: the SHA-256 of the plaintext, in hex.
        decrypted: True if the file came encrypted and its tag is verified. False if it came in plaintext.
        is_error: True if the file holds OperationOutcomes (it was in the manifest's ``error`` list).
        url: the URL from which the file was downloaded.
        kind: ``"data"``, ``"error"`` or ``"deleted"``: the list of the manifest that it is from.
        proof: what proves that the file is whole: ``"none"``, ``"length"``, ``"gzip"``, ``"sha256"`` or ``"gcm"``.
    """

    type: str
    path: str
    bytes: int
    records: int
    sha256: str = field(repr=False)
    decrypted: bool
    is_error: bool = False
    url: str = field(default="", repr=False)  # it may be signed
    kind: str = field(default="data", repr=False)
    proof: str = field(default="none", repr=False)

    def __fspath__(self) -> str:
        return self.path


@dataclass(frozen=True)
class Issue:
    """One issue of the error files: what the service could not export, and why. **It may name beneficiaries.**

    Attributes:
        severity: ``"fatal"``, ``"error"``, ``"warning"``, ``"information"`` or ``"success"``, or the service's own
            text.
        code: the service's code, such as ``"not-found"``. ``"unreadable"``: an error file that cannot be read, or a
            line of it that is no OperationOutcome. ``"left-off"``: counts further issues of this severity.
        text: the diagnostics, or else the text of the details, or else the code. At most 4,000 bytes.
        count: how often the file has this issue.
        file: the error file. None for ``"left-off"``.
    """

    severity: str
    code: str
    text: str = field(repr=False)  # it may name a beneficiary
    count: int = 1
    file: File | None = field(default=None, repr=False)


class Deleted(NamedTuple):
    """A resource that no longer exists at the service."""

    type: str
    id: str


class ExportResult:
    """The result of an export, a fetch or a decryption: verified files and the records in them.

    Attributes:
        files: the data files (:class:`File`), sorted by path.
        error_files: the files with the service's errors and warnings; :attr:`issues` has their content.
        deleted_files: the files of Bundles that name resources which no longer exist. Only an export with ``since`` has
            them. :attr:`deleted` has their content.
        partial: True if an error file says that resources are missing: it has an issue of the severity ``error`` or
            ``fatal``, or cannot be understood. False if there are only warnings and information, as one file of each
            BCDA v3 job has.
        receipt: the content of ``export.json`` as a dict.
        elapsed: the duration of the run in seconds.
        asked_for: the requested resource types; [] for a fetch, because a manifest does not name them.
        manifest: the manifests of the finished jobs, for :meth:`Client.fetch` after a failure. None if no job finished,
            or if the result was opened with :meth:`open`.

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
        partial: bool = False,
        issues: Sequence[Issue] | None = None,
    ) -> None:
        self.files = [file for file in files if file.kind == "data"]
        self.error_files = [file for file in files if file.kind == "error"]
        self.deleted_files = [file for file in files if file.kind == "deleted"]
        self.receipt = receipt
        self.elapsed = elapsed
        self.asked_for = list(asked_for)
        self.manifest = Manifest(manifest) if manifest else None
        self.partial = partial
        self._place = place
        self._issues = issues  # None: they are still to be read

    @classmethod
    def from_native(cls, native: _native.Result, place: Place) -> ExportResult:
        """The result of a run whose destination was `place`."""
        files = {f["path"]: File(**{**f, "path": place.path_of(f["path"])}) for f in native.files}
        return cls(
            list(files.values()),
            json.loads(native.json),
            native.elapsed,
            place,
            native.manifest,
            native.types,
            native.partial,
            _issues_of(native, files),
        )

    @classmethod
    def open(cls, directory: StrPath) -> ExportResult:
        """The result of an earlier export, read from the ``export.json`` in `directory` (a path or an fsspec URL).

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
            text = place.receipt()
        except FileNotFoundError as error:
            why = f"no export has finished there: {path} is missing; bcda.open_table reads a series of exports"
            raise FilesystemError(why, file=path) from error
        except NotADirectoryError as error:
            raise FilesystemError(f"{directory!s} is not a directory; name that of the export", file=path) from error
        except OSError as error:
            raise FilesystemError(f"{path} cannot be read: {error}", file=path) from error
        native = _native.Result.open(os.fsencode(path.removesuffix("/export.json")), text)
        files = [File(**fields) for fields in native.files]
        receipt = json.loads(native.json)
        return cls(files, receipt, native.elapsed, place, asked_for=native.types, partial=native.partial)

    @property
    def transaction_time(self) -> datetime | None:
        """The export contains the service's data up to this time: the earliest ``transactionTime`` of the jobs."""
        text = self.receipt.get("transactionTime")
        return time_of(text) if text else None

    @property
    def types(self) -> list[str]:
        """The resource types of the data files."""
        return sorted({file.type for file in self.files})

    @property
    def exit_code(self) -> int:
        """The exit code of the ``bcda`` command: 0, or 6 if the result is :attr:`partial`."""
        return 6 if self.partial else 0

    @property
    def directory(self) -> str | None:
        """The local directory of the files. None: they went elsewhere, or a :meth:`Client.sync` had nothing to export.

        Example:
            >>> client.export(["Patient"], out=tmp / "local", progress=False).directory == str(tmp / "local")
            True
        """
        return self._place.path if isinstance(self._place, Directory) else None

    @property
    def deleted(self) -> list[Deleted]:
        """The resources that :attr:`deleted_files` name, each once. The files are read by each access.

        Raises:
            FilesystemError: a file is missing or cannot be read.
            ProtocolError: a line is no Bundle of deletions.
            StateError: the files are not in a local directory.

        Example:
            >>> client.export(["Patient"], out=tmp / "none", progress=False).deleted
            []
        """
        if not self.deleted_files:
            return []
        if not isinstance(self._place, Directory):
            raise StateError("the files of deleted resources are not in a local directory: read them from there")
        native = _native.Result.open(os.fsencode(self._place.path), json.dumps(self.receipt).encode())
        return [Deleted(one["type"], one["id"]) for one in json.loads(native.deleted())]

    @property
    def issues(self) -> list[Issue]:
        """What the error files say. **May name beneficiaries.**

        Equal issues of one file are one :class:`Issue` with a count. At most 1,000 different ones are kept; the others
        are counted. After :meth:`open` the first access reads the error files. An error file that is missing or has
        changed is an issue too.

        Example:
            >>> client.export(["Patient"], out=tmp / "whole", progress=False).issues
            []
        """
        if self._issues is None:
            self._issues = self._read_issues()
        return list(self._issues)

    def _read_issues(self) -> list[Issue]:
        if isinstance(self._place, Directory):
            native = _native.Result.open(os.fsencode(self._place.path), json.dumps(self.receipt).encode())
            return _issues_of(native, {file.path: file for file in self.error_files})
        return [issue for file in self.error_files for issue in _issues_in(self._place.lines(file.path), file)]

    @overload
    def records(self, type: str | None = None, *, raw: Literal[True]) -> Iterator[bytes]: ...
    @overload
    def records(
        self, type: str | None = None, *, raw: Literal[False] = False, loads: None = None, decimals: bool = False
    ) -> Iterator[Record]: ...
    @overload
    def records(
        self, type: str | None = None, *, raw: Literal[False] = False, loads: Callable[[bytes], T]
    ) -> Iterator[T]: ...
    def records(
        self,
        type: str | None = None,
        *,
        raw: bool = False,
        loads: Callable[[bytes], Any] | None = None,
        decimals: bool = False,
    ) -> Iterator[Any]:
        """Streams the records of one resource type, or of all types, in constant memory.

        Only one thread at a time may use the iterator. Several iterators are independent.

        Args:
            type: a resource type such as ``"Patient"``. None: the records of every data file.
            raw: return each record as bytes (one line of NDJSON without its end) instead of a dict.
            loads: a function that parses the bytes of a record, for example ``orjson.loads``, which is faster. None:
                the standard library's parser, which returns a dict. It here refuses NaN, Infinity and numbers that are
                too large for a float.
            decimals: a number with a point is a ``decimal.Decimal`` with all its digits instead of a float. Not with
                `raw` or `loads`.

        Raises:
            InvalidArgumentError: the export has no such resource type.
            FilesystemError: a file is missing or cannot be read.
            VerificationError: raised at the end of a file that has more or fewer records than were verified.
            ValueError: a record is not a JSON object; the message names the file, line and byte.

        Example:
            >>> result = client.export(["Patient"], out=tmp / "patients", progress=False)
            >>> next(result.records("Patient"))["resourceType"]
            'Patient'
        """
        if decimals and (raw or loads):
            raise InvalidArgumentError("decimals is for the standard parser: give neither raw nor loads with it")
        return self._records_of(self._files_of(type), None if raw else parse_exactly if decimals else loads or parse)

    @takes_settings("table")
    def table(self, table: str | None = None, *, view: View | None = None, **settings: Unpack[TableSettings]) -> Table:
        """A table of the records: one that the library brings along, or a view of your own.

        Args:
            table: a name from :func:`bcda.table_names`, such as ``"claim_line"``.
            view: a ViewDefinition of your own (SQL on FHIR v2), as a dict, as JSON text, or as the
                :class:`~pathlib.Path` of its file.

        Raises:
            InvalidArgumentError: the table, the view or a setting is wrong. The message names the column and the place
                in its path.
            StateError: the files are not in a local directory.

        Example:
            >>> result = client.export(["ExplanationOfBenefit"], out=tmp / "lines", progress=False)
            >>> result.table("claim_line", columns=["claim_key", "paid_amount"]).to_arrow().num_columns
            2
        """
        return open_table(self._local_directory(), table, view=view, **settings)

    @takes_settings("table")
    def duckdb(
        self, *, layers: str | Iterable[str] = (), **settings: Unpack[TableSettings]
    ) -> duckdb.DuckDBPyConnection:
        """A DuckDB connection in memory, with every table as a view to query with SQL. Needs duckdb 1.5 or newer.

        Args:
            layers: names from :func:`bcda.layers.names`. Each becomes a schema of further views: ``"cclf"`` has the
                tables of CMS's CCLF files, ``"tuva"`` those of Tuva's input layer. They are experimental.

        Raises:
            ModuleNotFoundError: duckdb is not installed; the message says how to install it.
            StateError: the files are not in a local directory.
            InvalidArgumentError: there is no such layer, or the settings take away what layers need.

        Example:
            >>> result = client.export(["Patient"], out=tmp / "sql", progress=False)
            >>> result.duckdb().sql("select count(*) from beneficiary").fetchall()
            [(10,)]
            >>> result.duckdb(layers="cclf").sql("select count(*) from cclf.CCLF8").fetchall()
            [(10,)]
        """
        time = self.transaction_time
        return connect_duckdb([self._local_directory()], settings, layers, time.date() if time else None)

    def tables_to_parquet(self, directory: StrPath, **options: Any) -> list[str]:
        """Copies the tables that the export made while it went on (setting `tables`) to Parquet files in `directory`:
        ``directory/TABLE/NUMBER.parquet`` for each Arrow file. Takes constant memory. Needs pyarrow.

        An Arrow file is copied only if it still has the SHA-256 in the receipt. A Parquet file gets its name when it is
        whole. Its mode is 0600. A call that fails leaves none.

        Args:
            directory: a local directory, which is created if it is missing.
            **options: for ``pyarrow.parquet.ParquetWriter``, such as ``compression="zstd"``.

        Returns:
            the paths of the Parquet files.

        Raises:
            StateError: the export made no tables, or the files are not in a local directory.
            VerificationError: an Arrow file has changed.
            FileExistsError: one of the Parquet files exists. It is not changed.
            OSError: a file cannot be read or written.

        Example:
            >>> out = tmp / "with_tables"
            >>> result = client.export(["Patient"], out=out, tables=["beneficiary"], progress=False)
            >>> [path] = result.tables_to_parquet(tmp / "lake")
            >>> path.endswith("lake/beneficiary/00001.parquet")
            True
        """
        if self.directory is None:
            raise StateError("only tables in a local directory can be copied to Parquet")
        return copy_tables(self.directory, self.receipt, path_of(directory, "directory"), options)

    def report(self, path: StrPath) -> None:
        """Writes a report on the tables of the export: one HTML page with counts and sums, and without data of
        beneficiaries. See :func:`bcda.report`. Needs duckdb and pyarrow.

        Args:
            path: the file, which must not exist. Its mode is 0600.

        Raises:
            ModuleNotFoundError: duckdb or pyarrow is not installed; the message says how to install it.
            FileExistsError: the file exists.
            StateError: the files are not in a local directory.
            Error: as for :meth:`records`.

        Example:
            >>> result = client.export(["Patient"], out=tmp / "counted", progress=False)
            >>> result.report(tmp / "counted.html")
        """
        from ._report import report

        report(self._local_directory(), path)

    def _local_directory(self) -> str:
        if not isinstance(self._place, Directory):
            raise StateError("the files are not in a local directory: tables are read from there")
        return self._place.path

    def __repr__(self) -> str:
        records = sum(file.records for file in self.files)
        size = sum(file.bytes for file in self.files)
        errors = f", {_count(self.error_files, 'error file')}" if self.error_files else ""
        return f"<ExportResult: {_count(self.files, 'file')}, {records:,} records, {size:,} bytes{errors}>"

    def _files_of(self, type: str | None) -> list[File]:
        if type is None or type in self.types:
            return [file for file in self.files if type in (None, file.type)]
        if type in self.asked_for:  # the type was requested, but has no files
            return []
        raise InvalidArgumentError(
            f"the export has no resource type {type!r}; it has {', '.join(self.types) or 'none'}"
        )

    def _records_of(self, files: Sequence[File], loads: Callable[[bytes], T] | None) -> Iterator[Any]:
        for file in files:
            lines = self._place.lines(file.path)
            yield from lines if loads is None else _parsed(lines, loads, file.path)
            if lines.count != file.records:
                raise VerificationError(
                    f"{file.path} has {lines.count:,} records, but {file.records:,} were verified: it has changed",
                    file=file.path,
                )


def _issues_of(native: _native.Result, files: Mapping[str, File]) -> list[Issue]:
    return [Issue(severity, code, text, count, files.get(file)) for severity, code, text, file, count in native.issues]


def _issues_in(lines: Lines, file: File) -> list[Issue]:
    """The issues of a file that the native library cannot read, by the same rules. Equal ones are counted."""
    found: Counter[tuple[str, str, str]] = Counter()
    for line in lines:
        try:
            found.update(_issues_of_outcome(parse(line)))
        except (ValueError, RecursionError):
            found["error", "unreadable", "a line is not an OperationOutcome with issues"] += 1
    return [Issue(*issue, count, file) for issue, count in found.items()]


def _issues_of_outcome(outcome: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    issues = outcome.get("issue")
    if outcome.get("resourceType") != "OperationOutcome" or not isinstance(issues, list) or not issues:
        raise MalformedRecordError("not an OperationOutcome with issues")
    for issue in issues:
        if not isinstance(issue, dict):
            raise MalformedRecordError("an issue is not a JSON object")
        severity, code = _text(issue, "severity"), _text(issue, "code")
        details = issue.get("details")
        said = _text(issue, "diagnostics") or (_text(details, "text") if isinstance(details, dict) else "")
        yield severity.lower() if severity.lower() in _SEVERITIES else severity, code, said or code


_SEVERITIES = ("fatal", "error", "warning", "information", "success")


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def _parsed(lines: Lines, loads: Callable[[bytes], T], path: str) -> Iterator[T]:
    for line in lines:
        try:
            record = loads(line)
        except MalformedRecordError as error:
            why = str(error)
        except RecursionError:
            why = "not a JSON record (it is nested too deeply)"
        except ValueError as error:
            # Only msg, because the rest of the message contains the record.
            why = f"not a JSON record ({getattr(error, 'msg', type(error).__name__)})"
        else:
            yield record
            continue
        raise ValueError(f"{path}, line {lines.line}, byte {lines.offset}: {why}")


def _count(things: Sequence[Any], noun: str) -> str:
    return f"{len(things):,} {noun}{'' if len(things) == 1 else 's'}"
