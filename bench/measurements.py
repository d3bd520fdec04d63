"""What is measured on one engine and one world, in this order."""

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial, reduce
from operator import add
from pathlib import Path

from bench.databases import Database
from bench.equality import find_differences
from bench.figures import Figures
from bench.jobs import Job, Program
from bench.processes import Measured, median
from bench.recorded_responses import Api
from bench.sizes import read_sizes

# Fixtures for the measurement of one call per fixture.
_ONE_BY_ONE = 1_000

# The commands of a figure, by name. The sum of several is another figure, named "".
_Commands = dict[str, Callable[[], Measured]]
_Runs = dict[str, list[Measured]]
_EVERYTHING = ["--seasons", "all"]


@dataclass(frozen=True)
class World:
    """The fixtures that are loaded.

    Attributes:
        api: serves them.
        ids: a file with their ids.
        latency: seconds before each response.
        include: what is fetched of a fixture, in the API's syntax.
    """

    api: Api
    ids: Path
    latency: float
    include: str


class Bench:
    """The commands of one checkout, or of two in turn.

    Args:
        jobs: the project of each checkout.
        world: that they load.
        database: of the baselines and the naive script.
        folder: for working files.
        figures: that the results are added to.
        rounds: runs of each command.
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        world: World,
        database: Database,
        folder: Path,
        figures: Figures,
        rounds: int,
    ) -> None:
        self._jobs, self._world, self._database = jobs, world, database
        self._folder, self._figures, self._rounds = folder, figures, rounds
        self._ids = [int(id) for id in world.ids.read_text().split()]
        self._chance = random.Random(len(self._ids))  # noqa: S311 - no secret

    def measure(self, only_updates: bool) -> None:
        """Measures first loads, small updates and a full refresh, or only small updates."""
        for job in self._jobs:
            job.empty()
            job.extract(*_EVERYTHING, "--max-calls", "40")
            job.transform()
        references = {"start": self._total(self._compare("start", _start))}
        if only_updates:
            for job in self._jobs:
                job.extract(*_EVERYTHING)
                job.transform()
        else:
            self._first_loads()
        self._updates("nothing due", lambda: _EVERYTHING, references)
        for count in sorted({min(100, len(self._ids)), len(self._ids) // 100} - {0}):
            change = partial(self._change, count)
            self._updates(f"{count:,} fixtures changed", change, references)
        if not only_updates:
            self._compare("full refresh", _full_refresh)

    def _compare(
        self,
        what: str,
        commands: Callable[[Job, list[str]], _Commands],
        references: Mapping[str, Measured] | None = None,
        before: Callable[[Job], None] = lambda job: None,
        prepare: Callable[[], list[str]] = lambda: _EVERYTHING,
    ) -> list[_Runs]:
        """Measures commands in each checkout in turn, and notes their figures.

        Args:
            what: they do.
            commands: of a checkout, with the arguments that select fixtures.
            references: what the sum of the commands is compared with.
            before: runs before the commands of a checkout, and is not measured.
            prepare: runs once in a round; returns the arguments that select fixtures.

        Returns:
            The runs of each checkout.
        """
        found: list[_Runs] = [{} for _ in self._jobs]
        for number in range(self._rounds):
            arguments = prepare()
            turns = list(zip(self._jobs, found, strict=True))
            # Not always the same one first.
            for job, runs in turns if number % 2 == 0 else reversed(turns):
                before(job)
                measured = {name: run() for name, run in commands(job, arguments).items()}
                measured[""] = reduce(add, measured.values())
                for name, each in measured.items():
                    runs.setdefault(name, []).append(each)
        for name in found[0]:
            title, compared = (f"{what}: {name}", None) if name else (what, references)
            self._figures.note(title, [runs[name] for runs in found], compared)
        return found

    def _total(self, found: list[_Runs]) -> Measured:
        return median(found[0][""])

    # ------------------------------------------------------------------ first loads

    def _first_loads(self) -> None:
        references: dict[str, Measured] = {}
        one_by_one = None
        # Two checkouts are compared with one another.
        if len(self._jobs) == 1:
            references = self._baselines()
            # Without latency the comparison has no meaning.
            one_by_one = self._one_call_per_fixture() if self._world.latency else None

        self._compare("first load, cold", _both, references, _empty_unparsed)
        self._compare("first load, `run`", _run, references, Job.empty)
        found = self._compare("first load", _both, references, Job.empty)
        if len(self._jobs) == 1:
            self._note_shares(found[0]["extract"])
            self._note_sizes(median(found[0]["transform"]))
            self._check_fair_baseline()
        if one_by_one:
            name = f"one call per fixture ({_ONE_BY_ONE:,}, scaled)"
            self._figures.note(name, [[one_by_one]], {"first load": self._total(found)})

    def _baselines(self) -> dict[str, Measured]:
        """Measures the other programs; returns the costs that first loads are compared with."""
        include = self._world.include
        found: dict[str, Measured] = {}
        for name, program in {
            "baseline": self._program("baseline", "baseline", "three", include),
            "fair baseline": self._program("fair", "baseline", "fair", include),
            "naive script": self._program("naive", "naive"),
        }.items():
            measured = [program.load(self._world.ids) for _ in range(self._rounds)]
            cost = self._figures.note(f"{name}, first load", [measured], found)
            if name != "naive script":
                found[name] = cost
        return found

    def _program(self, name: str, module: str, *options: str) -> Program:
        return Program(name, module, *options, database=self._database, api=self._world.api)

    def _one_call_per_fixture(self) -> Measured:
        """The naive script with one fixture per call: measured on some, scaled to all."""
        ids = self._ids[:_ONE_BY_ONE]
        some = self._folder / "some.txt"
        some.write_text("\n".join(map(str, ids)))
        measured = self._program("naive", "naive", "1").load(some)
        scale = len(self._ids) / len(ids)
        return Measured(
            measured.seconds * scale,
            measured.peak,
            measured.client_cpu * scale,
            measured.server_cpu * scale,
        )

    def _note_shares(self, extracts: list[Measured]) -> None:
        """Notes what the extracts report."""
        counts = [json.loads(extract.output) for extract in extracts]
        self._figures.note_number("calls", f"{counts[0]['calls']:,}")
        size = counts[0]["bytes"] / len(self._ids)
        self._figures.note_number("bytes of a fixture, over the network", f"{size:,.0f}")
        for step in ("preparing", "fetching", "loading"):
            seconds = [Measured(count[f"{step}_seconds"]) for count in counts]
            self._figures.note(f"  of it {step}", [seconds])

    def _note_sizes(self, transform: Measured) -> None:
        """Notes the rows and bytes in the warehouse, and the largest response."""
        sizes = read_sizes(self._jobs[0].environment)
        payload = sizes.payload_bytes / sizes.fixtures
        numbers = {
            "largest response, MB": f"{sizes.largest_response / 1e6:.2f}",
            "most fixtures in a response": f"{sizes.largest_batch:,}",
            "database, MB": f"{sizes.database_bytes / 1e6:,.0f}",
            "stored payload, bytes a fixture": f"{payload:,.0f}",
            "player statistics": f"{sizes.statistics:,}",
        }
        if sizes.statistics:
            bytes_of_row = sizes.statistic_bytes / sizes.statistics
            numbers |= {
                "bytes of a player statistic": f"{bytes_of_row:,.0f}",
                "of them per second of transform": f"{sizes.statistics / transform.seconds:,.0f}",
                "of them per CPU second of transform": f"{sizes.statistics / transform.cpu:,.0f}",
            }
        for what, number in numbers.items():
            self._figures.note_number(what, number)
        self._figures.add("sizes", asdict(sizes))

    def _check_fair_baseline(self) -> None:
        place = self._database.place("fair")
        differences = find_differences(self._jobs[0].environment, place)
        if differences:
            raise SystemExit("The fair baseline has other rows than the project: " + differences)
        self._figures.note_number("the fair baseline's tables are the project's", "yes")

    # ------------------------------------------------------------------ small updates

    def _updates(
        self, what: str, prepare: Callable[[], list[str]], starts: Mapping[str, Measured]
    ) -> None:
        """Measures an update by both commands, and another one by `run`."""
        self._compare(what, _both, starts, prepare=prepare)
        self._compare(f"{what}, `run`", _run, starts, prepare=prepare)

    def _change(self, count: int) -> list[str]:
        """Changes fixtures of the API; returns the arguments that fetch them."""
        control = self._world.api.control
        changed = self._chance.sample(self._ids, count)
        for id in changed:
            fixture = control.fixture(id)
            if fixture["statistics"]:
                statistic = self._chance.choice(fixture["statistics"])["id"]
                control.correct_statistic(id, statistic, self._chance.randint(100, 10**6))
            else:
                control.update(id, {"leg": str(self._chance.random())})
        file = self._folder / "changed.txt"
        file.write_text("\n".join(map(str, changed)))
        return ["--force", "--ids-file", str(file)]


def _start(job: Job, _: list[str]) -> _Commands:
    return {"extract": job.import_extract, "transform": lambda: job.transform("--select", "none")}


def _both(job: Job, arguments: list[str]) -> _Commands:
    return {"extract": lambda: job.extract(*arguments), "transform": job.transform}


def _run(job: Job, arguments: list[str]) -> _Commands:
    return {"": lambda: job.run(*arguments)}


def _full_refresh(job: Job, _: list[str]) -> _Commands:
    return {"": lambda: job.transform("--full-refresh")}


def _empty_unparsed(job: Job) -> None:
    job.empty()
    job.forget_parsed()
