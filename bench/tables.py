#!/usr/bin/env python3
"""Compares reading claim lines: bcda's tables with DuckDB (explicit columns, unnest) and Polars (explicit schema), on the
same files in the same run. ./dev bench-tables runs this script in an environment that has them.

Each figure is the processor time of a process of its own; each claim is a ratio of two medians.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

SAMPLES = Path(__file__).resolve().parent.parent / "tests" / "tables" / "samples"
URL = "https://bluebutton.cms.gov/resources/variables/"
COLUMNS = {  # column of claim_line: the codes of its adjudication in v2, or None
    "claim_key": None,
    "line_number": None,
    "line_from_date": None,
    "hcpcs_code": None,
    "charge_amount": ("line_sbmtd_chrg_amt", "rev_cntr_tot_chrg_amt"),
    "allowed_amount": ("line_alowd_chrg_amt",),
    "paid_amount": ("line_nch_pmt_amt", "rev_cntr_pmt_amt_amt"),
    "beneficiary_paid_amount": ("line_bene_pmt_amt", "rev_cntr_bene_pmt_amt"),
    "deductible_amount": ("line_bene_ptb_ddctbl_amt", "rev_cntr_cash_ddctbl_amt"),
    "coinsurance_amount": ("line_coinsrnc_amt", "rev_cntr_coinsrnc_wge_adjstd_c"),
}
HCPCS = "https://bluebutton.cms.gov/resources/codesystem/hcpcs"

BCDA = """
import bcda, sys
columns = None if sys.argv[2] == "all" else sys.argv[2].split(",")
table = bcda.open_table(sys.argv[1], "claim_line", columns=columns, generation="v2")
print(sum(batch.num_rows for batch in table.batches()))
"""

DUCKDB = """
import duckdb, sys
duckdb.sql("set threads = 1")
reader = duckdb.sql(sys.argv[2].replace("FILE", sys.argv[1])).arrow(65536)
reader = reader if hasattr(reader, "read_next_batch") else reader.to_reader()
print(sum(batch.num_rows for batch in reader))
"""

POLARS = """
import json, polars as pl, sys
url, hcpcs, columns = json.loads(sys.argv[2])
coding = pl.List(pl.Struct({"system": pl.String, "code": pl.String}))
item = pl.Struct({"sequence": pl.Int32, "servicedDate": pl.String,
    "servicedPeriod": pl.Struct({"start": pl.String, "end": pl.String}), "productOrService": pl.Struct({"coding": coding}),
    "adjudication": pl.List(pl.Struct({"category": pl.Struct({"coding": coding}), "amount": pl.Struct({"value": pl.Float64})}))})
lines = pl.scan_ndjson(sys.argv[1], schema={"id": pl.String, "item": pl.List(item)}).explode("item").drop_nulls("item")
def amount(codes):
    is_one = pl.element().struct.field("category").struct.field("coding").list.eval(
        pl.element().struct.field("code").is_in([url + code for code in codes])).list.any()
    part = pl.col("item").struct.field("adjudication").list.eval(pl.element().filter(is_one)).list.first()
    return part.struct.field("amount").struct.field("value")
item = pl.col("item").struct
wanted = [pl.col("id"), item.field("sequence"),
    pl.coalesce(item.field("servicedPeriod").struct.field("start"), item.field("servicedDate")).alias("from"),
    item.field("productOrService").struct.field("coding").list.eval(
        pl.element().filter(pl.element().struct.field("system") == hcpcs)).list.first().struct.field("code").alias("hcpcs")]
