"""What needs a person, and the charts, without a database."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from extract.report.operations.attention import find_attention
from extract.report.operations.charts import Series, TimeAxis, bars
from extract.report.operations.data import CheckResult, OperationsData
from extract.warehouse.query import Rows

NOW = datetime(2026, 3, 14, 12, 30, tzinfo=UTC)
NOTHING = Rows([], [])


def run(outcome: str, ago: timedelta) -> Rows:
    values = {
        "outcome": outcome,
        "started_at": NOW - ago - timedelta(minutes=1),
        "updated_at": NOW - ago,
        "stored": 3,
        "due": 5,
    }
    return Rows([*values], [tuple(values.values())])


QUIET = OperationsData(
    made_at=NOW,
    published_at=None,
    unreadable=[],
    seasons=NOTHING,
    gaps=[],
    unused=[],
    refused={},
    ages=None,
    runs=run("completed", timedelta(minutes=10)),
    run_count=1,
    quota=NOTHING,
    quota_left=None,
    corrections=NOTHING,
    corrections_by_day=NOTHING,
    unresolved=None,
    unresolved_counts={"unconfirmed": 2, "missing": 1},
    due=None,
    due_reasons=Rows(["reason", "fixtures"], [("live", 4)]),
    upcoming=NOTHING,
    checks=[],
    checks_stored=30,
    built_at=NOW,
    behind=(0, None),
)


def check(is_ours: bool) -> CheckResult:
    return CheckResult("matches_have_one_fixture", "…", is_ours, 4, 1, NOW, NOTHING)


@pytest.mark.parametrize(
    ("changes", "titles"),
    [
        ({}, []),
        ({"runs": NOTHING}, []),
        ({"runs": run("failed", timedelta(0))}, ["The last run failed"]),
        ({"runs": run("running", timedelta(minutes=50))}, []),
        ({"runs": run("running", timedelta(minutes=70))}, ["The last run did not end"]),
        ({"runs": run("stopped", timedelta(hours=49))}, ["No run since 12 Mar 2026 11:30"]),
        ({"runs": run("stopped", timedelta(hours=49)), "due_reasons": NOTHING}, []),
        ({"unresolved_counts": {"failed": 1}}, ["1 fixture failed"]),
        ({"behind": (7, NOW - timedelta(minutes=50))}, []),
        ({"behind": (7, NOW - timedelta(minutes=70))}, ["The tables lack 7 fixtures"]),
        # Nobody here can mend the provider's data.
        ({"checks": [check(is_ours=False)]}, []),
        ({"checks": [check(is_ours=True)]}, ["The check “matches have one fixture” found 4"]),
    ],
)
def test_what_needs_a_person(changes: dict[str, Any], titles: list[str]) -> None:
    assert [each.title for each in find_attention(replace(QUIET, **changes))] == titles


def test_what_a_check_finds_more_is_new_for_some_time() -> None:
    assert check(is_ours=True).new_since(NOW - timedelta(days=1)) == 3
    assert check(is_ours=True).new_since(NOW + timedelta(minutes=1)) == 0
    assert replace(check(is_ours=True), found_before=9).new_since(NOW - timedelta(days=1)) == 0
    assert replace(check(is_ours=True), changed_at=None).new_since(NOW) == 0


@pytest.mark.parametrize("minutes", [0, 3, 90, 60 * 30, 60 * 24 * 9, 60 * 24 * 400])
def test_an_axis_has_every_time_and_few_labels(minutes: int) -> None:
    first = NOW - timedelta(minutes=minutes)
    axis = TimeAxis.covering(first, NOW)
    assert 0 <= axis.column(first) <= axis.column(NOW) == axis.count - 1
    assert 24 <= axis.count <= 61
    places = [place for place, *_ in axis.labels()]
    assert 2 <= len(places) <= 7
    assert all(later - earlier > 12 for earlier, later in pairwise(places))


def test_bars_are_as_high_as_their_values_and_keep_below_the_limit() -> None:
    axis = TimeAxis.covering(NOW - timedelta(hours=20), NOW)
    series = [Series("calls", "normal", {1: 10, 3: 40}), Series("<b>", "failed", {3: 10})]
    picture = str(bars(axis, series, "Calls & more", limit=100))
    found = re.findall(r'<rect class="(\w+)" x="(.*?)%" y="(.*?)" width="(.*?)%" height="(.*?)"',
                       picture)  # fmt: skip
    assert [(color, round(float(height))) for color, *_, height in found] == [
        ("normal", 12),
        ("normal", 48),
        ("failed", 12),
    ]
    assert float(found[2][2]) + 12 == pytest.approx(float(found[1][2]))
    limit = re.findall(r'class="limit" x1="0" x2="100%" y1="(.*?)"', picture)
    assert [float(y) for y in limit] == [16]
    assert "40 calls, 10 &lt;b&gt;</title>" in picture
    assert 'aria-label="Calls &amp; more"' in picture
