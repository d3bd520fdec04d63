"""Each field that a model declares has its invalid values quarantined."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from simulator import Simulator
from tests.support.declared_fields import DeclaredField, declared_fields
from tests.support.pipeline import POSTGRES_IN_TEST_ALL, Job

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


@POSTGRES_IN_TEST_ALL
@pytest.mark.parametrize(
    "source",
    [
        "fixtures",
        *(pytest.param(name, marks=pytest.mark.thorough) for name in ("standings", "topscorers")),
    ],
)
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
            values = (
                f"payload = '{text}', non_empty_keys = null, declaration_hash = null, "
                "fetched_at = current_timestamp"
            )
        else:
            values = f"'{text}', current_timestamp"
        job.database.execute(stored.replace("sportmonks", job.database.schema).format(values, id))
        expected |= {(id, path, value) for path, value in found}
    tables = ["+path:models/marts/core"] if source == "fixtures" else []
    job.transform("--select", *tables, "+quarantine")
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
