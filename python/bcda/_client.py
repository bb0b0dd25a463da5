"""A service, and what can be asked of it."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, Callable, Union

from . import _native
from ._closing import Closing
from ._config import encoded, make_config, takes_settings
from ._destination import Directory, Out, OwnSink, Remote, destination
from ._manifest import Fetchable, Manifest, ManifestFile, manifest_text
from ._progress import Progress, ProgressOption
from ._result import ExportResult
from ._run import Run

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from typing_extensions import Unpack

    from ._options import ClientSettings, ExportSettings

Types = Union[str, "Iterable[str]"]


class Client(Closing):
    """A service, your credentials and private key, and the connections to the service.

    Make one and share it: it is thread-safe, and its connections serve every run. Making one sends nothing. After a
    fork the child needs a client of its own.

    Args:
        url: the service's origin, as in ``https://api.bcda.cms.gov``.
        config_file: a JSON file of ``{"name": value}``, for settings that are not given here.
        env: whether settings that are given neither here nor in `config_file` may come from the environment
            (``BCDA_URL``, ``BCDA_CLIENT_ID``, ...).
        **settings: every setting of the library; ``help(bcda.Client.__init__)`` lists them. None is the default. A
            secret may be a function that returns it, from a keyring say; it is called when the client is made.
            Durations are seconds, a ``datetime.timedelta``, or text (``"5m"``). Sizes are bytes or text (``"64MiB"``).
            Paths are text or ``os.PathLike``, and may begin with ``~``. Lists are sequences, or text with commas. The
            settings of an export that are given here are the defaults for every export.

    Raises:
        InvalidArgumentError: a setting is unknown, malformed or missing.
        PrivateKeyError: the private key could not be loaded.
        FilesystemError: a file that a setting names cannot be read.
        TLSError: there are no usable CA certificates.

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
        self._keeps: object = None  # kept alive for the client's lifetime: the Sandbox whose port it uses

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
        """Exports claims: from credentials to decrypted, verified files.

        Blocks until the files are there, which may take hours; other threads go on meanwhile. Ctrl-C cancels the export
        at once. A file appears under its name only when it is whole and verified.

        Args:
            types: resource types, one job each (default Patient, Coverage and ExplanationOfBenefit).
            out: where the files go: a directory, which must not hold another export; an fsspec URL such as
                ``s3://bucket/claims``; or a function that makes a :class:`SinkFile` for each file. The directory is
                made when it is missing; the one above it must exist.
            progress: None: progress is shown on a terminal (a line, or tqdm's bar) and in notebooks. True: elsewhere
                too, as plain lines on standard error. False: not shown. Or a function that gets every
                :class:`Event`, on this thread; what it raises cancels the export.
            **settings: for this export. They go before those of the client.

        Raises:
            InvalidArgumentError: an argument is malformed, or a type is none that the service exports. Nothing was
                sent.
            FilesystemError: `out` cannot be used, or the disk is full.
            AuthenticationError, RefusedError, JobFailedError, JobGoneError: the service refused, or failed.
            NetworkError, TLSError, TimeoutError, ProtocolError, LimitError: no usable answer came, after the retries.
            DecryptionError, VerificationError: a file could not be proved whole; it has no final name.
            SinkError: `out` is a function, and its code failed.
            Error: the base class of all of them. Its ``result`` holds the files that were verified before, and
                :meth:`fetch` takes its ``manifest`` to get the missing ones.

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
        """:meth:`export` for asyncio. When the task is canceled, so is the export.

        The event loop is not blocked. Nothing is shown unless `progress` is None or True; a function is called on the
        event loop's thread.

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
        """Runs the jobs and returns their manifests; nothing is downloaded or written. :meth:`fetch` gets the files.

        Blocks like :meth:`export`, takes its `types` and `progress`, and raises the same errors. The service keeps the
        files for a day.

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
        """Downloads, decrypts and verifies the files of a manifest that is at hand. Starts no job.

        Blocks like :meth:`export`, and raises the same errors. In a directory, files that an earlier export or fetch
        published there, and that are unchanged, are taken as they are; the missing ones are downloaded. When every
        file of `what` is there, ``export.json`` is written; a fetch of a single file writes none. So a failed export
        is completed by ``client.fetch(error.manifest, out=the_same_directory)``.

        Args:
            what: a :class:`Manifest`, a :class:`ManifestFile` or several, or a manifest as JSON text or as a dict.
            out: as for :meth:`export`, but fetches of single files may share a directory. Beside files that the
                manifest does not list, a fetch of a whole manifest is refused.
            file: the name or the URL of one file of the manifest, to take it alone.
            progress: as for :meth:`export`.

        Raises:
            InvalidArgumentError: `what` is no manifest, or does not list `file`.
            FilesystemError: another file has the name of one of these; it is left as it is.
            Error: as for :meth:`export`.

        Example:
            >>> manifest = client.manifest(["Patient"], progress=False)
            >>> client.fetch(manifest.files[0], out=tmp / "claims", progress=False).files[0].records
            10
        """
        shown = Progress(progress)
        return self.start_fetch(what, out, file=file, **settings)._follow(shown)

    def metadata(self) -> dict[str, Any]:
        """The service's CapabilityStatement (FHIR) as a dict. Asks for no token. Blocks.

        Example:
            >>> client.metadata()["fhirVersion"]
            '3.0.1'
        """
        return self.start_metadata()._follow(Progress(False))

    # ---- In the background ----

    @takes_settings("export")
    def start(
        self, types: Types | None = None, out: Out | None = None, **settings: Unpack[ExportSettings]
    ) -> Run[ExportResult]:
        """Starts an :meth:`export` and returns at once.

        Raises InvalidArgumentError, PrivateKeyError or FilesystemError when it cannot begin; the run raises the others.

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
    def start_manifest(self, types: Types | None = None, **settings: Unpack[ExportSettings]) -> Run[Manifest]:
        """Starts a :meth:`manifest` run and returns at once."""
        run = self._native.start_manifest(make_config({"types": types, **settings}))
        return Run(run, lambda result: Manifest(result.manifest), keeps=self)

    @takes_settings("export")
    def start_fetch(
        self,
        what: Fetchable,
        out: Out | None = None,
        *,
        file: str | None = None,
        **settings: Unpack[ExportSettings],
    ) -> Run[ExportResult]:
        """Starts a :meth:`fetch` and returns at once."""
        place = self._place(out)
        config = self._run_config(settings, place)
        # A single file may share its directory with others, a whole manifest may not.
        alone = file or (what.name if isinstance(what, ManifestFile) else "")
        return self._to(
            place, self._native.start_fetch(manifest_text(what), encoded("file", alone), config, place.sink)
        )

    def start_metadata(self) -> Run[dict[str, Any]]:
        """Starts a :meth:`metadata` request and returns at once."""

        def parse(result: _native.Result) -> dict[str, Any]:
            return dict(json.loads(result.metadata))

        return Run(self._native.start_metadata(), parse, keeps=self)

    # ---- Its lifecycle ----

    def close(self) -> None:
        """Lets go of the connections. Runs that were started go on; new ones raise StateError."""
        self._native.close()

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
    ) -> Run[ExportResult]:
        def make(result: _native.Result) -> ExportResult:
            return ExportResult.from_native(result, place)

        return Run(run, make, conclude, partial=make, keeps=self)
