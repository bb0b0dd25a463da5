"""Answers the questions to claims of examples/analysis in Spark SQL, each as a table.

    spark-submit questions.py /lake/export      # an export or a series that each executor can read
    python questions.py                         # without any: synthetic claims of an emulator

Needs: pip install 'bcda[spark]'
"""

from __future__ import annotations

import sys
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import bcda
import bcda.spark
from pyspark.sql import DataFrame, SparkSession

HERE = Path(__file__).parent
TABLES = ("claim", "claim_line", "claim_diagnosis", "pharmacy_claim")
QUESTIONS: dict[str, dict[str, Any]] = {
    "paid_by_month_and_diagnosis": {},
    "top_providers": {"top": 10},
    "diabetes_without_visit": {"first": date(2025, 1, 1), "last": date(2025, 12, 31)},
}


def add_tables(spark: SparkSession, path: str) -> None:
    """Makes views of the tables of an export. Canceled and replaced claims are left out, so that sums are right."""
    bcda.spark.register(spark)
    for table in TABLES:
        options = {"path": path, "table": table, "final_only": "true"}
        spark.read.format("bcda").options(**options).load().createOrReplaceTempView(table)


def answer(spark: SparkSession, question: str, **parameters: Any) -> DataFrame:
    return spark.sql((HERE / f"{question}.sql").read_text(), {**QUESTIONS[question], **parameters})


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        path = sys.argv[1] if len(sys.argv) > 1 else scratch + "/claims"
        if len(sys.argv) < 2:
            bcda.Sandbox().client().export(out=path)
        spark = SparkSession.builder.appName("questions").getOrCreate()
        add_tables(spark, path)
        for question in QUESTIONS:
            print(question)
            answer(spark, question).show()
        spark.stop()


if __name__ == "__main__":
    main()
