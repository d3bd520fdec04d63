"""What the tables about single matches must say, computed from the simulator's world."""

from collections.abc import Mapping, Sequence, Set

from tests.support.expected_marts import (
    CARDS,
    GOALS,
    KICKS,
    Match,
    Row,
    Rows,
    World,
    statistics,
    stripped,
)


def assert_timeline(world: World, match: Match, found: Sequence[Row]) -> None:
    """Asserts that the rows of one match, in their order, tell what happened in it.

    Nobody knows what came first of a goal and a card in one minute: the order is judged by minutes,
    and by the world's own order among goals, kicks of a shoot-out and events of one type.
    """
    events = {event["id"]: event for event in match.fixture["events"]}
    truth = list(events)
    assert sorted(events) == sorted(row["event_id"] for row in found)
    assert [row["position"] for row in found] == list(range(1, len(found) + 1))
    times = [(row["is_shootout"], row["minute"], row["extra_minute"] or 0) for row in found]
    assert times == sorted(times)

    counted_types = {world.type(event["type_id"]) for event in events.values()}
    for kind in (GOALS, KICKS, *({name} for name in counted_types - GOALS - KICKS)):
        of_kind = [
            row["event_id"]
            for row in found
            if world.type(row["type_id"]) in kind
            # Without it, or with one set by hand, two events of a minute have no defined order.
            and (kind == GOALS or "sort_order" in events[row["event_id"]])
        ]
        assert of_kind == sorted(
            of_kind,
            key=lambda id: (
                events[id]["minute"],
                events[id]["extra_minute"] or 0,
                truth.index(id),
            ),
        ), kind

    score = {"home": 0, "away": 0}
    shootout = {"home": 0, "away": 0}
    kicks = 0
    for row in found:
        event = events[row["event_id"]]
        kind_name = world.type(event["type_id"])
        side = match.side_of(event["participant_id"])
        if side is not None:
            score[side] += kind_name in GOALS
            shootout[side] += kind_name == "PENALTY_SHOOTOUT_GOAL"
        is_kick = kind_name in KICKS
        kicks += is_kick
        label = f"{event['minute']}'"
        if event["extra_minute"]:
            label = f"{event['minute']}+{event['extra_minute']}'"
        assert row == {
            "fixture_id": match.id,
            "event_id": event["id"],
            "type_id": event["type_id"],
            "sub_type_id": event["sub_type_id"],
            "team_id": event["participant_id"],
            "player_id": event["player_id"],
            "related_player_id": event["related_player_id"],
            "season_id": match.fixture["season_id"],
            "fixture_name": match.fixture["name"],
            "phase": match.phase,
            "minute_label": f"P{kicks}" if is_kick else label,
            "type_name": world.type_name(event["type_id"]),
            "sub_type_name": world.type_name(event["sub_type_id"]),
            "location": side,
            "team_name": None if side is None else match.teams[side]["name"],
            "player_name": stripped(event["player_name"]),
            "related_player_name": stripped(event["related_player_name"]),
            "info": event["info"],
            "addition": event["addition"],
            "position": row["position"],
            "minute": event["minute"],
            "extra_minute": event["extra_minute"],
            "home_score": score["home"],
            "away_score": score["away"],
            "home_shootout_score": shootout["home"] if is_kick else None,
            "away_shootout_score": shootout["away"] if is_kick else None,
            "is_goal": kind_name in GOALS,
            "is_shootout": is_kick,
            "is_card": kind_name in CARDS and not event.get("rescinded"),
            "rescinded": event.get("rescinded"),
        }


def season_coverage(
    world: World, stored: Set[int], due: Set[int], outcomes: Mapping[str, Set[int]]
) -> Rows:
    """Without the times of checks and loads.

    Args:
        world: its fixtures are known, every one.
        stored: ids of those whose payload is stored.
        due: ids of those to be asked for.
        outcomes: ids by what came of the last question: held, missing, failed.
    """
    rows = []
    for season_id, season in world.seasons.items():
        matches = [m for m in world.matches if m.fixture["season_id"] == season_id]
        inside = [m for m in matches if m.id in stored]
        counted = [m for m in inside if not m.is_withdrawn]
        finished = [m for m in counted if m.phase == "finished"]
        ids = {match.id for match in matches}
        rows.append(
            {
                "season_id": season_id,
                "is_current": season["is_current"],
                "known": len(ids),
                "stored": len(inside),
                "withdrawn": len(inside) - len(counted),
                "finished": len(finished),
                "finished_with_statistics": sum(bool(m.fixture["statistics"]) for m in finished),
                "finished_with_events": sum(bool(m.fixture["events"]) for m in finished),
                "due": len(ids & due),
                "first_kick_off_at": min(m.starting_at for m in counted),
                "last_finished_kick_off_at": max(m.starting_at for m in finished),
                **world.names(season_id),
                **{name: len(ids & outcomes.get(name, set())) for name in _OUTCOMES},
            }
        )
    return rows


_OUTCOMES = ("unconfirmed", "missing", "failed")


def fixture_quality(world: World) -> Rows:
    """Without the times of loads."""
    rows = []
    for match in world.matches:
        fixture = match.fixture
        goals = [e for e in fixture["events"] if world.type(e["type_id"]) in GOALS]
        possession, yellow_cards = (
            [
                row["data"]["value"]
                for row in statistics(fixture)
                if world.type(row["type_id"]) == name
            ]
            for name in ("BALL_POSSESSION", "YELLOWCARDS")
        )
        minutes = [(event["minute"], event["extra_minute"] or 0) for event in fixture["events"]]
        locations = [team["meta"]["location"] for team in fixture["participants"]]
        rows.append(
            {
                "fixture_id": match.id,
                "state_id": fixture["state_id"],
                "participant_count": len(locations),
                "home_participant_count": locations.count("home"),
                "statistic_count": len(statistics(fixture)),
                "event_count": len(fixture["events"]),
                "yellow_card_count": sum(
                    world.type(event["type_id"]) == "YELLOWCARD" and not event.get("rescinded")
                    for event in fixture["events"]
                ),
                "odd_minute_count": sum(
                    minute < 0 or minute > 130 or extra < 0 or extra > 60
                    for minute, extra in minutes
                ),
                "possession_total": sum(possession) if possession else None,
                "yellow_card_total": sum(yellow_cards) if yellow_cards else None,
                **{
                    f"{side}_goal_count": sum(
                        match.side_of(goal["participant_id"]) == side for goal in goals
                    )
                    for side in ("home", "away")
                },
            }
        )
    return rows
