"""Whole runs against a sandbox: their files, their events, and the use of their results."""

from __future__ import annotations

import builtins
import hashlib
import json
import logging
import multiprocessing
import os
import pickle
import re
import selectors
import stat
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import bcda
import pytest
from conftest import PROMPT, in_thread, settings_for, write_export

MakeSandbox = Callable[..., bcda.Sandbox]
TYPES = ["Patient", "Coverage", "ExplanationOfBenefit"]
PATIENCE = 30  # seconds; what has not ended after this time counts as hanging


def names_in(directory: Path) -> set[str]:
    """All files by their paths in the directory, except the library's own files."""
    files = {str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()}
    return {name for name in files if not name.startswith(".bcda/")} - {"export.json", "log.ndjson"}


def name_of(file: bcda.ManifestFile) -> str:
    """The name of a file in a directory."""
    return f"{file.type}.{file.name}"


@pytest.fixture(scope="module")
def exported(shared_client: bcda.Client, tmp_path_factory: pytest.TempPathFactory) -> tuple[bcda.ExportResult, Path]:
    """An export of all types, with two files each."""
    out = tmp_path_factory.mktemp("export") / "claims"
    return shared_client.export(out=out, progress=False), out


@pytest.fixture(scope="module")
def manifest(shared_client: bcda.Client) -> bcda.Manifest:
    return shared_client.manifest(["Patient", "Coverage"], progress=False)


@pytest.fixture
def hanging(make_sandbox: MakeSandbox, tmp_path: Path) -> Iterator[bcda.Run[bcda.ExportResult]]:
    """A run that gets no token, so it has only one event."""
    sandbox = make_sandbox(faults="delay=1h:on=POST /auth/token")
    with sandbox.client(**PROMPT).start(["Patient"], out=tmp_path / "hanging") as run:
        first = run.next_event(PATIENCE)
        assert first is not None
        assert (first.kind, first.text) == ("state", "authenticating")
        yield run


# ---- The files of an export ----


def test_files_are_as_the_result_says(exported: tuple[bcda.ExportResult, Path]) -> None:
    result, out = exported
    assert result.types == sorted(TYPES)
    assert Counter(file.type for file in result.files) == dict.fromkeys(TYPES, 2)
    assert names_in(out) == {os.path.basename(file.path) for file in result.files}
    for file in result.files:
        with open(file, "rb") as opened:
            content = opened.read()
        assert os.path.dirname(file.path) == str(out)
        assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
        assert (len(content), hashlib.sha256(content).hexdigest()) == (file.bytes, file.sha256)
        assert (file.decrypted, file.is_error) == (True, False)
        records = [json.loads(line) for line in content.splitlines()]
        assert len(records) == file.records > 0
        assert {record["resourceType"] for record in records} == {file.type}
    assert result.error_files == []
    assert result.issues == []


def test_receipt(exported: tuple[bcda.ExportResult, Path]) -> None:
    result, out = exported
    assert json.loads((out / "export.json").read_text()) == result.receipt
    assert result.receipt["status"] == "OK"
    assert result.transaction_time is not None
    assert result.transaction_time.tzinfo is not None
    assert result.exit_code == 0
    assert result.elapsed > 0
    assert not (out / ".bcda").exists()
    assert (
        repr(result)
        == f"<ExportResult: 6 files, {total(result, 'records'):,} records, {total(result, 'bytes'):,} bytes>"
    )


def total(result: bcda.ExportResult, field: str) -> int:
    return sum(int(getattr(file, field)) for file in result.files)


def expect_equal(one: bcda.ExportResult, other: bcda.ExportResult) -> None:
    for name in ("files", "error_files", "receipt", "transaction_time", "types", "issues"):
        assert getattr(one, name) == getattr(other, name), name
    assert one.elapsed == pytest.approx(other.elapsed, abs=0.0011)  # the receipt has whole milliseconds
    assert list(one.records(raw=True)) == list(other.records(raw=True))


def test_opened_later_it_is_the_same(exported: tuple[bcda.ExportResult, Path]) -> None:
    result, out = exported
    expect_equal(bcda.ExportResult.open(out), result)
    expect_equal(bcda.ExportResult.open(str(out)), result)


