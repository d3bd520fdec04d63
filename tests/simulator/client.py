"""A client for tests of the simulator, and ways to choose fixtures."""

from __future__ import annotations

import time
from typing import Any

import requests

from simulator import Simulator

Row = dict[str, Any]
ALL_INCLUDES = "participants;scores;statistics;events;periods"
NO_RESULT = "No result(s) found matching your request."


class Client:
    """A plain client of one simulator."""

    def __init__(self, api: Simulator) -> None:
        self.api = api
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = api.token

    def get(self, path: str, **parameters: Any) -> requests.Response:
        return self.session.get(
            f"{self.api.base_url}/{path}", params=parameters, timeout=10, allow_redirects=False
        )

    def multi(self, *ids: int, include: str = ALL_INCLUDES) -> list[Row]:
        path = f"football/fixtures/multi/{','.join(map(str, ids))}"
        rows: list[Row] = self.get(path, include=include).json()["data"]
        return rows

    def walk(self, path: str, **parameters: Any) -> list[int]:
        ids: list[int] = []
        response = self.get(path, **parameters).json()
        while True:
            ids += [row["id"] for row in response["data"]]
            page = response["pagination"]
            assert page["count"] == len(response["data"])
            if not page["has_more"]:
                assert page.get("next_page", page.get("next_cursor")) is None
                return ids
            if "next_page" in page:
                response = self.session.get(page["next_page"], timeout=10).json()
            elif page["next_cursor"].startswith("http"):
                response = self.session.get(page["next_cursor"], timeout=10).json()
            else:
                response = self.get(path, cursor=page["next_cursor"]).json()


def finished(api: Simulator, with_events: bool = True) -> list[int]:
    """Return the finished fixtures, by default only those with events."""
    return [
        fixture_id
        for fixture_id in api.world.fixture_ids()
        if api.world.base(fixture_id)["state_id"] == 5
        and (not with_events or api.world.fixture(fixture_id)["events"])
    ]


def in_state(api: Simulator, *states: int) -> list[int]:
    """Return the fixtures in one of these states."""
    return [i for i in api.world.fixture_ids() if api.world.base(i)["state_id"] in states]


def by_id(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: row["id"])


def get_with_fault(client: Client, fault: Row, path: str = "football/states") -> requests.Response:
    client.api.control.faults([fault])
    return client.get(path)


def in_flight(client: Client) -> int:
    """Return the number of other requests in progress."""
    client.get("football/fixtures/latest")
    return int(client.api.control.requests()[-1]["in_flight"]) - 1


def wait_for_none_in_flight(client: Client) -> None:
    until = time.monotonic() + 20
    while in_flight(client) > 0:
        assert time.monotonic() < until
        time.sleep(0.02)
