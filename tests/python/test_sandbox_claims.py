"""The claims of the sandbox: they fill the columns of the tables that the samples fill, and their sums agree."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import bcda
import pytest
from conftest import PROMPT, QUICK

pytest.importorskip("pyarrow")

EXPECTED = Path(__file__).parents[1] / "tables" / "samples" / "expected"
GENERATIONS = {"bcda-v1": "stu3", "bcda-v2": "v2", "bcda-v3": "v3"}

# What no person of the sandbox has: a second address line, a death, another record, a former identifier, a hash of an
# old identifier; of the coverages there are Part A and Part B, without an end.
NOT_THERE = {
    "beneficiary": {"address_line_2", "address_line_3", "death_date", "hicn_hash", "mbi_hash", "replaced_by_key"},
    "beneficiary_identifier": {"start_date", "end_date"},
    "coverage": {"contract_number", "dual_status_code", "end_date", "plan_benefit_package"},
}


@pytest.fixture(scope="module", params=GENERATIONS)
def profile(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def exported(profile: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[bcda.ExportResult]:
    with bcda.Sandbox(20, profile=profile, **QUICK) as sandbox, sandbox.client(**PROMPT) as client:
        yield client.export(out=tmp_path_factory.mktemp(profile) / "claims", progress=False)


def rows_of(exported: bcda.ExportResult, table: str) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = exported.table(table).to_arrow().to_pylist()
    return rows


@pytest.mark.parametrize("table", bcda.table_names())
def test_the_columns_that_the_samples_fill_are_filled(exported: bcda.ExportResult, profile: str, table: str) -> None:
    generation = GENERATIONS[profile]
    with (EXPECTED / generation / f"{table}.csv").open(newline="", encoding="utf-8") as file:
        wanted = {name for row in csv.DictReader(file) for name, value in row.items() if value not in ("", "[]")}
    filled = {name for row in rows_of(exported, table) for name, value in row.items() if value not in (None, [])}
    assert wanted - NOT_THERE.get(table, set()) <= filled


def test_the_lines_of_a_claim_add_up_to_it(exported: bcda.ExportResult) -> None:
    claims = {str(row["claim_key"]): row for row in rows_of(exported, "claim")}
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for line in rows_of(exported, "claim_line"):
        for name in ("charge_amount", "paid_amount"):
            amount = line[name]
            if isinstance(amount, Decimal):
                sums[str(line["claim_key"]), name] += amount
    visits = {key: claim for key, claim in claims.items() if claim["eob_type"] == "CARRIER"}
    stays = {key: claim for key, claim in claims.items() if claim["eob_type"] == "INPATIENT"}
    assert visits
    assert stays
    assert {key: sums[key, "paid_amount"] for key in visits} == {
        key: claim["payment_amount"] for key, claim in visits.items()
    }
    assert {key: sums[key, "charge_amount"] for key in stays} == {
        key: claim["total_charge_amount"] for key, claim in stays.items()
    }
    assert not any(sums[key, "paid_amount"] for key in stays)  # a hospital is paid for the stay, not for its lines
