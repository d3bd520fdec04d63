"""Faults of the connection: cut off, slow, endless or missing responses."""

from __future__ import annotations

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
import requests

from simulator import Simulator
from tests.simulator.client import Client, Row, get_with_fault, in_flight, wait_for_none_in_flight


def test_faults_of_the_connection(client: Client) -> None:
    with pytest.raises(requests.ConnectionError) as reset:
        get_with_fault(client, {"kind": "reset", "times": 1})
    assert "ConnectionResetError" in repr(reset.value)
    assert client.get("football/states").status_code == 200
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        get_with_fault(client, {"kind": "truncate", "times": 1})
    assert client.get("football/states").status_code == 200
    started = time.monotonic()
    assert get_with_fault(client, {"kind": "delay", "seconds": 0.3}).status_code == 200
    assert time.monotonic() - started >= 0.3


def test_slow_faults_apply_to_requests_for_their_fixture(client: Client) -> None:
    faulty, fine = client.api.world.fixture_ids()[:2]
    for kind in ("delay", "hang", "drip"):
        client.api.control.faults([{"kind": kind, "seconds": 1, "fixture_ids": [faulty]}])
        assert client.multi(fine)[0]["id"] == fine
        for path in (f"football/fixtures/multi/{fine},{faulty}", f"football/fixtures/{faulty}"):
            with pytest.raises((requests.Timeout, requests.ConnectionError), match="timed out"):
                client.session.get(f"{client.api.base_url}/{path}", timeout=0.1)


def test_drip_sends_a_byte_at_a_time(client: Client) -> None:
    wait_for_none_in_flight(client)
    fault: Row = {"kind": "drip", "seconds": 0.001, "path": "states", "times": 1}
    client.api.control.faults([fault])
    started = time.monotonic()
    assert len(client.get("football/states", per_page=1).json()["data"]) == 1
    assert time.monotonic() - started > 0.2
    client.api.control.faults([{**fault, "seconds": 0.05}])
    url = f"{client.api.base_url}/football/states"
    with client.session.get(url, timeout=10, stream=True) as response:
        assert response.status_code == 200
        assert response.raw.read(1)
        assert in_flight(client) == 1
        assert len(response.raw.read(3)) == 3
    wait_for_none_in_flight(client)


def test_hang_ends_after_its_seconds_or_when_the_client_disconnects(client: Client) -> None:
    wait_for_none_in_flight(client)
    fault: Row = {"kind": "hang", "path": "states"}
    with pytest.raises(requests.ConnectionError, match="without response"):
        get_with_fault(client, {**fault, "seconds": 0.1})
    client.api.control.faults([fault])
    host, port = urlsplit(client.api.base_url).netloc.split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(b"GET /v3/football/states HTTP/1.1\r\nHost: localhost\r\n\r\n")
        until = time.monotonic() + 20
        while in_flight(client) == 0:
            assert time.monotonic() < until
        connection.settimeout(0.2)
        with pytest.raises(TimeoutError):
            connection.recv(1)
    logged = [row for row in client.api.control.requests() if "states" in row["path"]]
    assert (logged[-1]["status"], logged[-1]["faults"]) == (0, ["hang"])
    wait_for_none_in_flight(client)


@pytest.mark.parametrize("kind", ["hang", "drip"])
def test_stop_does_not_wait_for_endless_responses(kind: str) -> None:
    with ThreadPoolExecutor() as pool:
        with Simulator() as api:
            api._server.config.timeout_graceful_shutdown = 60
            api.control.faults([{"kind": kind, "path": "states", "seconds": 3600}])
            hanging = pool.submit(Client(api).get, "football/states")
            while in_flight(Client(api)) == 0:
                assert not hanging.done()
            started = time.monotonic()
        assert time.monotonic() - started < 5
        assert isinstance(hanging.exception(), requests.RequestException)
        assert "timed out" not in str(hanging.exception())


def test_burst_429_while_other_requests_are_in_progress(client: Client) -> None:
    wait_for_none_in_flight(client)
    burst = {"kind": "burst_429", "in_flight": 2, "retry_after": None, "path": "states"}
    slow = {"kind": "delay", "seconds": 1, "times": 2, "path": "states"}
    client.api.control.faults([burst, slow])
    with ThreadPoolExecutor() as pool:
        first, second = (pool.submit(Client(client.api).get, "football/states") for _ in range(2))
        while in_flight(client) < 2:
            assert not first.done()
        rejected = client.get("football/states")
        assert rejected.status_code == 429
        assert "retry-after" not in rejected.headers
        assert {first.result().status_code, second.result().status_code} == {200}
    assert client.get("football/states").status_code == 200
