"""The display of a run's progress. Retries and warnings are also logged."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable, Protocol, TextIO, Union

from ._errors import InvalidArgumentError
from ._events import Event, Repeats, logger, logs_to_console

if TYPE_CHECKING:
    from typing_extensions import Self

ProgressOption = Union[bool, None, Callable[[Event], object]]
"""None: progress is shown on a terminal and in notebooks. True: also elsewhere, as plain lines. False: it is not shown.
A function receives every event."""

_FEW_FILES = 16  # with more files, progress counts files, because the sizes of files that have not started are unknown
_LINE_EVERY = 30.0  # seconds between plain lines, long enough for a log file
_REDRAW_EVERY = 0.1  # seconds
_TICK_MS = 500

Clock = Callable[[], float]


class Progress:
    """Reports the events of a run to the log and to the display. A context manager, for one thread at a time."""

    def __init__(self, option: ProgressOption, clock: Clock = time.monotonic) -> None:
        if not (option is None or isinstance(option, bool) or callable(option)):
            raise InvalidArgumentError("progress takes True, False, None, or a function that gets every event")
        self._callback = option if callable(option) else None
        self._display = None if callable(option) or option is False else _choose_display(always=option is True)
        self._state = State(clock)
        self._repeats = Repeats()

    @property
    def interval_ms(self) -> int:
        """How long to wait for an event before `tick` must be called, in milliseconds. -1: `tick` is not needed."""
        return -1 if self._display is None else _TICK_MS

    def report(self, event: Event) -> None:
        """Logs an event and shows it. An exception of the caller's function is passed on."""
        repeated = self._repeats.note(event)
        if self._display is None:
            event.log(repeated)
        else:
            self._show(event, repeated)
        if self._callback is not None:
            self._callback(event)

    def tick(self) -> None:
        """Redraws the display, because the elapsed time has changed."""
        self._safely(lambda display: display.draw(self._state, None))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._safely(lambda display: display.close())

    def _show(self, event: Event, repeated: bool) -> None:
        self._state.note(event)
        is_message = event.kind in ("retry", "warning") and not repeated
        # Without a handler, Python itself would print the warning into the line.
        if not is_message or logger.hasHandlers():
            if is_message:
                self._safely(lambda display: display.clear())
            event.log(repeated)
        if is_message and not logs_to_console():
            self._safely(lambda display: display.message(_printable(f"bcda: {event.message}")))
        self._safely(lambda display: display.draw(self._state, event))

    def _safely(self, draw: Callable[[Display], object]) -> None:
        """Draws. If the stream is closed or full, only the display ends and the export continues."""
        if self._display is None:
            return
        try:
            draw(self._display)
        except (OSError, ValueError) as error:
            self._display = None
            logger.debug("the progress is not shown any more: %s", type(error).__name__)


