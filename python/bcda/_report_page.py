"""The HTML page of a report. Every count on it goes through ``_suppression``."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from html import escape

from ._native import version
from ._report import KEY_COLUMNS, MEASURES, Facts
from ._suppression import SMALLEST, Cell, Shown, protect, share, share_step
from ._table import table_columns
from ._tables import profiles

TYPE_NAMES = {
    "INPATIENT": "Inpatient",
    "OUTPATIENT": "Outpatient",
    "SNF": "Skilled nursing (SNF)",
    "HHA": "Home health (HHA)",
    "HOSPICE": "Hospice",
    "CARRIER": "Carrier (professional)",
    "DME": "Equipment (DME)",
    "PDE": "Drug event (PDE)",
    "OTHER": "Another type",
    "NONE": "Type not told",
}
REASONS = {
    "repeated": "Repeats the claim_key of another row",
    "canceled": "Canceled or deleted",
    "replaced": "Not the final action: a later version replaces it (v3)",
    "untagged": "Does not say whether it is the final action (v3)",
}
OUTCOMES = {
    "nothing": "No amounts to compare",
    "meet": "Lines add up to the claim",
    "differ": "Lines differ from the claim",
}
MEASURE_NAMES = {"charged": "Charged", "allowed": "Allowed", "paid": "Paid"}
PROOFS = {
    "gcm": "AES-GCM tag",
    "sha256": "SHA-256",
    "gzip": "gzip checksum",
    "length": "length",
    "none": "nothing",
}
SEVERITIES = ("fatal", "error", "warning", "information", "success")
# The codes of FHIR's value set issue-type, and the library's own two.
CODES = frozenset((
    "invalid", "structure", "required", "value", "invariant", "security", "login", "unknown", "expired", "forbidden",
    "suppressed", "processing", "not-supported", "duplicate", "multiple-matches", "not-found", "deleted", "too-long",
    "code-invalid", "extension", "too-costly", "business-rule", "conflict", "transient", "lock-error", "no-store",
    "exception", "timeout", "incomplete", "throttled", "informational", "success", "unreadable", "left-off",
))  # fmt: skip

HIDDEN = "hidden"
SMALL = f"<{SMALLEST}"
NONE = "\N{EN DASH}"

Row = Sequence[str]


def page(facts: Facts) -> str:
    """The whole page. The same facts give the same text."""
    sections = [
        ("files", "Files and records", _files(facts)),
        ("missing", "What is missing", _missing(facts)),
        ("claims", "Claims by type and month", _claims(facts)),
        ("amounts", "Amounts", _amounts(facts)),
        ("columns", "Columns that are filled", _columns(facts)),
        ("duplicates", "Duplicates", _duplicates(facts)),
        ("sums", "Sums of lines", _sums(facts)),
        ("small", "How small counts are protected", _small()),
    ]
    links = "\n".join(f'<li><a href="#{name}">{escape(title)}</a></li>' for name, title, _ in sections)
    body = "\n".join(
        f'<section aria-labelledby="{name}">\n<h2 id="{name}">{escape(title)}</h2>\n{content}\n</section>'
        for name, title, content in sections
    )
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>Report on exported claims</title>
<style>
{_STYLE}</style>
</head>
<body>
<header>
<h1>Report on exported claims</h1>
{_head(facts)}
</header>
<nav aria-label="Sections">
<ul>
{links}
</ul>
</nav>
<main>
{body}
</main>
<footer><p>Made by libbcda {escape(version)}. This page needs no network and runs no scripts.</p></footer>
</body>
</html>
"""


# ---- pieces of HTML ----


