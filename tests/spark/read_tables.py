"""Prints the rows of all tables and views on Spark, pickled; of a table, the rows of each version.

It is a program, because only one process at a time can open the list of tables.
"""

import pickle
import sys

from extract.warehouse.spark import spark_session


def read(schemas: list[str]) -> dict[str, list[object]]:
    """The versions of each table, oldest first; a view has one."""
    found: dict[str, list[object]] = {}
    with spark_session(None) as session:
        session.conf.set("spark.sql.session.timeZone", "UTC")
        for schema in schemas:
            for row in session.sql(f"show tables in {schema}").collect():
                if row.isTemporary:
                    continue
                name = f"{schema}.{row.tableName}"
                kind = session.catalog.getTable(name).tableType
                queries = [f"select * from {name}"]
                if kind != "VIEW":
                    history = session.sql(f"describe history {name}").collect()
                    versions = sorted(entry.version for entry in history)
                    queries = [f"select * from {name} version as of {n}" for n in versions]
                found[name] = [session.sql(query).toArrow().to_pylist() for query in queries]
    return found


if __name__ == "__main__":
    sys.stdout.buffer.write(pickle.dumps(read(sys.argv[1:])))