def test_what_is_no_finished_export_cannot_be_opened(make_sandbox: MakeSandbox, tmp_path: Path) -> None:
    client = make_sandbox(faults="flip").client(**PROMPT)
    with pytest.raises(bcda.DecryptionError):
        client.export(["Patient"], out=tmp_path / "failed", progress=False)
    (tmp_path / "empty").mkdir()
    for name in ("failed", "empty", "none"):
        with pytest.raises(bcda.FilesystemError, match=name) as caught:
            bcda.ExportResult.open(tmp_path / name)
        assert caught.value.file == str(tmp_path / name / "export.json")
        assert isinstance(caught.value.__cause__, FileNotFoundError)


@pytest.mark.parametrize("text", ["", "nonsense", "[]", "{}", '{"files":[{}],"errors":[]}'])
def test_a_receipt_that_is_none(text: str, tmp_path: Path) -> None:
    (tmp_path / "export.json").write_text(text)
    with pytest.raises(bcda.FilesystemError, match="receipt") as caught:
        bcda.ExportResult.open(tmp_path)
    assert caught.value.file == str(tmp_path / "export.json")


def test_another_working_directory_does_no_harm(
    shared_client: bcda.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    result = shared_client.export(["Patient"], out="claims", progress=False)
    opened = bcda.ExportResult.open("claims")
    run = shared_client.start(["Patient"], out="started")
    monkeypatch.chdir(tmp_path / "elsewhere")
    expect_equal(opened, result)
    assert sum(1 for _ in result.records("Patient")) == 20
    assert os.path.dirname(run.result().files[0].path) == str(tmp_path / "started")
    assert sum(1 for _ in run.result().records("Patient")) == 20


@pytest.mark.parametrize("call", ["export", "start", "fetch", "start_fetch"])
def test_without_a_place_nothing_is_written(
    call: str,
    shared_client: bcda.Client,
    manifest: bcda.Manifest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    what: Any = manifest if "fetch" in call else ["Patient"]
    with pytest.raises(bcda.InvalidArgumentError, match="out"):
        getattr(shared_client, call)(what)
    assert list(tmp_path.iterdir()) == []


def test_types_in_every_form(shared_client: bcda.Client) -> None:
    forms: list[Any] = [
        "Patient,Coverage",
        ["Patient", "Coverage"],
        ("Patient", "Coverage"),
        iter(["Patient", "Coverage"]),
    ]
    for types in forms:
        files = shared_client.manifest(types, progress=False).files
        assert sorted({file.type for file in files}) == ["Coverage", "Patient"]


# ---- Manifest, then files ----


def pretty(text: str) -> str:
    """The same manifests with indentation, as another program may store them."""
    return "\n".join(json.dumps(json.loads(line), indent=2) for line in text.splitlines())


WAYS: dict[str, tuple[Callable[[bcda.Manifest], Any], slice]] = {
    "a Manifest": (lambda m: m, slice(None)),
    "its text": (lambda m: m.text, slice(None)),
    "its text, laid out": (lambda m: pretty(m.text), slice(None)),
    "a Manifest made again": (lambda m: bcda.Manifest(m.text), slice(None)),
    "a dict": (lambda m: json.loads(m.text.splitlines()[0]), slice(0, 2)),
    "a file": (lambda m: m.files[3], slice(3, 4)),
    "several files": (lambda m: m.files[1:3], slice(1, 3)),
    "a generator of files": (lambda m: (file for file in m.files), slice(None)),
    "a pickled file": (lambda m: pickle.loads(pickle.dumps(m.files[0])), slice(0, 1)),
}


@pytest.mark.parametrize(("what", "wanted"), WAYS.values(), ids=WAYS)
def test_fetch_of(
    what: Callable[[bcda.Manifest], Any],
    wanted: slice,
    manifest: bcda.Manifest,
    shared_client: bcda.Client,
    tmp_path: Path,
) -> None:
    result = shared_client.fetch(what(manifest), out=tmp_path / "claims", progress=False)
    expected = {name_of(file) for file in manifest.files[wanted]}
    assert {os.path.basename(file.path) for file in result.files} == names_in(tmp_path / "claims") == expected
    assert all(file.decrypted and file.records > 0 for file in result.files)


def test_manifest_files(manifest: bcda.Manifest) -> None:
    assert len(manifest.files) == 4
    assert manifest.transaction_time is not None
    for file in manifest.files:
        assert file.url.endswith("/" + file.name)
        assert not file.is_error
        (alone,) = bcda.Manifest(file.manifest).files
        assert alone == file
        assert file.manifest not in repr(file), "it has the file's key"


LAYOUTS: dict[str, Callable[[str], str]] = {
    "laid out": pretty,
    "all in a line": lambda text: text.replace("\n", ""),
    "lines of Windows": lambda text: text.replace("\n", "\r\n"),
    "a text with another line end": lambda text: text.replace('{"', '{"comment":"a\u2028b","', 1),
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_a_manifest_may_be_laid_out(
    layout: Callable[[str], str], manifest: bcda.Manifest, shared_client: bcda.Client, tmp_path: Path
) -> None:
    text = layout(manifest.text)
    assert len(shared_client.fetch(text, out=tmp_path, progress=False).files) == 4, "the library reads it"
    again = bcda.Manifest(text)
    assert [file.url for file in again.files] == [file.url for file in manifest.files]
    assert again.transaction_time == manifest.transaction_time


@pytest.mark.parametrize("text", ["<html>", '{"output":', "[]", "5"])
def test_a_manifest_that_is_none(text: str) -> None:
    with pytest.raises(bcda.InvalidArgumentError):
        bcda.Manifest(text).files  # noqa: B018


def test_a_manifest_lists_error_files_too(make_sandbox: MakeSandbox, tmp_path: Path) -> None:
    client = make_sandbox(beneficiaries=40, error_rate=0.1, era="nov2018").client(**PROMPT)
    files = client.manifest(["Patient"], progress=False).files
    assert [file.is_error for file in files] == [False, True]
    result = client.fetch(files[1], out=tmp_path / "errors", progress=False)
    assert result.files == []
    assert [issue.code for issue in result.issues] == ["Exception"]


@pytest.mark.parametrize("by", ["name", "url"])
def test_one_file_of_a_manifest(by: str, manifest: bcda.Manifest, shared_client: bcda.Client, tmp_path: Path) -> None:
    wanted = manifest.files[2]
    result = shared_client.fetch(manifest, out=tmp_path, file=getattr(wanted, by), progress=False)
    assert [os.path.basename(file.path) for file in result.files] == [name_of(wanted)]


def test_fetches_share_a_directory(manifest: bcda.Manifest, shared_client: bcda.Client, tmp_path: Path) -> None:
    for file in manifest.files:
        shared_client.fetch(file, out=tmp_path, progress=False)
    assert names_in(tmp_path) == {name_of(file) for file in manifest.files}
    again = shared_client.fetch(manifest.files[0], out=tmp_path, progress=False)
    assert {os.path.basename(file.path) for file in again.files} == {name_of(manifest.files[0])}


@pytest.mark.parametrize(
    ("what", "file"),
    [("<html>", None), ([], None), ({}, None), ("{}", None), (None, "none.ndjson")],
    ids=["not JSON", "no files", "an empty dict", "an empty object", "a file that it has not"],
)
def test_what_cannot_be_fetched(
    what: Any, file: str | None, manifest: bcda.Manifest, shared_client: bcda.Client, tmp_path: Path
) -> None:
    with pytest.raises(bcda.Error) as caught:
        shared_client.fetch(manifest if what is None else what, out=tmp_path / "x", file=file, progress=False)
    assert isinstance(caught.value, (bcda.InvalidArgumentError, bcda.ProtocolError))
    assert not (tmp_path / "x").exists()


def test_a_fetch_knows_only_types_that_were_fetched(
    manifest: bcda.Manifest, shared_client: bcda.Client, tmp_path: Path
) -> None:
    result = shared_client.fetch(manifest.files[0], out=tmp_path, progress=False)
    assert sum(1 for _ in result.records(manifest.files[0].type)) > 0
    with pytest.raises(bcda.InvalidArgumentError):
        result.records("ExplanationOfBenefit")  # the type was not requested, so an empty result would be wrong


def fetch_one(task: tuple[dict[str, Any], bcda.ManifestFile, Path]) -> bcda.File:
    settings, file, out = task
    with bcda.Client(**settings) as client:
        return client.fetch(file, out=out, progress=False).files[0]


def test_files_are_fetched_by_other_processes(
    manifest: bcda.Manifest, shared_sandbox: bcda.Sandbox, tmp_path: Path
) -> None:
    tasks = [(settings_for(shared_sandbox), file, tmp_path) for file in manifest.files]
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        files = pool.map(fetch_one, tasks)
    assert [os.path.basename(file.path) for file in files] == [name_of(file) for file in manifest.files]
    for file in files:
        assert hashlib.sha256(Path(file).read_bytes()).hexdigest() == file.sha256


def test_metadata(shared_client: bcda.Client, shared_sandbox: bcda.Sandbox) -> None:
    before = shared_sandbox.request_count("POST /auth/token")
    metadata = shared_client.metadata()
    assert metadata["resourceType"] == "CapabilityStatement"
    assert shared_client.start_metadata().result() == metadata
    assert shared_sandbox.request_count("POST /auth/token") == before, "it needs no token"


# ---- Events ----


def test_events_come_in_order(shared_client: bcda.Client, tmp_path: Path) -> None:
    run = shared_client.start(["Patient", "Coverage"], out=tmp_path / "claims")
    events = list(run)
    result = run.result()

    def all_of(kind: str, type: str | None = None) -> list[int]:
        return [i for i, event in enumerate(events) if event.kind == kind and type in (None, event.type)]

    states = [events[i].text for i in all_of("state")]
    assert states == ["authenticating", "kick-off", "waiting", "downloading", "finished"]
    for kind in ("Patient", "Coverage"):
        (job,), (manifest,), files = all_of("job", kind), all_of("manifest", kind), all_of("file", kind)
        assert 0 < job < manifest < min(files)
        assert len(files) == events[manifest].files_total == 2
        assert all(job < poll < manifest for poll in all_of("poll", kind))
        assert "/api/v1/jobs/" in events[job].url
    published = [events[i] for i in all_of("file")]
    assert {(e.file, e.bytes_done) for e in published} == {(file.path, file.bytes) for file in result.files}
    last = [events[i] for i in all_of("progress")][-1]
    assert last.files_done == last.files_total == 4
    assert last.bytes_done == last.bytes_total
    assert all_of("finished") == [len(events) - 1]
    assert (events[-1].status, events[-1].text) == ("OK", "")
    assert [json.loads(event.json)["event"] for event in events] == [event.kind for event in events]


def test_fields_that_do_not_apply_are_empty(shared_client: bcda.Client, tmp_path: Path) -> None:
    first = next(shared_client.start(["Patient"], out=tmp_path / "claims"))
    numbers = ("percent", "bytes_done", "bytes_total", "files_done", "files_total", "wait")
    assert {getattr(first, name) for name in numbers} == {None}
    assert {first.type, first.file, first.url} == {""}


def test_events_of_what_goes_wrong(make_sandbox: MakeSandbox, tmp_path: Path) -> None:
    sandbox = make_sandbox(beneficiaries_per_file=5, faults=["reset:count=1", "flip:skip=1:count=1"])
    run = sandbox.client(**PROMPT).start(["Patient"], out=tmp_path / "claims")
    events = list(run)
    (retry,) = (event for event in events if event.kind == "retry")
    (warning,) = (event for event in events if event.kind == "warning")
    assert retry.wait is not None
    assert 0 <= retry.wait < 10, "seconds"
    assert retry.file
    assert retry.file in retry.text
    with pytest.raises(bcda.DecryptionError) as caught:
        run.result()
    assert (warning.status, warning.file) == ("DECRYPTION", caught.value.file)
    assert (events[-1].kind, events[-1].status, events[-1].text) == ("finished", "DECRYPTION", str(caught.value))


def test_progress_gets_every_event(shared_client: bcda.Client, manifest: bcda.Manifest, tmp_path: Path) -> None:
    reported: list[bcda.Event] = []
    shared_client.export(["Patient"], out=tmp_path / "export", progress=reported.append)
    assert {"state", "job", "manifest", "file", "progress", "finished"} <= {event.kind for event in reported}
    assert reported[-1].kind == "finished"
    reported.clear()
    shared_client.manifest(["Patient"], progress=reported.append)
    assert {"job", "manifest"} <= {event.kind for event in reported}
    assert "file" not in {event.kind for event in reported}
    reported.clear()
    shared_client.fetch(manifest, out=tmp_path / "fetch", progress=reported.append)
    assert Counter(event.kind for event in reported)["file"] == 4


def test_what_progress_raises_ends_the_run(make_sandbox: MakeSandbox, tmp_path: Path) -> None:
    client = make_sandbox(faults="job-hangs").client(**PROMPT)  # without the end of the run, this call would not return
    raised = RuntimeError("stop")

    def report(event: bcda.Event) -> None:
        if event.kind == "job":
            raise raised

    with pytest.raises(RuntimeError) as caught:
        client.export(["Patient"], out=tmp_path / "claims", progress=report)
    assert caught.value is raised
    assert not (tmp_path / "claims" / "export.json").exists()


# ---- Waiting, canceling, closing ----


def test_waits_end_when_their_time_is_over(hanging: bcda.Run[bcda.ExportResult]) -> None:
    for time in (0, 0.01, -1):
        assert hanging.next_event(time) is None
        assert hanging.wait(time) is False
        with pytest.raises(builtins.TimeoutError) as caught:
            hanging.result(time)
        assert not isinstance(caught.value, bcda.Error), "the run did not fail"
    assert hanging.done is False


def test_after_the_end(shared_client: bcda.Client, tmp_path: Path) -> None:
    with shared_client.start(["Patient"], out=tmp_path / "claims") as run:
        assert run.wait() is True
        assert run.wait(0) is True
        assert run.done is True
        result = run.result(0)
        assert run.result() is result
        assert list(run)[-1].kind == "finished"
        assert list(run) == []
        assert run.next_event() is None
        run.cancel()  # has no effect any more
        assert run.wait() is True
    # The result is kept, and everything else is released.
    assert run.result() is result
    assert (run.wait(), run.done) == (True, True)
    run.close()
    run.cancel()
    for call in (run.next_event, lambda: next(run)):
        with pytest.raises(bcda.StateError, match="closed"):
            call()


def test_cancel(hanging: bcda.Run[bcda.ExportResult], tmp_path: Path) -> None:
    hanging.cancel()
    for call in (hanging.wait, hanging.result):
        with pytest.raises(bcda.CanceledError) as caught:
            call()
        assert caught.value.exit_code == 130
        assert caught.value.result is not None
        assert caught.value.result.files == []
    assert hanging.done is True
    assert [(event.kind, event.status) for event in hanging][-1] == ("finished", "CANCELED")
    assert names_in(tmp_path / "hanging") == set()


def test_a_directory_in_use_is_free_again_later(
    hanging: bcda.Run[bcda.ExportResult], shared_client: bcda.Client, tmp_path: Path
) -> None:
    with pytest.raises(bcda.FilesystemError, match="in use by another run") as caught:
        shared_client.export(["Patient"], out=tmp_path / "hanging", restart=True, progress=False)
    assert caught.value.retriable is True
    hanging.close()
    shared_client.export(["Patient"], out=tmp_path / "hanging", restart=True, progress=False)


def test_cancel_while_downloading_leaves_no_file_under_its_name(make_sandbox: MakeSandbox, tmp_path: Path) -> None:
    sandbox = make_sandbox(bytes_per_type="1MiB", files_per_type=1, faults="stall")
    run = sandbox.client(**PROMPT).start(["Patient"], out=tmp_path / "claims")
    for event in run:
        if event.kind == "progress":  # the first bytes have arrived
            run.cancel()
    with pytest.raises(bcda.CanceledError):
        run.result()
    assert names_in(tmp_path / "claims") == set()
    kept = os.listdir(tmp_path / "claims" / ".bcda")
    assert "journal.ndjson" in kept
    assert all(re.fullmatch(r"journal(-\d+)?\.ndjson|manifest-.*\.json|.*\.partial", name) for name in kept), kept


def test_leaving_the_with_block_ends_the_run(make_sandbox: MakeSandbox, tmp_path: Path) -> None:
    client = make_sandbox(faults="job-hangs").client(**PROMPT)
    with client.start(["Patient"], out=tmp_path / "claims") as run:
        assert run.done is False
    for call in (run.wait, run.result):
        with pytest.raises(bcda.CanceledError):
            call()
    assert run.done is True
    # The directory is not locked any more.
    with client.start(["Patient"], out=tmp_path / "claims", restart=True):
        pass


@pytest.mark.parametrize("call", ["wait", "result"])
def test_close_ends_a_wait_in_another_thread(call: str, hanging: bcda.Run[bcda.ExportResult]) -> None:
    begun = threading.Event()

    def wait() -> None:
        begun.set()
        getattr(hanging, call)()

    waiting = in_thread(wait)
    assert begun.wait(PATIENCE)
    hanging.close()
    assert isinstance(waiting.exception(PATIENCE), (bcda.CanceledError, bcda.StateError))


def test_close_ends_an_iteration_in_another_thread(hanging: bcda.Run[bcda.ExportResult]) -> None:
    begun = threading.Event()

    def read() -> None:
        begun.set()
        for _ in hanging:
            pass

    reading = in_thread(read)
    assert begun.wait(PATIENCE)
    hanging.close()
    assert isinstance(reading.exception(PATIENCE), (bcda.StateError, type(None)))


class ClosedMeanwhile:
    """Replaces a native run: while one thread closes the run, another thread closes it too and finishes first."""

    def __init__(self, run: bcda.Run[bcda.ExportResult]) -> None:
        self.run, self.native, self.entered = run, run._native, False

    def cancel(self) -> None:
        assert self.native is not None
        self.native.cancel()
        if not self.entered:
            self.entered = True
            in_thread(self.run.close).result(PATIENCE)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.native, name)


def test_close_in_two_threads_at_once(hanging: bcda.Run[bcda.ExportResult]) -> None:
    hanging._native = ClosedMeanwhile(hanging)  # type: ignore[assignment]
    hanging.close()
    with pytest.raises(bcda.CanceledError):
        hanging.result()


def test_two_readers_lose_no_event(make_sandbox: MakeSandbox, tmp_path: Path) -> None:
    sandbox = make_sandbox(beneficiaries=80, beneficiaries_per_file=5)
    run = sandbox.client(**PROMPT).start(out=tmp_path / "claims")
    readers = [in_thread(lambda: list(run)) for _ in range(2)]
    events = [event for reader in readers for event in reader.result(PATIENCE)]
    kinds = Counter(event.kind for event in events)
    assert (kinds["job"], kinds["manifest"], kinds["state"], kinds["finished"]) == (3, 3, 5, 1)
    files = [event.file for event in events if event.kind == "file"]
    assert sorted(files) == [file.path for file in run.result().files]
    assert len(files) == 48


def test_a_closed_client(shared_sandbox: bcda.Sandbox, tmp_path: Path) -> None:
    client = shared_sandbox.client(**PROMPT)
    run = client.start(["Patient"], out=tmp_path / "claims")
    client.close()
    client.close()
    assert len(run.result().files) == 2, "what was started goes on"
    for call in (client.metadata, client.manifest, lambda: client.export(out=tmp_path / "other", progress=False)):
        with pytest.raises(bcda.StateError, match="closed"):
            call()
    assert "closed" in repr(client)
    assert not (tmp_path / "other").exists()


# ---- Errors of the service, and types without files ----


@pytest.mark.parametrize(("era", "encrypted"), [("nov2018", True), ("oct2019", False)])
def test_error_files(era: str, encrypted: bool, make_sandbox: MakeSandbox, tmp_path: Path) -> None:
    sandbox = make_sandbox(beneficiaries=40, error_rate=0.1, era=era)
    result = sandbox.client(**PROMPT).export(["Patient", "Coverage"], out=tmp_path / "claims", progress=False)
    assert {file.is_error for file in result.files} == {False}
    assert result.types == ["Coverage", "Patient"]
    assert len(result.error_files) == 2
    for file in result.error_files:
        assert (file.type, file.is_error, file.decrypted) == ("OperationOutcome", True, encrypted)
        assert os.path.dirname(file.path) == str(tmp_path / "claims" / "error")
        assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
        assert hashlib.sha256(Path(file).read_bytes()).hexdigest() == file.sha256
    assert sum(issue.count for issue in result.issues) == sum(file.records for file in result.error_files) > 1
    for issue in result.issues:
        assert (issue.severity, issue.code) == ("error", "Exception")  # the service writes "Error"
        assert issue.text.startswith("Error retrieving ")
        assert issue.text not in repr(issue)
        assert issue.file in result.error_files
    assert result.partial
    assert "2 error files" in repr(result)
    assert result.exit_code == 6
    assert "OperationOutcome" not in {record["resourceType"] for record in result.records()}
    with pytest.raises(bcda.InvalidArgumentError, match="OperationOutcome"):
        result.records("OperationOutcome")
    expect_equal(bcda.ExportResult.open(tmp_path / "claims"), result)


def test_warnings_alone_are_not_partial(make_sandbox: MakeSandbox, tmp_path: Path) -> None:
    client = make_sandbox(profile="bcda-v3").client(**PROMPT)
    result = client.export(["ExplanationOfBenefit"], out=tmp_path / "claims", progress=False)
    assert (result.partial, result.exit_code, len(result.error_files)) == (False, 0, 1)
    (issue,) = result.issues
    assert (issue.severity, issue.count, issue.file) == ("warning", 1, result.error_files[0])
    assert result.receipt["issues"] == {"warning": 1}
    opened = bcda.ExportResult.open(tmp_path / "claims")
    assert (opened.partial, opened.issues) == (False, [issue])
    Path(result.error_files[0]).write_text("")
    assert [found.code for found in bcda.ExportResult.open(tmp_path / "claims").issues] == ["unreadable"]


def test_types_without_files(make_sandbox: MakeSandbox, tmp_path: Path) -> None:
    client = make_sandbox(faults="job-empty").client(**PROMPT)
    result = client.export(["Patient", "Coverage"], out=tmp_path / "claims", progress=False)
    for same in (result, bcda.ExportResult.open(tmp_path / "claims")):
        assert (same.files, same.types, same.issues) == ([], [], [])
        assert list(same.records()) == list(same.records("Patient")) == []
        assert same.table("beneficiary").to_pandas().empty
        assert same.table("coverage").to_arrow().num_rows == 0
        with pytest.raises(bcda.InvalidArgumentError):
            same.records("ExplanationOfBenefit")


# ---- Records ----


def test_records_of_a_type(exported: tuple[bcda.ExportResult, Path]) -> None:
    result, _ = exported
    for kind in TYPES:
        records = list(result.records(kind))
        assert {record["resourceType"] for record in records} == {kind}
        assert [json.loads(record) for record in result.records(kind, raw=True)] == records
        assert len(records) == sum(file.records for file in result.files if file.type == kind)
    assert sum(1 for _ in result.records()) == total(result, "records")
    with pytest.raises(bcda.InvalidArgumentError, match=r"'Claim'.*Coverage, ExplanationOfBenefit, Patient"):
        result.records("Claim")


def test_records_of_a_file_that_is_gone(tmp_path: Path) -> None:
    result = write_export(tmp_path / "claims", {"Patient": b"{}\n"})
    os.remove(result.files[0])
    with pytest.raises(bcda.FilesystemError) as caught:
        next(result.records())
    assert caught.value.file == result.files[0].path


def ndjson(rows: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


MIXED: list[dict[str, Any]] = [
    {"id": "1", "count": 1},
    {"id": "2", "count": 2.5, "name": {"text": "😀🩺"}},
    {"id": "3", "name": {"given": ["é", "😀"]}, "lines": [[1, 2], []], "note": None},
    {"count": 4, "id": "4", "later": True},
]


def test_mixed_records(tmp_path: Path) -> None:
    escaped = json.dumps({"id": "5", "name": {"text": "😀"}}).encode()  # written as two surrogates
    assert b"\\ud83d\\ude00" in escaped
    result = write_export(tmp_path / "mixed", {"Patient": ndjson(MIXED) + escaped})
    assert list(result.records("Patient")) == [*MIXED, {"id": "5", "name": {"text": "😀"}}]


# ---- The log ----


def test_log_levels(make_sandbox: MakeSandbox, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    sandbox = make_sandbox(beneficiaries_per_file=5, faults=["reset:count=1", "flip:skip=1:count=1"])
    levels = {"job": "INFO", "manifest": "INFO", "retry": "WARNING", "warning": "WARNING"}
    reported: list[bcda.Event] = []
    with caplog.at_level(logging.DEBUG, logger="bcda"), pytest.raises(bcda.DecryptionError):
        sandbox.client(**PROMPT).export(["Patient"], out=tmp_path / "claims", progress=reported.append)
    assert {record.name for record in caplog.records} == {"bcda"}
    assert [record.levelname for record in caplog.records] == [levels.get(event.kind, "DEBUG") for event in reported]
    for record, event in zip(caplog.records, reported):  # the level says that it is a warning
        assert record.getMessage().startswith(event.kind + ":") == (event.kind != "warning"), record.getMessage()
    assert levels.keys() <= {event.kind for event in reported}


def test_the_log_has_no_words_of_the_service(
    make_sandbox: MakeSandbox, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox = make_sandbox(beneficiaries=40, error_rate=0.1, era="oct2019")
    with caplog.at_level(logging.DEBUG, logger="bcda"):
        result = sandbox.client(**PROMPT).export(["Patient"], out=tmp_path / "claims", progress=False)
    assert result.issues[0].text not in caplog.text
    assert "retrieving" not in caplog.text
    assert sandbox.client_secret not in caplog.text


def test_a_run_knows_its_kind_and_what_it_was_asked_for(client: bcda.Client, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with client.start(["Coverage", "Patient"], out=out) as run:
        assert run.kind == "export"
        assert run.result().asked_for == ["Coverage", "Patient"]
    assert bcda.ExportResult.open(out).asked_for == ["Coverage", "Patient"]
    with client.start_manifest(["Patient"]) as jobs:
        assert jobs.kind == "manifest"
        manifest = jobs.result()
    with client.start_fetch(manifest, out=tmp_path / "fetched") as fetch:
        assert fetch.kind == "fetch"
        assert fetch.result().asked_for == []
    with client.start_metadata() as metadata:
        assert metadata.kind == "metadata"


def test_a_type_that_a_result_neither_has_nor_was_asked_for(
    client: bcda.Client, make_sandbox: MakeSandbox, tmp_path: Path
) -> None:
    exported = client.export(["Patient"], out=tmp_path / "exported", progress=False)
    fetched = client.fetch(client.manifest(["Patient"], progress=False), out=tmp_path / "fetched", progress=False)
    for result in (exported, fetched):
        with pytest.raises(bcda.InvalidArgumentError, match=r"no resource type 'Patiant'; it has Patient$"):
            result.records("Patiant")
    empty = make_sandbox(faults="job-empty").client(**PROMPT)
    result = empty.export(["Patient"], out=tmp_path / "empty", progress=False)
    assert list(result.records("Patient")) == []
    with pytest.raises(bcda.InvalidArgumentError, match=r"it has none$"):
        result.records("Coverage")


def test_any_event_loop_can_watch_a_run(client: bcda.Client, tmp_path: Path) -> None:
    with client.start(["Patient"], out=tmp_path / "out") as run, selectors.DefaultSelector() as selector:
        selector.register(run, selectors.EVENT_READ)
        kinds = []
        while "finished" not in kinds:
            assert selector.select(PATIENCE)
            while (event := run.next_event(0)) is not None:
                kinds.append(event.kind)
        assert selector.select(0)  # stays readable after the end
    assert "file" in kinds
    with pytest.raises(bcda.StateError):
        run.fileno()
