"""What `repr` shows: short, useful, and no secret."""

from __future__ import annotations

import base64
import json
import os
import ssl
import urllib.request
from collections.abc import Callable
from pathlib import Path

import bcda
import pytest
from conftest import PROMPT

MakeSandbox = Callable[..., bcda.Sandbox]
KEY = "ab" * 256
SECRET = "hunter2-is-the-secret"


def test_a_run(make_sandbox: MakeSandbox, tmp_path: Path) -> None:
    client = make_sandbox(faults="flip:skip=2").client(**PROMPT)
    running = make_sandbox(faults="job-hangs").client(**PROMPT).start(["Patient"], out=tmp_path / "running")
    done = client.start(["Patient"], out=tmp_path / "done")
    done.wait()
    failed = make_sandbox(faults="flip").client(**PROMPT).start(["Patient"], out=tmp_path / "failed")
    with pytest.raises(bcda.DecryptionError):
        failed.wait()
    shown = ["<Run: export, running>", "<Run: export, succeeded>", "<Run: export, failed: DECRYPTION>"]
    runs = [running, done, failed]
    assert [repr(run) for run in runs] == shown
    for run in runs:
        run.close()
    assert [repr(run) for run in runs] == ["<Run: export, failed: CANCELED>", *shown[1:]]


def test_a_run_of_another_process(make_sandbox: MakeSandbox, tmp_path: Path) -> None:
    run = make_sandbox(faults="job-hangs").client(**PROMPT).start(["Patient"], out=tmp_path / "claims")
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(theirs, repr(run).encode())
        os._exit(0)
    os.close(theirs)
    with os.fdopen(ours) as reported:
        assert reported.read() == "<Run: export, of another process>"
    assert os.waitpid(child, 0)[1] == 0


def test_an_event(shared_client: bcda.Client, tmp_path: Path) -> None:
    with shared_client.start(["Patient"], out=tmp_path / "claims") as run:
        shown = {event.kind: repr(event) for event in run}
    assert shown["job"] == "Event(kind='job', type='Patient')"
    assert shown["finished"].startswith("Event(kind='finished', status='OK', bytes_done=")
    assert "http" not in "".join(shown.values())
    assert "None" not in "".join(shown.values())


def test_a_file(shared_client: bcda.Client, tmp_path: Path) -> None:
    file = shared_client.export(["Patient"], out=tmp_path / "claims", progress=False).files[0]
    assert repr(file) == (
        f"File(type='Patient', path={file.path!r}, bytes={file.bytes}, records=10, decrypted=True, is_error=False)"
    )


def test_a_client_and_a_sandbox(shared_sandbox: bcda.Sandbox) -> None:
    client = shared_sandbox.client()
    assert repr(client) == f"<Client of {shared_sandbox.url}>"
    assert repr(shared_sandbox) == f"<Sandbox at {shared_sandbox.url}>"


def test_an_issue_does_not_show_a_beneficiary() -> None:
    issue = bcda.Issue("error", "exception", f"of {SECRET}")
    assert SECRET in issue.text
    assert SECRET not in repr(issue)
    assert "severity='error', code='exception'" in repr(issue)


# ---- A file of a manifest, and its key ----

KEYS = {
    "KeyMap": ({"KeyMap": {"a.ndjson": KEY}}, {}, KEY),
    "padded in KeyMap": ({"KeyMap": {"a.ndjson   ": KEY}}, {}, KEY),
    "of the item": ({}, {"encryptedKey": KEY}, KEY),
    "both": ({"KeyMap": {"a.ndjson": KEY}}, {"encryptedKey": KEY.upper()}, KEY),
    "of another file": ({"KeyMap": {"b.ndjson": KEY}}, {}, ""),
    "none": ({}, {}, ""),
    "null": ({"KeyMap": None}, {"encryptedKey": None}, ""),
    "no text": ({"KeyMap": {"a.ndjson": 5}}, {"encryptedKey": [KEY]}, ""),
    "two that differ": ({"KeyMap": {"a.ndjson": KEY}}, {"encryptedKey": "cd" * 256}, ""),
}


@pytest.mark.parametrize(("whole", "item", "key"), KEYS.values(), ids=KEYS)
def test_the_key_of_a_manifests_file(whole: dict[str, object], item: dict[str, object], key: str) -> None:
    manifest = {**whole, "output": [{"type": "Patient", "url": "https://x.example/a.ndjson?sig=1", **item}]}
    (file,) = bcda.Manifest(json.dumps(manifest)).files
    assert file.encrypted_key.lower() == key
    assert "abab" not in repr(file)


def ask(sandbox: bcda.Sandbox, url: str, authorization: str, method: str = "GET") -> bytes:
    request = urllib.request.Request(url, method=method, headers={"Authorization": authorization})
    with urllib.request.urlopen(request, context=ssl.create_default_context(cafile=sandbox.ca_file)) as answer:
        return bytes(answer.read())


def test_the_key_decrypts_the_file(shared_client: bcda.Client, shared_sandbox: bcda.Sandbox, tmp_path: Path) -> None:
    file = shared_client.manifest(["Patient"], progress=False).files[0]
    credentials = base64.b64encode(f"{shared_sandbox.client_id}:{shared_sandbox.client_secret}".encode()).decode()
    token = json.loads(ask(shared_sandbox, f"{shared_sandbox.url}/auth/token", f"Basic {credentials}", "POST"))
    (tmp_path / file.name).write_bytes(ask(shared_sandbox, file.url, f"Bearer {token['access_token']}"))
    plain = bcda.decrypt(
        tmp_path / file.name,
        tmp_path / "plain",
        key=file.encrypted_key,
        private_key=shared_sandbox.private_key,
        env=False,
    )
    assert plain.records == 10
