#!/usr/bin/env python3
"""Times the Spark data source of Python on one machine, with a sandbox as the service. `./dev bench-spark` runs it with
PySpark.

  scaling   a service that limits the rate of each connection: one executor against two (a JVM and one core each)
  overhead  a service without a limit: Spark with two executors against `bcda export` of the same files, and what the
            time is spent on

Each figure is the median of rounds in which all ways take turns. The clusters run all the time; how long they took to
start is given apart. The first round is a warm-up and is not counted.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import bcda

TYPE = "ExplanationOfBenefit"
PROMPT = {"poll_interval": "10ms"}


# ---- A cluster: this script again, in a process with a JVM of its own ------------------------------------------------


class Cluster:
    """Spark with executors, which reads on request."""

    def __init__(self, executors: int, directory: Path) -> None:
        local = directory / f"executors-{executors}"
        local.mkdir()
        environment = {
            **os.environ,
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_LOCAL_DIRS": str(local),
            "PYSPARK_PYTHON": sys.executable,
        }
        begin = time.monotonic()
        with (directory / f"executors-{executors}.log").open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, __file__, "cluster", str(executors)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=environment,
            )
        self.ask({})
        self.start = time.monotonic() - begin

    def ask(self, request: dict[str, Any]) -> float:
        """The seconds that a read took."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise SystemExit("a cluster failed; run again with --work, and see executors-*.log there")
        return float(answer)

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def run_cluster(executors: str) -> None:
    """Answers each request, a line of JSON, with the seconds that it took."""
    import bcda.spark
    from pyspark.sql import SparkSession

    spark = (
        SparkSession.builder.master(f"local-cluster[{executors},1,1024]")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.sql.parquet.compression.codec", "zstd")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .getOrCreate()
    )
    bcda.spark.register(spark)
    for line in sys.stdin:
        request = json.loads(line)
        begin = time.monotonic()
        frame = spark.range(0, 16, 1, 16)
        if "options" in request:
            frame = spark.read.format("bcda").options(**request["options"]).load()
        if "out" in request:
            frame.write.mode("overwrite").parquet(request["out"])
        elif "select" in request:
            frame.selectExpr(*request["select"]).collect()
        print(time.monotonic() - begin, flush=True)
    spark.stop()
    shutil.rmtree(Path(sys.modules["pyspark"].__file__ or "").parent / "work", ignore_errors=True)


# ---- The same on this machine alone ----------------------------------------------------------------------------------


def export(options: dict[str, str], out: Path, *arguments: str) -> float:
    shutil.rmtree(out, ignore_errors=True)
    flags = [f"--{name.replace('_', '-')}={value}" for name, value in options.items() if name != "client_secret"]
    command = [sys.executable, "-m", "bcda", "export", "--quiet", f"--out={out}", "--durability=process", *flags]
    begin = time.monotonic()
    subprocess.run([*command, *arguments], check=True)
    return time.monotonic() - begin


def read_token(token: str, table: str, settings: dict[str, str]) -> int:
    opened = bcda.open_partition(token, table, **settings)  # type: ignore[arg-type]
    return sum(batch.num_rows for batch in opened.batches())


# ---- Rounds ----------------------------------------------------------------------------------------------------------


