"""The CCLF and Tuva layers: their columns; their rows and sums against a plain walk over the JSON of the samples."""

from __future__ import annotations

import copy
import csv
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import bcda
import duckdb
import pytest
from conftest import write_export

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "tests" / "tables" / "samples"
GENERATIONS = ("stu3", "v2", "v3")
FILE_DATE = date(2024, 5, 7)
VIEWS = [(layer, table) for layer in bcda.layers.names() for table in bcda.layers.tables(layer)]
KINDS = {
    "institutional": ("INPATIENT", "OUTPATIENT", "SNF", "HHA", "HOSPICE"),
    "carrier": ("CARRIER",),
    "dme": ("DME",),
    "pharmacy": ("PDE",),
}
INTEGERS = (
    "clm_line_num", "clm_val_sqnc_num", "clm_line_days_suply_qty", "bene_age", "claim_line_number", "days_supply",
    "refills",
)  # fmt: skip
Record = dict[str, Any]
Records = dict[str, list[Record]]
Row = dict[str, Any]

each_generation = pytest.mark.parametrize("generation", GENERATIONS)
each_view = pytest.mark.parametrize(("layer", "table"), VIEWS)


# ---- The samples, and connections to them ----


def load(generation: str) -> Records:
    """All samples of a generation, by resource type. Numbers are decimals."""
    found: Records = {}
    for path in sorted((SAMPLES / generation).glob("*.ndjson")):
        with path.open(encoding="utf-8") as lines:
            found[path.stem] = [json.loads(line, parse_float=Decimal) for line in lines]
    return found


def connect(paths: Iterable[Path], generation: str = "auto", **options: Any) -> duckdb.DuckDBPyConnection:
    """A connection with the base tables of some files, and with both layers."""
    connection = duckdb.connect()
    given = list(paths)
    for table in bcda.table_names():
        connection.register(table, bcda.open_table(given, table, generation=generation))  # type: ignore[arg-type]
    bcda.layers.add(connection, "cclf", "tuva", **{"file_date": FILE_DATE, **options})
    return connection


def connect_records(directory: Path, generation: str, records: Records, **options: Any) -> duckdb.DuckDBPyConnection:
    """The same for changed samples."""
    paths = []
    for kind, rows in records.items():
        paths.append(directory / f"{kind}.ndjson")
        paths[-1].write_text("".join(json.dumps(row, default=float) + "\n" for row in rows))
    return connect(paths, generation, **options)


class Sample:
    """A connection to samples that no test changes. It keeps the rows of its queries."""

    def __init__(self, generation: str) -> None:
        self.connection = connect((SAMPLES / generation).glob("*.ndjson"))
        self.kept: dict[str, list[Row]] = {}


def rows_of(connection: duckdb.DuckDBPyConnection | Sample, query: str) -> list[Row]:
    if isinstance(connection, Sample):
        if query not in connection.kept:
            connection.kept[query] = rows_of(connection.connection, query)
        return connection.kept[query]
    cursor = connection.execute(query)
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row)) for row in cursor.fetchall()]


@pytest.fixture(scope="module")
def connections() -> dict[str, Sample]:
    return {generation: Sample(generation) for generation in GENERATIONS}


# ---- The plain walk: it knows JSON, and nothing of views ----


def codings(concept: Any) -> list[Record]:
    return [coding for each in listed(concept) for coding in each.get("coding", [])]


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def eob_type(claim: Record) -> str:
    types = [one["code"] for one in codings(claim["type"]) if one.get("system", "").lower().endswith("/eob-type")]
    assert len(types) == 1
    return str(types[0])


def claims_of(records: Records, *kinds: str) -> list[Record]:
    wanted = [kind for each in kinds for kind in KINDS[each]]
    return [claim for claim in records["ExplanationOfBenefit"] if eob_type(claim) in wanted]


def lines_of(records: Records, *kinds: str) -> list[tuple[Record, Record]]:
    return [(claim, line) for claim in claims_of(records, *kinds) for line in claim["item"]]


def diagnoses_of(claim: Record) -> list[Record]:
    return [one for one in claim.get("diagnosis", []) if "diagnosisCodeableConcept" in one]


def plain(code: str) -> str:
    return code.replace(".", "")


def diagnosis_code(diagnosis: Record) -> str:
    return plain(diagnosis["diagnosisCodeableConcept"]["coding"][0]["code"])


def first_type(diagnosis: Record) -> str:
    return next((coding["code"] for coding in codings(diagnosis.get("type"))), "")


def ordered_codes(claim: Record) -> list[str]:
    """Principal first, then by sequence; neither admitting, nor repeats of the principal and of external causes."""
    billed = [one for one in diagnoses_of(claim) if first_type(one) != "admitting"]
    billed.sort(key=lambda one: (first_type(one) != "principal", one["sequence"]))
    external = {id(one) for one in billed if "external" in first_type(one)}
    ordinary = {diagnosis_code(one) for one in billed if id(one) not in external}
    principal = {diagnosis_code(one) for one in billed if first_type(one) == "principal"}
    found: list[str] = []
    for one in billed:
        code = diagnosis_code(one)
        repeats = (code in found and code in principal) or (id(one) in external and (code in ordinary or code in found))
        if not repeats:
            found.append(code)
    return found


def amount_of(line: Record, *codes: str) -> Decimal | None:
    """The first adjudication with one of the codes. stu3 and v2 have them at the end of a URL."""
    for adjudication in line.get("adjudication", []):
        if any(coding["code"].rsplit("/", 1)[-1] in codes for coding in codings(adjudication["category"])):
            value = adjudication.get("amount", {}).get("value")
            if value is not None:
                return Decimal(value)
    return None


LINE_PAYMENT = ("line_nch_pmt_amt", "rev_cntr_pmt_amt_amt", "CLM_LINE_CVRD_PD_AMT")


def total(amounts: Iterable[Decimal | int | None]) -> Decimal:
    return sum((Decimal(amount) for amount in amounts if amount is not None), Decimal(0))


def payment_of(claim: Record) -> Decimal:
    return Decimal(claim["payment"]["amount"]["value"])


def months_of(records: Records) -> set[tuple[str, date]]:
    """Beneficiaries and months whose buy-in code stands for an entitlement."""
    found = set()
    for coverage in records["Coverage"]:
        values = {one["url"].rsplit("/", 1)[-1]: one for one in coverage.get("extension", [])}
        for name, extension in values.items():
            month = re.fullmatch(r"buyin(\d\d)", name)
            if month and extension["valueCoding"]["code"] in "123ABC":
                year = int(values["rfrnc_yr"]["valueDate"])
                found.add((coverage["beneficiary"]["reference"], date(year, int(month[1]), 1)))
    return found


def other_mbis_of(patient: Record) -> set[str]:
    def is_current(identifier: Record) -> bool:
        extensions = identifier.get("extension", []) + [
            one for coding in codings(identifier.get("type")) for one in coding.get("extension", [])
        ]
        currency = [one["valueCoding"]["code"] for one in extensions]
        return currency == ["current"] if currency else "end" not in identifier.get("period", {})

    mbis = [one for one in patient.get("identifier", []) if one["system"] == "http://hl7.org/fhir/sid/us-mbi"]
    current = next(one["value"] for one in mbis if is_current(one)) if mbis else None
    return {one["value"] for one in mbis} - {current}


# ---- Columns ----


def test_the_standards_have_so_many_columns() -> None:
    counts = {table: len(bcda.layers.describe(layer, table)) for layer, table in VIEWS}
    assert counts == {
        "CCLF1": 45, "CCLF2": 23, "CCLF3": 13, "CCLF4": 14, "CCLF5": 52, "CCLF6": 27, "CCLF7": 21, "CCLF8": 31,
        "CCLF9": 6, "CCLFA": 33, "CCLFB": 21, "medical_claim": 148, "pharmacy_claim": 25, "eligibility": 39,
    }  # fmt: skip


@each_generation
@each_view
def test_a_view_has_exactly_the_columns_and_types_of_the_standard(
    generation: str, layer: str, table: str, connections: dict[str, Sample]
) -> None:
    wanted = [(column.name, column.type) for column in bcda.layers.describe(layer, table)]
    described = connections[generation].connection.execute(f"describe {layer}.{table}").fetchall()
    assert [(row[0], row[1]) for row in described] == wanted
    assert len({name.lower() for name, _ in wanted}) == len(wanted)


