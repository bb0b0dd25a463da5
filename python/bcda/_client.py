"""A service, and what can be asked of it."""

from __future__ import annotations

import json
import os
from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable, Union

from . import _native
from ._config import encoded, make_config, takes_settings
from ._destination import Directory, Out, OwnSink, Remote, destination
from ._export import Export
from ._manifest import Fetchable, Manifest, manifest_text
from ._progress import Progress, ProgressOption
from ._result import ExportResult

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from typing_extensions import Self, Unpack

    from ._options import ClientSettings, ExportSettings

Types = Union[str, "Iterable[str]"]


class Client:
    """A service, your credentials and key, and the connections to it. Make one and share it: thread-safe.

    Args:
        url: the service's origin, as in ``https://api.bcda.cms.gov``.
        config_file: a JSON file of ``{"name": value}``, for settings that are not given here.
        env: whether what is given neither here nor there may come from the environment (``BCDA_URL``,
            ``BCDA_CLIENT_ID``, ...).
        **settings: every setting of the library, below. None is the default. A secret may be a function that gives
            it, from a keyring say: it is called when the client is made. Durations are seconds, a
            ``datetime.timedelta``, or text (``"5m"``); sizes are bytes or text (``"64MiB"``); paths are text or
            ``os.PathLike``; lists are sequences, or text with commas.

    The settings of an export that are given here are the defaults for every export.

    Raises:
        InvalidArgumentError: a setting is unknown, malformed or missing.
        PrivateKeyError: the private key could not be loaded.
        TLSError: no usable CA certificates.

    Example:
        >>> sandbox = bcda.Sandbox(beneficiaries=10)
        >>> with bcda.Client(
        ...     sandbox.url,
        ...     client_id=sandbox.client_id,
        ...     client_secret=lambda: sandbox.client_secret,
        ...     private_key=sandbox.private_key,
        ...     ca_file=sandbox.ca_file,
        ...     poll_interval=0.1,
        ... ) as client:
        ...     result = client.export(["Patient"], out=tmp / "claims", progress=False)
        >>> result.files[0].records
        10
    """

    @takes_settings("client", "export")
    def __init__(
        self,
        url: str | None = None,
        *,
        config_file: str | os.PathLike[str] | None = None,
        env: bool = True,
        **settings: Unpack[ClientSettings],
    ) -> None:
        out = settings.pop("out", None)
        config = make_config({"url": url, **settings}, config_file=config_file, env=env)
        self._out: Out | None = out if out is not None else config.get("out") or None
        self._url = config.get("url")
        self._native = _native.Client(config)
        self._keeps: object = None  # what has to live as long

    # ---- In one call ----

    @takes_settings("export")
    def export(
        self,
        types: Types | None = None,
        out: Out | None = None,
        *,
        progress: ProgressOption = None,
        **settings: Unpack[ExportSettings],
    ) -> ExportResult:
        """Exports claims: from credentials to decrypted, verified files. Blocks; Ctrl-C stops it at once.

        A file appears under its name only when it is whole and verified.

        Args:
            types: resource types, one job each (default Patient, Coverage and ExplanationOfBenefit).
            out: where the files go: a directory, which must not hold another export; an fsspec URL such as
                ``s3://bucket/claims``; or a function that makes a :class:`SinkFile` for each file.
            progress: True: a bar on a terminal or in a notebook, with tqdm installed; or a function that gets every
                :class:`Event`.
            **settings: for this export, before those of the client.

        Raises:
            Error: how it failed; one class for each status, such as AuthenticationError. Its ``result`` holds the
                files that were verified before.

        Example:
            >>> result = client.export(["Patient", "Coverage"], out=tmp / "claims", progress=False)
            >>> sorted(file.type for file in result.files)
            ['Coverage', 'Patient']
        """
        shown = Progress(progress)
        return self.start(types, out, **settings)._follow(shown)

    @takes_settings("export")
    async def export_async(
        self,
        types: Types | None = None,
        out: Out | None = None,
        *,
        progress: ProgressOption = False,
        **settings: Unpack[ExportSettings],
    ) -> ExportResult:
        """:meth:`export` for asyncio. When the task is cancelled, so is the export.

        Example:
            >>> import asyncio
            >>> asyncio.run(client.export_async(["Patient"], out=tmp / "claims")).types
            ['Patient']
        """
        import asyncio

        shown = Progress(progress)
        # In a thread, because a remote destination is looked at, which may take seconds.
        run = await asyncio.to_thread(self.start, types, out, **settings)
        return await run._follow_async(shown)

    @takes_settings("export")
    def manifest(
        self,
        types: Types | None = None,
        *,
        progress: ProgressOption = None,
        **settings: Unpack[ExportSettings],
    ) -> Manifest:
        """Runs the jobs and gives their manifests; nothing is downloaded or written. :meth:`fetch` gets the files.

        Example:
            >>> client.manifest(["Patient"], progress=False)
            <Manifest of Patient>
        """
        shown = Progress(progress)
        return self.start_manifest(types, **settings)._follow(shown)

    @takes_settings("export")
    def fetch(
        self,
        what: Fetchable,
        out: Out | None = None,
        *,
        file: str | None = None,
        progress: ProgressOption = None,
        **settings: Unpack[ExportSettings],
    ) -> ExportResult:
        """Downloads, decrypts and verifies files of a manifest that is at hand.

        Args:
            what: a :class:`Manifest`, a :class:`ManifestFile` or several, or a manifest as JSON text or as a dict.
            out: as for :meth:`export`, but several fetches may share a directory.
            file: the name or the URL of one file of a manifest, to take it alone.

        Example:
            >>> manifest = client.manifest(["Patient"], progress=False)
            >>> client.fetch(manifest.files[0], out=tmp / "claims", progress=False).files[0].records
            10
        """
        shown = Progress(progress)
        return self.start_fetch(what, out, file=file, **settings)._follow(shown)

    def metadata(self) -> dict[str, Any]:
        """The service's CapabilityStatement (FHIR). Asks for no token.

        Example:
            >>> client.metadata()["fhirVersion"]
            '3.0.1'
        """
        return self.start_metadata()._follow(Progress(False))

    # ---- In the background ----

    @takes_settings("export")
    def start(
        self, types: Types | None = None, out: Out | None = None, **settings: Unpack[ExportSettings]
    ) -> Export[ExportResult]:
        """Starts an :meth:`export` and returns at once.

        Example:
            >>> run = client.start(["Patient"], out=tmp / "claims")
            >>> run.result().types
            ['Patient']
        """
        place = self._place(out)
        place.prepare(export=True, restart=bool(settings.get("restart")))
        config = self._run_config({"types": types, **settings}, place)
        return self._to(place, self._native.start_export(config, place.sink), conclude=lambda r: place.finish(r.json))

    @takes_settings("export")
    def start_manifest(self, types: Types | None = None, **settings: Unpack[ExportSettings]) -> Export[Manifest]:
        """Starts a :meth:`manifest` run and returns at once."""
        run = self._native.start_manifest(make_config({"types": types, **settings}))
        return Export(run, lambda result: Manifest(result.manifest), keeps=self)

    @takes_settings("export")
    def start_fetch(
        self,
        what: Fetchable,
        out: Out | None = None,
        *,
        file: str | None = None,
        **settings: Unpack[ExportSettings],
    ) -> Export[ExportResult]:
        """Starts a :meth:`fetch` and returns at once."""
        place = self._place(out)
        config = self._run_config(settings, place)
        return self._to(
            place, self._native.start_fetch(manifest_text(what), encoded("file", file or ""), config, place.sink)
        )

    def start_metadata(self) -> Export[dict[str, Any]]:
        """Starts a :meth:`metadata` request and returns at once."""

        def parse(result: _native.Result) -> dict[str, Any]:
            return dict(json.loads(result.metadata))

        return Export(self._native.start_metadata(), parse, keeps=self)

    # ---- Its life ----

    def close(self) -> None:
        """Lets go of the service. Runs that were started go on."""
        self._native.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Client of {self._url}{', closed' if self._native.closed else ''}>"

    def _place(self, out: Out | None) -> Directory | Remote | OwnSink:
        return destination(out if out is not None else self._out if self._out is not None else "")

    def _run_config(self, values: Mapping[str, object], place: Directory | Remote | OwnSink) -> _native.Config:
        return make_config({**values, **({"out": place.path} if isinstance(place, Directory) else {})})

    def _to(
        self,
        place: Directory | Remote | OwnSink,
        run: _native.Run,
        conclude: Callable[[_native.Result], object] = lambda result: None,
    ) -> Export[ExportResult]:
        def make(result: _native.Result) -> ExportResult:
            return ExportResult.from_native(result, place)

        return Export(run, make, conclude, partial=make, keeps=self)
