"""A value that does not fit its column goes to the quarantine, for each field and kind of value."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from simulator import Simulator
from tests.support import expected_core as world
from tests.support.assertions import comparable
from tests.support.pipeline import FINAL_TABLES, POSTGRES_IN_TEST_ALL, Job

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


@POSTGRES_IN_TEST_ALL
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
    for table, rows in job.final_tables().items():
        assert_only_this_is_null(table, rows, expected[table], chosen, {f["id"]: f for f in whole})


def assert_only_this_is_null(
    table: str,
    found: list[dict[str, Any]],
    expected: list[dict[str, Any]],
    chosen: dict[int, Case],
    truth: dict[int, dict[str, Any]],
) -> None:
    keys = FINAL_TABLES[table].split(", ")
    rows = {tuple(row[key] for key in keys): row for row in comparable(found)}
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
        sides = {f"{side}_score{part}" for side in ("home", "away") for part in ("", "_half_time")}
        return sides | {"has_extra_time"}
    return {"state_id", "state_code"} if case.keys[0] == "state_id" else set(case.keys[:1])


def is_first(elements: list[dict[str, Any]], row: dict[str, Any], keys: list[str]) -> bool:
    return bool(elements[0]["id"] == row[keys[-1]])


def without(row: dict[str, Any], columns: set[str]) -> dict[str, Any]:
    return {column: value for column, value in row.items() if column not in columns}