wanted += [amount(codes).alias(name) for name, codes in columns.items() if codes]
print(lines.select(wanted).collect(engine="streaming").height)
"""


def duckdb_query():
    def amount(codes):
        listed = ", ".join(f"'{URL}{code}'" for code in codes)
        return (
            f"list_filter(i.adjudication, lambda a: list_has_any(list_transform(a.category.coding, lambda c: c.code), [{listed}]))[1]"
            ".amount.value"
        )

    amounts = ", ".join(f"{amount(codes)} as {name}" for name, codes in COLUMNS.items() if codes)
    coding = "STRUCT(system VARCHAR, code VARCHAR)[]"
    item = (
        'STRUCT(sequence INTEGER, servicedDate DATE, servicedPeriod STRUCT(start DATE, "end" DATE), '
        f"productOrService STRUCT(coding {coding}), adjudication STRUCT(category STRUCT(coding {coding}), "
        "amount STRUCT(value DECIMAL(18,2)))[])[]"
    )
    return (
        f"select id, i.sequence, coalesce(i.servicedPeriod.start, i.servicedDate) as line_from_date, "
        f"list_filter(i.productOrService.coding, lambda x: x.system = '{HCPCS}')[1].code as hcpcs_code, {amounts} "
        f"from (select id, unnest(item) as i from read_ndjson('FILE', columns = {{id: 'VARCHAR', item: '{item}'}}))"
    )


def write_claims(path, megabytes):
    """Claims of the sample file over and over, each with an id of its own."""
    with open(SAMPLES / "v2" / "ExplanationOfBenefit.ndjson", encoding="utf-8") as file:
        claims = [json.loads(line) for line in file]
    texts = [json.dumps({**claim, "id": "carrier-NUMBER"}, separators=(",", ":")) for claim in claims]
    size, number = 0, 0
    with open(path, "w", encoding="utf-8") as out:
        while size < megabytes * 1e6:
            text = texts[number % len(texts)].replace("carrier-NUMBER", f"carrier-{number}", 1)
            size += out.write(text + "\n")
            number += 1
    return size


def measure(command):
    """Processor seconds, peak memory in MiB, and what the process printed."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    output = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{command[:2]} failed")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, output.strip()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--megabytes", type=int, default=134, help="size of the file of claims (default 134)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds, of which the medians count (default 5)")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "ExplanationOfBenefit.ndjson")
        size = write_claims(path, options.megabytes)
        python = [sys.executable, "-c"]
        plan = {
            "bcda, 10 columns": [*python, BCDA, path, ",".join(COLUMNS)],
            "bcda, all columns": [*python, BCDA, path, "all"],
            "DuckDB, 10 columns": [*python, DUCKDB, path, duckdb_query()],
            "Polars, 10 columns": [*python, POLARS, path, json.dumps([URL, HCPCS, COLUMNS])],
        }
        few = os.path.join(directory, "few.ndjson")
        write_claims(few, 0.1)
        figures, idle = {name: [] for name in plan}, {name: [] for name in plan}
        for _ in range(options.rounds):
            for name, command in plan.items():
                figures[name].append(measure(command))
                idle[name].append(measure([*command[:3], few, *command[4:]])[0])
    used = {
        name: statistics.median(r[0] for r in rounds) - statistics.median(idle[name])
        for name, rounds in figures.items()
    }
    print(
        f"{size / 1e6:.0f} MB of claims, {options.rounds} rounds, medians; CPU without that of a few claims (start, imports)"
    )
    print(
        f"{'':22}{'CPU in s':>10}{'start in s':>12}{'MB per CPU-s':>14}{'of bcda, 10':>13}{'RSS in MiB':>12}{'rows':>12}"
    )
    rows = []
    for name, rounds in figures.items():
        row = {
            "name": name,
            "cpu": used[name],
            "start": statistics.median(idle[name]),
            "mb_per_cpu_second": size / 1e6 / used[name],
            "ratio": used[name] / used["bcda, 10 columns"],
            "rss_mib": max(r[1] for r in rounds),
            "rows": int(rounds[0][2]),
        }
        rows.append(row)
        print(
            f"{name:22}{row['cpu']:10.2f}{row['start']:12.2f}{row['mb_per_cpu_second']:14.0f}{row['ratio']:13.2f}"
            f"{row['rss_mib']:12.0f}{row['rows']:12}"
        )
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
