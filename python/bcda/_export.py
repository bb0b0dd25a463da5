"""A run in the background: a whole export, a manifest-only run, a download, or one request for metadata."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable, Generic, TypeVar

from . import _native
from ._errors import Error, SinkError, StateError
from ._events import Event
from ._progress import Progress, ProgressOption

if TYPE_CHECKING:
    from ._result import ExportResult

T = TypeVar("T")
_FOREVER = -1


class Export(Generic[T]):
    """A run that goes on in the background until it is done, cancelled or closed.

    Made by :meth:`Client.start` and its siblings. Iterate it for its events, or ``await`` it, or ask for
    :meth:`result`; ``async for`` works too. A reader that is slow, or absent, never holds up the run. Leaving its
    ``with`` block, or dropping the last reference, cancels what still runs. Thread-safe. After a fork it can no longer
    be used in the child: calls raise StateError.

    Example:
        >>> with client.start(["Patient"], out=tmp / "claims") as run:
        ...     for event in run:
        ...         if event.kind == "job":
        ...             print(event.type)
        ...     print(len(run.result().files))
        Patient
        1
    """

    def __init__(
        self,
        native: _native.Run,
        make: Callable[[_native.Result], T],
        conclude: Callable[[_native.Result], object] = lambda result: None,
        partial: Callable[[_native.Result], ExportResult] | None = None,
    ) -> None:
        self._native: _native.Run | None = native
        self._make = make
        self._conclude = conclude  # what is left to do after a success
        self._partial = partial  # what there is after a failure
        self._made: T | None = None

    # ---- Waiting in a thread: the GIL is released, and Ctrl-C raises KeyboardInterrupt at once ----

    def __iter__(self) -> Iterator[Event]:
        return self

    def __next__(self) -> Event:
        event = self._next(_FOREVER)
        assert event is not None
        return event

    def next_event(self, timeout: float | None = None) -> Event | None:
        """The next event, or None when none has come within `timeout` seconds (None: no limit) or none will come."""
        try:
            return self._next(_milliseconds(timeout))
        except StopIteration:
            return None

    def wait(self, timeout: float | None = None) -> bool:
        """Waits until the run has ended, at most `timeout` seconds: True when it succeeded, False when it still runs.

        Raises:
            Error: how the run failed.
        """
        try:
            return self._run.wait(_milliseconds(timeout))
        except Error as error:
            raise self._completed(error) from error.__cause__

    @property
    def done(self) -> bool:
        """Whether the run has ended, one way or another."""
        try:
            return self._run.wait(0)
        except StateError:
            raise
        except Error:
            return True

    def result(self, timeout: float | None = None) -> T:
        """What the run produced, once it has ended; events need not have been read.

        Raises:
            TimeoutError: it still runs after `timeout` seconds (the builtin one).
            Error: how the run failed. Its ``result`` holds the files that were verified before.
        """
        if self._made is None:
            if not self.wait(timeout):
                raise TimeoutError(f"the run has not ended within {timeout} s")
            native = self._run.result()
            self._conclude(native)
            self._made = self._make(native)
        return self._made

    def cancel(self) -> None:
        """Asks the run to stop, and returns at once. It then ends with CancelledError, unless it had ended."""
        if self._native is not None:
            self._native.cancel()

    def close(self) -> None:
        """Cancels what still runs and waits until it has let go of files and sinks. What is published stays."""
        if self._native is None:
            return
        self._native.cancel()
        with suppress(Error):  # cancelled, failed before, or the parent's, after a fork
            self._native.wait(_FOREVER)
        self._native = None

    def __enter__(self) -> Export[T]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # ---- asyncio ----

    def __aiter__(self) -> AsyncIterator[Event]:
        return self._events()

    async def _events(self) -> AsyncIterator[Event]:
        while True:
            self._run.clear_signal()  # before looking, so that what comes after the look is signalled again
            try:
                event = self._next(0)
            except StopIteration:
                return
            if event is None:
                await self._signalled()
            else:
                yield event

    async def _signalled(self) -> None:
        import asyncio

        loop = asyncio.get_running_loop()
        raised = loop.create_future()
        descriptor = self._run.fileno()

        def look() -> None:
            if not raised.done():
                raised.set_result(None)

        loop.add_reader(descriptor, look)
        try:
            await raised
        finally:
            loop.remove_reader(descriptor)

    async def followed_async(self, progress: ProgressOption) -> T:
        """:meth:`followed` for asyncio; cancelling the task cancels the run."""
        import asyncio

        try:
            with Progress(progress) as bar:
                async for event in self._events():
                    bar.show(event)
            return await asyncio.to_thread(self.result)
        except asyncio.CancelledError:
            self.cancel()
            await asyncio.shield(asyncio.to_thread(self.close))
            raise

    def __await__(self) -> Generator[Any, None, T]:
        return self.followed_async(False).__await__()

    # ---- Inside ----

    def followed(self, progress: ProgressOption) -> T:
        """Reads the events to the end, shows them, and gives the result; whatever happens, the run is closed."""
        with self, Progress(progress) as bar:
            while True:
                try:
                    event = self._next(bar.interval_ms)
                except StopIteration:
                    return self.result()
                bar.show(event)

    @property
    def _run(self) -> _native.Run:
        if self._native is None:
            raise StateError("the run is closed")
        return self._native

    def _next(self, timeout_ms: int) -> Event | None:
        fields = self._run.next_event(timeout_ms)
        if fields is None:
            return None
        event = Event(**fields)
        event.log()
        return event

    def _completed(self, error: Error) -> Error:
        """The error with what is known besides: a sink's own exception, and what was verified before."""
        if isinstance(error, SinkError):
            error.__cause__ = self._run.sink_failure()
        if self._partial is not None:
            with suppress(Error):
                error.result = self._partial(self._run.result())
        return error


def _milliseconds(timeout: float | None) -> int:
    return _FOREVER if timeout is None else max(0, round(timeout * 1000))
