"""Profiles of servers, and what an export would send to them."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import bcda
import pytest
from conftest import VECTORS

ORIGIN = "https://api.bcda.cms.gov"
SECRET = "a-secret-that-nobody-shows"


def client_of(url: str = ORIGIN, **settings: Any) -> bcda.Client:
    given: dict[str, Any] = {"client_id": "an-id", "client_secret": SECRET, **settings}
    return bcda.Client(url, env=False, **given)


def kick_offs(plan: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [request for request in plan if request["purpose"] == "kick-off"]


def test_every_choice_but_auto_is_listed() -> None:
    choices = next(row.choices for row in bcda.settings() if row.name == "profile").split(",")
    assert sorted(row["name"] for row in bcda.profiles()) == sorted(set(choices) - {"auto"})


@pytest.mark.parametrize("name", [row["name"] for row in bcda.profiles()])
def test_a_client_has_the_profile_that_it_was_given(name: str) -> None:
    row = next(row for row in bcda.profiles() if row["name"] == name)
    with bcda.Client("https://service.example", env=False, profile=name, access_token="x") as client:  # type: ignore[arg-type]
        assert client.profile == row


def test_the_url_decides() -> None:
    assert client_of().profile["name"] == "bcda-v3"
    assert client_of(ORIGIN + "/api/v2").profile["name"] == "bcda-v2"
    assert client_of("https://service.example/fhir").profile["name"] == "generic"
    assert client_of("https://service.example", allow_plaintext=True).profile["name"] == "bcda-2019"


def test_a_file_replaces_fields(tmp_path: Path) -> None:
    file = tmp_path / "profile.json"
    file.write_text(json.dumps({"title": "Ours"}))
    assert client_of(profile_file=file).profile["title"] == "Ours"


def test_a_plan_is_the_token_request_and_one_kick_off() -> None:
    with client_of() as client:
        token, kick_off = client.plan(["Patient", "Coverage"])
    assert (token["purpose"], token["method"], token["url"]) == ("token", "POST", ORIGIN + "/auth/token")
    assert (kick_off["purpose"], kick_off["method"]) == ("kick-off", "GET")
    address, _, query = kick_off["url"].partition("?")
    assert address == ORIGIN + "/api/v3/Group/all/$export"
    assert query in ("_type=Patient,Coverage", "_type=Patient%2CCoverage")
    assert "_type" not in client_of().plan()[-1]["url"]


def test_a_plan_has_no_secret() -> None:
    text = json.dumps(client_of().plan("Patient"))
    assert SECRET not in text
    assert base64.b64encode(f"an-id:{SECRET}".encode()).decode() not in text
    assert json.loads(text)[0]["headers"]["Authorization"] == "Basic ***"
    token = "a-token-that-nobody-shows"
    with bcda.Client(ORIGIN, env=False, access_token=token) as client:
        (kick_off,) = client.plan()
    assert token not in json.dumps(kick_off)
    assert kick_off["headers"]["Authorization"] == "Bearer ***"


def test_a_plan_has_no_signature() -> None:
    key = VECTORS / "smart/es384.jwk.json"
    how: dict[str, Any] = {"profile": "dpc", "auth": "smart", "client_id": "an-id", "signing_key": key}
    with bcda.Client("https://sandbox.dpc.cms.gov", env=False, **how) as client:
        token, _ = client.plan(["Patient"], group="an-id")
    assert token["purpose"] == "token"
    assert token["body"].endswith("client_assertion=***")


def test_the_settings_of_an_export_are_in_the_plan() -> None:
    with client_of(profile="generic", token_url=ORIGIN + "/auth/token") as client:
        (kick_off,) = kick_offs(client.plan(level="patient", since="2020-02-13T08:00:00Z"))
        assert "/Patient/$export?" in kick_off["url"]
        assert "_since=2020-02-13" in kick_off["url"]
        (kick_off,) = kick_offs(client.plan(["Patient"], level="patient", patients=["Patient/123"]))
    assert kick_off["method"] == "POST"
    assert "Patient/123" in kick_off["body"]


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (datetime(2020, 2, 13, 8, tzinfo=timezone.utc), "2020-02-13T08:00:00Z"),
        (datetime(2020, 2, 13, 8, 0, 0, 123456, timezone(-timedelta(hours=5))), "2020-02-13T13:00:00.123456Z"),
        (datetime(2020, 2, 13, 8, tzinfo=timezone(timedelta(hours=5, seconds=7))), "2020-02-13T02:59:53Z"),
    ],
)
def test_a_time_is_sent_as_the_same_instant(time: datetime, text: str) -> None:
    with client_of(profile="generic", token_url=ORIGIN + "/auth/token") as client:
        (kick_off,) = kick_offs(client.plan(level="patient", since=time))
    assert kick_off["url"].endswith(f"_since={text}")


def test_the_time_of_a_result_is_the_start_of_the_next(tmp_path: Path) -> None:
    with bcda.Sandbox(profile="generic", beneficiaries=1) as sandbox, sandbox.client() as client:
        result = client.export(["Patient"], out=tmp_path / "first", progress=False)
        assert result.transaction_time
        (kick_off,) = kick_offs(client.plan(since=result.transaction_time))
    sent = kick_off["url"].partition("_since=")[2].partition("&")[0]
    assert datetime.fromisoformat(sent.replace("Z", "+00:00")) == result.transaction_time


def test_the_2019_service_has_one_job_for_each_type() -> None:
    with client_of(profile="bcda-2019", allow_plaintext=True) as client:
        urls = [request["url"] for request in kick_offs(client.plan())]
    assert urls == [f"{ORIGIN}/api/v1/{kind}/$export" for kind in ("Patient", "Coverage", "ExplanationOfBenefit")]


def test_a_wrong_argument_is_told_as_by_an_export() -> None:
    with client_of() as client:
        with pytest.raises(bcda.InvalidArgumentError, match="did you mean Patient"):
            client.plan(["Patiant"])
        with pytest.raises(bcda.InvalidArgumentError, match="since"):
            client.plan(sinse="2026")  # type: ignore[call-arg]
        with pytest.raises(bcda.InvalidArgumentError):
            client.plan(level="planet")  # type: ignore[arg-type]


def test_nothing_is_sent(sandbox: bcda.Sandbox) -> None:
    with sandbox.client() as client:
        assert len(client.plan()) == 4
        assert client.profile["name"] == "bcda-2019"
    assert sandbox.request_count("") == 0


def test_a_closed_client_says_so() -> None:
    client = client_of()
    client.close()
    with pytest.raises(bcda.StateError):
        client.plan()
    with pytest.raises(bcda.StateError):
        client.profile  # noqa: B018
