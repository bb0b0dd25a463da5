"""Questions to the service outside of an export: credentials, jobs, attribution."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import bcda
import pytest
from conftest import PROMPT, prompt


@pytest.fixture
def today(make_sandbox: Callable[..., bcda.Sandbox]) -> bcda.Sandbox:
    return make_sandbox(profile="bcda-v3")


def running_job(client: bcda.Client) -> tuple[bcda.Run[bcda.Manifest], str]:
    run = client.start_manifest()
    return run, next(event.url for event in run if event.kind == "job" and event.url)


def test_the_credentials_are_checked(today: bcda.Sandbox) -> None:
    with today.client(**PROMPT) as client:
        checked = client.check_auth()
    assert checked == {
        "service": today.url.replace("/api/v3", ""),
        "profile": "bcda-v3",
        "method": "basic",
        "tokenOrigin": today.url.replace("/api/v3", ""),
        "lifetime": 1200,
        "scope": None,
        "checked": True,
        "answer": "Welcome to the Beneficiary Claims Data API!",
    }
    assert today.request_count("GET /auth/welcome") == 1


def test_wrong_credentials_are_refused(today: bcda.Sandbox) -> None:
    with today.client(**prompt(client_secret="wrong")) as client, pytest.raises(bcda.AuthenticationError):
        client.check_auth()


def test_a_job_is_listed_asked_for_and_canceled(today: bcda.Sandbox) -> None:
    today.control("job_time", "1h")
    with today.client(**PROMPT) as client:
        assert client.jobs() == []
        run, url = running_job(client)
        (job,) = client.jobs(["Pending", "In Progress"])
        assert job["url"] == url
        assert client.jobs("Failed") == []
        status = client.job_status(url)
        assert (status["state"], status["files"]) == ("running", None)
        client.cancel_job(url)
        with pytest.raises(bcda.JobGoneError):
            run.result()
        with pytest.raises(bcda.JobGoneError):
            client.job_status(url)


def test_a_job_is_adopted(today: bcda.Sandbox, tmp_path: Path) -> None:
    with today.client(**PROMPT) as client:
        client.manifest(progress=False)
        (job,) = client.jobs("Completed")
        assert client.job_status(job["url"])["state"] == "done"
        with pytest.raises(bcda.RefusedError, match="can no longer be canceled"):
            client.cancel_job(job["url"])
        result = client.export(out=tmp_path / "out", job_url=job["url"], progress=False)
        assert client.plan(job_url=job["url"])[-1]["purpose"] == "status"
        assert len(client.jobs()) == 1
    assert result.files
    assert today.request_count("GET /api/v3/Group/") == 1


def test_the_attribution_status(today: bcda.Sandbox) -> None:
    with today.client(**PROMPT) as client:
        assert [date["type"] for date in client.attribution()] == ["last_attribution_update", "last_runout_update"]


def test_what_cannot_be_asked_is_told_before_anything_is_sent(sandbox: bcda.Sandbox) -> None:
    with sandbox.client(**PROMPT) as client:
        for call in (client.jobs, client.attribution, lambda: client.cancel_job(sandbox.url + "/api/v1/jobs/1")):
            with pytest.raises(bcda.InvalidArgumentError, match="has no"):
                call()
        with pytest.raises(bcda.InvalidArgumentError, match="elsewhere"):
            client.job_status("https://elsewhere.example/jobs/1")
        with pytest.raises(bcda.InvalidArgumentError, match="job_url"):
            client.start(job_url="https://elsewhere.example/jobs/1", out="unused")
        with pytest.raises(bcda.InvalidArgumentError, match="kind"):
            client.start_inquiry("metadata")  # type: ignore[arg-type]
    assert sandbox.request_count("") == 0
