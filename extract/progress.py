"""What the work reports while it runs. The command line implements it."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Eta:
    """When a run is expected to end.

    Attributes:
        calls_left: calls left in the quota window by the last response; None while unknown.
        seconds: time until all due fixtures are requested, waits for quota included.
    """

    calls_left: int | None
    seconds: float


class Progress(Protocol):
    """Receives reports from a run. Methods may be called from several threads."""

    def line(self, text: str) -> None:
        """A line about the current step."""

    def warning(self, text: str) -> None:
        """A problem that does not stop the run."""

    def error(self, text: str) -> None:
        """A problem that stops the run or leaves it incomplete."""

    def waiting(self, entity: str, seconds: float) -> None:
        """Requests wait for the quota of an entity."""

    def slowing_down(self, requests: int) -> None:
        """From now on, at most this many requests are in flight."""

    def request_finished(self, text: str, rows: int, fields: Mapping[str, Any]) -> None:
        """A request has ended.

        Args:
            text: one line about it.
            rows: rows that it returned.
            fields: its record in `api_calls`.
        """

    def working(self, phase: str, text: str) -> AbstractContextManager[None]:
        """A phase of unknown length.

        Args:
            phase: its short name.
            text: a line about it.
        """

    def fetching(self, total: int, known: int) -> AbstractContextManager[None]:
        """The phase in which fixtures are requested.

        Args:
            total: fixtures to request.
            known: fixtures of the selection, due or not.
        """

    def fetched(self, fixtures: int, eta: Eta) -> None:
        """Some more fixtures have an outcome."""

    def looking_up_types(self, left: int) -> None:
        """Types that the list of types lacks are requested one by one; this many are left."""

    def loading(self, fixtures: int) -> None:
        """A chunk of fixtures is being loaded into the warehouse."""

    def committed(self, fixtures: int, total: int) -> None:
        """A chunk is committed: this many of the due fixtures are done."""

    def copying(self, text: str) -> AbstractContextManager[None]:
        """The phase in which rows are copied to the lake.

        Args:
            text: a line about it.
        """

    def copied(self, rows: int, total: int | None) -> None:
        """So many rows are copied, of a total that is given once it is known."""
