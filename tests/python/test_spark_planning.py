"""Options, planning and marks of bcda.spark, which need no Spark. tests/spark has what runs in Spark."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import bcda
import pytest
from bcda import spark
from bcda.spark import ReadError, marks, planning
from bcda.spark.options import Options
from bcda.spark.planning import Planning
from conftest import PROMPT, run_python

KEY = "0123456789abcdef" * 4
TABLE = {"table": "beneficiary"}


def refusal(**given: str) -> str:
    with pytest.raises(bcda.InvalidArgumentError) as refused:
        Options({**TABLE, **given})
    return str(refused.value)


# ---- Options ----


def test_names_are_not_case_sensitive() -> None:
    found = Options({"Table": "claim", "CLIENT_ID": "me", "STATELOCATION": "/state", "maxconcurrentdownloads": "7"})
    assert found.definition == "claim"
    assert found.settings == {"client_id": "me", "max_partitions": "7"}
    assert found.state_location == "/state"


def test_what_a_catalog_adds_is_ignored() -> None:
    assert not Options({**TABLE, "owner": "me", "provider": "bcda", "option.url": "x"}).settings


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"clientid": "x"}, "there is no option named clientid; did you mean client_id?"),
        ({"statelocaton": "x"}, "there is no option named statelocaton; did you mean stateLocation?"),
        ({"zzz": "x"}, "there is no option named zzz; docs/spark.md and docs/settings.md list the options"),
        ({"view": "{}"}, "give exactly one of the options table, view and raw=true"),
        ({"proxy": "http://me:p***w@proxy"}, "the option proxy has a password, and Spark shows options"),
        ({"raw": "true"}, "give exactly one of the options table, view and raw=true"),
        ({"raw": "maybe"}, "the option raw takes true or false"),
        ({"manifest": "{}", "path": "/claims"}, "give either the option manifest or the option path"),
        ({"path": "s3://claims"}, "the option path takes a path of a local or mounted file system, and no URL"),
        ({"path": "[1]"}, "the option path is not a JSON array of texts"),
        ({"stateLocation": "dbfs:/state"}, "the option stateLocation takes a path of a local or mounted file system"),
        ({"maxConcurrentDownloads": "0"}, "the option maxConcurrentDownloads takes a number from 1 to 999999"),
        ({"since": "mark"}, "since=mark needs the option stateLocation, which keeps the mark"),
        ({"since": "mark", "path": "/a"}, "since=mark is for a job; leave out the options manifest and path"),
        ({"out": "/claims"}, "the option out is of no use, because Spark reads no export into a directory"),
        ({"job_directory": "/job"}, "the option job_directory is refused, because the option stateLocation decides it"),
        (
            {"patients": "Patient/hunter2"},
            "the option patients is refused, because Spark shows options: use the environment variable BCDA_PATIENTS",
        ),
        (
            {"manifest": "s3://manifest"},
            "the option manifest takes a path of a local or mounted file system, and no URL",
        ),
        ({"manifest": ""}, "the option manifest takes a path of a local or mounted file system, and no URL"),
        ({"retries": "many"}, "the setting retries takes a whole number"),
    ],
)
def test_refuses(given: dict[str, str], message: str) -> None:
    refused = refusal(**given)
    assert message in refused
    assert "hunter2" not in refused


@pytest.mark.parametrize("setting", [row for row in bcda.settings() if row.secret], ids=lambda row: row.name)
def test_refuses_each_secret_and_names_its_reference(setting: bcda.Setting) -> None:
    message = refusal(**{setting.name.upper(): "hunter2"})
    assert f"the option {setting.name} is refused" in message
    assert setting.env in message
    assert "hunter2" not in message
    has_file = any(row.name == f"{setting.name}_file" for row in bcda.settings())
    assert has_file == (f"the option {setting.name}_file" in message)


@pytest.mark.parametrize("name", ["proxy", "url", "token_url"])
def test_refuses_a_password_in_a_url(name: str) -> None:
    message = refusal(**{name: "http://me:hunter2@proxy:3128"})
    assert "hunter2" not in message
    assert f"BCDA_{name.upper()}" in message


def test_paths_may_be_several() -> None:
    assert Options({**TABLE, "path": '["/a", "/b"]'}).paths == ["/a", "/b"]
    assert Options({**TABLE, "path": "/a,b"}).paths == ["/a,b"]


def test_spark_writes_some_paths_as_urls() -> None:
    assert Options({**TABLE, "path": '["file:/a%20b", "file:///c"]'}).paths == ["/a b", "/c"]
    for url in ("file://host/a", "file:/a?b", "file:/a#b"):
        assert "the option path is no path and no file: URL of this machine" in refusal(path=url)


def test_tasks_get_what_a_download_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BCDA_URL", "https://bcda.example")
    monkeypatch.setenv("BCDA_CLIENT_SECRET", "hunter2")
    monkeypatch.setenv("BCDA_CA_FILE", "/driver/ca.pem")
    monkeypatch.setenv("BCDA_PROXY", "http://me:hunter2@proxy:3128")
    for_tasks = {"client_id": "me", "client_secret_file": "/secret", "partition_key_file": "/key", "retries": "2"}
    given = {"private_key": "/private.pem", "types": "Patient", "since": "2026-01-01T00:00:00Z"}
    sent = Options({**TABLE, **given, **for_tasks}).for_tasks()
    assert {name: sent[name] for name in (*for_tasks, "url")} == {**for_tasks, "url": "https://bcda.example"}
    assert not {"ca_file", "proxy", "private_key", "types", "since", "batch_rows"} & set(sent)


def test_an_executor_cannot_change_rows_or_their_verification(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = Options({**TABLE, "verify": "before", "threads": "0"}).for_tasks()
    assert sent["threads"] == "0"  # was given, although it is the default
    for row in bcda.settings():
        changes_rows = row.for_opening and row.scope in ("export", "table", "partition") and row.type != "path"
        if changes_rows and row.default and row.name != "batch_rows":
            assert sent[row.name] == row.default, row.name


def test_tasks_are_told_the_profile_that_a_private_key_decides(sandbox: bcda.Sandbox) -> None:
    given = {**TABLE, "url": sandbox.url.removesuffix("/api/v1"), "stateLocation": "/nowhere"}
    of_today = Planning(Options({**given, "ca_file": sandbox.ca_file}), None)
    assert of_today.profile() == {"profile": "bcda-v3"}
    of_2019 = Planning(Options({**given, "private_key": sandbox.private_key}), None)
    assert of_2019.profile() == {"profile": "bcda-2019"}
    assert Planning(Options({**TABLE, "path": "/claims"}), None).profile() == {}


def test_no_text_shows_options() -> None:
    found = Options({**TABLE, "url": "https://bcda.example"})
    assert "bcda.example" not in repr(found) + str(found) + repr(Planning(found, "/nowhere/bcda"))


# ---- The key of a request ----


def test_the_key_of_a_request() -> None:
    request = {"url": "https://api.bcda.example", "client_id": "me", "types": "Patient,Coverage"}
    assert planning.key_of({**request, "types": "Coverage,Patient"}) == planning.key_of(request)
    assert planning.key_of({**request, "since": "2026-01-01T00:00:00Z"}) != planning.key_of(request)
    # The tests of the Java source have the same vector.
    more = {"profile": "bcda-v3", "since": "2026-01-01T00:00:00Z", "type_filters": '["Patient?a=1,2"]'}
    assert planning.key_of({**request, **more}) == "fe24a12eb36b70e2"
    of_mark = {**request, **more, "since": ""}
    view = '{"resource": "Patient",\n "name": "\u00e9"}'
    for definition, key in (
        ("claim_line", "7674e60aaf67d740"),
        ("raw", "3ac659e76f51811c"),
        (view, "99d572af9f92d3c1"),
    ):
        assert planning.key_of({**of_mark, "definition": definition}) == key


def test_the_key_has_what_says_the_request() -> None:
    found = Options({**TABLE, "url": "https://a", "profile": "auto", "retries": "2", "types": "Patient"})
    assert planning.request_of(found.config()) == {"url": "https://a", "types": "Patient"}


# ---- One job for all plannings ----

Make = Callable[..., Planning]


@pytest.fixture
def plan(sandbox: bcda.Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Makes a planning of its own for each call, as Spark does. The secrets are in the environment."""
    monkeypatch.setenv("BCDA_CLIENT_SECRET", sandbox.client_secret)
    monkeypatch.setenv("BCDA_PARTITION_KEY", KEY)
    given = {name: str(value) for name, value in {**sandbox.settings, **PROMPT}.items() if name != "client_secret"}

    def make(**more: str) -> Planning:
        wanted = {**TABLE, **given, "types": "Patient", "stateLocation": str(tmp_path / "state"), **more}
        return Planning(Options(wanted), None)

    return make


