"""The generated world: consistent matches that progress with the clock."""

from __future__ import annotations

from collections import Counter

from simulator import World
from simulator.simulator import DEFAULT_CLOCK
from tests.simulator.client import ALL_INCLUDES, Client, Row, in_state


def test_the_same_seed_generates_the_same_world() -> None:
    def everything(seed: int) -> list[Row]:
        world = World(seed=seed, leagues=2, seasons=1, teams=5, clock=DEFAULT_CLOCK)
        return [*world.leagues(), *world.seasons(), *map(world.fixture, world.fixture_ids())]

    assert everything(1) == everything(1)
    assert everything(1) != everything(2)


def test_finished_matches_are_consistent(large_world: World) -> None:
    event_ids: set[int] = set()
    statistic_ids: set[int] = set()
    short = empty = counted = 0
    for fixture_id in large_world.fixture_ids():
        fixture = large_world.fixture(fixture_id)
        values = {
            (r["type_id"], r["participant_id"]): r["data"]["value"] for r in fixture["statistics"]
        }
        assert len(values) == len(fixture["statistics"])
        for known, rows in ((event_ids, fixture["events"]), (statistic_ids, fixture["statistics"])):
            fresh = {row["id"] for row in rows}
            assert len(fresh) == len(rows)
            assert not fresh & known
            known |= fresh
        home, away = fixture["participants"]
        assert {home["meta"]["location"], away["meta"]["location"]} == {"home", "away"}
        if fixture["state_id"] not in (5, 7, 8):
            continue
        counted += 1
        assert 60 <= len(fixture["statistics"]) <= 90
        assert values[45, home["id"]] + values[45, away["id"]] == 100
        current = {
            row["participant_id"]: row["score"]["goals"]
            for row in fixture["scores"]
            if row["description"] == "CURRENT"
        }
        kinds = Counter((row["participant_id"], row["type_id"]) for row in fixture["events"])
        empty += not fixture["events"]
        for team in (home["id"], away["id"]):
            assert values[52, team] == current[team]
            assert values[41, team] + values[86, team] + values[58, team] == values[42, team]
            assert values[81, team] is None or values[81, team] <= values[80, team]
            if fixture["events"]:
                goals = sum(kinds[team, type_id] for type_id in (14, 15, 16))
                short += goals != current[team]
                assert values[84, team] == kinds[team, 19]
                assert values.get((83, team), 0) == kinds[team, 20]
                assert values.get((85, team), 0) == kinds[team, 21]
                assert values[59, team] == kinds[team, 18]
        winners = (home["meta"]["winner"], away["meta"]["winner"])
        if current[home["id"]] == current[away["id"]]:
            assert winners == (False, False) if fixture["state_id"] == 5 else True in winners
        else:
            home_won = current[home["id"]] > current[away["id"]]
            assert winners == (home_won, not home_won)
        results = [row["result"] for row in fixture["events"] if row["type_id"] in (14, 15, 16)]
        assert None not in results
    assert counted > 1000
    assert 0 < empty < counted * 0.05
    assert short < counted * 0.02
    assert max(event_ids) > 2**31 > min(event_ids)
    assert max(statistic_ids) > 2**31 > min(statistic_ids)


def test_every_special_state_and_ending_exists(large_world: World) -> None:
    states = {large_world.base(i)["state_id"] for i in large_world.fixture_ids()}
    assert {5, 7, 8, 10, 12, 15, 17} <= states
    shootout = next(i for i in large_world.fixture_ids() if large_world.base(i)["state_id"] == 8)
    fixture = large_world.fixture(shootout)
    assert {row["description"] for row in fixture["scores"]} >= {
        "ET",
        "ET_1ST_HALF",
        "ET_2ND_HALF",
        "PENALTY_SHOOTOUT",
    }
    kicks = [row for row in fixture["events"] if row["type_id"] in (22, 23)]
    assert [kick["minute"] for kick in kicks] == list(range(1, len(kicks) + 1))
    last = kicks[-1]["result"]
    scores = {
        row["score"]["participant"]: row["score"]["goals"]
        for row in fixture["scores"]
        if row["description"] == "PENALTY_SHOOTOUT"
    }
    assert last == f"{scores['home']}-{scores['away']}"
    assert fixture["result_info"].endswith(" won after penalties.")
    awarded = next(i for i in large_world.fixture_ids() if large_world.base(i)["state_id"] == 17)
    fixture = large_world.fixture(awarded)
    assert fixture["events"] == []
    assert fixture["statistics"]
    assert True in [team["meta"]["winner"] for team in fixture["participants"]]


def test_a_match_progresses_with_the_clock(client: Client) -> None:
    control = client.api.control
    fixture_id = next(
        i for i in in_state(client.api, 1) if client.api.world.base(i)["starting_at"] < "2026-04-15"
    )
    kickoff = client.api.world.base(fixture_id)["starting_at_timestamp"]
    control.set_clock(client.api.world.base(fixture_id)["starting_at"] + "+00:00")
    seen = []
    before: set[int] = set()
    for _ in range(26):
        (row,) = client.multi(fixture_id, include=f"{ALL_INCLUDES};state")
        seen.append(row["state"]["state"])
        ids = {event["id"] for event in row["events"]}
        assert before <= ids
        before = ids
        goals = sum(event["type_id"] in (14, 15, 16) for event in row["events"])
        current = [s["score"]["goals"] for s in row["scores"] if s["description"] == "CURRENT"]
        assert not row["events"] or sum(current) - goals in (0, 1)
        running = [period for period in row["periods"] if period["ticking"]]
        assert [period["ended"] for period in running] == [None] * len(running)
        assert bool(running) == (row["state_id"] in (2, 22))
        control.advance(300)
    assert list(dict.fromkeys(seen)) == ["INPLAY_1ST_HALF", "HT", "INPLAY_2ND_HALF", "FT"]
    assert kickoff == client.api.world.base(fixture_id)["starting_at_timestamp"]


def test_placeholders_become_teams_and_draws_go_to_extra_time(client: Client) -> None:
    world, control = client.api.world, client.api.control
    fixture_id = in_state(client.api, 13)[0]
    (row,) = client.multi(fixture_id)
    assert row["placeholder"] is True
    assert all(team["placeholder"] for team in row["participants"])
    states: dict[int, list[int]] = {i: [] for i in in_state(client.api, 13)}
    for start in sorted({world.base(i)["starting_at"] for i in states}):
        control.set_clock(start + "+00:00")
        for _ in range(190):
            for i, seen in states.items():
                seen.append(world.base(i)["state_id"])
            world.advance(60)
    assert not any(team["placeholder"] for team in world.fixture(fixture_id)["participants"])
    sequences = {tuple(dict.fromkeys(seen)) for seen in states.values()}
    before = {1, 13}
    assert (2, 3, 22, 5, 4, 6, 21, 23, 25, 9, 8) in {
        tuple(state for state in sequence if state not in before) for sequence in sequences
    }
    assert (2, 3, 22, 5, 4, 6, 21, 23, 7) in {
        tuple(state for state in sequence if state not in before) for sequence in sequences
    }
