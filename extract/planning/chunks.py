"""Divides the due fixtures into chunks; each is fetched and committed as a whole.

Several runs may work on one warehouse. A chunk locks the seasons of its fixtures, so that no other
run fetches them meanwhile.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby

from extract.planning.due import INCLUDE_ADDED, DueFixture
from extract.warehouse.base import Warehouse, id_list


class Chunks:
    """Chunks of the due fixtures, season by season, in the order given.

    Args:
        warehouse: keeps the locks of seasons.
        due: the fixtures, those of a season together.
        chunk_size: fixtures in a chunk.
        batch_size: fixtures in a request; all chunks but the last one are whole batches.
        stopped: whether to stop waiting for seasons that other runs have locked.

    Attributes:
        fetched_elsewhere: fixtures that another run has fetched since this one found them due.
    """

    def __init__(
        self,
        warehouse: Warehouse,
        due: Sequence[DueFixture],
        chunk_size: int,
        batch_size: int,
        stopped: Callable[[], object],
    ) -> None:
        self._warehouse = warehouse
        self._stopped = stopped
        # A season comes twice where some of its fixtures are due for an added include only.
        self._pending = {
            key: list(fixtures)
            for key, fixtures in groupby(
                due, key=lambda fixture: (fixture.reason == INCLUDE_ADDED, fixture.season_id)
            )
        }
        self._size = whole_batches(chunk_size, batch_size)
        self.fetched_elsewhere = 0

    def __iter__(self) -> Iterator[list[DueFixture]]:
        """The chunks, each locked until the next one is taken."""
        while self._pending:
            try:
                if chunk := self._still_due(self._lock_some()):
                    yield chunk
            finally:
                self._warehouse.release_season_locks()

    def _lock_some(self) -> list[DueFixture]:
        """Locks the next seasons that no other run has locked, and returns their fixtures."""
        chunk: list[DueFixture] = []
        for key in list(self._pending):
            if self._warehouse.try_lock_season(key[1]) is not None:
                continue
            chunk += self._take(key, self._size - len(chunk))
            if len(chunk) == self._size:
                return chunk
        if not chunk:
            key = next(iter(self._pending))
            self._warehouse.lock_season(key[1], self._stopped)
            chunk = self._take(key, self._size)
        return chunk

    def _take(self, key: tuple[bool, int | None], most: int) -> list[DueFixture]:
        fixtures = self._pending.pop(key)
        if rest := fixtures[most:]:
            self._pending = {key: rest} | self._pending
        return fixtures[:most]

    def _still_due(self, chunk: list[DueFixture]) -> list[DueFixture]:
        """Drops fixtures that another run has fetched before their season was locked."""
        checked_at = dict(
            self._warehouse.query(
                f"select id, checked_at from {self._warehouse.raw}.fixture_checks "
                "where outcome not in ('unconfirmed', 'failed') "
                f"and id in ({id_list(fixture.id for fixture in chunk)})"
            )
        )
        due = [fixture for fixture in chunk if not _is_later(checked_at.get(fixture.id), fixture)]
        self.fetched_elsewhere += len(chunk) - len(due)
        return due


def _is_later(checked_at: datetime | None, fixture: DueFixture) -> bool:
    """Whether a fixture was requested again since it was found due."""
    if checked_at is None:
        return False
    return fixture.checked_at is None or checked_at > fixture.checked_at


def whole_batches(chunk_size: int, batch_size: int) -> int:
    """The number of fixtures in a chunk: as many whole batches as fit, or less than one batch."""
    return max(chunk_size // batch_size * batch_size, min(chunk_size, batch_size))


def isolated_ids(due: Iterable[DueFixture]) -> set[int]:
    """Fixtures that failed last time, so that one that always fails costs others no calls."""
    return {fixture.id for fixture in due if fixture.reason == "failed"}


def calls_for(due: Sequence[DueFixture], chunk_size: int, batch_size: int) -> int:
    """The number of requests for these fixtures, chunk by chunk."""
    size = whole_batches(chunk_size, batch_size)
    calls = 0
    for start in range(0, len(due), size):
        chunk = due[start : start + size]
        isolated = len(isolated_ids(chunk))
        calls += -(-isolated // batch_size) + -(-(len(chunk) - isolated) // batch_size)
    return calls
