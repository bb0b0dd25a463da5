"""Destinations other than directories: fsspec URLs and custom sinks. Unverified data stays hidden."""

from __future__ import annotations

import gc
import hashlib
import json
import stat
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import TimeoutError as FutureTimeoutError
from pathlib import Path
from typing import Any, ClassVar

import bcda
import fsspec
import pytest
from conftest import PROMPT, in_thread
from fsspec.implementations.memory import MemoryFileSystem
from fsspec.spec import AbstractBufferedFile, AbstractFileSystem

MakeSandbox = Callable[..., bcda.Sandbox]
PATIENCE = 30


def files_at(url: str) -> set[str]:
    """Every file of a destination, by its path there."""
    system, root = fsspec.core.url_to_fs(url)
    return {path[len(root) + 1 :] for path in system.find(root)}


def content_of(url: str) -> bytes:
    system, path = fsspec.core.url_to_fs(url)
    return bytes(system.cat_file(path))


# ---- fsspec: memory:// ----


def test_an_export_to_memory(shared_client: bcda.Client, memory: str) -> None:
    url = f"{memory}/claims"
    result = shared_client.export(out=url, progress=False)
    names = {file.path.rsplit("/", 1)[-1] for file in result.files}
    assert files_at(url) == names | {"export.json"}
    assert len(names) == 6
    for file in result.files:
        content = content_of(file.path)
        assert (len(content), hashlib.sha256(content).hexdigest()) == (file.bytes, file.sha256)
    receipt = json.loads(content_of(f"{url}/export.json"))
    assert receipt == result.receipt
    assert {row["path"] for row in receipt["files"]} == names


def test_read_back_from_memory(shared_client: bcda.Client, memory: str, tmp_path: Path) -> None:
    types = ["Patient", "Coverage"]
    remote = shared_client.export(types, out=f"{memory}/claims", progress=False)
    local = shared_client.export(types, out=tmp_path / "claims", progress=False)
    for kind in types:
        records = sorted(local.records(kind, raw=True))
        assert sorted(remote.records(kind, raw=True)) == records
        ids = {json.loads(record)["id"] for record in records}
        assert {record["id"] for record in remote.records(kind)} == ids


def test_error_files_in_memory(make_sandbox: MakeSandbox, memory: str) -> None:
    sandbox = make_sandbox(beneficiaries=40, error_rate=0.1, era="oct2019")
    result = sandbox.client(**PROMPT).export(["Patient"], out=f"{memory}/claims", progress=False)
    (file,) = result.error_files
    assert "/claims/error/OperationOutcome." in file.path
    assert {name.split("/")[0] for name in files_at(f"{memory}/claims") if "/" in name} == {"error"}
    assert result.issues[0].text.startswith("Error retrieving ")
    opened = bcda.ExportResult.open(f"{memory}/claims")
    assert opened.partial
    assert opened.issues == result.issues


OUTCOMES = {
    "diagnostics": (
        '{"severity": "Error", "code": "x", "diagnostics": "d", "details": {"text": "t"}}',
        ("error", "x", "d"),
    ),
    "details": ('{"severity": "odd", "code": "x", "details": {"text": "t"}}', ("odd", "x", "t")),
    "code": ('{"severity": "warning", "code": "x", "details": []}', ("warning", "x", "x")),
    "nothing": ("{}", ("", "", "")),
    "no object": ("7", ("error", "unreadable", "a line is not an OperationOutcome with issues")),
    "none": ("", ("error", "unreadable", "a line is not an OperationOutcome with issues")),
}


@pytest.mark.parametrize(("issue", "found"), OUTCOMES.values(), ids=OUTCOMES)
def test_issues_at_a_url(issue: str, found: tuple[str, str, str], memory: str) -> None:
    line = f'{{"resourceType": "OperationOutcome", "issue": [{issue}]}}\n'
    receipt = {
        "transactionTime": "",
        "started": "2026-07-01T00:00:00Z",
        "finished": "2026-07-01T00:00:01Z",
        "files": [],
        "errors": [
            {"type": "OperationOutcome", "path": "error/e.ndjson", "bytes": len(line) * 2, "records": 2, "sha256": "",
             "decrypted": False, "url": ""}
        ],
        "issues": {},
    }  # fmt: skip
    for name, text in (("error/e.ndjson", line * 2), ("export.json", json.dumps(receipt))):
        with fsspec.open(f"{memory}/{name}", "w") as file:
            file.write(text)  # pyright: ignore[reportAttributeAccessIssue]
    result = bcda.ExportResult.open(memory)
    assert not result.partial
    assert [(i.severity, i.code, i.text, i.count) for i in result.issues] == [(*found, 2)]


