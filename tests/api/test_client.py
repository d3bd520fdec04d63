"""The client against every kind of response, over real HTTP."""

import time
from collections.abc import Iterator

import pytest

from extract.api.client import SportmonksClient
from extract.errors import DownError, RefusedError, TokenError, UnavailableError
from extract.stop_reason import TIME_IS_UP
from simulator import Simulator
from tests.support.client import client_settings, fetch_outcomes

MULTI = ".*multi.*"


@pytest.fixture
def client(api: Simulator) -> Iterator[SportmonksClient]:
    client = SportmonksClient(client_settings(api))
    yield client
    client.stop(TIME_IS_UP)


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 500},
        {"kind": "status", "status": 503, "headers": {"Retry-After": "0"}},
        {"kind": "reset"},
        {"kind": "truncate"},
        {"kind": "html"},
        {"kind": "burst_429", "retry_after": 0},
    ],
    ids=lambda fault: str(fault["kind"]),
)
def test_passing_fault_is_retried(
    api: Simulator, client: SportmonksClient, fault: dict[str, object]
) -> None:
    api.control.faults([{**fault, "times": 1}])
    assert len(client.get("football/states").rows) == 25
    assert [call.attempt for call in client.drain_calls()] == [1, 2]


def test_tries_end(api: Simulator, client: SportmonksClient) -> None:
    """A list that fails although the API is well: three tries, a look, and three more."""
    api.control.faults([{"kind": "status", "status": 502, "path": "leagues"}])
    with pytest.raises(UnavailableError, match="HTTP 502"):
        client.get("football/leagues")
    assert [call.status for call in client.drain_calls()] == [502] * 3 + [200] + [502] * 3


def test_silence_is_given_up(api: Simulator) -> None:
    client = SportmonksClient(client_settings(api, timeout=0.2, tries=2))
    api.control.faults([{"kind": "delay", "seconds": 5}])
    started = time.monotonic()
    with pytest.raises(DownError, match="response within"):
        client.get("football/states")
    assert time.monotonic() - started < 3


def test_token_is_not_sent_to_where_a_redirect_points(
    api: Simulator, client: SportmonksClient
) -> None:
    with Simulator(token="other") as elsewhere:
        location = elsewhere.base_url.replace("127.0.0.1", "localhost") + "/football/states"
        api.control.faults([{"kind": "redirect", "location": location}])
        with pytest.raises(RefusedError, match="redirects to http://localhost"):
            client.get("football/states")
        assert elsewhere.control.requests() == []


def test_wrong_token_is_not_retried(api: Simulator) -> None:
    client = SportmonksClient(client_settings(api, api_token="wrong"))
    with pytest.raises(TokenError):
        client.get("football/states")
    assert len(api.control.requests()) == 1


@pytest.mark.parametrize("form", ["page", "cursor", "cursor_url"])
def test_every_page_is_read(form: str) -> None:
    with Simulator(seed=2, leagues=1, teams=20, seasons=2, pagination=form) as api:  # type: ignore[arg-type]
        client = SportmonksClient(client_settings(api))
        answers = list(client.pages("football/fixtures"))
        assert len(answers) == -(-len(api.world.fixture_ids()) // 50)
        assert sum(len(answer.rows) for answer in answers) == len(api.world.fixture_ids())


def test_poisoned_fixture_is_isolated(api: Simulator, client: SportmonksClient) -> None:
    ids = api.world.fixture_ids()[:50]
    api.control.faults([{"kind": "status", "status": 500, "fixture_ids": [ids[17]]}])
    outcomes = fetch_outcomes(client, ids)
    assert [id for id in ids if outcomes[id].name != "stored"] == [ids[17]]
    assert outcomes[ids[17]].name == "failed"
    assert "HTTP 500" in str(outcomes[ids[17]].note)


def test_batch_too_large_is_halved(api: Simulator, client: SportmonksClient) -> None:
    ids = api.world.fixture_ids()[:60]
    outcomes = fetch_outcomes(client, ids, size=100)
    assert {outcome.name for outcome in outcomes.values()} == {"stored"}
    assert [request["ids"] for request in api.control.requests()] == [60, 30, 30]


def test_unknown_id_is_missing(api: Simulator, client: SportmonksClient) -> None:
    known = api.world.fixture_ids()[0]
    outcomes = fetch_outcomes(client, [known, 5, known])
    assert {id: outcome.name for id, outcome in outcomes.items()} == {known: "stored", 5: "missing"}
    assert fetch_outcomes(client, [5])[5].name == "missing"


def test_api_that_is_down_is_not_hammered(api: Simulator, client: SportmonksClient) -> None:
    api.control.faults([{"kind": "status", "status": 500}])
    ids = api.world.fixture_ids()
    outcomes = fetch_outcomes(client, ids, size=5)
    assert set(outcomes) == set(ids)
    assert {outcome.name for outcome in outcomes.values()} == {"failed"}
    assert len(api.control.requests()) <= 3 * 14
    assert client.stop_reason
    assert isinstance(client.stop_reason.error, DownError)


def test_quota_is_waited_for(api: Simulator) -> None:
    client = SportmonksClient(client_settings(api))
    api.control.set_quota(5, 2.0)
    outcomes = fetch_outcomes(client, api.world.fixture_ids()[:24], size=2)
    assert {outcome.name for outcome in outcomes.values()} == {"stored"}
    assert [request["status"] for request in api.control.requests()].count(429) == 0
    assert len(api.control.requests()) == 12


def test_reserve_is_left_to_others(api: Simulator) -> None:
    client = SportmonksClient(client_settings(api, quota_reserve=3))
    api.control.set_quota(5, 1.0)
    started = time.monotonic()
    fetch_outcomes(client, api.world.fixture_ids()[:4], size=1)
    # Two calls a window: the second pair waits for the next one.
    assert time.monotonic() - started > 1
    assert [request["status"] for request in api.control.requests()] == [200] * 4
