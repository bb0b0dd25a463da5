"""The data source ``bcda`` for Spark: executors fetch, decrypt, verify and parse the files of an export.

>>> import bcda.spark  # needs PySpark 4: pip install 'bcda[spark]'
>>> bcda.spark.register(spark)                                                              # doctest: +SKIP
>>> spark.read.format("bcda").options(url=url, types="Patient", table="beneficiary").load()  # doctest: +SKIP

``docs/spark.md`` in the sources has the options, and what to know about clusters.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from typing import TYPE_CHECKING

from .._table import need
from ._failures import ReadError, told
from .marks import Mark
from .options import Options
from .planning import mark_directory

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

__all__ = ["ReadError", "commit", "register"]


def register(spark: SparkSession) -> None:
    """Makes ``spark.read.format("bcda")`` known to a session.

    Reads without the option ``stateLocation`` keep their jobs in a directory of this application. Only this user can
    open it, and it is removed when this process ends.

    Args:
        spark: the session. Spark Connect has them too.

    Raises:
        ModuleNotFoundError: PySpark is not installed.
    """
    need("pyspark", "bcda.spark.register", "spark")
    from .source import source_with

    state = tempfile.mkdtemp(prefix="bcda-spark-")
    atexit.register(shutil.rmtree, state, ignore_errors=True)
    spark.dataSource.register(source_with(state))


def commit(**options: object) -> None:
    """Moves the mark of ``since=mark`` to the time of the earliest read that was planned since the last commit. The
    next read of the same table or view then gets what has changed since. Call this when what was read is safely
    written, because Spark does not tell that to a batch source.

    Args:
        **options: those of the read. ``since`` and ``stateLocation`` must be among them.

    Raises:
        ReadError: nothing was planned since the last commit, or an option is wrong.

    Example:
        >>> options = {"table": "claim_line", "since": "mark", "stateLocation": "/state", "url": url}  # doctest: +SKIP
        >>> spark.read.format("bcda").options(**options).load().write.mode("append").parquet(out)      # doctest: +SKIP
        >>> bcda.spark.commit(**options)                                                               # doctest: +SKIP
    """
    with told():
        chosen = Options({name: _text(value) for name, value in options.items() if value is not None})
        Mark(mark_directory(chosen)).commit()


def _text(value: object) -> str:
    """An option as Spark passes it on."""
    return str(value).lower() if isinstance(value, bool) else str(value)
