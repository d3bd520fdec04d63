"""Measures the project against other programs that read the same responses: `make bench`.

The simulator serves recorded responses of a made-up world over HTTP, in another process.
These programs load them into an empty database:

  baseline       hand-written for this one purpose: three tables, no payloads
  fair baseline  the same, but with six core tables, payloads, hashes, keys and indexes; its rows
                 are compared with the project's
  naive script   what one writes in an afternoon: one thread, upserts by id
  first load     the project: extract, then transform
    cold         the same, and dbt has not parsed the project before
    run          the same in one process

Then come updates: with nothing due, with 100 fixtures changed, and with one percent changed. They
are compared with the bare start of Python, dlt and dbt, without any work.

CPU seconds are those of the command and, on PostgreSQL, of the server meanwhile, with what it does
in the background. Compare their ratios, which come before those of the seconds: other work on the
machine changes the seconds. All times include the start of Python, dlt and dbt; with nothing due,
dbt is not started.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.databases import ENGINES, open_database
from bench.figures import Figures
from bench.jobs import HERE, Job
from bench.measurements import Bench, World
from bench.recorded_responses import INCLUDES, record, serve

_EXAMPLES = """examples:
  python -m bench --fixtures 1000 --engines duckdb --rounds 1
  python -m bench --fixtures 10000 --include core --json figures.json
  python -m bench --fixtures 10000 --latency 0.1
  python -m bench --fixtures 2000 --include details --engines duckdb --rounds 1
  python -m bench --fixtures 2000 --pair ../before . --rounds 5
"""


def main() -> None:
    """Measures, and prints each figure as soon as it is known."""
    arguments = _parser().parse_args()
    figures: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for fixtures in arguments.fixtures:
            name = f"responses-{arguments.include}-{fixtures}"
            responses = (arguments.folder or folder) / name
            print(f"Recording responses of {fixtures:,} fixtures", file=sys.stderr)
            record(responses, fixtures, INCLUDES[arguments.include])
            for engine in arguments.engines:
                figures += _measure(arguments, fixtures, engine, responses, folder)
    if arguments.json:
        document = {
            "python": platform.python_version(),
            "cores": os.cpu_count(),
            "figures": figures,
        }
        arguments.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--fixtures", type=int, nargs="+", default=[1_000, 10_000], help="sizes of the world"
    )
    parser.add_argument(
        "--include",
        choices=INCLUDES,
        default="default",
        help="what is fetched of a fixture: five parts, the default, or also players' statistics",
    )
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=ENGINES)
    parser.add_argument("--rounds", type=int, default=3, help="figures are medians of these")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each response")
    parser.add_argument(
        "--updates", action="store_true", help="only small updates, after one first load"
    )
    parser.add_argument(
        "--pair",
        type=Path,
        nargs=2,
        metavar=("OLD", "NEW"),
        help="folders of two checkouts: both are measured in turn, and compared with one another "
        "instead of the other programs",
    )
    parser.add_argument("--folder", type=Path, help="where recorded responses are kept")
    parser.add_argument("--json", type=Path, help="file for all figures")
    return parser


def _measure(
    arguments: argparse.Namespace, fixtures: int, engine: str, responses: Path, folder: Path
) -> list[dict[str, Any]]:
    """Measures one engine with one size of the world."""
    about = {
        "engine": engine,
        "fixtures": fixtures,
        "latency": arguments.latency,
        "include": arguments.include,
    }
    checkouts = dict(zip(("old", "new"), arguments.pair, strict=True)) if arguments.pair else {}
    latency = f", {arguments.latency * 1000:.0f} ms latency" if arguments.latency else ""
    print(f"\n{engine}, {fixtures:,} fixtures, include {arguments.include}{latency}")
    include = INCLUDES[arguments.include]
    figures = Figures(about, list(checkouts))
    figures.print_header()
    with (
        open_database(engine, folder) as database,
        serve(responses, arguments.latency) as api,
    ):
        jobs = [
            Job(
                f"bench_{name}" if name else "bench",
                checkout,
                database,
                folder,
                api,
                {"SOURCES__SPORTMONKS__INCLUDE": include},
            )
            for name, checkout in (checkouts or {"": HERE}).items()
        ]
        world = World(api, responses / "ids.txt", arguments.latency, include)
        bench = Bench(jobs, world, database, folder, figures, arguments.rounds)
        bench.measure(arguments.updates)
    return figures.rows


if __name__ == "__main__":
    main()
