"""Pages of a list: by page number, or by a cursor that encodes the whole request.

Documented: 25 rows by default, at most 50, and up to 1,000 with the `populate` filter. A larger
`per_page` is reduced to the maximum. That is a guess: no source shows whether the API rejects it.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from simulator.api.behaviour import Pagination
from simulator.errors import ApiError, incorrect

DEFAULT_PER_PAGE = 25
MAX_PER_PAGE = 50
MAX_PER_POPULATED_PAGE = 1_000
MAX_OFFSET = 20_000

Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page starts: at a page number, or after the row with a key."""

    per_page: int
    page: int | None
    after: Key | None


def encode_cursor(path: str, parameters: dict[str, str], after: Key) -> str:
    """Return a token that contains everything that the next request needs."""
    content = json.dumps([1, 2, list(after), path, parameters], separators=(",", ":"))
    return base64.urlsafe_b64encode(content.encode()).decode().rstrip("=")


def decode_cursor(token: str, path: str) -> tuple[dict[str, str], Key]:
    """Return the parameters and the last key in a token.

    Raises:
        ApiError: It is no token, or one of another path.
    """
    try:
        padded = token + "=" * (-len(token) % 4)
        _, _, after, of_path, parameters = json.loads(base64.urlsafe_b64decode(padded))
        if of_path != path:
            raise ValueError("a cursor of another endpoint")
        return dict(parameters), tuple(after)
    except (ValueError, TypeError, binascii.Error):
        raise incorrect("The cursor is invalid.") from None


def read_position(parameters: dict[str, str], populate: bool, after: Key | None) -> Position:
    """Read `per_page` and `page`.

    Raises:
        ApiError: One of them is wrong, or the page is too deep.
    """
    per_page = _positive(parameters, "per_page") or DEFAULT_PER_PAGE
    per_page = min(per_page, MAX_PER_POPULATED_PAGE if populate else MAX_PER_PAGE)
    page = _positive(parameters, "page")
    if page is not None and (page - 1) * per_page > MAX_OFFSET:
        raise incorrect(
            f"You can not page deeper than {MAX_OFFSET} rows; use the cursor instead.", 5003
        )
    return Position(per_page, page, after)


def _positive(parameters: dict[str, str], name: str) -> int | None:
    text = parameters.get(name)
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 9 or int(text) < 1:
        raise incorrect(f"The {name} parameter must be a whole number of at least 1.")
    return int(text)


def paginate(
    ids: Sequence[int],
    position: Position,
    key: Callable[[int], Key] | None,
    descending: bool,
) -> tuple[Sequence[int], bool]:
    """Return one page of ids and whether more follow. Without `key` the order is by id.

    Raises:
        ApiError: There is no such page.
    """
    if key is not None:
        ids = sorted(ids, key=key, reverse=descending)
    elif descending:
        ids = ids[::-1]
    if position.after is None:
        start = ((position.page or 1) - 1) * position.per_page
    else:
        start = _first_after(ids, position.after, key, descending)
    if position.page is not None and position.page > 1 and start >= len(ids):
        raise ApiError(400, "The requested page does not exist", 5003)
    end = start + position.per_page
    return ids[start:end], end < len(ids)


def _first_after(
    ids: Sequence[int], after: Key, key: Callable[[int], Key] | None, descending: bool
) -> int:
    """Return the index of the first row after a key, whose own row may be gone by now."""
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
    form: Pagination,
    position: Position,
    count: int,
    has_more: bool,
    url: str,
    path: str,
    parameters: dict[str, str],
    last: Key | None,
) -> dict[str, Any]:
    """Return the `pagination` object in one of its forms.

    `url` is the URL of the list without a query string. No form contains the API token: saved
    responses show that for `next_page`; for cursors it is an assumption.
    """
    page = position.page or 1
    pagination: dict[str, Any] = {
        "count": count,
        "per_page": position.per_page,
        "current_page": page,
    }
    if form in ("page", "both"):
        query = urlencode({**parameters, "page": str(page + 1)}, safe=";:,")
        pagination["next_page"] = f"{url}?{query}" if has_more else None
    if form != "page":
        carried = {name: value for name, value in parameters.items() if name != "page"}
        token = encode_cursor(path, carried, last) if has_more and last is not None else None
        if token is not None and form == "cursor_url":
            token = f"{url}?cursor={token}"
        pagination["next_cursor"] = token
    pagination["has_more"] = has_more
    return pagination
