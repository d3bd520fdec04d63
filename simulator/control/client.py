"""A client of the control routes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import requests

from simulator.control.routes import DEFAULT_CONTROL_TOKEN, HEADER

Row = dict[str, Any]


class ControlError(Exception):
    """The simulator rejected an operation; the message says why."""


class Control:
    """Changes a running simulator.

    Every method raises ControlError when the simulator rejects it.
    """

    def __init__(self, base_url: str, token: str = DEFAULT_CONTROL_TOKEN) -> None:
        """Connect to the simulator at the API's base URL, which it prints when it starts."""
        parts = urlsplit(base_url)
        self._url = f"{parts.scheme}://{parts.netloc}/control"
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers[HEADER] = token

    def _do(self, operation: str, **arguments: Any) -> Any:
        response = self._session.post(f"{self._url}/{operation}", json=arguments, timeout=30)
        content = response.json()
        if response.status_code != 200:
            raise ControlError(f"{operation}: {content['error']}")
        return content["result"]

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    # ------------------------------------------------------------------ clock and fixtures

    def clock(self) -> str:
        """Return the simulated time, ISO 8601 in UTC."""
        return str(self._do("clock"))

    def set_clock(self, instant: str) -> str:
        """Move the clock to an ISO 8601 time, also backwards."""
        return str(self._do("set_clock", instant=instant))

    def advance(self, seconds: float) -> str:
        """Move the clock forward by some seconds."""
        return str(self._do("advance", seconds=seconds))

    def fixture(self, fixture_id: int, include: str = "") -> Row:
        """Return a fixture with all its arrays and relations, corrections included.

        `include` adds further includes: `lineups;lineups.details;weatherReport`.
        """
        fixture: Row = self._do("fixture", fixture_id=fixture_id, include=include)
        return fixture

    def fixture_ids(self, season_id: int | None = None) -> list[int]:
        """Return the ids of the fixtures that are neither deleted nor withdrawn."""
        return list(self._do("fixture_ids", season_id=season_id))

    # ------------------------------------------------------------------ corrections

    def correct_statistic(self, fixture_id: int, statistic_id: int, value: Any) -> None:
        """Change the value of a statistic; the row keeps its id."""
        self._do("correct_statistic", fixture_id=fixture_id, statistic_id=statistic_id, value=value)

    def correct_player_statistic(self, fixture_id: int, statistic_id: int, value: Any) -> None:
        """Change the value of a statistic of a player; the row keeps its id."""
        self._do(
            "correct_player_statistic",
            fixture_id=fixture_id,
            statistic_id=statistic_id,
            value=value,
        )

    def remove_player_statistic(self, fixture_id: int, statistic_id: int) -> None:
        """Remove a statistic of a player."""
        self._do("remove_player_statistic", fixture_id=fixture_id, statistic_id=statistic_id)

    def add_player_statistic(
        self, fixture_id: int, lineup_id: int, type_id: int, value: Any
    ) -> Row:
        """Add a statistic of a player, and return it."""
        added: Row = self._do(
            "add_player_statistic",
            fixture_id=fixture_id,
            lineup_id=lineup_id,
            type_id=type_id,
            value=value,
        )
        return added

    def rename_lineup_player(self, fixture_id: int, lineup_id: int, player_name: str) -> None:
        """Change the name of a player in the line-ups of a fixture."""
        self._do(
            "rename_lineup_player",
            fixture_id=fixture_id,
            lineup_id=lineup_id,
            player_name=player_name,
        )

    def remove_event(self, fixture_id: int, event_id: int) -> None:
        """Remove an event."""
        self._do("remove_event", fixture_id=fixture_id, event_id=event_id)

    def add_event(self, fixture_id: int, event: Row) -> Row:
        """Add an event with defaults for missing fields, and return it."""
        added: Row = self._do("add_event", fixture_id=fixture_id, event=event)
        return added

    def rescind(self, fixture_id: int, event_id: int) -> None:
        """Rescind a card: `rescinded` becomes true."""
        self._do("rescind", fixture_id=fixture_id, event_id=event_id)

    def cancel_goal(self, fixture_id: int, event_id: int) -> None:
        """Disallow a goal: a VAR event replaces it; score, winner and statistics change."""
        self._do("cancel_goal", fixture_id=fixture_id, event_id=event_id)

    def empty(self, fixture_id: int, key: str) -> None:
        """Empty an array, until `restore`."""
        self._do("empty", fixture_id=fixture_id, key=key)

    def set_null(self, fixture_id: int, key: str) -> None:
        """Set a field to null, until `restore`."""
        self._do("set_null", fixture_id=fixture_id, key=key)

    def drop_key(self, fixture_id: int, key: str) -> None:
        """Remove a key, until `restore`."""
        self._do("drop_key", fixture_id=fixture_id, key=key)

    def update(self, fixture_id: int, changes: Row) -> None:
        """Set top-level fields, including keys that the API does not have."""
        self._do("update", fixture_id=fixture_id, changes=changes)

    def restore(self, fixture_id: int) -> None:
        """Undo every correction of a fixture, including deletion and rescheduling.

        A withdrawn fixture returns; a reissued one keeps its new id.
        """
        self._do("restore", fixture_id=fixture_id)

    def restore_all(self) -> None:
        """Undo every correction of every fixture; reissued fixtures disappear."""
        self._do("restore_all")

    def reschedule(self, fixture_id: int, instant: str) -> None:
        """Move the kick-off of a fixture; a postponed match is played then."""
        self._do("reschedule", fixture_id=fixture_id, instant=instant)

    def finish(self, fixture_id: int) -> None:
        """End a future or live match: its kick-off moves so that the match ends now."""
        self._do("finish", fixture_id=fixture_id)

    def delete(self, fixture_id: int) -> None:
        """Delete a fixture: only the `deleted` filter shows it, with state 20."""
        self._do("delete", fixture_id=fixture_id)

    def withdraw(self, fixture_id: int) -> None:
        """Withdraw a fixture: no request returns it, not even with the `deleted` filter."""
        self._do("withdraw", fixture_id=fixture_id)

    def reissue(self, fixture_id: int) -> int:
        """Withdraw a fixture and serve the same match under a new id, which is returned."""
        return int(self._do("reissue", fixture_id=fixture_id))

    # ------------------------------------------------------------------ the server

    def faults(self, faults: Sequence[Row]) -> None:
        """Replace all faults; `simulator.faults.faults` documents them."""
        self._do("faults", faults=list(faults))

    def clear_faults(self) -> None:
        """Remove all faults."""
        self._do("faults", faults=[])

    def requests(self) -> list[Row]:
        """Return every API request since the start or the last `reset_requests`.

        `time` is in epoch seconds of real time, `seconds` the time to the response, `in_flight` the
        number of requests in progress at its start, `token_in` is `header`, `query` or null, and
        `status` is 0 where no response was sent.
        """
        return list(self._do("requests"))

    def reset_requests(self) -> None:
        """Empty the request log."""
        self._do("reset_requests")

    def set_quota(self, quota: int, window: float) -> None:
        """Change the calls per entity and window (seconds), and reset every window."""
        self._do("set_quota", quota=quota, window=window)

    def set_latency(self, seconds: float) -> None:
        """Change the delay before each response."""
        self._do("set_latency", seconds=seconds)

    def set_behaviour(self, **changes: Any) -> None:
        """Change the API's behaviour; `simulator.api.behaviour` documents the choices."""
        self._do("set_behaviour", changes=changes)
