"""The marts against what `tests/support/expected_marts.py` computes from the simulator's world."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from extract.config.recheck_schedule import TIMES_UNTIL_WITHDRAWN
from simulator import Simulator
from tests.support import expected_league_table, expected_matches
from tests.support import expected_marts as marts
from tests.support.assertions import MARTS, assert_mart, assert_same, rows
from tests.support.expected_marts import Match, Row, Rows, World
from tests.support.expected_players import with_other_goals_in_details
from tests.support.pipeline import EVERY_MODEL, POSTGRES_IN_TEST_ALL, Job, setting
from tests.support.questions import INCLUDE, INCLUDES

QUOTA = 3000


@pytest.fixture(autouse=True)
def includes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that the marts are made of is requested."""
    monkeypatch.setenv(setting("INCLUDE"), INCLUDE)


def read(api: Simulator) -> World:
    """The world as it is now, with all that is requested."""
    return marts.read(api, INCLUDES)


@pytest.fixture
def api(request: pytest.FixtureRequest) -> Iterator[Simulator]:
    """Three leagues of seven teams with a finished and a running season, and every kind of ending.

    With seven teams, one has no match in each round. A test may ask for fewer leagues.
    """
    size = getattr(request, "param", {"leagues": 3, "seasons": 2})
    with Simulator(seed=2618, teams=7, quota=QUOTA, **size) as simulator:
        yield simulator


@dataclass
class History:
    """What the job went through, and what is true of it.

    Attributes:
        first: the world as the first run found it.
        world: the world as it is now.
        left_out: ids that the first run did not ask for.
        coverage: `season_coverage` after the first run.
        outcomes: ids by what came of the last question.
        broken: the fixtures that a check has to find, by its name.
        output: what the last transform said.
        runs: of each run, the requests that the simulator counted, the numbers that the run must
            tell, and the ids that existed then.
        taken: ids of fixtures that have a part in this.
    """

    first: World
    world: World = field(init=False)
    left_out: set[int] = field(default_factory=set)
    coverage: Rows = field(default_factory=list)
    outcomes: dict[str, set[int]] = field(default_factory=dict)
    broken: dict[str, list[Match]] = field(default_factory=dict)
    output: str = ""
    runs: list[tuple[Rows, Row, set[int]]] = field(default_factory=list)
    taken: set[int] = field(default_factory=set)

    def take(self, suits: Callable[[Match], object]) -> Match:
        """A match of the first world that has no part in this yet."""
        found = next(m for m in self.first.matches if m.id not in self.taken and suits(m))
        self.taken.add(found.id)
        return found


@POSTGRES_IN_TEST_ALL
def test_marts_equal_the_world(job: Job, api: Simulator, subtests: pytest.Subtests) -> None:
    """After a first run, corrections of every kind, and a second run that follows them."""
    history = live_through(job, api)
    world = history.world
    with subtests.test("the world has every case"):
        assert_every_case(history)
    for mart in MARTS:
        with subtests.test(mart):
            assert_mart(job, mart, world)
    with subtests.test("fixture_timeline"):
        assert_timelines(world, rows(job, "fixture_timeline"))
    with subtests.test("season_coverage"):
        assert_coverage(history, rows(job, "season_coverage"))
    with subtests.test("fixture_quality"):
        found = rows(job, "fixture_quality")
        assert_same(found, expected_matches.fixture_quality(world), "fixture_id")
        for row in found:
            for count, time in (
                ("participant_count", "participants_loaded_at"),
                ("statistic_count", "statistics_loaded_at"),
                ("event_count", "events_loaded_at"),
            ):
                assert row[time] == (row["loaded_at"] if row[count] else None)
    with subtests.test("extract_runs"):
        assert_runs(history, rows(job, "extract_runs"))
    with subtests.test("quota_usage"):
        assert_usage(history, rows(job, "quota_usage"))
    with subtests.test("checks"):
        assert_checks(history)


