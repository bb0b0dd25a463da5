"""Partitions: the files of one export for several processes or machines."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, overload

from . import _native
from ._config import encoded, make_config, takes_settings
from ._manifest import time_of
from ._table import Table, View, definition_of, paths_of

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._client import Client
    from ._options import CutSettings, PartitionSettings


@dataclass(frozen=True)
class Partition:
    """Some files of an export, as a token that another process opens with :func:`open_partition`.

    Attributes:
        token: a text. It holds no access token and no private key. It is sealed if ``partition_key`` was set.
        files: how many files it has.
        bytes: the size of their records; None if the service does not say it.
    """

    token: str = field(repr=False)  # without a partition_key it names paths or URLs
    files: int
    bytes: int | None


class Partitions(Sequence[Partition]):
    """The partitions of an export: a sequence of :class:`Partition`.

    Attributes:
        digest: the SHA-256 of the manifest, in hex. Every token is bound to it.
        signed: whether the manifest has signed URLs, with which anyone can download its files.
        transaction_time: that of the manifest; None for finished exports.
        expires: when the tokens expire; None: never.
        files: how many files all partitions have.
        bytes: the size of their records; None if the service does not say it.
        error_files: how many error files the export has. Partitions leave them out.
        deleted_files: how many files name deleted resources. Partitions leave them out.

    Example:
        >>> result = client.export(["Patient"], out=tmp / "claims", progress=False)
        >>> bcda.partitions(tmp / "claims", 4)
        <Partitions: 1 of 1 file(s)>
    """

    def __init__(self, described: Mapping[str, Any]) -> None:
        self.digest: str = described["digest"]
        self.signed: bool = described["signed"]
        self.transaction_time = _time(described["transactionTime"])
        self.expires = _time(described["expires"])
        self.files: int = described["files"]
        self.bytes: int | None = described["bytes"]
        self.error_files: int = described["errorFiles"]
        self.deleted_files: int = described["deletedFiles"]
        self._all = [Partition(**each) for each in described["partitions"]]

    @property
    def tokens(self) -> list[str]:
        """The tokens, in their order."""
        return [partition.token for partition in self._all]

    @overload
    def __getitem__(self, index: int) -> Partition: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Partition]: ...
    def __getitem__(self, index: int | slice) -> Partition | Sequence[Partition]:
        return self._all[index]

    def __len__(self) -> int:
        return len(self._all)

    def __repr__(self) -> str:
        return f"<Partitions: {len(self)} of {self.files} file(s)>"


@takes_settings("export", "table", "partition")
def partitions(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    count: int | None = None,
    **settings: Unpack[CutSettings],
) -> Partitions:
    """Cuts finished exports into partitions, whose files are read where their paths are valid, as on a file system that
    all machines share. :meth:`Client.partitions` cuts a manifest, whose files are downloaded.

    Args:
        paths: a directory of an export or of a series (:meth:`Client.sync`), an NDJSON file, or several of them. Of a
            series only the records that count now; with ``current=False`` all.
        count: at most so many partitions; None: the setting ``max_partitions``. There are never more than files.
        **settings: ``partition_key`` is not needed. Those that are not given may come from the environment.

    Raises:
        InvalidArgumentError: a setting is wrong.
        FilesystemError: a path is no finished export and no file.

    Example:
        >>> result = client.export(["Patient", "Coverage"], out=tmp / "claims", progress=False)
        >>> made = bcda.partitions(tmp / "claims", 2)
        >>> sum(bcda.open_partition(part.token, "beneficiary").to_arrow().num_rows for part in made)
        10
    """
    return cut(settings, None, b"", [os.fsencode(path) for path in paths_of(paths)], count, env=True)


def cut(
    settings: Mapping[str, Any],
    client: _native.Client | None,
    manifest: bytes,
    paths: Sequence[bytes],
    count: int | None,
    env: bool,
) -> Partitions:
    """The partitions of a manifest, if there is a client, or of paths."""
    described = _native.partitions(make_config(settings, env=env), client, manifest, paths, count or 0)
    return Partitions(json.loads(described))


class PartitionTable(Table):
    """Rows and columns of a partition. Each use fetches and verifies its files again.

    It has what a :class:`Table` has. With ``verify="before"``, the default, no row of a file comes before the whole
    file was verified.
    """

    def __init__(self, token: str | None, definition: str, client: Client | None, settings: Mapping[str, Any]) -> None:
        self._token = encoded("the token", token or "")
        self._client = client
        super().__init__([], definition, settings)

    def _open(self) -> _native.Tables:
        return _native.Tables(*_opening(self._client, self._settings, self._token), [self._definition])

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """The rows as a stream of Arrow batches, in a PyCapsule. `requested_schema` is not used."""
        return _native.open_partition(*_opening(self._client, self._settings, self._token), self._definition)

    def __repr__(self) -> str:
        name = self._definition.decode()
        return f"<PartitionTable {name if '{' not in name else 'of a view'}>"


@takes_settings("client", "export", "table", "partition")
def open_partition(
    token: str | None,
    table: str | None = None,
    *,
    view: View | None = None,
    client: Client | None = None,
    url: str | None = None,
    **settings: Unpack[PartitionSettings],
) -> PartitionTable:
    """A table of one partition, in any process. Nothing is downloaded before the first batch is asked for.

    Args:
        token: that of a :class:`Partition`. None: there are no rows, for the schema alone.
        table: a name from :func:`table_names`, or ``"raw"``, the default: the records as they are, with the columns
            ``value``, ``type``, ``file`` and ``line``.
        view: as for :func:`open_table`, instead of `table`.
        client: the client that fetches the files. Share one between the partitions that a process reads. None: if
            files have to be downloaded, each use makes one of the settings and the environment (``BCDA_URL``, ...). It
            needs no private key.
        url: the service, where no client is given.
        **settings: ``partition_key`` (or ``partition_key_file``, or ``BCDA_PARTITION_KEY`` in the environment) opens
            a sealed token.

    Raises:
        InvalidArgumentError: the text is no token, its ``partition_key`` is missing or another, or a setting is wrong.
        VerificationError: the token was altered.
        JobGoneError: the token has expired.
        Error: reading has the errors of :meth:`Client.fetch` and of :meth:`Table.batches`. Once the service has removed
            the files that is a :class:`JobGoneError`: only a new export helps.

    Example:
        >>> key = "00" * 32
        >>> made = client.partitions(client.manifest(["Patient"], progress=False), partition_key=key)
        >>> rows = bcda.open_partition(made[0].token, "beneficiary", client=client, partition_key=key)
        >>> rows.to_arrow().num_rows
        10
    """
    definition = definition_of(table if table or view is not None else "raw", view)
    return PartitionTable(token, definition, client, _with_url(settings, url))


class PartitionRecord(NamedTuple):
    """One record of a partition.

    Attributes:
        value: the JSON text, in UTF-8.
        type: the resource type of its file.
        file: the name of its file, or the path of a file of a finished export.
        line: its line there, from 1.
    """

    value: bytes
    type: str
    file: str
    line: int


@takes_settings("client", "export", "table", "partition")
def partition_records(
    token: str,
    *,
    client: Client | None = None,
    url: str | None = None,
    **settings: Unpack[PartitionSettings],
) -> Iterator[PartitionRecord]:
    """The records of one partition as they are, in any process. Needs no other package.

    Args:
        token: as for :func:`open_partition`, like the other arguments.

    Raises:
        Error: as for :func:`open_partition`.

    Example:
        >>> result = client.export(["Patient"], out=tmp / "claims", progress=False)
        >>> [record.type for record in bcda.partition_records(bcda.partitions(tmp / "claims")[0].token)][:2]
        ['Patient', 'Patient']
    """
    reader = _native.Reader(*_opening(client, _with_url(settings, url), encoded("the token", token)))
    return (PartitionRecord(value, reader.type, reader.file, reader.line) for value in reader)


def _opening(
    client: Client | None, settings: Mapping[str, Any], token: bytes
) -> tuple[_native.Config, _native.Client | None, bytes]:
    return make_config(settings, env=client is None), client._native if client else None, token


def _with_url(settings: Mapping[str, Any], url: str | None) -> dict[str, Any]:
    return {**settings, **({} if url is None else {"url": url})}


def _time(text: str | None) -> datetime | None:
    return None if text is None else time_of(text)
