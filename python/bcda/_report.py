"""A report on the tables of an export: one HTML page with counts, and without data of beneficiaries.

This module counts, with DuckDB. ``_report_page`` makes the page, and ``_suppression`` says which counts it may show.
"""

from __future__ import annotations

import os
import re
import secrets
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from . import _native
from ._config import path_of
from ._errors import InvalidArgumentError
from ._suppression import SMALLEST, Cell
from ._table import PrivateFile, batches_of, need, open_tables, schema_of, table_columns, table_names
from ._tables import profiles

if TYPE_CHECKING:
    import duckdb

    from ._result import ExportResult, File

TYPES = ("INPATIENT", "OUTPATIENT", "SNF", "HHA", "HOSPICE", "CARRIER", "DME", "PDE", "OTHER", "NONE")
MEASURES = ("charged", "allowed", "paid")
_MOST_MONTHS = 120  # of the table of months

# The columns whose shares the report shows. They are those that most analyses need.
KEY_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "claim": (
        "claim_id", "claim_control_number", "beneficiary_key", "coverage_key", "eob_type", "status", "final_action",
        "last_updated", "from_date", "thru_date", "payment_date", "drg_code", "principal_diagnosis_code",
        "provider_npi", "attending_npi", "payment_amount", "total_charge_amount", "submitted_amount", "allowed_amount",
    ),
    "claim_line": (
        "line_number", "line_from_date", "revenue_center_code", "hcpcs_code", "ndc_code", "place_of_service_code",
        "quantity", "rendering_npi", "line_diagnosis_code", "diagnosis_sequences", "charge_amount", "allowed_amount",
        "paid_amount",
    ),
    "claim_diagnosis": ("sequence", "code", "system", "type", "poa_code"),
    "claim_procedure": ("sequence", "procedure_date", "code", "system"),
    "claim_provider": ("sequence", "role", "npi", "specialty_code", "taxonomy_code"),
    "pharmacy_claim": (
        "fill_date", "ndc_code", "quantity", "days_supply", "prescriber_npi", "pharmacy_npi", "total_cost_amount",
        "covered_paid_amount", "patient_paid_amount",
    ),
    "beneficiary": ("mbi", "birth_date", "death_date", "gender", "race_code", "state", "zip_code"),
    "coverage": ("beneficiary_key", "part", "status", "start_date", "end_date", "medicare_status_code"),
}  # fmt: skip


@dataclass
class Run:
    """What the receipt of one export says."""

    transaction_time: str  # "": it has none
    since: str  # "": all
    profile: str  # "": not told
    version: str  # of the API, such as "v2"; "": not told
    partial: bool
    files: list[File] = field(repr=False)
    error_files: int = 0
    deleted_files: int = 0


@dataclass
class Amounts:
    """The sum of an amount over the claims of a type, and the claims that have it."""

    total: Decimal
    claims: Cell


@dataclass
class Facts:
    """What the page is made of. **The counts are not suppressed yet.**"""

    runs: list[Run] = field(default_factory=list)
    single_files: int = 0  # files that were named without a receipt
    is_series: bool = False
    generation: str = ""  # of the tables; "": not told, or several
    issues: Counter[tuple[str, str]] = field(default_factory=Counter)  # by severity and code
    nulled: dict[str, int] = field(default_factory=dict)  # values that did not fit, by table
    rows: dict[str, Cell] = field(default_factory=dict)  # by table
    filled: dict[str, dict[str, int]] = field(default_factory=dict)  # by table and column
    counted: dict[str, Cell] = field(default_factory=dict)  # claims by type, each once and only final ones
    left_out: dict[str, Cell] = field(default_factory=dict)  # the other rows, by reason
    months: list[str] = field(default_factory=list)
    by_month: dict[str, dict[str, Cell]] = field(default_factory=dict)  # by type; "": another month or none
    amounts: dict[str, dict[str, Amounts]] = field(default_factory=dict)  # by measure and type
    same_control_number: Cell = field(default_factory=lambda: Cell(0))
    other_control_number: Cell = field(default_factory=lambda: Cell(0))  # or none
    sums: dict[tuple[str, str], dict[str, Cell]] = field(default_factory=dict)  # by type and measure


