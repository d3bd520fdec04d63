"""Why a run ends. The command line, the table `runs` and the closing lines all read this value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from extract import interrupts
from extract.errors import ExtractError

RunOutcome = Literal["completed", "planned", "stopped", "failed", "interrupted"]

# From the least serious to the most serious.
_EXIT_CODES: dict[RunOutcome, int] = {
    "completed": 0,
    "planned": 0,
    "stopped": 0,
    "failed": 1,
    "interrupted": interrupts.EXIT_CODE,
}
_SEVERITY = {outcome: number for number, outcome in enumerate(_EXIT_CODES)}


@dataclass(frozen=True)
class StopReason:
    """Why a run ends, or why no further request is sent.

    Attributes:
        outcome: the run's outcome: `completed`, `planned` (only a plan was made), `stopped` (a
            bound was reached), `failed` (an error, or a fixture or list that could not be fetched),
            `interrupted` (Ctrl-C).
        text: the reason as a phrase.
        error: the error that made further requests pointless; None if the run could go on.
    """

    outcome: RunOutcome
    text: str
    error: ExtractError | None = None

    @classmethod
    def from_error(cls, error: ExtractError) -> StopReason:
        """The reason of a run that an error ends."""
        return cls("failed", str(error), error)

    @property
    def exit_code(self) -> int:
        """The exit code of the process."""
        return _EXIT_CODES[self.outcome]

    @property
    def is_interrupted(self) -> bool:
        """Whether Ctrl-C was pressed."""
        return self.outcome == "interrupted"


COMPLETED = StopReason("completed", "all due fixtures were requested")
PLANNED = StopReason("planned", "only a plan was made")
INTERRUPTED = StopReason("interrupted", "interrupted")
CALLS_USED_UP = StopReason("stopped", "all calls that --max-calls allows are made")
TIME_IS_UP = StopReason("stopped", "the time of --max-minutes is over")


def most_serious(*reasons: StopReason | None) -> StopReason | None:
    """The reason that decides the outcome of a run; of equally serious ones the first."""
    given = [reason for reason in reasons if reason]
    return max(given, key=lambda reason: _SEVERITY[reason.outcome], default=None)
