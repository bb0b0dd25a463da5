"""Paid amounts by month of service and group of the principal diagnosis, as a table and as a plot in a PNG file.

    python paid_by_month_and_diagnosis.py claims      # a directory of an export or of a series, or NDJSON files
    python paid_by_month_and_diagnosis.py             # without any: synthetic claims of an emulator

paid_by_month_and_diagnosis.sql is the same in SQL. Needs: pip install 'bcda[pandas]' matplotlib
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from bisect import bisect_right

import bcda
import pandas as pd
from matplotlib.figure import Figure

# The chapters of ICD-10-CM, by their first category.
CHAPTERS = {
    "A00": "Infections", "C00": "Neoplasms", "D50": "Blood", "E00": "Endocrine, metabolic", "F01": "Mental",
    "G00": "Nervous system", "H00": "Eye", "H60": "Ear", "I00": "Circulatory", "J00": "Respiratory", "K00": "Digestive",
    "L00": "Skin", "M00": "Musculoskeletal", "N00": "Genitourinary", "O00": "Pregnancy", "P00": "Perinatal",
    "Q00": "Congenital", "R00": "Symptoms", "S00": "Injury", "U00": "Special purposes", "V00": "External causes",
    "Z00": "Factors, contact",
}  # fmt: skip
STARTS = list(CHAPTERS)
SHOWN = 8  # groups in the plot; the others are one


def group_of(code: str) -> str:
    """The group of an ICD-10 code, with or without the dot."""
    number = bisect_right(STARTS, code[:3].upper())
    return CHAPTERS[STARTS[number - 1]] if number else "Other"


def paid_by_month(paths: list[str]) -> pd.DataFrame:
    """Sums in dollars, by month (rows) and diagnosis group (columns). Only final claims count."""
    columns = ["claim_key", "from_date", "payment_amount"]
    claims = bcda.open_table(paths, "claim", columns=columns, final_only=True).to_pandas()
    columns = ["claim_key", "diagnosis_index", "code_plain", "type", "system"]
    codes = bcda.open_table(paths, "claim_diagnosis", columns=columns, final_only=True).to_pandas()
    codes = codes[~codes["system"].str.contains("icd-9", na=True)]
    # One code for each claim: the principal one, or else the first.
    codes["rank"] = (codes["type"] != "principal").fillna(True)
    codes = codes.sort_values(["rank", "diagnosis_index"]).drop_duplicates("claim_key")
    claims = claims.merge(codes, on="claim_key").dropna(subset=["from_date", "payment_amount"])
    claims["month"] = claims["from_date"].astype("string").str[:7]
    claims["group"] = claims["code_plain"].map(group_of)
    claims["paid"] = claims["payment_amount"].astype(float)
    paid: pd.DataFrame = claims.pivot_table("paid", index="month", columns="group", aggfunc="sum", fill_value=0.0)
    return paid


def plot(paid: pd.DataFrame, path: str) -> None:
    order = paid.sum().sort_values(ascending=False).index
    shown = paid[order[:SHOWN]].copy()
    if len(order) > SHOWN:
        shown["All others"] = paid[order[SHOWN:]].sum(axis="columns")
    figure = Figure(figsize=(11, 6), dpi=120, layout="constrained")  # not pyplot, because that may need a display
    axes = figure.subplots()
    shown.plot.bar(stacked=True, ax=axes, width=0.85, colormap="tab20")
    axes.set_title("Paid amounts by month of service and diagnosis group", loc="left", fontweight="bold")
    axes.set_xlabel("")
    axes.set_ylabel("Paid (US dollars)")
    axes.yaxis.set_major_formatter("${x:,.0f}")
    axes.grid(axis="y", color="#dddddd")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(title=None, frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    figure.savefig(path)


def main() -> int:
    parser = argparse.ArgumentParser(description="Shows what was paid, by month and diagnosis group.")
    parser.add_argument("paths", nargs="*", metavar="PATH", help="export, series or files (default: synthetic claims)")
    parser.add_argument("--plot", default="paid_by_diagnosis.png", metavar="FILE", help="(default: %(default)s)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        paths: list[str] = arguments.paths or [scratch + "/claims"]
        try:
            if not arguments.paths:
                bcda.Sandbox().client().export(out=paths[0])
            paid = paid_by_month(paths)
        except bcda.Error as error:
            print(f"paid_by_month_and_diagnosis: {error}", file=sys.stderr)
            return error.exit_code
    if paid.empty:
        print("There are no claims with a diagnosis, a date and a paid amount.")
        return 0
    print(paid.T.assign(Total=paid.sum()).T.to_string(float_format="{:,.2f}".format))
    plot(paid, arguments.plot)
    print(f"\nThe plot is {arguments.plot}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
