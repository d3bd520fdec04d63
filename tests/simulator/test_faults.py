"""Faults of the response: status, envelope and rows."""

from __future__ import annotations

from collections import Counter

import pytest

from simulator.control.client import ControlError
from simulator.faults.faults import KINDS
from simulator.faults.rows import FOREIGN_ID_OFFSET
from tests.simulator.client import NO_RESULT, Client, Row, finished, get_with_fault


def test_faults_that_replace_the_response(client: Client) -> None:
    fault: Row = {"kind": "status", "status": 503, "headers": {"Retry-After": 7}, "times": 1}
    response = get_with_fault(client, fault)
    assert (response.status_code, response.headers["retry-after"]) == (503, "7")
    assert client.get("football/states").status_code == 200
    response = get_with_fault(client, {"kind": "html"})
    assert (response.status_code, response.headers["content-type"][:9]) == (200, "text/html")
    response = get_with_fault(client, {"kind": "redirect", "location": "http://127.0.0.1:1/"})
    assert (response.status_code, response.headers["location"]) == (302, "http://127.0.0.1:1/")
    response = get_with_fault(client, {"kind": "burst_429", "retry_after": 3})
    assert (response.status_code, response.headers["retry-after"]) == (429, "3")
    assert int(response.headers["x-ratelimit-remaining"]) > 2000


def test_faults_in_the_content(client: Client) -> None:
    first, second = finished(client.api)[:2]
    response = get_with_fault(client, {"kind": "no_data"}).json()
    assert "data" not in response
    assert response["message"].startswith(NO_RESULT)
    response = get_with_fault(client, {"kind": "quota_lie", "remaining": 9})
    assert response.headers["x-ratelimit-remaining"] == "9"
    assert response.json()["rate_limit"]["remaining"] == 9
    control = client.api.control
    control.faults([{"kind": "empty_include", "include": "events", "fixture_ids": [first]}])
    empty = {row["id"]: row["events"] == [] for row in client.multi(first, second)}
    assert empty == {first: True, second: False}
    control.faults([{"kind": "missing_include", "include": "events", "path": "multi"}])
    assert all("events" not in row for row in client.multi(first, second))
    control.faults([{"kind": "missing_ids", "ids": [second]}])
    assert [row["id"] for row in client.multi(first, second)] == [first]
    control.faults([{"kind": "null_rows", "fixture_ids": [second]}])
    rows = client.multi(first, second)
    assert sorted(row["id"] or 0 for row in rows) == [0, first]
    assert [set(row.values()) for row in rows if row["id"] is None] == [{None}]


def test_faults_apply_to_the_chosen_requests(client: Client) -> None:
    faulty, fine = client.api.world.fixture_ids()[:2]
    client.api.control.faults([{"kind": "status", "status": 500, "fixture_ids": [faulty]}])
    assert client.get(f"football/fixtures/multi/{fine}").status_code == 200
    assert client.get(f"football/fixtures/multi/{fine},{faulty}").status_code == 500
    assert client.get(f"football/fixtures/{faulty}").status_code == 500
    client.api.control.faults([{"kind": "status", "path": "core/", "share": 0.5, "seed": 1}])
    statuses = Counter(client.get("core/types").status_code for _ in range(40))
    assert 8 < statuses[500] < 32
    assert client.get("football/states").status_code == 200
    with pytest.raises(ControlError, match="unknown kind"):
        client.api.control.faults([{"kind": "earthquake"}])
    assert len(KINDS) == 34


def test_faults_in_the_rows(client: Client) -> None:
    first, second = finished(client.api)[:2]
    control = client.api.control
    control.faults([{"kind": "null_ids", "fixture_ids": [second]}])
    rows = client.multi(first, second)
    assert {row["id"] for row in rows} == {first, None}
    assert all(row["name"] and row["events"] for row in rows)
    control.faults([{"kind": "repeated_rows"}])
    assert Counter(row["id"] for row in client.multi(first, second)) == {first: 2, second: 2}
    control.faults([{"kind": "foreign_rows"}])
    ids = [row["id"] for row in client.multi(first, second)]
    assert [id - FOREIGN_ID_OFFSET for id in ids[:2]] == ids[2:]
    assert sorted(ids[2:]) == [first, second]
    one = client.get(f"football/fixtures/{first}").json()["data"]
    assert one["id"] == first + FOREIGN_ID_OFFSET
    assert len(client.get("football/leagues").json()["data"]) == 2


def test_faults_in_the_envelope(client: Client) -> None:
    complete = client.get("football/leagues").json()
    response = get_with_fault(client, {"kind": "null_data"}, "football/leagues")
    assert (response.status_code, response.json()["data"]) == (200, None)
    assert "pagination" not in response.json()
    response = get_with_fault(client, {"kind": "object_data"}, "football/leagues")
    assert response.json()["data"] == {"0": complete["data"][0], "1": complete["data"][1]}
    (fixture_id, *_) = client.api.world.fixture_ids()
    for path in (f"football/fixtures/multi/{fixture_id}", f"football/fixtures/{fixture_id}"):
        assert client.get(path).json()["data"]["id"] == fixture_id
    response = get_with_fault(client, {"kind": "meta_list"}, "football/leagues")
    assert response.json()["subscription"] == [{**complete["subscription"][0], "meta": []}]
    response = get_with_fault(client, {"kind": "extra_keys"}, "football/leagues")
    assert set(response.json()) > set(complete)
    assert set(response.json()["rate_limit"]) > set(complete["rate_limit"])
    assert response.json()["data"] == complete["data"]
    response = get_with_fault(client, {"kind": "echo_token", "status": 403})
    assert response.status_code == 403
    assert client.api.token in response.json()["message"]
