"""Members with diabetes (ICD-10 E08 to E13) who had no visit in a period: a list in a CSV file, and a plot.

    python diabetes_without_visit.py claims --first 2019-01-01 --last 2019-06-30
    python diabetes_without_visit.py      # without an export, a series or files: synthetic claims of an emulator

A visit is a line with an evaluation in an office, at home, in a hospital's clinic, or a wellness visit. The list names
beneficiaries, so only its owner may read it (mode 0600). The plot has counts below 11, which must not be published.
diabetes_without_visit.sql is the same in SQL.
Needs: pip install 'bcda[pandas]' matplotlib
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from datetime import date

import bcda
import pandas as pd
from matplotlib.figure import Figure

DIABETES = r"E(08|09|10|11|12|13)"  # code_plain has no dot, in all generations
VISITS = {
    *(str(code) for code in range(99202, 99216)),  # office
    *(str(code) for code in range(99341, 99351)),  # home
    *("G0402", "G0438", "G0439"),  # wellness
    "G0463",  # hospital outpatient clinic
}


def without_visit(paths: list[str], first: date, last: date) -> tuple[pd.DataFrame, int]:
    """The members without a visit from `first` to `last`, with the day of their last visit before, and the number of
    all members with diabetes. Only final claims count.
    """
    columns = ["claim_key", "beneficiary_key", "from_date"]
    claims = bcda.open_table(paths, "claim", columns=columns, final_only=True).to_pandas()
    columns = ["claim_key", "code_plain", "system"]
    codes = bcda.open_table(paths, "claim_diagnosis", columns=columns, final_only=True).to_pandas()
    columns = ["claim_key", "line_from_date", "hcpcs_code"]
    lines = bcda.open_table(paths, "claim_line", columns=columns, final_only=True).to_pandas()

    codes = codes[~codes["system"].str.contains("icd-9", na=True)]
    codes = codes[codes["code_plain"].str.upper().str.match(DIABETES, na=False)]
    members = pd.Index(claims.loc[claims["claim_key"].isin(codes["claim_key"]), "beneficiary_key"].dropna().unique())

    visits = lines[lines["hcpcs_code"].isin(VISITS)].merge(claims, on="claim_key")
    visits = visits[visits["beneficiary_key"].isin(members)]
    days = pd.DataFrame(
        {"member": visits["beneficiary_key"], "day": visits["line_from_date"].fillna(visits["from_date"])}
    ).dropna()
    seen = days.loc[(days["day"] >= first) & (days["day"] <= last), "member"]
    before = days[days["day"] < first].groupby("member")["day"].max()
    found = pd.DataFrame({"beneficiary_key": sorted(members.difference(pd.Index(seen)))})
    found["last_visit"] = found["beneficiary_key"].map(before)
    return found, len(members)


def plot(found: pd.DataFrame, path: str, title: str) -> None:
    months = found["last_visit"].astype("string").str[:7].fillna("none before").value_counts().sort_index()
    figure = Figure(figsize=(9, 4.5), dpi=120, layout="constrained")
    axes = figure.subplots()
    axes.bar(months.index.astype(str), months.to_numpy(dtype=int), color="#1f5f8b")
    axes.set_title(title, loc="left", fontweight="bold")
    axes.set_xlabel("Month of the last visit before")
    axes.set_ylabel("Members")
    axes.tick_params(axis="x", rotation=60)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path)


def save(found: pd.DataFrame, path: str) -> None:
    """Writes a new file that only its owner may read."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8", newline="") as file:
        found.to_csv(file, index=False)


def main() -> int:
    parser = argparse.ArgumentParser(description="Lists members with diabetes who had no visit in a period.")
    parser.add_argument("paths", nargs="*", metavar="PATH", help="export, series or files (default: synthetic claims)")
    parser.add_argument("--first", type=date.fromisoformat, default=date(2019, 1, 1), help="(default: %(default)s)")
    parser.add_argument("--last", type=date.fromisoformat, default=date(2019, 6, 30), help="(default: %(default)s)")
    parser.add_argument("--list", default="without_visit.csv", metavar="FILE", help="new file (default: %(default)s)")
    parser.add_argument("--plot", default="without_visit.png", metavar="FILE", help="(default: %(default)s)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        paths: list[str] = arguments.paths or [scratch + "/claims"]
        try:
            if not arguments.paths:
                bcda.Sandbox().client().export(out=paths[0])
            found, members = without_visit(paths, arguments.first, arguments.last)
        except bcda.Error as error:
            print(f"diabetes_without_visit: {error}", file=sys.stderr)
            return error.exit_code
    title = f"{len(found):,} of {members:,} members with diabetes had no visit"
    print(f"{title} from {arguments.first} to {arguments.last}.")
    if found.empty:
        return 0
    try:
        save(found, arguments.list)
    except OSError as error:
        print(f"diabetes_without_visit: {arguments.list}: {error.strerror}", file=sys.stderr)
        return 1
    plot(found, arguments.plot, title)
    print(f"The list is {arguments.list}, the plot is {arguments.plot}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
