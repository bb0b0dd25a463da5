"""Data must not be lost, mixed up or shown."""

from __future__ import annotations

import json
import re
import traceback
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import bcda
import pytest
from conftest import PROMPT, in_thread, write_export
from fsspec.implementations.memory import MemoryFileSystem

SECRET = "hunter2-is-the-secret"


def everything(error: BaseException) -> str:
    return "".join(traceback.format_exception(type(error), error, error.__traceback__)) + repr(vars(error))


# ---- Nothing is shown ----


@pytest.mark.parametrize("form", [str, str.encode], ids=["text", "bytes"])
def test_a_key_where_its_path_belongs(form: Callable[[str], Any]) -> None:
    pem = f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----\n"
    with pytest.raises(bcda.InvalidArgumentError, match=r"private_key takes (a path|the path of a file)") as caught:
        bcda.Client("https://service.example", env=False, private_key=form(pem))
    assert SECRET not in str(caught.value) + repr(vars(caught.value))


def test_bytes_where_the_path_of_a_secret_belongs() -> None:
    wrong: dict[str, Any] = {"client_secret_file": SECRET.encode()}
    with pytest.raises(bcda.InvalidArgumentError, match="client_secret_file takes a path") as caught:
        bcda.Client("https://service.example", env=False, **wrong)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "call",
    [
        lambda client, tmp: client.fetch(f'{{"output":[],"x":"{SECRET}"}}', out=tmp / "x", file=123),
        lambda client, tmp: client.fetch(SECRET.encode(), out=tmp / "x"),
        lambda client, tmp: client.fetch([SECRET], out=tmp / "x"),
        lambda client, tmp: client.fetch(5, out=tmp / "x"),
        lambda client, tmp: client.fetch([], out=tmp / "x"),
        lambda client, tmp: client.fetch(SECRET + "\udcff", out=tmp / "x"),
        lambda client, tmp: bcda.decrypt(tmp / "a", tmp / "b", key=SECRET, label=5, private_key="k"),  # type: ignore[call-overload]
        lambda client, tmp: bcda.decrypt(tmp / "a", tmp / "b", key=5, manifest=SECRET),  # type: ignore[call-overload]
        lambda client, tmp: bcda.Sandbox(client_secret=SECRET, faults=[1]),  # type: ignore[list-item]
        lambda client, tmp: client.export(out=SECRET.encode()),
        lambda client, tmp: client.export(out=5),
    ],
)
def test_wrong_types_are_reported_without_the_arguments(
    call: Callable[[bcda.Client, Path], object], shared_client: bcda.Client, tmp_path: Path
) -> None:
    with pytest.raises(bcda.InvalidArgumentError) as caught:
        call(shared_client, tmp_path)
    assert SECRET not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_credentials_in_a_url_of_a_file_system(shared_client: bcda.Client) -> None:
    with pytest.raises(bcda.FilesystemError) as caught:
        shared_client.export(out=f"nosuch://user:{SECRET}@host/x?token={SECRET}")
    assert SECRET not in str(caught.value) + str(caught.value.file)


def test_records_do_not_come_out_in_exceptions(tmp_path: Path) -> None:
    result = write_export(tmp_path / "out", {"Patient": b'{"name":"JOHN DOE"}\n{"name":5}\n{"name":"JANE ROE'})
    with pytest.raises(ValueError, match="line 3, byte 31: not a JSON record") as caught:
        list(result.records())
    assert "ROE" not in everything(caught.value)
    assert caught.value.__context__ is None


def test_signed_urls_are_not_in_a_repr() -> None:
    file = bcda.File("Patient", "x", 0, 0, "", True, False, f"https://store.example/x?sig={SECRET}")
    assert SECRET not in repr(file)
    manifest = {"output": [{"type": "Patient", "url": f"https://store.example/x?sig={SECRET}"}]}
    assert SECRET not in repr(bcda.Manifest(json.dumps(manifest)).files)


# ---- Nothing is lost ----


@pytest.mark.parametrize("step", ["begin", "write", "commit"])
def test_an_asynchronous_sink_is_refused(step: str, shared_client: bcda.Client) -> None:
    class File:
        def write(self, data: bytes) -> None: ...
        def commit(self, size: int, sha256: str) -> None: ...
        def abort(self) -> None: ...

    async def later(*arguments: object) -> None: ...

    def begin(name: str, type: str) -> Any:
        file = File()
        if step != "begin":
            setattr(file, step, later)
        return file

    with pytest.raises(bcda.SinkError) as caught:
        shared_client.export(["Patient"], out=later if step == "begin" else begin, progress=False)  # type: ignore[arg-type]
    assert isinstance(caught.value.__cause__, TypeError)
    assert "coroutine" in str(caught.value.__cause__)


def test_a_sink_that_takes_less_than_it_is_given_fails(shared_client: bcda.Client) -> None:
    class Short:
        def write(self, data: bytes) -> int:
            return len(data) - 1

        def commit(self, size: int, sha256: str) -> None: ...
        def abort(self) -> None: ...

    with pytest.raises(bcda.SinkError) as caught:
        shared_client.export(["Patient"], out=lambda name, type: Short(), progress=False)
    assert re.search(r"wrote \d+ of \d+ bytes", str(caught.value.__cause__))


