"""Exports claims and shows the paid amounts by month of service, as a table and as a plot in a PNG file.

    python paid_by_month.py --sandbox                                 # no credentials needed: synthetic claims
    python paid_by_month.py --out claims --plot paid_by_month.png     # settings from BCDA_URL, BCDA_CLIENT_ID, ...

`bcda settings` lists the environment variables. Needs: pip install 'bcda[pandas,progress]' matplotlib
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from typing import Any

import bcda
import matplotlib
import pandas as pd
from matplotlib.figure import Figure

TYPE = "ExplanationOfBenefit"
COLUMNS = ["status", "insurance.coverage.reference", "billablePeriod.start", "payment.amount.value", "item"]
CHUNK = 1_000  # claims in memory at a time; a claim has about 50 KB
PARTS = {
    "a": ("Part A", "#1b4f72"),
    "b": ("Part B", "#3a9fbf"),
    "d": ("Part D", "#f0a830"),
    "other": ("Other", "#8a8f94"),
}


def drug_cost(items: list[dict[str, Any]]) -> float | None:
    """The paid amount of a prescription drug event. It has no payment; the amount is an adjudication of its item."""
    for item in items:
        for adjudication in item.get("adjudication", []):
            if adjudication["category"]["coding"][0]["code"].endswith("/cvrd_d_plan_pd_amt"):
                return float(adjudication["amount"]["value"])
    return None


def drug_date(items: list[dict[str, Any]]) -> str | None:
    """The date of a prescription drug event. It has no billablePeriod; the date is that of its item."""
    return next((item["servicedDate"] for item in items if "servicedDate" in item), None)


def paid_by_month(chunks: Iterable[pd.DataFrame]) -> tuple[pd.DataFrame, int]:
    """Sums in dollars, by month (rows) and part of Medicare (columns), and the number of claims that were left out."""
    total, left_out = pd.DataFrame(), 0
    for chunk in chunks:
        claims = chunk.reindex(columns=COLUMNS)  # a chunk with only drug events lacks some columns
        claims = claims[claims["status"] == "active"]  # without canceled claims
        items = claims["item"].map(lambda item: item if isinstance(item, list) else [])
        dates = claims["billablePeriod.start"].fillna(items.map(drug_date)).astype("string")
        parts = claims["insurance.coverage.reference"].astype("string").str.extract(r"/part-([abd])-", expand=False)
        facts = pd.DataFrame(
            {
                "month": dates.str[:7],
                "part": parts.fillna("other"),
                "paid": claims["payment.amount.value"].astype(float).fillna(items.map(drug_cost).astype(float)),
            }
        )
        left_out += int(facts.isna().any(axis="columns").sum())
        sums = facts.dropna().pivot_table("paid", index="month", columns="part", aggfunc="sum")
        total = total.add(sums, fill_value=0.0)
    if not total.empty:
        total.index = pd.PeriodIndex(total.index, freq="M", name="month")
        total = total.reindex(pd.period_range(total.index.min(), total.index.max(), freq="M")).fillna(0.0)
    return total[[part for part in PARTS if part in total]], left_out


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
        total, left_out = paid_by_month(result.to_pandas(TYPE, chunksize=CHUNK))
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
