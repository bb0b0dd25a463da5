"""The display of a run's progress, retries and warnings: on a terminal, in a notebook, in a log file."""

from __future__ import annotations

import asyncio
import importlib.util
import io
import logging
import os
import pty
import re
import sys
import types
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import bcda
import pytest
from bcda import _progress
from bcda._events import Event, Repeats
from bcda._progress import NotebookText, PlainLines, Progress, State, TerminalLine
from conftest import PROMPT, prompt

MakeSandbox = Callable[..., bcda.Sandbox]
FIELDS = Event.__dataclass_fields__
PATIENCE = 30  # seconds; what has not ended after this time counts as hanging


def event(kind: str, text: str = "", **fields: Any) -> Event:
    texts = dict.fromkeys(("type", "file", "url", "json"), "")
    numbers = dict.fromkeys(("percent", "bytes_done", "bytes_total", "files_done", "files_total", "wait"))
    values: dict[str, Any] = {**texts, **numbers, "status": "OK", "kind": kind, "text": text, **fields}
    return Event(**{name: values[name] for name in FIELDS})


class Time:
    """A clock that moves only when the test moves it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Stream(io.StringIO):
    """Standard error."""

    def __init__(self, terminal: bool) -> None:
        super().__init__()
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal

    @property
    def screen(self) -> list[str]:
        """The visible text: after a carriage return, later text overwrites the start of the line."""
        lines = []
        for line in self.getvalue().split("\n"):
            cells: list[str] = []
            for part in line.split("\r"):
                cells[: len(part)] = part
            lines.append("".join(cells).rstrip())
        return lines


@pytest.fixture
def no_tqdm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)  # an import of it raises ImportError


StandardError = Callable[[bool], Stream]


@pytest.fixture
def stderr(monkeypatch: pytest.MonkeyPatch) -> StandardError:
    """Replaces standard error. The test itself calls it, because pytest replaces standard error after the fixtures."""

    def replace(terminal: bool) -> Stream:
        stream = Stream(terminal)
        monkeypatch.setattr(sys, "stderr", stream)
        return stream

    return replace


@pytest.fixture
def no_handlers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Removes pytest's handlers, as in a program that does not configure logging."""
    monkeypatch.setattr(logging.getLogger("bcda"), "propagate", False)


# ---- On a terminal, without tqdm ----


@pytest.mark.usefixtures("no_tqdm")
def test_a_line_on_a_terminal_by_default(shared_client: bcda.Client, tmp_path: Path, stderr: StandardError) -> None:
    terminal = stderr(True)
    shared_client.export(["Patient"], out=tmp_path / "claims")
    (line, after) = terminal.screen
    assert re.fullmatch(r"0:00:\d\d  finished  2/2 files  [\d.]+ KiB", line)
    assert after == "", "the next output has a line of its own"
    assert "authenticating" in terminal.getvalue()


@pytest.mark.usefixtures("no_tqdm")
def test_a_line_in_asyncio_when_asked_for(shared_client: bcda.Client, tmp_path: Path, stderr: StandardError) -> None:
    terminal = stderr(True)
    asyncio.run(shared_client.export_async(["Patient"], out=tmp_path / "claims", progress=True))
    assert "finished  2/2 files" in terminal.screen[0]


