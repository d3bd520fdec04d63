"""The stored payloads and checks of the fixtures that are requested."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Protocol

import msgspec

from extract.payload.fixture import Fixture, StoredVersion, read_fixture
from extract.source.confirmation import CONFIRMED, Unconfirmed
from extract.warehouse.base import Warehouse, id_list

# Ids that `sample_ids` returns.
_SAMPLE = 3


class StoredFixtures(Protocol):
    """The stored payloads and checks of requested fixtures."""

    def payload_hash(self, fixture_id: int) -> str | None:
        """The hash of the stored payload; None if none is stored."""

    def unconfirmed(self, fixture_id: int) -> Unconfirmed:
        """What later responses must confirm."""

    def some_ids(self) -> Sequence[int]:
        """The ids of a few stored fixtures, whether requested or not."""

    def requested_include(self, fixture_id: int) -> str | None:
        """The `include` that the stored payload was requested with; None if unknown."""

    def non_empty_keys(self, fixture_id: int) -> frozenset[str]:
        """The keys of the stored payload whose value has elements."""

    def fixtures(self, fixture_ids: Sequence[int]) -> Mapping[int, Fixture]:
        """The stored fixtures by id. DuckDB reads all payloads for it."""

    def versions(self, fixture_ids: Sequence[int]) -> Sequence[StoredVersion]:
        """The stored payloads, unparsed."""


class NothingStored:
    """The `StoredFixtures` of an empty warehouse: every fetched fixture is new."""

    def payload_hash(self, fixture_id: int) -> str | None:
        """None for every id."""
        return None

    def unconfirmed(self, fixture_id: int) -> Unconfirmed:
        """Nothing for every id."""
        return CONFIRMED

    def some_ids(self) -> Sequence[int]:
        """No id."""
        return ()

    def requested_include(self, fixture_id: int) -> str | None:
        """None for every id."""
        return None

    def non_empty_keys(self, fixture_id: int) -> frozenset[str]:
        """No key for every id."""
        return frozenset()

    def fixtures(self, fixture_ids: Sequence[int]) -> Mapping[int, Fixture]:
        """No fixture."""
        return {}

    def versions(self, fixture_ids: Sequence[int]) -> Sequence[StoredVersion]:
        """No version."""
        return ()


class WarehouseFixtures:
    """The `StoredFixtures` of a chunk, read from the warehouse.

    Args:
        warehouse: to read from.
        fixture_ids: the fixtures of the chunk.
        sample: a few stored fixtures, in the chunk or not.
    """

    def __init__(
        self, warehouse: Warehouse, fixture_ids: Sequence[int], sample: Sequence[int] = ()
    ) -> None:
        self._warehouse = warehouse
        self._sample = sample
        # An empty text is null in PostgreSQL, which loads from CSV.
        rows = warehouse.query(
            f"select id, payload_hash, coalesce(non_empty_keys, '') from {warehouse.raw}.fixtures "
            f"where id in ({id_list(fixture_ids)})"
        )
        self._hashes = {id: payload_hash for id, payload_hash, _ in rows}
        self._non_empty_keys = {id: _keys(keys) for id, _, keys in rows}
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
        """The hash of the stored payload; None if none is stored."""
        return self._hashes.get(fixture_id)

    def non_empty_keys(self, fixture_id: int) -> frozenset[str]:
        """The keys of the stored payload whose value has elements."""
        return self._non_empty_keys.get(fixture_id, frozenset())

    def unconfirmed(self, fixture_id: int) -> Unconfirmed:
        """What later responses must confirm."""
        return self._unconfirmed.get(fixture_id, CONFIRMED)

    def some_ids(self) -> Sequence[int]:
        """The ids of a few stored fixtures."""
        return self._sample

    def requested_include(self, fixture_id: int) -> str | None:
        """The `include` that the stored payload was requested with; None if unknown."""
        return self._requested_include.get(fixture_id)

    def fixtures(self, fixture_ids: Sequence[int]) -> Mapping[int, Fixture]:
        """The stored fixtures by id."""
        fixtures: dict[int, Fixture] = {}
        for version in self.versions(fixture_ids):
            # A payload that someone else wrote may be unreadable.
            with suppress(msgspec.MsgspecError):
                if fixture := read_fixture(version.payload.encode()):
                    fixtures[fixture.id] = fixture
        return fixtures

    def versions(self, fixture_ids: Sequence[int]) -> Sequence[StoredVersion]:
        """The stored payloads, unparsed."""
        rows = self._warehouse.query(
            "select id, cast(payload as text), payload_hash, fetched_at "
            f"from {self._warehouse.raw}.fixtures where id in ({id_list(fixture_ids)})"
        )
        versions = [StoredVersion(*row) for row in rows]
        self._warehouse.empty_cache()
        return versions


def sample_ids(warehouse: Warehouse) -> list[int]:
    """A few stored fixtures, chosen at random; none while none is stored."""
    rows = warehouse.query(
        f"select id from {warehouse.raw}.fixtures order by random() limit {_SAMPLE}"
    )
    return [id for (id,) in rows]


def _keys(text: str) -> frozenset[str]:
    return frozenset(filter(None, text.split(",")))
