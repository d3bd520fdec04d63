"""Where the server gets fixtures and reference data from.

There are two sources: the generated `World` and saved responses (`Replay`). Both accept the same
corrections. A correction is a patch on one fixture that is applied each time the fixture is served,
so that a match continues under its corrections when the clock moves.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Sequence
from typing import Any

from simulator.data.child_rows import renumber
from simulator.data.clock import parse_instant
from simulator.data.reference_data import STATES, STATES_BY_ID, TYPES, TYPES_BY_ID

Row = dict[str, Any]
Patch = Callable[[Row], None]

ARRAYS = ("participants", "scores", "statistics", "events", "periods", "xgfixture")
"""Keys of a fixture that hold arrays, and that every complete fixture has."""

RELATIONS = ("sport", "league", "season", "stage", "round", "group", "venue", "state")
"""Keys of a fixture that hold one embedded object, and that every complete fixture has."""

FURTHER_ARRAYS = (
    "lineups", "formations", "coaches", "referees", "sidelined", "metadata", "predictions",
    "pressure", "tvstations", "comments", "trends", "odds",
)  # fmt: skip
"""Keys of a fixture that hold arrays, and that are only computed when they are named."""

FURTHER_OBJECTS = ("weatherreport",)
"""Keys of a fixture that hold one object, and that are only computed when they are named."""

INCLUDED = frozenset({*ARRAYS, *RELATIONS, *FURTHER_ARRAYS, *FURTHER_OBJECTS})
"""Every key of a fixture that is an include, not a field of its own."""

_REISSUED_IDS = 100_000_000_000


class CorrectionError(Exception):
    """A correction that is impossible for this fixture; the message says why."""


class Source(ABC):
    """Fixtures and reference data at a simulated time that only its user changes."""

    as_saved = False
    """Whether fixtures are served exactly as they were saved, includes or not."""

    def __init__(self, clock: str) -> None:
        """Start at a simulated time, ISO 8601."""
        self.now = parse_instant(clock)
        self.is_clock_moved = False
        """Whether the clock was moved: then the Date header shows its time, else the real time."""

        self.lock = threading.RLock()
        self.patches: dict[int, list[Patch]] = {}
        self.deleted: set[int] = set()
        self.withdrawn: set[int] = set()
        self.reissued: dict[int, int] = {}
        """The original id of each reissued fixture, by its current id."""

    # ------------------------------------------------------------------ what a source implements

    @abstractmethod
    def original_ids(self, season_id: int | None = None) -> Sequence[int]:
        """Return the ids of all fixtures except reissued ones, ascending."""

    @abstractmethod
    def is_original(self, fixture_id: int) -> bool:
        """Return whether this fixture exists without having been reissued."""

    @abstractmethod
    def original_base(self, fixture_id: int) -> Row:
        """Return the fixture's own fields, before corrections."""

    @abstractmethod
    def original_fixture(self, fixture_id: int, names: Collection[str] = ()) -> Row:
        """Return a new copy of the fixture with all arrays and relations, before corrections.

        `names` are the further includes to add, as in `fixture`.
        """

    @abstractmethod
    def original_view(self, fixture_id: int, names: Collection[str]) -> Row:
        """Return a fixture to serve, before corrections; it must not be changed.

        Only the named includes have to be present. A name is a key, or the path of what is nested
        in its rows, in lower case: `lineups.details`.
        """

    @abstractmethod
    def is_base_field(self, key: str, value: Any) -> bool:
        """Return whether a list without includes shows this field of a fixture."""

    @abstractmethod
    def leagues(self) -> list[Row]:
        """Return all leagues, ascending by id."""

    @abstractmethod
    def seasons(self) -> list[Row]:
        """Return all seasons, ascending by id."""

    @abstractmethod
    def reschedule(self, fixture_id: int, epoch: int) -> None:
        """Move the kick-off; the match is played then."""

    @abstractmethod
    def finish(self, fixture_id: int) -> None:
        """End a future or live match now."""

    def states(self) -> list[Row]:
        """Return all states, ascending by id."""
        return STATES

    def state(self, state_id: int) -> Row | None:
        """Return one state."""
        return STATES_BY_ID.get(state_id)

    def types(self) -> list[Row]:
        """Return the types of the list, ascending by id."""
        return TYPES

    def type(self, type_id: int) -> Row | None:
        """Return one type, including those that the list omits."""
        return TYPES_BY_ID.get(type_id)

    def saved_rows(self, kind: str, season_id: int) -> list[Row]:
        """Return the saved rows of a season's `standing` or `topscorer` list."""
        return []

    # ------------------------------------------------------------------ people

    def squad(self, team_id: int) -> list[Row]:
        """Return the players of a team, ascending by id; saved responses have no squads."""
        return []

    def player(self, player_id: int) -> Row | None:
        """Return one player; saved responses contain people only inside fixtures."""
        return None

    def coach(self, coach_id: int) -> Row | None:
        """Return one coach."""
        return None

    def referee(self, referee_id: int) -> Row | None:
        """Return one referee."""
        return None

    # ------------------------------------------------------------------ fixtures

    def season_ids(self) -> list[int]:
        """Return the ids of all seasons, ascending."""
        return [season["id"] for season in self.seasons()]

    def league_ids(self) -> list[int]:
        """Return the ids of all leagues, ascending."""
        return [league["id"] for league in self.leagues()]

    def every_id(self, season_id: int | None = None) -> Sequence[int]:
        """Return the ids of all fixtures, including deleted and withdrawn ones, ascending."""
        ids = self.original_ids(season_id)
        if not self.reissued:
            return ids
        reissued = [
            fixture_id
            for fixture_id in self.reissued
            if season_id is None or self.base(fixture_id).get("season_id") == season_id
        ]
        return [*ids, *sorted(reissued)]

    def exists(self, fixture_id: int) -> bool:
        """Return whether this fixture exists, deleted or not."""
        return fixture_id in self.reissued or self.is_original(fixture_id)

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

    def ids_between(self, start: int, end: int, fixture_ids: Sequence[int]) -> list[int]:
        """Return which of these fixtures kick off from `start` to before `end` (epoch seconds)."""
        chosen = []
        for fixture_id in fixture_ids:
            kickoff = self.base(fixture_id).get("starting_at_timestamp")
            if kickoff is not None and start <= kickoff < end:
                chosen.append(fixture_id)
        return chosen

    def fixture(self, fixture_id: int, names: Collection[str] = ()) -> Row:
        """Return the current fixture with all arrays and relations, in canonical order.

        Args:
            fixture_id: Its id.
            names: Further includes to add and what is nested in them, as paths in lower case:
                `lineups`, `lineups.details`, `weatherreport`.

        Raises:
            KeyError: There is no such fixture.
        """
        with self.lock:
            self._check_exists(fixture_id)
            fixture = self.original_fixture(self.reissued.get(fixture_id, fixture_id), names)
            if fixture_id in self.patches:
                for patch in self.patches[fixture_id]:
                    patch(fixture)
            if fixture_id in self.deleted:
                fixture["state_id"] = 20
            embedded = fixture.get("state")
            state_id = fixture.get("state_id")
            is_stale = isinstance(embedded, dict) and embedded.get("id") != state_id
            if is_stale and isinstance(state_id, int):
                fixture["state"] = self.state(state_id)
            return fixture

    def saved_text(self, fixture_id: int) -> bytes | None:
        """Return the JSON that a fixture was saved as; None if it is generated or corrected."""
        return None

    def view(self, fixture_id: int, names: Collection[str]) -> Row:
        """Return a fixture to serve, which must not be changed."""
        if fixture_id in self.patches or fixture_id in self.deleted:
            return self.fixture(fixture_id, names)
        return self.original_view(fixture_id, names)

    def base(self, fixture_id: int) -> Row:
        """Return a fixture's own fields, as a list without includes shows them."""
        if fixture_id in self.patches or fixture_id in self.deleted:
            fixture = self.fixture(fixture_id)
            return {key: value for key, value in fixture.items() if self.is_base_field(key, value)}
        return self.original_base(fixture_id)

    # ------------------------------------------------------------------ corrections

    def set_clock(self, instant: str) -> None:
        """Move the clock to an ISO 8601 time, also backwards."""
        with self.lock:
            self.now = parse_instant(instant)
            self.is_clock_moved = True
            self.on_clock_change()

    def advance(self, seconds: int) -> None:
        """Move the clock forward by some seconds."""
        with self.lock:
            self.now += seconds
            self.is_clock_moved = True
            self.on_clock_change()

    def on_clock_change(self) -> None:
        """Drop cached values that depend on the clock; the default has none."""
        return

    def patch(self, fixture_id: int, patch: Patch) -> None:
        """Add a correction, after checking that it applies to the current fixture."""
        with self.lock:
            patch(self.fixture(fixture_id))
            self.patches.setdefault(fixture_id, []).append(patch)

    def restore(self, fixture_id: int) -> None:
        """Undo every correction of a fixture, including deletion and withdrawal."""
        with self.lock:
            self.patches.pop(fixture_id, None)
            self.deleted.discard(fixture_id)
            self.withdrawn.discard(fixture_id)
            if fixture_id in self.reissued:
                self.patches[fixture_id] = [self._renumber(fixture_id)]

    def restore_all(self) -> None:
        """Undo every correction of every fixture; reissued fixtures disappear."""
        with self.lock:
            for corrections in (self.patches, self.deleted, self.withdrawn, self.reissued):
                corrections.clear()

    def delete(self, fixture_id: int) -> None:
        """Delete a fixture: only the `deleted` filter shows it, with state 20."""
        with self.lock:
            self._check_exists(fixture_id)
            self.deleted.add(fixture_id)

    def withdraw(self, fixture_id: int) -> None:
        """Withdraw a fixture: no request returns it, not even with the `deleted` filter."""
        with self.lock:
            self._check_exists(fixture_id)
            self.withdrawn.add(fixture_id)

    def reissue(self, fixture_id: int) -> int:
        """Withdraw a fixture and serve the same match under a new id, which is returned."""
        with self.lock:
            self.withdraw(fixture_id)
            new_id = self.every_id()[-1] + 1
            self.reissued[new_id] = self.reissued.get(fixture_id, fixture_id)
            self.patches[new_id] = [*self.patches.get(fixture_id, ()), self._renumber(new_id)]
            return new_id

    def _check_exists(self, fixture_id: int) -> None:
        if not self.exists(fixture_id):
            raise KeyError(fixture_id)

    def _renumber(self, fixture_id: int) -> Patch:
        # The child rows of a reissued fixture get new ids, too.
        return renumber(fixture_id, _REISSUED_IDS * (fixture_id - self.original_ids()[-1]))
