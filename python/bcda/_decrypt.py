"""Files that were downloaded by other means."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Callable

from . import _native
from ._config import encoded, make_config, takes_settings
from ._manifest import Manifest, manifest_text
from ._result import File, StrPath

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._options import DecryptSettings


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
) -> File:
    """Decrypts and verifies a file as the service sent it, of any size. Blocks; Ctrl-C stops it at once.

    Args:
        path: the encrypted file. The name that the service gave it is part of its encryption ...
        label: ... so give that name here if the file has another one now.
        output: where the plaintext is to be; must not exist. It appears only when the whole file has verified.
        key: the file's encryptedKey, in hex; or
        manifest: the manifest that lists the file.
        progress: called about 20 times a second with the bytes done and in all.
        env: whether settings may come from the environment (``BCDA_PRIVATE_KEY``).
        **settings: private_key or private_key_pem, its passphrase, durability: as for :class:`Client`.

    Raises:
        DecryptionError: the key is not for this file, or not for your private key.
        VerificationError: the file was changed or is not whole. Nothing is left of it.

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
    return File(**result.files[0])