@each_view
def test_types_follow_the_kind_of_the_fact(layer: str, table: str) -> None:
    for column in bcda.layers.describe(layer, table):
        name = column.name.lower()
        if name.endswith(("_dt", "_date")) or "_date_" in name or name == "bene_dob":
            assert column.type == "DATE"
        elif name.endswith(("_amt", "_amount")):
            assert column.type == "DECIMAL(18,2)"
        elif name in ("quantity", "service_unit_quantity", "clm_line_srvc_unit_qty"):
            assert column.type == "DECIMAL(18,4)"
        elif name.endswith("_flag"):
            assert column.type == "BOOLEAN"
        elif name in INTEGERS:
            assert column.type == "INTEGER"
        else:
            assert column.type == ("TIMESTAMP" if name == "ingest_datetime" else "VARCHAR"), name


@each_view
def test_sources_are_base_columns(layer: str, table: str) -> None:
    base = {name: {column.name for column in bcda.table_columns(name)} for name in bcda.table_names()}
    for column in bcda.layers.describe(layer, table):
        assert bool(column.source) == bool(column.generations)
        assert set(column.generations) <= set(GENERATIONS)
        for name, part in re.findall(r"\b([a-z_]+)\.([a-z0-9_]+)", column.source):
            assert part in base[name], f"{column.name}: {column.source}"


@each_generation
@each_view
def test_a_column_without_a_source_is_null(
    generation: str, layer: str, table: str, connections: dict[str, Sample]
) -> None:
    rows = rows_of(connections[generation], f"from {layer}.{table}")
    for column in bcda.layers.describe(layer, table):
        if generation not in column.generations:
            assert {row[column.name] for row in rows} <= {None}, column.name


def test_the_samples_fill_most_columns_that_have_a_source(connections: dict[str, Sample]) -> None:
    """A guard against a join or a code that never matches. The list is of what no sample has."""
    filled = set()
    for layer, table in VIEWS:
        for connection in connections.values():
            for row in rows_of(connection, f"from {layer}.{table}"):
                filled |= {f"{table}.{name}" for name, value in row.items() if value is not None}
    sourced = {
        f"{table}.{column.name}"
        for layer, table in VIEWS
        for column in bcda.layers.describe(layer, table)
        if column.source
    }
    unseen = sourced - filled
    assert {name for name in unseen if not re.search(r"(diagnosis|procedure)_(code|poa|date)_\d+$", name)} == {
        "CCLF1.CLM_OP_SRVC_TYPE_CD", "CCLF2.CLM_REV_APC_HIPPS_CD", "CCLF5.CLM_DGNS_6_CD", "CCLF5.CLM_DGNS_7_CD",
        "CCLF5.CLM_DGNS_8_CD", "CCLF5.CLM_DGNS_9_CD", "CCLF5.CLM_DGNS_10_CD", "CCLF5.CLM_DGNS_11_CD",
        "CCLF5.CLM_DGNS_12_CD", "CCLF6.CLM_ADJSMT_TYPE_CD", "CCLF6.CLM_IDR_LD_DT", "CCLF7.CLM_EFCTV_DT",
        "CCLF8.GEO_ZIP4_CD", "CCLFA.CLM_DEMO_1ST_NUM", "CCLFA.CLM_DEMO_2ND_NUM", "CCLFA.CLM_DEMO_3RD_NUM",
        "CCLFA.CLM_DEMO_4TH_NUM", "CCLFA.CLM_DEMO_5TH_NUM", "CCLFA.CLM_NGACO_CMG_WVR_SW",
        "CCLFA.CLM_NGACO_CPTATN_SW", "CCLFA.CLM_NGACO_PBPMT_SW", "CCLFA.CLM_NGACO_PDSCHRG_HCBS_SW",
        "CCLFA.CLM_NGACO_SNF_WVR_SW", "CCLFA.CLM_NGACO_TLHLTH_SW", "CCLFA.CLM_RLT_COND_CD",
        "CCLF8.BENE_DUAL_STUS_CD", "eligibility.ethnicity", "medical_claim.billing_tin",
    }  # fmt: skip


# ---- Rows ----


@each_generation
def test_no_row_is_lost_and_none_is_there_twice(generation: str, connections: dict[str, Sample]) -> None:
    records = load(generation)
    institutional = claims_of(records, "institutional")
    medical_lines = lines_of(records, "institutional", "carrier", "dme")
    periods = {one["beneficiary"]["reference"] for one in records["Coverage"] if generation == "v3"}
    wanted = {
        "CCLF1": len(institutional),
        "CCLF2": len(lines_of(records, "institutional")),
        "CCLF3": sum(len(claim.get("procedure", [])) for claim in institutional),
        "CCLF4": sum(len(diagnoses_of(claim)) for claim in institutional),
        "CCLF5": len(lines_of(records, "carrier")),
        "CCLF6": len(lines_of(records, "dme")),
        "CCLF7": len(lines_of(records, "pharmacy")),
        "CCLF8": sum(1 for patient in records["Patient"] if "link" not in patient),
        "CCLF9": sum(len(other_mbis_of(patient)) for patient in records["Patient"]),
        "CCLFA": len(institutional),
        "CCLFB": len(lines_of(records, "carrier")),
        "medical_claim": len(medical_lines),
        "pharmacy_claim": len(lines_of(records, "pharmacy")),
        "eligibility": len(months_of(records)) + len(periods),
    }
    connection = connections[generation]
    found = {table: len(rows_of(connection, f"from {layer}.{table}")) for layer, table in VIEWS}
    assert found == wanted
    assert sum(found[table] for table in ("CCLF2", "CCLF5", "CCLF6", "CCLF7")) == sum(
        len(claim["item"]) for claim in records["ExplanationOfBenefit"]
    )


@each_generation
@pytest.mark.parametrize(
    ("view", "key"),
    [
        ("cclf.CCLF1", "CUR_CLM_UNIQ_ID"),
        ("cclf.CCLF2", "CUR_CLM_UNIQ_ID, CLM_LINE_NUM"),
        ("cclf.CCLF3", "CUR_CLM_UNIQ_ID, CLM_VAL_SQNC_NUM"),
        ("cclf.CCLF4", "CUR_CLM_UNIQ_ID, CLM_VAL_SQNC_NUM"),
        ("cclf.CCLF5", "CUR_CLM_UNIQ_ID, CLM_LINE_NUM"),
        ("cclf.CCLF6", "CUR_CLM_UNIQ_ID, CLM_LINE_NUM"),
        ("cclf.CCLF7", "CUR_CLM_UNIQ_ID"),
        ("cclf.CCLF8", "BENE_MBI_ID"),
        ("cclf.CCLF9", "CRNT_NUM, PRVS_NUM"),
        ("cclf.CCLFA", "CUR_CLM_UNIQ_ID"),
        ("cclf.CCLFB", "CUR_CLM_UNIQ_ID, CLM_LINE_NUM"),
        ("tuva.medical_claim", "claim_id, claim_line_number, data_source"),
        ("tuva.pharmacy_claim", "claim_id, claim_line_number, data_source"),
        ("tuva.eligibility", "person_id, member_id, enrollment_start_date, enrollment_end_date, plan, payer"),
    ],
)
def test_keys_are_unique_and_not_null(generation: str, view: str, key: str, connections: dict[str, Sample]) -> None:
    keys = [tuple(row[name] for name in key.split(", ")) for row in rows_of(connections[generation], f"from {view}")]
    assert len(set(keys)) == len(keys)
    assert None not in {part for one in keys for part in one}


@each_generation
def test_months_of_eligibility_are_those_of_the_coverages(generation: str, connections: dict[str, Sample]) -> None:
    rows = rows_of(connections[generation], "from tuva.eligibility")
    if generation == "v3":  # Part A from 2021 to 2099
        assert [(row["enrollment_start_date"], row["enrollment_end_date"]) for row in rows] == [
            (date(2021, 1, 1), date(2024, 5, 31))
        ]
        assert [row["dual_status_code"] for row in rows] == ["05"]
    else:
        assert {row["enrollment_start_date"] for row in rows} == {month for _, month in months_of(load(generation))}
        for row in rows:
            following = row["enrollment_end_date"] + timedelta(days=1)
            assert following.day == 1
            assert (following - row["enrollment_start_date"]).days in (28, 29, 30, 31)
            assert row["dual_status_code"] is None  # ** in the samples


