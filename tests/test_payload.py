"""Equal payloads have equal hashes, whatever the order; different ones differ."""

import json
import random
from typing import Any

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
    assert read.payload.encode() == sent


def test_odd_fields_do_not_stop_a_fixture() -> None:
    read = read_fixture(b'{"id": 1, "season_id": "x", "state_id": null, "starting_at": "soon"}')
    assert read
    assert (read.season_id, read.state_id, read.starting_at) == (None, None, None)
    assert read_fixture(b'{"id": null}') is None
    assert read_fixture(b'{"id": 99999999999999999999}') is None
    assert read_fixture(b"[1]") is None
