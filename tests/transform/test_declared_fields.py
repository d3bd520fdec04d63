"""A change of any field that the tables use is detected, and arrives in them."""

import json
from pathlib import Path
from typing import Any

import jinja2
import pytest

from extract.payload.content_hash import canonical_hash
from extract.payload.fixture import LISTS
from simulator import Simulator
from tests.support import expected_core as world
from tests.support.assertions import comparable
from tests.support.pipeline import Job

MACROS = Path("dbt_project/macros/payload/fields.sql")
# They flip without a change of the match: see `canonical_hash`.
VOLATILE = {("fixture", "has_odds"), ("fixture", "has_premium_odds")} | {
    ("participants", "last_played_at")
}


def of_macro(name: str, *arguments: str) -> Any:
    """What a macro of `payload/fields.sql` returns."""
    returned: list[Any] = []
    environment = jinja2.Environment(extensions=["jinja2.ext.do"])  # noqa: S701 - makes no HTML
    template = environment.from_string(MACROS.read_text())
    getattr(template.make_module({"return": returned.append}), name)(*arguments)
    return returned[0]


ARRAYS = of_macro("payload_arrays")
FIELDS = [
    (document, path, kind)
    for document in ["fixture", *ARRAYS]
    for path, kind in of_macro("payload_fields", document).items()
]
NAMES = [f"{document}.{path}" for document, path, _ in FIELDS]


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


def test_the_extractor_reads_the_lists_that_the_models_read() -> None:
    assert set(ARRAYS) <= LISTS


@pytest.mark.parametrize(("document", "path", "kind"), FIELDS, ids=NAMES)
def test_a_change_of_a_field_changes_the_hash(
    fixture: dict[str, Any], document: str, path: str, kind: str
) -> None:
    is_equal = canonical_hash(change(fixture, document, path, kind)) == canonical_hash(fixture)
    assert is_equal == ((document, path) in VOLATILE)


def test_a_change_of_each_field_arrives_in_the_tables(
    duckdb_job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    fields = [field for field in FIELDS if field[:2] not in VOLATILE]
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
    for table in ("fixtures", *(f"fixture_{array}" for array in ARRAYS)):
        assert comparable(duckdb_job.records(table)) == expected[table], table
