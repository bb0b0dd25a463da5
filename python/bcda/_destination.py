"""The destinations of an export, from which its files are also read: a directory, an fsspec URL, or a caller's sink."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Callable, Protocol, Union

from . import _native
from ._errors import Error, FilesystemError, InvalidArgumentError, StateError
from ._events import logger

if TYPE_CHECKING:
    from typing_extensions import Self


_PARTIAL = ".partial"  # the suffix of a hidden file's name


class SinkFile(Protocol):
    """One file of a sink. Its methods are called on library threads, one call at a time for each file.

    The data that ``write`` receives is **unverified** until ``commit``, so keep it private. An exception fails
    the file.
    """

    def write(self, data: bytes, /) -> object:
        """Takes all of the next decrypted bytes. If it returns a number, that must be the number of these bytes."""
        ...

    def commit(self, size: int, sha256: str, /) -> object:
        """Publishes the file, because all of it is verified (length and GCM tag). `size` is in bytes."""
        ...

    def abort(self) -> object:
        """Discards everything. Called instead of commit, and after a commit that failed."""
        ...


Sink = Callable[[str, str], SinkFile]
"""A function that returns a SinkFile for a file, given its name and resource type. It is called for several files at
once, on library threads."""

Out = Union[str, "os.PathLike[str]", Sink]


class Lines(Protocol):
    """An iterator over the records of one file. It also tells the position of the last record."""

    @property
    def count(self) -> int:
        """The number of records returned so far."""
        ...

    @property
    def line(self) -> int:
        """The line of the last record, from 1."""
        ...

    @property
    def offset(self) -> int:
        """The offset of the last record's first byte, from 0."""
        ...

    def __iter__(self) -> Iterator[bytes]: ...
    def __next__(self) -> bytes: ...


class Place(Protocol):
    """The place where the files of a result are stored."""

    def path_of(self, name: str) -> str:
        """The path or URL of a file, from the name that the library uses."""
        ...

    def lines(self, path: str) -> Lines:
        """The records of one file."""
        ...


class Directory:
    """A local directory. The native library writes and reads it, because that is the fastest way."""

    sink: Sink | None = None

    def __init__(self, path: str) -> None:
        self.path = path

    def path_of(self, name: str) -> str:
        return os.path.join(self.path, name)

    def lines(self, path: str) -> Lines:
        return _native.Reader(os.fsencode(path))

    def receipt(self) -> bytes:
        with open(os.path.join(self.path, "export.json"), "rb") as file:
            return file.read()

    def prepare(self, export: bool, restart: bool = False) -> None:
        """Does nothing, because the library prepares the directory."""

    def finish(self, receipt: str) -> None:
        """Does nothing, because the library wrote the receipt."""


class OwnSink:
    """A caller's sink. The caller decides what happens to the files."""

    def __init__(self, begin: Sink | None) -> None:
        self._own = begin
        self.sink: Sink | None = self._begin

    def __reduce__(self) -> tuple[Any, ...]:
        return OwnSink, (None,)  # without the function, because a pickled result does not need it

    def path_of(self, name: str) -> str:
        return name

    def lines(self, path: str) -> Lines:
        raise StateError(f"{path} went to a sink of your own: read it from there")

    def prepare(self, export: bool, restart: bool = False) -> None:
        """Does nothing, because the sink is the caller's."""

    def finish(self, receipt: str) -> None:
        """Does nothing, because the sink is the caller's."""

    def _begin(self, name: str, type: str) -> SinkFile:
        assert self._own is not None
        return _OwnFile(_done("begin", self._own(name, type)))


class _OwnFile:
    """A caller's file. Checks for two mistakes that lose bytes silently: short writes and coroutine functions."""

    def __init__(self, file: SinkFile) -> None:
        self._file = file

    def write(self, data: bytes, /) -> None:
        _check_written("the sink", _done("write", self._file.write(data)), data)

    def commit(self, size: int, sha256: str, /) -> None:
        _done("commit", self._file.commit(size, sha256))

    def abort(self) -> None:
        _done("abort", self._file.abort())


def _check_written(who: str, written: object, data: bytes) -> None:
    if isinstance(written, int) and not isinstance(written, bool) and written != len(data):
        raise OSError(f"{who} wrote {written} of {len(data)} bytes")


def _done(step: str, result: Any) -> Any:
    if hasattr(result, "__await__"):
        getattr(result, "close", lambda: None)()
        raise TypeError(f"the sink's {step} is a coroutine function: it has to be an ordinary one")
    return result


