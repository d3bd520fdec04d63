"""Models read a regular payload in two ways, and both give the same rows.

`CASES=20000` makes so many payloads: give it `--timeout 3600`.
"""

import json
import os
import random
from typing import Any

from extract.config.declared_columns import read_declaration
from extract.payload.fixture import read_fixture
from extract.payload.regular import Document
from tests.support.pipeline import CORE_MODELS, Job

CASES = int(os.environ.get("CASES", "300"))
# The core tables and the quarantine, without dbt's tests on the data.
MODELS = [*CORE_MODELS, "+quarantine"]

_DATES = ["2026-03-14", "2024-02-28", "1999-12-31", "2023-04-30"]
# Values that fit a column of the format, and those at the edges.
FITTING: dict[str, list[Any]] = {
    "bigint": [0, 1, -1, 7, 10**15, 2**53 + 1, 2**63 - 1, -(2**63), "0", "15", "-7", None],
    "double": [0, -0.0, 1.5, -2.25, 0.1, 1e300, 5e-324, 1e22, 2**53 + 1, 10**18, "51.5", "-0", "7"],
    "number_or_boolean": [True, False, 0, -0.0, 7.25, 1e21, 12345678901234567, "6.5", None],
    "text": ["", "a", "Ünïted 'FC' \\ \"x\"", "\u2028\t\n", "5", "null", "true", "😀", None],
    "boolean": [True, False, None],
    "epoch_seconds": [0, 1, 1736884878, 4 * 10**9, None],
    "percent": ["44%", "44.5%", "0%", None],
    "timestamp_text": [f"{day} 23:59:59" for day in _DATES] + [None],
    "date": [*_DATES, None],
    "json": [{"value": 7}, [], {}, None, 5, "text", {"value": None, "list": [1, {"a": "ü"}]}],
}
# Values that fit no column, or not each.
ODD = [
    *(
        1.5,
        "5.0",
        "1e3",
        "no value",
        True,
        [],
        {},
        {"value": 1},
        [1],
        " 5",
        "+5",
        "05",
        2**63,
        -(2**70),
    ),
    *(
        "2026-02-30",
        "2026-03-14 24:00:00",
        "2026-03-14T10:00:00+02:00",
        "44 %",
        "",
        1e15,
        5.0,
        None,
    ),
]


class Maker:
    """Makes payloads of the declared parts.

    Args:
        seed: of the random numbers.
        documents: the declared parts.
    """

    def __init__(self, seed: int, documents: dict[str, Document]) -> None:
        self._random = random.Random(seed)
        self._documents = documents
        self._id = 0

    def payload(self, id: int) -> dict[str, Any]:
        """A payload; a third of them have one odd value in most parts, the others have none."""
        oddness = self._random.choice([0.0, 0.0, 0.02])
        payload = self._object("fixture", oddness)
        for path, document in self._documents.items():
            if path != "fixture" and "." not in path and self._random.random() < 0.8:
                payload[path] = self._part(path, document, oddness)
        return {**payload, "id": id}

    def _part(self, path: str, document: Document, oddness: float) -> Any:
        if self._random.random() < oddness:
            return self._random.choice([*ODD, {"1": self._element(path, oddness)}, [None]])
        if document.kind == "object":
            return self._random.choice([None, *[self._element(path, oddness)] * 4])
        count = self._random.choice([0, 1, 1, 2, 5])
        return (
            None
            if self._random.random() < 0.1
            else [self._element(path, oddness) for _ in range(count)]
        )

    def _element(self, path: str, oddness: float) -> dict[str, Any]:
        """An object with an id, which another one has too now and then."""
        self._id += self._random.random() > 0.05
        element: dict[str, Any] = {"id": self._id, **self._object(path, oddness)}
        if self._random.random() < oddness / 5:
            element["id"] = self._random.choice(ODD)
        for other, document in self._documents.items():
            if other.startswith(f"{path}.") and self._random.random() < 0.8:
                element[other.removeprefix(f"{path}.")] = self._part(other, document, oddness)
        return element

    def _object(self, path: str, oddness: float) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for field, format in self._documents[path].fields.items():
            key, _, inner = field.partition(".")
            is_odd = self._random.random() < oddness / 5
            value = self._random.choice(ODD if is_odd else FITTING[format])
            if inner and isinstance(made.setdefault(key, {}), dict):
                made[key][inner] = value
            # Of an object that other columns are read from, JSON has a column too.
            elif is_odd or key not in made:
                made[key] = value
        return {key: value for key, value in made.items() if self._random.random() < 0.9}


def test_regular_and_other_payloads_give_the_same_rows(job: Job) -> None:
    """Typed functions read what is called regular; casts read all payloads."""
    maker = Maker(CASES, dict(read_declaration().documents))
    half = CASES // 2
    built = [maker.payload(10**6 + number) for number in range(half)]
    # A half of them changes fixtures that are built.
    changed = [maker.payload(10**6 + half // 2 + number) for number in range(half)]
    found = []
    for version in (read_declaration().hash, None):
        job.start_extracted()
        for payloads in (built, changed):
            regular = store(job, payloads, version)
            assert half / 3 < regular < half
            job.transform(*MODELS)
            found.append(every_row(job))
    typed, typed_changed, cast, cast_changed = found
    assert_same(typed, cast)
    assert_same(typed_changed, cast_changed)
    assert sum(map(len, cast.values())) > CASES * 10
    assert len(cast["quarantine"]) > CASES / 20


def store(job: Job, payloads: list[dict[str, Any]], version: str | None) -> int:
    """Stores payloads as the extractor does; returns how many are regular in all parts."""
    shape = read_declaration().shape
    regular, values = 0, []
    for payload in payloads:
        fixture = read_fixture(json.dumps(payload).encode())
        assert fixture
        irregular = shape.irregular_keys(fixture.payload)
        regular += not irregular
        non_empty = ",".join(sorted(fixture.non_empty_keys))
        texts = [fixture.payload.decode(), non_empty, ",".join(irregular)]
        quoted = ["'" + text.replace("'", "''") + "'" for text in texts]
        quoted.append(f"'{version}'" if version else "null")
        values.append(f"({fixture.id}, current_timestamp, {', '.join(quoted)})")
    table = f"{job.database.schema}_raw.fixtures"
    columns = "id, fetched_at, payload, non_empty_keys, irregular_keys, declaration_hash"
    ids = ", ".join(str(payload["id"]) for payload in payloads)
    job.database.execute(f"delete from {table} where id in ({ids})")
    for start in range(0, len(values), 100):
        some = ", ".join(values[start : start + 100])
        job.database.execute(f"insert into {table} ({columns}) values {some}")
    return regular


def every_row(job: Job) -> dict[str, list[Any]]:
    """The rows of the core tables, and of the quarantine."""
    quarantine = "select source_id, path, value, reason from sportmonks.quarantine order by 1, 2"
    return {**job.final_tables(), "quarantine": job.query(quarantine)}


def assert_same(found: dict[str, list[Any]], expected: dict[str, list[Any]]) -> None:
    for table, rows in expected.items():
        assert len(found[table]) == len(rows), table
        for here, there in zip(found[table], rows, strict=True):
            # As text, which tells -0.0 from 0.0.
            assert repr(without_time(here)) == repr(without_time(there)), table


def without_time(row: Any) -> Any:
    """A row without the time at which this test stored it."""
    if isinstance(row, dict):
        return {name: value for name, value in row.items() if name != "loaded_at"}
    return row
