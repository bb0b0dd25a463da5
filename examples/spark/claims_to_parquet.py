"""Claims as Parquet files, with a directory for each month of service. The executors fetch and parse them.

    spark-submit claims_to_parquet.py --out /lake/claims                      # settings: BCDA_URL, BCDA_CLIENT_ID, ...
    spark-submit claims_to_parquet.py --out /lake/claims --state /lake/state  # adds what has changed since the last run
    python claims_to_parquet.py --out claims --sandbox                        # no credentials needed: synthetic claims

docs/spark.md says what the executors need: the credentials, and where files are encrypted, the partition key.
Needs: pip install 'bcda[spark]'
"""

from __future__ import annotations

import argparse
import os
import secrets

import bcda
import bcda.spark
from pyspark.sql import SparkSession
from pyspark.sql.functions import date_format


def settings_of_a_sandbox(sandbox: bcda.Sandbox) -> dict[str, str]:
    """The environment for executors on this machine."""
    key = {"partition_key": secrets.token_hex(32)}
    return {f"BCDA_{name.upper()}": value for name, value in {**sandbox.settings, **key}.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description="Writes claims to Parquet files, with a directory for each month.")
    parser.add_argument("--out", required=True, metavar="DIR", help="where the files go")
    parser.add_argument("--state", metavar="DIR", help="keeps the time of the last run; this run adds what is new")
    parser.add_argument("--sandbox", action="store_true", help="ask an emulator of the service, with synthetic claims")
    arguments = parser.parse_args()
    sandbox = bcda.Sandbox(beneficiaries=100) if arguments.sandbox else None
    if sandbox is not None:
        os.environ.update(settings_of_a_sandbox(sandbox))  # before there is a JVM
    spark = SparkSession.builder.appName("claims").getOrCreate()
    bcda.spark.register(spark)
    options = {"table": "claim", "types": "ExplanationOfBenefit"}
    if arguments.state:
        options |= {"since": "mark", "stateLocation": arguments.state}
    claims = spark.read.format("bcda").options(**options).load()
    by_month = claims.withColumn("month", date_format("from_date", "yyyy-MM")).repartition("month")  # few, larger files
    by_month.write.partitionBy("month").mode("append").option("compression", "zstd").parquet(arguments.out)
    if arguments.state:
        bcda.spark.commit(**options)  # only now: the claims are safe
    spark.stop()


if __name__ == "__main__":
    main()
