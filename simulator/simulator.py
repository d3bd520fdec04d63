"""A simulator that runs in a background thread."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import uvicorn

from simulator.api.behaviour import DEFAULT_CONTROL_TOKEN, DEFAULT_TOKEN, Pagination, Settings
from simulator.api.server import Api
from simulator.control.client import Control
from simulator.data.replay import Replay
from simulator.data.source import Source
from simulator.faults.connection import ReachableProtocol
from simulator.world.world import World

DEFAULT_CLOCK = "2026-03-14T15:20:00Z"
"""A Saturday afternoon in the middle of a season: some matches are running."""


class Simulator:
    """The API over real HTTP, for as long as the `with` block lasts.

    `quota` is calls per entity and `window` (seconds, real time), `latency` a delay in seconds
    before every answer, `replay` a directory of saved answers to serve instead of a made world,
    `port` 0 any free one. `settings` wins over `pagination`.
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
        settings: Settings | None = None,
    ) -> None:
        """Make the world or read the saved answers; nothing listens yet."""
        self.world: Source = (
            Replay(Path(replay), clock)
            if replay is not None
            else World(seed=seed, leagues=leagues, seasons=seasons, teams=teams, clock=clock)
        )
        self.token = token
        self.api = Api(
            self.world,
            token=token,
            control_token=control_token,
            quota=quota,
            window=window,
            latency=latency,
            settings=settings or Settings().changed(pagination=pagination),
        )
        self._host, self._port, self._control_token = host, port, control_token
        self.base_url = ""

    def start(self) -> Self:
        """Listen and serve; OSError where the port is taken."""
        self._socket = socket.create_server((self._host, self._port), backlog=512)
        port = self._socket.getsockname()[1]
        self.base_url = f"http://{self._host}:{port}/v3"
        self.control = Control(self.base_url, self._control_token)
        config = uvicorn.Config(
            self.api.app,
            http=ReachableProtocol,
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
