"""The programs of examples/python, run as a user runs them."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import bcda
import pytest
from conftest import run_python, write_export

EXAMPLES = Path(__file__).parents[2] / "examples" / "python"
CLAIMS = "ExplanationOfBenefit"
NIGHT = "2026-11-24"
PATIENCE = 60  # seconds
BENEFICIARY = "1999000000"  # the prefix of every beneficiary's number

Run = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Run]:
    """Starts an example in its own directory, with a sandbox in its environment. It is ended with the test."""
    started: list[tuple[subprocess.Popen[str], threading.Timer]] = []

    def start(name: str, *arguments: object, sandbox: bcda.Sandbox | None = None) -> subprocess.Popen[str]:
        command = [sys.executable, "-W", "error::ResourceWarning", str(EXAMPLES / name), *map(str, arguments)]
        environment = {**os.environ, **(settings_of(sandbox) if sandbox else {})}
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        process = subprocess.Popen(command, cwd=tmp_path, env=environment, **pipes)
        started.append((process, threading.Timer(PATIENCE, process.kill)))  # so that no test waits forever
        started[-1][1].start()
        return process

    yield start
    for process, timer in started:
        timer.cancel()
        process.kill()
        process.communicate()


@pytest.fixture
def talkative(sandbox: bcda.Sandbox, tmp_path: Path) -> bcda.Sandbox:
    """A sandbox that refuses a kick-off with a text that names a beneficiary."""
    sandbox.control("fault", f"status=400:on=GET /api/v1/Patient:body=not for {BENEFICIARY}1234")
    with pytest.raises(bcda.RefusedError) as refused:
        sandbox.client().export(["Patient"], out=tmp_path / "refused", progress=False)
    assert BENEFICIARY in refused.value.outcome
    return sandbox


def settings_of(sandbox: bcda.Sandbox) -> dict[str, str]:
    return {
        "BCDA_URL": sandbox.url,
        "BCDA_CLIENT_ID": sandbox.client_id,
        "BCDA_CLIENT_SECRET": sandbox.client_secret,
        "BCDA_PRIVATE_KEY": sandbox.private_key,
        "BCDA_CA_FILE": sandbox.ca_file,
        "BCDA_POLL_INTERVAL": "20ms",
        "BCDA_RETRY_DELAY": "10ms",
        "BCDA_DURABILITY": "process",
    }


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """The exit code and the output of a program."""
    out, err = process.communicate(timeout=PATIENCE)
    assert "Traceback" not in err
    return process.returncode, out, err


def until(process: subprocess.Popen[str], text: str) -> str:
    """Waits for a line of the log that contains `text`, and returns it."""
    assert process.stderr
    seen = []
    for line in process.stderr:
        seen.append(line)
        if text in line:
            return line
    raise AssertionError(f"it ended without saying {text!r}:\n{''.join(seen)}")


@pytest.mark.parametrize("program", sorted(path.name for path in EXAMPLES.glob("*.py")))
def test_a_program_explains_itself(program: str, start: Run) -> None:
    source = (EXAMPLES / program).read_text()
    assert source.startswith('"""')
    code, out, err = ended(start(program, "--help"))
    assert (code, err) == (0, "")
    assert "--help" in out


@pytest.mark.parametrize("arguments", [("paid_by_month.py",), ("nightly.py", "claims"), ("service.py", "--port", 0)])
def test_without_settings_a_program_says_what_is_missing(arguments: tuple[object, ...], start: Run) -> None:
    code, _, err = ended(start(*arguments))
    assert code == 2
    assert "the setting url is missing" in err


# ---- paid_by_month.py ----


def paid(claim: dict[str, Any]) -> float:
    if "payment" in claim:
        return float(claim["payment"]["amount"]["value"])
    adjudications = [adjudication for item in claim["item"] for adjudication in item["adjudication"]]
    return sum(
        float(adjudication["amount"]["value"])
        for adjudication in adjudications
        if adjudication["category"]["coding"][0]["display"].startswith("Amount paid by Part D plan")
    )


def sums_of(result: bcda.ExportResult) -> dict[str, float]:
    """Computes the sums from single claims, without pandas."""
    sums: dict[str, float] = {}
    for claim in result.records(CLAIMS):
        start = claim.get("billablePeriod", {}).get("start") or claim["item"][0]["servicedDate"]
        sums[start[:7]] = sums.get(start[:7], 0.0) + paid(claim)
    return sums


def sums_in(table: str) -> dict[str, float]:
    rows = re.findall(r"^(\d{4}-\d\d|Total) .* ([\d,.]+)$", table, re.MULTILINE)
    return {month: float(amount.replace(",", "")) for month, amount in rows}