def live_through(job: Job, api: Simulator) -> History:
    """A run that leaves some fixtures out, corrections, runs that follow them, and the tables."""
    control = api.control
    # As the API has walkovers: without a score, but with a winner.
    control.empty(next(m.id for m in read(api).matches if m.state == "WO"), "scores")
    history = History(read(api))
    every_id = [match.id for match in history.first.matches]
    history.left_out = set(every_id[3:8])
    history.taken = {*history.left_out}

    def run(command: str, expected: Row, code: int = 0, stdin: str | None = None) -> None:
        control.reset_requests()
        job.command(*command.split(), code=code, stdin=stdin)
        history.runs.append((control.requests(), expected, set(api.world.fixture_ids())))

    run("plan --seasons all", {"outcome": "planned", "known": len(every_id), "due": 0})
    wanted = [id for id in every_id if id not in history.left_out]
    counts = dict.fromkeys(("known", "due", "requested", "stored"), len(wanted))
    listed = "\n".join(map(str, wanted))
    run("extract --ids-file -", {"outcome": "completed", **counts}, stdin=listed)
    job.transform(*EVERY_MODEL)
    history.coverage = rows(job, "season_coverage")

    correct(api, history)
    break_checks(api, history)
    history.world = read(api)
    # Corrections of events do not correct the statistics of the players.
    history.broken["player_goals_agree_with_events"] = with_other_goals_in_details(history.world)
    (deleted,) = [match.id for match in history.world.matches if match.state == "DELETED"]
    changed = {
        now.id
        for before, now in zip(history.first.matches, history.world.matches, strict=True)
        if before.fixture != now.fixture
    }
    stored = len((changed | history.left_out) - {deleted})
    counts = dict.fromkeys(("known", "due", "requested"), len(every_id))
    counts |= {"stored": stored, "missing": 1, "unchanged": len(every_id) - 1 - stored}
    failing = {"kind": "status", "status": 500, "path": ".*multi.*"}
    refusing = {"kind": "burst_429", "retry_after": 0, "path": ".*leagues.*", "times": 1}
    broken = {"kind": "cut_body", "path": ".*states.*", "times": 1}
    control.faults([{**failing, "times": 1}, refusing, broken])
    run("extract --seasons all --force", {"outcome": "completed", **counts})

    held, failed = history.take(_eventful).id, history.take(_eventful).id
    counts = {"known": 1, "due": 1, "requested": 1}
    emptying = {"kind": "empty_include", "include": "events", "path": ".*multi.*", "times": 1}
    control.faults([emptying, {**failing, "after": 1}])
    run(f"extract --fixture-ids {held}", {"outcome": "completed", "unconfirmed": 1, **counts})
    control.faults([failing])
    run(f"extract --fixture-ids {failed}", {"outcome": "failed", "failed": 1, **counts}, code=1)
    control.clear_faults()
    history.outcomes = {"unconfirmed": {held}, "failed": {failed}, "missing": {deleted}}
    history.output = job.command("transform", "--verbose").output
    return history


def _eventful(match: Match) -> bool:
    return match.state == "FT" and len(match.fixture["events"]) > 4


def correct(api: Simulator, history: History) -> None:
    """What editors do after the fact, in different matches."""
    control, world = api.control, history.first

    def event_of(match: Match, kind: str) -> int | None:
        found = (
            event["id"]
            for event in match.fixture["events"]
            if world.type(event["type_id"]) == kind
            and event["player_id"]
            and not event.get("rescinded")
        )
        return next(found, None)

    # One match is played weeks after its round, and one months before.
    postponed = history.take(lambda match: match.state == "POSTPONED")
    control.reschedule(postponed.id, (postponed.starting_at + timedelta(days=60)).isoformat())
    control.finish(
        history.take(lambda m: m.state == "NS" and m.fixture["round"]["name"] == "13").id
    )
    for kind in marts.CARDS:
        booked = history.take(partial(event_of, kind=kind))
        control.rescind(booked.id, event_of(booked, kind) or 0)
    scored = history.take(lambda match: match.state == "FT" and event_of(match, "GOAL"))
    control.cancel_goal(scored.id, event_of(scored, "GOAL") or 0)
    control.delete(history.take(_eventful).id)
    # The API flags no winner of some shoot-outs.
    shootout = history.take(lambda match: match.state == "FT_PEN" and match.fixture["scores"])
    unflagged = [
        {**team, "meta": {**team["meta"], "winner": False}}
        for team in shootout.fixture["participants"]
    ]
    control.update(shootout.id, {"participants": unflagged})
    # Abandoned at 1-1, and awarded.
    awarded = history.take(lambda match: match.state == "AWARDED" and match.winner)
    level = [{**row, "score": {**row["score"], "goals": 1}} for row in awarded.fixture["scores"]]
    control.update(awarded.id, {"scores": level})
    # A card for a player on the bench who plays no match of the season.
    team = history.take(_eventful)
    team_id = team.teams["home"]["id"]
    card = {"type_id": 19, "minute": 80, "on_bench": True, "participant_id": team_id}
    player = {"player_id": team_id * 100 + 50, "player_name": " Nobody Else "}
    control.add_event(team.id, {**card, **player})
    correct_players(api, history)
    # A season in two groups, each with a table of its own.
    season_id = api.world.season_ids()[2]
    for match in world.matches:
        if match.fixture["season_id"] == season_id and match.fixture["round_id"]:
            group = 900_001 + max(team["id"] % 100 for team in match.teams.values()) // 4
            control.update(match.id, {"group_id": group})


