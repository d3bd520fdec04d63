"""Saved responses of the real API, served unchanged.

A directory may contain any mix of response envelopes, single objects, lists of objects and objects
nested in others, as JSON, gzipped JSON or JSON lines.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from simulator.data.clock import api_time
from simulator.data.lossless_json import dump_lossless, load_lossless
from simulator.data.reference_data import STATES, TYPES, TYPES_BY_ID
from simulator.data.saved_files import ReplayError, find_objects, is_data_file, read_documents
from simulator.data.source import INCLUDED, CorrectionError, Row, Source


class Replay(Source):
    """A source that serves a directory of saved responses."""

    as_saved = True

    def __init__(self, directory: Path, clock: str) -> None:
        """Read a directory.

        Raises:
            ReplayError: A file cannot be read, or the directory has no usable object.
        """
        super().__init__(clock)
        if not directory.is_dir():
            raise ReplayError(f"no such directory: {directory}")
        self.directory = directory
        self.unusable: list[Path] = []
        """Files without a usable object."""

        self._lists: dict[str, dict[int, Row]] = {"standing": {}, "topscorer": {}}
        self._saved: dict[int, bytes] = {}
        self._bases: dict[int, Row] = {}
        own: dict[str, dict[int, Row]] = {"season": {}, "league": {}, "state": {}, "type": {}}
        embedded: dict[str, dict[int, Row]] = {kind: {} for kind in own}
        paths = sorted(path for path in directory.rglob("*") if is_data_file(path))
        if not paths:
            raise ReplayError(f"no .json, .json.gz, .jsonl or .ndjson file in {directory}")
        for path in paths:
            self._read(path, own, embedded)
        if not self._saved and not any(own.values()) and not any(self._lists.values()):
            raise ReplayError(f"no fixture, league, season, state or type found in {directory}")
        self._states = _merged(STATES, embedded["state"], own["state"])
        self._types = _merged(TYPES, embedded["type"], own["type"])
        self._seasons = self._all_seasons(own["season"], embedded["season"])
        self._leagues = self._all_leagues(own["league"], embedded["league"])
        self._ids = sorted(self._saved)
        self._ids_of_season: dict[int | None, list[int]] = {}
        for fixture_id in self._ids:
            season_id = self._bases[fixture_id].get("season_id")
            self._ids_of_season.setdefault(season_id, []).append(fixture_id)

    # ------------------------------------------------------------------ reading

    def _read(
        self,
        path: Path,
        own: dict[str, dict[int, Row]],
        embedded: dict[str, dict[int, Row]],
    ) -> None:
        usable = False
        for document in read_documents(path):
            for kind, row, inside_fixture in find_objects(document):
                usable = True
                if kind == "fixture":
                    self._keep(row, path)
                elif kind in self._lists:
                    self._lists[kind][row["id"]] = row
                else:
                    kept = (embedded if inside_fixture else own)[kind]
                    if len(row) > len(kept.get(row["id"], ())):
                        kept[row["id"]] = row
        if not usable:
            self.unusable.append(path)

    def _keep(self, fixture: Row, path: Path) -> None:
        try:
            saved = dump_lossless(fixture)
        except TypeError as error:
            raise ReplayError(f"unreadable JSON in {path}: {error}") from None
        fixture_id = fixture["id"]
        if len(saved) > len(self._saved.get(fixture_id, b"")):
            self._saved[fixture_id] = saved
            self._bases[fixture_id] = {
                key: value for key, value in fixture.items() if self.is_base_field(key, value)
            }

    def _all_seasons(self, own: dict[int, Row], embedded: dict[int, Row]) -> list[Row]:
        seasons: dict[int, Row] = {}
        for base in self._bases.values():
            season_id = base.get("season_id")
            if isinstance(season_id, int) and season_id not in seasons:
                seasons[season_id] = {
                    "id": season_id,
                    "sport_id": 1,
                    "league_id": base.get("league_id"),
                    "tie_breaker_rule_id": None,
                    "name": str(season_id),
                    "finished": False,
                    "pending": False,
                    "is_current": True,
                    "starting_at": None,
                    "ending_at": None,
                    "standings_recalculated_at": None,
                    "games_in_current_week": False,
                }
        for season_id, season in embedded.items():
            # Marked as current, so that a run over all current seasons finds every saved fixture.
            seasons[season_id] = {**season, "is_current": True}
        seasons |= own
        return [seasons[season_id] for season_id in sorted(seasons)]

    def _all_leagues(self, own: dict[int, Row], embedded: dict[int, Row]) -> list[Row]:
        leagues: dict[int, Row] = {}
        for row in [*self._bases.values(), *self._seasons]:
            league_id = row.get("league_id")
            if isinstance(league_id, int) and league_id not in leagues:
                leagues[league_id] = {
                    "id": league_id,
                    "sport_id": 1,
                    "country_id": None,
                    "name": str(league_id),
                    "active": True,
                    "short_code": None,
                    "image_path": None,
                    "type": "league",
                    "sub_type": "domestic",
                    "last_played_at": None,
                    "category": None,
                    "has_jerseys": False,
                }
        leagues |= embedded | own
        return [leagues[league_id] for league_id in sorted(leagues)]

    # ------------------------------------------------------------------ serving

    def original_ids(self, season_id: int | None = None) -> Sequence[int]:
        """Return the ids of all fixtures except reissued ones, ascending."""
        return self._ids if season_id is None else self._ids_of_season.get(season_id, [])

    def is_original(self, fixture_id: int) -> bool:
        """Return whether this fixture was saved."""
        return fixture_id in self._saved

    def is_base_field(self, key: str, value: Any) -> bool:
        """Return whether a list without includes shows this field: every scalar of its own."""
        return not isinstance(value, (list, dict)) and key.lower() not in INCLUDED

    def original_base(self, fixture_id: int) -> Row:
        """Return the fixture's scalar fields."""
        return self._bases[fixture_id]

    def original_fixture(self, fixture_id: int, names: Collection[str] = ()) -> Row:
        """Return the fixture as it was saved, whatever is named."""
        fixture: Row = load_lossless(self._saved[fixture_id].decode())
        return fixture

    def original_view(self, fixture_id: int, names: Collection[str]) -> Row:
        """Return the fixture as it was saved."""
        return self.original_fixture(fixture_id)

    def saved_text(self, fixture_id: int) -> bytes | None:
        """Return the fixture's JSON, or None if a correction has changed it."""
        if fixture_id in self.patches or fixture_id in self.deleted:
            return None
        return self._saved[fixture_id]

    def leagues(self) -> list[Row]:
        """Return the leagues in the files, else those of the fixtures, ascending by id."""
        return self._leagues

    def seasons(self) -> list[Row]:
        """Return the seasons in the files, else those of the fixtures, ascending by id."""
        return self._seasons

    def saved_rows(self, kind: str, season_id: int) -> list[Row]:
        """Return the saved standings or topscorers of a season, in the order of the files."""
        return [row for row in self._lists[kind].values() if row.get("season_id") == season_id]

    def states(self) -> list[Row]:
        """Return the built-in states; saved ones replace them."""
        return list(self._states.values())

    def state(self, state_id: int) -> Row | None:
        """Return one state."""
        return self._states.get(state_id)

    def types(self) -> list[Row]:
        """Return the built-in types; saved ones replace them."""
        return list(self._types.values())

    def type(self, type_id: int) -> Row | None:
        """Return one type."""
        return self._types.get(type_id) or TYPES_BY_ID.get(type_id)

    # ------------------------------------------------------------------ corrections

    def reschedule(self, fixture_id: int, epoch: int) -> None:
        """Move the kick-off and set the state to "not started"."""

        def change(fixture: Row) -> None:
            fixture["starting_at"] = api_time(epoch)
            fixture["starting_at_timestamp"] = epoch
            fixture["state_id"] = 1

        self.patch(fixture_id, change)

    def finish(self, fixture_id: int) -> None:
        """Raise CorrectionError: a saved match cannot be played."""
        raise CorrectionError("a saved fixture cannot be finished")


def _merged(built_in: list[Row], embedded: dict[int, Row], own: dict[int, Row]) -> dict[int, Row]:
    rows = {row["id"]: row for row in built_in} | embedded | own
    return {row_id: rows[row_id] for row_id in sorted(rows)}