class State:
    """The state of a run, and its description in words."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.step = "starting"
        self.jobs: dict[str, str] = {}
        self.retries = 0
        self.files_done = self.files_total = self.bytes_done = self.bytes_total = 0
        self._began = clock()
        self._download_began: float | None = None

    def note(self, event: Event) -> None:
        """Updates the state from an event."""
        if event.kind == "state":
            self.step = event.text
        elif event.kind == "finished":
            self.step = "finished" if event.status == "OK" else "failed"
        elif event.kind == "retry":
            self.retries += 1
        elif event.kind in ("poll", "job"):
            self.jobs[event.type] = event.text or "accepted"
        elif event.kind == "manifest":
            self.jobs[event.type] = "done"
        elif event.kind == "warning" and event.status != "OK" and not event.file and event.type:
            self.jobs[event.type] = "failed"
        elif event.kind == "progress" and event.files_total:
            self._note_download(event)

    def _note_download(self, event: Event) -> None:
        if self._download_began is None:
            self._download_began = self.clock()
        self.files_done, self.files_total = event.files_done or 0, event.files_total or 0
        self.bytes_done, self.bytes_total = event.bytes_done or 0, event.bytes_total or 0

    @property
    def counts_bytes(self) -> bool:
        """Whether progress counts bytes. It counts files if they are many, or if not all sizes are known."""
        return self.files_total <= _FEW_FILES and self.bytes_total > 0

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return self.clock() - self._began

    def jobs_text(self) -> str:
        """The jobs, each with its state."""
        return "  ".join(f"{kind}: {text}" for kind, text in self.jobs.items())

    def text(self) -> str:
        """The whole state in one line."""
        parts = [_duration(self.elapsed), self.step]
        if self.retries:
            parts.append(f"{self.retries} {'retry' if self.retries == 1 else 'retries'}")
        if not self.files_total or any(text != "done" for text in self.jobs.values()):
            parts.append(self.jobs_text())
        if self.files_total:
            parts.append(self._download_text())
        return _printable("  ".join(part for part in parts if part))

    def _download_text(self) -> str:
        size = _size(self.bytes_done)
        if self.counts_bytes and self.bytes_total > self.bytes_done:
            size += f" of {_size(self.bytes_total)}"
        seconds = 0.0 if self._download_began is None else self.clock() - self._download_began
        rate = f"  {_size(round(self.bytes_done / seconds))}/s" if seconds >= 1 and self.bytes_done else ""
        return f"{self.files_done}/{self.files_total} files  {size}{rate}"


class Display(Protocol):
    """A place where progress is shown."""

    def draw(self, state: State, event: Event | None) -> None:
        """Shows the state. `event` is the event that changed it, or None if only time has passed."""
        ...

    def message(self, text: str) -> None:
        """Shows a line that is not overwritten."""
        ...

    def clear(self) -> None:
        """Clears the line, because a log handler is about to write to the same screen."""
        ...

    def close(self) -> None:
        """Ends the display, because the run has ended."""
        ...


def _choose_display(always: bool) -> Display | None:
    if _in_notebook():
        # Without ipywidgets, tqdm prints a warning and shows nothing.
        bar = _load_tqdm() if importlib.util.find_spec("ipywidgets") else None
        return NotebookText() if bar is None else TqdmBar(bar)
    if _is_terminal(sys.stderr):
        bar = _load_tqdm()
        return TerminalLine(sys.stderr) if bar is None else TqdmBar(bar)
    return PlainLines(sys.stderr) if always and sys.stderr is not None else None


def _is_terminal(stream: TextIO | None) -> bool:
    try:
        return stream is not None and stream.isatty()
    except (AttributeError, ValueError):  # an object that only resembles a stream, or a closed stream
        return False


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return getattr(shell, "kernel", None) is not None


def _load_tqdm() -> Any:
    try:
        from tqdm.auto import tqdm
    except ImportError:
        logger.debug("a plain line instead of a progress bar: pip install 'bcda[progress]'")
        return None
    return tqdm


class TerminalLine:
    """One line, rewritten in place without escape codes."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._shown = ""
        self._drawn = float("-inf")

    def draw(self, state: State, event: Event | None) -> None:
        now = state.clock()
        ended = event is not None and event.kind == "finished"
        if now - self._drawn >= _REDRAW_EVERY or ended:
            self._drawn = now
            self._write(state.text()[: _columns(self._stream) - 1])

    def message(self, text: str) -> None:
        self.clear()
        self._stream.write(f"{text}\n")
        self._stream.flush()
        self._drawn = float("-inf")

    def clear(self) -> None:
        if self._shown:
            self._write("")
            self._stream.write("\r")
            self._stream.flush()

    def close(self) -> None:
        if self._shown:
            self._stream.write("\n")
            self._stream.flush()

    def _write(self, text: str) -> None:
        self._stream.write(f"\r{text:<{len(self._shown)}}")
        self._stream.flush()
        self._shown = text


