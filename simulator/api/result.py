"""What an endpoint returns: one row, or a page of a list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from simulator.api.pagination import Key, paginate, pagination_object, read_position
from simulator.api.query import Query
from simulator.data.source import Row


@dataclass(slots=True)
class Result:
    """What an endpoint found: one row or None, or rows and perhaps a pagination object."""

    one: Row | None = None
    rows: list[Row] | None = None
    pagination: dict[str, Any] | None = None
    empty_is_found: bool = False
    """Whether an empty list is a normal response (`data: []`) rather than "no result"."""


def list_result(
    ids: Sequence[int],
    query: Query,
    key: Callable[[int], Key] | None,
    build: Callable[[Sequence[int]], list[Row]],
) -> Result:
    """Return a list, or the requested page if the endpoint is paged; `build` makes the rows of ids.

    Without `key`, the list is ordered by id.
    """
    after = query.numbers("idafter")
    if after is not None:
        ids = [row_id for row_id in ids if row_id > after[0]]
    if not query.is_paged:
        return Result(rows=build(sorted(ids, key=key) if key else ids))
    position = read_position(query.parameters, query.populate, query.after)
    page, has_more = paginate(ids, position, key, query.parameters.get("order") == "desc")
    last: Key | None = None
    if page:
        last = key(page[-1]) if key else (page[-1],)
    pagination = pagination_object(
        query.behaviour.pagination,
        position,
        len(page),
        has_more,
        query.url,
        query.path,
        query.parameters,
        last,
    )
    return Result(rows=build(page), pagination=pagination)
