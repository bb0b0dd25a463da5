"""Exports, decrypts and verifies Medicare claims from CMS's Beneficiary Claims Data API (BCDA).

This example needs no credentials:

>>> import bcda
>>> result = bcda.Sandbox(beneficiaries=10).client().export(["Patient"], out=tmp / "claims", progress=False)
>>> sum(1 for patient in result.records("Patient") if patient["gender"] in ("female", "male"))
10

:class:`Client` is the entry point. Every failure is an :class:`Error`. The logger is named ``bcda``.
"""

from . import layers
from ._client import Client
from ._decrypt import decrypt
from ._destination import Sink, SinkFile
from ._errors import (
    AuthenticationError,
    CanceledError,
    DecryptionError,
    Error,
    FilesystemError,
    InternalError,
    InvalidArgumentError,
    JobFailedError,
    JobGoneError,
    LimitError,
    NetworkError,
    NoMemoryError,
    PrivateKeyError,
    ProtocolError,
    RecordError,
    RefusedError,
    SinkError,
    StateError,
    TimeoutError,
    TLSError,
    VerificationError,
)
from ._events import Event
from ._manifest import Manifest, ManifestFile
from ._native import live_handles, version_details
from ._native import version as __version__
from ._partition import (
    Partition,
    PartitionRecord,
    Partitions,
    PartitionTable,
    open_partition,
    partition_records,
    partitions,
)
from ._report import report
from ._result import Deleted, ExportResult, File, Issue
from ._run import Run
from ._sandbox import Sandbox
from ._status import DirectoryFiles, DirectoryJob, DirectoryOwner, DirectoryStatus, directory_status
from ._table import Table, TableColumn, open_duckdb, open_table, table_columns, table_names, table_view
from ._tables import SandboxOption, Setting, Status, profiles, sandbox_options, settings, statuses

__all__ = [
    "AuthenticationError",
    "CanceledError",
    "Client",
    "DecryptionError",
    "Deleted",
    "DirectoryFiles",
    "DirectoryJob",
    "DirectoryOwner",
    "DirectoryStatus",
    "Error",
    "Event",
    "ExportResult",
    "File",
    "FilesystemError",
    "InternalError",
    "InvalidArgumentError",
    "Issue",
    "JobFailedError",
    "JobGoneError",
    "LimitError",
    "Manifest",
    "ManifestFile",
    "NetworkError",
    "NoMemoryError",
    "Partition",
    "PartitionRecord",
    "PartitionTable",
    "Partitions",
    "PrivateKeyError",
    "ProtocolError",
    "RecordError",
    "RefusedError",
    "Run",
    "Sandbox",
    "SandboxOption",
    "Setting",
    "Sink",
    "SinkError",
    "SinkFile",
    "StateError",
    "Status",
    "TLSError",
    "Table",
    "TableColumn",
    "TimeoutError",
    "VerificationError",
    "__version__",
    "decrypt",
    "directory_status",
    "layers",
    "live_handles",
    "open_duckdb",
    "open_partition",
    "open_table",
    "partition_records",
    "partitions",
    "profiles",
    "report",
    "sandbox_options",
    "settings",
    "statuses",
    "table_columns",
    "table_names",
    "table_view",
    "version_details",
]

for _name in __all__:  # so that tracebacks, help() and pickles show bcda.Client
    if isinstance(globals()[_name], type):
        globals()[_name].__module__ = __name__