def is_plot(path: Path) -> bool:
    data = path.read_bytes()
    width, height = (int.from_bytes(data[at : at + 4], "big") for at in (16, 20))
    return data.startswith(b"\x89PNG\r\n\x1a\n") and width > 1000 and height > 500 and len(data) > 10_000


def test_paid_by_month_adds_up(start: Run, tmp_path: Path) -> None:
    code, out, err = ended(start("paid_by_month.py", "--sandbox", "--out", "claims", "--plot", "paid.png"))
    assert (code, err) == (0, "")
    result = bcda.ExportResult.open(tmp_path / "claims")
    shown, sums = sums_in(out), sums_of(result)
    assert shown.pop("Total") == pytest.approx(sum(sums.values()), abs=0.01)
    assert shown == pytest.approx(sums, abs=0.01)
    assert "Part A" in out
    assert "Part B" in out
    assert "Part D" in out
    assert is_plot(tmp_path / "paid.png")
    assert BENEFICIARY not in out


def test_paid_by_month_takes_the_service_of_the_environment(
    start: Run, make_sandbox: Callable[..., bcda.Sandbox], tmp_path: Path
) -> None:
    code, out, _ = ended(start("paid_by_month.py", sandbox=make_sandbox(1)))
    assert code == 0
    sums = sums_of(bcda.ExportResult.open(tmp_path / "claims"))
    assert {month: amount for month, amount in sums_in(out).items() if amount and month != "Total"} == pytest.approx(
        sums, abs=0.01
    )
    assert is_plot(tmp_path / "paid_by_month.png")


def test_paid_by_month_of_no_claims(start: Run, sandbox: bcda.Sandbox, tmp_path: Path) -> None:
    sandbox.control("fault", "job-empty")
    code, out, err = ended(start("paid_by_month.py", sandbox=sandbox))
    assert (code, out, err) == (0, "The export has no claims.\n", "")
    assert not (tmp_path / "paid_by_month.png").exists()


def test_paid_by_month_fails_as_the_command_does(start: Run, sandbox: bcda.Sandbox) -> None:
    sandbox.control("fault", "status=401:on=POST /auth/token")
    code, out, err = ended(start("paid_by_month.py", sandbox=sandbox))
    assert (code, out) == (3, "")
    assert err.startswith("paid_by_month: ")


def test_paid_by_month_copes_with_what_claims_lack(tmp_path: Path) -> None:
    def typed(kind: str) -> dict[str, Any]:
        system = "https://bluebutton.cms.gov/resources/codesystem/eob-type"
        return {"type": {"coding": [{"system": system, "code": kind}]}}

    codes = {"cvrd_d_plan_pd_amt": 10.5, "ptnt_pay_amt": 99}
    adjudication = [
        {
            "amount": {"value": value},
            "category": {"coding": [{"code": f"https://bluebutton.cms.gov/resources/variables/{code}"}]},
        }
        for code, value in codes.items()
    ]
    drug = {**typed("PDE"), "item": [{"sequence": 1, "adjudication": adjudication, "servicedDate": "2019-03-31"}]}
    drug["type"]["coding"].append({"code": "PDE"})
    claim = {**typed("CARRIER"), "status": "active"}
    paid = {"payment": {"amount": {"value": 100}}}
    january = {"billablePeriod": {"start": "2019-01-01"}}
    claims: list[dict[str, Any]] = [
        {**drug, "status": "active"},
        {**claim, **paid, **january},  # of an unknown part
        {**claim, **paid, **january, "status": "cancelled"},
        {**claim, **paid},  # no date
        {**claim, **january},  # no amount
    ]
    lines = [json.dumps({"resourceType": CLAIMS, "id": str(n), **record}) for n, record in enumerate(claims)]
    write_export(tmp_path / "claims", {CLAIMS: "\n".join(lines).encode()})
    script = (
        "import bcda, json, runpy, sys\n"
        "program = runpy.run_path(sys.argv[1])\n"
        "total, left_out = program['paid_by_month'](program['payments'](bcda.ExportResult.open('claims')))\n"
        "print(json.dumps([left_out, {str(month): row.to_dict() for month, row in total.iterrows()}]))\n"
    )
    done = run_python(script, EXAMPLES / "paid_by_month.py", cwd=tmp_path)
    assert done.stderr == ""
    assert json.loads(done.stdout) == [
        2,
        {"2019-01": {"d": 0, "other": 100}, "2019-02": {"d": 0, "other": 0}, "2019-03": {"d": 10.5, "other": 0}},
    ]


# ---- nightly.py ----