def report(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    out: str | os.PathLike[str],
    *,
    generation: str | None = None,
    current: bool | None = None,
) -> None:
    """Writes a report on the tables of finished exports, of a series, or of NDJSON files: one HTML page.

    The page shows counts and sums, and no data of single beneficiaries. A count of 1 to 10 is shown as "<11", and
    others are hidden where such a count could be derived from them. The file gets its name when it is whole. Its mode
    is 0600. Needs duckdb and pyarrow.

    Args:
        paths: a directory of an export or of a series, an NDJSON file, or several of them.
        out: the file, which must not exist.
        generation: ``"stu3"``, ``"v2"`` or ``"v3"``; by default the receipt or the records tell it.
        current: only the latest state of each resource; by default true for a series, and false otherwise.

    Raises:
        ModuleNotFoundError: duckdb or pyarrow is not installed; the message says how to install it.
        FileExistsError: the file exists.
        FilesystemError: a path is no finished export and no file.
        RecordError: a record is malformed. The message names the file and the line, and never shows a value.

    Example:
        >>> result = client.export(out=tmp / "reported", progress=False)
        >>> bcda.report(tmp / "reported", tmp / "report.html")
        >>> "There are fewer than 11 claims" in (tmp / "report.html").read_text()
        True
    """
    given = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
    with PrivateFile(path_of(out, "out")) as file:
        file.write(page_of([path_of(path, "paths") for path in given], generation, current).encode())


def page_of(paths: Sequence[str], generation: str | None = None, current: bool | None = None) -> str:
    """The page as text."""
    from ._report_page import page

    return page(collect(paths, {"generation": generation, "current": current}))


def collect(paths: Sequence[str], settings: Mapping[str, Any]) -> Facts:
    """Counts everything. One pass over the files finds the claims that count as final. Another one reads all tables.
    If values did not fit their columns, one more pass for each table counts its values.
    """
    need("duckdb", "a report", "duckdb")
    need("pyarrow", "a report", "duckdb")
    if not paths:
        raise InvalidArgumentError("a report needs the directory of an export or of a series, or files")
    reading = {**settings, "on_error": "null"}
    claims = _open(paths, {**reading, "final_only": True, "columns": _VERSION}, ["claim"])  # reports what is wrong now
    tables = _open(paths, reading, table_names())
    facts = _facts_of_receipts(paths)
    facts.generation = settings.get("generation") or facts.generation
    with _connection() as connection:
        _load_final(connection, claims)
        _load(connection, tables, facts)
        _count_claims(connection, facts)
    if tables.nulled:
        facts.nulled = {name: _nulled(paths, reading, name) for name in table_names()}
    return facts


# ---- receipts ----


def _facts_of_receipts(paths: Sequence[str]) -> Facts:
    facts = Facts()
    for path in paths:
        if not os.path.isdir(path):
            facts.single_files += 1
            continue
        runs = [path] if os.path.exists(os.path.join(path, "export.json")) else _runs_of_series(path)
        facts.is_series |= runs != [path]
        for run in runs:
            _add_run(facts, run)
    told = {_GENERATIONS.get(run.version, "") if run.profile else "" for run in facts.runs}
    facts.generation = told.pop() if len(told) == 1 and not facts.single_files else ""
    return facts


