"""What needs attention, and the charts, without a database."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from extract.report.operations.attention import find_attention, find_unknown
from extract.report.operations.charts import Series, TimeAxis, bars
from extract.report.operations.data import CheckResult, OperationsData
from extract.report.operations.page import _quota_chart, render
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
        **dict.fromkeys(("calls", "unchanged", "failed", "waited_seconds", "seconds"), 0),
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
        # Users cannot fix the provider's data.
        ({"checks": [check(is_ours=False)]}, []),
        ({"checks": [check(is_ours=True)]}, ["The check “matches have one fixture” found 4"]),
    ],
)
def test_what_needs_attention(changes: dict[str, Any], titles: list[str]) -> None:
    assert [each.title for each in find_attention(replace(QUIET, **changes))] == titles


@pytest.mark.parametrize(
    ("changes", "reasons"),
    [
        ({}, []),
        ({"runs": NOTHING}, ["there was no run"]),
        ({"checks": None}, ["no checks of the tables could be read"]),
        ({"unreadable": ["raw.a"]}, ["these tables do not exist or may not be read: raw.a"]),
    ],
)
def test_what_is_unknown_is_no_all_clear(changes: dict[str, Any], reasons: list[str]) -> None:
    data = replace(QUIET, **changes)
    assert list(find_unknown(data)) == reasons
    assert ("Nothing needs attention." in render(data)) == (not reasons)
    assert ("Not everything could be checked: " in render(data)) == bool(reasons)
    # What is known to need attention is not the whole, either.
    failed = render(replace(data, unresolved_counts={"failed": 1}))
    assert ("Not everything could be checked: " in failed) == bool(reasons)


def test_a_check_says_what_it_requires() -> None:
    (found,) = find_attention(replace(QUIET, checks=[check(is_ours=True)]))
    assert found.detail == "It requires: …"


def test_labels_have_the_year_where_it_differs() -> None:
    axis = TimeAxis.covering(NOW - timedelta(days=120), NOW)
    days = [day for _, day, _ in axis.labels()]
    # The first of last year, and the first of this one.
    assert [day[-4:] for day in days if re.search("[0-9]{4}$", day)] == ["2025", "2026"]
    assert days[0].endswith("2025")
    axis = TimeAxis.covering(NOW - timedelta(days=20), NOW)
    assert not any(re.search("[0-9]{4}", day) for _, day, _ in axis.labels())


def test_the_hours_of_the_quota_are_bars_of_an_hour() -> None:
    counts = ("calls", "calls_answered", "calls_over_quota", "calls_failed")
    names = ["endpoint", "hour_at", *counts, "quota_limit"]
    hour = NOW.replace(minute=0)
    hours = [hour - timedelta(hours=each) for each in range(100)]
    rows = [("fixtures", each, 5, 5, 0, 0, 100) for each in hours]
    chart = _quota_chart(replace(QUIET, made_at=hour, quota=Rows(names, rows)))
    assert chart
    assert chart.title == "Calls for fixtures by hour, the last 59 hours"
    assert chart.picture.count("5 answered") == 59


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