def test_a_night_is_exported_once(start: Run, sandbox: bcda.Sandbox, tmp_path: Path) -> None:
    code, out, err = ended(start("nightly.py", "srv/claims", sandbox=sandbox))
    assert code == 0
    (night,) = (tmp_path / "srv" / "claims").iterdir()
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", night.name)
    assert len(bcda.ExportResult.open(night).files) == 3
    assert re.fullmatch(rf"{night.name}: exported: 3 files, [\d,]+ records, [\d,]+ bytes, as of .*\n", out)
    assert re.search(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} INFO bcda: job: Patient$", err, re.MULTILINE)
    assert re.search(r"INFO nightly: Patient: 10 records in \S+/Patient\.\S+\.ndjson$", err, re.MULTILINE)

    kick_offs = sandbox.request_count("GET /api/v1/")
    code, out, err = ended(start("nightly.py", "srv/claims", "--date", night.name, sandbox=sandbox))
    assert (code, err) == (0, "")
    assert out.startswith(f"{night.name}: exported already: 3 files, ")
    assert sandbox.request_count("GET /api/v1/") == kick_offs


def test_a_night_of_some_types(start: Run, sandbox: bcda.Sandbox, tmp_path: Path) -> None:
    code, out, _ = ended(start("nightly.py", ".", "--date", NIGHT, "--types", "Patient,Coverage", sandbox=sandbox))
    assert code == 0
    assert out.startswith(f"{NIGHT}: exported: 2 files, ")
    assert bcda.ExportResult.open(tmp_path / NIGHT).types == ["Coverage", "Patient"]


def test_a_night_with_error_files(start: Run, make_sandbox: Callable[..., bcda.Sandbox], tmp_path: Path) -> None:
    sandbox = make_sandbox(100, error_rate=0.1, era="oct2019")
    code, out, err = ended(start("nightly.py", ".", "--date", NIGHT, "--verbose", sandbox=sandbox))
    issues = bcda.ExportResult.open(tmp_path / NIGHT).issues
    assert code == 6
    assert out.startswith(f"{NIGHT}: exported, with 3 error files: ")
    assert any(BENEFICIARY in issue.text for issue in issues)
    assert BENEFICIARY not in out + err
    assert sandbox.client_secret not in err


@pytest.mark.parametrize(
    ("fault", "exit_code", "said", "advice"),
    [
        ("status=401:on=POST /auth/token", 3, "AUTHENTICATION", "trying again will not help"),
        ("flip:on=GET /data/", 5, "DECRYPTION", "trying again will not help"),
        ("status=503:on=GET /api/v1/Patient:retry_after=0", 4, "REFUSED", "trying again may help"),
    ],
)
def test_a_night_that_fails(
    start: Run, sandbox: bcda.Sandbox, fault: str, exit_code: int, said: str, advice: str
) -> None:
    sandbox.control("fault", fault)
    code, out, err = ended(start("nightly.py", ".", "--date", NIGHT, "--types", "Patient", sandbox=sandbox))
    assert code == exit_code
    assert out == f"{NIGHT}: failed ({said}); {advice}\n"
    assert " ERROR nightly: " in err


def test_a_log_has_nothing_of_what_the_service_said(start: Run, talkative: bcda.Sandbox) -> None:
    code, out, err = ended(start("nightly.py", ".", "--verbose", "--types", "Patient", sandbox=talkative))
    assert code == 4
    assert BENEFICIARY not in out + err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_night_that_is_canceled_goes_on(
    start: Run, sandbox: bcda.Sandbox, tmp_path: Path, number: signal.Signals
) -> None:
    sandbox.control("fault", "stall:at=1:for=1h:on=GET /data/3/")
    arguments = ("nightly.py", ".", "--date", NIGHT, "--verbose")
    process = start(*arguments, sandbox=sandbox)
    until(process, "file: ")
    process.send_signal(number)
    code, out, _ = ended(process)
    assert (code, out) == (130, f"{NIGHT}: canceled\n")
    assert not (tmp_path / NIGHT / "export.json").exists()
    assert not list(tmp_path.rglob("*.partial"))

    sandbox.control("fault", "none")
    code, out, _ = ended(start(*arguments, sandbox=sandbox))
    assert code == 0
    assert sandbox.request_count(f"GET /api/v1/{CLAIMS}") == 1
    assert len(bcda.ExportResult.open(tmp_path / NIGHT).files) == 3
    assert len(list((tmp_path / NIGHT).glob("[A-Z]*.ndjson"))) == 3


def test_two_at_once_do_not_share_a_night(start: Run, sandbox: bcda.Sandbox) -> None:
    sandbox.control("fault", "job-hangs")
    first = start("nightly.py", ".", "--date", NIGHT, sandbox=sandbox)
    until(first, "job: ")
    code, _, err = ended(start("nightly.py", ".", "--date", NIGHT, sandbox=sandbox))
    assert code == 1
    assert "is in use by another run" in err
    first.send_signal(signal.SIGTERM)
    assert ended(first)[0] == 130


