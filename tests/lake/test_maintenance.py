"""`sportmonks lake --optimize`: fewer files, and the same rows."""

import re
from pathlib import Path

import pytest
from deltalake import write_deltalake
from rich.console import Console

from extract.cli.messages import Messages
from extract.cli.progress_bar import ConsoleProgress
from extract.lake.maintenance import maintain_lake
from simulator import Simulator
from tests.support.lake import Lake, assert_is_copy
from tests.support.pipeline import Job


def test_optimize(
    duckdb_job: Job, api: Simulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    job = duckdb_job
    job.start_extracted()
    lake = Lake(tmp_path / "lake", job.database.schema)
    monkeypatch.setenv("LAKE_URL", lake.url)
    job.command("lake")
    for number in (1, 2):
        job.query(
            "insert into sportmonks_raw.api_calls (run_id, call_number, called_at) "
            f"values ('run {number}', 1, timestamptz '2026-01-01 10:00:00Z')"
        )
        job.command("lake")
    # A final table is left to Spark, and what is no table is left alone.
    final = lake.path / lake.schema / "teams"
    for _ in range(3):
        write_deltalake(final, lake.table("types").to_pyarrow_table(), mode="append")
    (lake.path / f"{lake.schema}_raw" / "_temporary").mkdir()
    files = len(lake.table("api_calls").file_uris())
    assert files > 1
    output = job.command("lake", "--optimize").output
    assert re.search(r"14 tables of the lake .*: \d+ files compacted, 0 old files", output)
    assert len(lake.table("api_calls").file_uris()) == 1
    # Old files are kept for a week; here for no time.
    before = _data_files(lake)

    freed = maintain_lake(ConsoleProgress(Messages(Console(stderr=True))), keep_hours=0)
    assert freed.removed == len(before - _data_files(lake)) >= files
    assert len(list(final.glob("*.parquet"))) == 3
    assert not list((lake.path / f"{lake.schema}_raw" / "_dlt_loads").iterdir())
    assert_is_copy(lake, job)
    job.extract("--fixture-ids", str(api.world.fixture_ids()[5]), "--force")
    assert_is_copy(lake, job)


def _data_files(lake: Lake) -> set[Path]:
    files = lake.path.rglob("*.parquet")
    return {file for file in files if file.parent.name != "_delta_log"}