def _paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def _table(caption: str, head: Row, rows: Iterable[Row], foot: Row | None = None, texts: Collection[int] = ()) -> str:
    """A table. The first column has the headers of the rows. The others are numbers, apart from `texts`."""
    right = [' class="number"' if number and number not in texts else "" for number in range(len(head))]

    def cells(row: Row) -> str:
        first, *rest = row
        values = "".join(f"<td{kind}>{_text(text)}</td>" for kind, text in zip(right[1:], rest))
        short = ' class="short"' if len(first) < 14 else ""
        return f'<tr><th scope="row"{short}>{escape(first)}</th>{values}</tr>'

    titles = "".join(f'<th scope="col"{kind}>{escape(title)}</th>' for kind, title in zip(right, head))
    lines = [f'<div class="scroll" role="region" tabindex="0" aria-label="{escape(caption)}">', "<table>"]
    lines += [f"<caption>{escape(caption)}</caption>", f"<thead><tr>{titles}</tr></thead>", "<tbody>"]
    lines += [cells(row) for row in rows]
    lines += ["</tbody>", *([f"<tfoot>{cells(foot)}</tfoot>"] if foot else []), "</table>", "</div>"]
    return "\n".join(lines)


def _text(text: str) -> str:
    return f'<span class="kept">{escape(text)}</span>' if text in (HIDDEN, SMALL) else escape(text)


def _number(cell: Cell, shown: Shown | None = None) -> str:
    """A count as the page shows it. Without `shown`, the cell is in no total that the page shows."""
    shown = shown or (Shown.SMALL if cell.is_small else Shown.EXACT)
    return {Shown.EXACT: f"{cell.count:,}", Shown.SMALL: SMALL, Shown.HIDDEN: HIDDEN}[shown]


def _alone(cell: Cell) -> Shown:
    """What may be seen of a part of a number that is not shown."""
    if not cell.count:
        return Shown.EXACT
    return Shown.SMALL if cell.is_small else Shown.HIDDEN


def _dollars(amount: Decimal) -> str:
    text = f"{abs(amount):,.0f}"
    return f"-${text}" if amount < 0 and text != "0" else f"${text}"


def _plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


# ---- the head ----


def _head(facts: Facts) -> str:
    titles = {profile["name"]: profile["title"] for profile in profiles()}
    told: list[tuple[str, str]] = []
    times = sorted({run.transaction_time for run in facts.runs if run.transaction_time})
    if times:
        told.append(("Data as of", times[0] if len(times) == 1 else f"{times[-1]}; first export {times[0]}"))
    services = sorted({titles[run.profile] for run in facts.runs if run.profile})
    if services:
        told.append(("Service", "; ".join(services)))
    if facts.generation:
        told.append(("Generation of the data", facts.generation))
    sources = [_plural(len(facts.runs), "export")] if facts.runs else []
    sources += [_plural(facts.single_files, "file") + " without a receipt"] if facts.single_files else []
    state = "; tables of the current state" if facts.is_series else ""
    told.append(("Made of", " and ".join(sources) + state))
    items = "\n".join(f"<div><dt>{escape(name)}</dt><dd>{escape(text)}</dd></div>" for name, text in told)
    return f"""<dl>
{items}
</dl>
<p>This page shows counts and sums, and no data of single beneficiaries. <span class="kept">{escape(SMALL)}</span>
stands for a count of 1 to 10, or for a count of the data of fewer than 11 beneficiaries.
<span class="kept">{HIDDEN}</span> stands for a number from which a reader could compute such a count.
<a href="#small">How this works</a></p>"""


# ---- files ----


def _files(facts: Facts) -> str:
    parts = []
    if facts.runs:
        parts.append(_files_by_type(facts))
    if len(facts.runs) > 1:
        rows = [
            (
                run.transaction_time or "not told",
                f"changes since {run.since}" if run.since else "all data",
                "resources are missing" if run.partial else "complete",
                f"{len(run.files):,}",
            )
            for run in facts.runs
        ]
        parts.append(
            _table(
                "Exports, in order of their time", ("Data as of", "Content", "State", "Data files"), rows, texts=(1, 2)
            )
        )
    if facts.single_files:
        parts.append(
            _paragraph(
                f"{_plural(facts.single_files, 'file')} without a receipt: nothing tells whether they are whole. "
                "The tables below have their content."
            )
        )
    rows_of_tables = [(name, _number(cell, _table_shown(facts, name))) for name, cell in facts.rows.items()]
    parts.append(_table("Rows of the tables", ("Table", "Rows"), rows_of_tables))
    return "\n".join(parts)


