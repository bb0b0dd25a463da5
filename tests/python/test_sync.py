"""A series of exports: :meth:`bcda.Client.sync`."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import bcda
import pytest

NOTHING_YET = 'status=404:on=GET /api/v3/Group:body={"resourceType":"OperationOutcome"}'


def client_of(**options: str) -> bcda.Client:
    sandbox = bcda.Sandbox(10, profile="bcda-v3", pending_time=0, job_time=0, **options)
    return sandbox.client(poll_interval=0.01)


def test_the_next_run_asks_for_what_has_changed(tmp_path: Path) -> None:
    client = client_of()
    first = client.sync(tmp_path / "series", progress=False)
    assert "since" not in first.receipt
    second = client.sync(tmp_path / "series", progress=False)
    assert second.receipt["since"] == first.receipt["transactionTime"]
    assert not second.files
    runs = sorted(path.name for path in (tmp_path / "series").iterdir())
    assert [first.directory, second.directory] == [str(tmp_path / "series" / run) for run in runs]
    assert first.deleted == []
    assert all(issue.file and issue.file.path.startswith(first.directory or "?") for issue in first.issues)
    assert next(first.records("Patient"))["resourceType"] == "Patient"


def test_a_service_without_data_is_no_failure(tmp_path: Path) -> None:
    result = client_of(fault=NOTHING_YET).sync(tmp_path / "series", progress=False)
    assert result.directory is None
    assert not result.files
    assert not (tmp_path / "series").exists()


def test_two_runs_do_not_overlap(tmp_path: Path) -> None:
    client = client_of(fault="job-hangs")
    with client.start_sync(tmp_path / "series"):
        with pytest.raises(bcda.FilesystemError) as failed:
            client.sync(tmp_path / "series", progress=False)
        assert failed.value.retriable


def test_only_a_local_directory_is_taken() -> None:
    for place in ("memory://series", lambda name, type: None):
        with pytest.raises(bcda.InvalidArgumentError, match="local directory"):
            client_of().sync(place, progress=False)  # type: ignore[arg-type]


def test_deleted_resources_are_a_typed_list(tmp_path: Path) -> None:
    (tmp_path / "deleted").mkdir()
    bundle = {"resourceType": "Bundle", "entry": [{"request": {"method": "DELETE", "url": "Patient/-1.a"}}]}
    (tmp_path / "deleted" / "a.ndjson").write_text(json.dumps(bundle))
    time = "2026-01-01T00:00:00Z"
    file = {
        "type": "Bundle",
        "path": "deleted/a.ndjson",
        "bytes": len(json.dumps(bundle)),
        "records": 1,
        "sha256": hashlib.sha256(json.dumps(bundle).encode()).hexdigest(),
        "url": "https://h/a",
    }
    receipt = {"transactionTime": time, "started": time, "finished": time, "files": [], "errors": []}
    (tmp_path / "export.json").write_text(json.dumps({**receipt, "deleted": [{**file, "decrypted": False}]}))
    assert bcda.ExportResult.open(tmp_path).deleted == [bcda.Deleted("Patient", "-1.a")]
    (tmp_path / "deleted" / "a.ndjson").write_text("\n")
    with pytest.raises(bcda.VerificationError, match="was changed after it was verified"):
        _ = bcda.ExportResult.open(tmp_path).deleted
