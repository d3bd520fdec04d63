"""The table of the parts of payloads, which DuckDB keeps."""

from tests.support.pipeline import Job

PARTS = "sportmonks_staging.int_fixture_parts"


def test_all_payloads_are_read_again_when_the_declared_fields_change(duckdb_job: Job) -> None:
    duckdb_job.start_complete()
    rows = f"select * from {PARTS} order by fixture_id"
    before = duckdb_job.query(rows)
    duckdb_job.query(f"update {PARTS} set fixture = null, parts_version = 'older'")
    duckdb_job.transform("--select", "int_fixture_parts")
    assert duckdb_job.query(rows) == before