# ---- Columns that are base columns ----

GRAINS = {  # the base table of a view, its key there, and the same key in the view
    "CCLF1": ("claim", ("claim_id",), ("CUR_CLM_UNIQ_ID",)),
    "CCLF2": ("claim_line", ("claim_id", "line_number"), ("CUR_CLM_UNIQ_ID", "CLM_LINE_NUM")),
    "CCLF3": ("claim_procedure", ("claim_id", "sequence"), ("CUR_CLM_UNIQ_ID", "CLM_VAL_SQNC_NUM")),
    "CCLF4": ("claim_diagnosis", ("claim_id", "sequence"), ("CUR_CLM_UNIQ_ID", "CLM_VAL_SQNC_NUM")),
    "CCLF5": ("claim_line", ("claim_id", "line_number"), ("CUR_CLM_UNIQ_ID", "CLM_LINE_NUM")),
    "CCLF6": ("claim_line", ("claim_id", "line_number"), ("CUR_CLM_UNIQ_ID", "CLM_LINE_NUM")),
    "CCLF7": ("pharmacy_claim", ("claim_id",), ("CUR_CLM_UNIQ_ID",)),
    "CCLF8": ("beneficiary", ("mbi",), ("BENE_MBI_ID",)),
    "CCLFA": ("claim", ("claim_id",), ("CUR_CLM_UNIQ_ID",)),
    "CCLFB": ("claim_line", ("claim_id", "line_number"), ("CUR_CLM_UNIQ_ID", "CLM_LINE_NUM")),
    "medical_claim": ("claim_line", ("claim_key", "line_number"), ("claim_id", "claim_line_number")),
    "pharmacy_claim": ("pharmacy_claim", ("claim_key", "line_number"), ("claim_id", "claim_line_number")),
}
CHANGES: dict[str, Callable[[Any], Any]] = {
    "": lambda value: value,
    ", no dot": lambda value: value and plain(value),
    ", last digit": lambda value: value and value[-1],
    ", first 5 digits": lambda value: value and value[:5],
    ", the same on each line": lambda value: value,
}


@each_generation
@pytest.mark.parametrize("table", GRAINS)
def test_a_column_that_is_a_base_column_has_its_value(
    generation: str, table: str, connections: dict[str, Sample]
) -> None:
    """Otherwise two columns could be swapped: the page and describe() say where each comes from."""
    connection = connections[generation]
    base, base_key, view_key = GRAINS[table]
    claims = {row["claim_key"]: row for row in rows_of(connection, "from claim")}
    grain: dict[tuple[Any, ...], dict[str, Row]] = {}
    for row in rows_of(connection, f"from {base}"):
        claim = claims.get(row.get("claim_key"), {})
        number = {"line_number": row["line_index"] + 1} if table.endswith("_claim") else {}
        values = {**claim, **row, **number}
        grain[tuple(values[name] for name in base_key)] = {"claim": claim, base: row}
    layer = next(layer for layer, other in VIEWS if other == table)
    checked = 0
    for row in rows_of(connection, f"from {layer}.{table}"):
        sources = grain[tuple(row[name] for name in view_key)]
        for column in bcda.layers.describe(layer, table):
            match = re.fullmatch(r"([a-z_]+)\.([a-z0-9_]+)(|, .*)", column.source)
            if match and match[1] in sources and match[3] in CHANGES:
                assert row[column.name] == CHANGES[match[3]](sources[match[1]][match[2]]), column.name
                checked += 1
    assert checked or not rows_of(connection, f"from {layer}.{table}")


# ---- Money ----


@each_generation
def test_sums_of_payments_are_those_of_the_claims(generation: str, connections: dict[str, Sample]) -> None:
    records = load(generation)
    connection = connections[generation]

    def found(column: str, view: str) -> Decimal:
        return total(row[column] for row in rows_of(connection, f"from {view}"))

    provider = ("CLM_LINE_CVRD_PD_AMT",) if generation == "v3" else ("line_prvdr_pmt_amt", "rev_cntr_prvdr_pmt_amt")
    assert found("CLM_PMT_AMT", "cclf.CCLF1") == total(map(payment_of, claims_of(records, "institutional")))
    assert found("CLM_LINE_CVRD_PD_AMT", "cclf.CCLF2") == total(
        amount_of(line, *provider) for _, line in lines_of(records, "institutional")
    )
    for table, kind in (("CCLF5", "carrier"), ("CCLF6", "dme")):
        lines = [line for _, line in lines_of(records, kind)]
        assert found("CLM_LINE_CVRD_PD_AMT", f"cclf.{table}") == total(amount_of(line, *LINE_PAYMENT) for line in lines)
        assert found("CLM_LINE_ALOWD_CHRG_AMT", f"cclf.{table}") == total(
            amount_of(line, "line_alowd_chrg_amt", "CLM_LINE_ALOWD_CHRG_AMT") for line in lines
        )
    fills = [line for _, line in lines_of(records, "pharmacy")]
    assert found("paid_amount", "tuva.pharmacy_claim") == total(
        amount_of(line, "cvrd_d_plan_pd_amt", "CLM_LINE_CVRD_PD_AMT") for line in fills
    )
    assert found("allowed_amount", "tuva.pharmacy_claim") == total(
        amount_of(line, "tot_rx_cst_amt", "TOT_RX_CST_AMT") for line in fills
    )
    paid = {
        row["claim_id"]: row["paid"]
        for row in rows_of(connection, "select claim_id, sum(paid_amount) as paid from tuva.medical_claim group by 1")
    }
    for claim in claims_of(records, "institutional", "carrier", "dme"):
        of_lines = [amount_of(line, *LINE_PAYMENT) for line in claim["item"]]
        by_stay = eob_type(claim) in ("INPATIENT", "SNF") or not any(amount is not None for amount in of_lines)
        assert paid.pop(claim["id"]) == (payment_of(claim) if by_stay else total(of_lines))
    assert paid == {}


@each_generation
def test_a_stay_is_paid_on_its_first_line(generation: str, connections: dict[str, Sample]) -> None:
    lines = rows_of(connections[generation], "from tuva.medical_claim")
    for claim in claims_of(load(generation), "institutional"):
        paid = {row["claim_line_number"]: row["paid_amount"] for row in lines if row["claim_id"] == claim["id"]}
        assert paid == {n: payment_of(claim) if n == 1 else 0 for n in range(1, len(claim["item"]) + 1)}


@each_generation
def test_line_amounts_are_those_of_the_json(generation: str, connections: dict[str, Sample]) -> None:
    lines = {
        (row["claim_id"], row["claim_line_number"]): row
        for row in rows_of(connections[generation], "from tuva.medical_claim")
    }
    codes = {
        "charge_amount": ("line_sbmtd_chrg_amt", "rev_cntr_tot_chrg_amt", "CLM_LINE_SBMT_CHRG_AMT"),
        "allowed_amount": ("line_alowd_chrg_amt", "CLM_LINE_ALOWD_CHRG_AMT"),
        "deductible_amount": ("line_bene_ptb_ddctbl_amt", "rev_cntr_cash_ddctbl_amt", "CLM_LINE_MDCR_DDCTBL_AMT"),
        "coinsurance_amount": ("line_coinsrnc_amt", "rev_cntr_coinsrnc_wge_adjstd_c", "CLM_LINE_MDCR_COINSRNC_AMT"),
    }
    for claim in claims_of(load(generation), "institutional", "carrier", "dme"):
        for index, line in enumerate(claim["item"]):
            row = lines[claim["id"], index + 1]
            for column, names in codes.items():
                assert row[column] == amount_of(line, *names), (claim["id"], index, column)
            parts = [row[name] for name in ("paid_amount", "deductible_amount", "coinsurance_amount")]
            assert row["total_cost_amount"] == (total(parts) if any(part is not None for part in parts) else None)