def test_files_that_fail_are_not_visible(make_sandbox: MakeSandbox, memory: str) -> None:
    sandbox = make_sandbox(beneficiaries_per_file=5, faults="flip:count=1")
    with pytest.raises(bcda.DecryptionError) as caught:
        sandbox.client(**PROMPT).export(["Patient"], out=f"{memory}/claims", progress=False)
    result = caught.value.result
    assert result is not None
    assert [file.path.rsplit("/", 1)[-1] for file in result.files] == list(files_at(f"{memory}/claims"))
    assert len(result.files) == 1
    assert sum(1 for _ in result.records("Patient")) == 5


class Watched(MemoryFileSystem):  # type: ignore[misc,unused-ignore]
    """Records the existing files whenever a file is opened, moved or completely written."""

    protocol = "watched"
    cachable = False
    store: ClassVar[dict[str, Any]] = {}  # pyright: ignore[reportIncompatibleVariableOverride]
    pseudo_dirs: ClassVar[list[str]] = [""]
    seen: ClassVar[list[tuple[str, str, set[str]]]] = []
    lock = threading.Lock()

    def note(self, what: str, path: str) -> None:
        with self.lock:
            self.seen.append((what, path, set(self.store)))

    def open(self, path: str, mode: str = "rb", *arguments: Any, **options: Any) -> Any:
        self.note(mode, path)
        return super().open(path, mode, *arguments, **options)

    def mv(self, path1: str, path2: str, *arguments: Any, **options: Any) -> None:
        self.note("mv", path2)
        super().mv(path1, path2, *arguments, **options)

    def pipe_file(self, path: str, value: bytes, *arguments: Any, **options: Any) -> None:
        self.note("pipe", path)
        super().pipe_file(path, value, *arguments, **options)


@pytest.fixture
def watched() -> Iterator[str]:
    fsspec.register_implementation("watched", Watched, clobber=True)
    yield f"watched://{uuid.uuid4().hex}"
    Watched.store.clear()
    Watched.seen.clear()


def visible(paths: set[str]) -> set[str]:
    """The files that are not hidden, by name."""
    return {path.rsplit("/", 1)[-1] for path in paths if "/." not in path}


def test_files_appear_at_the_end_and_the_receipt_last(shared_client: bcda.Client, watched: str) -> None:
    result = shared_client.export(out=watched, progress=False)
    moves = [(path, before) for what, path, before in Watched.seen if what == "mv"]
    published = [path.rsplit("/", 1)[-1] for path, _ in moves]
    assert sorted(published) == sorted(file.path.rsplit("/", 1)[-1] for file in result.files)
    for place, (path, before) in enumerate(moves):
        assert path not in before
        assert visible(before) <= set(published[:place])
    (receipt,) = (number for number, (what, _, _) in enumerate(Watched.seen) if what == "pipe")
    _, path, before = Watched.seen[receipt]
    assert path.endswith("/export.json")
    assert visible(before) == set(published)
    opened = [path for what, path, _ in Watched.seen[:receipt] if what == "wb"]
    assert len(opened) == len(published)
    assert all("/.bcda-" in path for path in opened), "under hidden names"


def test_a_success_that_is_only_waited_for_has_its_receipt(shared_client: bcda.Client, memory: str) -> None:
    with shared_client.start(["Patient"], out=f"{memory}/waited") as run:
        assert run.wait() is True
    with shared_client.start(["Patient"], out=f"{memory}/iterated") as run:
        assert list(run)[-1].status == "OK"
    for name in ("waited", "iterated"):
        assert "export.json" in files_at(f"{memory}/{name}")


@pytest.mark.parametrize("there", ["export.json", "Patient.x.ndjson"])
def test_occupied_place(there: str, shared_client: bcda.Client, memory: str) -> None:
    fsspec.filesystem("memory").pipe_file(f"{memory}/claims/{there}", b"{}\n")
    with pytest.raises(bcda.FilesystemError, match=there) as caught:
        shared_client.export(["Patient"], out=f"{memory}/claims", progress=False)
    assert caught.value.file is not None
    assert caught.value.file.startswith("memory://")
    assert files_at(f"{memory}/claims") == {there}