def kick_offs(sandbox: bcda.Sandbox, kind: str = "Patient") -> int:
    return sandbox.request_count(f"GET /api/v1/{kind}/$export")


def test_plannings_share_a_job(sandbox: bcda.Sandbox, plan: Make) -> None:
    first, second = plan().partitions(), plan(retries="3").partitions()
    assert len(first) == 1
    assert first.digest == second.digest
    assert kick_offs(sandbox) == 1
    plan(types="Coverage").partitions()
    assert kick_offs(sandbox, "Coverage") == 1


def test_a_planning_can_be_pickled(sandbox: bcda.Sandbox, plan: Make) -> None:
    original = plan()
    assert len(pickle.loads(pickle.dumps(original)).partitions()) == 1
    assert original.partitions().files == 1
    assert kick_offs(sandbox) == 1


def test_plannings_at_once_share_a_job(sandbox: bcda.Sandbox, plan: Make) -> None:
    sandbox.control("job_time", "1s")
    made: list[str] = []
    threads = [threading.Thread(target=lambda: made.append(plan().partitions().digest)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(made) == 3
    assert len(set(made)) == 1
    assert kick_offs(sandbox) == 1


def test_state_is_private(plan: Make, tmp_path: Path) -> None:
    plan().partitions()
    plan(stateLocation=str(tmp_path / "new" / "newer" / "state")).partitions()
    for directory in filter(Path.is_dir, [*tmp_path.joinpath("state").rglob(""), *tmp_path.joinpath("new").rglob("")]):
        assert directory.stat().st_mode & 0o777 == 0o700


def test_without_a_place_for_jobs(plan: Make) -> None:
    with pytest.raises(bcda.InvalidArgumentError, match="the option stateLocation is missing"):
        Planning(Options({**TABLE, "url": "https://a"}), None)


def test_the_default_place_is_this_users_alone(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o755)
    with pytest.raises(bcda.FilesystemError, match="is not this user's alone"):
        Planning(Options({**TABLE, "url": "https://localhost:1"}), str(shared)).partitions()


def test_the_partition_key_is_missed_before_there_is_a_job(
    sandbox: bcda.Sandbox, plan: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BCDA_PARTITION_KEY")
    with pytest.raises(bcda.InvalidArgumentError, match="the setting partition_key is missing"):
        plan().partitions()
    monkeypatch.setenv("BCDA_PARTITION_KEY", "short")
    with pytest.raises(bcda.InvalidArgumentError, match="partition_key must be 32 random bytes"):
        plan().partitions()
    assert kick_offs(sandbox) == 0


def test_a_restart_that_fails_is_not_repeated(sandbox: bcda.Sandbox, plan: Make) -> None:
    plan().partitions()
    read = plan(restart="yes", retries="0", outage_limit="1ms")
    sandbox.control("fault", "status=503:on=GET /api/v1/jobs/:count=1000")
    for _ in range(2):
        with pytest.raises(bcda.RefusedError, match="HTTP 503"):
            pickle.loads(pickle.dumps(read)).partitions()
    sandbox.control("fault", "none")
    assert pickle.loads(pickle.dumps(read)).partitions().files == 1
    assert kick_offs(sandbox) == 2


def test_a_restart_is_once_also_for_plannings_at_once(sandbox: bcda.Sandbox, plan: Make) -> None:
    before = plan().partitions().digest
    sandbox.control("job_time", "500ms")
    read = pickle.dumps(plan(restart="1"))
    made: list[str] = []
    threads = [threading.Thread(target=lambda: made.append(pickle.loads(read).partitions().digest)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert kick_offs(sandbox) == 2
    assert len(made) == 3
    assert set(made) == {plan().partitions().digest} != {before}  # later reads go on with the new job


def test_a_restart_may_come_from_the_environment(
    sandbox: bcda.Sandbox, plan: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan().partitions()
    monkeypatch.setenv("BCDA_RESTART", "true")
    read = plan()
    for _ in range(2):
        read.partitions()
    assert kick_offs(sandbox) == 2


def test_a_damaged_note_of_the_present_job(plan: Make, tmp_path: Path) -> None:
    plan(restart="on").partitions()
    (current,) = (tmp_path / "state").glob("*/current")
    for text in ("", "../../other", "job-0\n"):
        current.write_text(text)
        with pytest.raises(bcda.FilesystemError, match="current is damaged; remove it"):
            plan()


def test_a_restart_happens_once_for_each_read(sandbox: bcda.Sandbox, plan: Make) -> None:
    plan().partitions()
    read = plan(restart="true")
    for _ in range(2):
        pickle.loads(pickle.dumps(read)).partitions()
    assert kick_offs(sandbox) == 2
    plan(restart="true").partitions()
    assert kick_offs(sandbox) == 3


def test_reads_in_turn_restart_once_each(sandbox: bcda.Sandbox, plan: Make) -> None:
    reads = [plan(restart="true"), plan(restart="true")]
    for read in reads * 3:
        pickle.loads(pickle.dumps(read)).partitions()
    assert kick_offs(sandbox) == 2


def test_a_mark_that_files_are_gone_ends_plannings_until_a_restart(sandbox: bcda.Sandbox, plan: Make) -> None:
    gone = marks.Gone(plan().job, plan().partitions().digest)
    gone.set()
    requests = sandbox.request_count("")
    with pytest.raises(
        bcda.JobGoneError, match="start a new export: the service has removed its files; set the option"
    ):
        plan().partitions()
    assert sandbox.request_count("") == requests
    assert plan(restart="true").partitions().files == 1
    gone.set()  # by a late task of the job before
    assert plan().partitions().files == 1


def test_a_manifest_needs_no_job(sandbox: bcda.Sandbox, plan: Make, tmp_path: Path) -> None:
    manifest = sandbox.client(**PROMPT).manifest(["Patient", "Coverage"], progress=False)
    (tmp_path / "manifest.json").write_text(manifest.text)
    for given in (manifest.text, f" \n{manifest.text}", str(tmp_path / "manifest.json")):
        assert plan(manifest=given).partitions().files == 1  # of the type Patient
    assert kick_offs(sandbox) == 1
    assert not (tmp_path / "state").exists()


def test_a_text_with_signed_urls_is_refused(
    make_sandbox: Callable[..., bcda.Sandbox], plan: Make, tmp_path: Path
) -> None:
    signing = make_sandbox(profile="bcda-v3", signed_urls="1h")
    manifest = signing.client(**PROMPT).manifest(["Patient"], progress=False)
    of_service = {"url": signing.url, "ca_file": signing.ca_file, "profile": "bcda-v3"}
    with pytest.raises(bcda.InvalidArgumentError, match="give the option manifest the path of a file that has it"):
        plan(manifest=manifest.text, **of_service).partitions()
    (tmp_path / "manifest.json").write_text(manifest.text)
    assert plan(manifest=str(tmp_path / "manifest.json"), **of_service).partitions().files == 1


def test_a_manifest_that_cannot_be_read(plan: Make, tmp_path: Path) -> None:
    with pytest.raises(bcda.FilesystemError, match="the manifest /nowhere/it cannot be read: No such file"):
        plan(manifest="/nowhere/it").partitions()
    (tmp_path / "binary").write_bytes(b"\xff")
    with pytest.raises(bcda.InvalidArgumentError, match=r"the manifest .*/binary is no text in UTF-8"):
        plan(manifest=str(tmp_path / "binary")).partitions()


def test_finished_exports_need_no_service(sandbox: bcda.Sandbox, tmp_path: Path) -> None:
    sandbox.client(**PROMPT).export(["Patient", "Coverage"], out=tmp_path / "claims", progress=False)
    found = Planning(Options({**TABLE, "path": str(tmp_path / "claims"), "maxConcurrentDownloads": "1"}), None)
    assert len(found.partitions()) == 1
    assert found.partitions().files == 2


# ---- The mark of since=mark ----


@pytest.fixture
def today(make_sandbox: Callable[..., bcda.Sandbox]) -> bcda.Sandbox:
    return make_sandbox(profile="bcda-v3")


def marked(sandbox: bcda.Sandbox, tmp_path: Path) -> dict[str, Any]:
    given = {name: str(value) for name, value in {**sandbox.settings, **PROMPT}.items() if name != "client_secret"}
    return {**TABLE, **given, "types": "Patient", "since": "mark", "stateLocation": str(tmp_path / "state")}


def test_a_commit_moves_the_mark(today: bcda.Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BCDA_CLIENT_SECRET", today.client_secret)
    monkeypatch.setenv("BCDA_SINCE", "2026-01-01T00:00:00Z")  # has no effect
    given = marked(today, tmp_path)
    read = Planning(Options(given), None)
    time = read.partitions().transaction_time
    assert time is not None
    assert read._settings["since"] == ""  # everything
    assert Planning(Options(given), None).partitions().transaction_time == time  # not committed
    spark.commit(**given)
    (mark,) = (tmp_path / "state").glob("*/mark.json")
    assert time.isoformat()[:19] in mark.read_text()
    assert read.partitions().transaction_time == time  # the same data frame
    today.control("clock", "48h")
    later = Planning(Options(given), None)
    assert later._settings["since"][:19] == time.isoformat()[:19]
    assert (later.partitions().transaction_time or time) > time
    assert today.request_count("GET /api/v3/Group/all/$export") == 2
    spark.commit(**given)
    with pytest.raises(ReadError, match="STATE: there is nothing to commit"):
        spark.commit(**given)


def test_each_table_has_a_mark_of_its_own(today: bcda.Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BCDA_CLIENT_SECRET", today.client_secret)
    given = {**marked(today, tmp_path), "types": "Patient,Coverage"}
    for table in ("beneficiary", "coverage"):
        options = {**given, "table": table}
        read = Planning(Options(options), None)
        assert read._settings["since"] == ""  # everything, although another table was committed
        read.partitions()
        spark.commit(**options)
    assert today.request_count("GET /api/v3/Group/all/$export") == 1


def test_of_two_plans_the_earlier_one_is_committed(tmp_path: Path) -> None:
    mark = marks.Mark(str(tmp_path))
    early, late = datetime(2026, 1, 1, tzinfo=timezone.utc), datetime(2026, 1, 2, tzinfo=timezone.utc)
    for times in ((early, late), (late, early)):
        for time in times:
            mark.plan(time)
        mark.commit()
        assert mark.time() == "2026-01-01T00:00:00Z"
        (tmp_path / "mark.json").unlink()
    (tmp_path / "planned.json").write_text("damaged")
    mark.plan(early)
    mark.commit()
    mark.plan(early)  # the same data frame is used again
    mark.plan(late)
    mark.commit()
    assert mark.time() == "2026-01-02T00:00:00Z"


@pytest.mark.parametrize(
    ("profile", "more", "message"),
    [
        (
            "bcda-2019",
            {},
            "the setting since: BCDA as its guide of 2019 describes it, with encrypted files does not take",
        ),
        ("hapi", {"level": "patient"}, "the setting since: HAPI FHIR ignores _since with level=patient"),
        (
            "bcda-v3",
            {"level": "patient"},
            "with level=patient BCDA v3 .* never sends the history of people who are new",
        ),
        ("generic", {"until": "2026-01-01T00:00:00Z"}, "since=mark asks for all changes up to now; leave out the sett"),
        (
            "bcda-v3",
            {"job_url": "https://localhost/1"},
            "since=mark starts a job of its own; leave out the setting job_",
        ),
    ],
)
def test_a_mark_is_refused_where_changes_would_be_missed(
    make_sandbox: Callable[..., bcda.Sandbox], tmp_path: Path, profile: str, more: dict[str, str], message: str
) -> None:
    service = make_sandbox(profile=profile)
    with pytest.raises(bcda.InvalidArgumentError, match=message):
        Planning(Options({**marked(service, tmp_path), **more}), None)
    assert service.request_count("") == 0


def test_the_first_read_of_a_mark_has_everything(
    make_sandbox: Callable[..., bcda.Sandbox], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = make_sandbox(profile="ab2d")  # without _since it sends what is new to its last export
    monkeypatch.setenv("BCDA_CLIENT_SECRET", service.client_secret)
    given = {**marked(service, tmp_path), "types": "ExplanationOfBenefit"}
    first = next(row["first_since"] for row in bcda.profiles() if row["name"] == "ab2d")
    assert Planning(Options(given), None)._settings["since"] == first != ""


def test_a_commit_takes_options_as_they_are_typed(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="INVALID_ARGUMENT: commit needs the options of a read with since=mark"):
        spark.commit(table="claim", stateLocation=str(tmp_path), final_only=True, columns=None)


def test_a_damaged_mark_is_not_taken_for_none(tmp_path: Path) -> None:
    mark = marks.Mark(str(tmp_path))
    assert mark.time() is None
    for text in ("", "{}", "[]", '{"transactionTime":7}'):
        (tmp_path / "mark.json").write_text(text)
        with pytest.raises(bcda.FilesystemError, match="has no transactionTime; remove it to read everything again"):
            mark.time()


def test_bcda_spark_needs_no_pyspark_before_it_is_used() -> None:
    script = "import sys, bcda, bcda.spark; assert not any('spark' in m for m in sys.modules if m[:4] != 'bcda')"
    assert run_python(script).returncode == 0
