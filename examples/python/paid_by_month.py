"""Exports claims and shows the paid amounts by month of service, as a table and as a plot in a PNG file.

    python paid_by_month.py --sandbox                                 # no credentials needed: synthetic claims
    python paid_by_month.py --out claims --plot paid_by_month.png     # settings from BCDA_URL, BCDA_CLIENT_ID, ...

`bcda settings` lists the environment variables. Needs: pip install 'bcda[pandas,progress]' matplotlib
"""

from __future__ import annotations

import argparse
import sys

import bcda
import matplotlib
import pandas as pd
from matplotlib.figure import Figure

TYPE = "ExplanationOfBenefit"
PARTS = {
    "a": ("Part A", "#1b4f72"),
    "b": ("Part B", "#3a9fbf"),
    "d": ("Part D", "#f0a830"),
    "other": ("Other", "#8a8f94"),
}


def payments(result: bcda.ExportResult) -> pd.DataFrame:
    """One row for each final claim, with its month, part of Medicare and paid amount.

    A prescription drug event (Part D) has its date and its amount in the table pharmacy_claim.
    """
    columns = ["eob_type", "coverage_key", "from_date", "payment_amount"]
    claims = result.table("claim", columns=columns, final_only=True).to_pandas()
    claims = claims[(claims["eob_type"] != "PDE").fillna(True)]
    columns = ["fill_date", "covered_paid_amount"]
    drugs = result.table("pharmacy_claim", columns=columns, final_only=True).to_pandas()
    part = claims["coverage_key"].str.extract(r"^part-([abd])-", expand=False).fillna("other")
    facts: pd.DataFrame = pd.concat(
        [
            pd.DataFrame({"date": claims["from_date"], "part": part, "paid": claims["payment_amount"]}),
            pd.DataFrame({"date": drugs["fill_date"], "part": "d", "paid": drugs["covered_paid_amount"]}),
        ]
    )
    facts["month"] = facts["date"].astype("string").str[:7]
    facts["paid"] = facts["paid"].astype(float)
    return facts


def paid_by_month(facts: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Sums in dollars, by month (rows) and part of Medicare (columns), and the number of claims that were left out."""
    known = facts.dropna(subset=["month", "paid"])
    total = known.pivot_table("paid", index="month", columns="part", aggfunc="sum", fill_value=0.0)
    if not total.empty:
        total.index = pd.PeriodIndex(total.index.astype(str), freq="M", name="month")
        total = total.reindex(pd.period_range(total.index.min(), total.index.max(), freq="M")).fillna(0.0)
    return total[[part for part in PARTS if part in total]], len(facts) - len(known)


def table(total: pd.DataFrame) -> str:
    shown = total.rename(columns={part: name for part, (name, _) in PARTS.items()})
    shown["All"] = shown.sum(axis="columns")
    shown.index = shown.index.astype(str)
    shown.loc["Total"] = shown.sum()
    shown.columns.name = None
    text: str = shown.to_string(float_format="{:,.2f}".format)
    return text


def plot(total: pd.DataFrame, path: str, footnote: str) -> None:
    matplotlib.rcParams["date.converter"] = "concise"  # labels: Feb, Mar, ..., and the year at each January
    figure = Figure(figsize=(10, 5.5), dpi=150, layout="constrained")  # not pyplot, because that may need a display
    axes = figure.subplots()
    months = pd.PeriodIndex(total.index).to_timestamp()
    below = pd.Series(0.0, index=total.index)
    for part in total.columns.astype(str):
        name, color = PARTS[part]
        axes.bar(months, total[part], bottom=below, width=24, color=color, label=name, zorder=2)
        below += total[part]
    axes.set_title("Paid amounts by month of service", loc="left", fontsize=14, fontweight="bold", pad=16)
    axes.set_xlabel("Month in which the service began", labelpad=8)
    axes.set_ylabel("Paid (US dollars)", labelpad=8)
    axes.yaxis.set_major_formatter("${x:,.0f}")
    axes.margins(x=0.02)
    axes.grid(axis="y", color="#dddddd", zorder=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.legend(frameon=False, ncols=len(PARTS), loc="lower right", bbox_to_anchor=(1, 1.005), borderaxespad=0.4)
    axes.annotate(footnote, (1, 0), (0, -36), "axes fraction", "offset points", ha="right", fontsize=8, color="#666666")
    figure.savefig(path, bbox_inches="tight", pad_inches=0.2)


def main() -> int:
    parser = argparse.ArgumentParser(description="Exports claims and shows what was paid for the care of each month.")
    parser.add_argument("--out", default="claims", metavar="DIR", help="where the claims go (default: %(default)s)")
    parser.add_argument("--plot", default="paid_by_month.png", metavar="FILE", help="the plot (default: %(default)s)")
    parser.add_argument("--sandbox", action="store_true", help="ask an emulator of the service, with synthetic claims")
    arguments = parser.parse_args()
    try:
        client = bcda.Sandbox().client() if arguments.sandbox else bcda.Client()
        result = client.export([TYPE], out=arguments.out)
        total, left_out = paid_by_month(payments(result))
    except bcda.Error as error:
        print(f"paid_by_month: {error}", file=sys.stderr)
        return error.exit_code
    if left_out:
        print(f"{left_out:,} claims have no date or no amount: left out", file=sys.stderr)
    if total.empty:
        print("The export has no claims.")
        return 0
    print(table(total))
    claims = sum(file.records for file in result.files)
    plot(total, arguments.plot, f"{claims:,} claims, as of {result.transaction_time:%d %B %Y}")
    print(f"\nThe plot is {arguments.plot}, the claims are in {arguments.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
