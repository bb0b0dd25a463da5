"""How a run looks while it goes on: a tqdm bar on a terminal and in notebooks, nothing elsewhere."""

from __future__ import annotations

import logging
from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable, Union

from ._events import Event

if TYPE_CHECKING:
    from typing_extensions import Self

ProgressOption = Union[bool, Callable[[Event], object]]
"""True: a bar where one can be seen; False: none; or a function that gets every event."""

_FEW_FILES = 16  # with more, their number says more than the bytes of those whose size is known


class Progress:
    """Shows events. A context manager."""

    def __init__(self, option: ProgressOption) -> None:
        self._tell = option if callable(option) else None
        self._tqdm = _load_tqdm() if option is True else None
        self._bar: Any = None
        self._bytes = True  # what the bar counts
        self._jobs: dict[str, str] = {}
        self._state = ""

    @property
    def interval_ms(self) -> int:
        """How long to wait for an event before `show(None)` is due."""
        return 500 if self._tqdm else -1

    def show(self, event: Event | None) -> None:
        """Shows what an event says; None: time passes."""
        if event is not None and self._tell:
            self._tell(event)
        if self._tqdm is None:
            return
        if event is not None:
            self._remember(event)
        if event is not None and event.kind == "progress" and event.files_total:
            self._show_download(event)
        elif self._bar is None or self._bar.total is None:
            self._show_waiting()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    def _remember(self, event: Event) -> None:
        if event.kind == "state":
            self._state = event.text
        elif event.kind in ("poll", "job"):
            self._jobs[event.type] = event.text or "accepted"
        elif event.kind == "manifest":
            self._jobs[event.type] = "done"

    def _show_waiting(self) -> None:
        assert self._tqdm is not None
        if self._bar is None:
            self._bar = self._tqdm(disable=None, leave=False, bar_format="{desc} [{elapsed}]")
        jobs = "  ".join(f"{kind}: {text}" for kind, text in self._jobs.items())
        self._bar.set_description_str(f"{self._state}  {jobs}".strip())

    def _show_download(self, event: Event) -> None:
        assert self._tqdm is not None
        assert event.files_total is not None
        if self._bar is None or self._bar.total is None:
            if self._bar is not None:
                self._bar.close()
            self._bytes = event.files_total <= _FEW_FILES
            unit = {"unit": "B", "unit_scale": True, "unit_divisor": 1024} if self._bytes else {"unit": "file"}
            self._bar = self._tqdm(disable=None, total=0, **unit)
        done, total = (event.bytes_done, event.bytes_total) if self._bytes else (event.files_done, event.files_total)
        self._bar.total = max(total or 0, done or 0)
        self._bar.set_description_str(f"{event.files_done or 0}/{event.files_total} files", refresh=False)
        self._bar.update(max(0, (done or 0) - self._bar.n))
        self._bar.refresh()


def _load_tqdm() -> Callable[..., Any] | None:
    try:
        from tqdm.auto import tqdm
    except ImportError:
        logging.getLogger("bcda").debug("no progress bar: pip install 'bcda[progress]'")
        return None
    made: Callable[..., Any] = tqdm
    return made
