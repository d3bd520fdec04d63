"""The variables and settings that name the warehouse."""

from pathlib import Path

import duckdb
import pytest

from extract.warehouse.target import duckdb_path, final_schema


def test_names_of_the_docs_are_not_ambiguous_in_the_default_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DUCKDB_PATH", raising=False)
    monkeypatch.delenv("SPORTMONKS_SCHEMA", raising=False)
    with duckdb.connect(tmp_path / duckdb_path()) as connection:
        connection.execute(f"create schema {final_schema()}")
        connection.execute(f"create table {final_schema()}.fixtures as select 1 as fixture_id")
        # DuckDB looks for a database of that name too.
        rows = connection.execute("select fixture_id from sportmonks.fixtures").fetchall()
    assert rows == [(1,)]