def _files_by_type(facts: Facts) -> str:
    files = [file for run in facts.runs for file in run.files]
    if not files:
        return _paragraph("The export has no data files.")
    rows = []
    for name in sorted({_type_name(file.type) for file in files}):
        own = [file for file in files if _type_name(file.type) == name]
        records = Cell(sum(file.records for file in own), _people(facts, name))
        shown = protect_total(records, _current_rows(facts, name))
        size = sum(file.bytes for file in own)
        proofs = "; ".join(text for proof, text in PROOFS.items() if any(file.proof == proof for file in own))
        rows.append(
            (name, f"{len(own):,}", _number(records, shown), f"{size:,}" if shown is Shown.EXACT else HIDDEN, proofs)
        )
    return _table("Data files by resource type", ("Type", "Files", "Records", "Bytes", "Verified by"), rows, texts=(4,))


def protect_total(total: Cell, part: Cell | None) -> Shown:
    """What may be seen of a total if a part of it is shown elsewhere: the rest must not be small."""
    if total.is_small:
        return Shown.SMALL
    rest = 0 if part is None else abs(total.count - part.count)
    return Shown.HIDDEN if Cell(rest).is_small else Shown.EXACT


def _type_name(name: str) -> str:
    return name if re.fullmatch(r"[A-Z][A-Za-z]{1,40}", name) else "Another type"


_TABLES_OF = {"Patient": "beneficiary", "Coverage": "coverage", "ExplanationOfBenefit": "claim"}


def _current_rows(facts: Facts, resource: str) -> Cell | None:
    return facts.rows.get(_TABLES_OF.get(resource, ""))


def _people(facts: Facts, resource: str) -> int | None:
    """How many beneficiaries the records of a type are about. A type without a table has an upper limit."""
    if resource in _TABLES_OF:
        return facts.rows[_TABLES_OF[resource]].people
    return max((facts.rows[name].people or 0) for name in _TABLES_OF.values()) or None


def _table_shown(facts: Facts, name: str) -> Shown | None:
    """The rows of pharmacy_claim are the Part D events, counted or not. So they could tell what those do not show."""
    cell = facts.rows[name]
    if name != "pharmacy_claim" or cell.is_small:
        return None
    if "PDE" in facts.counted and _shown_types(facts)["PDE"] is not Shown.EXACT:
        return Shown.HIDDEN
    return protect_total(cell, facts.counted.get("PDE", Cell(0)))


# ---- what is missing ----


def _missing(facts: Facts) -> str:
    parts = []
    errors = sum(run.error_files for run in facts.runs)
    deleted = sum(run.deleted_files for run in facts.runs)
    if any(run.partial for run in facts.runs):
        parts.append(_paragraph("Resources are missing: the service could not export all that was asked for."))
    elif facts.runs:
        parts.append(_paragraph("The service reports no missing resources."))
    if facts.runs:
        names = f"{_plural(deleted, 'file')} with names of deleted resources"
        parts.append(_paragraph(f"The exports have {_plural(errors, 'error file')}, and {names}."))
    if facts.issues:
        counts: dict[tuple[str, str], int] = {}
        for (severity, code), count in facts.issues.items():
            known = code.lower()  # the service of 2019 says "Exception"
            key = (severity if severity in SEVERITIES else "other", known if known in CODES else "other")
            counts[key] = counts.get(key, 0) + count
        order = {name: number for number, name in enumerate((*SEVERITIES, "other"))}
        rows = [
            (severity, code, _number(Cell(counts[severity, code])))
            for severity, code in sorted(counts, key=lambda key: (order[key[0]], key[1]))
        ]
        parts.append(_table("Issues that the service reports", ("Severity", "Code", "Issues"), rows, texts=(1,)))
        parts.append(_paragraph("Their texts are not shown, because they may name beneficiaries."))
    nulled = {name: count for name, count in facts.nulled.items() if count}
    if nulled:
        counted = [(name, _number(Cell(count))) for name, count in nulled.items()]
        parts.append(_table("Values that did not fit their column", ("Table", "Values"), counted))
        parts.append(
            _paragraph("Such a value, for example a date with only a year, is null in the tables of this report.")
        )
    else:
        parts.append(_paragraph("All values fit their columns."))
    return "\n".join(parts)