def correct_players(api: Simulator, history: History) -> None:
    """Statistics of players that change, appear and disappear, and lineups that do."""
    control = api.control

    def with_details(match: Match) -> bool:
        return _eventful(match) and any(row["details"] for row in match.fixture["lineups"])

    def rows_of(match: Match, kind: str) -> Rows:
        rows = [row for player in match.fixture["lineups"] for row in player["details"]]
        return [row for row in rows if history.first.type(row["type_id"]) == kind]

    def has_two(kind: str, match: Match) -> bool:
        return with_details(match) and len(rows_of(match, kind)) > 1

    for kind, value in (("PASSES", 77), ("RATING", 9.99), ("MINUTES_PLAYED", 33)):
        match = history.take(partial(has_two, kind))
        first, last = rows_of(match, kind)[0], rows_of(match, kind)[-1]
        control.correct_player_statistic(match.id, first["id"], value)
        control.remove_player_statistic(match.id, last["id"])
    match = history.take(with_details)
    unused = next(player for player in match.fixture["lineups"] if not player["details"])
    # Expected goals alone leave the other statistics unknown.
    control.add_player_statistic(match.id, unused["id"], 5304, 0.25)
    control.rename_lineup_player(match.id, unused["id"], " New Name ")
    match = history.take(with_details)
    control.update(match.id, {"formations": [], "coaches": [], "referees": []})
    without = history.take(with_details)
    bare = [{**player, "details": []} for player in without.fixture["lineups"]]
    control.update(without.id, {"lineups": bare})
    control.empty(history.take(with_details).id, "lineups")


def break_checks(api: Simulator, history: History) -> None:
    """Breaks each check in a fixture of its own, and notes which."""
    control, world, broken = api.control, history.first, history.broken

    def row_of(match: Match, array: str, kind: str) -> int | None:
        found = (row for row in match.fixture[array] if world.type(row["type_id"]) == kind)
        return next((row["id"] for row in found if match.state == "FT"), None)

    def correct_statistic(kind: str, value: Any) -> Match:
        match = history.take(lambda match: row_of(match, "statistics", kind))
        control.correct_statistic(match.id, row_of(match, "statistics", kind) or 0, value)
        return match

    def add_card(**when: int) -> Match:
        match = history.take(_eventful)
        control.add_event(match.id, {"type_id": 19, **when})
        return match

    alone = history.take(lambda match: match.state == "NS")
    control.update(alone.id, {"participants": alone.fixture["participants"][:1]})
    broken["fixtures_have_two_participants"] = [alone]

    homeless = history.take(lambda match: match.state == "NS")
    home, away = homeless.fixture["participants"]
    nowhere = {**home, "meta": {**home["meta"], "location": None}}
    control.update(homeless.id, {"participants": [nowhere, away]})
    broken["fixtures_have_one_home_participant"] = [homeless]

    broken["possession_totals_100"] = [correct_statistic("BALL_POSSESSION", 99)]
    # In `statistics` and in `xgfixture`, which repeats them.
    broken["nothing_is_in_quarantine"] = [correct_statistic("CORNERS", "many")] * 2
    broken["event_minutes_are_in_range"] = [
        add_card(minute=131),
        add_card(minute=45, extra_minute=61),
    ]

    broken["yellow_cards_agree_by_season"] = [correct_statistic("YELLOWCARDS", 200)]

    short = history.take(lambda match: row_of(match, "events", "GOAL"))
    control.remove_event(short.id, row_of(short, "events", "GOAL") or 0)
    broken["events_match_score"] = [short]

    generous = history.take(
        lambda match: _eventful(match) and any(p["details"] for p in match.fixture["lineups"])
    )
    played = next(player for player in generous.fixture["lineups"] if player["details"])
    control.add_player_statistic(generous.id, played["id"], 52, 20)

    lopsided = history.take(lambda match: _eventful(match) and match.fixture["lineups"])
    starters = [row for row in lopsided.fixture["lineups"] if row["type_id"] == 11]
    left = [row for row in lopsided.fixture["lineups"] if row is not starters[0]]
    control.update(lopsided.id, {"lineups": left})
    broken["teams_have_eleven_starters"] = [lopsided]

    scoreless = history.take(lambda match: _eventful(match) and match.winner)
    control.empty(scoreless.id, "scores")
    broken["finished_fixtures_have_a_score"] = [scoreless]

    # What is being played at the simulator's time has been live for long by the real one.
    broken["live_fixtures_are_recent"] = [
        match for match in world.matches if match.phase == "live" and match.state != "SUSPENDED"
    ]


