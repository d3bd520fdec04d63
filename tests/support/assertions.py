"""What must be true of the tables, whatever a test has done."""

import json
from collections.abc import Callable, Sequence, Set
from typing import Any

from simulator import Simulator
from tests.support import expected_core as world
from tests.support.expected_includes import DEFAULT
from tests.support.expected_league_table import league_table
from tests.support.expected_marts import Row, Rows, World, team_fixtures
from tests.support.expected_players import player_fixtures, player_seasons, referee_seasons
from tests.support.pipeline import Job

INCLUDES = {"participants", "scores", "statistics", "events", "periods"}


# As of when the fixture was last stored, and not worth a rewrite.
VOLATILE = {"has_odds", "has_premium_odds", "last_played_at"}


JSON_COLUMNS = {"value_raw", "predictions"}


LOAD_TIMES = {
    "loaded_at", "participants_loaded_at", "statistics_loaded_at", "events_loaded_at",
    "lineups_loaded_at", "player_statistics_loaded_at", "formations_loaded_at",
    "coaches_loaded_at", "last_checked_at", "last_loaded_at",
}  # fmt: skip


# The columns that tell their rows apart.
MARTS = {
    "league_table": ("season_id", "stage_id", "group_id", "round_id", "team_id"),
    "team_fixtures": ("fixture_id", "team_id"),
    "player_fixtures": ("lineup_id",),
    "player_seasons": ("season_id", "player_id", "team_id"),
    "referee_seasons": ("season_id", "referee_id"),
}
_EXPECTED: dict[str, Callable[[World], Rows]] = {
    "league_table": league_table,
    "team_fixtures": team_fixtures,
    "player_fixtures": player_fixtures,
    "player_seasons": player_seasons,
    "referee_seasons": referee_seasons,
}


def comparable(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows without `loaded_at`, and with JSON text read."""
    return [
        {
            name: json.loads(value) if name in JSON_COLUMNS and value is not None else value
            for name, value in row.items()
            if name != "loaded_at"
        }
        for row in rows
    ]


def assert_equals_world(
    job: Job,
    api: Simulator,
    ids: Sequence[int] | None = None,
    volatile: Set[str] = frozenset(),
    includes: Set[str] = DEFAULT,
) -> None:
    """Of all fixtures or of some; the volatile columns are not compared."""
    expected = world.final_tables(api, ids, includes)
    for table, found in job.final_tables().items():
        rows = comparable(found)
        if table == "types":
            # One that was looked up stays when no fixture names it any more.
            named = {type_["type_id"] for type_ in expected[table]}
            rows = [r for r in rows if r["type_id"] in named or not api.world.type(r["type_id"])]
        assert len(rows) == len(expected[table]), table
        for row, wanted in zip(rows, expected[table], strict=True):
            for column in volatile:
                row.pop(column, None)
                wanted.pop(column, None)
            differs = {name: (row[name], wanted.get(name)) for name in row}
            assert row == wanted, (table, {k: v for k, v in differs.items() if v[0] != v[1]})


def assert_raw_equals_world(job: Job, api: Simulator) -> None:
    """Every fixture of the API is stored once, as it is sent now."""
    rows = job.query("select id, cast(payload as text) from sportmonks_raw.fixtures order by id")
    assert [id for id, _ in rows] == api.world.fixture_ids()
    for id, payload in rows:
        # The fields that the API always sends, and the includes that the job requests.
        keys = api.world.base(id).keys() | INCLUDES | DEFAULT
        sent = {k: value for k, value in api.world.fixture(id, DEFAULT).items() if k in keys}
        assert with_sorted_arrays(json.loads(payload)) == with_sorted_arrays(sent)


def with_sorted_arrays(value: Any) -> Any:
    """JSON whose arrays are in an order of their own: the API sends them in any."""
    if isinstance(value, dict):
        return {key: with_sorted_arrays(member) for key, member in value.items()}
    if isinstance(value, list):
        return sorted(
            map(with_sorted_arrays, value), key=lambda element: json.dumps(element, sort_keys=True)
        )
    return value


def assert_equals_full_refresh(job: Job) -> None:
    incremental = job.final_tables()
    job.transform("--full-refresh")
    assert job.final_tables() == incremental


def rows(job: Job, mart: str) -> Rows:
    """All rows of a mart."""
    names, found = job.database.execute(f"select * from {job.database.schema}.{mart}")
    return [dict(zip(names, row, strict=True)) for row in found]


def assert_mart(job: Job, mart: str, world: World) -> None:
    """Asserts that a mart has the rows that are computed from the world."""
    assert_same(rows(job, mart), _EXPECTED[mart](world), *MARTS[mart])


def assert_same(found: Rows, expected: Rows, *key: str) -> None:
    """The same rows, whatever their order, but for the times of loads."""

    def by_key(rows: Rows) -> dict[tuple[Any, ...], Row]:
        keyed = {
            tuple(row[column] for column in key): {
                name: value for name, value in row.items() if name not in LOAD_TIMES
            }
            for row in rows
        }
        assert len(keyed) == len(rows)
        return keyed

    there, wanted = by_key(found), by_key(expected)
    assert there.keys() == wanted.keys()
    for id, row in wanted.items():
        assert there[id] == row, id
