"""What the server serves: fixtures and reference data, from whatever source, plus corrections.

Two sources exist: the made `World` and saved files (`Replay`). Both take the same corrections,
which are kept as patches on one fixture each and applied whenever it is served, so that the match
goes on living under them when the clock moves.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Sequence
from typing import Any

from simulator.data.clock import parse_instant
from simulator.data.reference_data import STATES, STATES_BY_ID, TYPES, TYPES_BY_ID

Row = dict[str, Any]
Patch = Callable[[Row], None]

_REISSUED_IDS = 100_000_000_000
_CHILDREN = ("scores", "statistics", "events", "periods", "xgfixture")


class CorrectionError(Exception):
    """A correction that does not fit the fixture, in words for the person who asked for it."""


def renumber(fixture_id: int, offset: int) -> Patch:
    """Give a fixture another id, and other ids to the rows that come with it."""

    def change(fixture: Row) -> None:
        fixture["id"] = fixture_id
        for name in _CHILDREN:
            for row in fixture.get(name) or ():
                row["fixture_id"] = fixture_id
                for key in ("id", "period_id", "detailed_period_id"):
                    if isinstance(row.get(key), int):
                        row[key] += offset

    return change


class Source(ABC):
    """Fixtures and reference data at a clock that somebody moves by hand."""

    as_saved = False
    """Whether fixtures are served as they are: in their own order, with all that they hold."""

    def __init__(self, clock: str) -> None:
        """Start at an ISO 8601 instant."""
        self.now = parse_instant(clock)
        self.is_clock_moved = False
        """Whether somebody has moved the clock: then answers bear its time, and otherwise the real
        one."""

        self.lock = threading.RLock()
        self.patches: dict[int, list[Patch]] = {}
        self.deleted: set[int] = set()
        self.withdrawn: set[int] = set()
        # The id that a reissued fixture had before, by the id that it has now.
        self.reissued: dict[int, int] = {}

    # ------------------------------------------------------------------ what a source must know

    @abstractmethod
    def made_ids(self, season_id: int | None = None) -> Sequence[int]:
        """Return the ids of all fixtures but reissued ones, ascending."""

    @abstractmethod
    def is_made(self, fixture_id: int) -> bool:
        """Say whether this fixture exists without having been reissued."""

    @abstractmethod
    def made_base(self, fixture_id: int) -> Row:
        """Return the fixture's own fields, before corrections."""

    @abstractmethod
    def made_full(self, fixture_id: int) -> Row:
        """Return a fresh fixture with everything that comes with it, before corrections."""

    @abstractmethod
    def shared(self, fixture_id: int, names: Collection[str]) -> Row:
        """Return a fixture to be served, before corrections; it must not be changed.

        Of what comes with a fixture (events, league...) only the named parts have to be there.
        """

    @abstractmethod
    def is_base_field(self, key: str, value: Any) -> bool:
        """Say whether a list without includes shows this field of a fixture."""

    @abstractmethod
    def leagues(self) -> list[Row]:
        """Return all leagues, ascending by id."""

    @abstractmethod
    def seasons(self) -> list[Row]:
        """Return all seasons, ascending by id."""

    @abstractmethod
    def reschedule(self, fixture_id: int, epoch: int) -> None:
        """Give the fixture another kick-off; the match is played then."""

    @abstractmethod
    def finish(self, fixture_id: int) -> None:
        """Play a coming or running match to its end now."""

    def states(self) -> list[Row]:
        """Return all states, ascending by id."""
        return STATES

    def state(self, state_id: int) -> Row | None:
        """Return one state."""
        return STATES_BY_ID.get(state_id)

    def types(self) -> list[Row]:
        """Return the types that the list holds, ascending by id."""
        return TYPES

    def type(self, type_id: int) -> Row | None:
        """Return one type, also of those that the list does not hold."""
        return TYPES_BY_ID.get(type_id)

    # ------------------------------------------------------------------ fixtures

    def season_ids(self) -> list[int]:
        """Return the ids of all seasons, ascending."""
        return [season["id"] for season in self.seasons()]

    def league_ids(self) -> list[int]:
        """Return the ids of all leagues, ascending."""
        return [league["id"] for league in self.leagues()]

    def every_id(self, season_id: int | None = None) -> Sequence[int]:
        """Return the ids of all fixtures, deleted and withdrawn ones too, ascending."""
        ids = self.made_ids(season_id)
        if not self.reissued:
            return ids
        reissued = [
            fixture_id
            for fixture_id in self.reissued
            if season_id is None or self.base(fixture_id).get("season_id") == season_id
        ]
        return [*ids, *sorted(reissued)]

    def knows(self, fixture_id: int) -> bool:
        """Say whether this fixture exists, deleted or not."""
        return fixture_id in self.reissued or self.is_made(fixture_id)

    def fixture_ids(self, season_id: int | None = None) -> list[int]:
        """Return the ids of the fixtures that exist and are not deleted, ascending."""
        ids = self.every_id(season_id)
        gone = self.deleted | self.withdrawn
        if not gone:
            return list(ids)
        return [fixture_id for fixture_id in ids if fixture_id not in gone]

    def league_fixture_ids(self, league_ids: Sequence[int]) -> list[int]:
        """Return the existing fixtures of some leagues, ascending."""
        wanted = set(league_ids)
        return [
            fixture_id
            for fixture_id in self.fixture_ids()
            if self.base(fixture_id).get("league_id") in wanted
        ]

    def ids_between(self, start: int, end: int, ids: Sequence[int]) -> list[int]:
        """Return which of these fixtures kick off from `start` to before `end` (epoch seconds)."""
        chosen = []
        for fixture_id in ids:
            kickoff = self.base(fixture_id).get("starting_at_timestamp")
            if kickoff is not None and start <= kickoff < end:
                chosen.append(fixture_id)
        return chosen

    def fixture(self, fixture_id: int) -> Row:
        """Return a fixture with all that comes with it, in canonical order: the truth."""
        with self.lock:
            if not self.knows(fixture_id):
                raise KeyError(fixture_id)
            fixture = self.made_full(self.reissued.get(fixture_id, fixture_id))
            if fixture_id in self.patches:
                for patch in self.patches[fixture_id]:
                    patch(fixture)
            if fixture_id in self.deleted:
                fixture["state_id"] = 20
            embedded = fixture.get("state")
            state_id = fixture.get("state_id")
            stale = isinstance(embedded, dict) and embedded.get("id") != state_id
            if stale and isinstance(state_id, int):
                fixture["state"] = self.state(state_id)
            return fixture

    def saved_text(self, fixture_id: int) -> bytes | None:
        """Return the JSON that a fixture was saved as, or None where it is made or corrected."""
        return None

    def serve(self, fixture_id: int, names: Collection[str]) -> Row:
        """Return a fixture to be served, which must not be changed."""
        if fixture_id in self.patches or fixture_id in self.deleted:
            return self.fixture(fixture_id)
        return self.shared(fixture_id, names)

    def base(self, fixture_id: int) -> Row:
        """Return a fixture's own fields, as a list without includes shows them."""
        if fixture_id in self.patches or fixture_id in self.deleted:
            fixture = self.fixture(fixture_id)
            return {key: value for key, value in fixture.items() if self.is_base_field(key, value)}
        return self.made_base(fixture_id)

    # ------------------------------------------------------------------ corrections

    def set_clock(self, instant: str) -> None:
        """Move the clock to an ISO 8601 instant, backwards too."""
        with self.lock:
            self.now = parse_instant(instant)
            self.is_clock_moved = True
            self.clock_moved()

    def advance(self, seconds: int) -> None:
        """Move the clock on."""
        with self.lock:
            self.now += seconds
            self.is_clock_moved = True
            self.clock_moved()

    def clock_moved(self) -> None:
        """Forget what only held at the old clock; most sources remember nothing."""
        return

    def patch(self, fixture_id: int, patch: Patch) -> None:
        """Keep a correction, after trying it on the fixture as it is now."""
        with self.lock:
            patch(self.fixture(fixture_id))
            self.patches.setdefault(fixture_id, []).append(patch)

    def restore(self, fixture_id: int) -> None:
        """Take back every correction of a fixture, its deletion and withdrawal too."""
        with self.lock:
            self.patches.pop(fixture_id, None)
            self.deleted.discard(fixture_id)
            self.withdrawn.discard(fixture_id)
            if fixture_id in self.reissued:
                self.patches[fixture_id] = [self._renumber(fixture_id)]

    def restore_all(self) -> None:
        """Take back every correction of every fixture; reissued ones exist no more."""
        with self.lock:
            for corrections in (self.patches, self.deleted, self.withdrawn, self.reissued):
                corrections.clear()

    def delete(self, fixture_id: int) -> None:
        """Delete a fixture: from now on only the `deleted` filter shows it, with state 20."""
        with self.lock:
            if not self.knows(fixture_id):
                raise KeyError(fixture_id)
            self.deleted.add(fixture_id)

    def withdraw(self, fixture_id: int) -> None:
        """Withdraw a fixture: nothing shows it any more, the `deleted` filter neither."""
        with self.lock:
            if not self.knows(fixture_id):
                raise KeyError(fixture_id)
            self.withdrawn.add(fixture_id)

    def reissue(self, fixture_id: int) -> int:
        """Withdraw a fixture and serve the same match under a new id, which is returned."""
        with self.lock:
            self.withdraw(fixture_id)
            new_id = self.every_id()[-1] + 1
            self.reissued[new_id] = self.reissued.get(fixture_id, fixture_id)
            self.patches[new_id] = [*self.patches.get(fixture_id, ()), self._renumber(new_id)]
            return new_id

    def _renumber(self, fixture_id: int) -> Patch:
        # The rows that come with a reissued fixture get new ids, too.
        return renumber(fixture_id, _REISSUED_IDS * (fixture_id - self.made_ids()[-1]))
