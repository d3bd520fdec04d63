"""Malformed responses: no fixture is lost, no wait is endless, no traceback is printed."""

import json
import time
from typing import Any

import msgspec
import pytest

import extract.api.client
from extract.api.client import SportmonksClient
from extract.errors import AccessError, DownError, QuotaError, UnavailableError
from extract.source.batch_size import BatchSize
from extract.stop_reason import CALLS_USED_UP
from simulator import Simulator
from tests.support.client import client_settings, fetch_outcomes
from tests.support.pipeline import Job, requested_ids, setting

MULTI = "multi"


# Two responses in a row that differ from what is stored, each in another way.
PAIRS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "no rows, then no events": (
        {"kind": "no_data"},
        {"kind": "empty_include", "include": "events"},
    ),
    "one include empty, then another": (
        {"kind": "empty_include", "include": "statistics"},
        {"kind": "empty_include", "include": "events"},
    ),
    "one include missing, then another empty": (
        {"kind": "missing_include", "include": "events"},
        {"kind": "empty_include", "include": "statistics"},
    ),
    "an include missing twice": (
        {"kind": "missing_include", "include": "events"},
        {"kind": "missing_include", "include": "events"},
    ),
}


def test_what_only_one_response_shows_changes_nothing(
    duckdb_job: Job, api: Simulator, subtests: pytest.Subtests, monkeypatch: pytest.MonkeyPatch
) -> None:
    duckdb_job.start_extracted()
    monkeypatch.setenv(setting("BATCH_SIZE"), "3")
    played = [id for id in api.world.fixture_ids() if api.world.fixture(id)["events"]]
    # A batch for each pair.
    batches = {name: played[3 * at : 3 * at + 3] for at, name in enumerate(PAIRS)}
    every_id = played[: 3 * len(PAIRS)]
    named = ["--fixture-ids", ",".join(map(str, every_id)), "--force", "--json"]
    hashes = "select id, payload_hash from sportmonks_raw.fixtures order by id"
    before = duckdb_job.query(hashes)
    api.control.reset_requests()
    api.control.faults(
        [
            {**fault, "path": MULTI, "fixture_ids": batches[name], "after": after, "times": 1}
            for name, pair in PAIRS.items()
            for after, fault in enumerate(pair)
        ]
    )
    assert json.loads(duckdb_job.extract(*named).stdout)["unconfirmed"] == len(every_id)
    for name, ids in batches.items():
        with subtests.test(name):
            assert [sorted(batch) for batch in requested_ids(api)].count(ids) == 2
    assert duckdb_job.query(hashes) == before
    assert json.loads(duckdb_job.extract(*named).stdout)["unchanged"] == len(every_id)


def test_occasional_refusals_keep_the_batch_size() -> None:
    size = BatchSize(50)
    size.succeeded(50)
    for _ in range(5):
        size.succeeded(50)
        size.too_large(50, is_refused=True)
    # Such as the last batch of a chunk.
    size.too_large(7, is_refused=True)
    size.too_large(7, is_refused=True)
    assert size.size == 50
    fresh = BatchSize(100)
    fresh.too_large(100, is_refused=True)
    assert fresh.size == 50


def test_retry_after_zero_still_backs_off(api: Simulator) -> None:
    """The quota is used up for a second, and `Retry-After` is 0."""
    client = SportmonksClient(client_settings(api, backoff=0.2))
    api.control.faults([{"kind": "burst_429", "retry_after": 0, "times": 4}])
    outcomes = fetch_outcomes(client, api.world.fixture_ids()[:20], size=5)
    assert {outcome.name for outcome in outcomes.values()} == {"stored"}
    refused = [r["time"] for r in api.control.requests() if r["status"] == 429]
    assert refused[-1] - refused[0] >= 0.2