@each_generation
def test_claim_amounts_are_the_first_with_their_code(generation: str, connections: dict[str, Sample]) -> None:
    with (SAMPLES / "expected" / generation / "claim_amount.csv").open(encoding="utf-8", newline="") as file:
        amounts = [row for row in csv.DictReader(file) if row["level"] == "claim" and row["amount"]]
    ids = {claim["id"] for claim in claims_of(load(generation), "institutional")}
    codes = {
        "CCLF1.CLM_MDCR_IP_PPS_CPTL_IME_AMT": ("clm_pps_cptl_ime_amt", "CLM_MDCR_IP_PPS_CPTL_IME_AMT"),
        "CCLF1.CLM_OPRTNL_IME_AMT": ("ime_op_clm_val_amt", "CLM_OPRTNL_IME_AMT"),
        "CCLF1.CLM_MDCR_IP_PPS_DSPRPRTNT_AMT": ("clm_pps_cptl_dsprprtnt_shr_amt", "CLM_MDCR_IP_PPS_DSPRPRTNT_AMT"),
        "CCLF1.CLM_HIPPS_UNCOMPD_CARE_AMT": ("clm_uncompd_care_pmt_amt", "CLM_HIPPS_UNCOMPD_CARE_AMT"),
        "CCLF1.CLM_OPRTNL_DSPRPRTNT_AMT": ("dsh_op_clm_val_amt", "CLM_OPRTNL_DSPRTNT_AMT"),
        "CCLFA.CLM_INSTNL_PER_DIEM_AMT": ("clm_pass_thru_per_diem_amt", "CLM_INSTNL_PER_DIEM_AMT"),
        "CCLFA.CLM_MDCR_COINSRNC_AMT": ("nch_bene_pta_coinsrnc_lblty_amt", "CLM_MDCR_COINSRNC_AMT"),
        "CCLFA.CLM_BLOOD_LBLTY_AMT": ("nch_bene_blood_ddctbl_lblty_am", "CLM_BLOOD_LBLTY_AMT"),
        "CCLFA.CLM_INSTNL_PRFNL_AMT": ("nch_profnl_cmpnt_chrg_amt", "CLM_INSTNL_PRFNL_AMT"),
        "CCLFA.CLM_NCVRD_CHRG_AMT": ("nch_ip_ncvrd_chrg_amt", "CLM_NCVRD_CHRG_AMT"),
    }
    for column, names in codes.items():
        table, name = column.split(".")
        first = {row["claim_key"]: Decimal(row["amount"]) for row in reversed(amounts) if row["code"] in names}
        found = [row for row in rows_of(connections[generation], f"from cclf.{table}") if row[name] is not None]
        assert Counter(row[name] for row in found) == Counter(first[key] for key in ids & first.keys()), column
        assert found, column


# ---- Codes ----


def icd_values(connection: Sample) -> Iterator[tuple[str, str]]:
    for layer, table in VIEWS:
        for row in rows_of(connection, f"from {layer}.{table}"):
            for name, value in row.items():
                if re.search(r"DGNS_(\d+_)?CD$|PRCDR_CD$|^(diagnosis|procedure)_code_\d+$", name) and value is not None:
                    yield f"{table}.{name}", value


@each_generation
def test_icd_codes_have_no_dot(generation: str, connections: dict[str, Sample]) -> None:
    found = list(icd_values(connections[generation]))
    tables = {"CCLF1", "CCLF3", "CCLF4", "CCLF5", "medical_claim"}
    assert {name.split(".")[0] for name, _ in found} == tables
    known = {
        plain(coding["code"])
        for claim in load(generation)["ExplanationOfBenefit"]
        for one in diagnoses_of(claim) + claim.get("procedure", [])
        for coding in codings(one.get("diagnosisCodeableConcept") or one.get("procedureCodeableConcept"))
    }
    assert {value for _, value in found} <= known
    assert not any("." in value for _, value in found)


@each_generation
def test_diagnoses_are_in_the_order_of_claim_forms(generation: str, connections: dict[str, Sample]) -> None:
    connection = connections[generation]
    for claim in claims_of(load(generation), "institutional", "carrier", "dme"):
        wanted = ordered_codes(claim)
        rows = [row for row in rows_of(connection, "from tuva.medical_claim") if row["claim_id"] == claim["id"]]
        assert rows
        for row in rows:
            assert [row[f"diagnosis_code_{n}"] for n in range(1, 26)] == (wanted + [None] * 25)[:25]
    for claim in claims_of(load(generation), "carrier"):
        wanted = ordered_codes(claim)
        for row in rows_of(connection, "from cclf.CCLF5"):
            assert [row[f"CLM_DGNS_{n}_CD"] for n in range(1, 13)] == (wanted + [None] * 12)[:12]


@each_generation
def test_every_diagnosis_and_procedure_is_in_cclf(generation: str, connections: dict[str, Sample]) -> None:
    claims = claims_of(load(generation), "institutional")
    found = rows_of(connections[generation], "from cclf.CCLF4")
    wanted = Counter((diagnosis_code(one), one["sequence"]) for claim in claims for one in diagnoses_of(claim))
    assert Counter((row["CLM_DGNS_CD"], row["CLM_VAL_SQNC_NUM"]) for row in found) == wanted
    externals = [one for claim in claims for one in diagnoses_of(claim) if "external" in first_type(one)]
    kinds = Counter(row["CLM_PROD_TYPE_CD"] for row in found)
    assert kinds["1"] + kinds["E"] == len(externals)
    assert kinds["1"] == len([claim for claim in claims if any(one in externals for one in diagnoses_of(claim))])
    procedures = [one for claim in claims for one in claim.get("procedure", [])]
    assert Counter(
        (row["CLM_PRCDR_CD"], row["CLM_PRCDR_PRFRM_DT"]) for row in rows_of(connections[generation], "from cclf.CCLF3")
    ) == Counter(
        (
            plain(one["procedureCodeableConcept"]["coding"][0]["code"]),
            date.fromisoformat(one["date"][:10]) if "date" in one else None,
        )
        for one in procedures
    )


def test_the_icd_version_is_that_of_the_code(connections: dict[str, Sample]) -> None:
    for view, system in (("CCLF3", "procedure"), ("CCLF4", "diagnosis")):
        for generation, connection in connections.items():
            versions = Counter(row["DGNS_PRCDR_ICD_IND"] for row in rows_of(connection, f"from cclf.{view}"))
            systems = Counter(
                "9" if re.search("icd-?9", codings(one[f"{system}CodeableConcept"])[0]["system"].lower()) else "0"
                for claim in claims_of(load(generation), "institutional")
                for one in claim.get(system, [])
                if f"{system}CodeableConcept" in one
            )
            assert versions == systems
    types = rows_of(
        connections["v3"], "select distinct diagnosis_code_type, procedure_code_type from tuva.medical_claim"
    )
    assert {row["diagnosis_code_type"] for row in types} == {"icd-10-cm"}
    assert {row["procedure_code_type"] for row in types} == {"icd-10-pcs", None}
    functions = "bcda_layers.icd_indicator('http://hl7.org/fhir/sid/icd-9-cm'), bcda_layers.icd_indicator('other')"
    assert connections["v3"].connection.execute(f"select {functions}, bcda_layers.icd_indicator(null)").fetchall() == [
        ("9", "U", None)
    ]


def test_leading_zeros_stay(connections: dict[str, Sample]) -> None:
    connection = connections["v3"]
    wanted = Counter(
        coding["code"]
        for _, line in lines_of(load("v3"), "institutional")
        for coding in codings(line["revenue"])
        if coding["system"].endswith("CLM-REV-CNTR-CD")
    )
    assert any(code.startswith("0") for code in wanted)
    found = rows_of(connection, "from cclf.CCLF2")
    assert Counter(row["CLM_LINE_PROD_REV_CTR_CD"] for row in found) == wanted
    found = rows_of(connection, "from tuva.medical_claim where claim_type = 'institutional'")
    assert Counter(row["revenue_center_code"] for row in found) == wanted
    assert [row["ndc_code"] for row in rows_of(connection, "from tuva.pharmacy_claim")] == ["00338004904"]
    assert {row["CLM_LINE_NDC_CD"] for row in rows_of(connection, "from cclf.CCLF7")} == {"00338004904"}
    assert {row["CLM_POS_CD"] for row in rows_of(connection, "from cclf.CCLF5")} == {"07"}
    assert {row["CLM_CNTRCTR_NUM"] for row in rows_of(connection, "from cclf.CCLF1")} == {"02102", "01011"}
    found = rows_of(connections["v2"], "from tuva.medical_claim where claim_type = 'institutional'")
    assert {row["facility_npi"] for row in found} == {"0000000000"}


