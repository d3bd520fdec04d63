"""The descriptions of the final tables and of their columns are comments in the database."""

from dbt.artifacts.resources.types import NodeType
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest

from extract.config.paths import dbt_options
from simulator import Simulator
from tests.support.pipeline import Job

COMMENTS = {
    "duckdb": (
        "select table_name, column_name, comment from duckdb_columns() "
        "where schema_name = 'sportmonks' union all "
        "select table_name, '', comment from duckdb_tables() where schema_name = 'sportmonks' "
        "union all "
        "select view_name, '', comment from duckdb_views() where schema_name = 'sportmonks'"
    ),
    "postgres": (
        "select relname, coalesce(attname, ''), description from pg_description "
        "inner join pg_class on pg_class.oid = objoid and classoid = 'pg_class'::regclass "
        "left join pg_attribute on attrelid = objoid and attnum = objsubid and attnum > 0 "
        "where relnamespace = 'sportmonks'::regnamespace"
    ),
}


def test_descriptions_are_comments(job: Job, api: Simulator) -> None:
    job.start_complete()
    result = dbtRunner().invoke(["parse", "--quiet", "--no-write-json", *dbt_options()]).result
    assert isinstance(result, Manifest)
    expected = {
        (node.name, name): text
        for node in result.nodes.values()
        if node.resource_type == NodeType.Model and "marts" in node.fqn
        for name, text in [
            ("", node.description),
            *((column.name, column.description) for column in node.columns.values()),
        ]
    }
    assert any("'" in text for text in expected.values())
    found = {
        # The comment on a view ends with a mark: macros/materializations/view.sql.
        (table, column): text.partition(" [")[0] if not column else text
        for table, column, text in job.query(COMMENTS[job.database.environment()["TARGET"]])
    }
    assert {key: text.strip() for key, text in found.items()} == {
        key: text.strip() for key, text in expected.items()
    }
