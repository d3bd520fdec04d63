"""Compacts the Delta tables of the lake, and removes files that no version of a table needs."""

import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from extract.config.lake_url import required_lake_url
from extract.errors import ExtractError, first_line
from extract.lake.sync import open_lake
from extract.progress import Progress
from extract.warehouse.factory import open_warehouse
from extract.warehouse.spark import spark_session
from extract.warehouse.target import final_schema

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# A reader of a version that is older may miss files. Delta's own default.
KEEP_HOURS = 7 * 24


@dataclass
class Maintained:
    """The result of a maintenance.

    Attributes:
        url: the lake.
        tables: Delta tables that were maintained.
        compacted: small files that were written together.
        removed: files that were removed.
        seconds: that it took.
    """

    url: str
    tables: int = 0
    compacted: int = 0
    removed: int = 0
    seconds: float = 0.0

    def to_dict(self) -> dict[str, object]:
        """The result for machines."""
        return asdict(self)


def maintain_lake(
    progress: Progress, wait: bool = True, keep_hours: int = KEEP_HOURS
) -> Maintained:
    """Compacts and vacuums the raw tables of the lake.

    Args:
        progress: receives reports.
        wait: whether to wait for another process that uses the warehouse or copies it.
        keep_hours: hours for which files that are no longer needed are kept for readers.

    Raises:
        UsageError: a variable is wrong, or a package is missing.
        ExtractError: the warehouse is busy, or one of the two cannot be reached.
    """
    url, began = required_lake_url(), time.monotonic()
    result = Maintained(url)
    with (
        closing(open_warehouse(progress.line if wait else None, must_exist=True)) as warehouse,
        warehouse.lake_lock(),
        closing(open_lake(warehouse, url)) as lake,
    ):
        addresses = lake.tables_of(warehouse.raw)
        with progress.copying(f"Compacting {len(addresses)} tables of the lake {url}."):
            for number, address in enumerate(addresses):
                progress.copied(number, len(addresses))
                result.compacted += lake.compact(address)
                result.removed += lake.vacuum(address, keep_hours)
                result.tables += 1
        lake.forget_loads(keep_hours)
    result.seconds = time.monotonic() - began
    return result


def maintain_final_tables(
    progress: Progress, wait: bool = True, keep_hours: int = KEEP_HOURS
) -> Maintained:
    """Compacts and vacuums the tables that Spark has built.

    Spark does it, because delta-rs does not know all features of Delta that they use.

    Args:
        progress: receives reports.
        wait: whether to wait for a transform that runs in this folder.
        keep_hours: hours for which files that are no longer needed are kept for readers.

    Raises:
        UsageError: a package, Java, a variable or the lake is missing.
        ExtractError: another session uses the lake, or the cluster cannot be reached.
    """
    url, began = required_lake_url(), time.monotonic()
    with spark_session(progress.line if wait else None) as session:
        from pyspark.errors import PySparkException

        # Delta warns of less than a week. Without `--keep-days` it is a week.
        session.conf.set("spark.databricks.delta.retentionDurationCheck.enabled", "false")
        # The number of tasks that list the files of a table. With the default of 10,000, a small
        # table takes a minute.
        session.conf.set("spark.sql.sources.parallelPartitionDiscovery.parallelism", "8")
        result = Maintained(url)
        names = _delta_tables(session, [final_schema(), f"{final_schema()}_staging"])
        with progress.copying(f"Compacting {len(names)} tables of the lake {url}."):
            for number, name in enumerate(names):
                progress.copied(number, len(names))
                try:
                    _maintain(session, name, keep_hours, result)
                except PySparkException as error:
                    raise ExtractError(
                        f"The table {name} of the lake {url} cannot be maintained: "
                        f"{first_line(error)}"
                    ) from error
    result.seconds = time.monotonic() - began
    return result


def _maintain(session: "SparkSession", name: str, keep_hours: int, result: Maintained) -> None:
    (optimized,) = session.sql(f"optimize {name}").collect()
    result.compacted += optimized.metrics.numFilesRemoved
    vacuum = f"vacuum {name} retain {keep_hours} hours"
    if old := session.sql(f"{vacuum} dry run").count():
        session.sql(vacuum)
    result.removed += old
    result.tables += 1


def _delta_tables(session: "SparkSession", schemas: Sequence[str]) -> list[str]:
    return [
        f"{schema}.{table.name}"
        for schema in schemas
        if session.catalog.databaseExists(schema)
        for table in session.catalog.listTables(schema)
        if not table.isTemporary
        and table.tableType != "VIEW"
        and session.sql(f"describe detail {schema}.{table.name}").collect()[0].format == "delta"
    ]