def test_malformed_responses_lose_no_other_fixture(
    postgres_job: Job, api: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(setting("BATCH_SIZE"), "2")
    odd_answers: list[dict[str, Any]] = [
        {"status": 302, "headers": {"Location": "http://[bad"}},
        {"status": 400, "body": {"message": "no", "code": [5001]}},
        {"status": 400, "body": {"message": "a \u0000 b\x1b[31m", "code": {}}},
        {"status": 200, "body": {"data": [], "rate_limit": {"remaining": 2**70}}},
        {"status": 200, "body": {"data": [], "rate_limit": {"remaining": "9" * 400}}},
        {
            "status": 200,
            "body": {"data": [], "rate_limit": {"remaining": 5, "requested_entity": "a\u0000b"}},
        },
        {"status": 200, "body": {"data": 7, "rate_limit": [], "pagination": "x"}},
        {"status": 204, "body": ""},
    ]
    postgres_job.start_with_one()
    # Seven fixtures for each answer, of which the first one gets it.
    every_id = api.world.fixture_ids()[1:]
    groups = [every_id[at : at + 7] for at in range(0, 7 * len(odd_answers), 7)]
    for answer, ids in zip(odd_answers, groups, strict=True):
        named = ["--fixture-ids", ",".join(map(str, ids))]
        api.control.faults([{"kind": "status", "fixture_ids": ids[:1], **answer}])
        result = postgres_job.any_code("extract", *named, "--json")
        assert "Traceback" not in result.output, answer
        of_these = f"where id between {ids[0]} and {ids[-1]} order by id"
        outcomes = dict(
            postgres_job.query(f"select id, outcome from sportmonks_raw.fixture_checks {of_these}")
        )
        assert list(outcomes) == ids, answer
        lost = [id for id, outcome in outcomes.items() if outcome != "stored"]
        assert set(lost) <= set(ids[:2]), answer
    api.control.clear_faults()
    ids = [id for group in groups for id in group]
    postgres_job.extract("--fixture-ids", ",".join(map(str, ids)))
    stored = postgres_job.query("select id from sportmonks_raw.fixtures order by id")
    assert [id for (id,) in stored][1:] == ids


def test_a_token_that_ends_in_the_middle_ends_the_run(
    duckdb_job: Job, api: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    duckdb_job.start_planned()
    api.control.reset_requests()
    monkeypatch.setenv(setting("BATCH_SIZE"), "2")
    api.control.faults([{"kind": "status", "status": 401, "path": MULTI, "after": 8}])
    result = duckdb_job.extract("--json", "--chunk-size", "10", code=1)
    summary = json.loads(result.stdout)
    assert summary["stored"] == 16
    assert summary["outcome"] == "failed"
    assert "Error: The API does not accept the token" in result.output
    # Those under way meanwhile, and no chunk after that.
    assert len(requested_ids(api)) <= 8 + 4


def test_a_token_that_ends_after_the_fixtures_fails_the_run_and_keeps_them(
    duckdb_job: Job, api: Simulator
) -> None:
    duckdb_job.start_planned()
    api.control.faults([{"kind": "status", "status": 401, "path": "standings"}])
    result = duckdb_job.extract("--json", code=1)
    summary = json.loads(result.stdout)
    assert summary["stored"] == len(api.world.fixture_ids())
    assert summary["outcome"] == "failed"
    assert "Error: The API does not accept the token" in result.output


def test_a_token_that_ends_before_the_second_request_ends_the_run(
    duckdb_job: Job, api: Simulator
) -> None:
    duckdb_job.start_extracted()
    id = next(id for id in api.world.fixture_ids() if api.world.fixture(id)["events"])
    missing = {"kind": "missing_include", "include": "events", "path": MULTI, "times": 1}
    ended = {"kind": "status", "status": 401, "path": MULTI, "after": 1}
    api.control.faults([missing, ended])
    result = duckdb_job.extract("--fixture-ids", str(id), "--force", "--json", code=1)
    assert json.loads(result.stdout)["outcome"] == "failed"
    assert "Error: The API does not accept the token" in result.output


def test_no_wait_without_calls_left(api: Simulator) -> None:
    client = SportmonksClient(client_settings(api, backoff=5.0))
    client.calls_left = 4
    api.control.faults([{"kind": "status", "status": 503, "headers": {"Retry-After": "100"}}])
    started = time.monotonic()
    fetch_outcomes(client, api.world.fixture_ids()[:40], size=2)
    assert time.monotonic() - started < 3
    assert client.stop_reason == CALLS_USED_UP


def test_poisoned_fixtures_alone_are_no_outage(api: Simulator) -> None:
    client = SportmonksClient(client_settings(api))
    bad = api.world.fixture_ids()[:6]
    api.control.faults([{"kind": "status", "status": 500, "fixture_ids": bad}])
    outcomes = fetch_outcomes(client, bad)
    assert {outcome.name for outcome in outcomes.values()} == {"failed"}
    assert client.stop_reason is None
    assert fetch_outcomes(client, api.world.fixture_ids()[6:9])


def test_an_endpoint_that_fails_for_all_is_given_up(api: Simulator) -> None:
    client = SportmonksClient(client_settings(api))
    client.get("football/states")
    api.control.faults([{"kind": "status", "status": 500, "path": MULTI}])
    fetch_outcomes(client, api.world.fixture_ids())
    assert client.stop_reason
    assert isinstance(client.stop_reason.error, DownError)
    assert len(requested_ids(api)) < 200


def test_a_refusal_that_never_ends_is_given_up(api: Simulator) -> None:
    client = SportmonksClient(client_settings(api))
    api.control.faults([{"kind": "burst_429", "retry_after": 0}])
    with pytest.raises(QuotaError):
        client.get("football/states")
    assert len(api.control.requests()) == 10


@pytest.mark.parametrize("cursor", ["abc", None])
def test_an_empty_page_is_the_last_one(api: Simulator, cursor: str | None) -> None:
    client = SportmonksClient(client_settings(api))
    page: dict[str, Any] = {"data": [], "pagination": {"has_more": True, "next_cursor": cursor}}
    api.control.faults([{"kind": "status", "status": 200, "body": page}])
    assert len(list(client.pages("football/seasons"))) == 1


@pytest.mark.parametrize(
    "empty", [{"data": []}, {"message": "No result(s) found"}, {"data": [{"id": None}]}]
)
@pytest.mark.parametrize("times", [1, 2])
def test_a_list_that_breaks_off_is_not_taken_for_the_whole_list(
    api: Simulator, empty: dict[str, Any], times: int
) -> None:
    first = {"data": [{"id": 1}], "pagination": {"has_more": True, "next_cursor": "abc"}}
    last = {"data": [{"id": 2}], "pagination": {"has_more": False, "next_cursor": None}}
    bodies = [first, *[empty] * times, last]
    client = SportmonksClient(client_settings(api))
    api.control.faults(
        [
            {"kind": "status", "status": 200, "body": body, "after": number, "times": 1}
            for number, body in enumerate(bodies)
        ]
    )
    found = client.pages("football/seasons")
    if times == 1:
        rows = [msgspec.json.decode(row) for answer in found for row in answer.rows]
        assert rows == [{"id": 1}, {"id": 2}]
    else:
        with pytest.raises(UnavailableError, match="page 2 has no rows"):
            list(found)


def pages(*rows_and_cursors: tuple[list[dict[str, Any]], str | None]) -> list[dict[str, Any]]:
    """Faults that answer requests for seasons with these pages in turn, without end."""
    count = len(rows_and_cursors)
    return [
        {
            "kind": "status",
            "status": 200,
            "path": "football/seasons",
            "after": number,
            "times": 1,
            "body": {
                "data": rows_and_cursors[number % count][0],
                "pagination": {
                    "has_more": True,
                    "next_cursor": rows_and_cursors[number % count][1],
                },
            },
        }
        for number in range(30)
    ]


@pytest.mark.parametrize(
    ("faults", "calls", "output"),
    [
        (pages(([{"id": 1}], None)), 2, "page 2 has no row that earlier pages did not have"),
        (pages(([{"name": "no id"}], None)), 2, "page 2 has no row"),
        (pages(([{"id": 1}], "a"), ([{"id": 1}], "b")), 2, "page 2 has no row"),
        (pages(([{"id": 1}], None), ([{"id": 2}], None)), 3, "page 3 has no row"),
        (
            pages(([{"id": 1}], "a"), ([{"id": 2}], "b"), ([{"id": 3}], "http://x?cursor=a")),
            3,
            "page 3 points back to an earlier page",
        ),
    ],
    ids=["the same page", "the same page without ids", "cursors", "alternating", "circle"],
)
def test_a_list_that_does_not_end_is_given_up(
    api: Simulator, faults: list[dict[str, Any]], calls: int, output: str
) -> None:
    client = SportmonksClient(client_settings(api))
    api.control.faults(faults)
    with pytest.raises(UnavailableError, match=f"The list football/seasons does not end: {output}"):
        list(client.pages("football/seasons"))
    assert len(api.control.requests()) == calls


def test_a_list_has_so_many_pages_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    with Simulator(seed=2, leagues=1, teams=20, seasons=2) as api:
        client = SportmonksClient(client_settings(api))
        pages_read = len(list(client.pages("football/fixtures")))
        monkeypatch.setattr(extract.api.client, "_MOST_PAGES", pages_read - 1)
        with pytest.raises(UnavailableError, match="is not the last one"):
            list(client.pages("football/fixtures"))


def test_a_list_that_does_not_end_is_not_committed(duckdb_job: Job, api: Simulator) -> None:
    rows = [api.world.base(id) for id in api.world.fixture_ids()[:2]]
    body = {"data": rows, "pagination": {"has_more": True, "next_page": "https://x"}}
    api.control.faults([{"kind": "status", "status": 200, "path": "/fixtures$", "body": body}])
    output = duckdb_job.command("plan", code=1).output
    assert "The list football/fixtures does not end: page 2" in " ".join(output.split())
    pages = [each for each in api.control.requests() if each["path"].endswith("/fixtures")]
    assert len(pages) == 2
    for table in ("fixture_index", "listing_log where scope like 'season %'"):
        assert duckdb_job.query(f"select count(*) from sportmonks_raw.{table}") == [(0,)]


def test_a_reserve_of_all_calls_is_refused(
    duckdb_job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(setting("QUOTA_RESERVE"), "3000")
    assert "quota_reserve is 3000" in duckdb_job.extract(code=2).output


def test_failed_fixtures_are_requested_separately(duckdb_job: Job, api: Simulator) -> None:
    seasons = sorted({api.world.fixture(id)["season_id"] for id in api.world.fixture_ids()})
    bad = next(
        id for id in api.world.fixture_ids() if api.world.fixture(id)["season_id"] == seasons[0]
    )
    api.control.faults([{"kind": "status", "status": 500, "fixture_ids": [bad]}])
    duckdb_job.start_planned()
    duckdb_job.extract("--season-id", str(seasons[0]), code=1)
    api.control.reset_requests()
    duckdb_job.extract(code=1)
    assert [ids for ids in requested_ids(api) if bad in ids] == [[bad]] * 3
    assert len(requested_ids(api)) == 4


def test_an_include_that_a_fixture_never_had_delays_no_correction(
    duckdb_job: Job, api: Simulator
) -> None:
    """A fixture without a key that its neighbours have, alone in its answer, is corrected."""
    one, *others = [id for id in api.world.fixture_ids() if api.world.fixture(id)["events"]][:4]
    api.control.drop_key(one, "periods")

    def outcomes(*ids: int) -> dict[str, int]:
        named = ["--fixture-ids", ",".join(map(str, ids)), "--force", "--json"]
        summary = json.loads(duckdb_job.extract(*named).stdout)
        return {name: summary[name] for name in ("stored", "unchanged", "unconfirmed")}

    duckdb_job.start_planned()
    duckdb_job.extract("--fixture-ids", ",".join(map(str, others)))
    assert outcomes(one)["stored"] == 1
    api.control.remove_event(one, api.world.fixture(one)["events"][0]["id"])
    assert outcomes(one) == {"stored": 1, "unchanged": 0, "unconfirmed": 0}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(setting("BATCH_SIZE"), "1")
        assert outcomes(one, *others) == {"stored": 0, "unchanged": 4, "unconfirmed": 0}
        api.control.remove_event(one, api.world.fixture(one)["events"][1]["id"])
        assert outcomes(one, *others) == {"stored": 1, "unchanged": 3, "unconfirmed": 0}


@pytest.mark.parametrize("status", [401, 403])
def test_an_error_page_of_a_proxy_is_no_answer_about_the_plan(api: Simulator, status: int) -> None:
    client = SportmonksClient(client_settings(api, tries=1))
    api.control.faults([{"kind": "html", "status": status}])
    with pytest.raises(UnavailableError, match=f"HTTP {status} does not come from the API"):
        client.get_once("football/states", {})
    api.control.faults([{"kind": "status", "status": status, "message": "Forbidden"}])
    with pytest.raises(AccessError):
        client.get_once("football/states", {})