_RUN_NAME = re.compile(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ")
_GENERATIONS = {"v1": "stu3", "v2": "v2", "v3": "v3"}


def _runs_of_series(path: str) -> list[str]:
    names = sorted(name for name in os.listdir(path) if _RUN_NAME.fullmatch(name))
    runs = [os.path.join(path, name) for name in names]
    return [run for run in runs if os.path.exists(os.path.join(run, "export.json"))]


def _add_run(facts: Facts, path: str) -> None:
    from ._result import ExportResult

    result = ExportResult.open(path)
    facts.runs.append(_run_of(result))
    for issue in result.issues:
        facts.issues[issue.severity, issue.code] += issue.count


def _run_of(result: ExportResult) -> Run:
    request = result.receipt.get("request", {})
    known = {profile["name"] for profile in profiles()}
    version = re.search(r"/(v[123])(/|$)", request.get("base", ""))
    since = result.receipt.get("since", "")
    time = result.transaction_time
    return Run(
        transaction_time=f"{time:%Y-%m-%d %H:%M} UTC" if time else "",
        since=since[:10] if re.match(r"\d{4}-\d\d-\d\d", since) else "",
        profile=request["profile"] if request.get("profile") in known else "",
        version=version[1] if version else "",
        partial=result.partial,
        files=result.files,
        error_files=len(result.error_files),
        deleted_files=len(result.deleted_files),
    )


# ---- tables ----


def _open(paths: Sequence[str], settings: Mapping[str, Any], names: Sequence[str]) -> _native.Tables:
    return open_tables([os.fsencode(path) for path in paths], settings, [name.encode() for name in names])


def _nulled(paths: Sequence[str], settings: Mapping[str, Any], name: str) -> int:
    tables = _open(paths, settings, [name])
    while tables.next() is not None:
        pass
    return tables.nulled


@contextmanager
def _connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB in memory. What does not fit goes to files of a private directory, which is removed at the end."""
    import duckdb

    with tempfile.TemporaryDirectory(prefix="bcda-report-") as directory, duckdb.connect() as connection:
        connection.execute("set temp_directory = '" + directory.replace("'", "''") + "'")
        connection.execute("set preserve_insertion_order = false")
        connection.execute(f"create macro hashed(key) as md5_number('{secrets.token_hex()}' || key)")
        connection.execute(_VERSION_OF)
        ((kind,),) = connection.execute("select typeof(md5_number(''))").fetchall()  # differs between versions
        connection.execute(f"create type hash as {kind}")
        connection.execute(_FACTS)
        yield connection


# One version of a claim. The setting final_only says which versions count; the rule of each generation is not repeated
# here.
_VERSION = ("claim_key", "last_updated", "status", "final_action", "adjustment_type_code")
_VERSION_OF = """
create macro version_of(key, updated, status, action, adjustment) as
    hashed(concat_ws('|', key, epoch_us(updated), coalesce(status, ''), coalesce(action, ''), coalesce(adjustment, '')))
"""

# What is kept of each row. Keys are hashed with a secret of this run, so that no identifier is kept. A month is the
# number of months since the year 0.
_FACTS = """
create type kind as enum ('INPATIENT', 'OUTPATIENT', 'SNF', 'HHA', 'HOSPICE', 'CARRIER', 'DME', 'PDE', 'OTHER', 'NONE');
create type state as enum ('final', 'replaced', 'untagged', 'canceled', 'repeated');
create table finals (version hash);
create table claims (
    claim hash, control hash, person hash, type kind, state state, updated timestamptz, month integer,
    charged decimal(18,2), allowed decimal(18,2), paid decimal(18,2));
create table lines (claim hash, charged decimal(38,2), allowed decimal(38,2), paid decimal(38,2));
create table drugs (claim hash, month integer, charged decimal(38,2), paid decimal(38,2));
create table covered (person hash);
"""

_INSERTS = {
    "claim": f"""
        insert into claims select hashed(claim_key), hashed(claim_control_number), hashed(beneficiary_key),
            case when eob_type is null then 'NONE'
                when eob_type in ('INPATIENT', 'OUTPATIENT', 'SNF', 'HHA', 'HOSPICE', 'CARRIER', 'DME', 'PDE')
                then eob_type else 'OTHER' end,
            case when version_of({", ".join(_VERSION)}) in (from finals) then 'final'
                when status is distinct from 'active' or adjustment_type_code = 'D' then 'canceled'
                when final_action is not null then 'replaced'
                else 'untagged' end,
            last_updated, year(from_date) * 12 + month(from_date) - 1,
            case when eob_type in ('CARRIER', 'DME') then coalesce(submitted_amount, total_charge_amount)
                else total_charge_amount end,
            allowed_amount, payment_amount
        from batch""",  # noqa: S608 (the names are constants)
    # Revenue center 0001 is the total of the other lines.
    "claim_line": """
        insert into lines select hashed(claim_key), sum(charge_amount), sum(allowed_amount), sum(paid_amount)
        from batch where revenue_center_code is distinct from '0001' group by claim_key""",
    "pharmacy_claim": """
        insert into drugs select hashed(claim_key), min(year(fill_date) * 12 + month(fill_date) - 1),
            sum(total_cost_amount), sum(covered_paid_amount)
        from batch group by claim_key""",
    "coverage": "insert into covered select distinct hashed(beneficiary_key) from batch",
}


def _load_final(connection: duckdb.DuckDBPyConnection, claims: _native.Tables) -> None:
    import pyarrow

    for _, found in batches_of(claims, [schema_of(claims)]):
        connection.register("batch", pyarrow.Table.from_batches([found]))
        connection.execute(f"insert into finals select version_of({', '.join(_VERSION)}) from batch")  # noqa: S608
        connection.unregister("batch")


def _load(connection: duckdb.DuckDBPyConnection, tables: _native.Tables, facts: Facts) -> None:
    """Reads all tables in one pass, batch by batch. Counts what is filled, and keeps what the other queries need."""
    import pyarrow

    names = table_names()
    schemas = [schema_of(tables, number) for number in range(len(names))]
    rows = dict.fromkeys(names, 0)
    facts.filled = {name: dict.fromkeys(columns, 0) for name, columns in KEY_COLUMNS.items()}
    for number, found in batches_of(tables, schemas):
        name = names[number]
        batch = pyarrow.Table.from_batches([found])
        rows[name] += batch.num_rows
        if name not in KEY_COLUMNS:
            continue
        connection.register("batch", batch)
        for column, count in zip(KEY_COLUMNS[name], connection.execute(_filled_query(name)).fetchall()[0]):
            facts.filled[name][column] += count
        if name in _INSERTS:
            connection.execute(_INSERTS[name])
        connection.unregister("batch")
    claimants = _number(connection, "select count(distinct person) from claims")
    people = {
        "beneficiary": rows["beneficiary"],
        "beneficiary_identifier": rows["beneficiary"],
        "coverage": _number(connection, "select count(distinct person) from covered"),
    }
    facts.rows = {name: Cell(count, people.get(name, claimants)) for name, count in rows.items()}


def _filled_query(table: str) -> str:
    lists = {column.name for column in table_columns(table) if column.list}
    counts = [
        f"count(*) filter (len({name}) > 0)" if name in lists else f"count({name})" for name in KEY_COLUMNS[table]
    ]
    return f"select {', '.join(counts)} from batch"  # noqa: S608 (the names are constants)


def _number(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    return int(connection.execute(query).fetchall()[0][0])


# ---- claims ----

# Each claim once, in its last version, with its month and its amounts. A Part D event has them in its line.
_CLAIMS = """
create table counted as
with ranked as (
    select *, row_number() over (
        partition by claim order by updated desc nulls last, state, month, charged, allowed, paid) as rank
    from claims),
drug as (
    select claim, min(month) as month, sum(charged) as charged, sum(paid) as paid from drugs group by claim),
line as (
    select claim, sum(charged) as charged, sum(allowed) as allowed, sum(paid) as paid from lines group by claim)
select control, person, type, case when rank > 1 then 'repeated' else state end :: state as state,
    case when type = 'PDE' then coalesce(drug.month, ranked.month) else ranked.month end as month,
    case when type = 'PDE' then drug.charged else ranked.charged end as charged,
    ranked.allowed,
    case when type = 'PDE' then drug.paid else ranked.paid end as paid,
    case when type <> 'PDE' then line.charged end as lines_charged,
    case when type <> 'PDE' then line.allowed end as lines_allowed,
    case when type <> 'PDE' then line.paid end as lines_paid
from ranked left join drug using (claim) left join line using (claim)
"""

_MONTHS = """
with counts as (select month, count(*) as n from counted where state = 'final' and month is not null group by month)
select min(month), max(month) from counts where n >= ?
"""


def _count_claims(connection: duckdb.DuckDBPyConnection, facts: Facts) -> None:
    connection.execute(_CLAIMS)
    connection.execute("drop table finals; drop table claims; drop table lines; drop table drugs")
    for state, kind, count, people in connection.execute(
        "select state, case when state = 'final' then type end as kind, count(*), count(distinct person) "
        "from counted group by all"
    ).fetchall():
        if state == "final":
            facts.counted[kind] = Cell(count, people)
        else:
            facts.left_out[state] = Cell(count, people)
    facts.counted = {kind: facts.counted[kind] for kind in TYPES if kind in facts.counted}
    _count_months(connection, facts)
    _add_amounts(connection, facts)
    _count_control_numbers(connection, facts)
    _compare_sums(connection, facts)


def _count_months(connection: duckdb.DuckDBPyConnection, facts: Facts) -> None:
    ((first, last),) = connection.execute(_MONTHS, [SMALLEST]).fetchall()
    if first is None:
        return
    first = max(first, last - _MOST_MONTHS + 1)
    facts.months = [_month(number) for number in range(first, last + 1)]
    facts.by_month = {kind: {} for kind in facts.counted}
    query = """
        select type, case when month between ? and ? then month end as shown, count(*), count(distinct person)
        from counted where state = 'final' group by all"""
    for kind, month, count, people in connection.execute(query, [first, last]).fetchall():
        facts.by_month[kind]["" if month is None else _month(month)] = Cell(count, people)


def _month(number: int) -> str:
    return f"{number // 12:04}-{number % 12 + 1:02}"


def _add_amounts(connection: duckdb.DuckDBPyConnection, facts: Facts) -> None:
    for measure in MEASURES:
        rows = connection.execute(
            f"select type, sum({measure}), count({measure}), count(distinct person) filter ({measure} is not null) "  # noqa: S608
            "from counted where state = 'final' group by type"
        ).fetchall()
        facts.amounts[measure] = {
            kind: Amounts(total or Decimal(0), Cell(count, people)) for kind, total, count, people in rows
        }


def _count_control_numbers(connection: duckdb.DuckDBPyConnection, facts: Facts) -> None:
    rows = connection.execute("""
        with shared as (select control from counted where state = 'final' and control is not null
                        group by control having count(*) > 1)
        select control in (from shared) and control is not null as same, count(*), count(distinct person)
        from counted where state = 'final' group by same""").fetchall()
    cells = {bool(same): Cell(count, people) for same, count, people in rows}
    facts.same_control_number = cells.get(True, Cell(0))
    facts.other_control_number = cells.get(False, Cell(0))


def _compare_sums(connection: duckdb.DuckDBPyConnection, facts: Facts) -> None:
    for measure in MEASURES:
        rows = connection.execute(
            f"select type, case when {measure} is null or lines_{measure} is null then 'nothing' "  # noqa: S608
            f"when {measure} = lines_{measure} then 'meet' else 'differ' end as outcome, count(*), "
            "count(distinct person) from counted where state = 'final' group by all"
        ).fetchall()
        for kind, outcome, count, people in rows:
            facts.sums.setdefault((kind, measure), {})[outcome] = Cell(count, people)
