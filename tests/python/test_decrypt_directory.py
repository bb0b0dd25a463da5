"""bcda.decrypt of a directory of downloads."""

from __future__ import annotations

import json
import logging
import shutil
from pathlib import Path
from typing import Any

import bcda
import pytest
from conftest import VECTORS

OUTCOME = b'{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"x"}]}\n'


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "key.pem"
    shutil.copyfile(VECTORS / "keys/rsa2048.pkcs1.pem", path)
    path.chmod(0o600)
    return path


@pytest.fixture
def chosen(vectors: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [vector for vector in vectors if vector["keyBits"] == 2048][:2]


@pytest.fixture
def downloads(tmp_path: Path, chosen: list[dict[str, Any]]) -> Path:
    directory = tmp_path / "downloads"
    directory.mkdir()
    for vector in chosen:
        shutil.copyfile(VECTORS / vector["ciphertextFile"], directory / vector["filename"])
    (directory / "x-error.ndjson").write_bytes(OUTCOME)
    return directory


@pytest.fixture
def manifest(chosen: list[dict[str, Any]]) -> dict[str, Any]:
    output = [
        {"type": "Patient", "url": f"https://x/data/1/{v['filename']}", "encryptedKey": v["encryptedKey"]}
        for v in chosen
    ]
    error = [{"type": "OperationOutcome", "url": "https://x/data/1/x-error.ndjson", "encryptedKey": ""}]
    return {"transactionTime": "2019-09-20T14:47:33Z", "output": output, "error": error}


def test_a_directory_gives_a_result(tmp_path: Path, downloads: Path, manifest: dict[str, Any], key: Path) -> None:
    result = bcda.decrypt(downloads, tmp_path / "claims", manifest=manifest, private_key=key, durability="process")
    assert isinstance(result, bcda.ExportResult)
    assert [file.type for file in result.files] == ["Patient", "Patient"]
    assert [issue.severity for issue in result.issues] == ["error"]
    assert result.partial
    assert sum(1 for _ in result.records("Patient", raw=True)) == sum(file.records for file in result.files)
    again = bcda.ExportResult.open(tmp_path / "claims")
    assert again.files == result.files
    assert again.error_files == result.error_files
    assert json.loads((tmp_path / "claims/export.json").read_text()) == again.receipt == result.receipt


def test_a_missing_file_is_named_and_may_come_later(
    tmp_path: Path, downloads: Path, manifest: dict[str, Any], key: Path, chosen: list[dict[str, Any]]
) -> None:
    late = downloads / chosen[0]["filename"]
    late.rename(tmp_path / "late")
    how: dict[str, Any] = {"manifest": manifest, "private_key": key, "durability": "process"}
    with pytest.raises(bcda.FilesystemError, match=f"the manifest lists {late.name}"):
        bcda.decrypt(downloads, tmp_path / "claims", **how)
    assert (tmp_path / "claims" / chosen[1]["filename"]).exists()
    with pytest.raises(bcda.FilesystemError, match="no export has finished there"):
        bcda.ExportResult.open(tmp_path / "claims")
    (tmp_path / "late").rename(late)
    bcda.decrypt(downloads, tmp_path / "claims", **how)
    assert len(bcda.ExportResult.open(tmp_path / "claims").files) == 2


def test_warnings_go_to_the_logger(
    tmp_path: Path, downloads: Path, manifest: dict[str, Any], key: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (downloads / "notes.txt").touch()
    key.chmod(0o644)
    with caplog.at_level(logging.WARNING, logger="bcda"):
        bcda.decrypt(downloads, tmp_path / "claims", manifest=manifest, private_key=key, durability="process")
    texts = [record.getMessage() for record in caplog.records]
    assert any("1 files that the manifest does not list" in text for text in texts)
    assert any(f"{key} holds a secret and is readable by other users" in text for text in texts)


def test_a_plain_error_file_is_copied(tmp_path: Path, downloads: Path, manifest: dict[str, Any]) -> None:
    file = bcda.decrypt(downloads / "x-error.ndjson", tmp_path / "x.ndjson", manifest=manifest, durability="process")
    assert isinstance(file, bcda.File)
    assert (file.type, file.is_error, file.decrypted, file.records) == ("OperationOutcome", True, False, 1)
    assert (tmp_path / "x.ndjson").read_bytes() == OUTCOME
