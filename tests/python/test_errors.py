"""Failures and their exceptions: the class, the message and the fields, which never contain a secret."""

from __future__ import annotations

import builtins
import copy
import json
import os
import pickle
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import bcda
import pytest
from conftest import PROMPT, VECTORS, in_thread, prompt, settings_for

MakeSandbox = Callable[..., bcda.Sandbox]
SECRET = "hunter2-is-the-secret"
NOT_FAILURES = {"OK", "AGAIN", "END"}
CLASSES: list[type[bcda.Error]] = [
    value
    for value in (getattr(bcda, name) for name in bcda.__all__)
    if isinstance(value, type) and issubclass(value, bcda.Error) and value is not bcda.Error
]


def beginning(value: object) -> str:
    """The identifier of a value. The end of a function's repr is its address, which differs between processes."""
    return repr(value)[:20]


each_class = pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)


# ---- The classes ----


def test_every_failure_has_one_class() -> None:
    failures = [status.name for status in bcda.statuses() if status.name not in NOT_FAILURES]
    assert sorted(cls.code for cls in CLASSES) == sorted(failures)


OWN_WORDS = {"SINK", "CANCELED"}  # their meanings in the table are for callers in C


@each_class
def test_class_agrees_with_the_table(cls: type[bcda.Error]) -> None:
    status = next(status for status in bcda.statuses() if status.name == cls.code)
    assert cls.__name__.removesuffix("Error").upper() == status.name.replace("_", "")
    assert cls.__module__ == "bcda"
    assert cls.__doc__
    if status.name not in OWN_WORDS:
        said = cls.__doc__.replace(",", "").rstrip(".").lower()
        assert said.startswith(status.description.replace(",", "").lower())
    error = cls("message")
    assert (str(error), error.exit_code) == ("message", status.exit_code)
    assert (error.http_status, error.outcome, error.file, error.retriable) == (None, "", None, False)
    assert (error.retry_after, error.result) == (None, None)


@pytest.mark.parametrize(
    ("cls", "builtin"),
    [
        (bcda.InvalidArgumentError, ValueError),
        (bcda.TimeoutError, builtins.TimeoutError),
        (bcda.NoMemoryError, MemoryError),
    ],
)
def test_classes_that_are_also_builtin(cls: type[bcda.Error], builtin: type[Exception]) -> None:
    with pytest.raises(builtin, match="message"):
        raise cls("message")


COPIES: dict[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda error: pickle.loads(pickle.dumps(error)),
}
each_copy = pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)


@each_copy
@each_class
def test_copies_have_all_fields(cls: type[bcda.Error], copied: Callable[[Any], Any]) -> None:
    error = cls("message", http_status=503, outcome="words", file="f", retriable=True, retry_after=1.5)
    other = copied(error)
    assert type(other) is cls
    assert (str(other), repr(other), other.args) == (str(error), repr(error), error.args)
    assert vars(other) == vars(error)


@each_copy
def test_copies_keep_what_was_verified(copied: Callable[[Any], Any], make_sandbox: MakeSandbox, tmp_path: Path) -> None:
    sandbox = make_sandbox(beneficiaries_per_file=5, faults="flip:count=1")
    with pytest.raises(bcda.DecryptionError) as caught:
        sandbox.client(**PROMPT).export(["Patient"], out=tmp_path / "claims", progress=False)
    result = copied(caught.value).result
    assert result is not None
    assert result.files == caught.value.result.files  # type: ignore[union-attr]
    assert sum(1 for _ in result.records("Patient")) == 5


# ---- Faults of the service ----


@dataclass(frozen=True)
class Fault:
    """Faults of a sandbox with two files, and the expected result."""

    faults: list[str]
    kind: type[bcda.Error]
    says: str
    files: int = 0  # the number of verified files
    http_status: int | None = None
    retriable: bool = False
    settings: dict[str, Any] = field(default_factory=dict)