def test_codes_of_the_samples(connections: dict[str, Sample]) -> None:
    for generation, connection in connections.items():
        records = load(generation)
        found = {(row["claim_id"], row["claim_type"]) for row in rows_of(connection, "from tuva.medical_claim")}
        assert found == {(claim["id"], "institutional") for claim in claims_of(records, "institutional")} | {
            (claim["id"], "professional") for claim in claims_of(records, "carrier", "dme")
        }
    bills = rows_of(connections["v3"], "select distinct claim_id, bill_type_code, drg_code from tuva.medical_claim")
    assert {tuple(row.values()) for row in bills} == {
        ("3233800161009", "938", "897"), ("9688880648059", "95E", "522"), ("7000000000001", None, None),
    }  # fmt: skip
    bills = rows_of(
        connections["v2"],
        "select bill_type_code, drg_code, discharge_disposition_code, facility_npi "
        "from tuva.medical_claim where claim_type = 'institutional'",
    )
    assert [tuple(row.values()) for row in bills] == [("111", "695", "51", "0000000000")]
    bills = rows_of(connections["v3"], "from cclf.CCLF1")
    names = ("CLM_BILL_FAC_TYPE_CD", "CLM_BILL_CLSFCTN_CD", "CLM_BILL_FREQ_CD")
    assert {"".join(row[name] for name in names) for row in bills} == {"938", "95E"}
    (person,) = rows_of(connections["v3"], "from cclf.CCLF8")
    assert person["BENE_RACE_CD"] == "5"
    assert (person["BENE_SEX_CD"], person["BENE_FIPS_STATE_CD"], person["GEO_USPS_STATE_CD"]) == ("2", "48", "TX")
    (person,) = rows_of(connections["v2"], "from cclf.CCLF8")
    assert (person["BENE_SEX_CD"], person["BENE_RACE_CD"], person["BENE_FIPS_STATE_CD"]) == ("1", "1", "29")
    assert (person["BENE_ENTLMT_BUYIN_IND"], person["BENE_MDCR_STUS_CD"]) == ("C", "20")
    assert person["BENE_PART_B_ENRLMT_BGN_DT"] == date(2021, 7, 17)
    row = rows_of(connections["v2"], "from tuva.eligibility")[0]
    personal = (
        "first_name",
        "middle_name",
        "last_name",
        "address",
        "city",
        "state",
        "zip_code",
        "gender",
        "death_flag",
    )
    assert [row[name] for name in personal] == [
        "John", "A", "Doe", "204 SOUTH ST", "PODUNK", "MO", "12345", "male", True,
    ]  # fmt: skip
    assert (row["birth_date"], row["death_date"]) == (date(1981, 3, 17), date(1981, 3, 17))
    assert (row["original_reason_entitlement_code"], row["medicare_status_code"]) == ("1", "20")
    (pair,) = rows_of(connections["v3"], "from cclf.CCLF9")
    assert list(pair.values())[:3] == ["M", "ABB2BB0BB22", "AAA1AA0AA11"]
    assert pair["PRVS_ID_OBSLT_DT"] == date(2017, 7, 1)
    specialties = {
        row["CLM_LINE_NUM"]: row["CLM_PRVDR_SPCLTY_CD"] for row in rows_of(connections["v3"], "from cclf.CCLF5")
    }
    assert specialties == {1: None, 2: "11", 3: "11", 4: "11"}
    (line,) = rows_of(connections["v2"], "from cclf.CCLF6")
    assert line["PAYTO_PRVDR_NPI_NUM"] == "1244444444"
    assert line["CLM_PRMRY_PYR_CD"] == "E"


# ---- Claims that the samples do not have ----


def line_amount(code: str, value: str) -> Record:
    system = "https://bluebutton.cms.gov/fhir/CodeSystem/Adjudication"
    return {"category": {"coding": [{"code": code, "system": system}]}, "amount": {"value": Decimal(value)}}


def revenue(code: str) -> Record:
    return {"coding": [{"code": code, "system": "https://bluebutton.cms.gov/fhir/CodeSystem/CLM-REV-CNTR-CD"}]}


def v3_claim(kind: str, lines: list[Record], **members: Any) -> Record:
    type_system = "https://bluebutton.cms.gov/fhir/CodeSystem/EOB-TYPE"
    return {
        "resourceType": "ExplanationOfBenefit",
        "id": members.pop("id", "1"),
        "patient": {"reference": f"Patient/{members.pop('patient', 'p')}"},
        "type": {"coding": [{"code": kind, "system": type_system}]},
        "billablePeriod": {"start": "2024-01-02", "end": "2024-01-03"},
        "payment": {"amount": {"value": Decimal("100.00")}},
        "item": [{"sequence": index + 1, **line} for index, line in enumerate(lines)],
        **members,
    }


def patient(key: str, **members: Any) -> Record:
    identifiers = [{"system": "http://hl7.org/fhir/sid/us-mbi", "value": mbi} for mbi in members.pop("mbis", ())]
    return {"resourceType": "Patient", "id": key, "identifier": identifiers, **members}


def coverage(key: str, part: str, start: str, end: str | None = None, **members: Any) -> Record:
    period = {"start": start, **({"end": end} if end else {})}
    plan = {"type": {"coding": [{"code": "plan"}]}, "value": part}
    beneficiary = {"reference": f"Patient/{members.pop('patient', 'p')}"}
    return {
        "resourceType": "Coverage",
        "id": key,
        "beneficiary": beneficiary,
        "class": [plan],
        "period": period,
        "status": "active",
        **members,
    }


def dual(code: str) -> list[Record]:
    url = "https://bluebutton.cms.gov/fhir/StructureDefinition/BENE-DUAL-STUS-CD"
    return [{"url": url, "valueCoding": {"code": code}}]


def test_the_total_line_is_left_out_of_charges(tmp_path: Path) -> None:
    lines = [
        {"revenue": revenue("0450"), "adjudication": [line_amount("CLM_LINE_SBMT_CHRG_AMT", "10.25")]},
        {
            "revenue": revenue("0001"),
            "adjudication": [
                line_amount("CLM_LINE_SBMT_CHRG_AMT", "10.25"),
                line_amount("CLM_LINE_ALOWD_CHRG_AMT", "9.00"),
            ],
        },
    ]
    claims = [
        v3_claim("OUTPATIENT", lines, id="1"),
        v3_claim("OUTPATIENT", lines[1:], id="2"),
        v3_claim("CARRIER", lines, id="3"),
    ]
    connection = connect_records(tmp_path, "v3", {"ExplanationOfBenefit": claims})
    found = {
        (row["claim_id"], row["revenue_center_code"]): (row["charge_amount"], row["allowed_amount"])
        for row in rows_of(connection, "from tuva.medical_claim")
    }
    charge, allowed = Decimal("10.25"), Decimal("9.00")
    assert found == {
        ("1", "0450"): (charge, None),
        ("1", "0001"): (None, None),
        ("2", "0001"): (charge, allowed),  # no other line has a charge
        ("3", "0450"): (charge, None),
        ("3", "0001"): (charge, allowed),  # a professional claim has no revenue centers
    }
    assert len(rows_of(connection, "from cclf.CCLF2")) == 3