def take_turns(ways: dict[str, Any], rounds: int) -> dict[str, float]:
    """The median of each way."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, way in ways.items():
            took = way()
            if number:
                times[name].append(took)
    return {name: statistics.median(each) for name, each in times.items()}


def scaling(args: argparse.Namespace, sandbox: bcda.Sandbox, options: dict[str, str], work: Path) -> None:
    sandbox.control("fault", f"drip={args.rate}:on=GET /data/")
    clusters = {number: Cluster(number, work) for number in (1, 2)}
    ways: dict[str, Any] = {}
    for number, cluster in clusters.items():
        request = {"options": {**options, "raw": "true", "stateLocation": str(work / f"state-{number}")}}
        ways[str(number)] = lambda cluster=cluster, request=request: cluster.ask(
            {**request, "select": ["count(*)", "sum(length(value))"]}
        )
    before = sandbox.request_count("GET /data/")
    medians = take_turns(ways, args.rounds)
    fetches = (sandbox.request_count("GET /data/") - before) / (args.rounds + 1) / len(ways)
    print(f"{args.files} encrypted files, {args.megabytes} MB in all, {args.rate} bytes a second for each connection")
    print(f"{'executors':>12}{'wall s':>10}{'start s':>10}")
    for name, wall in medians.items():
        print(f"{name:>12}{wall:>10.1f}{clusters[int(name)].start:>10.1f}")
    print(f"downloads of each read: {fetches:g}, for {args.files} files")
    print(f"one executor takes {medians['1'] / medians['2']:.2f} times as long as two")
    for cluster in clusters.values():
        cluster.close()


def overhead(args: argparse.Namespace, sandbox: bcda.Sandbox, options: dict[str, str], work: Path) -> None:
    cluster = Cluster(2, work)
    of_spark = {**options, "stateLocation": str(work / "state")}
    with bcda.Client(env=True, **options) as client:  # type: ignore[arg-type]
        tokens = client.partitions(client.manifest(progress=False)).tokens
    opening = {name: value for name, value in options.items() if name not in ("private_key", "types", "poll_interval")}

    def spark(select: list[str], **more: str) -> float:
        return cluster.ask({"options": {**of_spark, **more}, "select": select})

    with ProcessPoolExecutor(2, get_context("spawn")) as two:

        def tokens_alone(table: str) -> float:
            begin = time.monotonic()
            count = len(tokens)
            list(two.map(read_token, tokens, [table] * count, [opening] * count))
            return time.monotonic() - begin

        ways: dict[str, Any] = {
            "bcda export": lambda: export(options, work / "out"),
            "tokens in two processes, raw, rows counted": lambda: tokens_alone("raw"),
            "Spark, raw, count and sum of lengths": lambda: spark(
                ["count(*)", "sum(length(value))"], raw="true", columns="value"
            ),
            "Spark, raw, only line numbers": lambda: spark(["count(*)"], raw="true", columns="line"),
            "bcda export --tables claim_line": lambda: export(options, work / "out", "--tables=claim_line"),
            "tokens in two processes, claim_line": lambda: tokens_alone("claim_line"),
            "Spark, claim_line, to Parquet": lambda: cluster.ask(
                {"options": {**of_spark, "table": "claim_line"}, "out": str(work / "lake")}
            ),
            "Spark, a table without files": lambda: spark(["count(*)"], table="coverage", columns="coverage_key"),
            "Spark, load() alone": lambda: cluster.ask({"options": {**of_spark, "raw": "true"}}),
            "Spark, 16 tasks without Python": lambda: cluster.ask({"select": ["count(*)"]}),
        }
        medians = take_turns(ways, args.rounds)
    cluster.close()
    print(f"{args.files} encrypted files, {args.megabytes} MB in all, {args.rounds} rounds, {os.cpu_count()} cores")
    print(f"start of the cluster: {cluster.start:.1f} s")
    print(f"{'':46}{'wall s':>8}")
    for name, wall in medians.items():
        print(f"{name:46}{wall:>8.2f}")


def main() -> None:
    if sys.argv[1:2] == ["cluster"]:
        run_cluster(sys.argv[2])
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["scaling", "overhead"])
    parser.add_argument("--megabytes", type=int, help="size of all files (scaling: 64, overhead: 400)")
    parser.add_argument("--files", type=int, default=16)
    parser.add_argument(
        "--rate", type=int, default=1_000_000, help="scaling: bytes a second for each connection (1000000)"
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--work", type=Path, help="directory for files; it is kept")
    args = parser.parse_args()
    args.megabytes = args.megabytes or {"scaling": 64, "overhead": 400}[args.what]
    work = Path(tempfile.mkdtemp(prefix="bcda-bench-", dir=args.work))
    with bcda.Sandbox(
        bytes_per_type=f"{args.megabytes}000000", files_per_type=args.files, pending_time=0, job_time="10ms"
    ) as sandbox:
        known = {name: value for name, value in sandbox.settings.items() if name != "client_secret"}
        os.environ.update(BCDA_CLIENT_SECRET=sandbox.client_secret, BCDA_PARTITION_KEY="00" * 32)
        options = {**known, **PROMPT, "types": TYPE}
        {"scaling": scaling, "overhead": overhead}[args.what](args, sandbox, options, work)
    if args.work is None:
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
