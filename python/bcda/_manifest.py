"""The manifests of finished jobs, and the files that they offer."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Union

from ._errors import InvalidArgumentError
from ._result import time_of


@dataclass(frozen=True)
class ManifestFile:
    """One file that a manifest offers; it can be pickled and sent to whoever is to fetch it.

    Attributes:
        type: its resource type.
        url: where it is.
        name: its name at the service, which is part of its encryption (the OAEP label).
        is_error: True: OperationOutcomes (the manifest's ``error``).
        manifest: JSON text of a manifest with this file alone.
    """

    type: str
    url: str
    name: str
    is_error: bool
    manifest: str = field(repr=False)


class Manifest:
    """What the jobs of an export offer, before anything is downloaded (IG, "Response - Complete Status").

    Attributes:
        text: the manifests as JSON, one for each job after another. ``Manifest(text)`` makes one of JSON that was
            kept elsewhere.

    Example:
        >>> manifest = client.manifest(["Patient", "Coverage"], progress=False)
        >>> sorted(file.type for file in manifest.files)
        ['Coverage', 'Patient']
        >>> result = client.fetch(manifest.files[0], out=tmp / "one", progress=False)
        >>> result.files[0].type == manifest.files[0].type
        True
    """

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def files(self) -> list[ManifestFile]:
        """Every file that is offered, those with errors included."""
        return [
            _file_of(manifest, member, item)
            for manifest in self._manifests
            for member in ("output", "error")
            for item in manifest.get(member) or []
        ]

    @property
    def transaction_time(self) -> datetime | None:
        """The earliest of the jobs'."""
        times = [manifest["transactionTime"] for manifest in self._manifests if manifest.get("transactionTime")]
        return min(map(time_of, times), default=None)

    @cached_property
    def _manifests(self) -> list[dict[str, Any]]:
        found, decoder, text = [], json.JSONDecoder(), self.text.strip()
        try:
            while text:
                manifest, end = decoder.raw_decode(text)
                found.append({**manifest})
                text = text[end:].lstrip()
        except (ValueError, TypeError) as error:
            raise InvalidArgumentError(f"the manifest is not a JSON object: {error}") from error
        return found

    def __repr__(self) -> str:
        return f"<Manifest of {', '.join(sorted({file.type for file in self.files})) or 'nothing'}>"


Fetchable = Union[Manifest, ManifestFile, Iterable[ManifestFile], Mapping[str, Any], str]
"""What can be fetched: a manifest, some of its files, or a manifest as JSON text or as a dict."""


def manifest_text(what: Fetchable) -> str:
    """As the library reads it: JSON texts one after another."""
    if isinstance(what, str):
        return what
    if isinstance(what, Manifest):
        return what.text
    if isinstance(what, ManifestFile):
        return what.manifest
    if isinstance(what, Mapping):
        return json.dumps(what)
    return "\n".join(file.manifest for file in what)


def _file_of(manifest: Mapping[str, Any], member: str, item: Mapping[str, Any]) -> ManifestFile:
    url = str(item.get("url", ""))
    name = url.split("#")[0].split("?")[0].rsplit("/", 1)[-1]
    # Names in KeyMap may be padded with blanks (2018). Which key counts is for the library to say.
    keys = {key: value for key, value in (manifest.get("KeyMap") or {}).items() if key.rstrip(" ") == name}
    alone = {**manifest, "output": [], "error": [], "KeyMap": keys, member: [item]}
    return ManifestFile(str(item.get("type", "")), url, name, member == "error", json.dumps(alone))
