"""The whole job on a made world: extract, transform, and a few queries on the result.

Works in a database of its own, `demo.duckdb`, whatever the environment says of the user's.
"""

import os
import subprocess
import sys

import duckdb
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from simulator.running import Simulator

DATABASE = "demo.duckdb"

QUERIES = {
    "The latest results": """
        select
            cast(fixtures.starting_at as date) as day,
            leagues.name as league,
            home_participant_name as home,
            home_score || ' - ' || away_score as score,
            away_participant_name as away
        from demo.sportmonks.fixtures
        inner join demo.sportmonks.leagues on fixtures.league_id = leagues.league_id
        where state_code in ('FT', 'AET', 'FT_PEN')
        order by starting_at desc, fixture_id
        limit 5
    """,
    "Goals of the latest match that had some": """
        select
            minute || coalesce('+' || extra_minute, '') as minute,
            types.name as event,
            teams.name as team,
            trim(player_name) as player,
            result
        from demo.sportmonks.fixture_events
        inner join demo.sportmonks.types on fixture_events.type_id = types.type_id
        inner join demo.sportmonks.teams on fixture_events.participant_id = teams.team_id
        where fixture_events.type_id in (14, 15, 16) and fixture_id = (
            select fixture_id from demo.sportmonks.fixtures
            where state_code = 'FT' and home_score + away_score >= 3
            order by starting_at desc, fixture_id
            limit 1
        )
        order by fixture_events.minute, fixture_events.extra_minute nulls first
    """,
    "Shots, possession and corners a match: five teams": """
        select
            teams.name as team,
            count(distinct fixture_id) as matches,
            round(avg(value) filter (where types.developer_name = 'SHOTS_TOTAL'), 1) as shots,
            round(avg(value) filter (where types.developer_name = 'BALL_POSSESSION'), 1)
                as possession,
            round(avg(value) filter (where types.developer_name = 'CORNERS'), 1) as corners
        from demo.sportmonks.fixture_statistics
        inner join demo.sportmonks.types on fixture_statistics.type_id = types.type_id
        inner join demo.sportmonks.teams on fixture_statistics.participant_id = teams.team_id
        group by all
        order by shots desc nulls last, team
        limit 5
    """,
    "What the tables hold": """
        select 'fixtures' as "table", count(*) as rows from demo.sportmonks.fixtures
        union all select 'fixture_statistics', count(*) from demo.sportmonks.fixture_statistics
        union all select 'fixture_events', count(*) from demo.sportmonks.fixture_events
        union all select 'teams', count(*) from demo.sportmonks.teams
    """,
}


def main() -> int:
    """Runs the demo.

    Returns:
        The exit code of the first step that failed, else 0.
    """
    console = Console(highlight=False)
    with Simulator(leagues=3, seasons=1, teams=20) as api:
        environment = os.environ | {
            "TARGET": "duckdb",
            "DUCKDB_PATH": DATABASE,
            "SOURCES__SPORTMONKS__BASE_URL": api.base_url,
            "SOURCES__SPORTMONKS__API_TOKEN": api.token,
        }
        for title, arguments in (
            ("make plan: what is due on a simulated API, and what it costs", ["plan"]),
            ("make extract: its raw JSON", ["run"]),
            ("make transform: final tables", ["transform", "--quiet"]),
        ):
            console.rule(f"[bold]{title}", align="left")
            code = subprocess.run(  # noqa: S603 - our own command
                [sys.executable, "-m", "extract", *arguments], env=environment, check=False
            ).returncode
            if code:
                return code
    with duckdb.connect(DATABASE, read_only=True) as connection:
        for title, query in QUERIES.items():
            console.rule(f"[bold]{title}", align="left")
            console.print(_table(connection.sql(query)))
    console.print(
        f"\nThe database is {DATABASE}. With a token the same job asks the real API: see README.md."
    )
    return 0


def _table(result: duckdb.DuckDBPyRelation) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name, type_ in zip(result.columns, result.types, strict=True):
        number = str(type_) in ("BIGINT", "DOUBLE")
        table.add_column(name, justify="right" if number else "left")
    for row in result.fetchall():
        table.add_row(*(escape("" if value is None else str(value)) for value in row))
    return table


if __name__ == "__main__":
    sys.exit(main())
