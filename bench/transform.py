"""How long a transform takes after a small change, against a full refresh: `make bench`.

Loads a made-up world, corrects a share of its fixtures and builds them, several times, then builds
all tables anew. Everything a person waits for is in it: Python's and dbt's start, marts and checks.

With TARGET=postgres it works in schemas of its own (`bench`, `bench_raw` …) of the database that
the PG* variables name, which it drops first; on DuckDB in a temporary file.
"""

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from simulator.running import Simulator

SCHEMA = "bench"


def main() -> None:
    """Runs the benchmark and prints its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fixtures", type=int, default=10_000, help="in the world (about)")
    parser.add_argument("--share", type=float, default=0.01, help="of them that change")
    parser.add_argument("--rounds", type=int, default=3, help="changes to be measured")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        _measure(Path(folder), arguments.fixtures, arguments.share, arguments.rounds)


def _measure(folder: Path, fixtures: int, share: float, rounds: int) -> None:
    chance = random.Random(rounds)  # noqa: S311
    # A season of 20 teams has 383 matches.
    with Simulator(leagues=max(1, round(fixtures / 383)), seasons=1, teams=20, quota=10**7) as api:
        job = _Job(folder, api)
        seconds = job.run("run", "--seasons", "all")
        _print("first load", seconds)
        _print("first transform", job.run("transform"))
        ids = list(api.world.fixture_ids())
        finished = [id for id in ids if api.world.base(id)["state_id"] == 5]
        changes = []
        for _ in range(rounds):
            changed = chance.sample(finished, round(len(ids) * share))
            for id in changed:
                statistic = chance.choice(api.world.fixture(id)["statistics"])["id"]
                api.control.correct_statistic(id, statistic, chance.randint(100, 10**6))
            (folder / "ids.txt").write_text("\n".join(map(str, changed)))
            job.run("run", "--force", "--ids-file", str(folder / "ids.txt"))
            changes.append(job.run("transform"))
            _print(f"transform after {len(changed):,} of {len(ids):,} changed", changes[-1])
        nothing = job.run("transform")
        _print("transform after nothing changed", nothing)
        whole = job.run("transform", "--full-refresh")
        _print("full refresh", whole)
    change = statistics.median(changes)
    print(f"A change of {share:.0%} takes {change / whole:.3f} of a full refresh's time.")


class _Job:
    """The job on a database of its own."""

    def __init__(self, folder: Path, api: Simulator) -> None:
        self._environment = os.environ | {
            "SPORTMONKS_SCHEMA": SCHEMA,
            "SOURCES__SPORTMONKS__BASE_URL": api.base_url,
            "SOURCES__SPORTMONKS__API_TOKEN": api.token,
            "DUCKDB_PATH": str(folder / "warehouse.duckdb"),
            "DLT_DATA_DIR": str(folder / "dlt"),
            "DBT_TARGET_PATH": str(folder / "target"),
            "DBT_LOG_PATH": str(folder / "logs"),
        }
        if os.environ.get("TARGET") == "postgres":
            _drop_schemas()

    def run(self, *arguments: str) -> float:
        """Runs a command and returns its seconds; its output is shown if it fails."""
        begun = time.perf_counter()
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-m", "extract", *arguments],
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            sys.exit(f"{' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
        return time.perf_counter() - begun


def _drop_schemas() -> None:
    import psycopg2

    with psycopg2.connect("") as connection, connection.cursor() as cursor:
        for suffix in ("_raw_staging", "_staging", "_raw", ""):
            cursor.execute(f"drop schema if exists {SCHEMA}{suffix} cascade")


def _print(what: str, seconds: float) -> None:
    print(f"{what:48} {seconds:8.1f} s", flush=True)


if __name__ == "__main__":
    main()
