"""The programs of python/README.md, run unchanged except for the credentials."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bcda
import pytest
from conftest import PROMPT, write_export

README = Path(__file__).parent.parent.parent / "python" / "README.md"
FIRST, TRIAL, FAILED, VIEW = re.findall(r"^```python\n(.*?)^```$", README.read_text(), re.MULTILINE | re.DOTALL)


def run(program: str, **names: Any) -> dict[str, Any]:
    exec(compile(program, str(README), "exec"), names)
    return names


@pytest.fixture(autouse=True)
def _at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))


def test_first_program(
    make_sandbox: Callable[..., bcda.Sandbox], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = make_sandbox(profile="bcda-v3")
    monkeypatch.setenv("BCDA_CA_FILE", sandbox.ca_file)
    monkeypatch.setenv("BCDA_POLL_INTERVAL", "20ms")
    program = FIRST.replace("https://api.bcda.cms.gov", sandbox.url)
    program = program.replace('client_id="…"', f'client_id="{sandbox.client_id}"')
    program = program.replace('client_secret="…"', f'client_secret="{sandbox.client_secret}"')
    names = run(program)
    assert names["claim"]["resourceType"] == "ExplanationOfBenefit"
    assert len(names["frame"]) >= 10
    assert "paid_amount" in names["frame"]
    assert (tmp_path / "claims" / "export.json").exists()


def test_trial(tmp_path: Path) -> None:
    run(TRIAL.replace("1000", "10"))
    assert (tmp_path / "trial" / "export.json").exists()


def test_a_view_of_another_resource_type(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    record = {
        "resourceType": "Observation",
        "subject": {"reference": "Patient/p1"},
        "code": {"coding": [{"code": "8302-2"}]},
        "valueQuantity": {"value": 1.75},
    }
    write_export(tmp_path / "exported", {"Observation": json.dumps(record).encode()})
    frame = run(VIEW, bcda=bcda, pandas=pandas)["frame"]
    (row,) = frame.to_dict("records")
    assert {**row, "value": str(row["value"])} == {"patient": "p1", "code": "8302-2", "value": "1.7500"}


def test_when_an_export_fails(make_sandbox: Callable[..., bcda.Sandbox], tmp_path: Path) -> None:
    client = make_sandbox(faults="flip:count=1").client(**PROMPT)
    names = run(FAILED, bcda=bcda, client=client)
    assert names["result"].types == ["Coverage", "ExplanationOfBenefit", "Patient"]
    assert (tmp_path / "claims" / "export.json").exists()
    nobody = make_sandbox(faults="status=401:on=POST /auth").client(**PROMPT)
    with pytest.raises(bcda.AuthenticationError):
        run(FAILED.replace('out="claims"', 'out="other"'), bcda=bcda, client=nobody)
