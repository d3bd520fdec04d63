"""How long the job takes, against a floor and a plain script in the same run: `make bench`.

The simulator serves saved answers of a made-up world to all of them, over HTTP, from a process of
its own. Everything a person waits for is in the times: Python's, dlt's and dbt's start too. Read
the ratios; the seconds are of the machine.
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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.answers import Api, save, served
from bench.processes import Measured, run

# One call per fixture takes a tenth of a second each.
_ASKED_ONE_BY_ONE = 1_000
_SCHEMAS = ("bench", "bench_raw", "bench_raw_staging", "bench_staging", "floor", "script")


def main() -> None:
    """Measures, and prints what came of it as it comes."""
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--fixtures", type=int, nargs="+", default=[1_000, 10_000], help="sizes of the world"
    )
    parser.add_argument("--engines", nargs="+", default=["duckdb", "postgres"])
    parser.add_argument("--rounds", type=int, default=3, help="medians of so many")
    parser.add_argument("--latency", type=float, default=0.0, help="of an answer, in seconds")
    parser.add_argument(
        "--updates", action="store_true", help="only small updates, after one first load"
    )
    parser.add_argument("--folder", type=Path, help="where saved answers are kept")
    parser.add_argument("--json", type=Path, help="file for all figures")
    arguments = parser.parse_args()
    figures: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for fixtures in arguments.fixtures:
            answers = (arguments.folder or folder) / f"answers-{fixtures}"
            print(f"Saving answers of {fixtures:,} fixtures", file=sys.stderr)
            save(answers, fixtures)
            for engine in arguments.engines:
                database = _database(engine, folder)
                with served(answers, arguments.latency) as api:
                    bench = Bench(
                        api, answers, engine, database, folder, fixtures, arguments.latency
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
    """A database of the benchmark's own: the variables that lead to it, and how it is emptied."""

    environment: dict[str, str]
    empty: Callable[[], None]


def _database(engine: str, folder: Path) -> Database:
    if engine == "duckdb":

        def remove() -> None:
            for file in folder.glob("*.duckdb*"):
                file.unlink()

        return Database({"TARGET": "duckdb", "DUCKDB_PATH": str(folder / "job.duckdb")}, remove)
    # Not before it is needed: DuckDB needs no server.
    from bench.postgres import drop_schemas, start_server

    server = start_server()
    return Database(server, lambda: drop_schemas(server, _SCHEMAS))


