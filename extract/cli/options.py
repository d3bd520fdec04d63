"""Options that several commands share."""

from typing import Annotated, Literal

import typer

EXIT_CODES = (
    "Exit codes: **0** success, **1** something failed; run the same command again to retry it, "
    "**2** an argument, setting, permission or the dbt project is wrong, **130** Ctrl-C."
)

NoWait = Annotated[
    bool,
    typer.Option(
        "--no-wait",
        metavar="",
        help="Exit with code 1 if another process uses the warehouse, instead of waiting for it.",
    ),
]
FixtureIds = Annotated[
    str | None,
    typer.Option(metavar="ID,ID,…", help="Fetch exactly these fixtures, due or not."),
]
IdsFile = Annotated[
    str | None,
    typer.Option(
        metavar="FILE|-",
        help="Fetch the fixtures in this file, or in standard input (`-`): ids separated by "
        "commas, blanks or line ends.",
    ),
]
LeagueId = Annotated[
    int | None,
    typer.Option(
        metavar="ID",
        min=1,
        help="Only this league: its current season, or the seasons of `--seasons`.",
    ),
]
SeasonId = Annotated[int | None, typer.Option(metavar="ID", min=1, help="Only this season.")]
SeasonsOption = Annotated[
    str | None,
    typer.Option(
        metavar="all|YEARS|IDS",
        help="Seasons of your plan: `all`, those that start in given years (`2024`, "
        "`2019..2025`), or ids separated by commas.",
    ),
]
Since = Annotated[
    str | None,
    typer.Option(
        metavar="DATE",
        help="Fixtures that kick off on this day or later (YYYY-MM-DD, UTC); at most 100 days.",
    ),
]
Until = Annotated[
    str | None,
    typer.Option(metavar="DATE", help="Last day for `--since`; default: today."),
]
Force = Annotated[
    bool,
    typer.Option(
        "--force",
        metavar="",
        help="Fetch every fixture of the selection, due or not, and all lists and reference data.",
    ),
]
ChunkSize = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        max=100_000,
        help="Fixtures per committed load; overrides the setting.",
    ),
]
MaxCalls = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, help="Stop gracefully after this many API calls."),
]
MaxMinutes = Annotated[
    float | None,
    typer.Option(
        metavar="N",
        min=0,
        help="Stop gracefully after this many minutes, counted from when the database is free.",
    ),
]
AsJson = Annotated[
    bool,
    typer.Option(
        "--json",
        metavar="",
        help="Print the result on standard output as JSON, everything else on standard error.",
    ),
]
Quiet = Annotated[
    bool,
    typer.Option("--quiet", metavar="", help="Print only results, warnings and errors."),
]
Verbose = Annotated[
    bool, typer.Option("--verbose", metavar="", help="Print a line for each API call.")
]
LogFormat = Annotated[
    Literal["text", "json"],
    typer.Option(
        metavar="text|json",
        help="`json`: write every message to standard error as a JSON object per line.",
    ),
]
Offline = Annotated[
    bool,
    typer.Option("--offline", metavar="", help="Make no API call: plan from the warehouse alone."),
]
NoCall = Annotated[
    bool,
    typer.Option("--offline", metavar="", help="Make no API call: skip the check of the API."),
]
