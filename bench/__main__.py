"""Times extract and transform against a baseline and a naive script in the same run: `make bench`.

The simulator serves recorded responses of a made-up world to all three over HTTP, from a process of
its own. The times include the start of Python, dlt and dbt. Compare the ratios: the seconds depend
on the machine.
"""

import argparse
import json
import os
import platform
import random
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.postgres_server import start_postgres
from bench.processes import Measured, run
from bench.recorded_responses import INCLUDES, Api, record, serve
from bench.sizes import SCHEMA, read_sizes

# Fixtures for the measurement of one call per fixture.
_ONE_BY_ONE = 1_000
_SCHEMAS = ("bench", "bench_raw", "bench_raw_staging", "bench_staging", "baseline", "naive")


def main() -> None:
    """Measures, and prints each figure as soon as it is known."""
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--fixtures", type=int, nargs="+", default=[1_000, 10_000], help="sizes of the world"
    )
    parser.add_argument(
        "--include",
        choices=INCLUDES,
        default="default",
        help="what is fetched of a fixture: five parts, the default, or also players' statistics",
    )
    parser.add_argument("--engines", nargs="+", default=["duckdb", "postgres"])
    parser.add_argument("--rounds", type=int, default=3, help="figures are medians of these")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each response")
    parser.add_argument(
        "--updates", action="store_true", help="only small updates, after one first load"
    )
    parser.add_argument("--folder", type=Path, help="where recorded responses are kept")
    parser.add_argument("--json", type=Path, help="file for all figures")
    arguments = parser.parse_args()
    figures: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for fixtures in arguments.fixtures:
            name = f"responses-{arguments.include}-{fixtures}"
            responses = (arguments.folder or folder) / name
            print(f"Recording responses of {fixtures:,} fixtures", file=sys.stderr)
            record(responses, fixtures, INCLUDES[arguments.include])
            for engine in arguments.engines:
                database = _database(engine, folder)
                with serve(responses, arguments.latency) as api:
                    bench = Bench(
                        api,
                        responses,
                        engine,
                        database,
                        folder,
                        fixtures,
                        arguments.latency,
                        arguments.include,
                    )
                    figures += bench.measure(arguments.rounds, arguments.updates)
    if arguments.json:
        document = {
            "python": platform.python_version(),
            "cores": os.cpu_count(),
            "figures": figures,
        }
        arguments.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


@dataclass(frozen=True)
class Database:
    """A database for the benchmark: its environment variables, and how to empty it."""

    environment: dict[str, str]
    empty: Callable[[], None]


def _database(engine: str, folder: Path) -> Database:
    if engine == "duckdb":

        def remove() -> None:
            for file in folder.glob("*.duckdb*"):
                file.unlink()

        return Database({"TARGET": "duckdb", "DUCKDB_PATH": str(folder / "job.duckdb")}, remove)
    environment, execute = start_postgres(folder / "postgres")

    def drop() -> None:
        for schema in _SCHEMAS:
            execute(f"drop schema if exists {schema} cascade")

    return Database(environment, drop)


