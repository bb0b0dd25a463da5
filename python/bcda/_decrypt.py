"""Files that were downloaded by other means."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Callable, overload

from . import _native
from ._config import encoded, make_config, takes_settings
from ._destination import Directory
from ._events import logger
from ._manifest import Manifest, manifest_text
from ._result import ExportResult, File, StrPath

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._options import DecryptSettings


@overload
def decrypt(
    path: StrPath,
    output: StrPath,
    *,
    key: str,
    label: str | None = None,
    progress: Callable[[int, int | None], object] | None = None,
    env: bool = True,
    **settings: Unpack[DecryptSettings],
) -> File: ...
@overload
def decrypt(
    path: StrPath,
    output: StrPath,
    *,
    manifest: Manifest | Mapping[str, Any] | str,
    label: str | None = None,
    progress: Callable[[int, int | None], object] | None = None,
    env: bool = True,
    **settings: Unpack[DecryptSettings],
) -> File | ExportResult: ...
@takes_settings("decrypt")
def decrypt(
    path: StrPath,
    output: StrPath,
    *,
    key: str | None = None,
    manifest: Manifest | Mapping[str, Any] | str | None = None,
    label: str | None = None,
    progress: Callable[[int, int | None], object] | None = None,
    env: bool = True,
    **settings: Unpack[DecryptSettings],
) -> File | ExportResult:
    """Decrypts and verifies a file, or a directory of files, as the service sent them, of any size.

    Blocks; Ctrl-C stops it at once.

    Of a directory, each file that the manifest lists is decrypted. Once all of them are there, ``export.json`` is left
    beside them, as by an export, and the result is an :class:`ExportResult`. When files are missing or fail, the others
    are still decrypted, and the first failure is raised. Its message has a line for each file that failed. A second
    call with the same `output` goes on from there.

    Args:
        path: the encrypted file, or a directory. The name that the service gave a file is part of its encryption ...
        label: ... so give that name here if the file has another one now.
        output: where the plaintext is to be; must not exist. It appears only when the whole file has verified. For a
            directory: a directory too, made if it is missing.
        key: the file's encryptedKey, in hex; or
        manifest: the manifest that lists the file or files. What it lists under ``error`` without a key is copied once
            it was checked to look like NDJSON.
        progress: called about 20 times a second with the bytes done and in all.
        env: whether settings may come from the environment (``BCDA_PRIVATE_KEY``).
        **settings: private_key or private_key_pem, its passphrase, durability, allow_plaintext: as for
            :class:`Client`.

    Raises:
        DecryptionError: the key is not for this file, or not for your private key.
        VerificationError: the file was changed or is not whole. Nothing is left of it.
        FilesystemError: a file cannot be read or written, or the directory lacks one that the manifest lists.

    Example:
        >>> run = bcda.decrypt(
        ...     vectors / "cipher/40686837-493a-404b-b162-e4e119c3c608.ndjson",
        ...     tmp / "plain.ndjson",
        ...     key=key_of("15bytes-rsa2048"),
        ...     private_key=vectors / "keys/rsa2048.pkcs1.pem",
        ... )
        >>> run.bytes, run.decrypted
        (15, True)
    """
    config = make_config(settings, env=env)
    text = b"" if manifest is None else manifest_text(manifest)
    result = _native.decrypt(
        config,
        os.fsencode(path),
        os.fsencode(output),
        encoded("key", key or ""),
        text,
        encoded("label", label or ""),
        progress,
    )
    receipt = json.loads(result.json)
    for warning in receipt.pop("warnings", []):
        logger.warning("%s", warning)
    files = [File(**fields) for fields in result.files]
    if os.path.isdir(path):
        return ExportResult(files, receipt, result.elapsed, Directory(os.fspath(output)))
    return files[0]
