"""Saved answers of the real API, served again exactly as they were saved.

A directory may hold any mix of response envelopes, bare objects, lists of objects and objects
wrapped deeper in others, as JSON, gzipped JSON or JSON lines. What a thing is, its keys say, never
the file's name.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from simulator.data.clock import api_time
from simulator.data.lossless_json import dump_exactly, load_exactly
from simulator.data.reference_data import STATES, TYPES, TYPES_BY_ID
from simulator.data.source import CorrectionError, Row, Source

_SUFFIXES = (".json", ".jsonl", ".ndjson")
_LINES = (".jsonl", ".ndjson")
_OF_A_MATCH = {
    "events", "statistics", "scores", "periods", "participants", "lineups", "result_info", "leg"
}  # fmt: skip
"""Keys that, beside a season, only a fixture has."""


class ReplayError(ValueError):
    """The directory cannot be replayed, in words for the person who gave it."""


# ---------------------------------------------------------------------- what is what


def recognise(thing: Row) -> str | None:
    """Return `fixture`, `season`, `league`, `state`, `type` or None, by the object's keys.

    Seasons, stages and rounds have a `starting_at` too, but also an end; everything that belongs to
    a fixture has a `fixture_id`.
    """
    identifier = thing.get("id")
    if not isinstance(identifier, int) or isinstance(identifier, bool):
        return None
    keys = thing.keys()
    if "developer_name" in keys:
        if "model_type" in keys or "stat_group" in keys:
            return "type"
        return "state" if "state" in keys or "short_name" in keys else None
    if "fixture_id" in keys:
        return None
    if "state_id" in keys or "starting_at_timestamp" in keys:
        return "fixture"
    spans = not keys.isdisjoint({"ending_at", "is_current", "finished"})
    if "starting_at" in keys and not spans:
        return "fixture"
    if "season_id" in keys and not spans and not keys.isdisjoint(_OF_A_MATCH):
        return "fixture"
    if spans:
        return "season" if "league_id" in keys and "season_id" not in keys else None
    if "gender" not in keys and not keys.isdisjoint({"sub_type", "has_jerseys"}):
        return "league"
    return None


def _find(content: Any, inside_fixture: bool = False) -> Iterator[tuple[str, Row, bool]]:
    """Yield every entity inside some JSON, with whether it stands inside a fixture."""
    if isinstance(content, list):
        for item in content:
            yield from _find(item, inside_fixture)
    elif isinstance(content, dict):
        kind = recognise(content)
        if kind is not None:
            yield kind, content, inside_fixture
        for value in content.values():
            if isinstance(value, (list, dict)):
                yield from _find(value, inside_fixture or kind == "fixture")


# ---------------------------------------------------------------------- files


def _is_data_file(path: Path) -> bool:
    name = path.name.lower().removesuffix(".gz")
    return path.is_file() and name.endswith(_SUFFIXES)


def _documents(path: Path) -> Iterator[Any]:
    """Yield the JSON documents of a file."""
    try:
        content = path.read_bytes()
        if path.name.lower().endswith(".gz"):
            content = gzip.decompress(content)
        text = content.decode("utf-8-sig")
        if path.name.lower().removesuffix(".gz").endswith(_LINES):
            # Not splitlines(): JSON strings may hold the other line separators of Unicode.
            for line in text.split("\n"):
                if line.strip():
                    yield load_exactly(line)
        else:
            yield load_exactly(text.strip())
    except (OSError, EOFError, zlib.error, ValueError, RecursionError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ReplayError(f"unreadable JSON in {path}: {reason}") from None


class Replay(Source):
    """The source that serves a directory of saved answers."""

    as_saved = True

    def __init__(self, directory: Path, clock: str) -> None:
        """Read a directory; ReplayError names what is wrong with it."""
        super().__init__(clock)
        if not directory.is_dir():
            raise ReplayError(f"no such directory: {directory}")
        self.directory = directory
        self.unusable: list[Path] = []
        """Files in which nothing was recognised."""

        self._saved: dict[int, bytes] = {}
        self._bases: dict[int, Row] = {}
        own: dict[str, dict[int, Row]] = {"season": {}, "league": {}, "state": {}, "type": {}}
        embedded: dict[str, dict[int, Row]] = {kind: {} for kind in own}
        paths = sorted(path for path in directory.rglob("*") if _is_data_file(path))
        if not paths:
            raise ReplayError(f"no .json, .json.gz, .jsonl or .ndjson file in {directory}")
        for path in paths:
            self._read(path, own, embedded)
        if not self._saved and not any(own.values()):
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
        for document in _documents(path):
            for kind, thing, inside_fixture in _find(document):
                usable = True
                if kind == "fixture":
                    self._keep(thing, path)
                else:
                    kept = (embedded if inside_fixture else own)[kind]
                    if len(thing) > len(kept.get(thing["id"], ())):
                        kept[thing["id"]] = thing
        if not usable:
            self.unusable.append(path)

    def _keep(self, fixture: Row, path: Path) -> None:
        try:
            saved = dump_exactly(fixture)
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
            # Current, so that a run over all current seasons reaches every saved fixture.
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

    def made_ids(self, season_id: int | None = None) -> Sequence[int]:
        """Return the ids of all fixtures but reissued ones, ascending."""
        return self._ids if season_id is None else self._ids_of_season.get(season_id, [])

    def is_made(self, fixture_id: int) -> bool:
        """Say whether this fixture was saved."""
        return fixture_id in self._saved

    def is_base_field(self, key: str, value: Any) -> bool:
        """Say whether a list without includes shows this field: every scalar."""
        return not isinstance(value, (list, dict))

    def made_base(self, fixture_id: int) -> Row:
        """Return the fixture's scalar fields."""
        return self._bases[fixture_id]

    def made_full(self, fixture_id: int) -> Row:
        """Return the fixture as it was saved."""
        fixture: Row = load_exactly(self._saved[fixture_id].decode())
        return fixture

    def shared(self, fixture_id: int, names: Collection[str]) -> Row:
        """Return the fixture as it was saved."""
        return self.made_full(fixture_id)

    def saved_text(self, fixture_id: int) -> bytes | None:
        """Return the fixture's JSON, or None where a correction has changed it."""
        if fixture_id in self.patches or fixture_id in self.deleted:
            return None
        return self._saved[fixture_id]

    def leagues(self) -> list[Row]:
        """Return the leagues of the files, else of the fixtures, ascending by id."""
        return self._leagues

    def seasons(self) -> list[Row]:
        """Return the seasons of the files, else of the fixtures, ascending by id."""
        return self._seasons

    def states(self) -> list[Row]:
        """Return the built-in states, and instead of them the saved ones."""
        return list(self._states.values())

    def state(self, state_id: int) -> Row | None:
        """Return one state."""
        return self._states.get(state_id)

    def types(self) -> list[Row]:
        """Return the built-in types, and instead of them the saved ones."""
        return list(self._types.values())

    def type(self, type_id: int) -> Row | None:
        """Return one type."""
        return self._types.get(type_id) or TYPES_BY_ID.get(type_id)

    # ------------------------------------------------------------------ corrections

    def reschedule(self, fixture_id: int, epoch: int) -> None:
        """Give the fixture another kick-off and the state "not started"."""

        def change(fixture: Row) -> None:
            fixture["starting_at"] = api_time(epoch)
            fixture["starting_at_timestamp"] = epoch
            fixture["state_id"] = 1

        self.patch(fixture_id, change)

    def finish(self, fixture_id: int) -> None:
        """Refuse: a saved match cannot be played."""
        raise CorrectionError("a saved fixture can not be finished")


def _merged(built_in: list[Row], embedded: dict[int, Row], own: dict[int, Row]) -> dict[int, Row]:
    rows = {row["id"]: row for row in built_in} | embedded | own
    return {row_id: rows[row_id] for row_id in sorted(rows)}
