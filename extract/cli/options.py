"""Options that several commands share."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    pass


NoWait = Annotated[
    bool,
    typer.Option(
        "--no-wait",
        metavar="",
        help="Stop with exit code 1 if another process uses the warehouse, instead of waiting.",
    ),
]
EXIT_CODES = (
    "Exit codes: **0** everything was answered, **1** something failed and the same command takes "
    "it up again, **2** something you gave is wrong, **130** stopped by Ctrl-C."
)


FixtureIds = Annotated[
    str | None, typer.Option(metavar="ID,ID,…", help="Exactly these fixtures, due or not.")
]
IdsFile = Annotated[
    str | None,
    typer.Option(
        metavar="FILE|-",
        help="The fixtures in this file, or in standard input: ids between commas, blanks or "
        "line ends.",
    ),
]
LeagueId = Annotated[
    int | None,
    typer.Option(
        metavar="ID",
        min=1,
        help="Only this league: its current season, or those that `--seasons` names.",
    ),
]
SeasonId = Annotated[int | None, typer.Option(metavar="ID", min=1, help="This season.")]
SeasonsOption = Annotated[
    str | None,
    typer.Option(
        metavar="all|YEARS|IDS",
        help="Seasons of the plan: `all`, those that start in some years (`2024`, `2019..2025`), "
        "or ids between commas.",
    ),
]
Since = Annotated[
    str | None,
    typer.Option(
        metavar="DATE",
        help="Fixtures that kick off on this day or later (YYYY-MM-DD, UTC), at most 100 days.",
    ),
]
Until = Annotated[
    str | None,
    typer.Option(metavar="DATE", help="The last of these days; today if it is left out."),
]
Force = Annotated[
    bool,
    typer.Option(
        "--force",
        metavar="",
        help="Ask for every fixture of the selection, due or not, and for lists and reference "
        "data.",
    ),
]
ChunkSize = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        max=100_000,
        help="Fixtures that are committed together, instead of the setting.",
    ),
]
AsJson = Annotated[
    bool,
    typer.Option(
        "--json",
        metavar="",
        help="Print the result as JSON; everything else to standard error.",
    ),
]
Quiet = Annotated[
    bool,
    typer.Option("--quiet", metavar="", help="Say only what went wrong; a result is shown still."),
]
Verbose = Annotated[
    bool, typer.Option("--verbose", metavar="", help="Print a line for each call of the API.")
]
LogFormat = Annotated[
    Literal["text", "json"],
    typer.Option(
        metavar="text|json",
        help="`json`: all that is said is a JSON object in a line of standard error.",
    ),
]
Offline = Annotated[
    bool,
    typer.Option(
        "--offline",
        metavar="",
        help="Spend no call: plan with what the warehouse knows.",
    ),
]


NoCall = Annotated[
    bool,
    typer.Option("--offline", metavar="", help="Spend no call: leave the API out."),
]
