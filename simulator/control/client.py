"""A small client of the control door."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import requests

from simulator.api.behaviour import DEFAULT_CONTROL_TOKEN
from simulator.control.routes import HEADER

Row = dict[str, Any]


class ControlError(Exception):
    """The door refused, in its own words."""


class Control:
    """Changes a running simulator. `base_url` is the API's, as the simulator prints it."""

    def __init__(self, base_url: str, token: str = DEFAULT_CONTROL_TOKEN) -> None:
        """Make a client; `token` is the control token."""
        parts = urlsplit(base_url)
        self._door = f"{parts.scheme}://{parts.netloc}/control"
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers[HEADER] = token

    def _do(self, operation: str, **arguments: Any) -> Any:
        answer = self._session.post(f"{self._door}/{operation}", json=arguments, timeout=30)
        content = answer.json()
        if answer.status_code != 200:
            raise ControlError(f"{operation}: {content['error']}")
        return content["result"]

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    # ------------------------------------------------------------------ the clock and the truth

    def clock(self) -> str:
        """Return the simulated instant."""
        return str(self._do("clock"))

    def set_clock(self, instant: str) -> str:
        """Move the clock to an ISO 8601 instant, backwards too."""
        return str(self._do("set_clock", instant=instant))

    def advance(self, seconds: float) -> str:
        """Move the clock on by some seconds."""
        return str(self._do("advance", seconds=seconds))

    def fixture(self, fixture_id: int) -> Row:
        """Return the truth about a fixture, with everything that comes with it."""
        fixture: Row = self._do("fixture", fixture_id=fixture_id)
        return fixture

    def fixture_ids(self, season_id: int | None = None) -> list[int]:
        """Return the ids of the fixtures that exist and are not deleted."""
        return list(self._do("fixture_ids", season_id=season_id))

    # ------------------------------------------------------------------ corrections

    def correct_statistic(self, fixture_id: int, statistic_id: int, value: Any) -> None:
        """Give a statistic another value; the row keeps its id."""
        self._do("correct_statistic", fixture_id=fixture_id, statistic_id=statistic_id, value=value)

    def remove_event(self, fixture_id: int, event_id: int) -> None:
        """Take an event away."""
        self._do("remove_event", fixture_id=fixture_id, event_id=event_id)

    def add_event(self, fixture_id: int, event: Row) -> Row:
        """Add an event; fields that are not given are filled in. Returns the whole event."""
        whole: Row = self._do("add_event", fixture_id=fixture_id, event=event)
        return whole

    def rescind(self, fixture_id: int, event_id: int) -> None:
        """Take a card back: `rescinded` becomes true."""
        self._do("rescind", fixture_id=fixture_id, event_id=event_id)

    def cancel_goal(self, fixture_id: int, event_id: int) -> None:
        """Disallow a goal: a VAR event replaces it; score, winner and statistics follow."""
        self._do("cancel_goal", fixture_id=fixture_id, event_id=event_id)

    def empty(self, fixture_id: int, key: str) -> None:
        """Make an array empty, until `restore`."""
        self._do("empty", fixture_id=fixture_id, key=key)

    def set_null(self, fixture_id: int, key: str) -> None:
        """Make a field null, until `restore`."""
        self._do("set_null", fixture_id=fixture_id, key=key)

    def drop_key(self, fixture_id: int, key: str) -> None:
        """Take a key away, until `restore`."""
        self._do("drop_key", fixture_id=fixture_id, key=key)

    def update(self, fixture_id: int, changes: Row) -> None:
        """Set top-level fields; unknown keys are served like the fixture's own."""
        self._do("update", fixture_id=fixture_id, changes=changes)

    def restore(self, fixture_id: int) -> None:
        """Take back every correction of a fixture, its deletion and rescheduling too.

        A withdrawn fixture returns; a reissued one keeps its new id.
        """
        self._do("restore", fixture_id=fixture_id)

    def restore_all(self) -> None:
        """Take back every correction of every fixture; reissued ones exist no more."""
        self._do("restore_all")

    def reschedule(self, fixture_id: int, instant: str) -> None:
        """Give a fixture another kick-off; a postponed match is played then."""
        self._do("reschedule", fixture_id=fixture_id, instant=instant)

    def finish(self, fixture_id: int) -> None:
        """Play a coming or running match to its end; its kick-off moves so that it ends now."""
        self._do("finish", fixture_id=fixture_id)

    def delete(self, fixture_id: int) -> None:
        """Delete a fixture: only the `deleted` filter still shows it, with state 20."""
        self._do("delete", fixture_id=fixture_id)

    def withdraw(self, fixture_id: int) -> None:
        """Withdraw a fixture: nothing shows it any more, the `deleted` filter neither."""
        self._do("withdraw", fixture_id=fixture_id)

    def reissue(self, fixture_id: int) -> int:
        """Withdraw a fixture and serve the same match under a new id, which is returned."""
        return int(self._do("reissue", fixture_id=fixture_id))

    # ------------------------------------------------------------------ the server

    def faults(self, faults: Sequence[Row]) -> None:
        """Replace the faults; `simulator.faults.faults` describes them."""
        self._do("faults", faults=list(faults))

    def clear_faults(self) -> None:
        """Switch every fault off."""
        self._do("faults", faults=[])

    def requests(self) -> list[Row]:
        """Return every API request since the start or the last `reset_requests`.

        `time` is the real epoch, `seconds` how long the answer took, `in_flight` how many requests
        were open when it came, `token_in` says `header` or `query`, `status` is 0 where no answer
        was sent.
        """
        return list(self._do("requests"))

    def reset_requests(self) -> None:
        """Empty the log of API requests."""
        self._do("reset_requests")

    def set_quota(self, quota: int, window: float) -> None:
        """Change calls per entity and window (seconds), and open every window anew."""
        self._do("set_quota", quota=quota, window=window)

    def set_latency(self, seconds: float) -> None:
        """Change the delay before every answer."""
        self._do("set_latency", seconds=seconds)

    def settings(self, **changes: Any) -> None:
        """Change how the API behaves where the docs leave it open: `simulator.api.behaviour`."""
        self._do("settings", changes=changes)