FAULTS: dict[str, Fault] = {
    "flip": Fault(["flip"], bcda.DecryptionError, "2 of 2 files failed"),
    "flip once": Fault(["flip:count=1"], bcda.DecryptionError, "GCM tag", files=1),
    "wrong key": Fault(["wrong-key:file=0"], bcda.DecryptionError, "GCM tag", files=1),
    "wrong label": Fault(["wrong-label:file=1"], bcda.DecryptionError, "renamed", files=1),
    "keys differ": Fault(["keys-differ"], bcda.ProtocolError, "two different keys", http_status=200),
    "no key": Fault(["no-key", "no-keymap"], bcda.VerificationError, "allow_plaintext"),
    "plaintext": Fault(["plaintext:count=1"], bcda.DecryptionError, "plain NDJSON", files=1),
    "truncate": Fault(["truncate"], bcda.NetworkError, "bytes missing", retriable=True),
    "reset": Fault(["reset"], bcda.NetworkError, "reading from", retriable=True),
    "stall": Fault(["stall"], bcda.TimeoutError, "in time", retriable=True, settings={"idle_timeout": 0.1}),
    "other origin": Fault(["other-origin=https://evil.example"], bcda.ProtocolError, "allowed_origins"),
    "html": Fault(["html"], bcda.ProtocolError, "a web page", http_status=200),
    "not json": Fault(["not-json"], bcda.ProtocolError, "not JSON", http_status=200),
    "no location": Fault(["no-location"], bcda.ProtocolError, "Content-Location"),
    "huge header": Fault(["huge-header"], bcda.LimitError, "max_header_bytes"),
    "job fails": Fault(["job-fails"], bcda.JobFailedError, "failed on the service", http_status=500),
    "job expires": Fault(["job-expires"], bcda.JobGoneError, "expired", http_status=410),
    "job hangs": Fault(["job-hangs"], bcda.TimeoutError, "job_timeout", settings={"job_timeout": 0.1}),
    "timeout": Fault(["job-hangs"], bcda.TimeoutError, "timeout", settings={"timeout": 0.1}),
    "forbidden": Fault(
        ["status=403:on=GET /api/v1/Patient"], bcda.RefusedError, "403", http_status=403, retriable=False
    ),
    "busy": Fault(["status=503:retry_after=0:on=GET /data"], bcda.RefusedError, "503", http_status=503, retriable=True),
    "token refused": Fault(
        ["status=401:on=POST /auth/token"], bcda.AuthenticationError, "client_secret", http_status=401
    ),
    "redirect": Fault(["status=302:on=GET /api/v1/Patient"], bcda.RefusedError, "redirect", http_status=302),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_fault(fault: Fault, make_sandbox: MakeSandbox, tmp_path: Path) -> None:
    sandbox = make_sandbox(beneficiaries_per_file=5, faults=fault.faults)
    client = sandbox.client(**prompt(retries=1, outage_limit=0, **fault.settings))
    with pytest.raises(bcda.Error) as caught:
        client.export(["Patient"], out=tmp_path / "claims", progress=False)
    error = caught.value
    assert type(error) is fault.kind
    assert fault.says in str(error)
    assert (error.http_status, error.retriable) == (fault.http_status, fault.retriable)
    assert error.__cause__ is None
    assert error.result is not None
    left = {str(path) for path in (tmp_path / "claims").glob("Patient.*")}
    assert {file.path for file in error.result.files} == left
    assert len(left) == fault.files
    assert sum(1 for _ in error.result.records()) == 5 * fault.files
    assert not (tmp_path / "claims" / "export.json").exists()


def test_what_a_failed_export_was_offered_can_be_fetched(make_sandbox: MakeSandbox, tmp_path: Path) -> None:
    sandbox = make_sandbox(beneficiaries_per_file=5, faults="flip:count=1")
    client = sandbox.client(**PROMPT)
    with pytest.raises(bcda.DecryptionError) as caught:
        client.export(["Patient"], out=tmp_path / "claims", progress=False)
    error: bcda.Error = pickle.loads(pickle.dumps(caught.value))
    assert error.result is not None
    assert error.result.manifest is not None
    kick_offs = sandbox.request_count("GET /api/v1/Patient")
    result = client.fetch(error.result.manifest, out=tmp_path / "again", progress=False)
    assert {file.records for file in result.files} == {5}
    assert len(result.files) == len(error.result.files) + 1
    assert sandbox.request_count("GET /api/v1/Patient") == kick_offs

    client.export(["Patient"], out=tmp_path / "claims", progress=False, restart=True)
    assert bcda.ExportResult.open(tmp_path / "claims").manifest is None


def test_the_file_concerned_is_named(make_sandbox: MakeSandbox, tmp_path: Path) -> None:
    client = make_sandbox(faults="flip").client(**PROMPT)
    manifest = client.manifest(["Patient"], progress=False)
    with pytest.raises(bcda.DecryptionError) as caught:
        client.fetch(manifest, out=tmp_path / "claims", progress=False)
    assert caught.value.file == manifest.files[0].name
    assert manifest.files[0].name in str(caught.value)


def test_retry_after_is_in_seconds(make_sandbox: MakeSandbox) -> None:
    sandbox = make_sandbox(faults="status=503:retry_after=90:on=GET /api/v1/metadata")
    with pytest.raises(bcda.RefusedError) as caught:
        sandbox.client(**PROMPT, retries=0).metadata()
    assert (caught.value.retry_after, caught.value.retriable) == (90.0, True)
    assert caught.value.result is None


def test_wrong_secret(shared_sandbox: bcda.Sandbox, tmp_path: Path) -> None:
    client = shared_sandbox.client(**PROMPT, client_secret=SECRET)
    with pytest.raises(bcda.AuthenticationError, match="client_secret") as caught:
        client.export(["Patient"], out=tmp_path / "claims", progress=False)
    assert (caught.value.http_status, caught.value.exit_code) == (401, 3)
    with pytest.raises(bcda.AuthenticationError):
        client.manifest(["Patient"], progress=False)


def test_wrong_private_key(shared_sandbox: bcda.Sandbox, tmp_path: Path) -> None:
    client = shared_sandbox.client(**PROMPT, private_key=VECTORS / "keys/rsa2048-other.pkcs1.pem")
    with pytest.raises(bcda.DecryptionError, match="private key is not the registered one"):
        client.export(["Patient"], out=tmp_path / "claims", progress=False)


def test_a_port_without_a_server(tmp_path: Path) -> None:
    with bcda.Sandbox(1) as sandbox:
        client = sandbox.client(**PROMPT, retries=0)
    with pytest.raises(bcda.NetworkError, match="localhost") as caught:
        client.export(["Patient"], out=tmp_path / "claims", progress=False)
    assert caught.value.retriable is True


def test_certificate_of_someone_else(shared_sandbox: bcda.Sandbox, make_sandbox: MakeSandbox, tmp_path: Path) -> None:
    client = shared_sandbox.client(**PROMPT, ca_file=make_sandbox().ca_file)
    with pytest.raises(bcda.TLSError, match="ca_file") as caught:
        client.export(["Patient"], out=tmp_path / "claims", progress=False)
    assert caught.value.retriable is False


class Service(HTTPServer):
    """A service on loopback, for answers that the sandbox cannot give."""

    status: tuple[int, dict[str, Any]]  # the answer to a status request
    data: bytes  # the answer to the request of a file

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def client(self) -> bcda.Client:
        key = VECTORS / "keys/rsa2048.pkcs8.pem"
        return bcda.Client(self.url, env=False, client_id="id", client_secret=SECRET, private_key=key, **PROMPT)


class Answers(BaseHTTPRequestHandler):
    server: Service  # pyright: ignore[reportIncompatibleVariableOverride]

    def answer(self, status: int, body: dict[str, Any] | bytes, **headers: str) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {**headers, "Content_Length": str(len(data))}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self) -> None:
        self.answer(200, {"access_token": "token", "token_type": "bearer"})

    def do_GET(self) -> None:
        if "$export" in self.path:
            self.answer(202, {}, Content_Location=f"{self.server.url}/api/v1/jobs/1")
        elif "/jobs/" in self.path:
            self.answer(*self.server.status, Content_Type="application/json")
        else:
            self.answer(200, self.server.data)

    def log_message(self, format: str, *arguments: object) -> None:
        """Prints no log."""