# ---- claims ----


def _has_claims(facts: Facts) -> bool:
    return facts.rows["claim"].count > 0 and not facts.rows["claim"].is_small


def _no_claims(facts: Facts) -> str:
    if facts.rows["claim"].count == 0:
        return _paragraph("There are no claims.")
    return _paragraph("There are fewer than 11 claims, or claims of fewer than 11 beneficiaries. So nothing is shown.")


def _left_out(facts: Facts) -> Cell:
    """The rows that are not counted. For the number of beneficiaries a lower limit is enough."""
    cells = facts.left_out.values()
    return Cell(sum(cell.count for cell in cells), max((cell.people or 0 for cell in cells), default=None))


def _shown_types(facts: Facts) -> dict[str, Shown]:
    """What may be seen of the claims of each type; "": of the rows that are not counted. The total is shown."""
    cells = [*facts.counted.values(), _left_out(facts)]
    shown = protect(cells) if _has_claims(facts) else [Shown.SMALL] * len(cells)
    return dict(zip([*facts.counted, ""], shown))


def _claims(facts: Facts) -> str:
    if not _has_claims(facts):
        return _no_claims(facts)
    shown = _shown_types(facts)
    rows = [(TYPE_NAMES[kind], _number(cell, shown[kind])) for kind, cell in facts.counted.items()]
    rows.append(("Rows that are not counted (see Duplicates)", _number(_left_out(facts), shown[""])))
    parts = [
        _paragraph(
            "Each claim counts once, in its last version, and only if it is final: not canceled or deleted, and in v3 "
            "the final action. A Part D event is a claim too."
        ),
        _table(
            "Claims by type", ("Type", "Claims"), rows, ("All rows of the table claim", _number(facts.rows["claim"]))
        ),
        *_months(facts, [kind for kind in facts.counted if shown[kind] is Shown.EXACT]),
    ]
    return "\n".join(parts)


def _months(facts: Facts, kinds: Sequence[str]) -> list[str]:
    if not facts.months or not kinds:
        return [_paragraph("No month has enough claims to be shown.")]
    keys = [*facts.months, ""]
    texts: dict[str, list[str]] = {}
    charts, without = [], []
    for kind in kinds:
        cells = [facts.by_month[kind].get(month, Cell(0)) for month in keys]
        shown = protect(cells)
        texts[kind] = [_number(cell, seen) for cell, seen in zip(cells, shown)]
        if any(cell.count and seen is Shown.EXACT for cell, seen in zip(cells[:-1], shown)):
            charts.append(_chart(kind, facts.months, cells[:-1], shown))
        else:
            without.append(TYPE_NAMES[kind])
    parts = [
        "<h3>By month</h3>",
        _paragraph(
            "The month is that in which the services of the claim begin; for a Part D event, that in which the "
            "prescription was filled. Each chart has its own scale. A striped month is not shown."
        ),
        f'<div class="grid">\n{chr(10).join(charts)}\n</div>' if charts else "",
    ]
    if without:
        parts.append(_paragraph(f"Without a chart, because no month can be shown: {', '.join(without)}."))
    rows = [
        (month or "Another month, or no date", *(texts[kind][number] for kind in kinds))
        for number, month in enumerate(keys)
    ]
    head = ("Month", *(TYPE_NAMES[kind] for kind in kinds))
    return [part for part in [*parts, _table("Claims by month", head, rows)] if part]


