"""The diagram of the tables, drawn from its Mermaid source: `erDiagram`."""

import re
from collections import defaultdict
from html import escape

RELATION = re.compile(r'(\w+) [|o}{]+--[|o}{]+ (\w+) : "(.*)"')
_TABLE = re.compile(r"(\w+) \{([^}]*)\}")
# In pixels.
_WIDTH, _HEIGHT, _BETWEEN_COLUMNS, _BETWEEN_ROWS = 182, 26, 44, 12
_SWEEPS = 12


def draw(source: str, lineage: str) -> str:
    """Draws the tables in columns, each one to the right of the tables that it refers to.

    Args:
        source: lines such as `seasons ||--o{ fixtures : "season_id"`, and tables with their keys.
        lineage: the page of dbt, which has a page of each table.

    Returns:
        SVG, and the relationships as a list.
    """
    relations = [(parent, child, column) for parent, child, column in RELATION.findall(source)]
    columns = _columns(relations)
    alone = [table for table, _ in _TABLE.findall(source) if not any(table in c for c in columns)]
    tallest = max(len(tables) for tables in columns)
    place: dict[str, tuple[float, float]] = {}
    for number, tables in enumerate(columns):
        top = (tallest - len(tables)) * (_HEIGHT + _BETWEEN_ROWS) / 2
        for row, table in enumerate(tables):
            place[table] = (
                number * (_WIDTH + _BETWEEN_COLUMNS) + 1,
                top + row * (_HEIGHT + _BETWEEN_ROWS) + 1,
            )
    # Tables without relationships stand below the others.
    for number, table in enumerate(alone):
        place[table] = (
            number * (_WIDTH + _BETWEEN_COLUMNS) + 1,
            tallest * (_HEIGHT + _BETWEEN_ROWS) + 13,
        )
    width = len(columns) * (_WIDTH + _BETWEEN_COLUMNS) - _BETWEEN_COLUMNS + 2
    height = (tallest + (1 if alone else 0)) * (_HEIGHT + _BETWEEN_ROWS) + 14
    lines = "".join(_line(place[parent], place[child], f"{child}.{column} is in {parent}")
                    for parent, child, column in relations)  # fmt: skip
    boxes = "".join(_box(table, at, lineage) for table, at in place.items())
    items = "".join(
        f"<li><code>{child}.{escape(column)}</code> is in <code>{parent}</code></li>"
        for parent, child, column in sorted(relations, key=lambda each: (each[1], each[2]))
    )
    return (
        f'<div class="scroll diagram" tabindex="0"><svg viewBox="0 0 {width} {height:.0f}" '
        'role="group" aria-label="Diagram of the tables">'
        f"{lines}{boxes}</svg></div>"
        f"<details><summary>The relationships as a list</summary><ul>{items}</ul></details>"
    )


def _columns(relations: list[tuple[str, str, str]]) -> list[list[str]]:
    """The tables by column, so that lines run from left to right and seldom cross."""
    parents: dict[str, set[str]] = defaultdict(set)
    children: dict[str, set[str]] = defaultdict(set)
    for parent, child, _ in relations:
        parents[child].add(parent)
        children[parent].add(child)
    tables = list(dict.fromkeys(table for relation in relations for table in relation[:2]))
    level: dict[str, int] = {}

    def level_of(table: str) -> int:
        if table not in level:
            level[table] = max((level_of(each) + 1 for each in parents[table]), default=0)
        return level[table]

    for table in tables:
        level_of(table)
    for table in tables:
        # A table without references is drawn next to the first table that refers to it.
        if not parents[table]:
            level[table] = min(level[child] for child in children[table]) - 1
    columns = [
        [table for table in tables if level[table] == number]
        for number in range(max(level.values()) + 1)
    ]
    for sweep in range(_SWEEPS):
        row = {table: i / len(column) for column in columns for i, table in enumerate(column)}
        # The vertical position of a table is the mean of its neighbours'.
        near = parents if sweep % 2 == 0 else children
        for column in columns:
            column.sort(
                key=lambda table: (
                    sum(row[each] for each in near[table]) / len(near[table])
                    if near[table]
                    else row[table]
                )
            )
    return columns


def _line(start: tuple[float, float], end: tuple[float, float], title: str) -> str:
    x1, y1 = start[0] + _WIDTH, start[1] + _HEIGHT / 2
    x2, y2 = end[0], end[1] + _HEIGHT / 2
    bend = _BETWEEN_COLUMNS * 0.6
    return (
        f'<path d="M{x1:.0f} {y1:.0f} C{x1 + bend:.0f} {y1:.0f} {x2 - bend:.0f} {y2:.0f} '
        f'{x2:.0f} {y2:.0f}"><title>{escape(title)}</title></path>'
    )


def _box(table: str, at: tuple[float, float], lineage: str) -> str:
    x, y = at
    return (
        f'<a href="{lineage}#!/model/model.sportmonks.{table}"><rect x="{x:.0f}" y="{y:.0f}" '
        f'width="{_WIDTH}" height="{_HEIGHT}" rx="5"/><text x="{x + 10:.0f}" y="{y + 17:.0f}">'
        f"{table}</text></a>"
    )
