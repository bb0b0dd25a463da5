"""Reports: their counts against a plain walk over the JSON, what they must not show, and their HTML."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import random
import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import bcda
import pytest
from bcda._report import KEY_COLUMNS
from bcda._suppression import Cell, Shown, protect, share, share_step
from conftest import PROMPT, QUICK, write_export

pytest.importorskip("duckdb")

SAMPLES = Path(__file__).parents[1] / "tables" / "samples"
VARIABLES = "https://bluebutton.cms.gov/resources/variables/"
EOB = "ExplanationOfBenefit"
NAMES = {
    "INPATIENT": "Inpatient",
    "CARRIER": "Carrier (professional)",
    "PDE": "Drug event (PDE)",
    "SNF": "Skilled nursing (SNF)",
}
HIDDEN, SMALL, NONE = "hidden", "<11", "\N{EN DASH}"


# ---- the page ----


class Page(HTMLParser):
    """The tables of a page by caption, its text, and its elements."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tables: dict[str, dict[str, list[str]]] = {}
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._rows: list[list[str]] = []
        self._caption = ""
        self._open: list[str] = []
        self.feed(text)
        self.text = " ".join(" ".join(self.texts).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag in ("caption", "table"):
            self._caption, self._rows = ("", self._rows) if tag == "caption" else (self._caption, [])
        if tag == "tr":
            self._rows.append([])
        if tag in ("th", "td"):
            self._rows[-1].append("")
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass
        if tag == "table":
            self.tables[self._caption] = {row[0]: row[1:] for row in self._rows}

    def handle_data(self, data: str) -> None:
        if "style" in self._open:
            return
        self.texts.append(data)
        if "caption" in self._open:
            self._caption += data
        elif "th" in self._open or "td" in self._open:
            self._rows[-1][-1] += data


def page_of(source: Any, tmp_path: Path) -> Page:
    path = tmp_path / "page.html"
    path.unlink(missing_ok=True)
    if isinstance(source, bcda.ExportResult):
        source.report(path)
    else:
        bcda.report(source, path)
    return Page(path.read_text())


# ---- records ----


def code(name: str, amount: object) -> dict[str, Any]:
    return {"category": {"coding": [{"code": VARIABLES + name}]}, "amount": {"value": amount}}


def claim(number: int, person: int, kind: str = "CARRIER", day: str = "2021-03-05", **members: Any) -> dict[str, Any]:
    """A claim of stu3. Its lines add up."""
    made: dict[str, Any] = {
        "resourceType": EOB,
        "id": f"c-{number:09}",
        "status": "active",
        "type": {"coding": [{"system": "https://bluebutton.cms.gov/resources/codesystem/eob-type", "code": kind}]},
        "patient": {"reference": f"Patient/p-{person:09}"},
        "billablePeriod": {"start": day, "end": day},
        "payment": {"amount": {"value": 100.25}},
        "item": [{"sequence": n, "adjudication": [code("line_nch_pmt_amt", v)]} for n, v in ((1, 60), (2, 40.25))],
    }
    if kind == "PDE":
        item = {"sequence": 1, "servicedDate": day, "adjudication": [code("cvrd_d_plan_pd_amt", 7)]}
        del made["billablePeriod"], made["payment"]
        made["item"] = [item]
        made["type"]["coding"].append({"code": "PDE"})
    return {**made, **members}


def patient(person: int, **members: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": f"p-{person:09}", "gender": "female", **members}


def ndjson(records: Iterable[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def export_of(directory: Path, *claims: dict[str, Any], **files: bytes) -> bcda.ExportResult:
    return write_export(directory, {EOB: ndjson(claims), **files})


def many(count: int, first: int = 1, people: int = 20, **members: Any) -> Iterator[dict[str, Any]]:
    for number in range(first, first + count):
        yield claim(number, number % people, **members)


# ---- counts ----


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[bcda.ExportResult]:
    with bcda.Sandbox(400, **QUICK) as sandbox:
        yield sandbox.client(**PROMPT).export(out=tmp_path_factory.mktemp("export") / "claims", progress=False)


@pytest.fixture(scope="module")
def exported_page(exported: bcda.ExportResult, tmp_path_factory: pytest.TempPathFactory) -> Page:
    return page_of(exported, tmp_path_factory.mktemp("page"))


def kind_of(record: dict[str, Any]) -> str:
    return next(str(c["code"]) for c in record["type"]["coding"] if c.get("system", "").endswith("eob-type"))


def month_of(record: dict[str, Any]) -> str:
    return str(record["item"][0]["servicedDate"] if kind_of(record) == "PDE" else record["billablePeriod"]["start"])[:7]


def adjudicated(record: dict[str, Any], *names: str) -> list[Decimal]:
    return [
        Decimal(str(adjudication["amount"]["value"]))
        for item in record["item"]
        for adjudication in item["adjudication"]
        if adjudication["category"]["coding"][0]["code"].removeprefix(VARIABLES) in names
    ]


def paid(record: dict[str, Any]) -> Decimal:
    if kind_of(record) == "PDE":
        return sum(adjudicated(record, "cvrd_d_plan_pd_amt"), Decimal(0))
    return Decimal(str(record["payment"]["amount"]["value"]))


def check_family(shown: Sequence[str], counts: Sequence[int], people: Sequence[int]) -> None:
    """A count is right, or small, or hidden because of a small one. No small count is shown."""
    small = [count > 0 and min(count, persons) < 11 for count, persons in zip(counts, people)]
    for text, count, is_small in zip(shown, counts, small):
        if text == SMALL:
            assert is_small
        elif text == HIDDEN:
            assert any(small)
        else:
            assert text == f"{count:,}"
            assert not is_small
    if any(small):
        assert sum(count for text, count in zip(shown, counts) if text == HIDDEN) >= 11


def test_the_counts_are_those_of_a_plain_walk(exported: bcda.ExportResult, exported_page: Page) -> None:
    tables = exported_page.tables
    records = list(exported.records(EOB))
    counts = Counter(map(kind_of, records))
    assert {kind: tables["Claims by type"][NAMES[kind]] for kind in counts} == {
        kind: [f"{count:,}"] for kind, count in counts.items()
    }
    assert tables["Claims by type"]["All rows of the table claim"] == [f"{len(records):,}"]
    assert tables["Rows of the tables"]["claim_line"] == [f"{sum(len(record['item']) for record in records):,}"]
    assert tables["Rows of the tables"]["beneficiary"] == ["400"]
    for file in exported.files:
        assert tables["Data files by resource type"][file.type][:3] == ["1", f"{file.records:,}", f"{file.bytes:,}"]

    by_month = Counter((kind_of(record), month_of(record)) for record in records)
    people = defaultdict(set)
    for record in records:
        people[kind_of(record), month_of(record)].add(record["patient"]["reference"])
    months = {month: row for month, row in tables["Claims by month"].items() if re.fullmatch(r"\d{4}-\d\d", month)}
    assert set(months) >= {month for (kind, month), count in by_month.items() if kind == "CARRIER" and count > 10}
    head = tables["Claims by month"]["Month"]
    for kind in counts:
        keys = [(kind, month) for month in months]
        shown = [row[head.index(NAMES[kind])] for row in months.values()]
        check_family(shown, [by_month[key] for key in keys], [len(people[key]) for key in keys])
        assert (f"{NAMES[kind]}: claims by month" in str(exported_page.elements)) == any(t.isdigit() for t in shown)


def test_the_amounts_are_those_of_a_plain_walk(exported: bcda.ExportResult, exported_page: Page) -> None:
    sums: Counter[str] = Counter()
    differ: Counter[str] = Counter()
    for record in exported.records(EOB):
        sums[kind_of(record)] += paid(record)  # type: ignore[assignment]
        lines = sum(adjudicated(record, "line_nch_pmt_amt", "rev_cntr_pmt_amt_amt"), Decimal(0))
        differ[kind_of(record)] += lines != paid(record)
    table = exported_page.tables["Amounts in US dollars"]
    for kind, amount in sums.items():
        assert table[NAMES[kind]][2] == f"${amount:,.0f}"
    assert table["All"][2] == f"${sum(sums.values()):,.0f}"
    assert table[NAMES["PDE"]][1] == NONE
    rows = rows_of_sums(exported_page)
    assert rows["Carrier (professional)", "Paid"][2] == f"{differ['CARRIER']:,}" == "0"
    assert rows["Inpatient", "Paid"][2] == f"{differ['INPATIENT']:,}"


def rows_of_sums(page: Page) -> dict[tuple[str, str], list[str]]:
    """The rows of the last table by type and measure, because several rows have the same header."""
    text = page.text
    caption = "Claims whose lines add up to the claim's amount, to the cent"
    part = text[text.index(caption) : text.index("Institutional claims (inpatient")]
    found = re.findall(r"(\S[^\d]*?) (Charged|Allowed|Paid) (\S+) (\S+) (\S+)", part.split("differ from the claim ")[1])
    return {(kind.strip(), measure): list(counts) for kind, measure, *counts in found}


def test_the_shares_are_those_of_the_tables(exported: bcda.ExportResult, exported_page: Page) -> None:
    checked = 0
    for name, columns in KEY_COLUMNS.items():
        frame = exported.table(name).to_arrow()
        caption = next((caption for caption in exported_page.tables if caption.startswith(f"{name}, ")), None)
        if caption is None:
            assert frame.num_rows == 0
            continue
        step = share_step(frame.num_rows)
        assert step
        for column in columns:
            filled = sum(value not in (None, []) for value in frame[column].to_pylist())
            (text,) = exported_page.tables[caption][column]
            if text.startswith("not in"):
                assert filled == 0
            else:
                assert abs(float(text.strip("<>%")) - 100 * filled / frame.num_rows) <= step
                assert (text == "0%", text == "100%") == (filled == 0, filled == frame.num_rows)
                checked += 1
    assert checked > 40


def test_the_head_tells_the_service_and_the_time(exported_page: Page) -> None:
    assert "Generation of the data stu3" in exported_page.text
    assert re.search(r"Data as of \d{4}-\d\d-\d\d \d\d:\d\d UTC", exported_page.text)
    assert "not in stu3" in exported_page.text


# ---- claims that count once ----


def test_a_claim_counts_once_and_only_if_it_is_final(tmp_path: Path) -> None:
    repeated = [{**record, "meta": {"lastUpdated": f"2021-01-0{n}T00:00:00Z"}} for n in (1, 2) for record in many(30)]
    for record in repeated[30:]:  # the later version counts
        record["payment"] = {"amount": {"value": 1}}
    canceled = many(15, 101, status="cancelled")
    page = page_of(export_of(tmp_path / "e", *repeated, *canceled, *many(25, 201)), tmp_path)
    assert page.tables["Claims by type"] == {
        "Type": ["Claims"],
        "Carrier (professional)": ["55"],
        "Rows that are not counted (see Duplicates)": ["45"],
        "All rows of the table claim": ["100"],
    }
    assert page.tables["Rows of the table claim that are not counted"] == {
        "Reason": ["Rows"],
        "Repeats the claim_key of another row": ["30"],
        "Canceled or deleted": ["15"],
        "Not the final action: a later version replaces it (v3)": ["0"],
        "Does not say whether it is the final action (v3)": ["0"],
    }
    assert page.tables["Amounts in US dollars"]["All"] == [NONE, NONE, f"${30 + 25 * Decimal('100.25'):,.0f}"]
    assert rows_of_sums(page)["Carrier (professional)", "Paid"] == ["0", "25", "30"]


def test_claims_with_the_same_control_number_are_counted(tmp_path: Path) -> None:
    def numbered(control: str) -> dict[str, Any]:
        return {"extension": [{"url": f"{VARIABLES}carr_clm_cntl_num", "valueIdentifier": {"value": control}}]}

    shared = [claim(n, n % 20, **numbered(f"k{n % 15}")) for n in range(30)]
    page = page_of(export_of(tmp_path / "e", *shared, *many(40, 101)), tmp_path)
    assert page.tables["Counted claims with a shared control number"]["The claim_control_number of another claim"] == [
        "30"
    ]
    few = [claim(n, n % 20, **numbered(f"k{n // 2}")) for n in range(6)]
    page = page_of(export_of(tmp_path / "f", *few, *many(40, 101)), tmp_path)
    assert page.tables["Counted claims with a shared control number"]["The claim_control_number of another claim"] == [
        SMALL
    ]


def test_the_final_action_of_v3_decides(tmp_path: Path) -> None:
    claims = [json.loads(line) for line in (SAMPLES / "v3" / f"{EOB}.ndjson").read_text().splitlines()]
    carrier = next(record for record in claims if "CARRIER" in json.dumps(record["type"]))
    made = []
    for number in range(60):
        copy = json.loads(json.dumps(carrier).replace("NotFinalAction", "FinalAction"))
        copy["id"], copy["patient"] = str(number), {"reference": f"Patient/{number % 30}"}
        made.append(json.loads(json.dumps(copy).replace('"FinalAction"', '"NotFinalAction"')) if number < 20 else copy)
    page = page_of(export_of(tmp_path / "e", *made), tmp_path)
    assert page.tables["Claims by type"]["Carrier (professional)"] == ["40"]
    assert page.tables["Rows of the table claim that are not counted"][
        "Not the final action: a later version replaces it (v3)"
    ] == ["20"]


@pytest.mark.parametrize("generation", ["stu3", "v2", "v3"])
def test_what_counts_as_final_is_what_final_only_keeps(generation: Any, tmp_path: Path) -> None:
    lines = (SAMPLES / generation / f"{EOB}.ndjson").read_text().splitlines()
    carrier = next(record for record in map(json.loads, lines) if "CARRIER" in json.dumps(record["type"]))
    made = []
    for number in range(60):
        record = json.loads(json.dumps(carrier).replace("NotFinalAction", "FinalAction"))
        record["id"], record["patient"] = str(number), {"reference": f"Patient/{number % 30}"}
        record["status"] = "active"
        if number < 15:
            record["meta"]["tag"] = []  # in v3 nothing says that it is final
        elif number < 30:
            record["status"] = "cancelled"
        made.append(record)
    exported = export_of(tmp_path / "e", *made)
    final = exported.table("claim", final_only=True, generation=generation).to_arrow().num_rows
    assert final == {"stu3": 45, "v2": 45, "v3": 30}[generation]
    bcda.report(tmp_path / "e", tmp_path / "r.html", generation=generation)
    page = Page((tmp_path / "r.html").read_text())
    assert page.tables["Claims by type"]["Carrier (professional)"] == [f"{final}"]
    reasons = page.tables["Rows of the table claim that are not counted"]
    assert reasons["Does not say whether it is the final action (v3)"] == ["15" if generation == "v3" else "0"]
    assert reasons["Canceled or deleted"] == ["15"]


# ---- what is missing ----


def test_values_that_did_not_fit_are_counted_by_table(tmp_path: Path) -> None:
    wrong = many(12, 101, billablePeriod={"start": "2021"})
    page = page_of(export_of(tmp_path / "e", *many(20), *wrong), tmp_path)
    assert page.tables["Values that did not fit their column"] == {"Table": ["Values"], "claim": ["12"]}
    page = page_of(
        export_of(tmp_path / "f", *many(20), *itertools.islice(many(9, 101, billablePeriod={"start": "2021"}), 9)),
        tmp_path,
    )
    assert page.tables["Values that did not fit their column"] == {"Table": ["Values"], "claim": [SMALL]}


def test_issues_are_counted_and_their_texts_are_not_shown(tmp_path: Path) -> None:
    with bcda.Sandbox(400, error_rate=0.1, era="oct2019", **QUICK) as sandbox:
        result = sandbox.client(**PROMPT).export(out=tmp_path / "claims", progress=False)
    page = page_of(result, tmp_path)
    assert result.partial
    assert "Resources are missing" in page.text
    counts: Counter[tuple[str, str]] = Counter()
    for issue in result.issues:
        counts[issue.severity, issue.code.lower()] += issue.count
        assert issue.text not in page.text
    table = page.tables["Issues that the service reports"]
    assert {(severity, *row) for severity, row in table.items()} == {
        ("Severity", "Code", "Issues"),
        *((severity, code, f"{count:,}") for (severity, code), count in counts.items()),
    }


def test_an_issue_with_words_of_its_own_is_another_issue(tmp_path: Path) -> None:
    result = export_of(tmp_path / "e", *many(20))
    outcome = {"resourceType": "OperationOutcome", "issue": [{"severity": "Smith", "code": "Jane Smith"}]}
    (tmp_path / "e" / "error").mkdir()
    content = ndjson([outcome] * 3)
    (tmp_path / "e" / "error" / "o.ndjson").write_bytes(content)
    receipt = json.loads((tmp_path / "e" / "export.json").read_text())
    facts = {"bytes": len(content), "records": 3, "sha256": hashlib.sha256(content).hexdigest(), "decrypted": True}
    receipt["errors"] = [{"type": "OperationOutcome", "path": "error/o.ndjson", **facts, "url": ""}]
    (tmp_path / "e" / "export.json").write_text(json.dumps(receipt))
    page = page_of(bcda.ExportResult.open(result.directory or ""), tmp_path)
    assert page.tables["Issues that the service reports"]["other"] == ["other", SMALL]
    assert "Smith" not in page.text


# ---- suppression ----


@pytest.mark.parametrize("seed", range(40))
def test_no_small_cell_can_be_computed_from_the_total(seed: int) -> None:
    """Tries every way to fill the cells that are not shown, as a reader who knows the rules could."""
    numbers = random.Random(seed)
    counts = [numbers.choice([0, 1, 2, 5, 10, 11, 12, 15, 25, 40]) for _ in range(numbers.randint(2, 5))]
    shown = protect([Cell(count) for count in counts])
    rest = sum(count for count, seen in zip(counts, shown) if seen is not Shown.EXACT)
    small = [number for number, seen in enumerate(shown) if seen is Shown.SMALL]
    hidden = [number for number, seen in enumerate(shown) if seen is Shown.HIDDEN]
    if all(count == 0 or count > 10 for count in counts):
        assert set(shown) == {Shown.EXACT}
        return
    if not small:  # all are hidden
        assert all(seen is Shown.HIDDEN for count, seen in zip(counts, shown) if count)
        return
    for number in small:
        others = len(small) - 1
        possible = {
            value
            for value in range(1, 11)
            for spread in range(others, 10 * others + 1)
            if rest - value - spread >= 11 * len(hidden)
        }
        assert possible == set(range(1, 11)), (counts, shown, number)


def test_many_claims_of_few_beneficiaries_are_small() -> None:
    assert protect([Cell(500, 3), Cell(90, 40)]) == [Shown.SMALL, Shown.HIDDEN]
    assert protect([Cell(500, 11), Cell(0, 0)]) == [Shown.EXACT, Shown.EXACT]
    assert protect([Cell(10), Cell(10)]) == [Shown.HIDDEN, Shown.HIDDEN]
    assert protect([Cell(1), Cell(12), Cell(21), Cell(30)]) == [Shown.SMALL, Shown.EXACT, Shown.HIDDEN, Shown.EXACT]
    assert protect([Cell(1), Cell(14), Cell(17)]) == [Shown.SMALL, Shown.HIDDEN, Shown.HIDDEN]


def test_a_share_is_rounded_to_steps_of_at_least_11_rows() -> None:
    assert [share_step(rows) for rows in (109, 110, 220, 1100)] == [None, 10, 5, 1]
    assert [share(part, 1000) for part in (0, 1, 49, 50, 74, 75, 500, 950, 951, 999, 1000)] == [
        "0%", "<5%", "<5%", "5%", "5%", "10%", "50%", "95%", ">95%", ">95%", "100%",
    ]  # fmt: skip
    assert share(3, 10) is None
    for rows in (110, 115, 230, 700, 1200, 2500):
        counts = Counter(share(part, rows) for part in range(1, rows))
        assert min(counts.values()) > 5
        assert all(count >= 10 for text, count in counts.items() if text and text[0] in "<>")  # 1 to 10 are in there


@pytest.mark.parametrize("seed", range(6))
def test_no_number_of_the_page_is_small(seed: int, tmp_path: Path) -> None:
    numbers = random.Random(seed)
    kinds = ["CARRIER", "INPATIENT", "PDE", "SNF", "DME", "HHA", "odd"]
    weights = [numbers.choice([1, 3, 10, 40]) for _ in kinds]
    claims = []
    for number in range(400):
        kind = numbers.choices(kinds, weights)[0]
        day = f"2021-{numbers.choice([1, 1, 1, 2, 2, 3, 4, 5]):02}-11"
        status = numbers.choices(["active", "cancelled"], [60, numbers.choice([0, 1, 3])])[0]
        claims.append(claim(number, numbers.randrange(60), kind, day, status=status))
    claims += claims[: numbers.choice([0, 3, 20])]
    page = page_of(export_of(tmp_path / "e", *claims, Patient=ndjson(map(patient, range(60)))), tmp_path)
    assert page.tables["Claims by type"]["All rows of the table claim"] == [f"{len(claims):,}"]
    for caption, rows in page.tables.items():
        if caption.startswith("Data files"):
            continue
        for cells in rows.values():
            assert not [cell for cell in cells if cell.isdigit() and 0 < int(cell) < 11], caption
    assert "odd" not in page.text
    # A total less what is shown is no small cell.
    types = page.tables["Claims by type"]
    rest = 2 * len(claims) - sum(int(cell) for (cell,) in types.values() if cell.isdigit())
    assert rest == 0 or rest >= 11
    types, months = page.tables["Claims by type"], dict(page.tables["Claims by month"])
    for number, name in enumerate(months.pop("Month")):
        column = [row[number] for row in months.values()]
        rest = int(types[name][0]) - sum(int(cell) for cell in column if cell.isdigit())
        assert rest == 0 or rest >= 11, name
    for (name, _), cells in rows_of_sums(page).items():
        if types[name][0].isdigit():
            rest = int(types[name][0]) - sum(int(cell) for cell in cells if cell.isdigit())
            assert rest == 0 or rest >= 11, name
    drugs, counted = page.tables["Rows of the tables"]["pharmacy_claim"][0], types.get("Drug event (PDE)", ["0"])[0]
    assert not (drugs.isdigit() and counted.isdigit() and 0 < int(drugs) - int(counted) < 11)
    assert not (drugs.isdigit() and counted in (HIDDEN, SMALL))


def test_a_sum_over_few_claims_is_hidden(tmp_path: Path) -> None:
    def allowed(amount: int) -> dict[str, Any]:
        return {"extension": [{"url": f"{VARIABLES}nch_carr_clm_alowd_amt", "valueMoney": {"value": amount}}]}

    claims = [*many(50), *many(5, 101, **allowed(3)), *many(60, 201, kind="INPATIENT")]
    table = page_of(export_of(tmp_path / "e", *claims), tmp_path).tables["Amounts in US dollars"]
    assert table["Carrier (professional)"] == [NONE, HIDDEN, "$5,514"]
    assert table["All"] == [NONE, HIDDEN, "$11,529"]
    claims += many(70, 301, kind="INPATIENT", **allowed(2))
    table = page_of(export_of(tmp_path / "f", *claims), tmp_path).tables["Amounts in US dollars"]
    assert [table[name][1] for name in ("Carrier (professional)", "Inpatient", "All")] == [HIDDEN, HIDDEN, "$155"]


def test_of_claims_of_few_beneficiaries_nothing_is_shown(tmp_path: Path) -> None:
    page = page_of(export_of(tmp_path / "e", *many(300, people=10)), tmp_path)
    assert "claims of fewer than 11 beneficiaries. So nothing is shown" in page.text
    assert page.tables["Rows of the tables"]["claim"] == [SMALL]
    assert page.tables["Data files by resource type"][EOB][1:3] == [SMALL, HIDDEN]
    assert "300" not in page.text
    assert "600" not in page.text


def identifying(value: Any, name: str = "") -> Iterator[str]:
    """Texts of a resource that say who somebody is: ids, references, names, addresses, dates."""
    if isinstance(value, dict):
        for member, inner in value.items():
            yield from identifying(inner, member)
    elif isinstance(value, list):
        for inner in value:
            yield from identifying(inner, name)
    elif name in ("id", "reference", "family", "given", "line", "city", "postalCode") or (
        name == "value" and re.search(r"\d", str(value))
    ):
        yield str(value)
        if name == "reference":
            yield str(value).split("/")[-1]
    elif re.match(r"\d{4}-\d\d-\d\d", str(value)):
        yield str(value)[:10]


def check_nothing_identifies(page: Page, source: str, records: Iterable[dict[str, Any]]) -> None:
    texts = {text for record in records for text in identifying(record)}
    lower = source.lower()
    found = {
        text
        for text in texts
        if len(text) > 3
        and text.lower() in lower
        and re.search(rf"(?<![\w.,-]){re.escape(text)}(?![\w,-])", source, re.IGNORECASE)
    }
    assert not found
    assert len(texts) > 50


@pytest.mark.parametrize("generation", ["stu3", "v2", "v3"])
def test_nothing_of_the_samples_is_on_the_page(generation: str, tmp_path: Path) -> None:
    paths = sorted((SAMPLES / generation).glob("*.ndjson"))
    records = [json.loads(line) for path in paths for line in path.read_text().splitlines()]
    page = page_of(paths, tmp_path)
    source = (tmp_path / "page.html").read_text()
    check_nothing_identifies(page, source, records)
    assert "3 files without a receipt" in page.text
    assert not [cell for rows in page.tables.values() for row in rows.values() for cell in row if cell in "123456789"]
    # The same resources for many people, so that the page has counts.
    copies = {kind: [r for r in records if r["resourceType"] == kind] for kind in ("Patient", EOB)}
    made = {
        kind: [
            {
                **record,
                "id": f"id-{person:05}-{number}",
                **({"patient": {"reference": f"Patient/id-{person:05}-0"}} if kind == EOB else {}),
            }
            for person in range(30)
            for number, record in enumerate(some)
        ]
        for kind, some in copies.items()
    }
    page = page_of(write_export(tmp_path / "e", {kind: ndjson(some) for kind, some in made.items()}), tmp_path)
    source = (tmp_path / "page.html").read_text()
    check_nothing_identifies(page, source, [*records, *made["Patient"], *made[EOB]])
    assert "Inpatient" in page.tables["Claims by type"]


def test_nothing_of_an_export_is_on_the_page(exported: bcda.ExportResult, tmp_path: Path) -> None:
    page = page_of(exported, tmp_path)
    records = [record for record in exported.records() if record["resourceType"] != "Coverage"]
    check_nothing_identifies(page, (tmp_path / "page.html").read_text(), records)
    for file in exported.files:
        assert Path(file.path).name not in page.text
        assert file.sha256 not in page.text
    assert str(exported.directory) not in page.text


def test_records_of_types_without_a_table_are_counted(tmp_path: Path) -> None:
    def practitioners(count: int) -> bytes:
        return ndjson({"resourceType": "Practitioner", "id": str(number)} for number in range(count))

    page = page_of(write_export(tmp_path / "e", {"Practitioner": practitioners(40)}), tmp_path)
    assert page.tables["Data files by resource type"]["Practitioner"][1] == "40"
    page = page_of(write_export(tmp_path / "f", {"Practitioner": practitioners(4)}), tmp_path)
    assert page.tables["Data files by resource type"]["Practitioner"][1:3] == [SMALL, HIDDEN]
    few = export_of(tmp_path / "g", *many(9), Practitioner=practitioners(40))
    assert page_of(few, tmp_path).tables["Data files by resource type"]["Practitioner"][1] == SMALL


# ---- sources ----


def test_an_empty_export(tmp_path: Path) -> None:
    for page in (page_of(write_export(tmp_path / "e", {}), tmp_path), page_of(export_of(tmp_path / "f"), tmp_path)):
        assert page.text.count("There are no claims.") == 4
        assert "No table has enough rows to be shown." in page.text
    (tmp_path / "none.ndjson").touch()
    assert "There are no claims." in page_of(tmp_path / "none.ndjson", tmp_path).text


def test_claims_without_dates_amounts_and_types(tmp_path: Path) -> None:
    bare: dict[str, Any] = {"billablePeriod": {}, "payment": {}, "item": [], "type": {}}
    page = page_of(export_of(tmp_path / "e", *many(30, **bare)), tmp_path)
    assert page.tables["Claims by type"]["Type not told"] == ["30"]
    assert page.tables["Amounts in US dollars"]["All"] == [NONE] * 3
    assert "No month has enough claims to be shown." in page.text
    assert "No claim has an amount that its lines have too." in page.text


def test_a_date_far_away_does_not_stretch_the_months(tmp_path: Path) -> None:
    odd = [*many(15, 201, day="1900-01-01"), *many(3, 301, day="9999-12-31"), *many(40)]
    page = page_of(export_of(tmp_path / "e", *odd), tmp_path)
    months = page.tables["Claims by month"]
    assert len(months) <= 122
    assert months["2021-03"] == ["40"] or months["2021-03"] == [HIDDEN]


def test_a_series_has_its_current_state(tmp_path: Path) -> None:
    with bcda.Sandbox(100, profile="bcda-v2", changes=0.1, **QUICK) as sandbox, sandbox.client(**PROMPT) as client:
        first = client.sync(tmp_path / "series", progress=False)
        sandbox.control("clock", "26h")
        second = client.sync(tmp_path / "series", progress=False)
    page = page_of(tmp_path / "series", tmp_path)
    current = {record["id"] for result in (first, second) for record in result.records(EOB)}
    records = sum(file.records for result in (first, second) for file in result.files if file.type == EOB)
    assert page.tables["Rows of the tables"]["claim"] == [f"{len(current):,}"]
    assert page.tables["Data files by resource type"][EOB][:2] == ["2", f"{records:,}"]
    assert len(page.tables["Exports, in order of their time"]) == 3
    assert "2 exports; tables of the current state" in page.text
    both = page_of([first.directory, second.directory], tmp_path)
    assert both.tables["Rows of the table claim that are not counted"]["Repeats the claim_key of another row"] == [
        f"{records - len(current):,}"
    ]


def test_what_a_series_replaced_is_not_told_if_it_is_small(tmp_path: Path) -> None:
    series = tmp_path / "series"
    series.mkdir()
    export_of(series / "2021-01-01T00-00-00Z", *many(100))
    export_of(series / "2021-01-02T00-00-00Z", *many(3), *many(50, 501))
    page = page_of(series, tmp_path)
    assert page.tables["Rows of the tables"]["claim"] == ["150"]
    assert page.tables["Data files by resource type"][EOB][1:3] == [HIDDEN, HIDDEN]


# ---- wrong input ----


def test_wrong_input_is_refused_and_leaves_no_file(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    with pytest.raises(bcda.FilesystemError, match="no finished export"):
        bcda.report(tmp_path, page)
    with pytest.raises(bcda.FilesystemError, match="does not exist"):
        bcda.report(tmp_path / "none", page)
    with pytest.raises(bcda.InvalidArgumentError, match="or files"):
        bcda.report([], page)
    with pytest.raises(bcda.InvalidArgumentError, match="generation"):
        bcda.report(SAMPLES / "v2" / "Patient.ndjson", page, generation="v4")
    (tmp_path / "bad.ndjson").write_text(json.dumps(claim(1, 1)) + '\n{"id": "Smith"\n')
    with pytest.raises(bcda.RecordError, match="line 2") as caught:
        bcda.report(tmp_path / "bad.ndjson", page)
    assert "Smith" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["bad.ndjson"]


def test_a_file_that_has_changed_is_refused(tmp_path: Path) -> None:
    export_of(tmp_path / "e", *many(20))
    with (tmp_path / "e" / f"{EOB}.ndjson").open("ab") as file:
        file.write(b"{}\n")
    with pytest.raises(bcda.VerificationError, match="changed"):
        bcda.report(tmp_path / "e", tmp_path / "page.html")


def test_the_page_is_private_and_never_replaces_a_file(tmp_path: Path) -> None:
    result = export_of(tmp_path / "e", *many(20))
    page = tmp_path / "page.html"
    umask = os.umask(0)
    try:
        result.report(page)
    finally:
        os.umask(umask)
    assert page.stat().st_mode & 0o777 == 0o600
    before = page.read_text()
    with pytest.raises(FileExistsError):
        result.report(page)
    assert page.read_text() == before
    assert not list(tmp_path.glob(".page*"))


def test_files_that_went_to_a_sink_are_refused(memory: str, client: bcda.Client, tmp_path: Path) -> None:
    result = client.export(["Patient"], out=memory, progress=False)
    with pytest.raises(bcda.StateError, match="local directory"):
        result.report(tmp_path / "page.html")


@pytest.mark.parametrize("package", ["duckdb", "pyarrow"])
def test_without_a_package_the_message_says_how_to_install_it(
    package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = export_of(tmp_path / "e", *many(20))
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ModuleNotFoundError, match=rf"a report needs the package {package}: pip install 'bcda\["):
        result.report(tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()


# ---- HTML ----


def test_the_same_export_gives_the_same_text(exported: bcda.ExportResult, tmp_path: Path) -> None:
    for name in ("a.html", "b.html"):
        exported.report(tmp_path / name)
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_the_page_is_valid_and_needs_nothing_else(exported: bcda.ExportResult, tmp_path: Path) -> None:
    page = page_of(exported, tmp_path)
    source = (tmp_path / "page.html").read_text()
    html5lib = pytest.importorskip("html5lib")
    html5lib.HTMLParser(strict=True).parse(source)  # raises at the first error
    names = {name for name, _ in page.elements}
    assert not names & {"script", "link", "img", "iframe", "object", "form"}
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in page.elements:
        assert not {name for name in attributes if name.startswith("on") or name in ("src", "xlink:href")}
        target = attributes.get("href")
        assert target is None or target.removeprefix("#") in ids
    assert "://" not in source
    assert "url(" not in source.replace("url(#unseen-", "")
    assert "default-src 'none'" in source


def test_the_page_is_accessible(exported_page: Page) -> None:
    elements = exported_page.elements
    assert ("html", {"lang": "en"}) in elements
    levels = [int(name[1]) for name, _ in elements if re.fullmatch("h[1-6]", name)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(levels, levels[1:]))
    count = Counter(name for name, _ in elements)
    assert count["caption"] == count["table"] > 10
    assert {attributes.get("scope") for name, attributes in elements if name == "th"} == {"row", "col"}
    assert all(attributes.get("aria-label") for name, attributes in elements if name == "svg")
    scrolled = [attributes for _, attributes in elements if attributes.get("class") == "scroll"]
    assert all(attributes["tabindex"] == "0" and attributes["aria-label"] for attributes in scrolled)
    assert count["header"] == count["main"] == count["nav"] == count["footer"] == 1


def luminance(color: str) -> float:
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_colors_have_contrast_in_light_dark_and_print() -> None:
    from bcda._report_page import _STYLE

    themes = [dict(re.findall(r"--(\w+): (#\w{6});", block)) for block in re.findall(r":root \{([^}]*)\}", _STYLE)]
    assert len(themes) == 3
    for theme in themes:
        for front, least in (("text", 7), ("soft", 4.5), ("link", 4.5), ("bar", 3)):
            for back in ("back", "shade"):
                one, other = sorted((luminance(theme[front]), luminance(theme[back])))
                assert (other + 0.05) / (one + 0.05) >= least, (front, back, theme)


# ---- the command ----


def command(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bcda", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=cwd,
    )


def test_the_command_writes_the_page(exported: bcda.ExportResult, tmp_path: Path) -> None:
    done = command("report", exported.directory, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "The report is report.html\n")
    exported.report(tmp_path / "other.html")
    made = (tmp_path / "report.html").read_text()
    assert made == (tmp_path / "other.html").read_text()
    assert (tmp_path / "report.html").stat().st_mode & 0o777 == 0o600
    done = command("report", exported.directory, "--out", "-", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, made, "")
    done = command("report", exported.directory, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, "bcda: report.html exists already; remove it or choose another name\n")
    done = command(
        "report", *sorted((SAMPLES / "v2").glob("*.ndjson")), "--generation", "v2", "--out", "v2.html", cwd=tmp_path
    )
    assert (done.returncode, done.stderr) == (0, "The report is v2.html\n")


def test_the_command_says_what_is_wrong(tmp_path: Path) -> None:
    done = command("report", tmp_path, cwd=tmp_path)
    assert done.returncode == 1
    assert re.fullmatch(r"bcda: .* is no finished export: .*\n", done.stderr)
    done = command("report", cwd=tmp_path)
    assert done.returncode == 2
    assert "required: path" in done.stderr
    done = command("report", SAMPLES / "v2" / "Patient.ndjson", "--out", "no/such/page.html", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (
        1,
        "bcda: no/such/page.html cannot be written: No such file or directory\n",
    )
    assert not list(tmp_path.iterdir())


def test_the_help_has_the_command(tmp_path: Path) -> None:
    for arguments in (("--help",), ("-h",)):
        done = command(*arguments, cwd=tmp_path)
        assert done.returncode == 0
        assert done.stdout.index("Subcommands:") < done.stdout.index("The Python package adds:\n  report ")
    assert "report" in command(cwd=tmp_path).stderr
    done = command("report", "--help", cwd=tmp_path)
    assert done.returncode == 0
    assert "usage: bcda report" in done.stdout
    assert "The Python package adds" not in command("tables", "--help", cwd=tmp_path).stdout