@pytest.fixture
def service() -> Iterator[Service]:
    with Service(("127.0.0.1", 0), Answers) as server:
        served = in_thread(lambda: server.serve_forever(poll_interval=0.01))
        yield server
        server.shutdown()
        served.result(20)


# The text of the service, which may name beneficiaries.
WORDS = "Error retrieving Patient for beneficiary 19990000000027"


def test_the_services_words_stay_in_their_field(
    service: Service, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    issue = {"severity": "Error", "code": "Exception", "details": {"text": WORDS}}
    service.status = 500, {"resourceType": "OperationOutcome", "issue": [issue]}
    reported: list[bcda.Event] = []
    with caplog.at_level("DEBUG", logger="bcda"), pytest.raises(bcda.JobFailedError) as caught:
        service.client().export(["Patient"], out=tmp_path / "claims", progress=reported.append)
    error = caught.value
    assert error.outcome == WORDS
    said = [str(error), repr(error), caplog.text, *map(str, reported), *(event.json for event in reported)]
    said += [path.read_text() for path in (tmp_path / "claims").rglob("*") if path.is_file()]
    assert not any("retrieving" in text for text in said)


@pytest.mark.parametrize("first", [None, b"{", b"x"])
def test_an_altered_file_is_called_altered(
    first: bytes | None, service: Service, vectors: list[dict[str, Any]], tmp_path: Path
) -> None:
    """This must hold for every first byte, because one file in 256 starts like JSON."""
    (vector,) = (vector for vector in vectors if vector["name"] == "patient-1kb-rsa2048")
    item = {
        "type": "Patient",
        "url": f"{service.url}/data/1/{vector['filename']}",
        "encryptedKey": vector["encryptedKey"],
    }
    manifest = {"transactionTime": "2019-09-20T14:47:33Z", "request": service.url, "requiresAccessToken": True}
    service.status = 200, {**manifest, "output": [item], "error": []}
    service.data = (VECTORS / vector["ciphertextFile"]).read_bytes()
    if first is None:
        result = service.client().export(["Patient"], out=tmp_path / "claims", progress=False)
        assert result.files[0].sha256 == vector["plaintextSha256"]
        return
    service.data = first + service.data[1:]
    with pytest.raises(bcda.DecryptionError, match="GCM tag"):
        service.client().export(["Patient"], out=tmp_path / "claims", progress=False)


# ---- Paths ----


def test_occupied_directory(shared_client: bcda.Client, tmp_path: Path) -> None:
    out = tmp_path / "claims"
    shared_client.export(["Patient"], out=out, progress=False)
    before = {path: path.read_bytes() for path in out.iterdir()}
    with pytest.raises(bcda.FilesystemError, match="holds a finished export") as caught:
        shared_client.export(["Patient"], out=out, progress=False)
    assert caught.value.file == str(out)
    assert {path: path.read_bytes() for path in out.iterdir()} == before


def occupy(path: Path) -> None:
    path.mkdir()
    (path / "Patient.ndjson").write_text("{}\n")


OCCUPIED: dict[str, Callable[[Path], object]] = {
    "unknown NDJSON files": occupy,
    "a file": lambda path: path.write_text("a file"),
    "nothing above it": lambda path: None,
}


@pytest.mark.parametrize("occupied", OCCUPIED.values(), ids=OCCUPIED)
def test_place_that_cannot_be_used(
    occupied: Callable[[Path], object], shared_client: bcda.Client, tmp_path: Path
) -> None:
    out = tmp_path / ("claims" if occupied is not OCCUPIED["nothing above it"] else "none/claims")
    occupied(out)
    with pytest.raises(bcda.FilesystemError) as caught:
        shared_client.start(["Patient"], out=out)
    assert caught.value.file == str(out)


ODD = ["😀 claims", os.fsdecode(b"claims \xff"), "a\nb", "é", "~", "%s"]


@pytest.mark.parametrize("form", [str, Path], ids=["text", "Path"])
@pytest.mark.parametrize("name", ODD, ids=ascii)
def test_directories_with_odd_names(
    name: str, form: Callable[[str], Any], shared_client: bcda.Client, tmp_path: Path
) -> None:
    out = os.path.join(tmp_path, name)
    reported: list[bcda.Event] = []
    result = shared_client.export(["Patient"], out=form(out), progress=reported.append)
    assert os.listdir(tmp_path) == [name]
    assert {os.path.dirname(file.path) for file in result.files} == {out}
    assert {event.file for event in reported if event.kind == "file"} == {file.path for file in result.files}
    assert sum(1 for _ in result.records("Patient")) == 20
    assert bcda.ExportResult.open(form(out)).files == result.files
    with pytest.raises(bcda.FilesystemError) as caught:
        shared_client.export(["Patient"], out=form(out), progress=False)
    assert caught.value.file == out


@pytest.mark.parametrize("name", ODD, ids=ascii)
def test_directory_of_the_environment_with_an_odd_name(
    name: str, shared_sandbox: bcda.Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BCDA_OUT", os.path.join(tmp_path, name))
    with bcda.Client(**settings_for(shared_sandbox)) as client:
        client.export(["Patient"], progress=False)
    assert os.listdir(tmp_path) == [name]


@pytest.mark.parametrize("form", [str, Path], ids=["text", "Path"])
@pytest.mark.parametrize("name", ODD, ids=ascii)
def test_key_files_with_odd_names(
    name: str, form: Callable[[str], Any], shared_sandbox: bcda.Sandbox, tmp_path: Path
) -> None:
    path = os.path.join(tmp_path, name)
    with pytest.raises(bcda.FilesystemError) as caught:
        shared_sandbox.client(private_key=form(path))
    assert caught.value.file == path
    Path(path).write_bytes(Path(shared_sandbox.private_key).read_bytes())
    shared_sandbox.client(private_key=form(path)).close()


# ---- Settings ----


@pytest.mark.parametrize("value", ["4", 4, True, None, ["x"], lambda: "4"], ids=beginning)
def test_unknown_setting_names_the_nearest(value: Any, shared_sandbox: bcda.Sandbox, tmp_path: Path) -> None:
    with pytest.raises(bcda.InvalidArgumentError, match="no setting named paralel; did you mean parallel"):
        shared_sandbox.client(paralel=value)  # type: ignore[call-arg]
    client = shared_sandbox.client()
    with pytest.raises(bcda.InvalidArgumentError, match="no setting named paralel; did you mean parallel"):
        client.export(["Patient"], out=tmp_path / "claims", paralel=value)  # type: ignore[call-arg]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["url", "client_id", "ca_file", "threads"])
def test_setting_of_a_client_is_refused_for_one_export(name: str, shared_client: bcda.Client, tmp_path: Path) -> None:
    how: dict[str, Any] = {name: "1"}
    with pytest.raises(bcda.InvalidArgumentError, match=f"{name} belongs to the client"):
        shared_client.export(["Patient"], out=tmp_path / "claims", progress=False, **how)


# By setting: an invalid value, and the text of the message about valid values.
WRONG_VALUES: list[tuple[str, Any, str]] = [
    ("client_id", 5, "text"),
    ("client_id", b"x", "text"),
    ("client_id", ["x"], "text"),
    ("private_key", 5, "a path"),
    ("private_key", b"/x", "a path"),
    ("restart", 1, "True or False"),
    ("restart", "maybe", "true or false"),
    ("parallel", True, "a whole number"),
    ("parallel", 2.5, "a whole number"),
    ("parallel", "many", "a whole number"),
    ("parallel", 65, "1 to 64"),
    ("retries", -1, "a whole number"),
    ("poll_interval", True, "seconds, a timedelta"),
    ("poll_interval", [1], "seconds, a timedelta"),
    ("poll_interval", "5 parsecs", "a duration"),
    ("since", datetime(2026, 2, 13, 8), "a datetime with a time zone, and this one has none"),
    ("until", date(2026, 2, 13), "a datetime with a time zone, or text"),
    ("until", 1771000000, "a datetime with a time zone, or text"),
    ("since", datetime.min.replace(tzinfo=timezone(timedelta(hours=1))), "a datetime with a time zone, or text"),
    ("poll_interval", float("nan"), "a duration"),
    ("poll_interval", -1, "a duration"),
    ("max_header_bytes", 1.5, "a size"),
    ("max_header_bytes", "64KB", "a size"),
    ("max_header_bytes", None.__class__, "failed"),  # a class is a function that returns a value
    ("durability", "luck", "power,process"),
    ("durability", 5, "text"),
    ("types", ["Patient", ""], "a list of texts; '' is none"),
    ("types", ["\0"], "a list of texts"),
    ("types", [1], "a list of texts; 1 is none"),
    ("types", {"Patient": 1}, "a list of texts"),
    ("types", b"Patient", "a list of texts"),
    ("types", 5, "a list of texts"),
]


@pytest.mark.parametrize(("name", "value", "takes"), WRONG_VALUES, ids=beginning)
def test_wrong_values(name: str, value: Any, takes: str, shared_sandbox: bcda.Sandbox) -> None:
    how: dict[str, Any] = {name: value}
    with pytest.raises(bcda.InvalidArgumentError) as caught:
        shared_sandbox.client(**how)
    assert f"the setting {name} " in str(caught.value)
    assert takes in str(caught.value)


SECRETS = [row.name for row in bcda.settings() if row.secret]
WRONG_SECRETS: dict[str, Any] = {
    "bytes": SECRET.encode(),
    "list": [SECRET],
    "tuple": (SECRET,),
    "dict": {SECRET: SECRET},
    "NUL inside": f"{SECRET}\0{SECRET}",
    "lone surrogate": f"{SECRET}\udcff",
    "path": Path(SECRET),
}


@pytest.mark.parametrize("value", WRONG_SECRETS.values(), ids=WRONG_SECRETS)
@pytest.mark.parametrize("name", SECRETS)
def test_wrong_values_of_secrets_are_not_shown(name: str, value: Any, shared_sandbox: bcda.Sandbox) -> None:
    how: dict[str, Any] = {name: value}
    with pytest.raises(bcda.InvalidArgumentError) as caught:
        shared_sandbox.client(**how)
    assert name in str(caught.value)
    assert SECRET not in everything_said(caught.value)


@pytest.mark.parametrize("value", [f"{SECRET}\udcff", SECRET.encode(), [SECRET], lambda: SECRET], ids=beginning)
def test_secrets_under_a_wrong_name_are_not_shown(value: Any, shared_sandbox: bcda.Sandbox) -> None:
    with pytest.raises(bcda.InvalidArgumentError, match="did you mean client_secret") as caught:
        shared_sandbox.client(client_secert=value)  # type: ignore[call-arg]
    assert SECRET not in everything_said(caught.value)


@pytest.mark.parametrize("name", ["private_key", "client_id", "out", "user_agent"])
def test_a_nul_does_not_cut_a_value(
    name: str, shared_sandbox: bcda.Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    values = {"private_key": f"{shared_sandbox.private_key}\0x", "out": f"{tmp_path}/claims\0x"}
    how: dict[str, Any] = {name: values.get(name, "a\0x")}
    with pytest.raises(ValueError, match=name):
        shared_sandbox.client(**{**prompt(out="claims"), **how}).export(["Patient"], progress=False)
    assert list(tmp_path.iterdir()) == []


# ---- Providers ----


def test_what_a_provider_raises_is_the_cause(shared_sandbox: bcda.Sandbox) -> None:
    raised = LookupError(SECRET)

    def provide() -> str:
        raise raised

    with pytest.raises(bcda.InvalidArgumentError, match="client_secret") as caught:
        shared_sandbox.client(client_secret=provide)
    assert caught.value.__cause__ is raised
    assert str(caught.value) == "the function of the setting client_secret failed with LookupError; see __cause__"


@pytest.mark.parametrize("given", [None, 5, [SECRET], f"{SECRET}\udcff"], ids=["None", "int", "list", "surrogate"])
def test_a_provider_that_gives_no_text(given: Any, shared_sandbox: bcda.Sandbox) -> None:
    with pytest.raises(bcda.InvalidArgumentError, match="client_secret") as caught:
        shared_sandbox.client(client_secret=lambda: given)
    assert isinstance(caught.value.__cause__, TypeError)
    assert SECRET not in everything_said(caught.value)


def test_a_provider_is_asked_once_a_client_and_again_for_the_next(shared_sandbox: bcda.Sandbox) -> None:
    asked: list[int] = []

    def provide() -> str:
        asked.append(1)
        return shared_sandbox.client_secret

    for number in (1, 2):
        client = shared_sandbox.client(**PROMPT, client_secret=provide)
        assert len(client.manifest(["Patient"], progress=False).files) == 2
        assert len(asked) == number


def test_a_provider_of_an_export_setting(shared_client: bcda.Client) -> None:
    def fail() -> str:
        raise LookupError

    types: Any = lambda: "Patient"  # noqa: E731
    assert {file.type for file in shared_client.manifest(types, progress=False).files} == {"Patient"}
    types = fail
    with pytest.raises(bcda.InvalidArgumentError) as caught:
        shared_client.manifest(types, progress=False)
    assert isinstance(caught.value.__cause__, LookupError)


# ---- Secrets ----


def everything_said(error: BaseException | None) -> str:
    """All text of an exception and its causes that a traceback or a logger could show."""
    said = ""
    while error is not None:
        said += f"{error} {error!r} {vars(error)} "
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return said


def test_no_secret_is_shown(make_sandbox: MakeSandbox, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    sandbox = make_sandbox(client_secret=SECRET, faults="flip")
    passphrase = json.loads((VECTORS / "vectors.json").read_text())["passphrase"]
    client = sandbox.client(
        **PROMPT, private_key=VECTORS / "keys/rsa2048.pkcs8.encrypted.pem", private_key_passphrase=passphrase
    )
    pem = Path(sandbox.private_key).read_text()
    other = sandbox.client(**PROMPT, private_key_pem=pem)
    said = [repr(sandbox), str(sandbox), repr(client), str(client), repr(other)]
    reported: list[bcda.Event] = []
    with caplog.at_level("DEBUG", logger="bcda"):
        for number, each in enumerate((client, other)):
            with pytest.raises(bcda.DecryptionError) as caught:
                each.export(["Patient"], out=tmp_path / str(number), progress=reported.append)
            said += [everything_said(caught.value), repr(caught.value.result), str(caught.value.result.receipt)]  # type: ignore[union-attr]
    said += [caplog.text, *map(repr, reported), *(event.json for event in reported)]
    said += [path.read_text() for path in tmp_path.rglob("*") if path.is_file()]
    for secret in (SECRET, passphrase, pem.splitlines()[1]):
        assert not any(secret in text for text in said)


def test_a_damaged_key_is_not_shown(shared_sandbox: bcda.Sandbox) -> None:
    pem = f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----\n"
    with pytest.raises(bcda.PrivateKeyError, match="private_key_pem") as caught:
        shared_sandbox.client(private_key_pem=pem)
    assert SECRET not in everything_said(caught.value)
    assert caught.value.file is None, "it came from no file"


def test_credentials_in_the_url_are_not_shown() -> None:
    with pytest.raises(bcda.InvalidArgumentError, match="url") as caught:
        bcda.Client(f"https://user:{SECRET}@service.example", env=False)
    assert SECRET not in everything_said(caught.value)


# ---- The sandbox ----


def test_a_closed_sandbox() -> None:
    sandbox = bcda.Sandbox(1)
    sandbox.close()
    sandbox.close()
    assert repr(sandbox) == f"<Sandbox at {sandbox.url}, closed>"
    calls: list[Callable[[], object]] = [lambda: sandbox.control("clock", "1h"), lambda: sandbox.request_count("GET")]
    for call in calls:
        with pytest.raises(bcda.StateError, match="closed"):
            call()
    assert not Path(sandbox.private_key).exists()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"beneficiary": 1}, "beneficiaries"),
        ({"era": "2020"}, "oct2019"),
        ({"faults": "flop"}, "flip"),
        ({"client_secret": f'{SECRET}"'}, "client_secret"),
        ({"tls": "maybe"}, "true or false"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_wrong_options_of_a_sandbox(options: dict[str, Any], says: str) -> None:
    with pytest.raises(bcda.InvalidArgumentError, match=says) as caught:
        bcda.Sandbox(**options)
    assert SECRET not in str(caught.value)