def assert_every_case(history: History) -> None:
    """Otherwise the comparisons would prove less than they seem to."""
    world = history.world
    states = {match.state: match for match in world.matches}
    assert states.keys() >= {
        "FT", "AET", "FT_PEN", "AWARDED", "WO", "POSTPONED", "CANCELLED", "ABANDONED",
        "SUSPENDED", "DELETED", "NS", "TBA", "INPLAY_1ST_HALF", "INPLAY_2ND_HALF",
    }  # fmt: skip
    events = [event for match in world.matches for event in match.fixture["events"]]
    kinds = {world.type(event["type_id"]): event for event in events}
    assert kinds.keys() >= {
        *marts.GOALS, *marts.KICKS, *marts.CARDS, "SUBSTITUTION", "MISSED_PENALTY", "VAR",
    }  # fmt: skip
    assert any(event["extra_minute"] for event in events)
    table = expected_league_table.league_table(world)
    assert len({(row["season_id"], row["round_id"], row["group_id"]) for row in table}) > 60
    assert any(row["form"] is None for row in table)
    assert any(row["group_id"] for row in table)
    places = Counter((row["round_id"], row["group_id"], row["position"]) for row in table)
    assert max(places.values()) > 1
    latest = {row["round_number"] for row in table if row["is_latest"]}
    assert max(latest) == 14


def assert_timelines(world: World, found: Rows) -> None:
    found.sort(key=lambda row: (row["fixture_id"], row["position"]))
    timelines = {id: list(rows) for id, rows in groupby(found, lambda row: row["fixture_id"])}
    assert timelines.keys() == {m.id for m in world.counted if m.fixture["events"]}
    labels = {row["minute_label"] for row in found}
    assert {"45+2'", "90+1'", "P1"} <= labels
    complete = 0
    for match in world.counted:
        timeline = timelines.get(match.id, [])
        expected_matches.assert_timeline(world, match, timeline)
        goals = [row for row in timeline if row["is_goal"]]
        if match.score and len(goals) == sum(match.score.values()) and timeline:
            complete += 1
            last = timeline[-1]
            assert {"home": last["home_score"], "away": last["away_score"]} == match.score
            own_results = {event["id"]: event["result"] for event in match.fixture["events"]}
            for row in goals:
                score = f"{row['home_score']}-{row['away_score']}"
                assert score == own_results[row["event_id"]]
        if match.state == "FT_PEN":
            last = timeline[-1]
            shootout = {
                row["score"]["participant"]: row["score"]["goals"]
                for row in match.fixture["scores"]
                if row["description"] == "PENALTY_SHOOTOUT"
            }
            assert shootout == {
                "home": last["home_shootout_score"],
                "away": last["away_shootout_score"],
            }
    assert complete > 150


def assert_coverage(history: History, found: Rows) -> None:
    first_ids = {match.id for match in history.first.matches}
    expected = expected_matches.season_coverage(
        history.first, first_ids - history.left_out, history.left_out, {}
    )
    assert_same(history.coverage, expected, "season_id")
    # What was checked a moment ago is not due, but for what the next run has to repeat.
    due = history.outcomes["unconfirmed"] | history.outcomes["failed"]
    expected = expected_matches.season_coverage(history.world, first_ids, due, history.outcomes)
    assert_same(found, expected, "season_id")
    earliest = min(request["time"] for requests, *_ in history.runs for request in requests)
    for row in found:
        for time in (row["last_checked_at"], row["last_loaded_at"]):
            assert datetime.fromtimestamp(earliest, UTC) <= time <= datetime.now(UTC)