# ---- service.py ----


def ask(method: str, url: str, body: object = None, **headers: str) -> tuple[int, dict[str, Any]]:
    data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def listening(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    url = process.stdout.readline().strip()
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/exports", url)
    return url


def begun(url: str, *types: str) -> str:
    status, job = ask("POST", url, {"types": types})
    assert (status, job["state"]) == (202, "running")
    return str(job["id"])


def test_the_service_runs_several_exports_and_cancels_one(start: Run, sandbox: bcda.Sandbox, tmp_path: Path) -> None:
    sandbox.control("fault", f"job-hangs:on=GET /api/v1/{CLAIMS}")
    service = start("service.py", "--port", 0, "--out", "exports", sandbox=sandbox)
    url = listening(service)
    hanging = begun(url, CLAIMS)
    finished = [begun(url, "Patient", "Coverage"), begun(url, "Patient")]
    ends = {until(service, ": done").split()[-2].rstrip(":") for _ in finished}
    assert ends == set(finished)

    status, job = ask("GET", f"{url}/{finished[0]}")
    assert (status, job["state"], job["step"]) == (200, "done", "finished")
    assert job["types"] == {"Patient": "done", "Coverage": "done"}
    assert job["progress"]["files"] == job["progress"]["of"] == 2
    result = bcda.ExportResult.open(tmp_path / "exports" / finished[0])
    assert [file["path"] for file in job["files"]] == [file.path for file in result.files]

    assert ask("GET", f"{url}/{hanging}")[1]["state"] == "running"
    assert ask("DELETE", f"{url}/{hanging}")[0] == 202
    until(service, f"{hanging}: canceled")
    assert ask("GET", f"{url}/{hanging}")[1]["state"] == "canceled"
    service.send_signal(signal.SIGTERM)
    assert ended(service)[0] == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_end_of_the_service_cancels_what_runs(
    start: Run, sandbox: bcda.Sandbox, tmp_path: Path, number: signal.Signals
) -> None:
    sandbox.control("fault", "job-hangs")
    service = start("service.py", "--port", 0, sandbox=sandbox)
    url = listening(service)
    jobs = [begun(url, "Patient"), begun(url, "Coverage")]
    for _ in jobs:
        until(service, "job: ")
    service.send_signal(number)
    code, _, err = ended(service)
    assert code == 0
    for job in jobs:
        assert f"{job}: canceled" in err
    assert not list(tmp_path.rglob("export.json"))


def test_the_service_reports_failures_without_the_text_of_bcda(start: Run, talkative: bcda.Sandbox) -> None:
    service = start("service.py", "--port", 0, sandbox=talkative)
    url = listening(service)
    name = begun(url, "Patient")
    until(service, f"{name}: failed")
    job = ask("GET", f"{url}/{name}")[1]
    assert job["state"] == "failed"
    assert job["error"]["code"] == "REFUSED"
    assert job["error"]["retriable"] is False
    assert BENEFICIARY not in json.dumps(job)


def test_the_service_refuses_what_it_cannot_do(start: Run, sandbox: bcda.Sandbox) -> None:
    sandbox.control("fault", "job-hangs")
    url = listening(start("service.py", "--port", 0, sandbox=sandbox))
    assert ask("GET", f"{url}/1")[0] == 404
    assert ask("GET", url)[0] == 404
    for body in (b"{", b"[1]", b"[" * 50_000, {"types": 1}, {"types": ["../x"]}):
        assert ask("POST", url, body)[0] == 400
    assert ask("POST", url, b" " * 70_000)[0] == 413
    assert ask("POST", url, {"types": ["Patient"]}, Origin="https://example.com")[0] == 403
    with socket.create_connection(("127.0.0.1", int(url.split(":")[2].split("/")[0]))) as connection:
        connection.sendall(b"nonsense\r\n\r\n")
        assert connection.makefile("rb").readline() == b"HTTP/1.1 400 Bad Request\r\n"
    name = begun(url, "Patient")
    assert ask("PUT", f"{url}/{name}", {})[0] == 405
    for _ in range(7):
        begun(url, "Patient")
    assert ask("POST", url, {"types": ["Patient"]})[0] == 429


def test_the_service_has_a_sandbox(start: Run) -> None:
    service = start("service.py", "--port", 0, "--sandbox")
    name = begun(listening(service), "Patient")
    until(service, f"{name}: done")
    service.send_signal(signal.SIGTERM)
    assert ended(service)[0] == 0
