"""One session of Spark, as `query` starts it. Prints what it found as JSON."""

import json
import os
from pathlib import Path
from urllib.request import urlopen

from pyspark.sql import SparkSession

from extract.errors import UsageError
from extract.warehouse.spark import open_spark_query, spark_session

WRITES = [
    "create table sportmonks.other (a int) using delta",
    "insert into sportmonks.fixtures values (9)",
    "drop table sportmonks.fixtures",
    "with new as (select 9) insert into sportmonks.fixtures select * from new",
    "select 1); drop table sportmonks.fixtures; select (1",
    "set spark.sql.ansi.enabled = false",
]


def java_environments() -> list[str]:
    """The environments of all processes of Java: the driver's, and the cluster's."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            if process.name.isdigit() and "java" in (process / "comm").read_text():
                found.append((process / "environ").read_text(errors="replace"))
        except OSError:
            continue
    return found


with spark_session(None) as session:
    lake = os.environ["LAKE_URL"]
    session.sql(f"create schema sportmonks location '{lake}/sportmonks'")
    session.sql("create table sportmonks.fixtures using delta as select 2 as id")
    session.range(100_000).repartition(4).count()
    page = urlopen(f"{session.sparkContext.uiWebUrl}/environment/").read().decode()  # noqa: S310
    processes = java_environments()

refused = 0
with open_spark_query() as query:
    for sql in WRITES:
        try:
            query(sql, None)
        except UsageError:
            refused += 1
    names, rows = query("select id from fixtures -- the schema is chosen", None)
assert SparkSession.getActiveSession() is None
print(
    json.dumps(
        {
            "environment": page,
            "processes": processes,
            "rows": rows,
            "refused": refused,
            "writes": WRITES,
        }
    )
)
