"""The result of a check of the installation."""

from dataclasses import dataclass
from typing import Literal

from extract.errors import ExtractError

Status = Literal["ok", "warn", "fail", "skip"]


@dataclass(frozen=True)
class CheckResult:
    """The result of one check.

    Attributes:
        check: what was checked.
        status: `skip` if the check could not be made.
        found: what was found, in one line.
        remedy: what to do; None if nothing is wrong.
    """

    check: str
    status: Status
    found: str
    remedy: str | None = None


class CheckWarning(ExtractError):  # noqa: N818 - a warning or a skip, not an error
    """Ends a check with a warning, or skips it.

    Attributes:
        remedy, status: as in `CheckResult`.
    """

    def __init__(self, found: str, remedy: str | None, status: Status = "warn") -> None:
        super().__init__(found)
        self.remedy = remedy
        self.status = status
