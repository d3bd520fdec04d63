"""The whole pipeline on generated data: extract, transform, and a few queries on the result.

It always uses its own database, `demo.duckdb`, whatever database the environment names.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from simulator.simulator import Simulator

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
    "Events of the latest match with three goals or more": """
        select
            minute_label as minute,
            type_name as event,
            team_name as team,
            player_name as player,
            related_player_name as "other player",
            home_score || ' - ' || away_score as score
        from demo.sportmonks.fixture_timeline
        where fixture_id = (
            select fixture_id from demo.sportmonks.fixtures
            where state_code = 'FT' and home_score + away_score >= 3
            order by starting_at desc, fixture_id
            limit 1
        )
        order by position
    """,
    "A league table": """
        select position, team_name as team, played, won, drawn, lost,
            goals_for || ':' || goals_against as goals, points, form
        from demo.sportmonks.league_table
        where is_latest and league_name = 'England First Division'
        order by position, team_name
        limit 6
    """,
    "Shots, possession and corners per match: five teams": """
        select
            max(team_name) as team,
            count(*) as matches,
            round(avg(shots_total), 1) as shots,
            round(avg(possession), 1) as possession,
            round(avg(corners), 1) as corners
        from demo.sportmonks.team_fixtures
        where phase = 'finished'
        group by team_id
        order by shots desc nulls last, team
        limit 5
    """,
    "Rows per table": """
        select 'fixtures' as "table", count(*) as rows from demo.sportmonks.fixtures
        union all select 'fixture_statistics', count(*) from demo.sportmonks.fixture_statistics
        union all select 'fixture_events', count(*) from demo.sportmonks.fixture_events
        union all select 'teams', count(*) from demo.sportmonks.teams
    """,
}


def main(command_line: Callable[..., str]) -> int:
    """Run the demo.

    Args:
        command_line: a command as the person types it, by its name and optional argument.

    Returns:
        The exit code of the first step that failed, else 0.
    """
    console = Console(highlight=False)
    # In the database of an earlier demo nothing would be due.
    for file in (DATABASE, f"{DATABASE}.wal"):
        Path(file).unlink(missing_ok=True)
    with Simulator(leagues=3, seasons=1, teams=20) as api:
        environment = os.environ | {
            "TARGET": "duckdb",
            "DUCKDB_PATH": DATABASE,
            "SOURCES__SPORTMONKS__BASE_URL": api.base_url,
            "SOURCES__SPORTMONKS__API_TOKEN": api.token,
        }
        for command, description in (
            ("plan", "fixtures due on a simulated API, and the calls they need"),
            ("extract", "load the raw JSON"),
            ("transform", "build the final tables and run the checks"),
        ):
            console.rule(f"[bold]{command_line(command)}: {description}", align="left")
            code = subprocess.run(  # noqa: S603 - our own command
                [sys.executable, "-m", "extract", command], env=environment, check=False
            ).returncode
            if code:
                return code
    console.print(
        "The data is invented. The simulated time is fixed in March 2026. As in real data, a few "
        "matches are inconsistent, so that the checks report something."
    )
    with duckdb.connect(DATABASE, read_only=True) as connection:
        for title, query in QUERIES.items():
            console.rule(f"[bold]{title}", align="left")
            console.print(_table(connection.sql(query)))
    console.print(
        f"\nNext: DUCKDB_PATH={DATABASE} {command_line('report')}, or\n"
        f"DUCKDB_PATH={DATABASE} {command_line('query', 'select * from league_table limit 5')}. "
        "With a token, the same commands load the real API: see README.md."
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
