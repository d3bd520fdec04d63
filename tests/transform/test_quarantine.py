"""A value that does not fit its column goes to the quarantine, for each field and kind of value."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from simulator import Simulator
from tests.support import expected_core as world
from tests.support.assertions import comparable
from tests.support.declared_fields import DeclaredField, declared_fields
from tests.support.pipeline import FINAL_TABLES, Job

ARRAYS = ("participants", "scores", "statistics", "events", "periods")
# The tables take an element's fixture from the fixture itself.
UNREAD = {"id", "fixture_id"}
TEXTS = {
    "name", "result_info", "leg", "details", "short_code", "gender", "type", "image_path",
    "location", "description", "participant", "section", "player_name", "related_player_name",
    "result", "info", "addition",
}  # fmt: skip


# None of them is a number, a boolean or a time; a lenient cast would accept each of them.
WRONG = ("no value", "", "4,5", "007")
# Milliseconds, which are seconds in the year 55840.
WRONG_SECONDS = 1_700_000_000_000
SECONDS = {"starting_at_timestamp", "started", "ended"}


@dataclass(frozen=True)
class Case:
    """A value of a wrong type.

    Attributes:
        keys: where it stands in a fixture; of an array, in its first element.
        value: what stands there: a number for a text, a text for anything else but for seconds.
    """

    keys: tuple[str, ...]
    value: Any

    @property
    def path(self) -> str:
        """As in `quarantine`, without the place in the array, which the API changes."""
        return ".".join([f"{self.keys[0]}[]", *self.keys[1:]] if self.is_inside else self.keys)

    @property
    def is_inside(self) -> bool:
        return self.keys[0] in ARRAYS and len(self.keys) > 1

    def in_fixture(self, fixture: dict[str, Any]) -> Any:
        """The fixture's top-level field with the wrong value in it."""
        return broken(fixture[self.keys[0]], self.keys[1:], self.value)


def broken(whole: Any, keys: tuple[str, ...], value: Any) -> Any:
    if not keys:
        return value
    if isinstance(whole, list):
        return [broken(whole[0], keys, value), *whole[1:]]
    return {**whole, keys[0]: broken(whole[keys[0]], keys[1:], value)}


def cases(fixture: dict[str, Any]) -> Iterator[Case]:
    for key, value in fixture.items():
        if key in ARRAYS:
            yield Case((key,), "no list")
            for inner, content in value[0].items():
                if inner != "fixture_id":
                    yield from of_field((key, inner), content)
        elif key not in UNREAD:
            yield from of_field((key,), value)


def of_field(keys: tuple[str, ...], value: Any) -> Iterator[Case]:
    for wrong in (5.5,) if keys[-1] in TEXTS else WRONG:
        # That is 7 for a number with decimals.
        if (keys[-1], wrong) != ("value", "007"):
            yield Case(keys, wrong)
    if keys[-1] in SECONDS:
        yield Case(keys, WRONG_SECONDS)
    for inner, content in value.items() if isinstance(value, dict) else ():
        yield from of_field((*keys, inner), content)