def test_payments_where_lines_have_none(tmp_path: Path) -> None:
    paid = {"adjudication": [line_amount("CLM_LINE_CVRD_PD_AMT", "7.50")]}
    claims = [
        v3_claim("OUTPATIENT", [{}, paid], id="lines"),
        v3_claim("OUTPATIENT", [{}, {}], id="claim"),
        v3_claim("SNF", [paid, paid], id="stay"),
        v3_claim("INPATIENT", [], id="no lines"),
        v3_claim("OUTPATIENT", [{}, {}], id="unpaid", payment={}),
    ]
    claims[3].pop("item")
    connection = connect_records(tmp_path, "v3", {"ExplanationOfBenefit": claims})
    found: dict[str, list[Decimal | None]] = {}
    for row in rows_of(connection, "from tuva.medical_claim order by claim_id, claim_line_number"):
        found.setdefault(row["claim_id"], []).append(row["paid_amount"])
        assert row["claim_line_number"] == len(found[row["claim_id"]])
    assert found == {
        "lines": [None, Decimal("7.50")],
        "claim": [Decimal(100), Decimal(0)],
        "stay": [Decimal(100), Decimal(0)],
        "no lines": [Decimal(100)],
        "unpaid": [None, Decimal(0)],
    }
    assert len(rows_of(connection, "from cclf.CCLF1")) == 5


def test_a_claim_without_an_eob_type_goes_by_its_class(tmp_path: Path) -> None:
    system = "http://terminology.hl7.org/CodeSystem/claim-type"
    claims = [
        v3_claim("", [{}], id=kind, type={"coding": [{"code": kind, "system": system}]})
        for kind in ("institutional", "professional", "oral")
    ]
    connection = connect_records(tmp_path, "v3", {"ExplanationOfBenefit": claims})
    found = {row["claim_id"]: row["claim_type"] for row in rows_of(connection, "from tuva.medical_claim")}
    assert found == {"institutional": "institutional", "professional": "professional", "oral": "undetermined"}
    assert [len(rows_of(connection, f"from cclf.CCLF{n}")) for n in (1, 2, 5, 6)] == [1, 1, 1, 0]


def test_a_canceled_claim_of_v2(tmp_path: Path) -> None:
    records = load("v2")
    carrier = copy.deepcopy(claims_of(records, "carrier")[0])
    records["ExplanationOfBenefit"].append({**carrier, "id": "carrier-2", "status": "cancelled"})
    connection = connect_records(tmp_path, "v2", records)
    found = Counter(row["CLM_ADJSMT_TYPE_CD"] for row in rows_of(connection, "from cclf.CCLF5"))
    assert found == {None: 7, "1": 7}


def test_external_causes_and_the_principal_diagnosis_are_not_repeated(tmp_path: Path) -> None:
    def diagnosis(sequence: int, kind: str, code: str, poa: str | None = None) -> Record:
        concept = {"coding": [{"code": code, "system": "http://hl7.org/fhir/sid/icd-10-cm"}]}
        made: Record = {
            "sequence": sequence,
            "diagnosisCodeableConcept": concept,
            "type": [{"coding": [{"code": kind}]}],
        }
        return {**made, "onAdmission": {"coding": [{"code": poa}]}} if poa else made

    listed = [
        diagnosis(1, "admitting", "R07.9"), diagnosis(2, "other", "I21.4", "Y"), diagnosis(3, "other", "E11.9", "N"),
        diagnosis(4, "externalcauseofinjury", "W01.0"), diagnosis(5, "externalcauseofinjury", "W01.0"),
        diagnosis(6, "externalcauseofinjury", "E11.9"), diagnosis(7, "other", "E11.9"),
        diagnosis(9, "principal", "I21.4"),
    ]  # fmt: skip
    claim = v3_claim("INPATIENT", [{}], diagnosis=list(reversed(listed)))
    connection = connect_records(tmp_path, "v3", {"ExplanationOfBenefit": [claim]})
    (row,) = rows_of(connection, "from tuva.medical_claim")
    assert [row[f"diagnosis_code_{n}"] for n in range(1, 6)] == ["I214", "E119", "W010", "E119", None]
    assert [row[f"diagnosis_poa_{n}"] for n in range(1, 6)] == ["Y", "N", None, None, None]
    assert ordered_codes(claim) == ["I214", "E119", "W010", "E119"]
    kinds = {row["CLM_VAL_SQNC_NUM"]: row["CLM_PROD_TYPE_CD"] for row in rows_of(connection, "from cclf.CCLF4")}
    assert kinds == {1: "D", 2: "D", 3: "D", 4: "1", 5: "E", 6: "E", 7: "D", 9: "D"}


def test_persons_who_are_merged_missing_or_repeated(tmp_path: Path) -> None:
    old, new = {"lastUpdated": "2023-01-01T00:00:00Z"}, {"lastUpdated": "2024-01-01T00:00:00Z"}
    patients = [
        patient("now", mbis=["1AA0AA0AA01"], meta=old, gender="male"),
        patient("now", mbis=["1AA0AA0AA02"], meta=new, gender="other"),
        {"resourceType": "Patient", "id": "before", "link": [
            {"type": "replaced-by", "other": {"reference": "Patient/now"}},
        ]},
        patient("nameless"),
    ]  # fmt: skip
    claims = [v3_claim("CARRIER", [{}, {}], id=key, patient=key) for key in ("now", "before", "nameless", "gone")]
    coverages = [
        coverage("a-1", "Part A", "2024-01-01", "2024-02-29", patient="before"),
        coverage("a-2", "Part A", "2024-03-01", "2024-03-31", patient="now"),
        coverage("a-3", "Part A", "2024-01-01", "2024-01-31", patient="gone"),
        {"resourceType": "Coverage", "id": "part-b-now"},
    ]
    records = {"ExplanationOfBenefit": claims, "Patient": patients, "Coverage": coverages}
    connection = connect_records(tmp_path, "v3", records)
    found = Counter((row["claim_id"], row["person_id"]) for row in rows_of(connection, "from tuva.medical_claim"))
    mbi = "1AA0AA0AA02"
    assert found == {("now", mbi): 2, ("before", mbi): 2, ("nameless", "nameless"): 2, ("gone", "gone"): 2}
    found = Counter(row["BENE_MBI_ID"] for row in rows_of(connection, "from cclf.CCLF5"))
    assert found == {mbi: 4, None: 4}
    persons = {row["BENE_MBI_ID"]: row["BENE_SEX_CD"] for row in rows_of(connection, "from cclf.CCLF8")}
    assert persons == {mbi: "0", None: None}
    enrolled = rows_of(connection, "from tuva.eligibility order by enrollment_end_date")
    assert [
        (
            row["person_id"],
            str(row["enrollment_start_date"]),
            str(row["enrollment_end_date"]),
            row["gender"],
            row["death_flag"],
        )
        for row in enrolled
    ] == [
        ("gone", "2024-01-01", "2024-01-31", None, None),
        (mbi, "2024-01-01", "2024-03-31", "unknown", False),
    ]


def test_periods_that_overlap_or_touch_are_one(tmp_path: Path) -> None:
    coverages = [
        coverage("1", "Part A", "2020-01-01", "2020-12-31"),
        coverage("2", "Part B", "2020-03-01", "2020-06-30"),  # within the first
        coverage("3", "Part B", "2021-01-01", "2021-02-28"),  # the day after
        coverage("4", "Part A", "2021-03-02", "2021-12-31"),  # a day is missing
        coverage("5", "Part B", "2023-01-01"),  # open
        coverage("6", "Part A", "2024-06-01"),  # after the claims
        coverage("7", "Part A", "2019-05-01", "2019-04-01"),  # ends before it begins
        coverage("8", "Part D", "2018-01-01", "2018-12-31"),
        coverage("9", "Dual Medicare/Medicaid", "2021-06-01", "2021-07-31", extension=dual("02")),
        coverage("10", "Dual Medicare/Medicaid", "2021-09-01", extension=dual("08")),
    ]
    connection = connect_records(tmp_path, "v3", {"Coverage": coverages})
    found = [
        (str(row["enrollment_start_date"]), str(row["enrollment_end_date"]), row["dual_status_code"])
        for row in rows_of(connection, "from tuva.eligibility order by enrollment_start_date")
    ]
    assert found == [
        ("2020-01-01", "2021-02-28", None),
        ("2021-03-02", "2021-12-31", "08"),
        ("2023-01-01", "2024-05-31", "08"),
    ]


