"""Real-shaped fixtures, mutated: other types, other keys, numbers and texts at every limit.

What cannot be written by `json.dumps`, such as a key that comes twice in one object or a number of
5,000 digits, stands in a fixture as a placeholder while it is mutated, and is put in at the end.
"""

import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]

VALUES: list[Any] = [
    None, True, False, 0, -1, 1, 7, 45.0, -0.0, 2**31, 2**53 + 1, 2**63 - 1, 2**63, -(2**63),
    10**30, "", " ", "7", "45.0", "true", "null", "CURRENT", "home", "away", "x" * 20_000, "\u0000",
    "a\u0000b", "\\u0000", "\ufeff", "\ufffe\uffff", "\U0001f600\u200d\u2642\ufe0f", "e\u0301",
    "\u00a0\u2003\u3000", "\u2028\u2029\r\n\t\x0b\x0c", "\x7f\x80\x85", "'; --", "\\", '"', "{}",
    "$", "2024-02-30", "2024-13-01 00:00:00", "2024-02-29 24:00:00", "0000-00-00 00:00:00",
    "300000-01-01 00:00:00", "2024-03-10T10:00:00+02:00", "-0001-01-01", "0001-01-01 00:00:00",
    "9999-12-31 23:59:59", 253402300799, 253402300800, 9405000000000, -62135596800, -62135596801,
    [], {}, [[]], [{}], [None], {"": None}, {"id": 1}, [1, "a", None, {"id": 5}],
    {"value": 5}, {"value": {"value": 5}}, {"goals": 2, "participant": "home"},
    {"location": "home", "winner": True}, {"$": 1, "a.b": 2, "/": 3, "\u0000": 4},
]  # fmt: skip

# JSON that `json.dumps` would write in another way. The warehouses hold all of it alike.
TEXTS = [
    "1e2", "1E+2", "1.0e1", "100e-2", "45.00", "-0", "-0.0", "0e0", "0E-5", "1e-300", "0e-600",
    "0e600", "1e308", "1.7976931348623157e308", "5e-324", "1234567890.12345678901234567890",
    "9007199254740991.0", "9" * 400,
    "9" * 4_300, "-" + "9" * 4_299, "0." + "3" * 600, "1." + "0" * 500,
    '"a\\/b"',
    '"\\u0000"', '"\\\\u0000"', '"\\\\\\u0000"', '"\\ud83d\\ude00"', '"\\u003a\\u0022"',
    "[ 1 ,\t2\r\n]", "{ }",
    '{"value":1,"value":2}', '{"value" :3, "value": null}', '{"a\\u0000":1,"a\\ufffd":2}',
    '{"location":"home","location":"away"}', '{"goals":1,"goals":"x","participant":"home"}',
    '{"b":[{"c":":","c":1e2,"c":"\\u003a"}],"b":[{"c":1,"c":10e1}]}', '[{"id":1,"id":2}]',
    "[" * 30 + "]" * 30, "[" * 240 + "]" * 240, '{"a":' * 240 + "1" + "}" * 240,
    '[{"a":' * 100 + "1" + "}]" * 100,
]  # fmt: skip

# What makes a fixture one that the warehouses cannot hold alike.
REFUSED = [
    "1e309", "-1e400", "1e999999", "1e131072", "9" * 4_301, "-" + "9" * 4_300, "9" * 140_000,
    "9" * 400 + ".5",
    "1e-400", "-1e-601", "1e-16384", "1e-999999", "0e-16384", "0e601", "0e" + "9" * 30,
    "1e-" + "9" * 5_000,
    "0." + "3" * 601, "0." + "0" * 20_000 + "1", '[{"x":1e-16384}]',
    *(NESTS := [
        "[" * 520 + "]" * 520, "[" * 800 + "]" * 800, '{"a":' * 520 + "1" + "}" * 520,
        '[{"a":' * 300 + "1" + "}]" * 300,
    ]),
]  # fmt: skip

# What makes the whole answer unreadable.
BREAKING = [
    '"\\ud800"', '"\\udc00\\ud800"', '"\\ud800x"', '{"\\udfff":1}', '"\x01"', "tru", "01", "NaN",
    "[" * 3_000 + "]" * 3_000, '{"a":' * 3_000 + "1" + "}" * 3_000,
]  # fmt: skip

# An id that is not the fixture's.
IDS = [
    "null", "true", '"7"', "45.0", "[]", '{"id":7}', "-7", "0", "9223372036854775808", "1" * 30,
    "1e3",
]  # fmt: skip

_PLACEHOLDER = re.compile('"@([0-9]+)@"')


@dataclass(frozen=True)
class Mutant:
    """A mutated fixture.

    Attributes:
        id: what it is asked for by.
        text: its JSON.
        is_refused: whether it holds something that the warehouses cannot hold alike.
        has_id: whether the id that it holds is the one that it is asked for by.
    """

    id: int
    text: bytes
    is_refused: bool
    has_id: bool