def test_each_invalid_value_is_quarantined_alone(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    # At the season's end most fixtures have every array.
    with Simulator(seed=11, leagues=1, seasons=1, teams=20, clock="2026-05-28T00:00:00Z") as api:
        monkeypatch.setenv("SOURCES__SPORTMONKS__BASE_URL", api.base_url)
        # In order: a team's row is that of its newest payload, which must be a valid one.
        monkeypatch.setenv("SOURCES__SPORTMONKS__REQUESTS_IN_FLIGHT", "1")
        expected = world.final_tables(api)
        truth = [api.control.fixture(id) for id in api.world.fixture_ids()]
        whole = [
            fixture
            for fixture in truth
            if all(fixture[array] for array in ARRAYS)
            and {"rescinded", "sort_order"} <= set(fixture["events"][0])
        ]
        read = [*api.world.base(whole[0]["id"]), *ARRAYS]
        wrong = list(cases({key: whole[0][key] for key in read}))
        chosen = dict(zip([fixture["id"] for fixture in whole], wrong, strict=False))
        assert len(chosen) == len(wrong) > 250
        for fixture in whole:
            if case := chosen.get(fixture["id"]):
                api.control.update(fixture["id"], {case.keys[0]: case.in_fixture(fixture)})
        # Named, for a fixture whose season is unreadable is on no season's list.
        job.extract("--ids-file", "-", stdin=",".join(str(fixture["id"]) for fixture in truth))
        job.transform("--select", "+path:models/marts/core", "+quarantine")
        output = job.command(
            "transform", "--verbose", "--select", "nothing_is_in_quarantine"
        ).output
    found = [
        (fixture_id, re.sub(r"\[\d+\]", "[]", path), value)
        for fixture_id, path, value in job.query(
            "select fixture_id, path, value from sportmonks.quarantine order by fixture_id, path"
        )
    ]
    assert found == [(id, case.path, str(case.value)) for id, case in sorted(chosen.items())]
    assert f"WARN nothing_is_in_quarantine: {len(chosen)} found." in output
    for table in FINAL_TABLES:
        assert_only_this_is_null(job, table, expected[table], chosen, {f["id"]: f for f in whole})


def assert_only_this_is_null(
    job: Job,
    table: str,
    expected: list[dict[str, Any]],
    chosen: dict[int, Case],
    truth: dict[int, dict[str, Any]],
) -> None:
    keys = FINAL_TABLES[table].split(", ")
    rows = {tuple(row[key] for key in keys): row for row in comparable(job.records(table))}
    for wanted in expected:
        row = rows.pop(tuple(wanted[key] for key in keys), None)
        case = chosen.get(wanted.get("fixture_id", 0))
        array = table.removeprefix("fixture_")
        if case is None:
            assert row == wanted, table
        elif table == "fixtures":
            assert row
            assert without(row, derived(case)) == without(wanted, derived(case)), case
            if len(case.keys) == 1 and case.keys[0] in row and case.keys[0] != "starting_at":
                assert row[case.keys[0]] is None, case
        elif case.keys == (array,):
            assert row is None
        elif case.keys[0] != array or not is_first(
            truth[wanted["fixture_id"]][array], wanted, keys
        ):
            assert row == wanted, (table, case)
        elif case.keys[1:] == ("id",):
            assert row is None
        else:
            assert row
            # Of an object, all of its fields.
            columns = set(case.keys[1:]) | OBJECTS.get(case.keys[1], set())
            assert without(row, columns) == without(wanted, columns), case
            assert row.get(case.keys[-1]) is None, case
    assert rows == {}


OBJECTS = {
    "meta": {"location", "winner", "position"},
    "score": {"participant", "goals"},
    "data": {"value", "value_raw"},
}


def derived(case: Case) -> set[str]:
    """The columns of `fixtures` that a value decides about."""
    if case.keys[0] == "participants":
        return {
            f"{side}_participant_{what}" for side in ("home", "away") for what in ("id", "name")
        } | {"winner_participant_id"}
    if case.keys[0] == "scores":
        return {f"{side}_score{part}" for side in ("home", "away") for part in ("", "_half_time")}
    return {"state_id", "state_code"} if case.keys[0] == "state_id" else set(case.keys[:1])


def is_first(elements: list[dict[str, Any]], row: dict[str, Any], keys: list[str]) -> bool:
    return bool(elements[0]["id"] == row[keys[-1]])


def without(row: dict[str, Any], columns: set[str]) -> dict[str, Any]:
    return {column: value for column, value in row.items() if column not in columns}


# A value of the wrong type, by how a field is read.
NO_VALUE = "no value"
NO_TEXT = 5.5


def nested(path: list[str], value: Any) -> dict[str, Any]:
    key, *inner = path
    return {key: nested(inner, value) if inner else value}


def element(number: int, field: DeclaredField | None) -> dict[str, Any]:
    """An element of a list, or an object, whose only field besides the id has a wrong value."""
    if field is None:
        return {"id": NO_VALUE}
    wrong = NO_TEXT if field.format == "text" else NO_VALUE
    return {"id": number, **nested(field.path.split("."), wrong)}


def place(field: DeclaredField) -> str:
    """The path of a field in `quarantine`, without the places in lists."""
    document = "[].".join(field.document.split("."))
    return f"{document}[]" if field.kind == "array" else document


def payloads(fields: list[DeclaredField], count: int) -> Iterator[tuple[Any, set[tuple[str, str]]]]:
    """Payloads whose lists and objects have one wrong field each, and the values to be found.

    The last two have elements without a usable id, and something else in the place of a list.
    """
    documents: dict[str, list[DeclaredField]] = {}
    for field in fields:
        if field.kind != "root" and field.format != "json":
            documents.setdefault(field.document, []).append(field)
    for number in range(count):
        payload: dict[str, Any] = {}
        found: set[tuple[str, str]] = set()
        # A list comes before what is nested in its elements.
        for position, (document, of_document) in enumerate(sorted(documents.items())):
            parent, _, name = document.rpartition(".")
            first = of_document[0]
            content: Any
            has_nested = any(key.startswith(f"{document}.") for key in documents)
            # The extractor itself makes the list `data` of a season.
            if number == count - 1 and (has_nested or document == "data"):
                content = [{"id": 999_000}]
            elif number == count - 1:
                content = "no list"
                found.add((document.replace(".", "[]."), content))
            else:
                broken_field = (
                    None if number == count - 2 else of_document[number % len(of_document)]
                )
                content = element(number * 1000 + position + 1, broken_field)
                wrong = content["id"] if broken_field is None else NO_VALUE
                if broken_field is not None and broken_field.format == "text":
                    wrong = str(NO_TEXT)
                found.add((f"{place(first)}.{broken_field.path if broken_field else 'id'}", wrong))
                content = [content] if first.kind == "array" else content
            if parent:
                payload[parent][0][name] = content
            else:
                payload[name] = content
        yield payload, found


@pytest.mark.parametrize("source", ["fixtures", "standings", "topscorers"])
def test_each_declared_field_has_its_invalid_values_quarantined(
    job: Job, api: Simulator, source: str
) -> None:
    """Also those of includes and lists that no setting requests by default."""
    job.start_extracted()
    fields = declared_fields(source=source)
    if source == "fixtures":
        ids = [row[0] for row in job.query("select id from sportmonks_raw.fixtures order by id")]
        stored = "update sportmonks_raw.fixtures set {} where id = {}"
    else:
        job.query(f"delete from sportmonks_raw.{source}")
        ids = list(range(1, 100))
        stored = (
            f"insert into sportmonks_raw.{source} (payload, fetched_at, id) values ({{}}, {{}})"
        )
    sizes = Counter(f.document for f in fields if f.kind != "root" and f.format != "json")
    count = 2 + max(sizes.values())
    expected = set()
    for id, (payload, found) in zip(ids, payloads(fields, count), strict=False):
        text = json.dumps({"id": id, **payload})
        if source == "fixtures":
            values = f"payload = '{text}', non_empty_keys = null, fetched_at = current_timestamp"
        else:
            values = f"'{text}', current_timestamp"
        job.database.execute(stored.replace("sportmonks", job.database.schema).format(values, id))
        expected |= {(id, path, value) for path, value in found}
    job.transform("--select", "+path:models/marts/core", "+quarantine")
    found_values = {
        (id, re.sub(r"\[\d+\]", "[]", path), value)
        for id, path, value in job.query(
            "select source_id, path, value from sportmonks.quarantine "
            f"where source_table = '{source}'"
        )
    }
    assert found_values == expected
    if source == "fixtures":
        assert_wrong_columns_are_null(job, fields, ids)


def assert_wrong_columns_are_null(job: Job, fields: list[DeclaredField], ids: list[int]) -> None:
    """The row of each wrong value is there, and has null in the column."""
    places: Counter[str] = Counter()
    queries = []
    for field in fields:
        if field.kind != "root" and field.format != "json":
            schema = "sportmonks_staging" if field.model.startswith("int_") else "sportmonks"
            queries.append(
                f"select '{field.document}.{field.path}', count(*) > 0, count({field.column}) "
                f"from {schema}.{field.model} where fixture_id = {ids[places[field.document]]}"
            )
            places[field.document] += 1
    assert len(queries) > 200
    for name, is_there, values in job.query(" union all ".join(queries)):
        assert (is_there, values) == (True, 0), name
