"""An emulator of the service, for experiments and tests."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Union

from . import _native
from ._client import Client
from ._closing import Closing
from ._config import encoded
from ._tables import sandbox_options

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._options import ClientSettings, SandboxOptions

OptionValue = Union[str, float, bool, timedelta, "os.PathLike[str]"]


class Sandbox(Closing):
    """An emulator of BCDA and other services on loopback, with synthetic beneficiaries.

    The sandbox runs from its creation until it is closed or garbage-collected. It is a context manager.

    Args:
        beneficiaries: the number of beneficiaries (1000).
        faults: one fault or several to simulate, such as ``"reset:count=2"``; ``sandbox_options()`` lists the kinds.
        **options: every option of the sandbox, listed below.

    Attributes:
        url, client_id, client_secret, private_key, ca_file: settings for a client; the last two are paths.
        settings: all settings for a client, by name.

    Example:
        >>> with bcda.Sandbox(beneficiaries=10, faults="reset:count=1") as sandbox:
        ...     result = sandbox.client().export(["Patient"], out=tmp / "trial", progress=False)
        >>> result.files[0].records
        10
    """

    def __init__(
        self,
        beneficiaries: int | None = None,
        *,
        faults: str | Iterable[str] = (),
        **options: Unpack[SandboxOptions],
    ) -> None:
        values: dict[str, OptionValue | None] = {"beneficiaries": beneficiaries, **options}  # type: ignore[dict-item]
        pairs = [
            (encoded("an option", name), _as_text(name, value)) for name, value in values.items() if value is not None
        ]
        pairs += [(b"fault", encoded("a fault", fault)) for fault in ([faults] if isinstance(faults, str) else faults)]
        self._native = _native.Sandbox(pairs)
        self.url = self._native.url
        self.client_id = self._native.client_id
        self.client_secret = self._native.client_secret
        self.private_key = self._native.private_key
        self.ca_file = self._native.ca_file
        self.settings: dict[str, str] = self._native.settings

    def client(self, **settings: Unpack[ClientSettings]) -> Client:
        """A client of this sandbox. The client keeps the sandbox alive. The environment is not read.

        Example:
            >>> bcda.Sandbox(beneficiaries=1).client(poll_interval=0.1).metadata()["resourceType"]
            'CapabilityStatement'
        """
        own: ClientSettings = {**self.settings, **settings}  # type: ignore[typeddict-item]
        client = Client(env=False, **own)
        client._keeps = self
        return client

    def control(self, name: str, value: OptionValue) -> None:
        """Changes an option while the sandbox runs: ``"fault"`` (``"none"`` clears all faults), ``"clock"`` and others.

        Example:
            >>> sandbox.control("clock", "2h")  # tokens expire
        """
        self._native.control(encoded("name", name), _as_text(name, value))

    def request_count(self, prefix: str) -> int:
        """The number of requests answered so far whose ``METHOD /path?query`` starts with `prefix`.

        Example:
            >>> sandbox.request_count("GET /no/such/path")
            0
        """
        return self._native.request_count(encoded("prefix", prefix))

    def close(self) -> None:
        """Closes every connection and removes the temporary files."""
        self._native.close()

    def __repr__(self) -> str:
        return f"<Sandbox at {self.url}{', closed' if self._native.closed else ''}>"


_DURATIONS = {option.name for option in sandbox_options() if "Takes a duration" in option.help}


def _as_text(name: str, value: OptionValue) -> bytes:
    if isinstance(value, bool):
        return b"true" if value else b"false"
    if isinstance(value, timedelta):
        return _as_text(name, value.total_seconds())
    if isinstance(value, (int, float)):
        return f"{round(value * 1000)}ms".encode() if name in _DURATIONS else str(value).encode()
    if isinstance(value, os.PathLike):
        return os.fsencode(value)
    return encoded(f"the sandbox option {name}", value)


Sandbox.__doc__ = f"{Sandbox.__doc__ or ''}\n    Options:\n" + "\n".join(
    f"        {option.name} (default {option.default or 'none'}): {option.help.splitlines()[0]}"
    for option in sandbox_options()
)
