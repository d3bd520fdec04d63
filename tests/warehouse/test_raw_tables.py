"""What the packages around the warehouse must know of its tables, and of its errors."""

from contextlib import closing
from dataclasses import fields

import duckdb
import psycopg2
import pytest

from extract.api.responses import ApiCall
from extract.warehouse.factory import open_warehouse
from extract.warehouse.raw_tables import SCHEMAS
from simulator import Simulator
from tests.support.pipeline import Job


def test_every_fact_about_a_call_has_a_column() -> None:
    """Rows are converted by name: a field without a column would be dropped without an error."""
    names = [field.name for field in fields(ApiCall)]
    assert sorted(["run_id", *names]) == sorted(SCHEMAS["api_calls"].names)


def test_only_a_missing_table_or_schema_means_no_rows(job: Job, api: Simulator) -> None:
    job.extract("--fixture-ids", str(api.world.fixture_ids()[0]))
    with closing(open_warehouse(None)) as warehouse:
        for missing in ("no_such_schema.fixtures", f"{warehouse.raw}.no_such_table"):
            assert warehouse.query(f"select * from {missing}") == []
        assert warehouse.query("select 1") == [(1,)]
        for wrong in ("no_such_function(1)", "no_such_column", "cast(1 as no_such_type)"):
            with pytest.raises((duckdb.Error, psycopg2.Error)):
                warehouse.query(f"select {wrong} from {warehouse.raw}.fixtures")
