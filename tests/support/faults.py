"""The job against every way in which the API misbehaves. `make faults` prints the whole table."""

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import requests
from rich.console import Console
from rich.progress import track

from extract.config.includes import DEFAULT_INCLUDE
from simulator import Simulator
from tests.support.assertions import with_sorted_arrays
from tests.support.pipeline import DuckDb, Job, setting

# By the name that the table shows: the fault, and what must be different about the job.
FAULTS: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "HTTP 500": ({"kind": "status", "status": 500}, {}),
    "HTTP 503 with Retry-After": (
        {"kind": "status", "status": 503, "headers": {"Retry-After": "0"}},
        {},
    ),
    "HTTP 400": ({"kind": "status", "status": 400}, {}),
    "HTTP 500 that repeats the token": ({"kind": "echo_token"}, {}),
    "connection reset": ({"kind": "reset"}, {}),
    "no answer": ({"kind": "hang"}, {"TIMEOUT": "0.7"}),
    "a byte at a time": ({"kind": "drip"}, {"TIMEOUT": "0.7"}),
    "headers a byte at a time": ({"kind": "drip_headers"}, {"TIMEOUT": "0.7"}),
    "late answer": ({"kind": "delay", "seconds": 0.2}, {}),
    "transfer breaks off": ({"kind": "truncate"}, {}),
    "body cut in the middle": ({"kind": "cut_body"}, {}),
    "body empty": ({"kind": "empty_body"}, {}),
    "body of 30 MB": ({"kind": "large_body"}, {}),
    "body of 1 GB": ({"kind": "flood"}, {"MAX_ANSWER_SIZE": "2"}),
    "compressed body of 1 GB": ({"kind": "flood", "packed": True}, {"MAX_ANSWER_SIZE": "2"}),
    "invalid UTF-8": ({"kind": "invalid_utf8"}, {}),
    "NaN": ({"kind": "nan"}, {}),
    "gzip that is none": ({"kind": "lying_gzip"}, {}),
    "gzip damaged": ({"kind": "broken_gzip"}, {}),
    "HTML with status 200": ({"kind": "html"}, {}),
    "redirect to another host": ({"kind": "redirect", "location": "http://localhost:9/"}, {}),
    "429, calls left": ({"kind": "burst_429", "retry_after": 0}, {}),
    "message, no data": ({"kind": "no_data"}, {}),
    "data null": ({"kind": "null_data"}, {}),
    "data an object": ({"kind": "object_data"}, {}),
    "rows of nulls": ({"kind": "null_rows"}, {}),
    "ids null": ({"kind": "null_ids"}, {}),
    "rows not requested": ({"kind": "foreign_rows", "path": "multi"}, {}),
    "rows twice": ({"kind": "repeated_rows"}, {}),
    "ids missing": ({"kind": "missing_ids", "path": "multi"}, {}),
    "events missing": ({"kind": "missing_include", "include": "events"}, {}),
    "events empty": ({"kind": "empty_include", "include": "events"}, {}),
    "subscription.meta a list": ({"kind": "meta_list"}, {}),
    "extra keys": ({"kind": "extra_keys"}, {}),
}
SHARES = (0.01, 0.1, 0.5)
# For a new fixture, these cannot be distinguished from a correct response.
LIES = {"events empty"}


@dataclass(frozen=True)
class Result:
    """What a run under a fault did.

    Attributes:
        exit_code: of the run.
        counts: its closing summary.
        outcomes: number of fixtures by outcome.
        known: fixtures that it was to ask for.
        without_outcome: requested fixtures without an outcome.
        wrong: those that are stored and are not what the API has.
        wrong_afterwards: the same after a run without faults.
        exit_code_afterwards: of that run.
        output: what both runs said.
    """

    exit_code: int
    counts: dict[str, Any]
    outcomes: dict[str, int]
    known: int
    without_outcome: int
    wrong: int
    wrong_afterwards: int
    exit_code_afterwards: int
    output: str

    @property
    def is_right(self) -> bool:
        """Whether nothing was lost, nothing is wrong, and the exit codes say what happened."""
        failed = self.outcomes.get("failed", 0) > 0 or self.counts["outcome"] == "failed"
        return (
            self.exit_code == int(failed)
            and self.without_outcome == self.wrong == self.wrong_afterwards == 0
            and self.exit_code_afterwards == 0
        )


