"""DuckDB and PostgreSQL store the same for any payload."""

import json
import os
import random
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dbt.cli.main import dbtRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from extract.payload.content_hash import content_hash
from extract.payload.fixture import read_fixture
from simulator import Simulator
from tests.support.assertions import JSON_COLUMNS
from tests.support.expected_includes import DEFAULT, OPTIONAL
from tests.support.pipeline import ENGINES, Database, DuckDb, Job, Postgres
from tests.support.postgres import Server

ODD_VALUES: list[Any] = [
    None, True, False, 0, -1, 1, 45.0, 1.5, 1e2, -0.0, 1e-7, 1e300, 2**31, 2**63 - 1, 2**63,
    -(2**63), 10**30, "", " ", "7", "07", "7.0", "1.5", "1e3", "9" * 19, "9" * 400, "NaN", "-inf",
    "true", "t", "home", "CURRENT", "2024-02-29", "2023-02-29", "2024-02-30 10:00:00",
    "2024-02-29 10:00:00",
    "2024-02-29 24:00:00", "0000-01-01 00:00:00", "9999-12-31 23:59:59", "naïve \U0001f600 \u2028",
    "nul\u0000nul", "back\\\\u0000slash", "'; drop table x; --", "$$", "%s {}", [], {}, [1], [None],
    {"value": 5}, {"goals": "2", "participant": "home"}, {"location": "away", "winner": "true"},
]  # fmt: skip

# Lists of seasons are not among the saved responses, and not every league has groups.
NOT_SAVED = {"standings", "topscorers", "groups"}