class PlainLines:
    """Plain lines for a log file: one at each change, and one every 30 s."""

    _CHANGES = frozenset(("state", "job", "manifest", "finished"))

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._written: float | None = None
        self._last = ""

    def draw(self, state: State, event: Event | None) -> None:
        now = state.clock()
        if self._written is None:
            self._written = now
        changed = event is not None and event.kind in self._CHANGES and event.text != "finished"
        if changed or now - self._written >= _LINE_EVERY:
            self._written = now
            self.message(f"bcda: {state.text()}")

    def message(self, text: str) -> None:
        if text != self._last:
            self._stream.write(f"{text}\n")
            self._stream.flush()
        self._last = text

    def clear(self) -> None:
        """Does nothing, because every line is complete."""

    def close(self) -> None:
        """Does nothing, because every line is complete."""


class NotebookText:
    """One output of a notebook's cell, which is updated in place."""

    _MESSAGES = 10

    def __init__(self) -> None:
        self._handle: Any = None
        self._messages: list[str] = []
        self._text = ""
        self._drawn = float("-inf")

    def draw(self, state: State, event: Event | None) -> None:
        now = state.clock()
        self._text = state.text()
        if now - self._drawn >= _TICK_MS / 1000 or (event is not None and event.kind == "finished"):
            self._drawn = now
            self._update()

    def message(self, text: str) -> None:
        self._messages = [*self._messages, text][-self._MESSAGES :]
        self._update()

    def clear(self) -> None:
        """Does nothing, because the output has an area of its own in the notebook."""

    def close(self) -> None:
        """Does nothing, because the last text remains visible."""

    def _update(self) -> None:
        shown = {"text/plain": "\n".join([*self._messages, self._text])}
        if self._handle is None:
            display = importlib.import_module("IPython.display").display
            self._handle = display(shown, raw=True, display_id=True)
        else:
            self._handle.update(shown, raw=True)


class TqdmBar:
    """tqdm's bar: a line of text until the files are known, then a bar of bytes or files."""

    def __init__(self, tqdm: Any) -> None:
        self._tqdm = tqdm
        self._bar: Any = None
        self._downloads = False

    def draw(self, state: State, event: Event | None) -> None:
        if event is not None and event.kind == "progress" and state.files_total:
            self._draw_download(state)
        elif not self._downloads:
            self._draw_waiting(state)

    def message(self, text: str) -> None:
        self._tqdm.write(text, file=sys.stderr)

    def clear(self) -> None:
        if self._bar is not None:
            self._bar.clear()

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()

    def _draw_waiting(self, state: State) -> None:
        if self._bar is None:
            self._bar = self._tqdm(disable=None, leave=False, bar_format="{desc} [{elapsed}]")
        self._bar.set_description_str(_printable(f"{state.step}  {state.jobs_text()}".strip()))

    def _draw_download(self, state: State) -> None:
        if not self._downloads:
            self.close()
            self._downloads = True
            unit = {"unit": "B", "unit_scale": True, "unit_divisor": 1024} if state.counts_bytes else {"unit": "file"}
            self._bar = self._tqdm(disable=None, total=0, **unit)
        counts_bytes = self._bar.unit == "B"
        done, total = (state.bytes_done, state.bytes_total) if counts_bytes else (state.files_done, state.files_total)
        self._bar.total = max(total, done) if total else None
        self._bar.set_description_str(f"{state.files_done}/{state.files_total} files", refresh=False)
        self._bar.update(max(0, done - self._bar.n))
        self._bar.refresh()


def _columns(stream: TextIO) -> int:
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, ValueError, AttributeError):
        return 80


def _printable(text: str) -> str:
    """Replaces control characters, because parts of the text come from a server."""
    return "".join(character if character.isprintable() else "?" for character in text)


def _duration(seconds: float) -> str:
    minutes, second = divmod(int(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{second:02}"


def _size(count: float) -> str:
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} TiB"
