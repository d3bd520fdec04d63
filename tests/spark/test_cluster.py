"""The cluster that the other tests use is one: its processes share the work of a session."""

import re
import subprocess
import sys
from pathlib import Path

from extract.config.paths import dbt_project_dir
from tests.support.spark_cluster import Cluster, read_events, tasks_by_executor

# As dbt's profile has it, with tables of Delta.
SESSION = """
import os, sys
from pyspark.sql import SparkSession

spark = (
    SparkSession.builder.master(os.environ["SPARK_MASTER"])
    .config("spark.jars.packages", sys.argv[2])
    .config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
    .config("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog")
    .config("spark.eventLog.enabled", "true")
    .config("spark.eventLog.dir", os.environ["SPARK_EVENT_LOG"])
    .getOrCreate()
)
table = sys.argv[1]
spark.range(0, 1000, 1, 8).write.format("delta").save(table)
spark.sql(f"delete from delta.`{table}` where id % 2 = 0")
print("rows", spark.sql(f"select count(*) from delta.`{table}`").first()[0])
"""


def test_two_workers_share_the_tasks_of_a_session(cluster: Cluster, tmp_path: Path) -> None:
    environment = {"PATH": "/usr/bin:/bin", **cluster.environment()}
    table = str(tmp_path / "table")
    (delta,) = re.findall(r"io\.delta:[\w.:-]+", (dbt_project_dir() / "profiles.yml").read_text())

    command = [sys.executable, "-c", SESSION, table, delta]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)

    assert "rows 500" in done.stdout, done.stderr[-3000:]
    tasks = tasks_by_executor(read_events(cluster.event_log))
    assert set(tasks) == {"0", "1"}, tasks


def test_nothing_listens_beyond_this_machine(cluster: Cluster) -> None:
    found = cluster.addresses()

    # 127.0.0.1, also as an address of IPv6.
    assert found and found <= {"0100007F", "0000000000000000FFFF00000100007F"}, found
