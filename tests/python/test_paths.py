"""Paths in usual forms: with ~, as os.PathLike, from a configuration file or the environment."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import bcda
import pytest
from conftest import PROMPT, VECTORS, settings_for, write_export


class OwnPath:
    """An os.PathLike that is neither a str nor a pathlib path."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __fspath__(self) -> str:
        return self.path


class BytesPath(OwnPath):
    def __fspath__(self) -> Any:
        return os.fsencode(self.path)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shared_sandbox: bcda.Sandbox) -> Path:
    """A home directory with a key, a CA, a secret, and settings."""
    made = tmp_path / "home"
    made.mkdir()
    monkeypatch.setenv("HOME", str(made))
    monkeypatch.chdir(tmp_path)
    shutil.copy(shared_sandbox.private_key, made / "key.pem")
    shutil.copy(shared_sandbox.ca_file, made / "ca.pem")
    (made / "secret").write_text(shared_sandbox.client_secret)
    (made / "secret").chmod(0o600)
    return made


PATHS = {"private_key": "key.pem", "ca_file": "ca.pem", "client_secret_file": "secret"}
FORMS: dict[str, Callable[[str], Any]] = {"text": str, "pathlib": Path, "pure": PurePosixPath, "own": OwnPath}


def plain(sandbox: bcda.Sandbox) -> dict[str, Any]:
    return {**PROMPT, "url": sandbox.url, "client_id": sandbox.client_id}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("where", ["client", "export", "fetch"])
def test_a_tilde_everywhere(
    where: str, form: Callable[[str], Any], home: Path, shared_sandbox: bcda.Sandbox, tmp_path: Path
) -> None:
    settings = {**plain(shared_sandbox), **{name: form(f"~/{file}") for name, file in PATHS.items()}}
    if where == "client":
        result = bcda.Client(env=False, out=form("~/claims"), **settings).export(["Patient"], progress=False)
    elif where == "export":
        result = bcda.Client(env=False, **settings).export(["Patient"], form("~/claims"), progress=False)
    else:
        client = bcda.Client(env=False, **settings)
        result = client.fetch(client.manifest(["Patient"], progress=False), form("~/claims"), progress=False)
    assert {os.path.dirname(file.path) for file in result.files} == {str(home / "claims")}
    assert not (tmp_path / "~").exists()
    assert len(bcda.ExportResult.open(form("~/claims")).files) == 2


def test_a_tilde_in_a_file_of_settings(home: Path, shared_sandbox: bcda.Sandbox) -> None:
    values = {**plain(shared_sandbox), **{name: f"~/{file}" for name, file in PATHS.items()}, "out": "~/claims"}
    (home / "bcda.json").write_text(json.dumps({name: str(value) for name, value in values.items()}))
    for form in FORMS.values():
        result = bcda.Client(config_file=form("~/bcda.json"), env=False).export(["Patient"], progress=False)
        assert {os.path.dirname(file.path) for file in result.files} == {str(home / "claims")}
        shutil.rmtree(home / "claims")


def test_a_tilde_in_the_environment(home: Path, shared_sandbox: bcda.Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, file in {**PATHS, "out": "claims"}.items():
        monkeypatch.setenv(f"BCDA_{name.upper()}", f"~/{file}")
    result = bcda.Client(**plain(shared_sandbox)).export(["Patient"], progress=False)
    assert {os.path.dirname(file.path) for file in result.files} == {str(home / "claims")}


def test_a_tilde_of_the_key_for_decrypt(home: Path, vectors: list[dict[str, Any]], tmp_path: Path) -> None:
    vector = next(one for one in vectors if one["name"] == "15bytes-rsa2048")
    shutil.copy(VECTORS / "keys/rsa2048.pkcs1.pem", home / "key.pem")
    (path,) = (VECTORS / "cipher").glob("40686837-*")
    file = bcda.decrypt(path, tmp_path / "plain", key=vector["encryptedKey"], private_key="~/key.pem", env=False)
    assert file.bytes == 15


def test_a_tilde_in_the_middle_is_a_name(shared_client: bcda.Client, tmp_path: Path) -> None:
    result = shared_client.export(["Patient"], out=tmp_path / "~", progress=False)
    assert {os.path.dirname(file.path) for file in result.files} == {str(tmp_path / "~")}


def test_the_user_is_not_known(home: Path, shared_sandbox: bcda.Sandbox) -> None:
    settings: dict[str, Any] = {**settings_for(shared_sandbox), "private_key": "~nobody-of-this-name/key.pem"}
    with pytest.raises(bcda.Error, match="~nobody-of-this-name"):
        bcda.Client(**settings)


def test_a_provider_of_a_path_is_not_asked_more_often(home: Path, shared_sandbox: bcda.Sandbox) -> None:
    asked: list[int] = []

    def path() -> str:
        asked.append(1)
        return shared_sandbox.private_key

    settings: dict[str, Any] = {**settings_for(shared_sandbox), "private_key": path}
    bcda.Client(env=False, **settings)
    assert len(asked) == 1


def test_paths_of_bytes(home: Path, shared_sandbox: bcda.Sandbox) -> None:
    settings: dict[str, Any] = {**plain(shared_sandbox), **{n: BytesPath(f"~/{file}") for n, file in PATHS.items()}}
    with bcda.Client(env=False, **settings) as client:
        assert len(client.manifest(["Patient"], progress=False).files) == 2


@pytest.mark.parametrize("wrong", [5, b"bcda.json", ["bcda.json"]])
def test_a_wrong_config_file_is_named(wrong: Any) -> None:
    with pytest.raises(bcda.InvalidArgumentError, match="config_file takes a path"):
        bcda.Client(config_file=wrong)


@pytest.mark.parametrize("wrong", [5, b"claims", None])
def test_a_wrong_directory_to_open_is_named(wrong: Any) -> None:
    with pytest.raises(bcda.InvalidArgumentError, match="directory"):
        bcda.ExportResult.open(wrong)


def test_a_file_is_a_path(tmp_path: Path) -> None:
    result = write_export(tmp_path / "claims", {"Patient": b"{}\n"})
    assert Path(result.files[0]).read_bytes() == b"{}\n"
