"""Equal payloads have equal hashes in any order of their elements; different ones differ."""

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from extract.payload.content_hash import canonical_hash, content_hash
from extract.payload.fixture import read_fixture

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
    assert read.payload == sent or rb"\u0000" in sent


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


@pytest.mark.parametrize("around", ["[%s]", '{"a":%s}', '[0,{"b":[%s,1]},[]]', '["[{",%s]'])
def test_the_depth_is_limited_whatever_else_there_is(around: str) -> None:
    depth = 3 if "{" in around and "b" in around else 1
    value = "0"
    for _ in range(500 // depth - 2):
        value = around % value
    # Neither brackets in texts nor many elements are depth.
    wide = json.dumps(["[" * 900, '{"' * 900, [[{}]] * 900])
    assert read_fixture(b'{"id":1,"wide":%b,"x":%b}' % (wide.encode(), value.encode()))
    for _ in range(6):
        value = around % value
    with pytest.raises(msgspec.DecodeError, match="too deep"):
        read_fixture(b'{"id":1,"wide":%b,"x":%b}' % (wide.encode(), value.encode()))


@given(objects, st.sampled_from(["a", 'a"', "b:", "[", "é", "{"]), st.booleans())
def test_of_a_repeated_key_the_last_one_stays(
    fixture: dict[str, Any], key: str, is_escaped: bool
) -> None:
    inner = json.dumps({**fixture, key: "first"})[:-1]
    # Decoding then adds as many colons as it loses.
    last = r"\u003alast" if is_escaped else ":last"
    sent = f'{{"id": 7, "x": [{inner}, {json.dumps(key)}: "{last}"}}]}}'
    read = read_fixture(sent.encode())
    assert read
    assert read.payload.count(b'"first"') == json.dumps(fixture).count('"first"')
    assert json.loads(read.payload)["x"][0][key] == ":last"


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


def as_object(rows: list[Any]) -> dict[str, Any]:
    """A list with gaps, as PHP writes it."""
    return {str(2 * place + 1): row for place, row in enumerate(rows)}


def test_an_object_with_integer_keys_is_a_list() -> None:
    events = [{"id": 8, "type_id": 14}, {"id": 9, "sub_type_id": 1697}]
    scores = [{"description": "CURRENT", "score": {"goals": 1, "participant": "home"}}]
    sent = {"id": 1, "state_id": 5, "events": events, "scores": scores, "periods": [], "lineups": 7}
    changed = {"events": as_object(events), "scores": as_object(scores), "periods": {}}
    as_list, as_objects = (
        read_fixture(json.dumps(fixture).encode()) for fixture in (sent, {**sent, **changed})
    )
    assert as_list and as_objects
    assert as_objects.payload_hash != as_list.payload_hash
    assert content_hash(as_objects.payload) == content_hash(as_list.payload)
    assert as_objects.keys == as_list.keys == {"events", "scores", "periods"}
    assert as_objects.non_empty_keys == as_list.non_empty_keys == {"events", "scores"}
    assert as_objects.type_ids == as_list.type_ids == {14, 1697}
    assert as_objects.has_goals and as_list.has_goals
    # The values count, whatever their keys are.
    assert canonical_hash({"events": {"0": 1, "1": 2}}) == canonical_hash({"events": [2, 1]})
    assert canonical_hash({"events": {"0": 1}}) != canonical_hash({"events": [2]})


@pytest.mark.parametrize(
    ("includes", "non_empty"),
    [
        ({"expected": [{"id": 1}], "xgfixture": []}, {"xgfixture"}),
        ({"xgfixture": [{"id": 1}], "expected": None}, {"xgfixture"}),
        ({"expected": [], "xgfixture": []}, set()),
    ],
)
def test_both_keys_of_an_include_count(includes: dict[str, Any], non_empty: set[str]) -> None:
    for order in (includes, dict(reversed(includes.items()))):
        read = read_fixture(json.dumps({"id": 1, **order}).encode())
        assert read and read.keys == {"xgfixture"} and read.non_empty_keys == non_empty


@pytest.mark.parametrize("value", ["none", "", 0, 7.5, True, {"id": 8}, {"0": {}, "more": False}])
def test_an_include_that_is_no_list_is_missing(value: Any) -> None:
    read = read_fixture(json.dumps({"id": 1, "events": value, "venue": {"id": 5}}).encode())
    assert read
    # An object is what other includes have.
    assert read.keys == read.non_empty_keys == {"venue"}


@pytest.mark.parametrize(
    ("fields", "hour"),
    [
        ({"starting_at": "2026-03-14 21:00:00"}, 21),
        ({"starting_at": "2026-03-14T21:00:00+07:00"}, 14),
        ({"starting_at": "2026-03-14 21:00:00-02:30"}, 23.5),
        ({"starting_at": "2026-03-14T21:00:00Z"}, 21),
        ({"starting_at": "2026-03-14"}, None),
        ({"starting_at": "2026-02-30 21:00:00"}, None),
        ({"starting_at": "0001-01-01 01:00:00+14:00"}, None),
        ({"starting_at": "2026-03-14 21:00:00", "starting_at_timestamp": "1773500400.0"}, 15),
        ({"starting_at": "2026-03-14 21:00:00", "starting_at_timestamp": 10**17}, 21),
    ],
)
def test_kick_off_is_in_utc(fields: dict[str, Any], hour: float | None) -> None:
    read = read_fixture(json.dumps({"id": 1, **fields}).encode())
    assert read
    midnight = datetime(2026, 3, 14, tzinfo=UTC)
    assert read.starting_at == (None if hour is None else midnight + timedelta(hours=hour))
