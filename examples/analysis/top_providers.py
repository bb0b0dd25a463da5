"""The providers with the largest paid amounts, as a table and as a plot in a PNG file.

    python top_providers.py claims      # a directory of an export or of a series, or NDJSON files
    python top_providers.py             # without any: synthetic claims of an emulator

A claim of an institution is paid as a whole, to the institution. On carrier and DME claims each line has its provider
and its amount. A Part D event is paid to the pharmacy. top_providers.sql is the same in SQL.
Needs: pip install 'bcda[pandas]' matplotlib
"""

from __future__ import annotations

import argparse
import sys
import tempfile

import bcda
import pandas as pd
from matplotlib.figure import Figure

PAID_BY_LINE = ["CARRIER", "DME"]


def top_providers(paths: list[str], top: int) -> tuple[pd.DataFrame, float]:
    """The providers with their claims and amounts, and the amount without an NPI. Only final claims count."""
    columns = ["claim_key", "eob_type", "provider_npi", "payment_amount"]
    claims = bcda.open_table(paths, "claim", columns=columns, final_only=True).to_pandas()
    columns = ["claim_key", "rendering_npi", "paid_amount"]
    lines = bcda.open_table(paths, "claim_line", columns=columns, final_only=True).to_pandas()
    columns = ["claim_key", "pharmacy_npi", "covered_paid_amount"]
    drugs = bcda.open_table(paths, "pharmacy_claim", columns=columns, final_only=True).to_pandas()

    whole = claims[~claims["eob_type"].isin([*PAID_BY_LINE, "PDE"])]
    lines = lines.merge(claims[claims["eob_type"].isin(PAID_BY_LINE)], on="claim_key")
    parts = [
        (whole["claim_key"], whole["provider_npi"], whole["payment_amount"]),
        (lines["claim_key"], lines["rendering_npi"].fillna(lines["provider_npi"]), lines["paid_amount"]),
        (drugs["claim_key"], drugs["pharmacy_npi"], drugs["covered_paid_amount"]),
    ]
    paid = pd.concat(
        pd.DataFrame({"claim": claim, "npi": npi, "paid": amount.astype(float)}) for claim, npi, amount in parts
    ).dropna(subset=["paid"])
    found = paid.groupby("npi").agg(claims=("claim", "nunique"), paid=("paid", "sum")).reset_index()
    found = found.sort_values(["paid", "npi"], ascending=[False, True]).head(top)
    return found, float(paid.loc[paid["npi"].isna(), "paid"].sum())


def plot(found: pd.DataFrame, path: str) -> None:
    figure = Figure(figsize=(9, 1.5 + 0.32 * len(found)), dpi=120, layout="constrained")
    axes = figure.subplots()
    axes.barh(found["npi"].astype(str), found["paid"], color="#1f5f8b")
    axes.invert_yaxis()
    axes.set_title("Providers with the largest paid amounts", loc="left", fontweight="bold")
    axes.set_xlabel("Paid (US dollars)")
    axes.set_ylabel("NPI")
    axes.xaxis.set_major_formatter("${x:,.0f}")
    axes.grid(axis="x", color="#dddddd")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path)


def main() -> int:
    parser = argparse.ArgumentParser(description="Shows the providers with the largest paid amounts.")
    parser.add_argument("paths", nargs="*", metavar="PATH", help="export, series or files (default: synthetic claims)")
    parser.add_argument("--top", type=int, default=20, metavar="N", help="number of providers (default: %(default)s)")
    parser.add_argument("--plot", default="top_providers.png", metavar="FILE", help="(default: %(default)s)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        paths: list[str] = arguments.paths or [scratch + "/claims"]
        try:
            if not arguments.paths:
                bcda.Sandbox().client().export(out=paths[0])
            found, without = top_providers(paths, arguments.top)
        except bcda.Error as error:
            print(f"top_providers: {error}", file=sys.stderr)
            return error.exit_code
    if found.empty:
        print("No claim has a provider with an NPI and a paid amount.")
        return 0
    print(found.to_string(index=False, formatters={"paid": "{:,.2f}".format}))
    print(f"\nPaid without an NPI: {without:,.2f}")
    plot(found, arguments.plot)
    print(f"The plot is {arguments.plot}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