def _chart(kind: str, months: Sequence[str], cells: Sequence[Cell], shown: Sequence[Shown]) -> str:
    """Bars of one type. Texts are outside of the SVG, so that they keep their size on a narrow screen."""
    most = max(cell.count for cell, seen in zip(cells, shown) if seen is Shown.EXACT)
    bars = []
    for number, (cell, seen) in enumerate(zip(cells, shown)):
        if seen is not Shown.EXACT:
            bars.append(f'<rect class="unseen" x="{number * 10}" y="0" width="10" height="100"/>')
        elif cell.count:
            height = max(1, round(100 * cell.count / most))
            bars.append(f'<rect class="bar" x="{number * 10 + 1}" y="{100 - height}" width="8" height="{height}"/>')
    name = f"{TYPE_NAMES[kind]}: claims by month from {months[0]} to {months[-1]}, at most {most:,}"
    return f"""<figure>
<figcaption>{escape(TYPE_NAMES[kind])}</figcaption>
<div class="plot">
<div class="scale" aria-hidden="true"><span>{most:,}</span><span>0</span></div>
<svg role="img" aria-label="{escape(name)}" viewBox="0 0 {len(months) * 10} 100" preserveAspectRatio="none">
<defs>
<pattern id="unseen-{kind}" width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
<rect class="stripe" width="1" height="4"/>
</pattern>
</defs>
{chr(10).join(bars).replace('class="unseen"', f'class="unseen" fill="url(#unseen-{kind})"')}
</svg>
</div>
<div class="axis" aria-hidden="true"><span>{months[0]}</span><span>{months[len(months) // 2]}</span>\
<span>{months[-1]}</span></div>
</figure>"""


# ---- amounts ----


def _amounts(facts: Facts) -> str:
    if not _has_claims(facts):
        return _no_claims(facts)
    columns = [_amounts_of(facts, measure) for measure in MEASURES]
    rows = [(TYPE_NAMES[kind], *(column[kind] for column in columns)) for kind in facts.counted]
    head = ("Type", *(MEASURE_NAMES[measure] for measure in MEASURES))
    table = _table("Amounts in US dollars", head, rows, ("All", *(column[""] for column in columns)))
    return "\n".join(
        [
            table,
            _paragraph(
                "Of the claims that are counted above, rounded to whole dollars. Charged: submitted_amount of carrier "
                "and DME claims, total_charge_amount of others, total_cost_amount of Part D events. Allowed: "
                "allowed_amount. Paid: payment_amount, which is what Medicare paid, and covered_paid_amount of Part D "
                f"events, which is what the plan paid. {NONE} means that no claim has the amount."
            ),
        ]
    )


def _amounts_of(facts: Facts, measure: str) -> Mapping[str, str]:
    """The amounts of one column as text, by type; "": of all. A sum over a small cell is hidden, like the cell."""
    found = [facts.amounts[measure][kind] for kind in facts.counted]
    claims = [amounts.claims for amounts in found]
    whole = Cell(sum(cell.count for cell in claims), max((cell.people or 0 for cell in claims), default=0))
    shown = [Shown.HIDDEN] * len(found) if whole.is_small else protect(claims)
    texts = {
        kind: (_dollars(amounts.total) if seen is Shown.EXACT else HIDDEN) if amounts.claims.count else NONE
        for kind, amounts, seen in zip(facts.counted, found, shown)
    }
    total = sum((amounts.total for amounts in found), Decimal(0))
    return {**texts, "": NONE if not whole.count else HIDDEN if whole.is_small else _dollars(total)}


# ---- columns ----


def _columns(facts: Facts) -> str:
    parts = [
        _paragraph(
            "The share of rows in which a column is not null, over all rows of the table. Many columns are for some "
            "types of claims only, so a share below 100% need not be an error."
        )
    ]
    tables = []
    for name, columns in KEY_COLUMNS.items():
        rows = facts.rows[name]
        if (
            rows.count
            and not rows.is_small
            and share_step(rows.count)
            and _table_shown(facts, name) in (None, Shown.EXACT)
        ):
            tables.append(_columns_of(facts, name, columns))
    if not tables:
        return _paragraph("No table has enough rows to be shown.")
    left_out = [name for name in KEY_COLUMNS if f"<caption>{name}," not in "".join(tables)]
    parts.append(f'<div class="grid">\n{chr(10).join(tables)}\n</div>')
    if left_out:
        parts.append(_paragraph(f"Not shown, because they have no rows or too few: {', '.join(left_out)}."))
    return "\n".join(parts)


def _columns_of(facts: Facts, name: str, columns: Sequence[str]) -> str:
    generations = {column.name: column.generations for column in table_columns(name)}
    count = facts.rows[name].count
    rows = []
    for column in columns:
        text = share(facts.filled[name][column], count) or HIDDEN
        lacking = facts.generation and facts.generation not in generations[column]
        rows.append((column, f"not in {facts.generation}" if lacking else text))
    step = share_step(count)
    note = "" if step == 1 else f", in steps of {step}%"
    return _table(f"{name}, {count:,} rows{note}", ("Column", "Not null"), rows)


