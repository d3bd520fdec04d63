"""The control door: how tests and demos change the world while the server runs.

One POST path per operation, `/control/{operation}`, with the arguments as a JSON object.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.control import corrections
from simulator.data.clock import api_time, parse_instant
from simulator.data.lossless_json import dump_exactly
from simulator.data.source import CorrectionError, Row

if TYPE_CHECKING:
    from simulator.api.server import Api

HEADER = "X-Control-Token"


class Operations:
    """What the door can do; every public method is one operation."""

    def __init__(self, api: Api) -> None:
        """Open the door to one application."""
        self._api = api
        self._added = 0

    def clock(self) -> str:
        """Return the simulated instant."""
        return api_time(self._api.source.now).replace(" ", "T") + "Z"

    def set_clock(self, instant: str) -> str:
        """Move the clock to an instant."""
        self._api.source.set_clock(instant)
        return self.clock()

    def advance(self, seconds: float) -> str:
        """Move the clock on."""
        self._api.source.advance(int(seconds))
        return self.clock()

    def fixture(self, fixture_id: int) -> Row:
        """Return the truth about a fixture."""
        return self._api.source.fixture(fixture_id)

    def fixture_ids(self, season_id: int | None = None) -> list[int]:
        """Return the ids of the existing fixtures."""
        return self._api.source.fixture_ids(season_id)

    def correct_statistic(self, fixture_id: int, statistic_id: int, value: Any) -> None:
        """Give a statistic another value."""
        corrections.find(self.fixture(fixture_id), "statistics", statistic_id)
        self._patch(fixture_id, corrections.correct_statistic(statistic_id, value))

    def remove_event(self, fixture_id: int, event_id: int) -> None:
        """Take an event away."""
        corrections.find(self.fixture(fixture_id), "events", event_id)
        self._patch(fixture_id, corrections.remove_event(event_id))

    def add_event(self, fixture_id: int, event: Row) -> Row:
        """Add an event and return it whole."""
        whole = corrections.new_event(self.fixture(fixture_id), event, self._next())
        self._patch(fixture_id, corrections.add_event(whole))
        return whole

    def rescind(self, fixture_id: int, event_id: int) -> None:
        """Take a card back."""
        corrections.find(self.fixture(fixture_id), "events", event_id)
        self._patch(fixture_id, corrections.rescind(event_id))

    def cancel_goal(self, fixture_id: int, event_id: int) -> None:
        """Disallow a goal after the fact."""
        patch = corrections.cancel_goal(self.fixture(fixture_id), event_id, self._next())
        self._patch(fixture_id, patch)

    def empty(self, fixture_id: int, key: str) -> None:
        """Make an array empty."""
        self._patch(fixture_id, corrections.assign({key: []}))

    def set_null(self, fixture_id: int, key: str) -> None:
        """Make a field null."""
        self._patch(fixture_id, corrections.assign({key: None}))

    def drop_key(self, fixture_id: int, key: str) -> None:
        """Take a key away."""
        self._patch(fixture_id, corrections.drop_key(key))

    def update(self, fixture_id: int, changes: Row) -> None:
        """Set top-level fields, unknown ones too."""
        self._patch(fixture_id, corrections.assign(changes))

    def restore(self, fixture_id: int) -> None:
        """Take back every correction of a fixture."""
        self._api.source.restore(fixture_id)

    def restore_all(self) -> None:
        """Take back every correction of every fixture."""
        self._api.source.restore_all()

    def reschedule(self, fixture_id: int, instant: str) -> None:
        """Give a fixture another kick-off."""
        self._api.source.reschedule(fixture_id, parse_instant(instant))

    def finish(self, fixture_id: int) -> None:
        """Play a match to its end."""
        self._api.source.finish(fixture_id)

    def delete(self, fixture_id: int) -> None:
        """Delete a fixture."""
        self._api.source.delete(fixture_id)

    def withdraw(self, fixture_id: int) -> None:
        """Withdraw a fixture."""
        self._api.source.withdraw(fixture_id)

    def reissue(self, fixture_id: int) -> int:
        """Withdraw a fixture and return the id under which its match is served from now on."""
        return self._api.source.reissue(fixture_id)

    def faults(self, faults: list[Row]) -> None:
        """Replace the faults."""
        self._api.faults.set(faults)

    def requests(self) -> list[Row]:
        """Return the log of API requests."""
        return list(self._api.log)

    def reset_requests(self) -> None:
        """Empty the log of API requests."""
        self._api.log.clear()

    def set_quota(self, quota: int, window: float) -> None:
        """Change the quota and open every window anew."""
        self._api.quota.set(int(quota), float(window))

    def set_latency(self, seconds: float) -> None:
        """Change the delay before every answer."""
        self._api.latency = float(seconds)

    def settings(self, changes: Row) -> None:
        """Change how the API behaves where the docs leave it open."""
        self._api.endpoints.settings = self._api.endpoints.settings.changed(**changes)

    def _patch(self, fixture_id: int, patch: Callable[[Row], None]) -> None:
        self._api.source.patch(fixture_id, patch)

    def _next(self) -> int:
        self._added += 1
        return self._added


def control_routes(api: Api) -> list[Route]:
    """Return the web routes of the control door."""
    operations = Operations(api)
    table: dict[str, Callable[..., Any]] = {
        name: getattr(operations, name)
        for name, member in vars(Operations).items()
        if callable(member) and not name.startswith("_")
    }

    async def handle(request: Request) -> Response:
        given = request.headers.get(HEADER, "")
        if not hmac.compare_digest(given.encode(), api.control_token.encode()):
            return _answer(401, {"error": f"the header {HEADER} is missing or wrong"})
        operation = table.get(request.path_params["operation"])
        if operation is None:
            return _answer(404, {"error": f"no such operation; there are {', '.join(table)}"})
        try:
            arguments = orjson.loads(await request.body() or b"{}")
            return _answer(200, {"result": operation(**arguments)})
        except KeyError as error:
            return _answer(404, {"error": f"no such fixture: {error.args[0]}"})
        except (CorrectionError, TypeError, ValueError) as error:
            return _answer(400, {"error": str(error)})

    return [Route("/control/{operation}", handle, methods=["GET", "POST"])]


def _answer(status: int, content: Row) -> Response:
    return Response(dump_exactly(content), status, media_type="application/json")
