"""A change of any field that the tables use is detected, and arrives in them."""

import json
from typing import Any

import pytest

from extract.payload.content_hash import canonical_hash
from extract.payload.fixture import LISTS
from simulator import Simulator
from tests.support import expected_core as world
from tests.support.assertions import comparable
from tests.support.declared_fields import declared_fields
from tests.support.pipeline import Job

# They flip without a change of the match: see `canonical_hash`.
VOLATILE = {("fixture", "has_odds"), ("fixture", "has_premium_odds")} | {
    ("participants", "last_played_at")
}


# The includes that every test requests, and the table of each.
TABLES = {
    "fixture": "fixtures",
    "participants": "fixture_participants",
    "scores": "fixture_scores",
    "statistics": "fixture_statistics",
    "events": "fixture_events",
    "periods": "fixture_periods",
}
ARRAYS = [document for document in TABLES if document != "fixture"]


@pytest.fixture(scope="module")
def fields() -> list[tuple[str, str, str]]:
    """Document, path and format of each field of these tables that has a value of its own."""
    return [
        (field.document, field.path, field.format)
        for field in declared_fields()
        if TABLES.get(field.document) == field.model and field.format != "json"
    ]


def other(value: Any, kind: str) -> Any:
    """Another value of a field."""
    if kind == "text":
        return f"{value} changed"
    if kind == "boolean":
        return not value
    if kind == "timestamp_text":
        return "2011-11-11 11:11:11"
    return (value or 0) + (10**12 if kind == "bigint" else 60)


def changed(whole: dict[str, Any], keys: list[str], kind: str) -> dict[str, Any]:
    key, *inner = keys
    value = whole.get(key)
    return {**whole, key: changed(value or {}, inner, kind) if inner else other(value, kind)}


def change(fixture: dict[str, Any], document: str, path: str, kind: str) -> dict[str, Any]:
    """A fixture with one field changed; of an array, in its first element."""
    keys = path.split(".")
    if document == "fixture":
        return changed(fixture, keys, kind)
    first, *others = fixture[document]
    return {**fixture, document: [changed(first, keys, kind), *others]}


def eventful(api: Simulator) -> list[dict[str, Any]]:
    """Finished fixtures with elements in each array."""
    fixtures = (api.control.fixture(id) for id in api.world.fixture_ids())
    return [f for f in fixtures if f["state_id"] == 5 and all(f[array] for array in ARRAYS)]


@pytest.fixture(scope="module")
def fixture() -> dict[str, Any]:
    found = Simulator(seed=11, leagues=1, seasons=1, teams=6).world
    every = (found.fixture(id) for id in found.fixture_ids())
    return next(row for row in every if all(row[array] for array in ARRAYS))


def test_the_extractor_knows_the_lists_that_the_models_read() -> None:
    lists = {f.document for f in declared_fields() if f.kind == "array" and "." not in f.document}
    assert lists >= LISTS >= set(ARRAYS)


def test_a_change_of_a_field_changes_the_hash(
    fixture: dict[str, Any], fields: list[tuple[str, str, str]], subtests: pytest.Subtests
) -> None:
    assert len(fields) > 70
    before = canonical_hash(fixture)
    for document, path, kind in fields:
        with subtests.test(f"{document}.{path}"):
            is_equal = canonical_hash(change(fixture, document, path, kind)) == before
            assert is_equal == ((document, path) in VOLATILE)


def test_a_change_of_each_field_arrives_in_the_tables(
    duckdb_job: Job, fields: list[tuple[str, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    fields = [field for field in fields if field[:2] not in VOLATILE]
    with Simulator(seed=11, leagues=1, seasons=1, teams=20) as api:
        monkeypatch.setenv("SOURCES__SPORTMONKS__BASE_URL", api.base_url)
        fixtures = eventful(api)[: len(fields)]
        ids = [fixture["id"] for fixture in fixtures]
        named = ["--ids-file", "-", "--force", "--json"]
        duckdb_job.extract(*named, stdin=",".join(map(str, ids)))
        duckdb_job.transform()
        for fixture, (document, path, kind) in zip(fixtures, fields, strict=True):
            if path == "state_id":
                content = {**fixture, "state_id": 8}
            else:
                content = change(fixture, document, path, kind)
            key = document if document in ARRAYS else path
            api.control.update(fixture["id"], {key: content[key]})
        stored = json.loads(duckdb_job.extract(*named, stdin=",".join(map(str, ids))).stdout)
        assert stored["stored"] == len(fields)
        duckdb_job.transform()
        expected = world.final_tables(api, ids)
    for table in TABLES.values():
        assert comparable(duckdb_job.records(table)) == expected[table], table
