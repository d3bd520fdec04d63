"""What the warehouse holds of the fixtures that are requested."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

import msgspec

from extract.payload.fixture import Fixture, StoredVersion, read_fixture
from extract.source.confirmation import CONFIRMED, Unconfirmed
from extract.warehouse.base import Warehouse, id_list

if TYPE_CHECKING:
    pass


class StoredFixtures(Protocol):
    """What the warehouse holds of the fixtures that are asked for."""

    def payload_hash(self, fixture_id: int) -> str | None:
        """The hash of the stored payload, None if there is none."""

    def unconfirmed(self, fixture_id: int) -> Unconfirmed:
        """What its last answers have shown that later ones must confirm."""

    def some_ids(self) -> Sequence[int]:
        """A few fixtures that are stored."""

    def requested_include(self, fixture_id: int) -> str | None:
        """What the stored payload was requested with; None where that is not known."""

    def non_empty_keys(self, fixture_id: int) -> frozenset[str]:
        """The keys of the stored payload whose value has elements."""

    def fixtures(self, fixture_ids: Sequence[int]) -> Mapping[int, Fixture]:
        """What is stored of them, by id. DuckDB reads all payloads for it."""

    def versions(self, fixture_ids: Sequence[int]) -> Sequence[StoredVersion]:
        """Their stored payloads, as they stand in the warehouse."""


class NothingStored:
    """An empty warehouse: whatever is fetched is new."""

    def payload_hash(self, fixture_id: int) -> str | None:
        """None for every id."""
        return None

    def unconfirmed(self, fixture_id: int) -> Unconfirmed:
        """Nothing for every id."""
        return CONFIRMED

    def some_ids(self) -> Sequence[int]:
        """None."""
        return ()

    def requested_include(self, fixture_id: int) -> str | None:
        """None for every id."""
        return None

    def non_empty_keys(self, fixture_id: int) -> frozenset[str]:
        """None for every id."""
        return frozenset()

    def fixtures(self, fixture_ids: Sequence[int]) -> Mapping[int, Fixture]:
        """Nothing for every id."""
        return {}

    def versions(self, fixture_ids: Sequence[int]) -> Sequence[StoredVersion]:
        """Nothing for every id."""
        return ()


class WarehouseFixtures:
    """What the warehouse holds of some fixtures; the `StoredFixtures` of a chunk."""

    def __init__(self, warehouse: Warehouse, fixture_ids: Sequence[int]) -> None:
        self._warehouse = warehouse
        rows = warehouse.query(
            f"select id, payload_hash, non_empty_keys from {warehouse.raw}.fixtures "
            f"where id in ({id_list(fixture_ids)})"
        )
        self._hashes = {id: payload_hash for id, payload_hash, _ in rows}
        self._filled = {id: _keys(keys) for id, _, keys in rows if keys is not None}
        some = warehouse.query(f"select id from {warehouse.raw}.fixtures order by random() limit 3")
        self._some_ids = [id for (id,) in some]
        # Stored by a version that did not note it.
        if unknown := [id for id, _, keys in rows if keys is None]:
            for id, fixture in self.fixtures(unknown).items():
                self._filled[id] = fixture.non_empty_keys
        checks = warehouse.query(
            "select id, requested_include, coalesce(times_missing, 0), coalesce(empty_keys, ''), "
            "empty_since, coalesce(confirmations, 0), counted_at "
            f"from {warehouse.raw}.fixture_checks where id in ({id_list(fixture_ids)})"
        )
        self._requested_include: dict[int, str | None] = {id: text for id, text, *_ in checks}
        self._unconfirmed = {
            id: Unconfirmed(times, _keys(keys), *others) for id, _, times, keys, *others in checks
        }

    def payload_hash(self, fixture_id: int) -> str | None:
        """The hash of the stored payload, None if there is none."""
        return self._hashes.get(fixture_id)

    def non_empty_keys(self, fixture_id: int) -> frozenset[str]:
        """The keys of the stored payload whose value has elements."""
        return self._filled.get(fixture_id, frozenset())

    def unconfirmed(self, fixture_id: int) -> Unconfirmed:
        """What its last answers have shown that later ones must confirm."""
        return self._unconfirmed.get(fixture_id, CONFIRMED)

    def some_ids(self) -> Sequence[int]:
        """A few fixtures that are stored."""
        return self._some_ids

    def requested_include(self, fixture_id: int) -> str | None:
        """What the stored payload was requested with; None where that is not known."""
        return self._requested_include.get(fixture_id)

    def fixtures(self, fixture_ids: Sequence[int]) -> Mapping[int, Fixture]:
        """What is stored of them, by id."""
        fixtures: dict[int, Fixture] = {}
        for version in self.versions(fixture_ids):
            # What an earlier version has stored may be refused by now.
            with suppress(msgspec.MsgspecError):
                if fixture := read_fixture(version.payload.encode()):
                    fixtures[fixture.id] = fixture
        return fixtures

    def versions(self, fixture_ids: Sequence[int]) -> Sequence[StoredVersion]:
        """Their stored payloads, as they stand in the warehouse."""
        rows = self._warehouse.query(
            "select id, cast(payload as text), payload_hash, fetched_at "
            f"from {self._warehouse.raw}.fixtures where id in ({id_list(fixture_ids)})"
        )
        versions = [StoredVersion(*row) for row in rows]
        self._warehouse.empty_cache()
        return versions


def _keys(text: str) -> frozenset[str]:
    return frozenset(filter(None, text.split(",")))