def test_months_without_entitlement_have_no_row(tmp_path: Path) -> None:
    records = load("v2")
    for one in records["Coverage"]:
        for extension in one["extension"]:
            name = extension["url"].rsplit("/", 1)[-1]
            if name in ("buyin02", "buyin12"):
                extension["valueCoding"]["code"] = "0"
            if name in ("dual_01", "dual_03"):
                extension["valueCoding"]["code"] = "02"
    connection = connect_records(tmp_path, "v2", records)
    found = {
        row["enrollment_start_date"].month: row["dual_status_code"]
        for row in rows_of(connection, "from tuva.eligibility")
    }
    assert found == {1: "02", 3: "02", **dict.fromkeys(range(4, 12))}
    (person,) = rows_of(connection, "from cclf.CCLF8")
    assert (person["BENE_DUAL_STUS_CD"], person["BENE_ENTLMT_BUYIN_IND"]) == ("02", "0")


def test_series_of_columns_are_in_order(tmp_path: Path) -> None:
    system = "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
    modifiers = [{"coding": [{"code": code, "system": system}]} for code in ("A1", "B2", "C3", "D4", "E5", "F6")]
    icd, pcs = "http://hl7.org/fhir/sid/icd-9-cm", "http://www.cms.gov/Medicare/Coding/ICD9"
    diagnoses = [
        {"sequence": n, "diagnosisCodeableConcept": {"coding": [{"code": f"{100 + n}.5", "system": icd}]}}
        for n in range(1, 28)
    ]
    procedures = [
        {
            "sequence": n,
            "date": f"2024-01-{n:02}T00:00:00+00:00",
            "procedureCodeableConcept": {"coding": [{"code": f"{10 + n}.1", "system": pcs}]},
        }
        for n in range(27, 0, -1)
    ]
    claims = [
        v3_claim(kind, [{"modifier": modifiers}], id=kind, diagnosis=diagnoses, procedure=procedures)
        for kind in ("CARRIER", "INPATIENT")
    ]
    connection = connect_records(tmp_path, "v3", {"ExplanationOfBenefit": claims})
    codes = [f"{100 + n}5" for n in range(1, 28)]
    for view, count in (("cclf.CCLF2", 0), ("cclf.CCLF5", 12)):
        (row,) = rows_of(connection, f"from {view}")
        assert [row[f"HCPCS_{n}_MDFR_CD"] for n in range(1, 6)] == ["A1", "B2", "C3", "D4", "E5"]
        assert [row[f"CLM_DGNS_{n}_CD"] for n in range(1, count + 1)] == codes[:count]
    assert row["DGNS_PRCDR_ICD_IND"] == "9"
    for row in rows_of(connection, "from tuva.medical_claim"):
        assert [row[f"hcpcs_modifier_{n}"] for n in range(1, 6)] == ["A1", "B2", "C3", "D4", "E5"]
        assert [row[f"diagnosis_code_{n}"] for n in range(1, 26)] == codes[:25]
        assert [row[f"procedure_code_{n}"] for n in range(1, 26)] == [f"{10 + n}1" for n in range(1, 26)]
        assert [row[f"procedure_date_{n}"] for n in range(1, 26)] == [date(2024, 1, n) for n in range(1, 26)]
        assert (row["diagnosis_code_type"], row["procedure_code_type"]) == ("icd-9-cm", "icd-9-pcs")
    assert len(rows_of(connection, "from cclf.CCLF3")) == len(rows_of(connection, "from cclf.CCLF4")) == 27


def test_races(tmp_path: Path) -> None:
    wanted = {
        "2106-3": ("1", "white", None),
        "2054-5": ("2", "black or african american", None),
        "2131-1": ("3", "other race", None),
        "2028-9": ("4", "asian", None),
        "2135-2": ("5", "unknown", "hispanic or latino"),
        "1002-5": ("6", "american indian or alaska native", None),
        "2076-8": (None, "native hawaiian or other pacific islander", None),
        "UNK": ("0", "unknown", None),
        "ASKU": (None, "asked but unknown", None),
        "1": ("1", "white", None),
        "2": ("2", "black or african american", None),
        "3": ("3", "other race", None),
        "4": ("4", "asian", None),
        "5": ("5", "unknown", "hispanic or latino"),
        "6": ("6", "american indian or alaska native", None),
        "0": ("0", "unknown", None),
    }
    url = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race"
    patients = [
        patient(race, mbis=[race], extension=[
            {"url": url, "extension": [{"url": "ombCategory", "valueCoding": {"code": race}}]},
        ])
        for race in wanted
    ]  # fmt: skip
    patients.append(patient("none", mbis=["none"]))
    coverages = [coverage(one["id"], "Part B", "2024-01-01", patient=one["id"]) for one in patients]
    connection = connect_records(tmp_path, "v3", {"Patient": patients, "Coverage": coverages})
    cclf = {row["BENE_MBI_ID"]: row["BENE_RACE_CD"] for row in rows_of(connection, "from cclf.CCLF8")}
    tuva = {row["person_id"]: (row["race"], row["ethnicity"]) for row in rows_of(connection, "from tuva.eligibility")}
    assert {race: (cclf[race], *tuva[race]) for race in cclf} == {**wanted, "none": (None, None, None)}


def test_states_and_zip_codes(tmp_path: Path) -> None:
    places = {"05": ("CA", "06"), "40": ("PR", "72"), "NY": ("NY", "36"), "56": (None, None), "AE": ("AE", None)}
    patients = [
        patient(state, mbis=[state], address=[{"state": state, "postalCode": "02138-1234"}]) for state in places
    ]
    patients.append(patient("zip", mbis=["zip"], address=[{"postalCode": "021381234"}]))
    patients.append(patient("short", mbis=["short"], address=[{"postalCode": "02138"}]))
    connection = connect_records(tmp_path, "v3", {"Patient": patients})
    found = {row["BENE_MBI_ID"]: row for row in rows_of(connection, "from cclf.CCLF8")}
    for state, wanted in places.items():
        assert (found[state]["GEO_USPS_STATE_CD"], found[state]["BENE_FIPS_STATE_CD"]) == wanted
    assert {(row["GEO_ZIP5_CD"], row["GEO_ZIP4_CD"]) for row in found.values()} == {("02138", "1234"), ("02138", None)}
    assert found["zip"]["GEO_ZIP4_CD"] == "1234"


def test_every_state_has_letters_and_a_fips_number(connections: dict[str, Sample]) -> None:
    numbers = [f"{number:02}" for number in (*range(1, 54), 64, 65, 66)]
    query = "select bcda_layers.state_letters(ssa), bcda_layers.state_fips(ssa) from unnest($1) as numbers(ssa)"
    found = dict(connections["v3"].connection.execute(query, [numbers]).fetchall())
    assert len(found) == len(set(found.values())) == 56
    assert None not in {*found, *found.values()}
    assert [found[state] for state in ("AL", "AK", "DC", "WY", "PR", "VI", "GU")] == [
        "01", "02", "11", "56", "72", "78", "66",
    ]  # fmt: skip


def test_switches_and_codes_of_v3(tmp_path: Path) -> None:
    base = "https://bluebutton.cms.gov/fhir/CodeSystem"

    def entry(category: str, code: str, system: str = "x") -> Record:
        kinds = [{"code": category, "system": f"{base}/Supporting-Information"}]
        return {"category": {"coding": kinds}, "code": {"coding": [{"code": code, "system": f"{base}/{system}"}]}}

    listed = [
        entry("CLM_NGACO_PBPMT_SW", "Y"), entry("CLM_NGACO_PDSCHRG_HCBS_SW", "N"), entry("CLM_NGACO_SNF_WVR_SW", "Y"),
        entry("CLM_NGACO_TLHLTH_SW", "N"), entry("CLM_NGACO_CPTATN_SW", "Y"), entry("CLM_ACO_CARE_MGMT_HCBS_SW", "N"),
        *(entry("CLM_BNFT_ENHNCMT_CD", code) for code in ("11", "22", "33")),
        entry("CLM_RLT_COND", "20", "CLM-RLT-COND-CD"), entry("CLM_RLT_COND", "62", "CLM-RLT-COND-CD"),
        entry("info", "2", "CLM-OP-SRVC-TYPE-CD"), entry("PRVDR_FAC_FIPS_ST_CD", "06"),
    ]  # fmt: skip
    claim = v3_claim("OUTPATIENT", [{}], supportingInfo=[{"sequence": n, **one} for n, one in enumerate(listed)])
    connection = connect_records(tmp_path, "v3", {"ExplanationOfBenefit": [claim]})
    (row,) = rows_of(connection, "from cclf.CCLFA")
    assert (
        "".join(
            row[f"CLM_NGACO_{name}_SW"] for name in ("PBPMT", "PDSCHRG_HCBS", "SNF_WVR", "TLHLTH", "CPTATN", "CMG_WVR")
        )
        == "YNYNYN"
    )
    assert [row[f"CLM_DEMO_{name}_NUM"] for name in ("1ST", "2ND", "3RD", "4TH")] == ["11", "22", "33", None]
    assert row["CLM_RLT_COND_CD"] == "62"
    (row,) = rows_of(connection, "from cclf.CCLF1")
    assert (row["CLM_OP_SRVC_TYPE_CD"], row["PRVDR_FAC_FIPS_ST_CD"]) == ("2", "06")


