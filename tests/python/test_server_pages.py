"""The examples of docs/servers/*.md, run unchanged except for the address and the credentials."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import bcda
import pytest
from conftest import PROMPT

PAGES = Path(__file__).parent.parent.parent / "docs" / "servers"
PROFILES = {
    "ab2d": "ab2d",
    "bcda": "bcda-v3",
    "bcda-2019": "bcda-2019",
    "dpc": "dpc",
    "fhir": "generic",
    "hapi": "hapi",
}
FROM_OUTSIDE = ("ca_file", "profile", "token_url", "key_id")  # what a page leaves to the real address or to its key
FILES = {"registered.pem": "private_key", "key.pem": "signing_key", "key.jwk": "signing_key"}
LANGUAGES = ["", "python", "c++", "java", "r"]


def examples(page: str) -> dict[str, str]:
    blocks = re.findall(r"^```(\S*)\n(.*?)^```$", (PAGES / f"{page}.md").read_text(), re.MULTILINE | re.DOTALL)
    assert [language for language, _ in blocks] == LANGUAGES
    return dict(blocks)


Prepared = Callable[[str], "tuple[str, dict[str, str]]"]


@pytest.fixture
def prepared(make_sandbox: Callable[..., bcda.Sandbox], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Prepared:
    """Makes a sandbox for a page, and the files and names of its examples. Returns its URL and the names."""
    monkeypatch.chdir(tmp_path)

    def prepare(page: str) -> tuple[str, dict[str, str]]:
        options = {} if page == "bcda-2019" else {"status_retry_after": "0"}
        settings = make_sandbox(profile=PROFILES[page], **options).settings
        for name in FROM_OUTSIDE:
            if settings.get(name):
                monkeypatch.setenv(f"BCDA_{name.upper()}", settings[name])
        monkeypatch.setenv("BCDA_POLL_INTERVAL", "20ms")
        Path("secret.txt").touch(0o600)
        Path("secret.txt").write_text(settings.get("client_secret", ""))
        for file, name in FILES.items():
            if name in settings:
                Path(file).symlink_to(settings[name])
        identity = settings.get("client_id", "")
        names = {"ID": identity, "TOKEN": identity}
        return settings["url"], {**names, "KEY_UUID": settings.get("key_id", ""), "GROUP": settings.get("group", "")}

    return prepare


def test_every_server_has_a_page() -> None:
    assert {path.stem for path in PAGES.glob("*.md")} == set(PROFILES)


@pytest.mark.parametrize("page", PROFILES)
def test_python(page: str, prepared: Prepared) -> None:
    url, names = prepared(page)
    program, places = re.subn(r'"https://[^"]*"', f'"{url}"', examples(page)["python"])
    assert places == 1
    found: dict[str, object] = {"bcda": bcda, **names}
    exec(compile(program, page, "exec"), found)
    assert isinstance(found["result"], bcda.ExportResult)
    if "next_since" in found:
        bcda.Client(url, client_id="a", client_secret="b").plan(since=found["next_since"])  # type: ignore[arg-type]


@pytest.mark.parametrize("page", PROFILES)
def test_command(page: str, prepared: Prepared, monkeypatch: pytest.MonkeyPatch) -> None:
    url, names = prepared(page)
    for name, value in names.items():
        monkeypatch.setenv(name, value)
    commands = re.sub(r"https://\S+", url, examples(page)[""])
    shell = f'set -eu\nbcda() {{ "{sys.executable}" -m bcda "$@"; }}\n{commands}'
    ran = subprocess.run(["sh", "-c", shell], stderr=subprocess.PIPE, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert list(Path().glob("*/export.json"))


def test_a_private_key_that_is_not_used_is_told(
    make_sandbox: Callable[..., bcda.Sandbox], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    private_key = make_sandbox().private_key
    with make_sandbox(profile="bcda-v3").client(private_key=private_key, **PROMPT) as client:
        client.export(["Patient"], out=tmp_path / "claims", progress=False)
    assert "does not encrypt files, so it is not used" in caplog.text
