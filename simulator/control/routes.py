"""The control routes: how tests and demos change the simulator while it runs.

Each operation has the path `/control/{operation}` and takes its arguments as a JSON object.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.api.server import ApiServer
from simulator.control import corrections, line_ups
from simulator.data.clock import api_time, parse_instant
from simulator.data.lossless_json import dump_lossless
from simulator.data.source import CorrectionError, Row

HEADER = "X-Control-Token"
DEFAULT_CONTROL_TOKEN = "control"  # noqa: S105 - only a simulator accepts it


class Operations:
    """The operations; every public method is one, and `Control` documents it."""

    def __init__(self, server: ApiServer) -> None:
        """Control one server."""
        self._server = server
        self._added = 0

    def clock(self) -> str:
        """Return the simulated time."""
        return api_time(self._server.source.now).replace(" ", "T") + "Z"

    def set_clock(self, instant: str) -> str:
        """Move the clock to a time."""
        self._server.source.set_clock(instant)
        return self.clock()

    def advance(self, seconds: float) -> str:
        """Move the clock forward."""
        self._server.source.advance(int(seconds))
        return self.clock()

    def fixture(self, fixture_id: int, include: str = "") -> Row:
        """Return a fixture with further includes."""
        names = {name for name in include.lower().split(";") if name}
        return self._server.source.fixture(fixture_id, names)

    def fixture_ids(self, season_id: int | None = None) -> list[int]:
        """Return the ids of the existing fixtures."""
        return self._server.source.fixture_ids(season_id)

    def correct_statistic(self, fixture_id: int, statistic_id: int, value: Any) -> None:
        """Change the value of a statistic."""
        corrections.find(self.fixture(fixture_id), "statistics", statistic_id)
        self._patch(fixture_id, corrections.correct_statistic(statistic_id, value))

    def correct_player_statistic(self, fixture_id: int, statistic_id: int, value: Any) -> None:
        """Change the value of a statistic of a player."""
        line_ups.find_statistic(self._with_lineups(fixture_id), statistic_id)
        self._patch(fixture_id, line_ups.correct_player_statistic(statistic_id, value))

    def remove_player_statistic(self, fixture_id: int, statistic_id: int) -> None:
        """Remove a statistic of a player."""
        line_ups.find_statistic(self._with_lineups(fixture_id), statistic_id)
        self._patch(fixture_id, line_ups.remove_player_statistic(statistic_id))

    def add_player_statistic(
        self, fixture_id: int, lineup_id: int, type_id: int, value: Any
    ) -> Row:
        """Add a statistic of a player and return it."""
        added = line_ups.new_player_statistic(
            self._with_lineups(fixture_id), lineup_id, type_id, value, self._next()
        )
        self._patch(fixture_id, line_ups.add_player_statistic(added))
        return added

    def rename_lineup_player(self, fixture_id: int, lineup_id: int, player_name: str) -> None:
        """Change the name of a player in the line-ups."""
        line_ups.find_lineup(self._with_lineups(fixture_id), lineup_id)
        self._patch(fixture_id, line_ups.rename_lineup_player(lineup_id, player_name))

    def _with_lineups(self, fixture_id: int) -> Row:
        return self._server.source.fixture(fixture_id, line_ups.NAMES)

    def remove_event(self, fixture_id: int, event_id: int) -> None:
        """Remove an event."""
        corrections.find(self.fixture(fixture_id), "events", event_id)
        self._patch(fixture_id, corrections.remove_event(event_id))

    def add_event(self, fixture_id: int, event: Row) -> Row:
        """Add an event and return it."""
        added = corrections.new_event(self.fixture(fixture_id), event, self._next())
        self._patch(fixture_id, corrections.add_event(added))
        return added

    def rescind(self, fixture_id: int, event_id: int) -> None:
        """Rescind a card."""
        corrections.find(self.fixture(fixture_id), "events", event_id)
        self._patch(fixture_id, corrections.rescind(event_id))

    def cancel_goal(self, fixture_id: int, event_id: int) -> None:
        """Disallow a goal."""
        patch = corrections.cancel_goal(self.fixture(fixture_id), event_id, self._next())
        self._patch(fixture_id, patch)

    def empty(self, fixture_id: int, key: str) -> None:
        """Empty an array."""
        self._patch(fixture_id, corrections.assign({key: []}))

    def set_null(self, fixture_id: int, key: str) -> None:
        """Set a field to null."""
        self._patch(fixture_id, corrections.assign({key: None}))

    def drop_key(self, fixture_id: int, key: str) -> None:
        """Remove a key."""
        self._patch(fixture_id, corrections.drop_key(key))

    def update(self, fixture_id: int, changes: Row) -> None:
        """Set top-level fields."""
        self._patch(fixture_id, corrections.assign(changes))

    def restore(self, fixture_id: int) -> None:
        """Undo every correction of a fixture."""
        self._server.source.restore(fixture_id)

    def restore_all(self) -> None:
        """Undo every correction of every fixture."""
        self._server.source.restore_all()

    def reschedule(self, fixture_id: int, instant: str) -> None:
        """Move the kick-off of a fixture."""
        self._server.source.reschedule(fixture_id, parse_instant(instant))

    def finish(self, fixture_id: int) -> None:
        """End a match."""
        self._server.source.finish(fixture_id)

    def delete(self, fixture_id: int) -> None:
        """Delete a fixture."""
        self._server.source.delete(fixture_id)

    def withdraw(self, fixture_id: int) -> None:
        """Withdraw a fixture."""
        self._server.source.withdraw(fixture_id)

    def reissue(self, fixture_id: int) -> int:
        """Withdraw a fixture and return the new id of its match."""
        return self._server.source.reissue(fixture_id)

    def faults(self, faults: list[Row]) -> None:
        """Replace the faults."""
        self._server.faults.set(faults)

    def requests(self) -> list[Row]:
        """Return the request log."""
        return list(self._server.log)

    def reset_requests(self) -> None:
        """Empty the request log."""
        self._server.log.clear()

    def set_quota(self, quota: int, window: float) -> None:
        """Change the quota and reset every window."""
        self._server.quota.set(int(quota), float(window))

    def set_latency(self, seconds: float) -> None:
        """Change the delay before each response."""
        self._server.latency = float(seconds)

    def set_behaviour(self, changes: Row) -> None:
        """Change the behaviour of the API."""
        self._server.behaviour = self._server.behaviour.changed(**changes)

    def _patch(self, fixture_id: int, patch: Callable[[Row], None]) -> None:
        self._server.source.patch(fixture_id, patch)

    def _next(self) -> int:
        self._added += 1
        return self._added


def control_routes(server: ApiServer, token: str) -> list[Route]:
    """Return the web routes that control a server; they require `token`."""
    operations = Operations(server)
    table: dict[str, Callable[..., Any]] = {
        name: getattr(operations, name)
        for name, member in vars(Operations).items()
        if callable(member) and not name.startswith("_")
    }

    async def handle(request: Request) -> Response:
        given = request.headers.get(HEADER, "")
        if not hmac.compare_digest(given.encode(), token.encode()):
            return _respond(401, {"error": f"the header {HEADER} is missing or wrong"})
        operation = table.get(request.path_params["operation"])
        if operation is None:
            return _respond(404, {"error": f"unknown operation; choose from {', '.join(table)}"})
        try:
            arguments = orjson.loads(await request.body() or b"{}")
            return _respond(200, {"result": operation(**arguments)})
        except KeyError as error:
            return _respond(404, {"error": f"no such fixture: {error.args[0]}"})
        except (CorrectionError, TypeError, ValueError) as error:
            return _respond(400, {"error": str(error)})

    return [Route("/control/{operation}", handle, methods=["GET", "POST"])]


def _respond(status: int, content: Row) -> Response:
    return Response(dump_lossless(content), status, media_type="application/json")