class Bench:
    """The commands of one engine on one world."""

    def __init__(
        self,
        api: Api,
        responses: Path,
        engine: str,
        database: Database,
        folder: Path,
        fixtures: int,
        latency: float,
        include: str,
    ) -> None:
        self._api, self._engine, self._database, self._folder = api, engine, database, folder
        self._all = responses / "ids.txt"
        self._ids = [int(id) for id in self._all.read_text().split()]
        self._fixtures, self._latency, self._include = fixtures, latency, include
        self._environment = {
            **database.environment,
            "SPORTMONKS_SCHEMA": SCHEMA,
            "SOURCES__SPORTMONKS__INCLUDE": INCLUDES[include],
            "SOURCES__SPORTMONKS__BASE_URL": api.base_url,
            "SOURCES__SPORTMONKS__API_TOKEN": api.token,
            "DLT_DATA_DIR": str(folder / "dlt"),
            "DBT_TARGET_PATH": str(folder / "target"),
            "DBT_LOG_PATH": str(folder / "logs"),
        }
        self._chance = random.Random(fixtures)  # noqa: S311 - no secret
        self._figures: list[dict[str, Any]] = []

    def measure(self, rounds: int, only_updates: bool) -> list[dict[str, Any]]:
        """Measures everything, or only small updates."""
        latency = f", {self._latency * 1000:.0f} ms latency" if self._latency else ""
        print(f"\n{self._engine}, {self._fixtures:,} fixtures, include {self._include}{latency}")
        self._empty()
        self._extract("--seasons", "all", "--max-calls", "40")
        self._transform()
        starts = self._note("start: extract", rounds, lambda: self._python("extract.runs.run"))
        starts += self._note(
            "start: transform", rounds, lambda: self._transform("--select", "none")
        )
        if only_updates:
            self._load()
            self._transform()
        else:
            self._first_loads(rounds)
        self._both("nothing due", rounds, self._load, starts)
        for count in sorted({100, len(self._ids) // 100}):
            self._both(f"{count:,} fixtures changed", rounds, self._changed(count), starts)
        if not only_updates:
            self._note("full refresh", rounds, lambda: self._transform("--full-refresh"))
        return self._figures

    def _first_loads(self, rounds: int) -> None:
        baseline = self._note("baseline, first load", rounds, self._baseline, before=self._empty)
        self._note("naive script, first load", rounds, self._naive, baseline, before=self._empty)

        def begin() -> None:
            self._empty()
            self._api.control.reset_requests()

        # Without latency the comparison has no meaning.
        one_by_one = self._one_call_per_fixture() if self._latency else None
        extracts, seconds = self._both(
            "first load", rounds, self._load, baseline, "baseline", begin
        )
        self._note_shares(extracts)
        self._note_sizes()
        if one_by_one:
            name = f"one call per fixture ({_ONE_BY_ONE:,} of them, scaled)"
            self._note_all(name, [one_by_one], seconds, "first load")

    def _both(
        self,
        what: str,
        rounds: int,
        extract: Callable[[], Measured],
        reference: float,
        unit: str = "starts",
        before: Callable[[], None] = lambda: None,
    ) -> tuple[list[Measured], float]:
        """Measures both commands; returns the extracts and the median of both together."""
        extracts, transforms = [], []
        for _ in range(rounds):
            before()
            extracts.append(extract())
            transforms.append(self._transform())
        self._note_all(f"{what}: extract", extracts)
        self._note_all(f"{what}: transform", transforms)
        both = [
            Measured(
                first.seconds + second.seconds,
                max(first.peak, second.peak),
                first.cpu + second.cpu,
            )
            for first, second in zip(extracts, transforms, strict=True)
        ]
        return extracts, self._note_all(what, both, reference, unit)

    def _note_shares(self, extracts: list[Measured]) -> None:
        """Prints the figures that the extracts report."""
        counts = [json.loads(extract.output) for extract in extracts]
        print(f"{'  calls':44} {counts[0]['calls']:8,}")
        size = counts[0]["bytes"] / self._fixtures
        print(f"{'  bytes of a fixture, over the network':44} {size:8,.0f}")
        for step in ("preparing", "fetching", "loading"):
            seconds = [count[f"{step}_seconds"] for count in counts]
            self._note_all(f"  of it {step}", [Measured(each, 0) for each in seconds])

    def _note_sizes(self) -> None:
        """Prints the rows and bytes in the warehouse, and the largest response."""
        sizes = read_sizes(self._environment)
        lines = [
            ("largest response, MB", f"{sizes.largest_response / 1e6:.2f}"),
            ("most fixtures in a response", f"{sizes.largest_batch:,}"),
            ("database, MB", f"{sizes.database_bytes / 1e6:,.0f}"),
            ("stored payload, bytes a fixture", f"{sizes.payload_bytes / sizes.fixtures:,.0f}"),
            ("player statistics", f"{sizes.statistics:,}"),
        ]
        if sizes.statistics:
            millions = sizes.statistics / 1e6
            transform = next(
                figure for figure in self._figures if figure["what"] == "first load: transform"
            )
            seconds, cpu = (
                statistics.median(transform[key]) / millions for key in ("seconds", "cpu_seconds")
            )
            lines += [
                ("bytes of a row", f"{sizes.statistic_bytes / sizes.statistics:,.0f}"),
                ("transform, s for a million of them", f"{seconds:,.1f}"),
                ("transform, s CPU for a million of them", f"{cpu:,.1f}"),
            ]
        for what, number in lines:
            print(f"{'  ' + what:44} {number:>8}")
        self._figures.append(
            {"engine": self._engine, "fixtures": self._fixtures, "what": "sizes", **asdict(sizes)}
        )

    def _one_call_per_fixture(self) -> Measured:
        """The naive script with one fixture per call: measured on some, scaled to all."""
        ids = self._ids[:_ONE_BY_ONE]
        some = self._folder / "some.txt"
        some.write_text("\n".join(map(str, ids)))
        self._empty()
        measured = self._other("naive", some, "1")
        return Measured(measured.seconds * len(self._ids) / len(ids), measured.peak)

    def _changed(self, count: int) -> Callable[[], Measured]:
        def change() -> Measured:
            changed = self._chance.sample(self._ids, count)
            for id in changed:
                fixture = self._api.control.fixture(id)
                if fixture["statistics"]:
                    statistic = self._chance.choice(fixture["statistics"])["id"]
                    value = self._chance.randint(100, 10**6)
                    self._api.control.correct_statistic(id, statistic, value)
                else:
                    self._api.control.update(id, {"leg": str(self._chance.random())})
            file = self._folder / "changed.txt"
            file.write_text("\n".join(map(str, changed)))
            return self._extract("--force", "--ids-file", str(file))

        return change

    # ------------------------------------------------------------------ commands

    def _python(self, module: str) -> Measured:
        # Imports it, and runs nothing.
        return run("timeit", "-n1", "-r1", f"import {module}", environment=self._environment)

    def _extract(self, *arguments: str) -> Measured:
        return run("extract", "extract", *arguments, "--json", environment=self._environment)

    def _load(self) -> Measured:
        return self._extract("--seasons", "all")

    def _transform(self, *arguments: str) -> Measured:
        return run("extract", "transform", *arguments, environment=self._environment)

    def _baseline(self) -> Measured:
        return self._other("baseline", self._all)

    def _naive(self) -> Measured:
        return self._other("naive", self._all)

    def _other(self, program: str, ids: Path, *options: str) -> Measured:
        where = f"duckdb:{self._folder / program}.duckdb"
        if self._engine == "postgres":
            where = "postgres"
        arguments = [self._api.base_url, self._api.token, str(ids), where, *options]
        return run(f"bench.{program}", *arguments, environment=self._environment)

    def _empty(self) -> None:
        """Removes all loaded data and dlt's state."""
        shutil.rmtree(self._folder / "dlt", ignore_errors=True)
        self._database.empty()

    # ------------------------------------------------------------------ figures

    def _note(
        self,
        what: str,
        rounds: int,
        command: Callable[[], Measured],
        reference: float | None = None,
        before: Callable[[], None] = lambda: None,
    ) -> float:
        measured = []
        for _ in range(rounds):
            before()
            measured.append(command())
        return self._note_all(what, measured, reference)

    def _note_all(
        self,
        what: str,
        measured: list[Measured],
        reference: float | None = None,
        unit: str = "baseline",
    ) -> float:
        """Prints and keeps a figure; returns its median in seconds."""
        seconds = statistics.median(each.seconds for each in measured)
        peak = max(each.peak for each in measured)
        ratio = "" if reference is None else f"{seconds / reference:8.2f} x {unit}"
        cpu = statistics.median(each.cpu for each in measured)
        processor = f"{cpu:8.2f} s CPU" if cpu else ""
        memory = f"{peak:8.0f} MB" if peak else ""
        print(f"{what:44} {seconds:8.2f} s {processor} {memory} {ratio}", flush=True)
        self._figures.append(
            {
                "engine": self._engine,
                "fixtures": self._fixtures,
                "latency": self._latency,
                "include": self._include,
                "what": what,
                "seconds": [round(each.seconds, 3) for each in measured],
                "cpu_seconds": [round(each.cpu, 3) for each in measured],
                "peak_megabytes": round(peak),
                "ratio": None if reference is None else round(seconds / reference, 3),
            }
        )
        return seconds


if __name__ == "__main__":
    main()