def odd_fixture(fixture: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """A fixture with odd values in some places, its id isolated."""

    def odd(value: Any, share: float) -> Any:
        if chance.random() < share:
            return chance.choice(ODD_VALUES)
        if isinstance(value, dict):
            keys = [key for key in value if key == "id" or chance.random() > 0.01]
            return {key: value[key] if key == "id" else odd(value[key], 0.08) for key in keys}
        if isinstance(value, list):
            return [odd(element, 0.02) for element in value]
        return value

    changed: dict[str, Any] = odd(fixture, 0.0)
    return changed


def test_both_engines_store_the_same(
    api: Simulator,
    duckdb: DuckDb,
    postgres: Postgres,
    tmp_path: Path,
    dbt_targets: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chance = random.Random(21)
    saved = tmp_path / "saved"
    saved.mkdir()
    every_include = DEFAULT | OPTIONAL
    fixtures = [api.world.fixture(id, every_include) for id in api.world.fixture_ids()]
    odd = [odd_fixture(fixture, chance) for fixture in fixtures]
    (saved / "answer.json").write_text(json.dumps({"data": odd}))
    stored: list[dict[str, list[dict[str, Any]]]] = []
    with Simulator(replay=saved) as replayed:
        for database in (duckdb, postgres):
            # The file's schema is the default one.
            monkeypatch.delenv("SPORTMONKS_SCHEMA", raising=False)
            name = type(database).__name__
            job = Job(database, tmp_path / name, dbt_targets / name)
            for name, value in job.environment(replayed.base_url, replayed.token).items():
                monkeypatch.setenv(name, value)
            ids = ",".join(str(fixture["id"]) for fixture in odd)
            assert json.loads(job.extract("--fixture-ids", ids, "--json").stdout)["failed"] == 0
            job.transform()
            stored.append(job.final_tables())
    for table in stored[0]:
        assert len(stored[0][table]) > 0 or table in NOT_SAVED, table
        assert fetched_alike(stored[0][table]) == fetched_alike(stored[1][table]), table


def fetched_alike(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows without the time when they were fetched, and with JSON read exactly."""
    return [
        {
            name: exact(value) if name in JSON_COLUMNS and value is not None else value
            for name, value in row.items()
            if name != "loaded_at"
        }
        for row in rows
    ]


def exact(text: str) -> Any:
    return json.loads(text, parse_int=Decimal, parse_float=Decimal)


# ---------------------------------------------------------------------- casts

DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
MACROS = [
    "to_bigint", "to_double", "to_boolean", "epoch_to_timestamp", "to_date", "text_to_timestamp",
]  # fmt: skip

numbers = st.from_regex(r"\A-?[0-9]{1,22}([.][0-9]{0,4})?([eE][-+]?[0-9]{1,3})?\Z")
moments = st.from_regex(
    r"\A[0-9]{4}-[01][0-9]-[0-3][0-9]"
    r"([ T][0-2][0-9]:[0-6][0-9](:[0-6][0-9](Z|[+-][0-2][0-9]:[0-6][0-9])?)?)?\Z"
)
texts = (
    numbers
    | moments
    | st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)).map(
        lambda moment: f"{moment:%Y-%m-%d %H:%M:%S}".zfill(19)
    )
    | st.integers().map(str)
    | st.floats(allow_nan=False).map(repr)
    | st.sampled_from([value for value in ODD_VALUES if isinstance(value, str)])
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
).filter(lambda text: "\0" not in text)


@pytest.fixture(scope="session")
def casts(
    server: Server, schema: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], list[list[Any]]]]:
    """Asks both engines what the macros make of a text."""
    folder = tmp_path_factory.mktemp("casts")
    inline = ", ".join(f"{{{{ {macro}('text') }}}} as {macro}" for macro in MACROS)
    databases: list[Database] = [DuckDb(folder / "casts.duckdb"), Postgres(server, schema)]
    compiled = []
    for database, engine in zip(databases, ENGINES, strict=True):
        with pytest.MonkeyPatch.context() as patch:
            for name, value in database.environment().items():
                patch.setenv(name, value)
            patch.setenv("DBT_TARGET_PATH", str(folder / engine))
            patch.setenv("DBT_LOG_PATH", str(folder))
            places = ["--project-dir", "dbt_project", "--profiles-dir", "dbt_project", "--quiet"]
            result: Any = dbtRunner().invoke(["compile", "--inline", f"select {inline}", *places])
            assert result.success, result.exception
            compiled.append(result.result.results[0].node.compiled_code)
    on_duckdb = duckdb.connect()
    on_duckdb.execute("set timezone = 'UTC'")
    with server.connect() as connection, connection.cursor() as on_postgres:

        def ask(text: str) -> list[list[Any]]:
            found = on_duckdb.execute(f"{compiled[0]} from (select ? as text) as texts", [text])
            escaped = compiled[1].replace("%", "%%")
            on_postgres.execute(f"{escaped} from (select %s::text as text) as texts", [text])
            return [list(found.fetchall()[0]), list(on_postgres.fetchall()[0])]

        yield ask


def expected(text: str) -> list[Any]:
    """What the macros promise, in Python."""
    whole = re.fullmatch(r"(-?(?:0|[1-9][0-9]{0,18}))([.]0+)?", text, re.ASCII)
    number = int(whole[1]) if whole and -(2**63) <= int(whole[1]) < 2**63 else None
    double = None
    if re.fullmatch(r"-?[0-9]+([.][0-9]+)?([eE][-+]?[0-9]{1,3})?", text, re.ASCII):
        double = float(text) if len(text) < 1000 else None
        double = None if double in (float("inf"), -float("inf")) else double
    moment = None
    if number is not None and -62135596800 <= number <= 253402300799:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=number)
    return [
        number,
        double,
        {"true": True, "false": False}.get(text),
        moment,
        parsed(text, DAY, date.fromisoformat),
        parsed(text, DAY + r"[ T][0-9]{2}(:[0-9]{2}){2}(Z|[+-][0-9]{2}:[0-5][0-9])?", in_utc),
    ]


def in_utc(text: str) -> datetime | None:
    time = datetime.fromisoformat(text)
    if len(text) == 25 and text[:10] in ("0001-01-01", "9999-12-31"):
        # In UTC it may lie in a year that neither engine nor Python has.
        return None
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)


def parsed(text: str, pattern: str, parse: Callable[[str], Any]) -> Any:
    try:
        return parse(text) if re.fullmatch(pattern, text, re.ASCII) else None
    except ValueError:
        return None


@settings(
    max_examples=int(os.environ.get("EXAMPLES", "300")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(text=texts)
def test_casts_are_equally_strict(casts: Callable[[str], list[list[Any]]], text: str) -> None:
    wanted = expected(text)
    for engine, found in zip(ENGINES, casts(text), strict=True):
        assert dict(zip(MACROS, found, strict=True)) == dict(zip(MACROS, wanted, strict=True)), (
            engine
        )


# ---------------------------------------------------------------------- what is read can be stored

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@st.composite
def sent(draw: st.DrawFn) -> bytes:
    """Bytes of a fixture: proper JSON, and JSON that was cut, overwritten or badly escaped."""
    fixture = draw(st.dictionaries(st.text(), json_values, max_size=5))
    raw = json.dumps({**fixture, "id": 7}, ensure_ascii=draw(st.booleans())).encode(
        "utf-8", "surrogatepass"
    )
    if draw(st.booleans()):
        at = draw(st.integers(0, len(raw)))
        cut = draw(st.integers(0, 3))
        put = draw(st.sampled_from([b"", b"\\u0000", b"\\ud800", b"\xff", b"\\", b'"', b"1e999"]))
        raw = raw[:at] + put + raw[at + cut :]
    return raw


@settings(max_examples=int(os.environ.get("EXAMPLES", "300")), deadline=None)
@given(raw=sent())
def test_a_payload_that_is_read_can_be_stored(server: Server, raw: bytes) -> None:
    try:
        fixture = read_fixture(raw)
    except ValueError:
        return
    if fixture is None:
        return
    payload = fixture.payload.decode()
    ((stored,),) = server.query("select (%s::jsonb)::text", [payload])
    to_json = "select cast(cast(? as json) as text)"
    ((kept,),) = duckdb.execute(to_json, [payload]).fetchall()
    assert exact(stored) == exact(kept) == exact(payload)
    assert len({content_hash(text.encode()) for text in (stored, kept, payload)}) == 1
