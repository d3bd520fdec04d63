"""Mutated fixtures do no harm: what is stored is what was sent, and dbt builds on it.

`CASES=20000` makes them that many, in rounds of 2,000: each sends other mutants of the same
fixtures. Give it an hour: `--timeout 3600`.
"""

import json
import os
import random
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extract.payload.content_hash import content_hash
from extract.payload.fixture import Fixture, read_fixture
from simulator import Simulator
from tests.support.mutations import BREAKING, REFUSED, TEXTS, Mutant, Mutator
from tests.support.pipeline import POSTGRES_IN_TEST_ALL, DuckDb, Job, Postgres
from tests.support.postgres import Server

CASES = int(os.environ.get("CASES", "150"))
FIXTURES = min(CASES, 2_000)
INCLUDES = ("participants", "scores", "statistics", "events", "periods")


def real_shaped(count: int) -> list[dict[str, Any]]:
    """Fixtures of a made world, most of them played."""
    world = Simulator(seed=29, leagues=1 + count // 380, seasons=1, teams=20).world
    ids = random.Random(1).sample(world.fixture_ids(), count)
    return [world.fixture(id) for id in ids]


def exact(text: str) -> Any:
    """JSON as it must be stored: every number exact, U+FFFD in place of NUL."""
    return json.loads(
        text, parse_int=Decimal, parse_float=Decimal, object_pairs_hook=_members_without_nul
    )


def _members_without_nul(members: list[tuple[str, Any]]) -> dict[str, Any]:
    return {_without_nul(key): _without_nul(value) for key, value in members}


def _without_nul(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_nul(item) for item in value]
    return value.replace("\0", "\ufffd") if isinstance(value, str) else value


def test_mutated_fixtures_are_stored_or_refused_alike(
    duckdb: DuckDb,
    postgres: Postgres,
    tmp_path: Path,
    dbt_targets: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fixtures = real_shaped(FIXTURES)
    saved = tmp_path / "saved"
    saved.mkdir()
    (saved / "fixtures.ndjson").write_text("\n".join(map(json.dumps, fixtures)))
    ids = tmp_path / "ids.txt"
    ids.write_text("\n".join(str(fixture["id"]) for fixture in fixtures))
    mutator = Mutator(random.Random(CASES), fixtures)
    jobs = [
        Job(database, tmp_path / type(database).__name__, dbt_targets / type(database).__name__)
        for database in (duckdb, postgres)
    ]
    stored: dict[int, bytes] = {}
    # One after the other, so that of colliding elements the same one is the newest on both.
    monkeypatch.setenv("SOURCES__SPORTMONKS__REQUESTS_IN_FLIGHT", "1")
    with Simulator(replay=saved, quota=10**9) as api:
        for _ in range(CASES // FIXTURES):
            mutants = [mutator.mutant(json.loads(json.dumps(fixture))) for fixture in fixtures]
            # As the very bytes: the replay would read a file's JSON, and write it again without
            # the keys that come twice.
            texts = {mutant.id: mutant.text for mutant in mutants}
            monkeypatch.setattr(api.world, "saved_text", texts.__getitem__)
            new = []
            for job in jobs:
                # The file's schema is the default one.
                monkeypatch.delenv("SPORTMONKS_SCHEMA", raising=False)
                for name, value in job.environment(api.base_url, api.token).items():
                    monkeypatch.setenv(name, value)
                code = int(any(mutant.is_refused for mutant in mutants))
                output = job.extract("--ids-file", str(ids), "--force", "--json", code=code)
                job.transform()
                new.append(assert_outcomes(job, mutants, json.loads(output.stdout), stored))
            assert new[0] == new[1]
            stored |= {id: texts[id] for id in new[0]}
            for job in jobs:
                assert_stored_as_sent(job, stored)
            assert_equal(*jobs)


def assert_outcomes(
    job: Job, mutants: list[Mutant], output: dict[str, Any], stored: dict[int, bytes]
) -> set[int]:
    """Every mutant has the one outcome that it must have. Those that are stored are returned."""
    checks = job.query("select id, outcome, note from sportmonks_raw.fixture_checks")
    outcomes = {id: (outcome, note) for id, outcome, note in checks}
    assert len(checks) == len(outcomes) == len(mutants)
    for mutant in mutants:
        outcome, note = outcomes[mutant.id]
        if mutant.is_refused:
            assert outcome == "failed", mutant
            assert "JSON" in note
        elif not mutant.has_id:
            assert outcome == "missing", mutant
        elif outcome == "unconfirmed":
            assert lost_includes(stored.get(mutant.id), mutant.text), mutant
        else:
            assert outcome in ("stored", "unchanged"), (outcome, note, mutant)
    failed = [mutant.id for mutant in mutants if mutant.is_refused]
    assert sorted(output["failed_ids"]) == sorted(failed)
    counts = Counter(outcome for outcome, _ in outcomes.values())
    assert {name: output[name] for name in counts} == counts
    # A new fixture that lacks an include is stored as it is.
    kept = {
        id for id, (outcome, _) in outcomes.items() if outcome == "unconfirmed" and id not in stored
    }
    return kept | {id for id, (outcome, _) in outcomes.items() if outcome == "stored"}


def lost_includes(before: bytes | None, after: bytes) -> set[str]:
    """The includes that had elements and have none now; of a new fixture those that are no list."""
    new = exact(after.decode())
    if before is None:
        return {key for key in INCLUDES if elements(new.get(key, ())) is None}
    old = exact(before.decode())
    return {key for key in INCLUDES if elements(old.get(key)) and not elements(new.get(key))}


def elements(value: Any) -> list[Any] | None:
    """Those of a list, of null, and of an object with integer keys."""
    if isinstance(value, dict) and all(key.isdecimal() for key in value):
        return list(value.values())
    return [] if value is None else value if isinstance(value, list) else None


def assert_stored_as_sent(job: Job, sent: dict[int, bytes]) -> None:
    rows = job.query("select id, cast(payload as text) from sportmonks_raw.fixtures")
    assert {id for id, _ in rows} == set(sent)
    for id, payload in rows:
        assert exact(payload) == exact(sent[id].decode()), id
    built = job.query("select fixture_id, starting_at from sportmonks.fixtures order by 1")
    # The extractor reads a kick-off as the models do.
    assert built == job.query("select id, starting_at from sportmonks_raw.fixtures order by 1")
    assert [id for id, _ in built] == sorted(sent)


def assert_equal(one: Job, other: Job) -> None:
    others = other.final_tables()
    for table, rows in one.final_tables().items():
        for here, there in zip(rows, others[table], strict=True):
            differing = dict(comparable(here).items() ^ comparable(there).items())
            assert differing == {}, (table, here, there)


def comparable(row: dict[str, Any]) -> dict[str, Any]:
    """A row without the time when it was fetched, and with JSON's numbers as doubles: DuckDB reads
    no others, and PostgreSQL knows no minus zero."""

    def double(text: str) -> float:
        return float(text) + 0

    row = {name: value for name, value in row.items() if name != "loaded_at"}
    if row.get("value_raw"):
        raw = json.loads(row["value_raw"], parse_int=double, parse_float=double)
        row["value_raw"] = json.dumps(raw, sort_keys=True)
    return row


@POSTGRES_IN_TEST_ALL
def test_elements_moved_to_another_fixture_leave_no_stale_rows(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = [{"id": 1, "state_id": 5, "events": []}, {"id": 2, "state_id": 5, "events": []}]
    (tmp_path / "saved.json").write_text(json.dumps(bare))
    with Simulator(replay=tmp_path) as api:
        monkeypatch.setenv("SOURCES__SPORTMONKS__BASE_URL", api.base_url)
        monkeypatch.setenv("SOURCES__SPORTMONKS__API_TOKEN", api.token)
        for events_of_both in ([[{"id": 7}, {"id": 8}], []], [[{"id": 9}], [{"id": 9}]]):
            for fixture_id, events in enumerate(events_of_both, start=1):
                api.control.update(fixture_id, {"events": events})
            job.extract("--fixture-ids", "1,2")
            job.transform("--select", "+fixture_events")
        rows = job.records("fixture_events")
        assert [(row["event_id"], row["fixture_id"]) for row in rows] == [(9, 2)]


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text[:20])
def test_odd_json_is_read_and_stored(server: Server, text: str) -> None:
    raw = f'{{"id":7,"x":{text}}}'
    read = read_fixture(raw.encode())
    assert read
    ((stored,),) = server.query("select (%s::jsonb)::text", [read.payload.decode()])
    assert exact(stored) == exact(read.payload.decode()) == exact(raw)
    assert content_hash(stored.encode()) == content_hash(read.payload)


@pytest.mark.parametrize("text", [*REFUSED, *BREAKING], ids=lambda text: text[:20])
def test_json_that_engines_store_differently_is_refused(text: str) -> None:
    with pytest.raises(msgspec.MsgspecError):
        read_fixture(b'{"id":7,"x":%b}' % text.encode())


ORIGINALS = [json.dumps(fixture).encode() for fixture in real_shaped(5)]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A fixture's bytes, some of them overwritten, cut out or put in."""
    raw = draw(st.sampled_from(ORIGINALS))
    # Short ones too, where damage meets the fixture's own fields more often.
    raw = raw[: draw(st.integers(0, len(raw)))] if draw(st.booleans()) else raw
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, len(raw)))
        put = draw(st.binary(max_size=3) | st.sampled_from(SPARKS))
        raw = raw[:at] + put + raw[at + draw(st.integers(0, 3)) :]
    return raw


SPARKS = [
    b"\\u0000",
    b"\\ud800",
    b"\\",
    b'"',
    b"[",
    b"]",
    b"{",
    b"}",
    b":",
    b",",
    b"1e999",
    b"-",
    b"0",
]


@settings(max_examples=max(CASES, 300), deadline=None)
@given(raw=damaged())
def test_damaged_bytes_are_read_or_refused(raw: bytes) -> None:
    try:
        fixture = read_fixture(raw)
    except msgspec.MsgspecError:
        return
    assert fixture is None or isinstance(fixture, Fixture)
