"""Every setting in every form, in every call that accepts it; the sources of settings, and their display."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import bcda
import pytest
from bcda import _options
from bcda._config import make_config
from conftest import PROMPT, VECTORS, settings_for

ROOT = Path(__file__).parent.parent.parent
TABLE = {row.name: row for row in bcda.settings() if row.scope in ("client", "export")}
OF_TABLES = {row.name: row for row in bcda.settings() if row.scope == "table"}
EXPORT = {name for name, row in TABLE.items() if row.scope == "export"}
DECRYPT = {name for name in TABLE if name.startswith("private_key")} | {"durability", "allow_plaintext"}
EXPORT_CALLS: list[Callable[..., object]] = [
    bcda.Client.export,
    bcda.Client.export_async,
    bcda.Client.manifest,
    bcda.Client.fetch,
    bcda.Client.start,
    bcda.Client.start_manifest,
    bcda.Client.start_fetch,
]
each_export_call = pytest.mark.parametrize("call", EXPORT_CALLS, ids=lambda call: call.__name__)


def out_of(call: Callable[..., object]) -> set[str]:
    """The one setting that has no effect in some calls."""
    return set() if "out" in inspect.signature(call).parameters else {"out"}


# ---- How they are shown ----


def test_names_are_the_same_everywhere() -> None:
    for name, row in {**TABLE, **OF_TABLES}.items():
        assert row.name == name
        assert row.env == f"BCDA_{name.upper()}"
        assert row.scope in ("client", "export", "table", "partition")
        assert row.help.endswith(".")


def parameters(call: Callable[..., object]) -> set[str]:
    """The names of the keyword arguments."""
    kinds = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return {name for name, parameter in inspect.signature(call).parameters.items() if parameter.kind in kinds}


def test_a_client_shows_every_setting() -> None:
    assert parameters(bcda.Client) >= TABLE.keys()
    assert parameters(bcda.Client) - TABLE.keys() == {"config_file", "env"}
    inspect.signature(bcda.Client).bind("https://service.example", **dict.fromkeys(TABLE.keys() - {"url"}))


@each_export_call
def test_calls_show_every_setting_of_an_export(call: Callable[..., object]) -> None:
    other = {"self", "progress", "what", "file"}
    types = {"types"} if "fetch" in call.__name__ else set()  # the manifest has the types
    assert parameters(call) - other - types == EXPORT - out_of(call) - types


def test_decrypt_shows_its_settings() -> None:
    own = {"path", "output", "key", "manifest", "label", "progress", "env"}
    assert parameters(bcda.decrypt) - own == DECRYPT
    inspect.signature(bcda.decrypt).bind("in", "out", key="00", private_key="key.pem")


DOCUMENTED: list[tuple[Callable[..., object], set[str]]] = [
    (bcda.Client.__init__, TABLE.keys() - {"url"}),
    (bcda.decrypt, DECRYPT),
    (bcda.open_table, set(OF_TABLES)),
    *((call, EXPORT - {"types", "out"}) for call in EXPORT_CALLS),
]


@pytest.mark.parametrize(("call", "names"), DOCUMENTED, ids=lambda value: getattr(value, "__name__", ""))
def test_docstrings_describe_every_setting(call: Callable[..., object], names: set[str]) -> None:
    text = inspect.getdoc(call) or ""
    for name in names:
        row = TABLE.get(name) or OF_TABLES[name]
        (line,) = (line for line in text.splitlines() if line.strip().startswith(f"{name} ("))
        assert f"{name} ({'time' if name in ('since', 'until') else row.type}" in line
        assert row.help in line
        assert row.choices in line
        assert not row.default or f"default {row.default}" in line


def test_options_file_is_what_its_maker_makes() -> None:
    made = subprocess.run(
        [sys.executable, "python/tools/make_options.py"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert Path(_options.__file__).read_text() == made.stdout


def fields(typed_dict: type) -> set[str]:
    """The keys of a TypedDict and of its base classes."""
    return set(typed_dict.__annotations__)


def test_types_for_checkers_have_the_names_of_the_tables() -> None:
    assert fields(_options.ClientSettings) == TABLE.keys() - {"url"}
    assert fields(_options.ExportSettings) == EXPORT - {"types", "out"}
    assert fields(_options.DecryptSettings) == DECRYPT
    assert fields(_options.TableSettings) == OF_TABLES.keys()
    assert fields(_options.SandboxOptions) == {row.name for row in bcda.sandbox_options()} - {"beneficiaries", "fault"}


def test_types_for_checkers_know_the_choices() -> None:
    choices = {name: row.choices.split(",") for name, row in TABLE.items() if row.type == "choice"}
    assert choices.keys() >= {"profile", "auth", "level", "method", "durability"}
    for name, known in choices.items():
        annotation = str(_options.ClientSettings.__annotations__[name])
        assert all(f'"{choice}"' in annotation or f"'{choice}'" in annotation for choice in known)


# ---- Their values ----

OF_TYPE: dict[str, list[Any]] = {
    "string": ["x"],
    "boolean": [True, False, "yes", "off"],
    "integer": [3, "3"],
    "duration": [3, 0.25, "250ms", "5m", timedelta(milliseconds=1500), timedelta(days=1)],
    "size": [65536, "64KiB", "1GiB"],
}
KEY = VECTORS / "keys/rsa2048.pkcs1.pem"
ENCRYPTED = VECTORS / "keys/rsa2048.pkcs8.encrypted.pem"
CERTIFICATE = VECTORS / "keys/rsa2048.certificate.pem"
PASSPHRASE: str = json.loads((VECTORS / "vectors.json").read_text())["passphrase"]
VALUES: dict[str, list[Any]] = {
    "url": ["https://service.example"],
    "token_url": ["https://service.example/auth/token"],
    "access_token": ["x", lambda: "x"],
    "signing_key": [str(KEY), KEY],
    "signing_key_text": [KEY.read_text(), KEY.read_text],
    "signing_key_passphrase": [PASSPHRASE, lambda: PASSPHRASE],
    "client_secret": ["x", lambda: "x"],
    "private_key": [str(KEY), KEY],
    "job_directory": ["jobs", Path("jobs")],
    "private_key_pem": [KEY.read_text(), KEY.read_text],
    "private_key_passphrase": [PASSPHRASE, lambda: PASSPHRASE],
    "client_certificate": [str(CERTIFICATE), CERTIFICATE],
    "client_certificate_key": [str(KEY), KEY],
    "client_key_passphrase": [PASSPHRASE, lambda: PASSPHRASE],
    "proxy": ["none", "http://proxy:3128"],
    "allowed_origins": ["https://a.example", ["https://a.example", "https://b.example:8443"], ("https://a.example",)],
    "token_origins": ["https://a.example", ["https://a.example"]],
    "types": ["Patient", "Patient, Coverage", ["Patient"], ("Patient", "Coverage"), {"Patient"}, iter(["Patient"])],
    "tables": ["beneficiary", ["beneficiary", "coverage"]],
    "out": ["claims", Path("claims"), "memory://claims", lambda name, type: None],
}
# What to export. The service of 2019 takes only the type; a plan for another server shows the others.
WHAT: dict[str, list[Any]] = {
    "level": ["system", "patient"],
    "group": ["all", "an-id.1"],
    "since": ["2020-02-13T08:00:00Z", datetime(2020, 2, 13, 8, tzinfo=timezone.utc)],
    "until": ["2020-02-13T08:00:00.000-05:00"],
    "type_filters": ["Patient?active=true", ["Patient?active=true", "Patient?gender=female,male"]],
    "elements": ["Patient.name", ["Patient.name", "Patient.gender"]],
    "include_associated_data": ["LatestProvenanceResources", ["LatestProvenanceResources"]],
    "patients": ["Patient/1", ["Patient/1", "Patient/2"]],
    "organize_output_by": ["Patient"],
    "allow_partial_manifests": [True, "no"],
    "output_format": ["application/fhir+ndjson"],
    "method": ["GET", "POST"],
}
CHOICES: dict[str, list[Any]] = {name: row.choices.split(",") for name, row in TABLE.items() if row.type == "choice"}
VALUES = {**VALUES, **WHAT, **CHOICES, "profile": ["auto", "bcda-2019"], "auth": ["auto", "basic"]}
FILES = {  # made for the test
    "client_secret_file": "x",
    "private_key_passphrase_file": PASSPHRASE,
    "signing_key_passphrase_file": PASSPHRASE,
    "client_key_passphrase_file": PASSPHRASE,
    "access_token_file": "x",
    "profile_file": "{}",
}
WITH: dict[str, dict[str, Any]] = {
    "private_key_passphrase": {"private_key": ENCRYPTED},
    "private_key_passphrase_file": {"private_key": ENCRYPTED},
    "signing_key_passphrase": {"signing_key": ENCRYPTED},
    "signing_key_passphrase_file": {"signing_key": ENCRYPTED},
    "client_certificate": {"client_certificate_key": KEY},
    "client_certificate_key": {"client_certificate": CERTIFICATE},
    "client_key_passphrase": {"client_certificate": CERTIFICATE, "client_certificate_key": ENCRYPTED},
    "client_key_passphrase_file": {"client_certificate": CERTIFICATE, "client_certificate_key": ENCRYPTED},
    "client_secret_file": {"client_secret": None},
}
OF_A_JOB = {"job_url", "delete_job"}  # the service of 2019 has nothing for them; see test_inquiries.py
HOW = sorted(EXPORT - {"types", "out"} - OF_A_JOB - WHAT.keys())


def values_of(name: str, directory: Path, sandbox: bcda.Sandbox) -> list[Any]:
    if name in FILES:
        path = directory / name
        path.write_text(FILES[name] + "\n")
        path.chmod(0o600)
        return [str(path), path]
    if name == "ca_file":
        return [sandbox.ca_file, Path(sandbox.ca_file)]
    return VALUES.get(name) or OF_TYPE[TABLE[name].type]


@pytest.mark.parametrize("name", TABLE)
def test_a_client_takes(name: str, tmp_path: Path, shared_sandbox: bcda.Sandbox) -> None:
    for value in [None, *values_of(name, tmp_path, shared_sandbox)]:
        how = {**settings_for(shared_sandbox), **(WITH.get(name, {}) if value is not None else {}), name: value}
        if (name, value) == ("url", None):
            with pytest.raises(bcda.InvalidArgumentError, match="url is missing"):
                bcda.Client(env=False, **how)
            continue
        bcda.Client(env=False, **how).close()


@pytest.mark.parametrize("name", HOW)
def test_an_export_takes(name: str, shared_client: bcda.Client, tmp_path: Path) -> None:
    for number, value in enumerate([None, *(VALUES.get(name) or OF_TYPE[TABLE[name].type])]):
        shared_client.start(["Patient"], out=tmp_path / str(number), **{name: value}).close()


@pytest.mark.parametrize("name", WHAT)
def test_a_plan_takes(name: str, shared_sandbox: bcda.Sandbox) -> None:
    level = {"level": "group" if name == "group" else "patient"}
    client = shared_sandbox.client(profile="generic", auth="none")
    for value in [None, *WHAT[name]]:
        if value is None and name in ("level", "group"):
            continue  # this server has no default for them
        settings: dict[str, Any] = {**level, name: value}
        assert client.plan(["Patient"], **settings)


CALLS: dict[str, Callable[[bcda.Client, Path, dict[str, Any]], Any]] = {
    "export": lambda client, out, how: client.export(["Patient"], out, progress=False, **how).files,
    "start": lambda client, out, how: client.start(["Patient"], out, **how).result().files,
    "manifest": lambda client, out, how: client.manifest(["Patient"], progress=False, **how).files,
    "start_manifest": lambda client, out, how: client.start_manifest(["Patient"], **how).result().files,
    "fetch": lambda client, out, how: client.fetch(client.manifest("Patient"), out, progress=False, **how).files,
    "start_fetch": lambda client, out, how: client.start_fetch(client.manifest("Patient"), out, **how).result().files,
}


@pytest.mark.parametrize("form", [0, 1])
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_every_call_takes_all_of_them(
    call: Callable[[bcda.Client, Path, dict[str, Any]], Any], form: int, shared_client: bcda.Client, tmp_path: Path
) -> None:
    how = {name: (VALUES.get(name) or OF_TYPE[TABLE[name].type])[form] for name in HOW}
    how["poll_interval"] = [0.02, timedelta(milliseconds=20)][form]
    how["timeout"] = [60, timedelta(seconds=60)][form]
    how["job_directory"] = [str(tmp_path / "jobs"), tmp_path / "jobs"][form]
    assert len(call(shared_client, tmp_path / "claims", how)) == 2


def test_a_job_directory_keeps_the_job_of_a_manifest(shared_client: bcda.Client, tmp_path: Path) -> None:
    first, again = (
        shared_client.manifest("Patient", job_directory=tmp_path / "jobs", progress=False) for _ in range(2)
    )
    assert first.text == again.text
    assert shared_client.manifest("Patient", progress=False).text != first.text


def test_settings_take_effect(make_sandbox: Callable[..., bcda.Sandbox], tmp_path: Path) -> None:
    """The call would not end if the value were ignored or misunderstood."""
    client = make_sandbox(faults="job-hangs").client(**PROMPT)
    limits: list[Any] = [0.05, "50ms", timedelta(milliseconds=50)]
    for number, limit in enumerate(limits):
        with pytest.raises(bcda.TimeoutError, match=r"timeout \(50ms\)"):
            client.export(["Patient"], out=tmp_path / str(number), timeout=limit, progress=False)


def test_an_exports_settings_go_before_the_clients(shared_sandbox: bcda.Sandbox, tmp_path: Path) -> None:
    client = shared_sandbox.client(**PROMPT, types="Coverage", out=tmp_path / "client")
    assert client.export(progress=False).types == ["Coverage"]
    assert client.export(["Patient"], out=tmp_path / "export", progress=False).types == ["Patient"]
    assert {path.name for path in tmp_path.iterdir()} == {"client", "export"}


# ---- Where they come from ----


@pytest.fixture
def environment(shared_sandbox: bcda.Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings that a client of the shared sandbox needs."""
    for name, value in settings_for(shared_sandbox).items():
        monkeypatch.setenv(TABLE[name].env, str(value))