class Remote:
    """A directory of an fsspec file system. A file appears under its final name only when it is verified."""

    def __init__(self, url: str) -> None:
        shown = _without_credentials(url)
        try:
            import fsspec
        except ImportError as error:
            raise FilesystemError(f"{shown} needs the package fsspec: pip install 'bcda[fsspec]'") from error
        with _failing(shown):
            self.fs, root = fsspec.core.url_to_fs(url)
        self.root = str(root).rstrip("/")
        self.sink: Sink | None = self._begin

    def path_of(self, name: str) -> str:
        return _without_credentials(str(self.fs.unstrip_protocol(f"{self.root}/{name}")))

    def lines(self, path: str) -> Lines:
        with _failing(path):
            return _RemoteLines(self.fs.open(path, "rb"), path)

    def prepare(self, export: bool, restart: bool = False) -> None:
        """Refuses a URL with files of another export, because claims would be counted twice."""
        if not export:
            return
        where = self.path_of("")
        if restart:
            raise InvalidArgumentError(f"the setting restart is for directories; remove what is in {where} first")
        with _failing(where):
            self.fs.invalidate_cache(self.root)
            listed = self.fs.ls(self.root, detail=False) if self.fs.isdir(self.root) else []
        for path in listed:
            name = path.rsplit("/", 1)[-1]
            if name == "export.json" or name.endswith((".ndjson", _PARTIAL)):
                raise FilesystemError(
                    f"{where} holds files of another export ({name}); choose an empty one, or remove them", file=where
                )

    def receipt(self) -> bytes:
        return bytes(self.fs.cat_file(f"{self.root}/export.json"))

    def finish(self, receipt: str) -> None:
        """Writes the receipt, because an export without export.json does not count as finished."""
        with _failing(self.path_of("export.json")):
            self.fs.pipe_file(f"{self.root}/export.json", receipt.encode())

    def _begin(self, name: str, type: str) -> SinkFile:
        return _RemoteFile(self.fs, f"{self.root}/{name}")


class _RemoteFile:
    """One file at an fsspec URL. It is written under a hidden name and then moved. On S3 and GCS it is a multipart
    upload instead, which is not visible until it is committed.
    """

    _LATE = frozenset(("s3", "s3a", "gs", "gcs"))  # these file systems commit a file at the end of its upload

    def __init__(self, fs: Any, path: str) -> None:
        self._fs, self._path = fs, path
        parent = path.rsplit("/", 1)[0]
        protocols = (fs.protocol,) if isinstance(fs.protocol, str) else fs.protocol
        self._late = not self._LATE.isdisjoint(protocols)
        self._written = path if self._late else f"{parent}/.bcda-{os.urandom(8).hex()}{_PARTIAL}"
        self._refuse_to_replace()
        fs.makedirs(parent, exist_ok=True)
        self._file = fs.open(self._written, "wb", **({"autocommit": False} if self._late else {}))

    def write(self, data: bytes, /) -> None:
        _check_written(self._path, self._file.write(data), data)

    def commit(self, size: int, sha256: str, /) -> None:
        self._file.close()
        if not self._late:
            self._check_size(size)
        self._refuse_to_replace()
        if self._late:
            self._file.commit()
        else:
            self._fs.mv(self._written, self._path)

    def abort(self) -> None:
        if self._late:
            self._file.discard()
            self._file.closed = True  # otherwise its close() would start another upload
            return
        try:
            self._file.close()
        finally:
            self._remove()

    def _refuse_to_replace(self) -> None:
        if self._fs.exists(self._path):
            raise FileExistsError(f"{self._path} exists already")

    def _check_size(self, size: int) -> None:
        """Checks that all bytes were stored. Some file systems do not report sizes."""
        self._fs.invalidate_cache(self._written.rsplit("/", 1)[0])
        found = self._fs.size(self._written)
        if found is not None and found != size:
            raise OSError(f"{self._path}: {found} of {size} bytes were stored")

    def _remove(self) -> None:
        try:
            if self._fs.exists(self._written):
                self._fs.rm(self._written)
        except Exception:
            logger.error("%s holds unverified claims and could not be removed: remove it", self._written)
            raise


class _RemoteLines:
    """The NDJSON lines that are not blank, without line ends and BOM, exactly as the native reader returns them."""

    def __init__(self, file: Any, path: str) -> None:
        self._file, self._path = file, path
        self.count = 0
        self.line = 0
        self.offset = 0
        self._next = 0

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        while line := self._read():
            self.line += 1
            self.offset, self._next = self._next, self._next + len(line)
            if self.line == 1:
                line = line[3:] if line.startswith(b"\xef\xbb\xbf") else line
            if line.strip(b" \t\r\n"):
                self.count += 1
                return line.rstrip(b"\n").removesuffix(b"\r")
        self._file.close()
        raise StopIteration

    def _read(self) -> bytes:
        with _failing(self._path):
            return bytes(self._file.readline())


@contextmanager
def _failing(where: str) -> Iterator[None]:
    """Turns an exception of any type into a FilesystemError, because file systems raise many types of exceptions."""
    try:
        yield
    except Error:
        raise
    except Exception as error:
        raise FilesystemError(f"{where}: {error or type(error).__name__}", file=where) from error


def _without_credentials(url: str) -> str:
    """A URL for messages, without user, password and query."""
    return re.sub(r"://[^/@]*@", "://", url).split("?", 1)[0]


def destination(out: Out) -> Directory | Remote | OwnSink:
    """The destination for a caller's `out`."""
    if callable(out):
        return OwnSink(out)
    if not isinstance(out, (str, os.PathLike)) or isinstance(path := os.fspath(out), bytes):
        raise InvalidArgumentError(
            "out is a directory, an fsspec URL, or a function that makes a SinkFile for each file"
        )
    local = re.sub(r"^(file|local)://(localhost(?=/))?", "", path, flags=re.IGNORECASE)
    if "://" in local:
        return Remote(path)
    directory = os.path.expanduser(path) if local == path else local  # the path of a URL is absolute
    return Directory(os.path.abspath(directory) if directory else "")  # for "" the library raises the error
