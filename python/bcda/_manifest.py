"""The manifests of finished jobs, and the files that they list."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Union

from ._config import encoded
from ._errors import InvalidArgumentError, ProtocolError


@dataclass(frozen=True)
class ManifestFile:
    """One file that a manifest lists. It can be pickled and sent to another process that fetches it.

    Attributes:
        type: the resource type.
        url: the URL of the file.
        name: the name of the file at the service. It is the OAEP label of the wrapped key.
        is_error: True if the file holds OperationOutcomes (it is in the manifest's ``error`` list).
        manifest: the JSON text of a manifest that lists only this file.
        encrypted_key: the file's wrapped key in hex, which :func:`bcda.decrypt` takes as `key`. "" if the manifest has
            no key for the file, or several different keys.
    """

    type: str
    url: str = field(repr=False)  # it may be signed
    name: str
    is_error: bool
    manifest: str = field(repr=False)  # it contains the wrapped key
    encrypted_key: str = field(default="", repr=False)


class Manifest:
    """The manifests of an export's jobs: what can be downloaded (bulk data IG, "Response - Complete Status").

    Attributes:
        text: the manifests as JSON texts, one for each job, one after another. ``Manifest(text)`` makes a Manifest from
            JSON that was stored.

    Example:
        >>> manifest = client.manifest(["Patient", "Coverage"], progress=False)
        >>> sorted(file.type for file in manifest.files)
        ['Coverage', 'Patient']
        >>> result = client.fetch(manifest.files[0], out=tmp / "one", progress=False)
        >>> result.files[0].type == manifest.files[0].type
        True
    """

    def __init__(self, text: str) -> None:
        if not isinstance(text, str):
            raise InvalidArgumentError("a Manifest is made of JSON text")
        self.text = text

    @cached_property
    def files(self) -> list[ManifestFile]:
        """Every file that the manifests list, including error files."""
        return [file for manifest in self._manifests for file in _files_of(manifest)]

    @property
    def transaction_time(self) -> datetime | None:
        """The earliest transactionTime of the jobs. Raises ProtocolError if one is not an RFC 3339 time."""
        times = [manifest["transactionTime"] for manifest in self._manifests if manifest.get("transactionTime")]
        return min(map(time_of, times), default=None)

    @cached_property
    def _manifests(self) -> list[dict[str, Any]]:
        found, decoder, text = [], json.JSONDecoder(), _without_bom(self.text).strip()
        try:
            while text:
                manifest, end = decoder.raw_decode(text)
                found.append({**manifest})
                text = text[end:].lstrip()
        except (ValueError, TypeError, RecursionError) as error:
            raise InvalidArgumentError(f"the manifest is not a JSON object: {error}") from error
        return found

    def __repr__(self) -> str:
        try:
            return f"<Manifest of {', '.join(sorted({file.type for file in self.files})) or 'nothing'}>"
        except InvalidArgumentError:
            return "<Manifest, malformed>"


Fetchable = Union[Manifest, ManifestFile, Iterable[ManifestFile], Mapping[str, Any], str]
"""What a fetch accepts: a manifest, some of its files, or a manifest as JSON text or as a dict."""


def manifest_text(what: Fetchable) -> bytes:
    """The manifest in the form that the library reads: JSON texts one after another."""
    if isinstance(what, (str, Manifest, ManifestFile)):
        text = _without_bom(_text_of(what))
        if not text.lstrip().startswith("{"):
            raise InvalidArgumentError(f"the manifest given is not JSON text; {_FROM_A_FILE}")
        return encoded("the manifest", text)
    if isinstance(what, Mapping):
        return json.dumps(what).encode()
    files = list(what) if isinstance(what, Iterable) else [what]
    if not all(isinstance(file, ManifestFile) for file in files):
        raise InvalidArgumentError(
            "what can be fetched is a Manifest (such as result.manifest), ManifestFiles, or a manifest as JSON text or "
            f"a dict; {_FROM_A_FILE}"
        )
    if not files:
        raise InvalidArgumentError("no files were given to fetch")
    return b"\n".join(map(manifest_text, files))


_FROM_A_FILE = "read one that is in a file with pathlib.Path(path).read_text()"


def _text_of(what: str | Manifest | ManifestFile) -> str:
    return what if isinstance(what, str) else what.text if isinstance(what, Manifest) else what.manifest


def _without_bom(text: str) -> str:
    return text[1:] if text.startswith("\ufeff") else text


def _files_of(manifest: Mapping[str, Any]) -> Iterator[ManifestFile]:
    # In 2018 the service padded names in KeyMap with blanks. The library refuses a file with two different keys.
    keys: dict[str, dict[str, Any]] = {}
    key_map = manifest.get("KeyMap")
    for name, key in (key_map if isinstance(key_map, dict) else {}).items():
        keys.setdefault(name.rstrip(" "), {})[name] = key
    for member in ("output", "error"):
        for item in _list(manifest, member):
            if not isinstance(item, dict):
                raise InvalidArgumentError(f"the manifest's {member} lists something that is no object")
            url = str(item.get("url", ""))
            name = url.split("#")[0].split("?")[0].rsplit("/", 1)[-1]
            own = keys.get(name, {})
            alone = {**manifest, "output": [], "error": [], "KeyMap": own, member: [item]}
            key = _the_one_key([item.get("encryptedKey"), *own.values()])
            yield ManifestFile(str(item.get("type", "")), url, name, member == "error", json.dumps(alone), key)


def _list(manifest: Mapping[str, Any], name: str) -> list[Any]:
    """A list in a manifest. The service of 2019 writes null instead of an empty list."""
    value = manifest.get(name)
    if value is None or isinstance(value, list):
        return value or []
    raise InvalidArgumentError(f"the manifest's {name} is not a list")


def _the_one_key(keys: Iterable[Any]) -> str:
    given = {key.lower(): key for key in keys if isinstance(key, str) and key}
    return given.popitem()[1] if len(given) == 1 else ""


def time_of(time: Any) -> datetime:
    """Parses an RFC 3339 time with any number of digits in the fraction of a second. Raises ProtocolError otherwise."""
    text = str(time).replace("Z", "+00:00").replace("z", "+00:00")
    whole, dot, rest = text.partition(".")
    if dot:
        digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
        text = f"{whole}.{digits[:6]:0<6}{rest[len(digits) :]}"
    with suppress(ValueError):
        found = datetime.fromisoformat(text)
        if found.tzinfo is not None:  # because a time without a zone cannot be compared with the others
            return found
    raise ProtocolError("the transactionTime is not a time of RFC 3339, such as 2019-09-20T14:47:33Z")