class Bench:
    """The commands of one engine on one world."""

    def __init__(
        self,
        api: Api,
        answers: Path,
        engine: str,
        database: Database,
        folder: Path,
        fixtures: int,
        latency: float,
    ) -> None:
        self._api, self._engine, self._database, self._folder = api, engine, database, folder
        self._all = answers / "ids.txt"
        self._ids = [int(id) for id in self._all.read_text().split()]
        self._fixtures, self._latency = fixtures, latency
        self._environment = {
            **database.environment,
            "SPORTMONKS_SCHEMA": "bench",
            "SOURCES__SPORTMONKS__BASE_URL": api.base_url,
            "SOURCES__SPORTMONKS__API_TOKEN": api.token,
            "DLT_DATA_DIR": str(folder / "dlt"),
            "DBT_TARGET_PATH": str(folder / "target"),
            "DBT_LOG_PATH": str(folder / "logs"),
        }
        self._chance = random.Random(fixtures)  # noqa: S311 - no secret
        self._figures: list[dict[str, Any]] = []

    def measure(self, rounds: int, only_updates: bool) -> list[dict[str, Any]]:
        """All figures, or those of small updates."""
        latency = f", {self._latency * 1000:.0f} ms latency" if self._latency else ""
        print(f"\n{self._engine}, {self._fixtures:,} fixtures{latency}")
        self._empty()
        self._extract("run", "--seasons", "all", "--max-calls", "40")
        self._transform()
        begun = self._note("start: extract", rounds, lambda: self._python("extract.run"))
        begun += self._note("start: transform", rounds, lambda: self._transform("--select", "none"))
        if only_updates:
            self._load()
            self._transform()
        else:
            self._first_loads(rounds)
        self._both("nothing due", rounds, self._load, begun)
        for count in sorted({100, len(self._ids) // 100}):
            self._both(f"{count:,} fixtures changed", rounds, self._changed(count), begun)
        if not only_updates:
            self._note("full refresh", rounds, lambda: self._transform("--full-refresh"))
        return self._figures

    def _first_loads(self, rounds: int) -> None:
        floor = self._note("floor, first load", rounds, self._floor, before=self._empty)
        self._note("script, first load", rounds, self._script, floor, before=self._empty)

        def begin() -> None:
            self._empty()
            self._api.control.reset_requests()

        # Without latency it says nothing.
        one_by_one = self._one_call_per_fixture() if self._latency else None
        extracts, seconds = self._both("first load", rounds, self._load, floor, "floor", begin)
        self._note_shares(extracts)
        if one_by_one:
            name = f"one call per fixture ({_ASKED_ONE_BY_ONE:,} of them, scaled)"
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
        """The extracts, and the median of both commands together."""
        extracts, transforms = [], []
        for _ in range(rounds):
            before()
            extracts.append(extract())
            transforms.append(self._transform())
        self._note_all(f"{what}: extract", extracts)
        self._note_all(f"{what}: transform", transforms)
        both = [
            Measured(first.seconds + second.seconds, max(first.peak, second.peak))
            for first, second in zip(extracts, transforms, strict=True)
        ]
        return extracts, self._note_all(what, both, reference, unit)

    def _note_shares(self, extracts: list[Measured]) -> None:
        """What extracts say of themselves."""
        counts = [json.loads(extract.output) for extract in extracts]
        print(f"{'  calls':44} {counts[0]['calls']:8,}")
        size = counts[0]["bytes"] / self._fixtures
        print(f"{'  bytes of a fixture, over the network':44} {size:8,.0f}")
        for step in ("preparing", "fetching", "loading"):
            seconds = [count[f"{step}_seconds"] for count in counts]
            self._note_all(f"  of it {step}", [Measured(each, 0) for each in seconds])

    def _one_call_per_fixture(self) -> Measured:
        """The script with a fixture a call: of some fixtures, as if it were all."""
        ids = self._ids[:_ASKED_ONE_BY_ONE]
        some = self._folder / "some.txt"
        some.write_text("\n".join(map(str, ids)))
        self._empty()
        measured = self._other("script", some, "1")
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
            return self._extract("run", "--force", "--ids-file", str(file))

        return change

    # ------------------------------------------------------------------ commands

    def _python(self, module: str) -> Measured:
        # Imports it, and runs nothing.
        return run("timeit", "-n1", "-r1", f"import {module}", environment=self._environment)

    def _extract(self, *arguments: str) -> Measured:
        return run("extract", *arguments, "--json", environment=self._environment)

    def _load(self) -> Measured:
        return self._extract("run", "--seasons", "all")

    def _transform(self, *arguments: str) -> Measured:
        return run("extract", "transform", *arguments, environment=self._environment)

    def _floor(self) -> Measured:
        return self._other("floor", self._all)

    def _script(self) -> Measured:
        return self._other("script", self._all)

    def _other(self, program: str, ids: Path, *options: str) -> Measured:
        where = f"duckdb:{self._folder / program}.duckdb"
        if self._engine == "postgres":
            where = "postgres"
        arguments = [self._api.base_url, self._api.token, str(ids), where, *options]
        return run(f"bench.{program}", *arguments, environment=self._environment)

    def _empty(self) -> None:
        """Takes away all that was loaded, and what dlt remembers of it."""
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
        unit: str = "floor",
    ) -> float:
        """Prints and keeps a figure, and returns its median in seconds."""
        seconds = statistics.median(each.seconds for each in measured)
        peak = max(each.peak for each in measured)
        ratio = "" if reference is None else f"{seconds / reference:8.2f} x {unit}"
        memory = f"{peak:8.0f} MB" if peak else ""
        print(f"{what:44} {seconds:8.2f} s {memory} {ratio}", flush=True)
        self._figures.append(
            {
                "engine": self._engine,
                "fixtures": self._fixtures,
                "latency": self._latency,
                "what": what,
                "seconds": [round(each.seconds, 3) for each in measured],
                "peak_megabytes": round(peak),
                "ratio": None if reference is None else round(seconds / reference, 3),
            }
        )
        return seconds


if __name__ == "__main__":
    main()
