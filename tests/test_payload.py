"""Equal payloads have equal hashes, whatever the order; different ones differ."""

import json
import random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from extract.payload import canonical_hash, read_fixture

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
objects = st.dictionaries(st.text(), values, max_size=6)


def shuffled(value: Any, chance: random.Random) -> Any:
    if isinstance(value, dict):
        items = [(key, shuffled(item, chance)) for key, item in value.items()]
        chance.shuffle(items)
        return dict(items)
    if isinstance(value, list):
        items = [shuffled(item, chance) for item in value]
        chance.shuffle(items)
        return items
    return value


@given(objects, st.randoms(use_true_random=False))
def test_order_does_not_count(fixture: dict[str, Any], chance: random.Random) -> None:
    assert canonical_hash(fixture) == canonical_hash(shuffled(fixture, chance))


@given(objects, st.text().filter(lambda key: not key.startswith("has_")), values)
def test_every_value_counts(fixture: dict[str, Any], key: str, value: Any) -> None:
    changed = {**fixture, key: [value, "changed"]}
    if changed != fixture:
        assert canonical_hash(changed) != canonical_hash(fixture)


def test_volatile_fields_do_not_count() -> None:
    assert canonical_hash({"id": 1, "has_odds": True}) == canonical_hash({"id": 1})
    assert canonical_hash({"a": {"has_odds": True}}) != canonical_hash({"a": {}})


@given(objects)
def test_payload_is_kept_byte_for_byte(fixture: dict[str, Any]) -> None:
    sent = json.dumps({**fixture, "id": 7}, indent=1).encode()
    read = read_fixture(sent)
    assert read
    assert read.payload.encode() == sent or rb"\u0000" in sent


@given(objects)
def test_nul_is_replaced_and_nothing_else(fixture: dict[str, Any]) -> None:
    read = read_fixture(json.dumps({**fixture, "id": 7}).encode())
    assert read
    assert json.loads(read.payload) == without_nul({**fixture, "id": 7})


def without_nul(value: Any) -> Any:
    if isinstance(value, dict):
        return {without_nul(key): without_nul(item) for key, item in value.items()}
    if isinstance(value, list):
        return [without_nul(item) for item in value]
    return value.replace("\0", "\ufffd") if isinstance(value, str) else value


def test_what_no_warehouse_can_store_is_no_fixture() -> None:
    for body in (rb'"\ud800"', b'"\xff"', b"1e999", b"[" * 3000 + b"]" * 3000, b'{"a":' * 500):
        with pytest.raises(msgspec.MsgspecError):
            read_fixture(b'{"id": 1, "x": ' + body + b"}")


def test_odd_fields_do_not_stop_a_fixture() -> None:
    read = read_fixture(b'{"id": 1, "season_id": "x", "state_id": null, "starting_at": "soon"}')
    assert read
    assert (read.season_id, read.state_id, read.starting_at) == (None, None, None)
    assert read_fixture(b'{"id": null}') is None
    for state in (b"5", b"5.0", b'"5"', b'"5.0"'):
        read = read_fixture(b'{"id": 1, "state_id": %b}' % state)
        assert read and read.state_id == 5
    for state in (b"5.5", b'"05"', b'"5,0"', b'""', b'"9999999999999999999"', b"true"):
        read = read_fixture(b'{"id": 1, "state_id": %b}' % state)
        assert read and read.state_id is None
    assert read_fixture(b'{"id": 99999999999999999999}') is None
    assert read_fixture(b"[1]") is None
