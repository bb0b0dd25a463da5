"""The client of one service, and its calls."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, Callable, Literal, Union, get_args

from . import _native
from ._closing import Closing
from ._config import encoded, make_config, takes_settings
from ._destination import Directory, Out, OwnSink, Remote, destination
from ._errors import InvalidArgumentError
from ._manifest import Fetchable, Manifest, ManifestFile, manifest_text
from ._partition import Partitions, cut
from ._progress import Progress, ProgressOption
from ._result import ExportResult
from ._run import Run

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from typing_extensions import Unpack

    from ._options import ClientSettings, CutSettings, ExportSettings

Types = Union[str, "Iterable[str]"]
Inquiry = Literal["auth", "jobs", "job_status", "job_cancel", "attribution"]


class Client(Closing):
    """A client of one service. It holds the settings, the credentials, the private key and the connections.

    Create one client and share it: it is thread-safe, and all its runs share the connections. Creating a client sends
    nothing. After a fork, the child must create its own client.

    Args:
        url: the service's origin, such as ``https://api.bcda.cms.gov``, or its FHIR base.
        config_file: a JSON file of ``{"name": value}`` with settings that are not given as arguments.
        env: whether settings that are given neither as arguments nor in `config_file` may come from the environment
            (``BCDA_URL``, ``BCDA_CLIENT_ID``, ...). ``BCDA_CONFIG`` is for the command only; give `config_file`.
        **settings: every setting of the library; ``help(bcda.Client.__init__)`` lists them. None means the default. A
            secret may be a function that returns it, for example from a keyring; the function is called when the
            client is created. Durations are seconds, a ``datetime.timedelta``, or text (``"5m"``). Times are a
            ``datetime.datetime`` with a time zone, or text (``"2026-02-13T08:00:00Z"``). Sizes are bytes or text
            (``"64MiB"``). Paths are text or ``os.PathLike``, and may start with ``~``. Lists are sequences, or text
            with commas. Export settings that are given here are the defaults for every export.

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

    # ---- Blocking calls ----

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

        Blocks until the files are complete, which may take hours; other threads continue to run. Ctrl-C cancels the
        export at once. A file appears under its final name only when it is complete and verified.

        Args:
            types: resource types; by default all that the service offers.
            out: the destination: a directory, which must not hold another export; an fsspec URL such as
                ``s3://bucket/claims``; or a function that returns a :class:`SinkFile` for each file. The directory is
                created if it is missing; its parent must exist. If it holds an unfinished export of the same request,
                this call goes on with it, as :meth:`resume` does; ``restart=True`` discards that one.
            progress: None: progress is shown on a terminal (a line, or tqdm's bar) and in notebooks. True: progress is
                shown elsewhere too, as plain lines on standard error. False: progress is not shown. A function
                receives every :class:`Event`, on this thread; an exception that it raises cancels the export.
            **settings: settings of this export. They replace those of the client.

        Raises:
            InvalidArgumentError: an argument is malformed, or the service does not export one of the types. No request
                was sent.
            FilesystemError: `out` cannot be used, or the disk is full. `out` holds a finished export, or an unfinished
                one of another request, and the message names the difference; or another run uses it (``retriable`` is
                True).
            AuthenticationError, RefusedError, JobFailedError, JobGoneError: the service refused, or failed.
            NetworkError, TLSError, TimeoutError, ProtocolError, LimitError: no usable answer came, after the retries.
            DecryptionError, VerificationError: a file could not be verified; it has no final name.
            SinkError: `out` is a function, and its code failed.
            Error: the base class of all of them. Its ``result`` lists the files that were verified before the failure.
                To get the missing files, call this again, or :meth:`resume`; or pass its ``manifest`` to :meth:`fetch`.

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
        """:meth:`export` for asyncio. Canceling the task cancels the export.

        The event loop is not blocked. Progress is shown only if `progress` is None or True. If `progress` is a
        function, it is called on the event loop's thread.

        Example:
            >>> import asyncio
            >>> asyncio.run(client.export_async(["Patient"], out=tmp / "claims")).types
            ['Patient']
        """
        import asyncio

        shown = Progress(progress)
        # In a thread, because start() examines a remote destination, which may take seconds.
        run = await asyncio.to_thread(self.start, types, out, **settings)
        return await run._follow_async(shown)

    @takes_settings("export")
    def resume(
        self,
        directory: str | os.PathLike[str],
        *,
        progress: ProgressOption = None,
        **settings: Unpack[ExportSettings],
    ) -> ExportResult:
        """Goes on with the unfinished export in `directory`, whether it was canceled, failed, or ended with its
        process or its machine.

        Blocks like :meth:`export`, and does what an :meth:`export` of the same request into that directory would do:
        the request is read from the journal there. It goes on with the same job while the service keeps it. Files that
        were published are kept, and a file that is there in part is continued. If the export is finished, nothing is
        requested, and its result is returned. :func:`directory_status` tells whether there is something to go on with.

        Args:
            directory: the local directory of the export.
            progress: as for :meth:`export`.
            **settings: settings of this run, such as `parallel`. What the export asks for cannot be changed. `patients`
                must be given again, because the journal has no ids of beneficiaries.

        Raises:
            FilesystemError: the directory holds no export, or one of another service, key or request; or
                another run uses it (``retriable`` is True). See the setting `take_over`.
            Error: as for :meth:`export`.

        Example:
            >>> flaky = bcda.Sandbox(10, faults="flip:count=1").client(poll_interval=0.1)
            >>> try:
            ...     result = flaky.export(["Patient"], out=tmp / "claims", progress=False)
            ... except bcda.DecryptionError:
            ...     result = flaky.resume(tmp / "claims", progress=False)
            >>> result.types
            ['Patient']
        """
        shown = Progress(progress)
        return self.start_resume(directory, **settings)._follow(shown)

    @takes_settings("export")
    async def resume_async(
        self,
        directory: str | os.PathLike[str],
        *,
        progress: ProgressOption = False,
        **settings: Unpack[ExportSettings],
    ) -> ExportResult:
        """:meth:`resume` for asyncio. Canceling the task cancels the export; it can be resumed again.

        Example:
            >>> import asyncio
            >>> flaky = bcda.Sandbox(10, faults="flip:count=1").client(poll_interval=0.1)
            >>> try:
            ...     result = flaky.export(["Patient"], out=tmp / "claims", progress=False)
            ... except bcda.DecryptionError:
            ...     result = asyncio.run(flaky.resume_async(tmp / "claims"))
            >>> result.types
            ['Patient']
        """
        import asyncio

        shown = Progress(progress)
        run = await asyncio.to_thread(self.start_resume, directory, **settings)
        return await run._follow_async(shown)

    @takes_settings("export")
    def sync(
        self,
        directory: str | os.PathLike[str],
        types: Types | None = None,
        *,
        progress: ProgressOption = None,
        **settings: Unpack[ExportSettings],
    ) -> ExportResult:
        """Exports what has changed since the last sync. Keeps a series of exports in `directory`, each in a directory
        of its own there (:attr:`ExportResult.directory`).

        Blocks like :meth:`export`. The first call exports everything, or what has changed since the setting `since`.
        Each later one asks for the changes since the ``transactionTime`` of the last complete export that made the
        same request; it reads that time from the receipts. An export that failed or is partial does not count;
        ``sync_partial="move"`` counts partial ones. If the last one was interrupted, this call goes on with it. If the
        service has no data yet, as BCDA each January, the result has no files, and its ``directory`` is None.

        Args:
            directory: a local directory; created if it is missing.
            types: as for :meth:`export`.
            progress: as for :meth:`export`.

        Raises:
            InvalidArgumentError: the service has no such changes at this level.
            FilesystemError: another sync of the directory is running (``retriable`` is True), or a receipt there is
                malformed or from the future.
            Error: as for :meth:`export`.

        Example:
            >>> today = bcda.Sandbox(1, profile="bcda-v3").client()
            >>> first = today.sync(tmp / "series", progress=False)
            >>> second = today.sync(tmp / "series", progress=False)
            >>> second.receipt["since"] == first.receipt["transactionTime"]
            True
        """
        shown = Progress(progress)
        return self.start_sync(directory, types, **settings)._follow(shown)

    @takes_settings("export")
    def manifest(
        self,
        types: Types | None = None,
        *,
        progress: ProgressOption = None,
        **settings: Unpack[ExportSettings],
    ) -> Manifest:
        """Runs the jobs and returns their manifests. Nothing is downloaded or written; :meth:`fetch` gets the files.

        Blocks like :meth:`export`, takes the same `types` and `progress`, and raises the same errors. The service keeps
        the files for a day.

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
        """Downloads, decrypts and verifies the files of an existing manifest. Starts no job.

        Blocks like :meth:`export`, and raises the same errors. Unchanged files that an earlier export or fetch
        published in the directory are kept; only the missing files are downloaded. When every file of `what` is there,
        ``export.json`` is written. A fetch of a single file does not write it. So
        ``client.fetch(error.manifest, out=the_same_directory)`` completes a failed export, as :meth:`resume` does.

        Args:
            what: a :class:`Manifest`, one :class:`ManifestFile` or several, or a manifest as JSON text or as a dict.
            out: as for :meth:`export`, but fetches of single files may share a directory. A fetch of a whole manifest
                is refused if the directory holds files that the manifest does not list.
            file: the name or the URL of one file of the manifest, to fetch only that file.
            progress: as for :meth:`export`.

        Raises:
            InvalidArgumentError: `what` is not a manifest, or does not list `file`.
            FilesystemError: another file has the name of one of these files; that file is not changed.
            Error: as for :meth:`export`.

        Example:
            >>> manifest = client.manifest(["Patient"], progress=False)
            >>> client.fetch(manifest.files[0], out=tmp / "claims", progress=False).files[0].records
            10
        """
        shown = Progress(progress)
        return self.start_fetch(what, out, file=file, **settings)._follow(shown)

    @takes_settings("export", "table", "partition")
    def partitions(self, what: Fetchable, count: int | None = None, **settings: Unpack[CutSettings]) -> Partitions:
        """Cuts the data files of a manifest into partitions, which other processes or machines open with
        :func:`open_partition`. This client's private key unwraps the keys of the files; it stays here.

        Nothing is downloaded. The files have about equal sizes in each partition, as far as the service says them.

        Args:
            what: as for :meth:`fetch`.
            count: at most so many partitions; None: the setting ``max_partitions``. There are never more than files.
            **settings: ``partition_key`` seals the tokens. Files that are encrypted, or have signed URLs, need it. With
                ``types`` only files of these types.

        Raises:
            InvalidArgumentError: `what` is not a manifest, or ``partition_key`` is missing or malformed.
            PrivateKeyError, DecryptionError: the private key is missing, or does not unwrap a key.

        Example:
            >>> manifest = client.manifest(["Patient", "Coverage"], progress=False)
            >>> client.partitions(manifest, 2, partition_key="00" * 32)
            <Partitions: 2 of 2 file(s)>
        """
        return cut(settings, self._native, manifest_text(what), [], count, env=False)

    def metadata(self) -> dict[str, Any]:
        """The service's CapabilityStatement (FHIR) as a dict. Requests no token. Blocks.

        Example:
            >>> client.metadata()["fhirVersion"]
            '3.0.1'
        """
        return self.start_metadata()._follow(Progress(False))

    # ---- Questions to the service ----

    def check_auth(self) -> dict[str, Any]:
        """Checks the credentials without an export: gets a new token and, where the service has a request that needs
        only a token, sends that too. Blocks.

        Returns a dict with ``service``, ``profile``, ``method`` (as the setting `auth` names it), ``tokenOrigin``,
        ``lifetime`` (seconds), ``scope``, ``checked`` (whether such a request was accepted) and ``answer`` (its text).
        ``None`` means that the service does not say it. The token is not in it.

        Raises:
            AuthenticationError: the service refused the credentials.

        Example:
            >>> client.check_auth()["method"]
            'basic'
        """
        checked: dict[str, Any] = self.start_inquiry("auth")._follow(Progress(False))
        return checked

    def jobs(self, status: Iterable[str] | str = ()) -> list[dict[str, Any]]:
        """The jobs that the service lists. BCDA v1, v2 and v3 have such a list. Blocks.

        Each is a dict with ``id``, ``status``, ``request``, ``start``, ``end`` and ``url`` (the status URL).

        Args:
            status: only jobs with one of these, such as ``"In Progress"``; by default all jobs.

        Raises:
            InvalidArgumentError: the service has no job list, or no such status.

        Example:
            >>> bcda.Sandbox(1, profile="bcda-v3").client().jobs("Pending")
            []
        """
        states = status if isinstance(status, str) else ",".join(status)
        listed: list[dict[str, Any]] = self.start_inquiry("jobs", states)._follow(Progress(False))
        return listed

    def job_status(self, url: str) -> dict[str, Any]:
        """One status request for the job at a status URL. Blocks.

        Returns a dict with ``url``, ``state`` (``"running"`` or ``"done"``), ``progress``, ``percent``, ``expires``,
        ``files``, ``errorFiles``, ``transactionTime`` and ``request``. ``None`` means that the service does not say it.

        Raises:
            InvalidArgumentError: the URL is not on the service's origin.
            JobGoneError: the job has expired, was canceled, or is unknown.
            JobFailedError: the job failed.
        """
        status: dict[str, Any] = self.start_inquiry("job_status", url)._follow(Progress(False))
        return status

    def cancel_job(self, url: str) -> None:
        """Cancels the job at a status URL. Some services delete the files of a finished job. Blocks.

        Raises:
            InvalidArgumentError: the URL is not on the service's origin, or the service cancels no jobs.
            JobGoneError: there is no such job, or not any more.
            RefusedError: the job can no longer be canceled.
        """
        self.start_inquiry("job_cancel", url)._follow(Progress(False))

    def attribution(self) -> list[dict[str, str]]:
        """When the service got its attribution data: dicts with ``type`` and ``time``. Blocks.

        BCDA v1, v2 and v3 have it.

        Raises:
            InvalidArgumentError: the service has no attribution status.

        Example:
            >>> [date["type"] for date in bcda.Sandbox(1, profile="bcda-v3").client().attribution()]
            ['last_attribution_update', 'last_runout_update']
        """
        dates: list[dict[str, str]] = self.start_inquiry("attribution")._follow(Progress(False))
        return dates

    # ---- What the library knows without a request ----

    @property
    def profile(self) -> dict[str, Any]:
        """The profile of the service, as one row of :func:`profiles`: what `profile`, `profile_file` and `url` mean
        together.

        Example:
            >>> client.profile["name"]
            'bcda-2019'
        """
        row: dict[str, Any] = json.loads(self._native.profile())
        return row

    @takes_settings("export")
    def plan(self, types: Types | None = None, **settings: Unpack[ExportSettings]) -> list[dict[str, Any]]:
        """The requests that an :meth:`export` with these arguments would begin with. Sends nothing.

        Each is a dict with ``purpose`` (``"discovery"``, ``"token"``, ``"kick-off"``, or ``"status"`` with `job_url`),
        ``method``, ``url``, ``headers`` and ``body``. Credentials in them are replaced by ``***``.

        Raises:
            InvalidArgumentError: an argument is malformed, or the service does not export one of the types.
            FilesystemError: a file that a setting names cannot be read.

        Example:
            >>> [(request["purpose"], request["method"]) for request in client.plan(["Patient"])]
            [('token', 'POST'), ('kick-off', 'GET')]
        """
        requests: list[dict[str, Any]] = json.loads(self._native.plan(make_config({"types": types, **settings})))
        return requests

    # ---- In the background ----

    @takes_settings("export")
    def start(
        self, types: Types | None = None, out: Out | None = None, **settings: Unpack[ExportSettings]
    ) -> Run[ExportResult]:
        """Starts an :meth:`export` and returns at once.

        Raises InvalidArgumentError, PrivateKeyError or FilesystemError if the export cannot start. The run raises the
        other errors.

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
    def start_sync(
        self, directory: str | os.PathLike[str], types: Types | None = None, **settings: Unpack[ExportSettings]
    ) -> Run[ExportResult]:
        """Starts a :meth:`sync` and returns at once."""
        place = destination(directory)
        if not isinstance(place, Directory):
            raise InvalidArgumentError("a sync needs a local directory")
        run = self._native.start_sync(self._run_config({"types": types, **settings}, place))

        def make(result: _native.Result) -> ExportResult:
            return ExportResult.from_native(result, Directory(result.directory) if result.directory else OwnSink(None))

        return Run(run, make, partial=make, keeps=self)

    @takes_settings("export")
    def start_resume(self, directory: str | os.PathLike[str], **settings: Unpack[ExportSettings]) -> Run[ExportResult]:
        """Starts a :meth:`resume` and returns at once."""
        place = destination(directory)
        if not isinstance(place, Directory):
            raise InvalidArgumentError("only an export into a local directory can be resumed")
        return self._to(place, self._native.start_resume(os.fsencode(place.path), make_config(settings)))

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
        # The library must know that this is a single file, because only single files may share a directory.
        alone = file or (what.name if isinstance(what, ManifestFile) else "")
        return self._to(
            place, self._native.start_fetch(manifest_text(what), encoded("file", alone), config, place.sink)
        )

    def start_metadata(self) -> Run[dict[str, Any]]:
        """Starts a :meth:`metadata` request and returns at once."""

        def parse(result: _native.Result) -> dict[str, Any]:
            return dict(json.loads(result.metadata))

        return Run(self._native.start_metadata(), parse, keeps=self)

    def start_inquiry(self, kind: Inquiry, argument: str = "") -> Run[Any]:
        """Starts :meth:`check_auth`, :meth:`jobs`, :meth:`job_status`, :meth:`cancel_job` or :meth:`attribution`, and
        returns at once. `argument` is the status URL, or states of jobs with commas."""
        if kind not in get_args(Inquiry):
            raise InvalidArgumentError(f"kind is {kind!r}; it takes {', '.join(get_args(Inquiry))}")
        run = self._native.start_inquiry(kind, encoded("argument", argument))
        return Run(run, lambda result: json.loads(result.answer), keeps=self)

    # ---- Lifecycle ----

    def close(self) -> None:
        """Closes the connections. Runs that were started continue; starting a new run raises StateError."""
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
