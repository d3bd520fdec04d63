"""The envelope, the headers and the compression of responses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import requests

from simulator import Simulator
from simulator.simulator import DEFAULT_CLOCK
from tests.simulator.client import NO_RESULT, Client


def test_envelope_of_a_list_and_of_one_object(client: Client) -> None:
    response = client.get("football/leagues")
    content = response.json()
    assert list(content) == ["data", "pagination", "subscription", "rate_limit", "timezone"]
    assert content["rate_limit"]["requested_entity"] == "League"
    assert content["timezone"] == "UTC"
    meta = content["subscription"][0]["meta"]
    assert meta["current_timestamp"] == 1773501600
    assert response.headers["x-ratelimit-limit"] == "3000"
    assert response.headers["x-ratelimit-remaining"] == str(content["rate_limit"]["remaining"])
    assert "etag" not in response.headers
    one = client.get(f"football/leagues/{content['data'][0]['id']}").json()
    assert one["data"] == content["data"][0]
    assert "pagination" not in one


def test_date_header_is_the_real_time_until_the_clock_is_moved() -> None:
    with Simulator(clock=DEFAULT_CLOCK) as api:
        client = Client(api)
        sent_at = parsedate_to_datetime(client.get("football/leagues").headers["date"])
        assert abs(sent_at - datetime.now(UTC)) < timedelta(seconds=5)
        api.control.set_clock(DEFAULT_CLOCK)
        response = client.get("football/leagues")
        assert response.headers["date"] == "Sat, 14 Mar 2026 15:20:00 GMT"


def test_large_responses_are_compressed_if_the_client_accepts_gzip(client: Client) -> None:
    assert client.get("football/states").headers["content-encoding"] == "gzip"
    plain = requests.get(
        f"{client.api.base_url}/football/states",
        headers={"Authorization": client.api.token, "Accept-Encoding": "identity"},
        timeout=10,
    )
    assert "content-encoding" not in plain.headers
    assert len(plain.json()["data"]) == 25


def test_no_result_in_all_known_forms(client: Client) -> None:
    path = "football/fixtures/multi/1,2"
    response = client.get(path)
    assert response.status_code == 200
    assert list(response.json()) == ["message", "subscription", "rate_limit", "timezone"]
    assert response.json()["message"].startswith(NO_RESULT)
    remaining = response.json()["rate_limit"]["remaining"]
    client.api.control.set_behaviour(nothing_found="404")
    response = client.get(path)
    assert response.status_code == 404
    assert response.json()["rate_limit"]["remaining"] == remaining - 1
    client.api.control.set_behaviour(nothing_found="empty")
    assert client.get(path).json()["data"] == []
    assert client.get("football/fixtures/latest").json()["data"] == []
