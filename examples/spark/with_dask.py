"""Claims by type, counted by the workers of a Dask cluster. Settings come from BCDA_URL, BCDA_CLIENT_ID, ... on each
machine, and the private key is on this one alone.

Needs: pip install 'bcda[arrow]' 'dask[distributed]'
"""

from __future__ import annotations

from collections import Counter

import bcda
import dask.bag
from dask.distributed import Client


def types_in(token: str) -> list[str]:
    """Runs on a worker, which fetches, decrypts and verifies the files of the token."""
    rows = bcda.open_partition(token, "claim", columns=["eob_type"]).to_arrow()
    types: list[str] = rows["eob_type"].to_pylist()
    return types


def main() -> None:
    client = bcda.Client()
    tokens = client.partitions(client.manifest(["ExplanationOfBenefit"])).tokens
    with Client(n_workers=2, threads_per_worker=1):  # or the address of a scheduler
        counted = dask.bag.from_sequence(tokens, npartitions=len(tokens)).map(types_in).flatten().frequencies()
        for name, count in sorted(Counter(dict(counted.compute())).items()):
            print(name, count)


if __name__ == "__main__":
    main()
