"""Pages of a list: by page number, or by a cursor that encodes the whole request.

Documented: 25 rows by default, at most 50, with the `populate` filter up to 1,000. A larger
`per_page` is taken as the most that is allowed (a guess: nobody shows whether it is refused).
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from simulator.api.behaviour import Settings
from simulator.errors import ApiError, incorrect

DEFAULT_PER_PAGE = 25
MOST_PER_PAGE = 50
MOST_POPULATED = 1_000
DEEPEST_OFFSET = 20_000

Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a list a request stands: a page, or the key of the row it goes on after."""

    per_page: int
    page: int | None
    after: Key | None


def encode_cursor(path: str, parameters: dict[str, str], after: Key) -> str:
    """Write a token that holds all that the next request needs."""
    content = json.dumps([1, 2, list(after), path, parameters], separators=(",", ":"))
    return base64.urlsafe_b64encode(content.encode()).decode().rstrip("=")


def decode_cursor(token: str, path: str) -> tuple[dict[str, str], Key]:
    """Read a token of this path."""
    try:
        padded = token + "=" * (-len(token) % 4)
        _, _, after, of_path, parameters = json.loads(base64.urlsafe_b64decode(padded))
        if of_path != path:
            raise ValueError("a cursor of another endpoint")
        return dict(parameters), tuple(after)
    except (ValueError, TypeError, binascii.Error):
        raise incorrect("The cursor is invalid.") from None


def read_place(parameters: dict[str, str], populate: bool, after: Key | None) -> Place:
    """Read `per_page` and `page`."""
    per_page = _whole(parameters, "per_page") or DEFAULT_PER_PAGE
    per_page = min(per_page, MOST_POPULATED if populate else MOST_PER_PAGE)
    page = _whole(parameters, "page")
    if page is not None and (page - 1) * per_page > DEEPEST_OFFSET:
        raise incorrect(
            f"You can not page deeper than {DEEPEST_OFFSET} rows; use the cursor instead.", 5003
        )
    return Place(per_page, page, after)


def _whole(parameters: dict[str, str], name: str) -> int | None:
    text = parameters.get(name)
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 9 or int(text) < 1:
        raise incorrect(f"The {name} parameter must be a whole number of at least 1.")
    return int(text)


def paginate(
    ids: Sequence[int],
    place: Place,
    key: Callable[[int], Key] | None,
    descending: bool,
) -> tuple[Sequence[int], bool]:
    """Return one page of ids and whether more follow. Without `key` the ids are their own order."""
    if key is not None:
        ids = sorted(ids, key=key, reverse=descending)
    elif descending:
        ids = ids[::-1]
    if place.after is None:
        start = ((place.page or 1) - 1) * place.per_page
    else:
        start = _first_after(ids, place.after, key, descending)
    if place.page is not None and place.page > 1 and start >= len(ids):
        raise ApiError(400, "The requested page does not exist", 5003)
    end = start + place.per_page
    return ids[start:end], end < len(ids)


def _first_after(
    ids: Sequence[int], after: Key, key: Callable[[int], Key] | None, descending: bool
) -> int:
    """Return the position of the first row behind a key (by bisection: the row may be gone)."""
    low, high = 0, len(ids)
    while low < high:
        middle = (low + high) // 2
        here = key(ids[middle]) if key else (ids[middle],)
        if here < after if descending else here > after:
            high = middle
        else:
            low = middle + 1
    return low


def pagination_object(
    settings: Settings,
    place: Place,
    count: int,
    has_more: bool,
    url: str,
    path: str,
    parameters: dict[str, str],
    last: Key | None,
) -> dict[str, Any]:
    """Return the `pagination` object in the form of the settings.

    `url` is the address of the list without a query. No form ever holds the token: seen in saved
    answers for `next_page`, assumed for cursors.
    """
    page = place.page or 1
    pagination: dict[str, Any] = {
        "count": count,
        "per_page": place.per_page,
        "current_page": page,
    }
    if settings.pagination == "page":
        query = urlencode({**parameters, "page": str(page + 1)}, safe=";:,")
        pagination["next_page"] = f"{url}?{query}" if has_more else None
    else:
        carried = {name: value for name, value in parameters.items() if name != "page"}
        token = encode_cursor(path, carried, last) if has_more and last is not None else None
        if token is not None and settings.pagination == "cursor_url":
            token = f"{url}?cursor={token}"
        pagination["next_cursor"] = token
    pagination["has_more"] = has_more
    return pagination
