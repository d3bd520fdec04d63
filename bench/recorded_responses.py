"""Recorded responses of the simulator, and a process that serves them faster than it makes them."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import requests

from bench.tables import INCLUDE
from extract.config.includes import DEFAULT_INCLUDE
from simulator import Simulator
from simulator.api.behaviour import DEFAULT_TOKEN
from simulator.control.client import Control

# Values of the setting `include`, by name.
INCLUDES = {
    # The default of earlier versions, to compare with their figures.
    "core": INCLUDE,
    "default": DEFAULT_INCLUDE,
    # With the statistics of each player, and expected goals.
    "details": f"{DEFAULT_INCLUDE};lineups.details;xGFixture",
}

_FIXTURES_OF_A_SEASON = 383


def record(folder: Path, fixtures: int, include: str) -> None:
    """Records a world of this many fixtures, unless it is recorded already.

    Most fixtures are played, with about 80 statistics and 18 events each. With their players'
    statistics, they have about 700 of those.
    """
    done = folder / "done"
    if done.exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    leagues = -(-fixtures // _FIXTURES_OF_A_SEASON)
    with Simulator(leagues=leagues, seasons=1, teams=20, quota=10**9) as api:
        (folder / "leagues.json").write_bytes(orjson.dumps(api.world.leagues()))
        (folder / "seasons.json").write_bytes(orjson.dumps(api.world.seasons()))
        ids = list(api.world.fixture_ids())[:fixtures]
        session = requests.Session()
        session.headers["Authorization"] = api.token
        with (folder / "fixtures.jsonl").open("wb") as file:
            for start in range(0, len(ids), 50):
                batch = ",".join(map(str, ids[start : start + 50]))
                response = session.get(
                    f"{api.base_url}/football/fixtures/multi/{batch}",
                    params={"include": include},
                    timeout=60,
                )
                response.raise_for_status()
                file.write(response.content + b"\n")
    (folder / "ids.txt").write_text("\n".join(map(str, ids)))
    done.touch()


class Api:
    """A server of recorded responses, and the control that changes them."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.token = DEFAULT_TOKEN
        self.control = Control(base_url)


@contextmanager
def serve(folder: Path, latency: float) -> Iterator[Api]:
    """Serves the responses over HTTP from another process, on a free port.

    Args:
        folder: where `record` wrote them.
        latency: seconds before each response.
    """
    options = {
        "--replay": str(folder),
        "--port": "0",
        "--latency": str(latency),
        "--quota": str(10**9),
    }
    process = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "simulator", *(part for pair in options.items() for part in pair)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Api(_base_url(process))
    finally:
        process.terminate()
        process.wait()


def _base_url(process: "subprocess.Popen[str]") -> str:
    """The address that the server prints once it listens."""
    assert process.stdout  # noqa: S101 - for the type checker
    for line in process.stdout:
        if found := re.search(r"BASE_URL=(\S+)", line):
            return found[1]
    raise RuntimeError("The server of recorded responses has ended.")
