"""The classes that Spark calls. Only this module and :mod:`bcda.spark.columns` need PySpark."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

import pyarrow
from pyspark.sql.datasource import DataSource, DataSourceReader, InputPartition
from pyspark.sql.types import StructType

from .._partition import PartitionTable
from ._failures import told
from .columns import chosen, struct_of
from .options import Options
from .planning import Planning
from .task import Task


class BcdaDataSource(DataSource):
    """``spark.read.format("bcda")``. Spark makes it, and calls it, in processes of its own on the driver."""

    state: ClassVar[str | None] = None
    """Where jobs are kept if the option ``stateLocation`` is missing; None: nowhere."""

    def __init__(self, options: Mapping[str, str]) -> None:
        # The options are not kept, because Spark sends this object to the executors.
        with told():
            self._options: Options | None = Options(options)
            self._planning: Planning | None = Planning(self._options, self.state)

    @classmethod
    def name(cls) -> str:
        """The name of the format."""
        return "bcda"

    def schema(self) -> StructType:
        """The columns, which are known before there is a job."""
        assert self._options is not None
        with told():
            return struct_of(_schema_of(self._options))

    def reader(self, schema: StructType) -> DataSourceReader:
        """Gives away what only the driver may have, because Spark sends this object to the executors afterwards."""
        options, self._options = self._options, None
        planning, self._planning = self._planning, None
        assert options is not None
        assert planning is not None
        with told():
            columns = chosen(schema, struct_of(_schema_of(options, all_columns=True)))
            settings = {**options.for_tasks(), **planning.profile()}
            task = Task(options.definition, columns, settings, planning.downloads, planning.job)
        return BcdaReader(task, planning)


def source_with(state: str) -> type[DataSource]:
    """The class with a directory for jobs. Spark pickles the class whole, because no module has it by this name."""
    return type("RegisteredDataSource", (BcdaDataSource,), {"state": state})


def _schema_of(options: Options, all_columns: bool = False) -> pyarrow.Schema:
    settings = options.of_scopes("table")
    if all_columns:
        settings.pop("columns", None)
    return PartitionTable(None, options.definition, None, settings).schema


class Token(InputPartition):
    """One partition. Spark sends it to its task."""

    def __init__(self, number: int, token: str, digest: str) -> None:
        super().__init__(number)
        self.token = token
        self.digest = digest  # of the manifest

    def __repr__(self) -> str:
        return f"<Token {self.value}>"


class BcdaReader(DataSourceReader):
    """Makes the partitions on the driver, and reads them on the executors, where it has no planning."""

    def __init__(self, task: Task, planning: Planning | None = None) -> None:
        self._task = task
        self._planning = planning

    def partitions(self) -> list[InputPartition]:
        """Runs the job, or adopts it, and cuts its manifest."""
        assert self._planning is not None
        with told():
            made = self._planning.partitions()
        return [Token(number, partition.token, made.digest) for number, partition in enumerate(made)]

    def read(self, partition: InputPartition) -> Iterator[pyarrow.RecordBatch]:
        """The rows of one partition. Without files Spark gives a partition that is no token."""
        if not isinstance(partition, Token):
            return iter(())
        return self._task.read(partition.token, partition.value, partition.digest)

    def __reduce__(self) -> tuple[type[BcdaReader], tuple[Task]]:
        return BcdaReader, (self._task,)

    def __repr__(self) -> str:
        return "<BcdaReader>"
