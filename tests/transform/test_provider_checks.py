"""The checks against the provider's own lists, its lineups and its player statistics."""

from collections.abc import Iterator

import pytest

from simulator import Simulator
from tests.support.expected_marts import Match, read
from tests.support.pipeline import POSTGRES_IN_TEST_ALL, Job, setting
from tests.support.questions import INCLUDE, INCLUDES

OF_LISTS = ("league_table_equals_standings", "player_goals_equal_topscorers")
OF_LINEUPS = ("teams_have_eleven_starters", "player_goals_agree_with_events")


@pytest.fixture
def api() -> Iterator[Simulator]:
    """A season that is over, and one that is not."""
    with Simulator(seed=2618, leagues=1, seasons=2, teams=4) as simulator:
        yield simulator


def warnings(job: Job) -> dict[str, str]:
    """Builds what the checks read, and returns what they found, by their names."""
    # No check on the other tables.
    chosen = [f"+{name}" for name in (*OF_LISTS, *OF_LINEUPS)]
    options = ["--verbose", "--indirect-selection", "empty"]
    output = job.command("transform", *options, "--select", *chosen).output
    blocks = output.split("WARN ")[1:]
    return {block.split(":")[0]: block for block in blocks}


def scorer(match: Match) -> int | None:
    """The player of a goal, where nothing else decides about the match."""
    if match.state != "FT":
        return None
    goals = (event for event in match.fixture["events"] if event["type_id"] == 14)
    return next((event["player_id"] for event in goals if event["player_id"]), None)


@POSTGRES_IN_TEST_ALL
def test_a_difference_from_the_official_lists_is_shown(
    job: Job, api: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(setting("INCLUDE"), INCLUDE)
    job.extract("--seasons", "all")
    assert not warnings(job).keys() & {*OF_LISTS}
    match = next(match for match in read(api, INCLUDES).matches if scorer(match))
    season_id = match.fixture["season_id"]
    goal = next(event for event in match.fixture["events"] if event["type_id"] == 14)
    api.control.cancel_goal(match.id, goal["id"])
    # The lists of a season that is over are not fetched again so soon.
    job.extract("--fixture-ids", str(match.id))
    found = warnings(job)
    assert found.keys() >= {*OF_LISTS}
    table, topscorers = (found[name] for name in OF_LISTS)
    assert f"season_id {season_id}, " in table
    for team in match.teams.values():
        assert f"team_name {team['name']}, " in table
    assert "2 found." in table
    assert f"player_id {goal['player_id']}, " in topscorers
    assert "1 found." in topscorers
    job.extract("--seasons", "all", "--force")
    assert not warnings(job).keys() & {*OF_LISTS}


@pytest.mark.thorough
def test_checks_without_data_are_silent(duckdb_job: Job, api: Simulator) -> None:
    """Neither lineups nor the fixtures of whole seasons are there."""
    id = next(match.id for match in read(api).matches if scorer(match))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(setting("INCLUDE"), "participants;scores;statistics;events;periods")
        duckdb_job.extract("--fixture-ids", str(id))
        assert warnings(duckdb_job) == {}
    assert duckdb_job.query("select count(*) from sportmonks.player_fixtures") == [(0,)]
    ((seen, minutes),) = duckdb_job.query(
        "select sum(appearances_seen), count(minutes) from sportmonks.player_seasons"
    )
    assert seen > 0 == minutes