def test_a_place_with_other_things_is_not_occupied(shared_client: bcda.Client, memory: str) -> None:
    fsspec.filesystem("memory").pipe_file(f"{memory}/claims/README.txt", b"claims go here")
    shared_client.export(["Patient"], out=f"{memory}/claims/", progress=False)
    assert {"README.txt", "export.json"} < files_at(f"{memory}/claims")


def test_fetches_share_a_place(shared_client: bcda.Client, memory: str) -> None:
    manifest = shared_client.manifest(["Patient"], progress=False)
    for file in manifest.files:
        result = shared_client.fetch(file, out=memory, progress=False)
        assert sum(1 for _ in result.records("Patient")) == 10
    assert files_at(memory) == {f"Patient.{file.name}" for file in manifest.files}, "no receipt: it is no export"


def test_a_place_given_to_the_client(shared_sandbox: bcda.Sandbox, memory: str) -> None:
    result = shared_sandbox.client(**PROMPT, out=memory).export(["Patient"], progress=False)
    assert {file.path for file in result.files} < {
        f"memory:///{memory.partition('//')[2]}/{n}" for n in files_at(memory)
    }


def test_records_of_a_file_that_is_gone(shared_client: bcda.Client, memory: str) -> None:
    result = shared_client.export(["Patient"], out=memory, progress=False)
    fsspec.filesystem("memory").rm(result.files[0].path)
    with pytest.raises(bcda.FilesystemError) as caught:
        next(result.records("Patient"))
    assert caught.value.file == result.files[0].path


@pytest.mark.parametrize("slashes", ["file://", "local://"])
def test_a_file_url_is_a_directory(slashes: str, shared_client: bcda.Client, tmp_path: Path) -> None:
    result = shared_client.export(["Patient"], out=f"{slashes}{tmp_path}/claims", progress=False)
    assert (tmp_path / "claims" / "export.json").exists()
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "claims").glob("*.ndjson")} == {0o600}
    assert sum(1 for _ in result.records("Patient")) == 20
    with pytest.raises(bcda.FilesystemError):
        shared_client.export(["Patient"], out=f"{slashes}{tmp_path}/claims", progress=False)


def test_a_file_url_is_written_by_the_library(shared_client: bcda.Client, tmp_path: Path) -> None:
    result = shared_client.export(["Patient"], out=f"file://{tmp_path}/claims", progress=False)
    assert {Path(file).parent for file in result.files} == {tmp_path / "claims"}
    assert (tmp_path / "claims" / "log.ndjson").exists()
    opened = bcda.ExportResult.open(tmp_path / "claims")
    assert opened.files == result.files


@pytest.mark.parametrize("url", ["nosuch://bucket/claims", "s3://bucket/claims"], ids=["unknown", "not installed"])
def test_a_file_system_that_is_not_there(url: str, shared_client: bcda.Client) -> None:
    with pytest.raises(bcda.Error) as caught:
        shared_client.export(["Patient"], out=url, progress=False)
    assert url.partition(":")[0] in str(caught.value).lower()
    assert isinstance(caught.value.__cause__, (ValueError, ImportError))


# The operation of a file system that fails, and the stage of the export.
FAILING = ["isdir", "makedirs", "open", "mv", "pipe_file"]


