"""A run in the background: an export, a manifest run, a fetch, or a question to the service."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import suppress
from numbers import Real
from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable, Generic, TypeVar

from . import _native
from ._closing import Closing
from ._errors import Error, InvalidArgumentError, SinkError, StateError
from ._events import Event
from ._progress import Progress

if TYPE_CHECKING:
    import asyncio

    from typing_extensions import Self

    from ._result import ExportResult

T = TypeVar("T")
_FOREVER = -1


class Run(Closing, Generic[T]):
    """A run that continues in the background until it finishes or is canceled or closed.

    :meth:`Client.start`, :meth:`Client.start_manifest`, :meth:`Client.start_fetch` and :meth:`Client.start_metadata`
    create it. Iterate over it to get its events, and call :meth:`result` to get its result. In asyncio, use ``async
    for`` and ``await``.

    A slow or missing reader of events does not slow the run down. If there are several readers, each event goes to
    only one of them. Leaving the ``with`` (or ``async with``) block, or dropping the last reference, cancels the run if
    it is still running. Leaving a loop over the events does not cancel it.

    Thread-safe, for one event loop at a time. A child process cannot use the run after a fork, so waiting raises
    StateError there.

    Attributes:
        kind: what it is: ``"export"``, ``"manifest"``, ``"fetch"``, ``"metadata"``, ``"auth"``, ``"jobs"``,
            ``"job_status"``, ``"job_cancel"`` or ``"attribution"``.

    Example:
        >>> with client.start(["Patient"], out=tmp / "claims") as run:
        ...     for event in run:
        ...         if event.kind == "job":
        ...             print(event.type)
        Patient
        >>> len(run.result().files)
        1
    """

    def __init__(
        self,
        native: _native.Run,
        make: Callable[[_native.Result], T],
        conclude: Callable[[_native.Result], object] = lambda result: None,
        partial: Callable[[_native.Result], ExportResult] | None = None,
        keeps: object = None,
    ) -> None:
        self.kind = native.kind
        self._native: _native.Run | None = native
        self._make = make
        self._conclude = conclude  # called after a success
        self._partial = partial  # makes the partial result after a failure
        self._keeps = keeps  # kept alive for the lifetime of the run: the client, and so its sandbox
        self._made: T | None = None
        self._once = threading.Lock()
        self._failure: Error | None = None  # set by close()
        self._waiters: set[asyncio.Future[None]] = set()
        self._progress = Progress(False)

    # ---- Blocking waits. They release the GIL, and Ctrl-C raises KeyboardInterrupt at once ----

    def __iter__(self) -> Iterator[Event]:
        return self

    def __next__(self) -> Event:
        event = self._next(_FOREVER)
        assert event is not None
        return event

    def next_event(self, timeout: float | None = None) -> Event | None:
        """The next event, or None if none came within `timeout` seconds (None: no limit) or the events have ended."""
        try:
            return self._next(_milliseconds(timeout))
        except StopIteration:
            return None

    def wait(self, timeout: float | None = None) -> bool:
        """Waits until the run has ended, at most `timeout` seconds.

        Returns True if the run succeeded, and False if it is still running.

        Raises:
            Error: the run failed.
        """
        if self._failure is not None:
            raise self._failure
        if self._made is not None:
            return True
        run = self._run
        try:
            if not run.wait(_milliseconds(timeout)):
                return False
        except Error as error:
            raise self._completed(run, error) from error.__cause__
        self._settle(run)
        return True

    @property
    def done(self) -> bool:
        """Whether the run has ended, by success or by failure."""
        run = self._native
        if run is None:
            return True
        try:
            return run.wait(0)
        except StateError:  # the run belongs to the parent process, before a fork
            raise
        except Error:
            return True

    def result(self, timeout: float | None = None) -> T:
        """Waits for the end of the run and returns its result. The events need not have been read.

        Raises:
            TimeoutError: the run is still running after `timeout` seconds. This is Python's builtin exception.
            Error: the run failed. Its ``result`` lists the files that were verified before the failure.
        """
        if not self.wait(timeout):
            raise TimeoutError(f"the run has not ended within {timeout} s")
        assert self._made is not None
        return self._made

    def fileno(self) -> int:
        """A descriptor for :mod:`select` and for event loops other than asyncio. asyncio does not need it.

        It is readable while an event waits, and after the end of the run. When it is readable, call ``next_event(0)``
        until that returns None. Stop watching when :attr:`done` is True. Only poll the descriptor; do not read from it.
        It is valid until the run is closed or garbage-collected.

        Example:
            >>> import select
            >>> with client.start(["Patient"], out=tmp / "polled") as run:
            ...     while not run.done:
            ...         ready = select.select([run], [], [])
            ...         while run.next_event(0):
            ...             pass
            >>> len(run.result().files)
            1
        """
        return self._run.fd

    def cancel(self) -> None:
        """Requests that the run stop, and returns at once. Unless it has ended, it then fails with CanceledError."""
        run = self._native
        if run is not None:
            run.cancel()

    def close(self) -> None:
        """Cancels the run if it is still running, and waits until it has released its files and sinks.

        Published files stay. :meth:`result` still returns the result or raises the failure.
        """
        if self._native is None:
            return
        self._native.close()
        try:
            self.wait()
        except Error as error:
            self._failure = error
        self._native = None

    def __repr__(self) -> str:
        try:
            state = ("succeeded" if self.wait(0) else "running") if self._native is not None else self._closed_state()
        except StateError:
            state = "of another process"
        except Error as error:
            state = f"failed: {error.code}"
        return f"<Run: {self.kind}, {state}>"

    def _closed_state(self) -> str:
        return "succeeded" if self._made is not None else f"failed: {self._failure.code}" if self._failure else "closed"

    # ---- asyncio ----

    async def __aiter__(self) -> AsyncIterator[Event]:
        while True:
            try:
                event = self._next(0)
            except StopIteration:
                return
            if event is None:
                await self._signal()
            else:
                yield event

    def __await__(self) -> Generator[Any, None, T]:
        return self._ended().__await__()

    async def aclose(self) -> None:
        """:meth:`close` for asyncio."""
        import asyncio

        await asyncio.to_thread(self.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _ended(self) -> T:
        import asyncio

        while not self.done:
            await self._signal()
        return await asyncio.to_thread(self.result)

    async def _signal(self, timeout: float | None = None) -> None:
        """Waits for a wake-up from the run, at most `timeout` seconds. A wake-up may be spurious, and one may come
        before the wait, so callers check for events before and after.
        """
        import asyncio

        loop = asyncio.get_running_loop()
        run = self._run
        descriptor = run.fileno()

        def wake() -> None:
            run.clear_signal()
            for waiter in self._waiters:
                if not waiter.done() and not waiter.get_loop().is_closed():
                    waiter.set_result(None)

        waiter = loop.create_future()
        self._waiters.add(waiter)
        loop.add_reader(descriptor, wake)  # one reader for all waiters; adding it again replaces it
        try:
            await asyncio.wait([waiter], timeout=timeout)
        finally:
            self._waiters.remove(waiter)
            if not self._waiters:
                loop.remove_reader(descriptor)

    # ---- Used by the client ----

    def _follow(self, progress: Progress) -> T:
        """Reads and shows all events, and returns the result. Closes the run in every case."""
        with self, progress as self._progress:
            while True:
                try:
                    event = self._next(self._progress.interval_ms)
                except StopIteration:
                    return self.result()
                if event is None:
                    self._progress.tick()

    async def _follow_async(self, progress: Progress) -> T:
        async with self:
            with progress as self._progress:
                interval = self._progress.interval_ms
                while True:
                    try:
                        event = self._next(0)
                    except StopIteration:
                        break
                    if event is None:
                        await self._signal(interval / 1000 if interval >= 0 else None)
                        self._progress.tick()
            return await self

    @property
    def _run(self) -> _native.Run:
        if self._native is None:
            raise StateError("the run is closed")
        return self._native

    def _next(self, timeout_ms: int) -> Event | None:
        run = self._run
        try:
            fields = run.next_event(timeout_ms)
        except StopIteration:
            self._settle_if_succeeded(run)
            raise
        if fields is None:
            return None
        event = Event(**fields)
        self._progress.report(event)
        return event

    def _settle_if_succeeded(self, run: _native.Run) -> None:
        try:
            run.wait(0)
        except Error:
            return  # `wait` and `result` will raise it
        self._settle(run)

    def _settle(self, run: _native.Run) -> None:
        """Concludes a successful run and makes its result. Does so only once."""
        with self._once:
            if self._made is None:
                native = run.result()
                self._conclude(native)
                self._made = self._make(native)

    def _completed(self, run: _native.Run, error: Error) -> Error:
        """Adds to the error the exception of the sink's code, and the files that were verified before the failure."""
        if isinstance(error, SinkError):
            error.__cause__ = run.sink_failure()
        if self._partial is not None:
            with suppress(Error):
                error.result = self._partial(run.result())
        return error


def _milliseconds(timeout: float | None) -> int:
    if timeout is None or timeout == float("inf"):
        return _FOREVER
    if not isinstance(timeout, Real) or timeout != timeout:
        raise InvalidArgumentError("timeout takes seconds, or None for no limit")
    return max(0, min(round(float(timeout) * 1000), 2**53))
