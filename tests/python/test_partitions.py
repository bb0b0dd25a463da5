"""Partitions: an export in tokens that other processes open."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import bcda
import pytest
from conftest import PROMPT

KEY = "0f" * 32


@pytest.fixture
def sandbox(make_sandbox: Callable[..., bcda.Sandbox]) -> bcda.Sandbox:
    return make_sandbox(30, beneficiaries_per_file=10)


def executor(sandbox: bcda.Sandbox, **settings: Any) -> dict[str, Any]:
    """What an executor has: credentials and the partition key, but no private key."""
    given = {**sandbox.settings, **PROMPT, "partition_key": KEY, **settings}
    return {name: value for name, value in given.items() if not name.startswith("private_key")}


def cut(client: bcda.Client, count: int = 2, types: str = "Patient,ExplanationOfBenefit") -> bcda.Partitions:
    return client.partitions(client.manifest(types, progress=False), count, partition_key=KEY)


def test_all_partitions_are_the_tables_of_one_machine(
    client: bcda.Client, sandbox: bcda.Sandbox, tmp_path: Path
) -> None:
    result = client.export(["Patient", "ExplanationOfBenefit"], out=tmp_path / "out", progress=False)
    made = cut(client, 4)
    assert len(made) == len(made.tokens) == 4
    assert sum(part.files for part in made) == made.files == 6
    for table in ("claim", "beneficiary"):
        expected = sorted(map(str, result.table(table).to_arrow().to_pylist()))
        rows: list[str] = []
        for part in made:
            rows += map(str, bcda.open_partition(part.token, table, **executor(sandbox)).to_arrow().to_pylist())
        assert sorted(rows) == expected


def test_their_time_is_the_earliest_of_the_manifests(client: bcda.Client) -> None:
    whole = json.loads(client.manifest("Patient", progress=False).text)
    times = ("2024-02-01T00:00:00Z", "2024-01-01T00:00:00Z", "2024-03-01T00:00:00Z")
    text = "\n".join(json.dumps({**whole, "transactionTime": time}) for time in times)
    made = client.partitions(text, partition_key=KEY)
    assert made.transaction_time == datetime(2024, 1, 1, tzinfo=timezone.utc)


def test_records_have_their_place(client: bcda.Client, sandbox: bcda.Sandbox, tmp_path: Path) -> None:
    manifest = client.manifest("Patient", progress=False)
    result = client.fetch(manifest, out=tmp_path / "out", progress=False)
    expected = {
        (os.path.basename(file.path), number + 1): line
        for file in result.files
        for number, line in enumerate(Path(file.path).read_bytes().splitlines())
    }
    records = [
        record
        for token in client.partitions(manifest, 2, partition_key=KEY).tokens
        for record in bcda.partition_records(token, **executor(sandbox))
    ]
    assert {(record.file, record.line): record.value for record in records} == expected
    assert {record.type for record in records} == {"Patient"}
    assert json.loads(records[0].value)["resourceType"] == "Patient"


def test_raw_is_the_default_table(client: bcda.Client, sandbox: bcda.Sandbox) -> None:
    token = cut(client, 1, "Patient")[0].token
    raw = bcda.open_partition(token, **executor(sandbox))
    assert raw.column_names == ["value", "type", "file", "line"]
    assert raw.to_arrow().num_rows == 30
    lines = bcda.open_partition(token, columns=["line"], **executor(sandbox)).to_arrow()
    assert lines.column_names == ["line"]
    assert lines.num_rows == 30


def test_another_process_opens_a_token_with_the_environment(client: bcda.Client, sandbox: bcda.Sandbox) -> None:
    part = pickle.loads(pickle.dumps(cut(client, 1, "Patient")[0]))
    code = "import sys, bcda; print(sum(1 for _ in bcda.partition_records(sys.stdin.read())))"
    names = {name: str(value) for name, value in executor(sandbox).items()}
    environment = {**os.environ, **{f"BCDA_{name.upper()}": value for name, value in names.items()}}
    read = subprocess.run(
        [sys.executable, "-c", code], input=part.token, env=environment, capture_output=True, text=True, check=True
    )
    assert read.stdout == "30\n"
    assert part.token not in repr(part)


def test_the_schema_needs_no_token() -> None:
    assert bcda.open_partition(None).column_names == ["value", "type", "file", "line"]
    planned = bcda.open_partition(None, "claim_line", columns=["claim_key", "paid_amount"])
    assert planned.column_names == ["claim_key", "paid_amount"]
    assert planned.to_arrow().num_rows == 0


def test_finished_exports_need_no_key(client: bcda.Client, sandbox: bcda.Sandbox, tmp_path: Path) -> None:
    client.export(["Patient", "Coverage"], out=tmp_path / "out", progress=False)
    before = sandbox.request_count("")
    made = bcda.partitions(tmp_path / "out", 3)
    assert made.expires is None
    assert made.transaction_time is None
    assert made.bytes == sum(part.bytes or 0 for part in made)
    assert sum(bcda.open_partition(token, "beneficiary").to_arrow().num_rows for token in made.tokens) == 30
    assert sandbox.request_count("") == before
    alone = bcda.partitions(tmp_path / "out", types=["Coverage"])
    assert {record.type for token in alone.tokens for record in bcda.partition_records(token)} == {"Coverage"}


def test_keys_are_wanted_and_compared(client: bcda.Client, sandbox: bcda.Sandbox) -> None:
    manifest = client.manifest("Patient", progress=False)
    with pytest.raises(bcda.InvalidArgumentError, match="partition_key is missing"):
        client.partitions(manifest)
    token = client.partitions(manifest, partition_key=lambda: KEY)[0].token
    with pytest.raises(bcda.InvalidArgumentError, match="partition_key is not the key"):
        bcda.open_partition(token, **executor(sandbox, partition_key="aa" * 32))
    with pytest.raises(bcda.VerificationError, match="altered"):
        bcda.open_partition(token[:-8] + "AAAAAAAA", **executor(sandbox))
    with pytest.raises(bcda.InvalidArgumentError, match="token"):
        bcda.open_partition("nothing", **executor(sandbox))


def test_a_token_expires(client: bcda.Client, sandbox: bcda.Sandbox) -> None:
    made = client.partitions(
        client.manifest("Patient", progress=False), partition_key=KEY, partition_lifetime="1ms", max_partitions=1
    )
    assert len(made) == 1
    time.sleep(0.01)
    with pytest.raises(bcda.JobGoneError, match="expired"):
        bcda.open_partition(made[0].token, **executor(sandbox))


def test_a_wrong_tag_gives_no_row(client: bcda.Client, sandbox: bcda.Sandbox) -> None:
    token = cut(client, 1, "Patient")[0].token
    sandbox.control("fault", "flip:on=GET /data")
    rows = 0
    with pytest.raises(bcda.DecryptionError) as error:  # noqa: PT012
        for batch in bcda.open_partition(token, **executor(sandbox)).batches():
            rows += batch.num_rows
    assert rows == 0
    assert error.value.file
    with pytest.raises(bcda.DecryptionError, match="discard them"):
        bcda.open_partition(token, **executor(sandbox, verify="stream")).to_arrow()


def test_a_client_is_shared(client: bcda.Client, sandbox: bcda.Sandbox) -> None:
    made = cut(client, 3, "Patient")
    tokens_before = sandbox.request_count("POST /auth/token")
    for part in made:
        rows = bcda.open_partition(part.token, "beneficiary", client=client, partition_key=KEY)
        assert rows.to_arrow().num_rows == 10
    assert sandbox.request_count("POST /auth/token") == tokens_before


def test_an_interrupt_ends_a_download(client: bcda.Client, sandbox: bcda.Sandbox) -> None:
    token = cut(client, 1, "Patient")[0].token
    sandbox.control("fault", "delay=30s:on=GET /data")
    rows = bcda.open_partition(token, client=client, partition_key=KEY)
    threading.Timer(0.3, lambda: os.kill(os.getpid(), 2)).start()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        rows.to_arrow()
    assert time.monotonic() - began < 10
