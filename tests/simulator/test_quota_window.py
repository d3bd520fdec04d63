"""The quota."""

from __future__ import annotations

import json
import time

from simulator import Simulator
from tests.simulator.client import Client


def test_quota_per_entity_in_a_window_from_the_first_call() -> None:
    with Simulator(quota=3, window=1.2) as api:
        client = Client(api)
        remaining = [
            client.get("football/states").json()["rate_limit"]["remaining"] for _ in range(3)
        ]
        assert remaining == [2, 1, 0]
        rejected = [client.get("football/states") for _ in range(3)]
        assert {response.status_code for response in rejected} == {429}
        assert all(1 <= int(response.headers["retry-after"]) <= 2 for response in rejected)
        assert len({tuple(response.json()) for response in rejected}) == 3 - 1
        assert len({json.dumps(response.json()) for response in rejected}) == 3
        assert client.get("core/types").status_code == 200
        time.sleep(1.25)
        response = client.get("football/states").json()
        assert response["rate_limit"] == {
            "resets_in_seconds": 2,
            "remaining": 2,
            "requested_entity": "State",
        }
        api.control.set_quota(0, 60)
        assert client.get("football/states").status_code == 429
