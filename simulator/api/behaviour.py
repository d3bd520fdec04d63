"""How the API behaves where its docs leave it open, or where it has changed over time."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Literal, get_args, get_type_hints

DEFAULT_TOKEN = "demo-token"  # noqa: S105 - only this simulator accepts it

Pagination = Literal["page", "cursor", "cursor_url", "both"]
NothingFound = Literal["message", "404", "empty"]
TooManyIds = Literal["refuse", "truncate"]
Meta = Literal["object", "list"]
SavedFixtures = Literal["complete", "requested"]


@dataclass(frozen=True)
class Behaviour:
    """One choice for each behaviour of which more than one variant is known."""

    pagination: Pagination = "cursor"
    """`next_page` (before 2026-06-05), `next_cursor` with a token, or with a full URL, or both."""

    nothing_found: NothingFound = "message"
    """200 with `message` and no `data`, 404 with the same message, or 200 with `data: []`."""

    too_many_ids: TooManyIds = "refuse"
    """More than 50 ids in one multi request: 400 with code 5006, or only the first 50. A guess."""

    unauthenticated: Literal[401, 403] = 401
    """Status without a valid token: the docs say 401, the tests of the official MCP say 403."""

    meta: Meta = "object"
    """`subscription[0].meta`: an object, or the empty list of free plans."""

    unlicensed: tuple[str, ...] = ("odds", "premiumodds", "inplayodds", "predictions")
    """Includes that the plan lacks: they fail the whole request with 403 and code 5002.

    Names in lower case; a nested one by its path or by its own name: `lineups.xglineup`,
    `xglineup`.
    """

    saved_fixtures: SavedFixtures = "complete"
    """Replay: saved fixtures with everything that was saved, or only with what is requested."""

    def changed(self, **changes: Any) -> Behaviour:
        """Return a copy with some changes.

        Raises:
            ValueError: A name is unknown, or a value is not one of its choices.
        """
        hints = get_type_hints(type(self))
        known = {field.name for field in fields(self)}
        for name, value in changes.items():
            if name not in known:
                raise ValueError(
                    f"unknown behaviour: {name}; choose from {', '.join(sorted(known))}"
                )
            if name == "unlicensed":
                changes[name] = tuple(str(include).lower() for include in value)
            elif value not in get_args(hints[name]):
                choices = ", ".join(str(choice) for choice in get_args(hints[name]))
                raise ValueError(f"{name} is one of {choices}, not {value!r}")
        return replace(self, **changes)