# ---- duplicates ----


def _duplicates(facts: Facts) -> str:
    if not _has_claims(facts):
        return _no_claims(facts)
    cells = [facts.left_out.get(reason, Cell(0)) for reason in REASONS]
    exact = _shown_types(facts)[""] is Shown.EXACT
    seen = protect(cells) if exact else [_alone(cell) for cell in cells]
    rows = [(text, _number(cell, shown)) for text, cell, shown in zip(REASONS.values(), cells, seen)]
    same = protect([facts.same_control_number, facts.other_control_number])[0]
    return "\n".join(
        [
            _table("Rows of the table claim that are not counted", ("Reason", "Rows"), rows),
            _paragraph(
                "A row that repeats a claim_key comes from several exports of the same data. Of such rows the one with "
                "the greatest last_updated counts."
            ),
            _table(
                "Counted claims with a shared control number",
                ("Claims with", "Claims"),
                [("The claim_control_number of another claim", _number(facts.same_control_number, same))],
            ),
            _paragraph(
                "In v3, the same claim may come from two source systems with two keys. Different contractors may also "
                "use the same number, so look at such claims before you leave any out."
            ),
        ]
    )


# ---- sums of lines ----


def _sums(facts: Facts) -> str:
    if not _has_claims(facts):
        return _no_claims(facts)
    shown = _shown_types(facts)
    rows = []
    for kind in facts.counted:
        for measure in MEASURES:
            outcomes = facts.sums[kind, measure]
            cells = [outcomes.get(outcome, Cell(0)) for outcome in OUTCOMES]
            if cells[0].count == facts.counted[kind].count:
                continue
            seen = protect(cells) if shown[kind] is Shown.EXACT else [Shown.HIDDEN] * len(cells)
            rows.append((TYPE_NAMES[kind], MEASURE_NAMES[measure], *(_number(*pair) for pair in zip(cells, seen))))
    if not rows:
        return _paragraph("No claim has an amount that its lines have too.")
    return "\n".join(
        [
            _table(
                "Claims whose lines add up to the claim's amount, to the cent",
                ("Type", "Amount", *OUTCOMES.values()),
                rows,
                texts=(1,),
            ),
            _paragraph(
                "Institutional claims (inpatient, outpatient, SNF, home health, hospice) are paid as a whole, for "
                "example by DRG. Their lines have no paid amount, or one that need not add up to the payment. So take "
                "payment_amount of the claim, not the sum of its lines. Revenue center 0001 is the total of the other "
                "lines and is left out here. The lines of carrier and DME claims should add up: a difference there is "
                "worth a look."
            ),
        ]
    )


# ---- small counts ----


def _small() -> str:
    return "\n".join(
        f"<p>{text}</p>"
        for text in (
            "CMS's cell size suppression policy forbids to publish a count of 1 to 10 of beneficiaries, claims or "
            "services, and numbers from which such a count can be computed. This page follows it:",
            "A count is small if it is 1 to 10, or if it counts the data of fewer than 11 beneficiaries. It is shown "
            f"as <b>{escape(SMALL)}</b>. Zero is shown.",
            "Where the parts of a total are listed and a part is small, a second part is hidden too. It is the "
            "smallest one that leaves the small part anything from 1 to 10. So the total less the other parts tells "
            "nothing about the small one. If no part is large enough for that, all parts are hidden.",
            "This goes down from totals to parts: the rows of the table claim, their types, the months of a type. The "
            "parts of a number that is not shown are not shown either.",
            "A sum of dollars is shown only if the count of the claims in it could be shown.",
            "A share is rounded to a step that is never fewer than 11 rows: 1% from 1,100 rows on, 5% from 220 and 10% "
            "from 110. A table of fewer rows has no shares. 0% and 100% mean none and all.",
            "Texts and names from the data, file names, and the texts of issues are not on this page.",
            "The page does not protect against a reader who compares two reports, for example of two days: what was "
            "added between them may be few claims.",
        )
    )