@pytest.mark.parametrize("operation", FAILING)
def test_a_file_system_that_fails(
    operation: str, shared_client: bcda.Client, watched: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    raised = PermissionError(f"no {operation} for you")

    def fail(*arguments: Any, **options: Any) -> None:
        raise raised

    monkeypatch.setattr(Watched, operation, fail)
    with pytest.raises(bcda.Error) as caught:
        shared_client.export(["Patient"], out=watched, progress=False)
    assert caught.value.__cause__ is raised
    assert isinstance(caught.value, (bcda.SinkError, bcda.FilesystemError))
    assert "export.json" not in visible(set(Watched.store))
    assert not any(".partial" in path for path in Watched.store)


# ---- fsspec: files with a commit() method, like those of s3fs and gcsfs ----


class UploadFile(AbstractBufferedFile):  # type: ignore[misc]
    """A multipart upload, which is invisible before `commit`."""

    fs: Upload

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.parts: list[bytes] = []

    def _initiate_upload(self) -> None:
        self.fs.note("begin", self.path)

    def _upload_chunk(self, final: bool = False) -> bool:  # pyright: ignore[reportIncompatibleMethodOverride]
        self.parts.append(self.buffer.getvalue())
        self.fs.note("part", self.path)
        if final and self.autocommit:
            self.commit()
        return True

    def commit(self) -> None:
        if self.fs.failing == "commit":
            raise PermissionError("no commit for you")
        self.fs.objects[self.path] = b"".join(self.parts)
        self.fs.note("commit", self.path)

    def discard(self) -> None:
        self.parts.clear()
        self.fs.note("discard", self.path)


class Upload(AbstractFileSystem):  # type: ignore[misc]
    """An object store whose name in fsspec differs from its protocol."""

    protocol = "s3"
    cachable = False
    objects: ClassVar[dict[str, bytes]] = {}
    notes: ClassVar[list[tuple[str, str]]] = []
    failing: ClassVar[str] = ""
    lock = threading.Lock()

    def note(self, what: str, path: str) -> None:
        with self.lock:
            self.notes.append((what, path.rsplit("/", 1)[-1]))

    def _open(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, path: str, mode: str = "rb", autocommit: bool = True, **options: Any
    ) -> Any:
        if mode == "rb":
            return fsspec.core.OpenFile(MemoryFileSystem(), self._kept(path), mode).open()
        return UploadFile(self, path, mode, block_size=1 << 16, autocommit=autocommit)

    def _kept(self, path: str) -> str:
        """The memory file system does the reading."""
        MemoryFileSystem().pipe_file(f"/upload/{path}", self.objects[path])
        return f"/upload/{path}"

    def makedirs(self, path: str, exist_ok: bool = False) -> None:
        """There are no directories."""

    def mv(self, path1: str, path2: str, *arguments: Any, **options: Any) -> None:
        raise AssertionError("a copy of what may be 100 GB")

    def ls(self, path: str, detail: bool = True, **options: Any) -> list[Any]:
        names = [name for name in self.objects if name.startswith(path)]
        return [{"name": name, "type": "file", "size": 0} for name in names] if detail else names

    def isdir(self, path: str) -> bool:
        return bool(self.ls(path))

    def pipe_file(self, path: str, value: bytes, mode: str = "overwrite", **options: Any) -> None:
        self.objects[self._strip_protocol(path)] = value
        self.note("pipe", path)

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return path.partition("://")[2] or path


@pytest.fixture
def upload(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Upload]]:
    fsspec.register_implementation("uploads", Upload, clobber=True)
    yield Upload
    Upload.objects.clear()
    Upload.notes.clear()
    if MemoryFileSystem().exists("/upload"):
        MemoryFileSystem().rm("/upload", recursive=True)


def test_uploads_are_committed_when_verified(make_sandbox: MakeSandbox, upload: type[Upload]) -> None:
    sandbox = make_sandbox(bytes_per_type="2MiB", files_per_type=2)
    result = sandbox.client(**PROMPT).export(["Patient"], out="uploads://bucket/claims", progress=False)
    names = [file.path.rsplit("/", 1)[-1] for file in result.files]
    assert sorted(upload.objects) == sorted(f"bucket/claims/{name}" for name in [*names, "export.json"])
    for file in result.files:
        assert file.path.startswith("s3://bucket/claims/Patient.")
        content = upload.objects[file.path.partition("://")[2]]
        assert (len(content), hashlib.sha256(content).hexdigest()) == (file.bytes, file.sha256)
        steps = [what for what, name in upload.notes if name == file.path.rsplit("/", 1)[-1]]
        assert Counter(steps)["part"] > 2, "it went up as it came down"
        assert (steps[0], steps[-1], Counter(steps)["commit"]) == ("begin", "commit", 1)
    assert upload.notes[-1] == ("pipe", "export.json")
    assert sum(1 for _ in result.records("Patient")) == sum(file.records for file in result.files)


