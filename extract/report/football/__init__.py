"""The football site: pages on competitions, teams, matches and players, as static files.

The pages are one document whose scripts load the data they need. A browser opens scripts from disk,
but no other data: so each data file is a script with one call, `receive(name, JSON)`.

Matches, teams and players are spread over files by the remainder of their ids, so that a page finds
its file without a list of them, and loads some hundred kilobytes at most.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from itertools import groupby
from pathlib import Path
from typing import Any

import orjson

from extract.report.football import queries
from extract.report.football.queries import Part
from extract.warehouse.query import Query

# Ids in a data file, on average.
_MATCHES, _TEAMS, _PLAYERS = 40, 8, 40
# Ids whose rows are in memory at the same time.
_IN_MEMORY = 4_000
# The last column of `team_fixtures` that is no statistic.
_LAST_PLAIN_COLUMN = "loaded_at"


@dataclass(frozen=True)
class Counts:
    """What the site has pages on.

    Attributes:
        seasons, teams, matches, players: the number of pages of each kind.
    """

    seasons: int
    teams: int
    matches: int
    players: int


def write_football(
    folder: Path, query: Query, made_at: datetime, on_step: Callable[[str], None]
) -> Counts:
    """Writes the pages into an empty folder.

    Args:
        folder: where to write.
        query: runs a query on the final tables, and on no others.
        made_at: when the data are read, in UTC.
        on_step: called with what is read now.
    """
    _copy_assets(folder)
    data = folder / "data"
    data.mkdir()
    on_step("the seasons")
    seasons = query(queries.SEASONS)
    counts = Counts(
        len(seasons.rows),
        *(
            _count(query, table)
            for table in (
                "(select distinct team_id from team_fixtures) as teams",
                "fixtures where not is_withdrawn",
                "players",
            )
        ),
    )
    buckets = {
        "team": _buckets(counts.teams, _TEAMS),
        "match": _buckets(counts.matches, _MATCHES),
        "player": _buckets(counts.players, _PLAYERS),
    }
    checked = dict(query(queries.CHECKED).rows)
    made = int(made_at.timestamp())
    index = {
        "made_at": made,
        "buckets": buckets,
        "stored": query(queries.STORED).records()[0],
        "states": dict(query(queries.STATES).rows),
        "types": {str(id): name for id, name in query(queries.TYPES).rows},
        "seasons": _table(
            [*seasons.names, "checked_at"],
            [(*row, checked.get(row[0])) for row in seasons.rows],
        ),
        "leaders": _table(*query(queries.LEADERS)[:2]),
        "latest": _table(*query(queries.LATEST)[:2]),
        "live": _table(*query(queries.live(made))[:2]),
        "next": _table(*query(queries.upcoming(made))[:2]),
    }
    _write(data, "index", index)
    _write(data, "search", {name: query(sql).rows for name, sql in queries.SEARCH.items()})
    for id, parts in _by_bucket(query, queries.SEASON, None):
        _write(data, f"season-{id}", parts)
    names = query("select * from team_fixtures", 0).names
    statistics = names[names.index(_LAST_PLAIN_COLUMN) + 1 :]
    for kind, plural, parts, total in (
        ("team", "teams", queries.TEAM, counts.teams),
        ("match", "matches", queries.match_parts(statistics), counts.matches),
        ("player", "players", queries.PLAYER, counts.players),
    ):
        files = buckets[kind]
        whole = {name: part for name, part in parts.items() if part.at_once}
        kept = dict(_by_bucket(query, whole, (files, 0, files)))
        split = {name: part for name, part in parts.items() if not part.at_once}
        for start, end in _ranges(files, total):
            on_step(f"{plural}, {start * 100 // files} %")
            read = dict(_by_bucket(query, split, (files, start, end)))
            for number in range(start, end):
                contents = read.get(number, {}) | kept.pop(number, {})
                _write(data, f"{kind}-{number}", contents)
    return counts


def _copy_assets(folder: Path) -> None:
    """The page, its style and its scripts."""
    source = resources.files("extract.report.football")
    (folder / "index.html").write_bytes((source / "index.html").read_bytes())
    (folder / "assets").mkdir()
    for asset in (source / "assets").iterdir():
        (folder / "assets" / asset.name).write_bytes(asset.read_bytes())


def _count(query: Query, table: str) -> int:
    return int(query(f"select count(*) from {table}").rows[0][0])


def _buckets(ids: int, size: int) -> int:
    """The number of files: odd, because ids with a step of two would miss half of them."""
    return -(-ids // size) | 1


def _ranges(buckets: int, ids: int) -> Iterator[tuple[int, int]]:
    """Ranges of files whose rows are read by one query."""
    step = max(1, buckets * _IN_MEMORY // max(1, ids))
    for start in range(0, buckets, step):
        yield start, min(start + step, buckets)


def _by_bucket(
    query: Query, parts: Mapping[str, Part], where: tuple[int, int, int] | None
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Reads the rows of all parts, by the number of their file.

    Args:
        query: runs a query.
        parts: the queries by name.
        where: the number of files, and the range of those to read; None if each id has a file.

    Yields:
        Numbers and contents: for each part the names of its columns, and its rows by id.
    """
    found: dict[int, dict[str, Any]] = {}
    for name, (sql, order, _) in parts.items():
        bucket = f"part.id % {where[0]}" if where else "part.id"
        condition = f"where {bucket} >= {where[1]} and {bucket} < {where[2]}" if where else ""
        rows = query(
            f"select {bucket} as bucket, part.* from ({sql}) as part {condition} "
            f"order by 1, 2, {order}"
        )
        columns = rows.names[2:]
        for number, group in groupby(rows.rows, lambda row: row[0]):
            contents = found.setdefault(number, {})
            contents[name] = {
                "columns": columns,
                "rows": {
                    str(id): [_trimmed(row[2:]) for row in of_id]
                    for id, of_id in groupby(group, lambda row: row[1])
                },
            }
    yield from found.items()


def _trimmed(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """The row without the nulls at its end."""
    end = len(row)
    while end and row[end - 1] is None:
        end -= 1
    return row[:end]


def _table(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> dict[str, Any]:
    return {"columns": names, "rows": rows}


def _write(folder: Path, name: str, content: Any) -> None:
    """Writes a data file: a script that holds nothing but a call with JSON."""
    json = orjson.dumps(content, default=float)
    for character, escape in ((b"<", b"\\u003c"), (b"\xe2\x80\xa8", b"\\u2028"),
                              (b"\xe2\x80\xa9", b"\\u2029")):  # fmt: skip
        json = json.replace(character, escape)
    (folder / f"{name}.js").write_bytes(b'receive("%s",%s);\n' % (name.encode(), json))