def assert_runs(history: History, found: Rows) -> None:
    """One row a run, a plan's too, with the requests that the simulator counted."""
    found.sort(key=lambda row: row["started_at"])
    assert len(found) == len(history.runs)
    for row, (requests, expected, _) in zip(found, history.runs, strict=True):
        fixture_calls = len([request for request in requests if "/multi/" in request["path"]])
        numbers = {
            **dict.fromkeys(
                (
                    "stored",
                    "unchanged",
                    "missing",
                    "unconfirmed",
                    "failed",
                    "superseded",
                    "resumed",
                ),
                0,
            ),
            **expected,
            "calls": len(requests),
            "fixture_calls": fixture_calls,
            "calls_saved": max(0, expected.get("requested", 0) - fixture_calls),
        }
        assert {name: row[name] for name in numbers} == numbers
        began, ended = row["started_at"].timestamp(), row["finished_at"].timestamp()
        for request in requests:
            assert began <= request["time"] <= ended
        assert row["seconds"] == pytest.approx(ended - began, abs=0.001)
        assert row["waited_seconds"] >= 0


def assert_usage(history: History, found: Rows) -> None:
    """The hours of each endpoint add up to what the simulator counted."""
    requests = [
        (request, existing) for requests, _, existing in history.runs for request in requests
    ]
    counted: dict[str, Counter[str]] = {}
    entities: Counter[str] = Counter()
    least: dict[str, int] = {}
    for request, existing in requests:
        endpoint = request["path"].removeprefix("/v3/")
        ids: list[int] = []
        if given := re.fullmatch(r"(.*)/([0-9,]+)", endpoint):
            endpoint, ids = given[1], [int(id) for id in given[2].split(",")]
        counts = counted.setdefault(endpoint, Counter())
        status = request["status"]
        counts["calls"] += 1
        is_usable = status == 200 and "cut_body" not in request["faults"]
        counts["calls_answered"] += is_usable
        counts["calls_over_quota"] += status == 429
        counts["calls_failed"] += status != 429 and not is_usable
        counts["ids_requested"] += len(ids)
        if endpoint == "football/fixtures/multi" and status == 200:
            counts["rows_returned"] += len(existing.intersection(ids))
        # A request that a fault refuses costs nothing.
        if request["entity"] is not None and status == 200:
            entities[request["entity"]] += 1
            least[endpoint] = QUOTA - entities[request["entity"]]
    summed: dict[str, Counter[str]] = {}
    times = [request["time"] for request, _ in requests]
    for row in found:
        begins = row["hour_at"].timestamp()
        assert begins % 3600 == 0
        assert min(times) - 3600 <= begins <= max(times)
        assert row["bytes"] > 0
        assert row["quota_limit"] == QUOTA
        assert row["waited_seconds"] >= 0
        counts = summed.setdefault(row["endpoint"], Counter())
        for name in ("calls", "calls_answered", "calls_over_quota", "calls_failed"):
            counts[name] += row[name]
        counts["ids_requested"] += row["ids_requested"]
        if row["endpoint"] == "football/fixtures/multi":
            counts["rows_returned"] += row["rows_returned"]
    assert summed == counted
    for endpoint, remaining in least.items():
        of_endpoint = [row for row in found if row["endpoint"] == endpoint]
        assert min(row["min_quota_remaining"] for row in of_endpoint) == remaining, endpoint


def assert_checks(history: History) -> None:
    """Each check names what breaks it, and nothing else, and the build goes on."""
    assert " ERROR=0 " in history.output
    # They are shown, and not counted.
    assert "provider's data" not in history.output
    found: dict[str, tuple[int, list[str]]] = {}
    for line in history.output.splitlines():
        if warning := re.search(r"(WARN|FAIL) (\w+): (\d+) found\.", line):
            assert warning[1] == "WARN"
            lines: list[str] = []
            found[warning[2]] = (int(warning[3]), lines)
        elif found and (row := re.search(r"    (\w+_id \d+, .*|source_table .*)", line)):
            lines.append(row[1])
    assert found.keys() == history.broken.keys()
    for name, matches in history.broken.items():
        count, lines = found[name]
        assert count == len(matches), name
        # At most five are listed.
        assert len(lines) == min(5, count), name
        wanted = [_finding(name, match) for match in matches]
        assert len([text for text in wanted if any(text in line for line in lines)]) == len(lines)