@pytest.mark.parametrize("size", ["600KiB", "20KiB"], ids=["begun", "not begun"])
def test_uploads_of_what_fails_are_discarded(size: str, make_sandbox: MakeSandbox, upload: type[Upload]) -> None:
    sandbox = make_sandbox(bytes_per_type=size, files_per_type=2, faults="flip:count=1:at=99%")
    with pytest.raises(bcda.DecryptionError) as caught:
        sandbox.client(**PROMPT).export(["Patient"], out="uploads://bucket/claims", progress=False)
    assert caught.value.result is not None
    (whole,) = caught.value.result.files
    del caught
    gc.collect()  # the finalizer of a file that is not closed would upload it
    (failed,) = (name for what, name in upload.notes if what == "discard")
    steps = [what for what, name in upload.notes if name == failed]
    assert steps[0] == ("begin" if size == "600KiB" else "discard")
    assert steps[-1] == "discard"
    assert "commit" not in steps
    assert list(upload.objects) == [whole.path.partition("://")[2]]


def test_an_upload_that_cannot_be_committed(
    shared_client: bcda.Client, upload: type[Upload], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload, "failing", "commit")
    with pytest.raises(bcda.SinkError) as caught:
        shared_client.export(["Patient"], out="uploads://bucket/claims", progress=False)
    assert isinstance(caught.value.__cause__, PermissionError)
    assert Counter(what for what, _ in upload.notes)["discard"] == 2
    assert upload.objects == {}


def test_an_occupied_bucket(shared_client: bcda.Client, upload: type[Upload]) -> None:
    upload.objects["bucket/claims/Patient.old.ndjson"] = b"{}\n"
    with pytest.raises(bcda.FilesystemError, match=r"Patient\.old\.ndjson"):
        shared_client.export(["Patient"], out="uploads://bucket/claims", progress=False)
    assert upload.notes == []


# ---- Custom sinks ----


class Recorder:
    """A sink that records every call. `fails` is called with the step and the number of the file, and may raise."""

    def __init__(self, fails: Callable[[str, int], object] = lambda step, number: None) -> None:
        self.fails = fails
        self.files: list[RecorderFile] = []
        self.lock = threading.Lock()

    def __call__(self, name: str, type: str) -> RecorderFile:
        with self.lock:
            file = RecorderFile(self, name, type, len(self.files))
            self.files.append(file)
        self.fails("begin", file.number)
        return file

    def steps(self) -> list[list[str]]:
        """The calls of each file, in the order in which the files started."""
        return [file.steps for file in self.files]


class RecorderFile:
    def __init__(self, sink: Recorder, name: str, type: str, number: int) -> None:
        self.sink, self.name, self.type, self.number = sink, name, type, number
        self.steps = ["begin"]
        self.content = b""
        self.size, self.sha256 = -1, ""
        self.busy = threading.Lock()  # one call at a time for a file

    def step(self, name: str) -> None:
        assert self.busy.acquire(blocking=False), "two calls at once"
        try:
            if self.steps[-1] != name:
                self.steps.append(name)
            self.sink.fails(name, self.number)
        finally:
            self.busy.release()

    def write(self, data: bytes) -> int:
        assert isinstance(data, bytes)
        self.content += data
        self.step("write")
        return len(data)

    def commit(self, size: int, sha256: str) -> None:
        self.size, self.sha256 = size, sha256
        self.step("commit")

    def abort(self) -> None:
        assert self.steps[-1] != "abort", "aborted twice"
        self.step("abort")


def raiser(step: str, error: BaseException, only: int | None = None) -> Callable[[str, int], None]:
    """Raises in this step, for all files or only for the file `only`."""

    def fail(now: str, number: int) -> None:
        if now == step and only in (None, number):
            raise error

    return fail


def test_a_sink_gets_whole_files(make_sandbox: MakeSandbox, tmp_path: Path) -> None:
    sandbox = make_sandbox(bytes_per_type="600KiB", files_per_type=3)
    sink = Recorder()
    result = sandbox.client(**PROMPT).export(["Patient", "Coverage"], out=sink, progress=False)
    assert sink.steps() == [["begin", "write", "commit"]] * 6
    got = {file.name: file for file in sink.files}
    assert got.keys() == {file.path for file in result.files}, "a file is known by its name"
    for file in result.files:
        mine = got[file.path]
        assert mine.name.startswith(f"{mine.type}.")
        assert mine.type == file.type
        assert (mine.size, mine.sha256) == (file.bytes, file.sha256)
        assert (len(mine.content), hashlib.sha256(mine.content).hexdigest()) == (file.bytes, file.sha256)
    assert list(tmp_path.iterdir()) == []
    assert result.receipt["status"] == "OK"


