"""What needs attention, from the data of the operations page."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from extract.errors import command_line
from extract.report.operations.data import OperationsData

# After this time without a sign of life a run was killed, and fetched fixtures wait for a transform
# that does not come.
_STALLED = timedelta(hours=1)
# The `warn_after` of dbt's source freshness.
_NO_RUN = timedelta(days=2)


@dataclass(frozen=True)
class Attention:
    """Something that a person must look at.

    Attributes:
        title: what it is, in a few words.
        detail: what it means.
        command: a command that mends it or shows more; None if there is none.
        section: the section of the page about it.
    """

    title: str
    detail: str
    command: str | None
    section: str


def find_attention(data: OperationsData) -> Iterator[Attention]:
    """Finds what needs attention, without problems in the provider's data, which users cannot fix.

    Args:
        data: the data of the page.
    """
    yield from _runs(data)
    if failed := data.unresolved_counts.get("failed", 0):
        yield Attention(
            f"{_fixtures(failed)} failed",
            "The last request for them got no usable response. What is stored of them stays, and "
            "the next run requests them again.",
            command_line("extract"),
            "unresolved",
        )
    count, since = data.behind
    if since and data.made_at - since > _STALLED:
        yield Attention(
            f"The tables lack {_fixtures(count)}",
            f"They were fetched from {_minute(since)} on, and no transform has built them yet.",
            command_line("transform"),
            "freshness",
        )
    for check in data.checks or ():
        if check.is_ours:
            yield Attention(
                f"The check “{check.name.replace('_', ' ')}” found {check.found:,}",
                f"It requires: {check.description}",
                None,
                "checks",
            )


def find_unknown(data: OperationsData) -> Iterator[str]:
    """Finds why something that needs attention may be unknown: it would be a false all-clear.

    Args:
        data: the data of the page.
    """
    if not data.last_run:
        yield "there was no run"
    if data.checks is None:
        yield "no checks of the tables could be read"
    if data.unreadable:
        yield f"these tables do not exist or may not be read: {', '.join(data.unreadable)}"


def _runs(data: OperationsData) -> Iterator[Attention]:
    run = data.last_run
    if not run:
        return
    if run["outcome"] == "failed":
        yield Attention(
            "The last run failed",
            f"It began at {_minute(run['started_at'])}, and stored {run['stored'] or 0:,} of "
            f"{run['due'] or 0:,} due fixtures. Its log has the reason.",
            command_line("doctor"),
            "runs",
        )
    if run["outcome"] == "running" and data.made_at - run["updated_at"] > _STALLED:
        yield Attention(
            "The last run did not end",
            f"Its last sign of life is of {_minute(run['updated_at'])}. If it was killed, the next "
            "run takes up what it left.",
            command_line("extract"),
            "runs",
        )
    if data.due_count and data.made_at - run["updated_at"] > _NO_RUN:
        yield Attention(
            f"No run since {_minute(run['updated_at'])}",
            f"{_fixtures(data.due_count)} are due. Is the scheduler running?",
            command_line("extract"),
            "runs",
        )


def _fixtures(count: int) -> str:
    return f"{count:,} fixture{'' if count == 1 else 's'}"


def _minute(time: datetime) -> str:
    return f"{time:%d %b %Y %H:%M}"
