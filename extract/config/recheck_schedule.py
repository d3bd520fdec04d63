"""The re-check schedule: how often a fixture is requested again, by its state and its age."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import yaml

from extract.config.paths import dbt_project_dir
from extract.errors import UsageError

# Facts that dbt and the schedule share are variables of the dbt project.
_PROJECT = (dbt_project_dir() / "dbt_project.yml").read_text(encoding="utf-8")
_VARIABLES = yaml.safe_load(_PROJECT)["vars"]

# The API has withdrawn a fixture that this many requests in a row did not return. Until then it may
# be a transient error: the fixture is requested with every run, and stays in the tables.
TIMES_UNTIL_WITHDRAWN: int = _VARIABLES["times_until_withdrawn"]


def _read_state_groups() -> dict[str, tuple[int, ...]]:
    """The ids of the API's states by their group in the schedule."""
    groups: dict[str, tuple[int, ...]] = {}
    for state_id, _code, _phase, group in _VARIABLES["states"]:
        groups[group] = (*groups.get(group, ()), state_id)
    return groups


STATE_GROUPS = _read_state_groups()
DELETED = 20

# The outcome of the last request takes precedence over the state. `other` is an unlisted state.
GROUPS = (*STATE_GROUPS, "other", "missing", "unconfirmed", "failed")

DEFAULT_SCHEDULE = [
    ["upcoming", "any", "30d"],
    ["upcoming", "-7d", "1d"],
    ["upcoming", "-15m", "5m"],
    ["upcoming", "3h", "1h"],
    ["upcoming", "1d", "1d"],
    ["upcoming", "30d", "30d"],
    ["live", "any", "5m"],
    ["live", "6h", "1h"],
    ["live", "2d", "1d"],
    ["live", "30d", "30d"],
    ["finished", "any", "30m"],
    ["finished", "3h", "once"],
    ["finished", "8h", "once"],
    ["finished", "26h", "once"],
    ["finished", "3d", "once"],
    ["finished", "7d", "once"],
    ["finished", "30d", "once"],
    ["postponed", "any", "1d"],
    ["postponed", "30d", "30d"],
    ["suspended", "any", "1h"],
    ["suspended", "2d", "1d"],
    ["suspended", "30d", "30d"],
    ["cancelled", "any", "1d"],
    ["cancelled", "7d", "once"],
    ["cancelled", "30d", "once"],
    ["deleted", "any", "never"],
    ["other", "any", "1d"],
    ["missing", "any", "1d"],
    ["missing", "30d", "30d"],
    ["unconfirmed", "any", "run"],
    ["failed", "any", "run"],
]

_SECONDS = {"m": 60, "h": 3600, "d": 86_400}
_DURATION = re.compile(r"(-?)([0-9]{1,6})([mhd])")


@dataclass(frozen=True)
class Rule:
    """One row of the schedule: how often fixtures of a group and an age are requested.

    Attributes:
        group: state group, or outcome of the last request.
        starts: age in seconds from which the rule applies, None for any. Ages count from kick-off.
        ends: age in seconds at which the next rule applies, None for never.
        again: `run` (in every run), `once` (when the age is reached), `never`, or seconds: at
            every multiple of them, counted from `starts`.
    """

    group: str
    starts: int | None
    ends: int | None
    again: str | int


def read_schedule(table: Any) -> list[Rule]:
    """Reads the setting `schedule`: rows of group, age and interval.

    Raises:
        UsageError: a row is invalid, or one is missing.
    """
    if not isinstance(table, Sequence) or isinstance(table, str):
        raise _error("it must be a list of rows such as ['live', 'any', '5m']")
    starts: dict[str, list[tuple[int | None, str | int]]] = {group: [] for group in GROUPS}
    for number, row in enumerate(table, start=1):
        if (
            not isinstance(row, Sequence)
            or isinstance(row, str)
            or len(row) != 3
            or not all(isinstance(value, str) for value in row)
        ):
            raise _error(f"row {number} must be three texts: state group, age, interval")
        group, age, again = row
        if group not in starts:
            raise _error(f"row {number}: {group!r} is none of {', '.join(GROUPS)}")
        begins = None if age == "any" else _seconds(age, number, "age")
        earlier = [start for start, _ in starts[group]]
        if begins is None and earlier:
            raise _error(f"row {number}: 'any' must be the first age of {group!r}, and only once")
        if begins is not None and not earlier:
            raise _error(f"row {number}: the first age of {group!r} must be 'any'")
        if begins is not None and earlier[-1] is not None and begins <= earlier[-1]:
            raise _error(f"row {number}: the ages of {group!r} must ascend")
        if begins is None and again == "once":
            raise _error(f"row {number}: 'once' needs an age to be reached, not 'any'")
        starts[group].append((begins, _interval(again, number)))
    if absent := [group for group, rows in starts.items() if not rows]:
        raise _error(f"no row for {', '.join(absent)}")
    return [
        Rule(group, begins, following, again)
        for group, rows in starts.items()
        for (begins, again), (following, _) in pairwise([*rows, (None, "never")])
    ]


def _interval(text: str, number: int) -> str | int:
    if text in ("run", "once", "never"):
        return text
    seconds = _seconds(text, number, "interval")
    if seconds <= 0:
        raise _error(f"row {number}: the interval {text!r} is not above zero")
    return seconds


def _seconds(text: str, number: int, what: str) -> int:
    found = _DURATION.fullmatch(text)
    if not found:
        words = "'any'" if what == "age" else "'run', 'once', 'never'"
        raise _error(
            f"row {number}: {text!r} is not a valid {what}: write {words}, or a number with m, h "
            "or d such as '90m'"
        )
    sign, count, unit = found.groups()
    return int(sign + count) * _SECONDS[unit]


def _error(wrong: str) -> UsageError:
    return UsageError(
        f"schedule: {wrong} ([sources.sportmonks] in .dlt/config.toml, or "
        "SOURCES__SPORTMONKS__SCHEDULE)."
    )