def test_events_name_a_sinks_files(shared_client: bcda.Client) -> None:
    reported: list[bcda.Event] = []
    result = shared_client.export(["Patient"], out=Recorder(), progress=reported.append)
    assert {event.file for event in reported if event.kind == "file"} == {file.path for file in result.files}


def test_error_files_go_to_a_sink_too(make_sandbox: MakeSandbox) -> None:
    sink = Recorder()
    sandbox = make_sandbox(beneficiaries=40, error_rate=0.1, era="oct2019")
    result = sandbox.client(**PROMPT).export(["Patient"], out=sink, progress=False)
    assert {(file.type, file.name.split("/")[0]) for file in sink.files} == {
        ("Patient", result.files[0].path),
        ("OperationOutcome", "error"),
    }


def test_records_of_a_sink_are_the_callers(shared_client: bcda.Client) -> None:
    result = shared_client.export(["Patient"], out=Recorder(), progress=False)
    with pytest.raises(bcda.StateError, match="sink of your own"):
        next(result.records("Patient"))


def test_a_fetch_to_a_sink(shared_sandbox: bcda.Sandbox) -> None:
    sink = Recorder()
    client = shared_sandbox.client(**PROMPT, out=sink)
    client.fetch(client.manifest(["Coverage"], progress=False), progress=False)
    assert sink.steps() == [["begin", "write", "commit"]] * 2


def test_what_does_not_verify_is_aborted(make_sandbox: MakeSandbox) -> None:
    sandbox = make_sandbox(beneficiaries_per_file=5, faults="flip:count=1")
    sink = Recorder()
    with pytest.raises(bcda.DecryptionError) as caught:
        sandbox.client(**PROMPT).export(["Patient"], out=sink, progress=False)
    assert sorted(sink.steps()) == [["begin", "write", "abort"], ["begin", "write", "commit"]]
    assert caught.value.result is not None
    assert [file.path for file in caught.value.result.files] == [f.name for f in sink.files if "commit" in f.steps]


def test_a_file_that_is_retried_starts_again(make_sandbox: MakeSandbox) -> None:
    sandbox = make_sandbox(bytes_per_type="600KiB", files_per_type=1, faults=["reset:count=1:at=90%", "ignore-range"])
    sink = Recorder()
    result = sandbox.client(**PROMPT).export(["Patient"], out=sink, progress=False)
    assert sink.steps() == [["begin", "write", "abort"], ["begin", "write", "commit"]]
    first, second = sink.files
    assert first.name == second.name
    assert 0 < len(first.content) < len(second.content) == result.files[0].bytes


def test_a_file_that_is_continued_is_begun_once(make_sandbox: MakeSandbox) -> None:
    sandbox = make_sandbox(bytes_per_type="600KiB", files_per_type=1, faults="reset:count=1:at=90%")
    sink = Recorder()
    result = sandbox.client(**PROMPT).export(["Patient"], out=sink, progress=False)
    assert sink.steps() == [["begin", "write", "commit"]]
    assert len(sink.files[0].content) == result.files[0].bytes


STEPS = {"begin": ["begin"], "write": ["begin", "write", "abort"], "commit": ["begin", "write", "commit", "abort"]}


@pytest.mark.parametrize("error", [OSError(28, "full"), KeyError("k"), SystemExit(2)], ids=repr)
@pytest.mark.parametrize("step", STEPS)
def test_what_a_sink_raises_is_the_cause(step: str, error: BaseException, shared_client: bcda.Client) -> None:
    sink = Recorder(raiser(step, error))
    run = shared_client.start(["Patient"], out=sink)
    for _ in range(2):  # the same error each time
        with pytest.raises(bcda.SinkError, match=step) as caught:
            run.result()
        assert caught.value.__cause__ is error
    assert sink.steps() == [STEPS[step]] * 2
    with pytest.raises(bcda.SinkError) as caught:
        shared_client.export(["Patient"], out=sink, progress=False)
    assert caught.value.__cause__ is error
    assert caught.value.result is not None
    assert caught.value.result.files == []


@pytest.mark.parametrize("step", STEPS)
def test_one_file_that_fails_does_not_stop_the_other(step: str, shared_client: bcda.Client) -> None:
    error = OSError(step)
    sink = Recorder(raiser(step, error, only=0))
    with pytest.raises(bcda.SinkError, match="1 of 2 files failed") as caught:
        shared_client.export(["Patient"], out=sink, progress=False, parallel=1)
    assert caught.value.__cause__ is error
    assert sink.steps() == [STEPS[step], ["begin", "write", "commit"]]
    assert caught.value.result is not None
    assert [file.path for file in caught.value.result.files] == [sink.files[1].name]