def types_of(client: bcda.Client) -> set[str]:
    return {file.type for file in client.manifest(progress=False).files}


@pytest.mark.usefixtures("environment")
def test_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BCDA_TYPES", "Patient,Coverage")
    monkeypatch.setenv("BCDA_OUT", str(tmp_path / "claims"))
    for how in ({}, {"env": True}):
        assert types_of(bcda.Client(**how)) == {"Patient", "Coverage"}  # type: ignore[arg-type]
    bcda.Client().export(progress=False)
    assert (tmp_path / "claims" / "export.json").exists()
    with pytest.raises(bcda.InvalidArgumentError, match="url is missing"):
        bcda.Client(env=False)


@pytest.mark.usefixtures("environment")
def test_a_wrong_value_names_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BCDA_PARALLEL", "many")
    with pytest.raises(bcda.InvalidArgumentError, match="BCDA_PARALLEL"):
        bcda.Client()
    assert types_of(bcda.Client(parallel=2, types="Patient")) == {"Patient"}, "what is not used is not read"


def config_file(directory: Path, values: dict[str, Any]) -> Path:
    path = directory / "bcda é.json"
    path.write_text(json.dumps(values))
    path.chmod(0o600)
    return path


def test_config_file_alone(shared_sandbox: bcda.Sandbox, tmp_path: Path) -> None:
    path = config_file(tmp_path, {**settings_for(shared_sandbox), "types": ["Patient", "Coverage"], "parallel": 2})
    for form in (path, str(path)):
        assert types_of(bcda.Client(config_file=form, env=False)) == {"Patient", "Coverage"}


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize(
    ("keyword", "file", "variable", "wins"),
    [
        ("Patient", "Coverage", "ExplanationOfBenefit", "Patient"),
        (None, "Coverage", "ExplanationOfBenefit", "Coverage"),
        (None, None, "ExplanationOfBenefit", "ExplanationOfBenefit"),
        ("Patient", None, "ExplanationOfBenefit", "Patient"),
        ("Patient", "Coverage", None, "Patient"),
        (None, "Coverage", None, "Coverage"),
    ],
)
def test_precedence(
    keyword: str | None,
    file: str | None,
    variable: str | None,
    wins: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if variable:
        monkeypatch.setenv("BCDA_TYPES", variable)
    path = config_file(tmp_path, {"types": file} if file else {})
    assert types_of(bcda.Client(types=keyword, config_file=path)) == {wins}


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize(
    ("keyword", "file", "variable", "wins"),
    [(True, True, True, "keyword"), (False, True, True, "file"), (False, False, True, "variable")],
)
def test_precedence_of_places(
    keyword: bool, file: bool, variable: bool, wins: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python handles `out` itself, because it may be a URL or a sink."""
    if variable:
        monkeypatch.setenv("BCDA_OUT", str(tmp_path / "variable"))
    path = config_file(tmp_path, {"out": str(tmp_path / "file")} if file else {})
    client = bcda.Client(config_file=path, out=tmp_path / "keyword" if keyword else None)
    client.export(["Patient"], progress=False)
    assert {made.name for made in tmp_path.iterdir() if made.is_dir()} == {wins}


@pytest.mark.usefixtures("environment")
def test_a_secret_given_another_way_goes_before_the_environments(
    shared_sandbox: bcda.Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BCDA_CLIENT_SECRET", "wrong")
    secret = tmp_path / "secret"
    secret.write_text(shared_sandbox.client_secret + "\n")
    secret.chmod(0o600)
    assert types_of(bcda.Client(client_secret_file=secret, types="Patient")) == {"Patient"}
    assert types_of(bcda.Client(client_secret=lambda: shared_sandbox.client_secret, types="Patient")) == {"Patient"}
    with pytest.raises(bcda.AuthenticationError):
        types_of(bcda.Client(types="Patient"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"clientid": "x"}', "client_id"),
        ("[]", "JSON object"),
        ("nonsense", "JSON object"),
        ('{"parallel": 99}', "1 to 64"),
    ],
    ids=["unknown name", "no object", "no JSON", "wrong value"],
)
def test_wrong_config_file(text: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "bcda.json"
    path.write_text(text)
    with pytest.raises(bcda.InvalidArgumentError, match=says) as caught:
        bcda.Client("https://service.example", config_file=path, env=False)
    assert caught.value.file == str(path)
    assert str(path) in str(caught.value)


def test_no_config_file(tmp_path: Path) -> None:
    with pytest.raises(bcda.FilesystemError) as caught:
        bcda.Client("https://service.example", config_file=tmp_path / "none.json", env=False)
    assert caught.value.file == str(tmp_path / "none.json")


def test_a_sandboxs_client_does_not_read_the_environment(
    shared_sandbox: bcda.Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BCDA_TYPES", "Coverage")
    monkeypatch.setenv("BCDA_PARALLEL", "many")
    assert len(types_of(shared_sandbox.client(**PROMPT))) == 3


@pytest.mark.parametrize("job_time", ["50ms", timedelta(milliseconds=50), timedelta(0), 1, 0.05, None], ids=repr)
def test_durations_of_a_sandbox(job_time: Any) -> None:
    with bcda.Sandbox(1, job_time=job_time) as sandbox:
        if job_time is not None:
            sandbox.control("job_time", job_time)


def test_options_of_a_sandbox_take_python_values() -> None:
    public = VECTORS / "keys/rsa2048.public.pem"
    for options in (
        {"tls": False, "error_rate": 0.1, "beneficiaries_per_file": 2, "public_key": public},
        {"tls": "false", "error_rate": "10%", "beneficiaries_per_file": "2", "public_key": str(public)},
    ):
        with bcda.Sandbox(4, **options) as sandbox:
            assert sandbox.url.startswith("http:")
            assert sandbox.private_key == "", "it is not the sandbox's own"


def test_sandbox_options_are_documented() -> None:
    for option in bcda.sandbox_options():
        assert f"{option.name} (default " in (bcda.Sandbox.__doc__ or "")


def test_an_item_of_a_list_may_hold_a_comma() -> None:
    def shown(value: Any) -> str:
        return make_config({"allowed_origins": value}).get("allowed_origins")

    assert shown(["https://a", "https://b"]) == "https://a,https://b"
    assert shown(["https://a,b"]) == '["https://a,b"]'
    assert shown(("https://a,b", "c")) == '["https://a,b","c"]'
    assert shown('["https://a,b","c"]') == '["https://a,b","c"]'
    assert shown([]) == ""


@pytest.mark.parametrize("name", sorted(name for name in EXPORT if TABLE[name].type == "list"))
def test_a_list_of_nothing_is_not_taken_for_everything(name: str) -> None:
    nothing: list[Any] = [[], (), set(), iter([])]
    for empty in nothing:
        with pytest.raises(bcda.InvalidArgumentError, match=f"{name} is an empty list"):
            make_config({name: empty})
    assert make_config({name: None}).get(name) == ""