class Losing(MemoryFileSystem):  # type: ignore[misc]
    """A file system that loses bytes without an exception."""

    how = ""

    def _open(self, path: str, mode: str = "rb", **how: Any) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        file: Any = super()._open(path, mode, **how)
        if "w" in mode and path.endswith(".partial"):
            write = file.write
            file.write = lambda data: write(data[:-1] if self.how == "seen" else data + b"x") - (self.how != "seen")
        return file


@pytest.mark.parametrize(("how", "says"), [("seen", r"wrote \d+ of \d+ bytes"), ("unseen", r"bytes were stored")])
def test_a_file_system_that_loses_bytes_is_noticed(
    how: str, says: str, shared_client: bcda.Client, memory: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Losing, "how", how)
    monkeypatch.setattr("fsspec.core.url_to_fs", lambda url: (Losing(skip_instance_cache=True), url.split("://")[1]))
    with pytest.raises(bcda.SinkError) as caught:
        shared_client.export(["Patient"], out=memory, progress=False)
    assert re.search(says, str(caught.value.__cause__))
    assert [name for name in MemoryFileSystem().find(memory) if not name.endswith("export.json")] == []


def test_a_fetch_does_not_replace_a_remote_file(shared_client: bcda.Client, memory: str) -> None:
    manifest = shared_client.manifest(["Patient"], progress=False)
    first = shared_client.fetch(manifest, out=memory, progress=False)
    system = MemoryFileSystem()
    path = first.files[0].path.removeprefix("memory://")
    system.pipe_file(path, b"mine")
    with pytest.raises(bcda.SinkError) as caught:
        shared_client.fetch(manifest, out=memory, progress=False)
    assert isinstance(caught.value.__cause__, FileExistsError)
    assert system.cat_file(path) == b"mine"


def test_restart_is_for_directories(shared_client: bcda.Client, memory: str) -> None:
    with pytest.raises(bcda.InvalidArgumentError, match="restart is for directories"):
        shared_client.export(["Patient"], out=memory, restart=True)


def test_a_hidden_file_that_remains_is_reported(shared_client: bcda.Client, memory: str) -> None:
    MemoryFileSystem().pipe_file(f"{memory.removeprefix('memory://')}/.bcda-0.partial", b"x")
    with pytest.raises(bcda.FilesystemError, match=re.escape(".bcda-0.partial")):
        shared_client.export(["Patient"], out=memory)


def test_a_remote_export_whose_events_are_read_is_finished(shared_client: bcda.Client, memory: str) -> None:
    for _ in shared_client.start(["Patient"], out=memory):
        pass
    result = bcda.ExportResult.open(memory)
    assert sum(1 for _ in result.records()) == sum(file.records for file in result.files) > 0


@pytest.mark.parametrize(
    "change", [lambda text: text.splitlines(True)[0], lambda text: text + "{}\n"], ids=["less", "more"]
)
def test_a_file_that_changed_since_is_noticed(
    change: Callable[[str], str], shared_client: bcda.Client, tmp_path: Path
) -> None:
    result = shared_client.export(["Patient"], out=tmp_path / "out", progress=False)
    path = Path(result.files[0].path)
    path.write_text(change(path.read_text()))
    rows = result.table("beneficiary")
    for read in (lambda: list(result.records(raw=True)), lambda: list(result.records()), rows.to_pandas):
        with pytest.raises(bcda.VerificationError, match="changed"):
            read()
    next(result.records())  # reading one record is still allowed


def test_a_receipt_from_elsewhere(tmp_path: Path) -> None:
    write_export(tmp_path / "out", {"Patient": b"{}\n"})
    receipt = json.loads((tmp_path / "out/export.json").read_text())

    def open_with(**changes: object) -> bcda.ExportResult:
        files = [{**receipt["files"][0], **changes}]
        (tmp_path / "out/export.json").write_text(json.dumps({**receipt, "files": files}))
        return bcda.ExportResult.open(tmp_path / "out")

    assert len(list(open_with(added_in_a_later_release=1).records())) == 1
    for path in ("../../secret", "/etc/passwd", "error/../../x"):
        with pytest.raises(bcda.FilesystemError, match="leads elsewhere"):
            open_with(path=path)


def test_a_sandbox_lives_as_long_as_what_needs_it(tmp_path: Path) -> None:
    run = bcda.Sandbox(10, pending_time=0, job_time=0).client(**PROMPT).start(["Patient"], out=tmp_path / "out")
    assert run.result().files[0].records == 10


# ---- Nothing is misunderstood ----


def test_ctrl_c_at_a_prompt_is_no_failure_of_a_setting(shared_sandbox: bcda.Sandbox) -> None:
    def ask() -> str:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        shared_sandbox.client(client_secret=ask)


def test_a_page_instead_of_metadata() -> None:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "6")
            self.end_headers()
            self.wfile.write(b"<html>")

        def log_message(self, format: str, *args: Any) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Page) as server:
        answering = in_thread(server.handle_request)
        client = bcda.Client(f"http://127.0.0.1:{server.server_port}", env=False, types="not a type!")
        with pytest.raises(bcda.ProtocolError, match="a web page"):
            client.metadata()
        answering.result(30)