def test_what_abort_raises_does_not_matter(make_sandbox: MakeSandbox) -> None:
    sandbox = make_sandbox(faults=["reset:count=1", "ignore-range"])
    sink = Recorder(raiser("abort", OSError("abort")))
    sandbox.client(**PROMPT).export(["Patient"], out=sink, progress=False)
    assert sink.steps() == [["begin", "write", "abort"], ["begin", "write", "commit"]]


def test_the_cause_is_what_failed_the_file(make_sandbox: MakeSandbox) -> None:
    """The cause is not what an abort raised earlier, after the first try of the file."""
    sandbox = make_sandbox(faults=["reset:count=1", "ignore-range"])
    causes = {"abort": OSError("abort"), "commit": OSError("commit")}

    def fails(step: str, number: int) -> None:
        if step in causes:
            raise causes[step]

    with pytest.raises(bcda.SinkError, match="commit") as caught:
        sandbox.client(**PROMPT).export(["Patient"], out=Recorder(fails), progress=False)
    assert caught.value.__cause__ is causes["commit"]


@pytest.mark.parametrize("made", [None, object(), "text"], ids=["None", "object", "text"])
def test_a_sink_that_makes_no_file(made: Any, shared_client: bcda.Client) -> None:
    with pytest.raises(bcda.SinkError) as caught:
        shared_client.export(["Patient"], out=lambda name, type: made, progress=False)
    assert isinstance(caught.value.__cause__, AttributeError)


def test_a_sink_that_cannot_be_called_so(shared_client: bcda.Client) -> None:
    bad: Any = lambda name: None  # noqa: E731
    with pytest.raises(bcda.SinkError) as caught:
        shared_client.export(["Patient"], out=bad, progress=False)
    assert isinstance(caught.value.__cause__, TypeError)


def test_a_sink_may_cancel_the_run_that_calls_it(make_sandbox: MakeSandbox) -> None:
    # A download whose bytes are always ready checks for a cancellation every 4 MiB.
    sandbox = make_sandbox(bytes_per_type="12MiB", files_per_type=1)
    started = threading.Event()
    runs: list[bcda.Run[bcda.ExportResult]] = []

    def cancel(step: str, number: int) -> None:
        if step == "write":
            assert started.wait(PATIENCE)
            runs[0].cancel()

    sink = Recorder(cancel)
    runs.append(sandbox.client(**PROMPT).start(["Patient"], out=sink))
    started.set()
    with pytest.raises(bcda.CanceledError):
        runs[0].result()
    assert sink.steps() == [["begin", "write", "abort"]]


def test_close_waits_until_a_sink_is_let_go_of(shared_client: bcda.Client) -> None:
    inside, leave = threading.Event(), threading.Event()

    def hold(step: str, number: int) -> None:
        if step == "write":
            inside.set()
            assert leave.wait(PATIENCE)

    sink = Recorder(hold)
    run = shared_client.start(["Patient"], out=sink)
    assert inside.wait(PATIENCE)
    closing = in_thread(run.close)
    with pytest.raises(FutureTimeoutError):  # a write is still running
        closing.result(0.1)
    leave.set()
    closing.result(PATIENCE)
    assert {steps[-1] for steps in sink.steps()} <= {"abort", "commit"}
    before = sink.steps()
    gc.collect()
    assert sink.steps() == before


def test_several_files_at_once(shared_client: bcda.Client) -> None:
    """Two writes wait for each other. They would never end if only one ran at a time."""
    both = threading.Barrier(2)
    sink = Recorder(lambda step, number: step == "write" and both.wait(PATIENCE))
    result = shared_client.export(["Patient"], out=sink, progress=False, parallel=2)
    assert len(result.files) == 2


def test_a_sink_cannot_wait_for_any_run(shared_client: bcda.Client) -> None:
    """A sink runs on a thread that serves the runs. With one thread, the wait would block everything."""

    def ask(step: str, number: int) -> None:
        if step == "commit":
            shared_client.metadata()

    with pytest.raises(bcda.SinkError) as caught:
        shared_client.export(["Patient"], out=Recorder(ask), progress=False)
    assert isinstance(caught.value.__cause__, bcda.StateError)
