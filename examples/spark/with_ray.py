"""Claims by type, counted by the workers of a Ray cluster. Settings come from BCDA_URL, BCDA_CLIENT_ID, ... on each
machine, and the private key is on this one alone.

Needs: pip install 'bcda[arrow]' ray
"""

from __future__ import annotations

from collections import Counter

import bcda
import ray


def types_in(token: str) -> Counter[str]:
    """Runs on a worker, which fetches, decrypts and verifies the files of the token."""
    rows = bcda.open_partition(token, "claim", columns=["eob_type"]).to_arrow()
    return Counter(rows["eob_type"].to_pylist())


def main() -> None:
    client = bcda.Client()
    tokens = client.partitions(client.manifest(["ExplanationOfBenefit"])).tokens
    ray.init(num_cpus=2)  # or the address of a cluster
    remote = ray.remote(types_in)
    counted: Counter[str] = sum(ray.get([remote.remote(token) for token in tokens]), Counter())
    for name, count in sorted(counted.items()):
        print(name, count)


if __name__ == "__main__":
    main()