class Mutator:
    """Mutates fixtures, in the same way for the same seed.

    Args:
        chance: the dice.
        fixtures: where colliding ids and swapped values come from.
        breaking: share of the fixtures that make their whole answer unreadable.
    """

    def __init__(self, chance: random.Random, fixtures: list[Row], breaking: float = 0.003) -> None:
        self._chance = chance
        self._fixtures = fixtures
        self._breaking = breaking
        # What the placeholders stand for.
        self._texts: list[str] = []
        # Whether a key occurs twice in one object.
        self._is_twice = False

    def mutant(self, fixture: Row) -> Mutant:
        """A fixture after none to eight mutations. The row itself is mutated."""
        chance = self._chance
        self._texts = []
        self._is_twice = False
        fixture_id = fixture.pop("id")
        for _ in range(chance.choice([0, 1, 2, 3, 4, 6, 8])):
            self._mutate(fixture)
        if chance.random() < self._breaking:
            self._replace(fixture, self._placeholder(chance.choice(BREAKING)))
        own = chance.choice(IDS) if chance.random() < 0.02 else str(fixture_id)
        members = [("id", self._placeholder(own)), *fixture.items()]
        chance.shuffle(members)
        text = json.dumps(
            dict(members),
            ensure_ascii=chance.random() < 0.5,
            indent=chance.choice([None, None, None, 1]),
            separators=chance.choice([(",", ":"), (", ", ": "), (" ,\t", " : ")]),
        )
        if self._is_twice:
            # The other value of the key may be the one that counts.
            self._texts = ["1e309" if text in NESTS else text for text in self._texts]
        held = {int(number) for number in _PLACEHOLDER.findall(text)}
        is_refused = any(self._texts[number] in _UNFIT for number in held)
        text = _PLACEHOLDER.sub(lambda found: self._texts[int(found[1])], text)
        return Mutant(fixture_id, text.encode(), is_refused, own == str(fixture_id))

    def _placeholder(self, text: str) -> str:
        self._texts.append(text)
        return f"@{len(self._texts) - 1}@"

    def _mutate(self, fixture: Row) -> None:
        chance = self._chance
        containers = list(_containers(fixture))
        container = chance.choice(containers)
        kind = chance.random()
        if kind < 0.35:
            self._replace(fixture, self._value())
        elif kind < 0.5 and isinstance(container, dict) and container:
            self._change_key(container)
        elif kind < 0.7:
            self._change_elements(fixture)
        elif kind < 0.85:
            self._swap(containers)
        elif isinstance(container, dict):
            container[chance.choice(["new", "", "a.b", "$", "\u0000", "\U0001f600"])] = (
                self._value()
            )

    def _value(self) -> Any:
        chance = self._chance
        kind = chance.random()
        if kind < 0.02:
            return self._placeholder(chance.choice(REFUSED))
        if kind < 0.35:
            return self._placeholder(chance.choice(TEXTS))
        return json.loads(json.dumps(chance.choice(VALUES)))

    def _replace(self, fixture: Row, value: Any) -> None:
        """Puts a value in the place of another one, at whatever depth."""
        container = self._chance.choice([found for found in _containers(fixture) if found])
        container[self._chance.choice(_places(container))] = value

    def _change_key(self, container: Row) -> None:
        """Deletes a key, renames it, or has it twice in its object."""
        chance = self._chance
        key = chance.choice(list(container))
        kind = chance.randrange(4)
        if kind == 0:
            del container[key]
        elif kind == 1:
            container[chance.choice([key.upper(), f"{key} ", f"\ufeff{key}"])] = container.pop(key)
        elif kind == 2:
            taken = chance.choice(list(container))
            container[taken] = container.pop(key)
        else:
            self._is_twice = True
            again = self._placeholder(json.dumps(key))
            first, rest = chance.sample([key, again], 2)
            twice = {first: container.pop(key), rest: self._value()}
            members = [*container.items(), *twice.items()]
            chance.shuffle(members)
            container.clear()
            container.update(members)

    def _change_elements(self, fixture: Row) -> None:
        """Repeats elements, gives them other ids, or makes an object of an array and vice versa."""
        chance = self._chance
        arrays = [key for key, value in fixture.items() if isinstance(value, list) and value]
        if not arrays:
            return
        key = chance.choice(arrays)
        elements: list[Any] = fixture[key]
        kind = chance.randrange(6)
        if kind == 0:
            elements.insert(chance.randrange(len(elements) + 1), chance.choice(elements))
        elif kind == 1:
            elements.extend(elements)
        elif kind == 2:
            other = chance.choice(self._fixtures).get(key)
            elements.extend(json.loads(json.dumps(other if isinstance(other, list) else [])))
        elif kind == 3:
            fixture[key] = {str(place): element for place, element in enumerate(elements)}
        elif kind == 4:
            fixture[key] = chance.choice(elements)
        else:
            element = chance.choice(elements)
            if isinstance(element, dict):
                element["id"] = chance.choice([-1, 0, 1, 7, 45.0, -7.0, "7", 2**62, -(2**63)])

    def _swap(self, containers: list[Any]) -> None:
        chance = self._chance
        one, other = (chance.choice([found for found in containers if found]) for _ in range(2))
        here, there = chance.choice(_places(one)), chance.choice(_places(other))
        swapped = json.loads(json.dumps([one[here], other[there]]))
        other[there], one[here] = swapped


_UNFIT = {*REFUSED, *BREAKING}


def _containers(value: Any) -> Iterator[Any]:
    """The objects and arrays in some JSON, itself first."""
    if isinstance(value, dict | list):
        yield value
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _containers(inner)


def _places(container: Any) -> list[Any]:
    return list(container) if isinstance(container, dict) else list(range(len(container)))
