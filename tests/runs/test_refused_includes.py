"""Includes that the plan refuses: default ones are left out, others end the run."""

import json
import threading
from collections.abc import Sequence
from urllib.parse import parse_qs, urlsplit

import pytest

from extract.config.includes import DEFAULT_INCLUDE
from extract.errors import AccessError, IncludeRefusedError
from extract.source.requested_include import RequestedInclude
from simulator import Simulator
from tests.support.pipeline import POSTGRES_IN_TEST_ALL, Job, setting

REFUSED = ("weatherreport", "sidelined")
REASON = "include added"


def includes_of(api: Simulator) -> list[list[str]]:
    """The parts of each request for fixtures by id."""
    found = []
    for request in api.control.requests():
        if "fixtures/multi/" in request["path"]:
            query = {**parse_qs(urlsplit(request["path"]).query), **request.get("query", {})}
            text = query.get("include", "")
            found.append((text if isinstance(text, str) else text[0]).lower().split(";"))
    return found


def due(job: Job, *arguments: str) -> dict[str, int]:
    """How many fixtures are due, by reason."""
    reasons: dict[str, int] = json.loads(job.command("plan", "--json", *arguments).stdout)[
        "reasons"
    ]
    return reasons


@POSTGRES_IN_TEST_ALL
def test_a_default_include_that_the_plan_refuses_is_left_out(
    job: Job, api: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.control.set_behaviour(unlicensed=REFUSED)
    first = job.extract()
    for part in ("weatherReport", "sidelined.sideline"):
        lines = [line for line in first.output.splitlines() if f"the include {part}" in line]
        assert len(lines) == 1, first.output
    known = len(api.world.fixture_ids())
    assert job.query("select count(*) from sportmonks_raw.fixtures") == [(known,)]
    recorded = job.query("select distinct requested_include from sportmonks_raw.fixture_checks")
    assert len(recorded) == 1
    assert "venue" in recorded[0][0]
    assert not any(part in recorded[0][0] for part in REFUSED)
    # No fixture is due for what the plan refuses.
    assert REASON not in due(job)
    view = "select count(*) from sportmonks_raw.due_fixtures where reason = 'include added'"
    assert job.query(view) == [(0,)]

    # Later runs do not request it.
    api.control.reset_requests()
    monkeypatch.setenv(setting("BATCH_SIZE"), "10")
    ids = ",".join(map(str, api.world.fixture_ids()[:30]))
    later = job.extract("--fixture-ids", ids)
    assert len(includes_of(api)) == 3
    assert not any(part.startswith(REFUSED) for parts in includes_of(api) for part in parts)
    assert "refuses" not in later.output
    found = job.command("doctor", "--offline").output
    assert "The plan refuses sidelined.sideline (on" in " ".join(found.split())
    assert "weatherreport" in found

    # With --force, one call for each finds out that the plan has it now.
    api.control.set_behaviour(unlicensed=["sidelined"])
    assert REASON not in due(job)
    api.control.reset_requests()
    assert "The plan has the include weatherreport now" in job.command("plan", "--force").output
    assert includes_of(api) == [["sidelined.sideline"], ["weatherreport"]]
    assert due(job)[REASON] > 0
    job.extract()
    assert REASON not in due(job)
    assert job.query(view) == [(0,)]
    recorded = job.query("select distinct requested_include from sportmonks_raw.fixture_checks")
    assert all("weatherreport" in text for (text,) in recorded)


def test_a_refused_include_is_requested_again_after_some_time(
    duckdb_job: Job, api: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.control.set_behaviour(unlicensed=REFUSED)
    duckdb_job.extract()
    api.control.reset_requests()
    duckdb_job.command("plan")
    assert includes_of(api) == []
    monkeypatch.setenv(setting("TYPE_MAX_AGE"), "0")
    duckdb_job.command("plan")
    assert includes_of(api) == [["sidelined.sideline"], ["weatherreport"]]
    assert REASON not in due(duckdb_job)


@pytest.mark.parametrize("include", [f"{DEFAULT_INCLUDE};xGFixture", "events;XGFixture.type"])
def test_an_include_that_was_added_ends_the_run(
    duckdb_job: Job, api: Simulator, monkeypatch: pytest.MonkeyPatch, include: str
) -> None:
    api.control.set_behaviour(unlicensed=["xgfixture"])
    monkeypatch.setenv(setting("INCLUDE"), include)
    result = duckdb_job.extract("--quiet", code=2)
    lines = [line for line in result.output.splitlines() if line.strip()]
    assert len(lines) == 1
    assert f"The plan refuses the include {include.split(';')[-1]} " in lines[0]
    assert "take it out of `include`" in lines[0]
    assert duckdb_job.query("select count(*) from sportmonks_raw.fixtures") == [(0,)]


class Api:
    """Refuses some parts of an include, and need not name them.

    Attributes:
        requests: the include of each request.
    """

    def __init__(self, refused: Sequence[str], message: str) -> None:
        self.refused = refused
        self.message = message
        self.requests: list[str] = []

    def request(self, include: str) -> None:
        self.requests.append(include)
        if any(part.lower() in self.refused for part in include.split(";")):
            raise IncludeRefusedError(f"HTTP 403: {self.message}", 403)

    def fetch(self, include: RequestedInclude) -> None:
        """As a batch is fetched."""
        while True:
            text = include.text
            try:
                return self.request(text)
            except IncludeRefusedError as error:
                include.refused(text, error, self.request)


@pytest.mark.parametrize("refused", DEFAULT_INCLUDE.split(";"))
def test_a_part_that_the_api_does_not_name_is_found_by_few_requests(refused: str) -> None:
    api, told = Api([refused.lower()], "No access"), list[str]()
    include = RequestedInclude(DEFAULT_INCLUDE, on_refused=told.append)
    api.fetch(include)
    assert told == [refused]
    assert include.text == ";".join(p for p in DEFAULT_INCLUDE.split(";") if p != refused)
    # The refused one, halves of the 16 parts, perhaps the last part alone, and the accepted one.
    assert 1 + 4 + 1 <= len(api.requests) <= 1 + 4 + 1 + 1


def test_no_part_is_left_out_where_only_the_whole_include_is_refused() -> None:
    def request(text: str) -> None:
        if text.count(";") > 10:
            raise IncludeRefusedError("HTTP 403: Too complex", 403)

    include = RequestedInclude(DEFAULT_INCLUDE)
    for _ in range(2):
        error = IncludeRefusedError("HTTP 403: Too complex", 403)
        with pytest.raises(AccessError, match="refuses the include as a whole"):
            include.refused(include.text, error, request)
    assert include.text == DEFAULT_INCLUDE and include.take_refused() == []


def test_several_threads_find_out_once() -> None:
    api, told = Api(["venue", "sidelined.sideline"], "No access"), list[str]()
    include = RequestedInclude(DEFAULT_INCLUDE, on_refused=told.append)
    together = threading.Barrier(8)

    def fetch() -> None:
        text = include.text
        together.wait(10)
        error = IncludeRefusedError("HTTP 403: No access", 403)
        include.refused(text, error, api.request)
        api.fetch(include)

    threads = [threading.Thread(target=fetch) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ["sidelined.sideline", "venue"]
    assert sorted(include.take_refused()) == ["sidelined.sideline", "venue"]
    assert include.take_refused() == []


@pytest.mark.parametrize(
    ("name", "refused"),
    [("lineups.details", "details"), ("lineups.xGLineup", "xGLineup"), ("odds", "odds")],
)
def test_the_part_that_was_added_is_named_and_not_a_default_one(name: str, refused: str) -> None:
    api = Api([name.lower()], f"You do not have access to the '{refused}' include")
    include = RequestedInclude(f"lineups;events;{name};lineups.player")
    with pytest.raises(AccessError, match=f"refuses the include {name} "):
        api.fetch(include)
    made = len(api.requests)
    with pytest.raises(AccessError, match=f"refuses the include {name} "):
        api.fetch(include)
    assert len(api.requests) == made + 1