_STYLE = """\
:root { --back: #ffffff; --text: #1b1f23; --soft: #50575e; --line: #c9ced3; --shade: #f2f4f6; --bar: #1f5f8b;
  --link: #0b5394; }
@media (prefers-color-scheme: dark) {
  :root { --back: #14181c; --text: #e8eaed; --soft: #b0b8bf; --line: #444c54; --shade: #1f252b; --bar: #7fb9e0;
    --link: #8ec7f0; }
}
@media print {
  :root { --back: #ffffff; --text: #000000; --soft: #444444; --line: #999999; --shade: #ffffff; --bar: #1f5f8b;
    --link: #000000; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 68rem; padding: 1rem; background: var(--back); color: var(--text);
  font: 1rem/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: .5rem 0; }
h2 { font-size: 1.3rem; margin: 2.2rem 0 .6rem; padding-top: .8rem; border-top: 1px solid var(--line); }
h3 { font-size: 1.1rem; margin: 1.5rem 0 .4rem; }
p { margin: .6rem 0; max-width: 45rem; }
a { color: var(--link); }
a:focus-visible, .scroll:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
dl { display: flex; flex-wrap: wrap; gap: .4rem 2rem; margin: .6rem 0; }
dt { color: var(--soft); font-size: .875rem; }
dd { margin: 0; }
nav ul { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; list-style: none; margin: 1rem 0; padding: 0; }
.scroll { overflow-x: auto; margin: .8rem 0 1.2rem; }
table { border-collapse: collapse; min-width: min(22rem, 100%); font-size: .9375rem; }
caption { text-align: left; font-weight: 600; padding: .3rem 0; }
th, td { padding: .3rem .9rem .3rem .3rem; text-align: left; vertical-align: top;
  border-bottom: 1px solid var(--line); }
thead th { color: var(--soft); font-weight: 600; border-bottom: 2px solid var(--line); vertical-align: bottom; }
tbody th { font-weight: 400; min-width: 9rem; }
tr, caption { background: var(--back); }
tbody th, tfoot th, thead th:first-child { position: sticky; left: 0; background: inherit; }
.short { white-space: nowrap; min-width: 0; }
tfoot th, tfoot td { font-weight: 600; border-bottom: 0; }
tbody tr:nth-child(even) { background: var(--shade); }
.number { text-align: right; padding-left: .9rem; padding-right: .3rem; font-variant-numeric: tabular-nums; }
.kept { color: var(--soft); font-style: italic; }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(19rem, 100%), 1fr)); gap: 1rem 2rem;
  align-items: start; }
.grid table { width: 100%; }
.grid .scroll { margin: 0; }
figure { margin: 0; }
figcaption { font-weight: 600; margin-bottom: .3rem; }
.plot { display: flex; gap: .4rem; height: 8rem; }
.scale { display: flex; flex-direction: column; justify-content: space-between; text-align: right; min-width: 2.5rem;
  font-size: .8125rem; line-height: 1; color: var(--soft); font-variant-numeric: tabular-nums; }
.plot svg { flex: 1; min-width: 0; height: 100%; border-bottom: 1px solid var(--soft); }
.axis { display: flex; justify-content: space-between; margin: .2rem 0 0 2.9rem; font-size: .8125rem;
  color: var(--soft); }
.bar { fill: var(--bar); }
.stripe { fill: var(--line); }
@media (max-width: 40rem) {
  body { padding: .8rem; }
  table { font-size: .8125rem; }
  th, td { padding-right: .4rem; }
  tbody th { min-width: 6rem; }
  .number { padding-left: .4rem; }
}
footer { margin-top: 2.5rem; border-top: 1px solid var(--line); color: var(--soft); font-size: .875rem; }
@media print {
  body { max-width: none; padding: 0; font-size: 10pt; }
  nav { display: none; }
  .scroll { overflow: visible; }
  tbody th, tfoot th, thead th:first-child { position: static; background: none; }
  h2, h3, caption { break-after: avoid; }
  tr, figure, .grid > * { break-inside: avoid; }
  thead { display: table-header-group; }
  .bar, .stripe { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
"""
