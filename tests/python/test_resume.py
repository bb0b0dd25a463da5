"""An export that was interrupted goes on: :meth:`bcda.Client.resume`, or the same call again."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import bcda
import pytest
from conftest import PROMPT

MakeSandbox = Callable[..., bcda.Sandbox]
KICK_OFFS = "GET /api/v1/Patient/$export"
DOWNLOADS = "GET /data/"


@pytest.fixture
def claims(tmp_path: Path) -> Path:
    return tmp_path / "claims"


@pytest.fixture
def flaky(make_sandbox: MakeSandbox, claims: Path) -> bcda.Sandbox:
    """A sandbox after an export of Patient and Coverage to `claims`, in which one of four files failed."""
    sandbox = make_sandbox(beneficiaries_per_file=5, faults="flip:count=1")
    with pytest.raises(bcda.DecryptionError):
        sandbox.client(**PROMPT).export(["Patient", "Coverage"], out=claims, progress=False)
    return sandbox


def expect_complete(result: bcda.ExportResult, claims: Path) -> None:
    for shown in (result, bcda.ExportResult.open(claims)):
        assert sorted(file.type for file in shown.files) == ["Coverage"] * 2 + ["Patient"] * 2
        assert sum(1 for _ in shown.records("Patient")) == 10
    assert bcda.directory_status(claims)["state"] == "finished"


def by_resume(client: bcda.Client, claims: Path) -> bcda.ExportResult:
    return client.resume(claims, progress=False, parallel=2)


def by_resume_async(client: bcda.Client, claims: Path) -> bcda.ExportResult:
    return asyncio.run(client.resume_async(claims))


def by_start_resume(client: bcda.Client, claims: Path) -> bcda.ExportResult:
    with client.start_resume(str(claims)) as run:
        assert run.kind == "export"
        return run.result()


def by_the_same_export(client: bcda.Client, claims: Path) -> bcda.ExportResult:
    return client.export(["Patient", "Coverage"], out=claims, progress=False)


@pytest.mark.parametrize("go_on", [by_resume, by_resume_async, by_start_resume, by_the_same_export])
def test_only_what_is_missing_is_fetched(
    go_on: Callable[[bcda.Client, Path], bcda.ExportResult], flaky: bcda.Sandbox, claims: Path
) -> None:
    kick_offs, downloads = flaky.request_count(KICK_OFFS), flaky.request_count(DOWNLOADS)
    there = {path: path.stat().st_mtime_ns for path in claims.glob("*.ndjson") if path.name != "log.ndjson"}
    assert len(there) == 3
    result = go_on(flaky.client(**PROMPT), claims)
    expect_complete(result, claims)
    assert flaky.request_count(KICK_OFFS) == kick_offs
    assert flaky.request_count(DOWNLOADS) == downloads + 1
    assert {path: path.stat().st_mtime_ns for path in there} == there


@pytest.mark.parametrize("go_on", [by_resume, by_resume_async, by_start_resume])
def test_a_finished_export_is_its_result(
    go_on: Callable[[bcda.Client, Path], bcda.ExportResult], flaky: bcda.Sandbox, claims: Path
) -> None:
    finished = by_resume(flaky.client(**PROMPT), claims)
    requests = flaky.request_count("")
    result = go_on(flaky.client(**PROMPT), claims)
    expect_complete(result, claims)
    assert result.types == finished.types
    assert flaky.request_count("") == requests


def test_other_settings_are_refused_and_named(flaky: bcda.Sandbox, claims: Path) -> None:
    client = flaky.client(**PROMPT)
    with pytest.raises(bcda.FilesystemError, match="types") as caught:
        client.export(["Patient"], out=claims, progress=False)
    assert "restart" in str(caught.value)
    with pytest.raises(bcda.FilesystemError, match="types"):
        client.resume(claims, progress=False, types=["Patient"])  # type: ignore[call-arg]
    assert bcda.directory_status(claims)["state"] == "unfinished"
    result = client.export(["Patient"], out=claims, progress=False, restart=True)
    assert result.types == ["Patient"]


def test_what_cannot_be_resumed_is_named(shared_client: bcda.Client, claims: Path) -> None:
    with pytest.raises(bcda.FilesystemError, match="there is no directory"):
        shared_client.resume(claims, progress=False)
    claims.mkdir()
    with pytest.raises(bcda.FilesystemError, match="holds no unfinished export"):
        shared_client.resume(claims, progress=False)
    for place in ("memory://claims", lambda name, type: None):
        with pytest.raises(bcda.InvalidArgumentError, match="local directory"):
            shared_client.resume(place, progress=False)  # type: ignore[arg-type]


def test_a_file_that_is_there_in_part_is_continued(make_sandbox: MakeSandbox, claims: Path) -> None:
    sandbox = make_sandbox(bytes_per_type="4MiB", files_per_type=1, faults="drip=1MiB")
    client = sandbox.client(**PROMPT)
    run = client.start(["Patient"], out=claims)
    for event in run:
        if (event.bytes_done or 0) > 1 << 20:
            run.cancel()
    with pytest.raises(bcda.CanceledError):
        run.result()
    status = bcda.directory_status(claims)
    assert (status["state"], status["usedBy"], status["damage"]) == ("unfinished", None, "")
    assert (status["files"]["published"], status["files"]["underWay"]) == (0, 1)
    assert [(job["state"], job["manifest"], job["files"]) for job in status["jobs"]] == [("accepted", True, 0)]

    sandbox.control("fault", "none")
    sandbox.control("fault", "flip:at=0")
    with pytest.raises(bcda.DecryptionError):  # a run that fetches the first byte sees a wrong bit
        client.export(["Patient"], out=claims.with_name("anew"), progress=False)
    kick_offs = sandbox.request_count(KICK_OFFS)
    result = client.resume(claims, progress=False)
    assert result.files[0].bytes > 4_000_000
    assert sandbox.request_count(KICK_OFFS) == kick_offs
    files = {"published": 1, "bytes": result.files[0].bytes, "inTables": 0, "underWay": 0}
    assert bcda.directory_status(claims)["files"] == files
    assert bcda.directory_status(claims)["tables"] == []


def test_the_status_of_a_directory(make_sandbox: MakeSandbox, claims: Path) -> None:
    with pytest.raises(bcda.FilesystemError, match="there is no directory"):
        bcda.directory_status(claims)
    with pytest.raises(bcda.InvalidArgumentError, match="directory takes a path"):
        bcda.directory_status(1)  # type: ignore[arg-type]
    claims.mkdir()
    status = bcda.directory_status(claims)
    assert (status["directory"], status["state"], status["request"], status["jobs"]) == (str(claims), "none", None, [])
    client = make_sandbox(faults="job-hangs").client(**PROMPT)
    with client.start(["Patient"], out=claims) as run:
        assert next(event for event in run if event.kind == "poll")
        status = bcda.directory_status(os.fspath(claims))
        assert status["state"] == "unfinished"
        assert status["usedBy"] is not None
        assert status["usedBy"]["pid"] == os.getpid()
        assert status["request"] is not None
        assert status["request"]["types"] == ["Patient"]
        with pytest.raises(bcda.FilesystemError) as caught:
            client.resume(claims, progress=False)
        assert caught.value.retriable
    assert bcda.directory_status(claims)["usedBy"] is None