def test_the_rendering_provider_of_a_line_that_names_none(tmp_path: Path) -> None:
    def member(sequence: int, role: str, npi: str) -> Record:
        identifier = {"system": "http://hl7.org/fhir/sid/us-npi", "value": npi}
        return {"sequence": sequence, "role": {"coding": [{"code": role}]}, "provider": {"identifier": identifier}}

    team = [member(4, "attending", "1111111111"), member(7, "rendering", "2222222222")]
    claims = [
        v3_claim("CARRIER", [{}, {"careTeamSequence": [4]}], id="one", careTeam=team),
        v3_claim("CARRIER", [{}], id="two", careTeam=[*team, member(8, "rendering", "3333333333")]),
    ]
    connection = connect_records(tmp_path, "v3", {"ExplanationOfBenefit": claims})
    found = {
        (row["claim_id"], row["claim_line_number"]): row["rendering_npi"]
        for row in rows_of(connection, "from tuva.medical_claim")
    }
    assert found == {("one", 1): "2222222222", ("one", 2): "1111111111", ("two", 1): None}


# ---- Empty exports, and the interface ----


@each_view
def test_an_empty_export_has_empty_typed_tables(layer: str, table: str, tmp_path: Path) -> None:
    result = write_export(tmp_path / "claims", {"Patient": b"", "Coverage": b"", "ExplanationOfBenefit": b""})
    connection = result.duckdb(layers=[layer])
    assert rows_of(connection, f"from {layer}.{table}") == []
    described = connection.execute(f"describe {layer}.{table}").fetchall()
    assert [(row[0], row[1]) for row in described] == [
        (column.name, column.type) for column in bcda.layers.describe(layer, table)
    ]


def test_an_export_has_its_day_as_file_date(tmp_path: Path) -> None:
    files = {path.stem: path.read_bytes() for path in (SAMPLES / "v3").glob("*.ndjson")}
    connection = write_export(tmp_path / "claims", files).duckdb(layers="tuva", generation="v3")
    assert connection.execute("select distinct file_date from tuva.medical_claim").fetchall() == [(date(2019, 9, 20),)]
    assert connection.execute("select count(distinct ingest_datetime) from tuva.medical_claim").fetchall() == [(1,)]
    assert rows_of(connection, "from tuva.eligibility") == []  # it begins in 2021, after the export
    schemas = {row[0] for row in connection.execute("select schema_name from duckdb_views()").fetchall()}
    assert "cclf" not in schemas


def test_without_a_day_an_open_enrollment_ends_with_this_month(tmp_path: Path) -> None:
    records = {"Coverage": [coverage("1", "Part A", "2020-01-01")]}
    connection = connect_records(tmp_path, "v3", records, file_date=None)
    (row,) = rows_of(connection, "select *, last_day(current_date) as month_end from tuva.eligibility")
    assert row["enrollment_end_date"] == row["month_end"]
    assert row["file_date"] is None


def test_an_export_of_the_sandbox(tmp_path: Path) -> None:
    result = bcda.Sandbox(beneficiaries=10).client(poll_interval="10ms").export(out=tmp_path / "claims", progress=False)
    claims = list(result.records("ExplanationOfBenefit", decimals=True))
    connection = result.duckdb(layers=["cclf", "tuva"])
    lines = sum(len(claim["item"]) for claim in claims if eob_type(claim) != "PDE")
    assert len(rows_of(connection, "from tuva.medical_claim")) == lines
    assert len(rows_of(connection, "from cclf.CCLF8")) == 10
    paid = total(payment_of(claim) for claim in claims if eob_type(claim) in KINDS["institutional"])
    assert total(row["CLM_PMT_AMT"] for row in rows_of(connection, "from cclf.CCLF1")) == paid


def test_layers_over_tables_of_a_database(tmp_path: Path) -> None:
    """The base tables may be real tables. Then the views stay when the database is opened again."""
    with duckdb.connect(tmp_path / "claims.db") as connection:
        for table in bcda.table_names():
            source = bcda.open_table(sorted((SAMPLES / "v3").glob("*.ndjson")), table).to_arrow()
            connection.register("source", source)
            connection.execute(f"create table {table} as from source")
            connection.unregister("source")
        bcda.layers.add(connection, "cclf")
        bcda.layers.add(connection, "tuva", "cclf")  # again
    (tmp_path / "claims.db").rename(tmp_path / "renamed.db")
    with duckdb.connect(tmp_path / "renamed.db") as connection:
        assert len(rows_of(connection, "from tuva.medical_claim")) == 17
        connection.execute("use tuva")  # here pharmacy_claim is Tuva's, and not the base table
        assert len(rows_of(connection, "from pharmacy_claim")) == 1
        assert len(rows_of(connection, "from cclf.CCLF7")) == 1
        bcda.layers.add(connection, "tuva")
        assert len(rows_of(connection, "from pharmacy_claim")) == 1


def test_wrong_names_are_refused_with_the_right_ones() -> None:
    with pytest.raises(bcda.InvalidArgumentError, match="no layer 'omop'; there are cclf and tuva"):
        bcda.layers.tables("omop")
    with pytest.raises(bcda.InvalidArgumentError, match="no layer 'CCLF'"):
        bcda.layers.add(duckdb.connect(), "CCLF")
    with pytest.raises(bcda.InvalidArgumentError, match="the layer tuva has no table 'CCLF1'; it has medical_claim, "):
        bcda.layers.describe("tuva", "CCLF1")
    with pytest.raises(bcda.InvalidArgumentError, match="no table"):
        bcda.layers.sql("cclf", "../tuva/eligibility")


def test_wrong_layers_and_settings_of_an_export_are_refused(tmp_path: Path) -> None:
    result = write_export(tmp_path / "claims", {"Patient": b"{}\n"})
    with pytest.raises(bcda.InvalidArgumentError, match="no layer 'omop'"):
        result.duckdb(layers=["cclf", "omop"])
    with pytest.raises(bcda.InvalidArgumentError, match=r"must be .*it is VARCHAR.*neither columns nor values=text"):
        result.duckdb(layers="cclf", values="text")


def test_a_connection_without_the_base_tables_is_refused() -> None:
    connection = duckdb.connect()
    with pytest.raises(bcda.InvalidArgumentError, match=r"no table or view main\.\w+: use result\.duckdb\(\)"):
        bcda.layers.add(connection, "cclf")
    for table in bcda.table_names():
        connection.execute(f"create table {table} (claim_key varchar)")
    with pytest.raises(bcda.InvalidArgumentError, match="must be VARCHAR, and it is missing"):
        bcda.layers.add(connection, "cclf")
    assert connection.execute("select count(*) from duckdb_schemas() where schema_name = 'cclf'").fetchall() == [(0,)]


def test_the_page_is_that_of_the_columns() -> None:
    command = [sys.executable, str(ROOT / "python" / "tools" / "make_layers.py"), "--check"]
    assert subprocess.run(command, capture_output=True, text=True).stderr == ""
    page = " ".join((ROOT / "docs" / "tables" / "layers.md").read_text(encoding="utf-8").split())
    columns = [column for layer, table in VIEWS for column in bcda.layers.describe(layer, table)]
    none = sum(1 for column in columns if not column.source)
    assert f"Of the {len(columns)} columns, {none} have none." in page
    assert "experimental" in page
    assert "`CUR_CLM_UNIQ_ID` agrees with the real CCLF in v3 only" in page