def _finding(check: str, match: Match) -> str:
    """How a check's finding of a match begins."""
    if check == "nothing_is_in_quarantine":
        return f"source_table fixtures, source_id {match.id}, "
    if check == "yellow_cards_agree_by_season":
        return f"season_id {match.fixture['season_id']}, league_name "
    return f"fixture_id {match.id}, fixture_name {match.fixture['name']}, "


def test_the_description_has_the_number_of_responses_until_a_fixture_is_withdrawn() -> None:
    description = Path("dbt_project/models/marts/core/fixtures.yml").read_text()
    assert TIMES_UNTIL_WITHDRAWN == 3, "also in words, in the description of is_withdrawn"
    assert "or three consecutive responses" in description


@pytest.mark.thorough
def test_a_fixture_whose_teams_are_gone_has_no_rows(duckdb_job: Job, api: Simulator) -> None:
    fixture_id = api.world.fixture_ids()[0]
    rows = f"select count(*) from sportmonks.team_fixtures where fixture_id = {fixture_id}"
    for found in (2, 0):
        duckdb_job.extract("--force", "--fixture-ids", str(fixture_id))
        duckdb_job.transform("--select", "+team_fixtures")
        assert duckdb_job.query(rows) == [(found,)]
        api.control.empty(fixture_id, "participants")


@pytest.mark.thorough
@pytest.mark.parametrize("api", [{"leagues": 1, "seasons": 1}], indirect=True, ids=["one season"])
def test_a_match_reissued_under_another_id_counts_once(
    job: Job, api: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A finished match, and one whose teams were not known when it was listed first."""
    monkeypatch.setenv("SOURCES__SPORTMONKS__LISTING_MAX_AGE", "0")
    control, first = api.control, read(api)
    finished = next(match for match in first.matches if _eventful(match))
    drawn = next(m for m in first.matches if m.state == "NS" and m.fixture["round_id"])
    teams = drawn.fixture["participants"]
    stand_ins = [{**team, "id": 9_999_000 + side, "name": "TBC"} for side, team in enumerate(teams)]
    control.update(drawn.id, {"participants": stand_ins, "placeholder": True})

    def run(times: int) -> None:
        for _ in range(times):
            job.extract("--seasons", "all", "--force")

    def assert_marts() -> None:
        world = read(api)
        for mart in MARTS:
            assert_mart(job, mart, world)
        shown = {row["fixture_id"] for row in rows(job, "fixture_timeline")}
        assert shown == {match.id for match in world.counted if match.fixture["events"]}

    def checked(*others: str) -> str:
        """The check, after a build of what it reads, and of other models."""
        options = ["--indirect-selection", "empty"]
        return job.command("transform", *options, "--select", f"+{check}", *others).output

    check = "matches_have_one_fixture"
    models = [f"+{mart}" for mart in (*MARTS, "fixture_timeline")]
    run(1)
    checked(*models)
    finished_again, drawn_again = control.reissue(finished.id), control.reissue(drawn.id)
    control.update(drawn_again, {"participants": teams, "placeholder": False})
    run(1)
    # A single response without a fixture may be an error: both count, and a check warns.
    output = checked()
    assert f"WARN {check}: 2 found." in output
    for id in (finished.id, finished_again):
        assert f"fixture_id {id}, fixture_name {finished.fixture['name']}, " in output
    run(2)
    assert f"WARN {check}" not in checked(*models)
    assert_marts()
    withdrawn = {row["fixture_id"] for row in rows(job, "fixtures") if row["is_withdrawn"]}
    assert withdrawn == {finished.id, drawn.id}
    events = f"select count(*) from sportmonks.fixture_events where fixture_id = {finished.id}"
    assert job.query(events) == [(len(finished.fixture["events"]),)]

    control.restore(finished.id)
    control.withdraw(finished_again)
    run(3)
    job.transform("--select", *models)
    assert_marts()
