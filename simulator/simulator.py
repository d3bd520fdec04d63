"""A simulator: the API and its control routes on one server, in a background thread."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import uvicorn
from starlette.applications import Starlette

from simulator.api.behaviour import DEFAULT_TOKEN, Behaviour, Pagination
from simulator.api.server import ApiServer, internal_error
from simulator.control.client import Control
from simulator.control.routes import DEFAULT_CONTROL_TOKEN, control_routes
from simulator.data.replay import Replay
from simulator.data.source import Source
from simulator.faults.connection import ConnectionProtocol
from simulator.world.world import World

DEFAULT_CLOCK = "2026-03-14T15:20:00Z"
"""A Saturday afternoon in the middle of a season: some matches are live."""


class Simulator:
    """The API over real HTTP, while the `with` block runs.

    Attributes:
        base_url: The API's root; empty before `start`.
        token: The API token that is accepted.
        world: The source of fixtures and reference data.
        control: A client that changes this simulator; set by `start`.
    """

    def __init__(
        self,
        *,
        seed: int = 7,
        leagues: int = 2,
        seasons: int = 2,
        teams: int = 6,
        clock: str = DEFAULT_CLOCK,
        token: str = DEFAULT_TOKEN,
        quota: int = 3000,
        window: float = 3600.0,
        latency: float = 0.0,
        replay: str | Path | None = None,
        port: int = 0,
        host: str = "127.0.0.1",
        control_token: str = DEFAULT_CONTROL_TOKEN,
        pagination: Pagination = "cursor",
        behaviour: Behaviour | None = None,
    ) -> None:
        """Generate the world, or read saved responses. The server does not listen yet.

        Args:
            seed: The same seed generates the same world.
            leagues: Number of leagues.
            seasons: Seasons per league.
            teams: Teams per league.
            clock: The simulated time, ISO 8601.
            token: The API token that is accepted.
            quota: Calls per entity and window.
            window: Seconds of real time.
            latency: Seconds to wait before each response.
            replay: Directory of saved responses to serve instead of a generated world.
            port: 0 chooses a free one.
            host: Address to listen on.
            control_token: The token of the control routes.
            pagination: How lists refer to their next page.
            behaviour: All variants of the API's behaviour; overrides `pagination`. By default a
                replay refuses no include.

        Raises:
            ValueError: An argument is out of range, or the saved responses cannot be read.
        """
        self.world: Source = (
            Replay(Path(replay), clock)
            if replay is not None
            else World(seed=seed, leagues=leagues, seasons=seasons, teams=teams, clock=clock)
        )
        self.token = token
        # The plan that saved responses come from had all their includes.
        default = Behaviour(unlicensed=()) if self.world.as_saved else Behaviour()
        server = ApiServer(
            self.world,
            token=token,
            quota=quota,
            window=window,
            latency=latency,
            behaviour=behaviour or default.changed(pagination=pagination),
        )
        self._app = Starlette(
            routes=[*server.routes(), *control_routes(server, control_token)],
            exception_handlers={Exception: internal_error},
        )
        self._host, self._port, self._control_token = host, port, control_token
        self.base_url = ""

    def start(self) -> Self:
        """Listen and serve.

        Raises:
            OSError: The port is taken.
        """
        self._socket = socket.create_server((self._host, self._port), backlog=512)
        port = self._socket.getsockname()[1]
        self.base_url = f"http://{self._host}:{port}/v3"
        self.control = Control(self.base_url, self._control_token)
        config = uvicorn.Config(
            self._app,
            http=ConnectionProtocol,
            loop="asyncio",
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="critical",
            access_log=False,
            date_header=False,
            server_header=False,
            timeout_keep_alive=60,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True
        )
        self._thread.start()
        while not self._server.started:
            if not self._thread.is_alive():
                raise RuntimeError("the simulator did not start")
            time.sleep(0.005)
        return self

    def stop(self) -> None:
        """Stop serving and close every connection."""
        self.control.close()
        self._server.should_exit = True
        self._thread.join(timeout=10)
        self._socket.close()

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        self.stop()