def measure(name: str, share: float, folder: Path) -> Result:
    """Runs the job under a fault, then without it.

    Half of the fixtures are stored before, some of them are corrected since.

    Args:
        name: of the fault.
        share: of the answers that it strikes, 0 to 1.
        folder: where the job may work.
    """
    fault, changes = FAULTS[name]
    shutil.copy(_half_stored(), folder / "warehouse.duckdb")
    with _api() as api:
        job = _job(folder)
        settings = {setting(key): value for key, value in changes.items()}
        with _environment(job.environment(api.base_url, api.token) | _SIZE | settings):
            ids = api.world.fixture_ids()
            _correct(api, ids)
            lasting = {"ids": ids[::7]} if fault["kind"] == "missing_ids" else {}
            api.control.faults([{**fault, **lasting, "share": share, "seed": len(name)}])
            run = job.any_code("extract", "--force", "--json")
            api.control.clear_faults()
            first = _probe(job, api)
            again = job.any_code("extract", "--force", "--json")
            return Result(
                exit_code=run.exit_code,
                counts=json.loads(run.stdout),
                outcomes=first.outcomes,
                known=len(ids),
                without_outcome=json.loads(run.stdout)["requested"] - sum(first.outcomes.values()),
                wrong=len(first.wrong),
                wrong_afterwards=len(_probe(job, api).wrong),
                exit_code_afterwards=again.exit_code,
                output=run.output + again.output,
            )


@cache
def _half_stored() -> Path:
    """A warehouse that knows all fixtures and has stored those of one league."""
    folder = Path(tempfile.mkdtemp())
    job = _job(folder)
    with _api() as api, _environment(job.environment(api.base_url, api.token) | _SIZE):
        league = api.world.fixture(api.world.fixture_ids()[0])["league_id"]
        job.extract("--league-id", str(league))
        job.command("plan")
    return folder / "warehouse.duckdb"


_SIZE = {setting("BATCH_SIZE"): "4", setting("CONFIRM_AFTER"): "5"}


def _api() -> Simulator:
    return Simulator(seed=5, leagues=2, seasons=1, teams=8)


def _job(folder: Path) -> Job:
    return Job(DuckDb(folder / "warehouse.duckdb"), folder, folder / "dbt")


@dataclass(frozen=True)
class _Look:
    outcomes: dict[str, int]
    wrong: list[int]


def _probe(job: Job, api: Simulator) -> _Look:
    """The outcomes, and the fixtures whose stored payload is not what the API sends."""
    outcomes = dict(job.query("select id, outcome from sportmonks_raw.fixture_checks"))
    stored = job.query("select id, cast(payload as text) from sportmonks_raw.fixtures")
    answered = {id for id, outcome in outcomes.items() if outcome in ("stored", "unchanged")}
    truth = _truth(api)
    payloads = {id: with_sorted_arrays(json.loads(text)) for id, text in stored}
    wrong = [id for id in answered if payloads.get(id) != truth[id]]
    counts: dict[str, int] = {}
    for outcome in outcomes.values():
        counts[outcome] = counts.get(outcome, 0) + 1
    return _Look(counts, wrong)


def _truth(api: Simulator) -> dict[int, Any]:
    ids = api.world.fixture_ids()
    rows: list[dict[str, Any]] = []
    for start in range(0, len(ids), 50):
        answer = requests.get(
            f"{api.base_url}/football/fixtures/multi/{','.join(map(str, ids[start : start + 50]))}",
            params={"include": DEFAULT_INCLUDE},
            headers={"Authorization": api.token},
            timeout=10,
        )
        rows += answer.json()["data"]
    return {row["id"]: with_sorted_arrays(row) for row in rows}


def _correct(api: Simulator, ids: list[int]) -> None:
    for id in ids[::5]:
        fixture = api.world.fixture(id)
        if fixture["events"]:
            api.control.remove_event(id, fixture["events"][0]["id"])


@contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _measure(case: tuple[str, float]) -> Result:
    with tempfile.TemporaryDirectory() as folder:
        return measure(*case, Path(folder))


def main() -> int:
    """Prints the table as Markdown; exit code 1 if a case is not right."""
    cases = list(product(FAULTS, SHARES))
    with ProcessPoolExecutor() as pool:
        results = list(
            track(
                pool.map(_measure, cases),
                description="Faults",
                total=len(cases),
                console=Console(stderr=True),
                transient=True,
            )
        )
    print(
        "| what the API does | share of responses | calls | answered | missing | "
        "unconfirmed | failed | exit code | wrong | after the next run |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for (name, share), result in zip(cases, results, strict=True):
        outcomes = {
            key: result.outcomes.get(key, 0) for key in ("missing", "unconfirmed", "failed")
        }
        answered = sum(result.outcomes.values()) - sum(outcomes.values())
        after = "as the API" if not result.wrong_afterwards else f"{result.wrong_afterwards} wrong"
        cells = [name, f"{share:.0%}", result.counts["calls"], f"{answered} of {result.known}"]
        cells += [*outcomes.values(), result.exit_code, result.wrong, after]
        print("| " + " | ".join(map(str, cells)) + " |")
    return int(
        any(
            not result.is_right
            for (name, _), result in zip(cases, results, strict=True)
            if name not in LIES
        )
    )


if __name__ == "__main__":
    sys.exit(main())
