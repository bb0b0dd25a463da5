"""A failed export is completed by a fetch; a type that the service does not export is refused at once."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import bcda
import pytest
from conftest import PROMPT

MakeSandbox = Callable[..., bcda.Sandbox]
DOWNLOADS = "GET /data/"


@pytest.fixture
def failed(make_sandbox: MakeSandbox, tmp_path: Path) -> tuple[bcda.Sandbox, bcda.Client, bcda.Error]:
    """An export to tmp_path/claims in which one of four files failed."""
    sandbox = make_sandbox(beneficiaries_per_file=5, faults="flip:count=1")
    client = sandbox.client(**PROMPT)
    with pytest.raises(bcda.DecryptionError) as caught:
        client.export(["Patient", "Coverage"], out=tmp_path / "claims", progress=False)
    assert not (tmp_path / "claims" / "export.json").exists()
    return sandbox, client, caught.value


Failed = tuple[bcda.Sandbox, bcda.Client, bcda.Error]


def test_a_fetch_takes_the_missing_files_of_a_failed_export(failed: Failed, tmp_path: Path) -> None:
    sandbox, client, error = failed
    assert error.manifest is not None
    assert error.result is not None
    assert len(error.result.files) == 3
    downloads, jobs = sandbox.request_count(DOWNLOADS), sandbox.request_count("GET /api/v1/")
    result = client.fetch(error.manifest, out=tmp_path / "claims", progress=False)
    assert sandbox.request_count(DOWNLOADS) - downloads == 1
    assert sandbox.request_count("GET /api/v1/") == jobs, "no new job, no status"
    assert {file.path for file in error.result.files} < {file.path for file in result.files}
    for opened in (result, bcda.ExportResult.open(tmp_path / "claims")):
        assert sorted(file.type for file in opened.files) == ["Coverage"] * 2 + ["Patient"] * 2
        assert sum(1 for _ in opened.records("Patient")) == 10
        assert opened.transaction_time is not None
        assert error.manifest.transaction_time is not None
        difference = opened.transaction_time - error.manifest.transaction_time
        assert abs(difference) < timedelta(milliseconds=1), "the library compares the jobs' times by milliseconds"
    assert json.loads((tmp_path / "claims" / "export.json").read_text())["status"] == "OK"


def test_the_same_fetch_again_downloads_nothing(failed: Failed, tmp_path: Path) -> None:
    sandbox, client, error = failed
    assert error.manifest is not None
    first = client.fetch(error.manifest, out=tmp_path / "claims", progress=False)
    downloads = sandbox.request_count(DOWNLOADS)
    again = client.fetch(error.manifest, out=tmp_path / "claims", progress=False)
    assert sandbox.request_count(DOWNLOADS) == downloads
    assert again.files == first.files


def test_a_changed_file_is_not_replaced(failed: Failed, tmp_path: Path) -> None:
    _, client, error = failed
    assert error.manifest is not None
    assert error.result is not None
    path = error.result.files[0].path
    with open(path, "ab") as file:
        file.write(b"{}\n")
    with pytest.raises(bcda.FilesystemError, match="has changed since it was verified") as caught:
        client.fetch(error.manifest, out=tmp_path / "claims", progress=False)
    assert caught.value.file == path
    assert os.path.getsize(path) == error.result.files[0].bytes + 3, "it is left as it is"


def test_an_error_without_a_manifest(shared_client: bcda.Client, tmp_path: Path) -> None:
    assert bcda.Error("x").manifest is None
    with pytest.raises(bcda.FilesystemError) as caught:
        shared_client.fetch('{"output":[{"type":"Patient","url":"http://other.example/x"}]}', out=__file__)
    assert caught.value.manifest is None


# ---- Types ----


@pytest.mark.parametrize(
    ("types", "says"),
    [
        (["EOB"], "did you mean ExplanationOfBenefit"),
        ("patient", "did you mean Patient"),
        (["Patient", "Coverag"], "did you mean Coverage"),
        (["Observation"], "Patient, Coverage and ExplanationOfBenefit"),
    ],
)
@pytest.mark.parametrize("call", ["export", "start", "manifest", "start_manifest"])
def test_an_unknown_type_is_refused_before_anything_is_sent(
    call: str, types: Any, says: str, sandbox: bcda.Sandbox, tmp_path: Path
) -> None:
    client = sandbox.client(**PROMPT, out=tmp_path / "claims")
    with pytest.raises(bcda.InvalidArgumentError, match=says):
        getattr(client, call)(types)
    assert sandbox.request_count("") == 0
    assert not (tmp_path / "claims").exists()
