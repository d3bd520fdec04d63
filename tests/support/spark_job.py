"""The job on Spark beside the job on DuckDB, and a comparison of their tables."""

import json
import os
import pickle
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support.assertions import JSON_COLUMNS
from tests.support.pipeline import EVERY_MODEL, Job
from tests.support.spark_cluster import Cluster

Rows = list[dict[str, Any]]

# Tables that no model of dbt makes: notes of the job, and what speeds a build up.
NOTES = re.compile(r".*_staging\.(?!stg_)(.*_versions|last_transform|checks|unchecked_fixtures)")
# Parts of payloads as JSON, between two models: the keys are in another order on Spark, and numbers
# are no texts. What the next models read from them is compared.
INNER_TABLES = ("int_fixture_parts",)


@dataclass
class SparkJob:
    """One warehouse in DuckDB, its lake, and final tables in both.

    Attributes:
        job: extracts, and builds on DuckDB.
        lake: the folder of the lake.
        cluster: builds on Spark.
        dbt_target: for dbt's working files on Spark.
        folder: where processes run, and keep the list of tables.
    """

    job: Job
    lake: Path
    cluster: Cluster
    dbt_target: Path
    folder: Path

    def environment(self) -> dict[str, str]:
        """The variables that lead a command to Spark."""
        return {
            **self.cluster.environment(),
            "TARGET": "spark",
            "LAKE_URL": self.lake.as_uri(),
            "DBT_TARGET_PATH": str(self.dbt_target),
        }

    @contextmanager
    def on_spark(self) -> Iterator[None]:
        before = dict(os.environ)
        os.environ.update(self.environment())
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)

    def copy(self) -> None:
        """Brings the lake up to date."""
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("LAKE_URL", self.lake.as_uri())
            self.job.command("lake")

    def build(self, *models: str) -> None:
        """Builds everything, or what is selected, on DuckDB and on Spark."""
        models = models or tuple(EVERY_MODEL)
        self.job.transform(*models)
        self.copy()
        self.build_on_spark(*models)

    def build_on_spark(self, *arguments: str) -> None:
        with self.on_spark():
            self.job.transform(*arguments)

    def rows(self, table: str) -> Rows:
        """The rows of a table or view on Spark."""
        rows: Rows = session().sql(f"select * from {table}").toArrow().to_pylist()
        return rows

    def tables(self) -> set[str]:
        """The tables and views on Spark, with their schemas."""
        schema = self.job.database.schema
        return {
            f"{name}.{row.tableName}"
            for name in (schema, f"{schema}_staging")
            for row in session().sql(f"show tables in {name}").collect()
            if not row.isTemporary and not NOTES.fullmatch(f"{name}.{row.tableName}")
        }

    def data_files(self) -> set[Path]:
        """The files of the final tables, without their logs."""
        schema = self.job.database.schema
        return {
            file
            for name in (schema, f"{schema}_staging")
            for file in (self.lake / name).rglob("*")
            if file.suffix in (".parquet", ".bin") and "_delta_log" not in file.parts
        }

    def versions(self) -> dict[str, list[Rows]]:
        """The rows of all versions of each table, oldest first. Another process reads them."""
        schema = self.job.database.schema
        command = [sys.executable, "-m", "tests.spark.read_tables", schema, f"{schema}_staging"]
        with self.on_spark():
            environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
            done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True)
        assert not done.returncode, done.stderr.decode()[-3000:]
        # Written by the program above. JSON has no times.
        found: dict[str, list[Rows]] = pickle.loads(done.stdout)  # noqa: S301
        return {name: rows for name, rows in found.items() if not NOTES.fullmatch(name)}

    def assert_same(self, found: Mapping[str, Rows] | None = None) -> None:
        """Every table and view has the same rows on Spark as on DuckDB, value for value.

        Args:
            found: the tables on Spark; by default they are read in this process.
        """
        if found is None:
            found = {table: self.rows(table) for table in self.tables()}
        schema = self.job.database.schema
        expected = [
            table
            for table in self.job.database.tables()
            if table.startswith((f"{schema}.", f"{schema}_staging.")) and not NOTES.fullmatch(table)
        ]
        only_on_one = found.keys() ^ set(expected)
        assert not only_on_one, sorted(only_on_one)
        differences = []
        with self.job.database.kept_open():
            for table in expected:
                if table.endswith(INNER_TABLES):
                    continue
                names, rows = self.job.database.execute(f"select * from {table}")
                wanted = [dict(zip(names, row, strict=True)) for row in rows]
                differences += [f"{table}: {line}" for line in _differences(found[table], wanted)]
        assert not differences, "\n".join(differences)


def session() -> Any:
    """The session of Spark in this process, which the last transform has left."""
    from pyspark.sql import SparkSession

    found = SparkSession.getActiveSession() or SparkSession.builder.getOrCreate()
    found.conf.set("spark.sql.session.timeZone", "UTC")
    return found


def _differences(found: Rows, wanted: Rows) -> Sequence[str]:
    """Rows that only one of both has, in a readable form."""

    def texts(rows: Rows) -> list[str]:
        return sorted(
            json.dumps(
                {name: _readable(name, value) for name, value in row.items()},
                default=repr,
                sort_keys=True,
            )
            for row in rows
        )

    there, expected = texts(found), texts(wanted)
    if there == expected:
        return []
    surplus = [f"only on Spark: {text[:1000]}" for text in there if text not in set(expected)]
    missing = [f"only on DuckDB: {text[:1000]}" for text in expected if text not in set(there)]
    return [*surplus[:1], *missing[:1], f"{len(there)} and {len(expected)} rows"]


def _number(text: str) -> str:
    return str(Decimal(text).normalize())


def _readable(name: str, value: Any) -> Any:
    if name in JSON_COLUMNS and isinstance(value, str):
        # Spark's VARIANT writes 2 for 2.0.
        return json.loads(value, parse_float=_number, parse_int=_number)
    if isinstance(value, datetime):
        # Two libraries name the same time zone.
        return value.astimezone(UTC).isoformat()
    # Python counts True as 1 and 1 as 1.0; the tables do not.
    return [type(value).__name__, repr(value)]
