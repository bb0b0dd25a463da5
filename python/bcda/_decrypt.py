"""Decryption of files that another program downloaded."""

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
    """Decrypts and verifies one file, or a directory of files, of any size, as the service sent them.

    Blocks; Ctrl-C stops it at once.

    If `path` is a directory, every file that the manifest lists is decrypted. When all of them are there,
    ``export.json`` is written beside them, as by an export, and the result is an :class:`ExportResult`. If files are
    missing or fail, the other files are still decrypted and the first failure is raised. Its message has one line for
    each file that failed. A second call with the same `output` continues from there.

    Args:
        path: the encrypted file, or a directory of encrypted files.
        label: the name that the service gave to the file, if the file was renamed. The wrapped key is bound to this
            name, because the name is its OAEP label.
        output: the path for the plaintext, which must not exist. The file appears only when all of it is verified. If
            `path` is a directory, `output` is a directory too, which is created if it is missing.
        key: the file's encryptedKey, in hex. Give either `key` or `manifest`.
        manifest: the manifest that lists the file or files. A file that it lists under ``error`` without a key is
            copied if it looks like NDJSON.
        progress: called about 20 times a second with the bytes done and the bytes in total (None: unknown).
        env: whether settings may come from the environment (``BCDA_PRIVATE_KEY``).
        **settings: private_key or private_key_pem, its passphrase, durability, allow_plaintext: as for
            :class:`Client`.

    Raises:
        DecryptionError: the wrapped key is for another file or for another private key.
        VerificationError: the file was changed or is not complete. No output remains.
        FilesystemError: a file cannot be read or written, or the directory lacks a file that the manifest lists.

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
        place = Directory(os.fspath(output))
        return ExportResult(files, receipt, result.elapsed, place, partial=result.partial)
    return files[0]