@pytest.mark.usefixtures("no_tqdm", "no_handlers")
def test_time_goes_on_while_nothing_happens(
    make_sandbox: MakeSandbox, tmp_path: Path, stderr: StandardError, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that waits for its token has no events, but the line is drawn again."""
    stderr(True)
    drawn: list[str] = []

    class Enough(Exception):  # noqa: N818
        pass

    def draw(self: TerminalLine, state: State, what: Event | None) -> None:
        drawn.append(what.kind if what else "time")
        if drawn.count("time") == 2:
            raise Enough

    client = make_sandbox(faults="delay=1h:on=POST /auth/token").client(**PROMPT)
    monkeypatch.setattr(TerminalLine, "draw", draw)
    calls: list[Callable[[Path], object]] = [
        lambda out: client.export(["Patient"], out=out, timeout=PATIENCE),
        lambda out: asyncio.run(client.export_async(["Patient"], out=out, progress=True, timeout=PATIENCE)),
    ]
    for number, call in enumerate(calls):
        drawn.clear()
        with pytest.raises(Enough):
            call(tmp_path / str(number))
        assert set(drawn) <= {"state", "time"}, "the first time may come before the first event"


@pytest.mark.usefixtures("no_tqdm", "no_handlers")
def test_no_network_is_reported_at_once_and_only_once(
    tmp_path: Path, stderr: StandardError, shared_sandbox: bcda.Sandbox
) -> None:
    terminal = stderr(True)
    client = bcda.Client(
        "http://localhost:1",
        env=False,
        client_id="x",
        client_secret="y",
        private_key=shared_sandbox.private_key,
        **prompt(retries=3),
    )
    with pytest.raises(bcda.NetworkError, match="Connection refused"):
        client.export(out=tmp_path / "claims")
    *messages, last, after = terminal.screen
    assert [message.split(":")[:2] for message in messages] == [["bcda", " retry"], ["bcda", " warning"]]
    assert all("Connection refused" in message for message in messages)
    assert "(again in" in messages[0]
    assert "failed" in last
    assert "9 retries" in last, "three jobs, three times each"
    assert after == ""


def test_line_is_rewritten_and_cut_to_the_terminals_width() -> None:
    stream, clock = Stream(terminal=True), Time()
    line, state = TerminalLine(stream), State(clock)
    state.note(event("job", type="Patient"))
    state.note(event("poll", "x" * 200, type="Coverage"))
    line.draw(state, None)
    assert len(stream.screen[-1]) == 79
    clock.now += 61
    state.note(event("manifest", type="Coverage"))
    line.draw(state, None)
    assert stream.screen == ["0:01:01  starting  Patient: accepted  Coverage: done"]
    line.message("bcda: warning: careful")
    line.draw(state, None)
    line.close()
    assert stream.screen == ["bcda: warning: careful", "0:01:01  starting  Patient: accepted  Coverage: done", ""]


def test_line_is_not_drawn_for_each_of_many_events() -> None:
    stream, clock = Stream(terminal=True), Time()
    line, state = TerminalLine(stream), State(clock)
    for _ in range(100):
        line.draw(state, event("progress", files_done=1, files_total=2))
    assert stream.getvalue().count("\r") == 1
    line.draw(state, event("finished"))
    assert stream.getvalue().count("\r") == 2, "the last one counts"


def test_what_a_server_says_does_not_control_the_terminal() -> None:
    stream = Stream(terminal=True)
    line, state = TerminalLine(stream), State(Time())
    state.note(event("poll", "\x1b]0;title\x07\n\u202e50%", type="Patient"))
    line.draw(state, None)
    assert stream.screen == ["0:00:00  starting  Patient: ?]0;title???50%"]


@pytest.mark.parametrize("failure", [OSError("full"), ValueError("closed")])
@pytest.mark.usefixtures("no_tqdm")
def test_a_terminal_that_is_gone_does_not_end_the_export(
    failure: Exception,
    shared_client: bcda.Client,
    tmp_path: Path,
    stderr: StandardError,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = stderr(True)

    def write(text: str) -> int:
        raise failure

    monkeypatch.setattr(terminal, "write", write)
    assert len(shared_client.export(["Patient"], out=tmp_path / "claims").files) == 2


def test_without_standard_error(shared_client: bcda.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    for number, progress in enumerate((None, True)):
        shared_client.export(["Patient"], out=tmp_path / str(number), progress=progress)


def test_on_a_real_terminal(shared_client: bcda.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        monkeypatch.setitem(sys.modules, "tqdm.auto", None)
        shared_client.export(["Patient"], out=tmp_path / "claims")
        shown = ""
        while "\n" not in shown:  # one read may return only a part
            shown += os.read(ours, 100_000).decode()
    os.close(ours)
    assert "finished  2/2 files" in shown
    assert "\x1b" not in shown


# ---- tqdm ----


def test_bar_on_a_terminal(
    shared_client: bcda.Client, tmp_path: Path, stderr: StandardError, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = stderr(True)
    from tqdm.auto import tqdm

    monkeypatch.setattr("tqdm.auto.tqdm", partial(tqdm, file=terminal))
    shared_client.export(["Patient"], out=tmp_path / "claims")
    assert "Patient: " in terminal.getvalue()
    assert "2/2 files" in terminal.getvalue()
    assert "100%" in terminal.getvalue()


@pytest.mark.usefixtures("no_handlers")
def test_retries_beside_a_bar(make_sandbox: MakeSandbox, tmp_path: Path, stderr: StandardError) -> None:
    terminal = stderr(True)
    client = make_sandbox(faults="reset:count=1").client(**PROMPT)
    client.export(["Patient"], out=tmp_path / "claims")
    assert len([line for line in terminal.screen if line.startswith("bcda: retry: Patient: ")]) == 1


# ---- Elsewhere ----


@pytest.mark.parametrize("progress", [None, False])
def test_nothing_where_there_is_no_terminal(
    progress: bool | None, shared_client: bcda.Client, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    shared_client.export(["Patient"], out=tmp_path / "claims", progress=progress)
    assert capfd.readouterr() == ("", "")


def test_lines_where_there_is_no_terminal_when_asked_for(
    shared_client: bcda.Client, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    shared_client.export(["Patient"], out=tmp_path / "claims", progress=True)
    out, text = capfd.readouterr()
    assert out == ""
    lines = text.splitlines()
    assert all(re.match(r"bcda: 0:00:\d\d  [a-z]", line) for line in lines)
    for part in ("authenticating", "waiting", "Patient: accepted", "downloading", "finished  2/2 files"):
        assert any(part in line for line in lines), part
    assert len(lines) < 10
    assert "\r" not in text


def test_lines_come_when_something_changes_and_every_30_seconds() -> None:
    stream, clock = Stream(terminal=False), Time()
    lines, state = PlainLines(stream), State(clock)

    def after(seconds: float, what: Event | None) -> int:
        clock.now += seconds
        if what:
            state.note(what)
        before = len(stream.screen)
        lines.draw(state, what)
        return len(stream.screen) - before

    assert after(0, None) == 0
    assert after(1, event("state", "waiting")) == 1
    assert after(29, event("poll", "30%", type="Patient")) == 0
    assert after(1, None) == 1
    assert after(1, None) == 0
    assert after(1, event("progress", files_done=1, files_total=4)) == 0
    assert after(28, event("progress", files_done=2, files_total=4)) == 1
    assert after(1, event("state", "finished")) == 0, "the next event says more"
    assert after(0, event("finished")) == 1
    assert stream.screen[1] == "bcda: 0:00:31  waiting  Patient: 30%"


@pytest.mark.usefixtures("no_handlers")
def test_retries_and_warnings_among_lines(make_sandbox: MakeSandbox, tmp_path: Path, stderr: StandardError) -> None:
    log_file = stderr(False)
    sandbox = make_sandbox(beneficiaries_per_file=5, faults=["reset:count=2", "flip:skip=2"])
    with pytest.raises(bcda.DecryptionError):
        sandbox.client(**PROMPT).export(["Patient"], out=tmp_path / "claims", progress=True)
    lines = [line for line in log_file.screen if line.startswith(("bcda: retry", "bcda: warning"))]
    assert sum(line.startswith("bcda: warning") for line in lines) == 2, "each file that failed"
    # Some resets are reported as a connection that was closed, depending on what the system notices first.
    retries = [line for line in lines if line.startswith("bcda: retry")]
    assert retries
    assert len({reason_of(line) for line in retries}) == len(retries), "each reason once"


def reason_of(line: str) -> str:
    """The last part of a message without its delay: "the connection was cut (again in 0.01 s)"."""
    return line.rsplit(": ", 1)[1].split(" (again in")[0]


# ---- Notebooks ----


class Notebook:
    """Replaces IPython in a kernel, and records what the cells show."""

    def __init__(self) -> None:
        self.outputs: list[str] = []
        self.kernel: object = object()

    def get_ipython(self) -> Notebook:
        return self

    def display(self, data: dict[str, str], raw: bool, display_id: bool) -> Handle:
        assert raw
        assert display_id
        self.outputs.append(data["text/plain"])
        return Handle(self, len(self.outputs) - 1)


class Handle:
    def __init__(self, notebook: Notebook, number: int) -> None:
        self.notebook, self.number = notebook, number

    def update(self, data: dict[str, str], raw: bool) -> None:
        assert raw
        self.notebook.outputs[self.number] = data["text/plain"]


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> Notebook:
    made = Notebook()
    shown = types.ModuleType("IPython.display")
    shown.display = made.display  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", made)
    monkeypatch.setitem(sys.modules, "IPython.display", shown)
    return made


@pytest.mark.parametrize("progress", [None, True])
@pytest.mark.usefixtures("no_handlers")
def test_one_output_in_a_notebook(
    progress: bool | None, make_sandbox: MakeSandbox, tmp_path: Path, notebook: Notebook, stderr: StandardError
) -> None:
    log_file = stderr(False)
    client = make_sandbox(faults="reset:count=1").client(**PROMPT)
    client.export(["Patient"], out=tmp_path / "claims", progress=progress)
    (shown,) = notebook.outputs
    retry, line = shown.split("\n")
    assert retry.startswith("bcda: retry: ")
    assert "finished  1 retry  1/1 files" in line
    assert "\r" not in shown
    assert log_file.getvalue() == "", "no red text beside it"


def test_ipython_on_a_terminal_is_no_notebook(
    shared_client: bcda.Client, tmp_path: Path, notebook: Notebook, stderr: StandardError, no_tqdm: None
) -> None:
    terminal = stderr(True)
    notebook.kernel = None
    shared_client.export(["Patient"], out=tmp_path / "claims")
    assert notebook.outputs == []
    assert "finished" in terminal.screen[0]


@pytest.mark.parametrize("widgets", [True, False])
def test_tqdm_in_a_notebook_needs_widgets(widgets: bool, notebook: Notebook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object() if widgets else None)
    assert isinstance(_progress._choose_display(always=False), NotebookText) is not widgets


# ---- The log ----


def test_the_log_has_each_reason_once_and_the_rest_at_debug(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    retries = [
        event("retry", "the kick-off for Patient: refused", type="Patient", wait=1.5),
        event("retry", "the kick-off for Coverage: refused", type="Coverage", wait=3.0),
        event("retry", "the kick-off for Patient: timed out", type="Patient", wait=6.0),
        event("warning", "the kick-off for Patient: refused", type="Patient", status="NETWORK"),
        event("warning", "the kick-off for Coverage: refused", type="Coverage", status="NETWORK"),
        event("warning", "the file a: altered", file="a", type="Patient", status="DECRYPTION"),
        event("warning", "the file b: altered", file="b", type="Patient", status="DECRYPTION"),
        event("warning", "the file b: altered", file="b", type="Patient", status="DECRYPTION"),
    ]
    with caplog.at_level(logging.DEBUG, logger="bcda"):
        report = Progress(False).report
        for one in retries:
            report(one)
    assert [record.levelname for record in caplog.records] == [
        *("WARNING", "DEBUG", "WARNING"),
        *("WARNING", "DEBUG", "WARNING", "WARNING", "DEBUG"),
    ]
    assert caplog.records[0].getMessage() == "retry: the kick-off for Patient: refused (again in 1.5 s)"


def test_repeats_do_not_grow_for_ever() -> None:
    repeats = Repeats()
    for number in range(5000):
        assert repeats.note(event("retry", f"reason {number}")) is False
    assert len(repeats._said) == Repeats._MOST
    assert repeats.note(event("retry", "reason 1")) is True


@pytest.mark.usefixtures("no_tqdm")
def test_a_message_that_the_log_shows_is_not_shown_twice(
    make_sandbox: MakeSandbox, tmp_path: Path, stderr: StandardError, no_handlers: None
) -> None:
    terminal = stderr(True)
    handler = logging.StreamHandler(terminal)
    logging.getLogger("bcda").addHandler(handler)
    try:
        make_sandbox(faults="reset:count=1").client(**PROMPT).export(["Patient"], out=tmp_path / "claims")
    finally:
        logging.getLogger("bcda").removeHandler(handler)
    (retry,) = (line for line in terminal.screen if "retry: " in line)
    assert retry.startswith("retry: "), "the handler's, on a line of its own"


LOGGED = {
    "manifest: Patient: 1 file": event("manifest", type="Patient", files_total=1),
    "manifest: Patient: 2,000 files": event("manifest", type="Patient", files_total=2000),
    "manifest: Patient": event("manifest", type="Patient", files_total=0),
    "progress: 1 of 2 files, 10 bytes": event("progress", files_done=1, files_total=2, bytes_done=10),
    "file: Patient: /x/y: 1 byte": event("file", type="Patient", file="/x/y", bytes_done=1),
    "finished: OK: 2 of 2 files, 10 bytes": event("finished", files_done=2, files_total=2, bytes_done=10),
    "finished: OK": event("finished", files_done=0, files_total=0, bytes_done=0),
    "finished: NETWORK: refused": event("finished", "refused", status="NETWORK", files_done=0, files_total=3),
    "retry: Patient: a: cut (again in 2 s)": event("retry", "a: cut", type="Patient", file="a", wait=2.0),
}


@pytest.mark.parametrize(("text", "what"), LOGGED.items(), ids=LOGGED)
def test_what_is_logged(text: str, what: Event) -> None:
    assert what.message == text


def test_a_success_is_not_logged_as_no_files(
    shared_client: bcda.Client, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, logger="bcda"):
        shared_client.export(["Patient"], out=tmp_path / "claims", progress=False)
        shared_client.manifest(["Patient"], progress=False)
    finished = [text for text in caplog.messages if text.startswith(("manifest:", "finished:"))]
    assert len(finished) == 4
    assert not [text for text in finished if " 0 " in text]
