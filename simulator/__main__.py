"""The command line: `python -m simulator`.

Another Typer app mounts it with `other.command("simulator", epilog=EPILOG)(serve)`.
"""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import Annotated, Optional

import typer
from rich.console import Console

from simulator.api.behaviour import DEFAULT_TOKEN, Pagination
from simulator.control.routes import DEFAULT_CONTROL_TOKEN
from simulator.data.replay import Replay
from simulator.simulator import DEFAULT_CLOCK, Simulator

app = typer.Typer(add_completion=False, rich_markup_mode="rich")


EPILOG = (
    "Try: [bold]curl -H 'Authorization: demo-token' "
    "http://127.0.0.1:8717/v3/football/fixtures/date/2026-03-14?include=participants;scores[/]"
)


@app.command(epilog=EPILOG)
def serve(
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes any free one.")] = 8717,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    seed: Annotated[
        int, typer.Option(help="Seed of the world; the same seed generates the same world.")
    ] = 7,
    leagues: Annotated[int, typer.Option(help="Number of leagues.")] = 3,
    seasons: Annotated[
        int, typer.Option(help="Seasons per league; the newest is the current one.")
    ] = 1,
    teams: Annotated[int, typer.Option(help="Teams per league (2 to 40).")] = 20,
    clock: Annotated[
        str,
        typer.Option(
            help="Simulated time (ISO 8601; UTC without a zone). It does not advance by itself; "
            "move it with the control API."
        ),
    ] = DEFAULT_CLOCK,
    token: Annotated[str, typer.Option(help="The API token that is accepted.")] = DEFAULT_TOKEN,
    quota: Annotated[int, typer.Option(help="Calls per entity and window.")] = 3000,
    window: Annotated[
        float, typer.Option(help="Seconds of real time after which the quota resets.")
    ] = 3600.0,
    latency: Annotated[float, typer.Option(help="Seconds to wait before each response.")] = 0.0,
    pagination: Annotated[
        Pagination,
        typer.Option(
            help="How lists refer to their next page: [bold]cursor[/] (a token), "
            "[bold]cursor_url[/] (a full URL), [bold]page[/] (next_page, before June 2026) or "
            "[bold]both[/]."
        ),
    ] = "cursor",
    replay: Annotated[
        Optional[Path],  # noqa: UP045 - typer reads the annotation at run time
        typer.Option(
            metavar="DIR",
            help="Serve responses saved from the real API instead of a generated world: .json, "
            ".jsonl and .ndjson files, also gzipped, in any structure.",
        ),
    ] = None,
    control_token: Annotated[
        str, typer.Option(help="Token of the control API at /control.")
    ] = DEFAULT_CONTROL_TOKEN,
) -> None:
    """Serve a local simulator of the Sportmonks Football API v3.

    It has the endpoints, envelopes, errors, quota and pagination of the real API, and generates its
    data from a seed and a clock: [bold]no token and no network needed[/]. Stop with Ctrl-C.
    """
    console = Console(highlight=False, soft_wrap=True)
    try:
        simulator = Simulator(
            seed=seed,
            leagues=leagues,
            seasons=seasons,
            teams=teams,
            clock=clock,
            token=token,
            quota=quota,
            window=window,
            latency=latency,
            replay=replay,
            port=port,
            host=host,
            control_token=control_token,
            pagination=pagination,
        )
    except ValueError as error:
        _fail(str(error))
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    try:
        simulator.start()
    except (OSError, OverflowError) as error:
        # Python appends the address, which the message contains already.
        reason = (getattr(error, "strerror", None) or str(error)).partition(" (while")[0]
        _fail(f"cannot listen on {host}:{port}: {reason}")
    world = simulator.world
    if isinstance(world, Replay) and world.unusable:
        named = ", ".join(str(path.relative_to(world.directory)) for path in world.unusable)
        console.print(f"{len(world.unusable)} files without usable data: {named}", markup=False)
    console.print(
        f"Listening with {len(world.fixture_ids())} fixtures: "
        f"export SOURCES__SPORTMONKS__BASE_URL={simulator.base_url} "
        f"SOURCES__SPORTMONKS__API_TOKEN={token}",
        markup=False,
    )
    stopped.wait()
    simulator.stop()


def _fail(message: str) -> None:
    Console(stderr=True, highlight=False, soft_wrap=True).print(message, markup=False)
    raise typer.Exit(2)


if __name__ == "__main__":
    app(prog_name="python -m simulator")
