"""Manifests that another program stores, and invalid arguments."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import bcda
import pytest

ITEM = '{"type":"Patient","url":"https://x.example/a.ndjson"}'
MALFORMED = {
    "output is a number": '{"output":5}',
    "output is an object": '{"output":{}}',
    "an item is a number": '{"output":[5]}',
    "error is a text": '{"output":[],"error":"x"}',
    "a list": f"[{ITEM}]",
    "not JSON": "<html>",
    "cut": '{"output":[',
    "deep": '{"output":' + "[" * 100_000,
}


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_manifest(text: str) -> None:
    manifest = bcda.Manifest(text)
    with pytest.raises(bcda.InvalidArgumentError, match="the manifest"):
        manifest.files  # noqa: B018
    assert repr(manifest) == "<Manifest, malformed>"


@pytest.mark.parametrize("what", [5, None, b"{}", {"output": []}, Path("manifest.json")])
def test_a_manifest_is_made_of_text(what: Any) -> None:
    with pytest.raises(bcda.InvalidArgumentError, match="JSON text"):
        bcda.Manifest(what)


@pytest.mark.parametrize("text", [f'{{"output":[{ITEM}],"KeyMap":[5]}}', f'\ufeff{{"output":[{ITEM}],"error":null}}'])
def test_what_a_manifest_may_have(text: str) -> None:
    (file,) = bcda.Manifest(text).files
    assert (file.type, file.name, file.encrypted_key) == ("Patient", "a.ndjson", "")


def test_a_byte_order_mark_before_a_manifest_that_is_fetched(shared_client: bcda.Client, tmp_path: Path) -> None:
    manifest = shared_client.manifest(["Patient"], progress=False)
    forms: list[Any] = ["\ufeff" + manifest.text, bcda.Manifest("\ufeff" + manifest.text)]
    for number, what in enumerate(forms):
        assert len(shared_client.fetch(what, out=tmp_path / str(number), progress=False).files) == 2


@pytest.mark.parametrize("what", ["manifest.json", "", "https://x.example/a.ndjson", Path("manifest.json"), 5, None])
def test_what_is_no_manifest_but_may_name_one(what: Any, shared_client: bcda.Client, tmp_path: Path) -> None:
    with pytest.raises(bcda.InvalidArgumentError, match=r"read_text\(\)"):
        shared_client.fetch(what, out=tmp_path / "claims", progress=False)
    assert not (tmp_path / "claims").exists()


TIMES = {
    "2019-09-20T14:47:33Z": 0,
    "2019-09-20T14:47:33.5Z": 500_000,
    "2019-09-20T16:47:33.123456789+02:00": 123_456,
}


@pytest.mark.parametrize(("text", "microsecond"), TIMES.items())
def test_a_transaction_time(text: str, microsecond: int) -> None:
    time = bcda.Manifest(f'{{"output":[],"transactionTime":"{text}"}}').transaction_time
    assert time == datetime(2019, 9, 20, 14, 47, 33, microsecond, timezone.utc)


@pytest.mark.parametrize("value", ["5", '"soon"', '"2019-09-20T14:47:33"', "[1]", '"2019-99-20T14:47:33Z"'])
def test_what_is_no_transaction_time(value: str) -> None:
    manifest = bcda.Manifest(f'{{"output":[],"transactionTime":{value}}}')
    with pytest.raises(bcda.ProtocolError, match="transactionTime"):
        manifest.transaction_time  # noqa: B018


# ---- Other arguments ----


@pytest.mark.parametrize("progress", ["yes", 1, 0, []])
@pytest.mark.parametrize("call", ["export", "manifest", "fetch"])
def test_progress_is_checked_before_anything_is_sent(
    call: str, progress: Any, sandbox: bcda.Sandbox, tmp_path: Path
) -> None:
    calls: dict[str, Callable[[bcda.Client], object]] = {
        "export": lambda client: client.export(["Patient"], out=tmp_path / "claims", progress=progress),
        "manifest": lambda client: client.manifest(["Patient"], progress=progress),
        "fetch": lambda client: client.fetch(f'{{"output":[{ITEM}]}}', out=tmp_path / "claims", progress=progress),
    }
    with pytest.raises(bcda.InvalidArgumentError, match="progress takes"):
        calls[call](sandbox.client())
    assert sandbox.request_count("") == 0
    assert not (tmp_path / "claims").exists()


@pytest.mark.parametrize("timeout", ["5", float("nan"), [], 1j])
@pytest.mark.parametrize("call", ["wait", "result", "next_event"])
def test_a_timeout_is_a_number(call: str, timeout: Any, shared_client: bcda.Client) -> None:
    with shared_client.start_metadata() as run, pytest.raises(bcda.InvalidArgumentError, match="timeout takes seconds"):
        getattr(run, call)(timeout)


def test_a_receipt_that_is_opened_as_a_directory(tmp_path: Path) -> None:
    (tmp_path / "export.json").write_text("{}")
    with pytest.raises(bcda.FilesystemError, match=r"export\.json is not a directory"):
        bcda.ExportResult.open(tmp_path / "export.json")
