"""The API token and the control token."""

from __future__ import annotations

import json

import pytest
import requests

from simulator import Simulator


@pytest.mark.parametrize("authorization", [None, "wrong", "Bearer demo-token", ""])
def test_a_request_without_the_raw_token_is_401(api: Simulator, authorization: str | None) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    response = requests.get(f"{api.base_url}/football/states", headers=headers, timeout=10)
    assert response.status_code == 401
    message = "Invalid token provided" if authorization else "Unauthenticated."
    assert response.json() == {"message": message}
    assert "x-ratelimit-limit" not in response.headers


def test_token_as_a_query_parameter(api: Simulator) -> None:
    url = f"{api.base_url}/football/states"
    response = requests.get(url, params={"api_token": api.token}, timeout=10)
    assert response.status_code == 200
    logged = api.control.requests()[-1]
    assert logged["token_in"] == "query"
    assert api.token not in json.dumps(logged)


def test_control_requires_its_own_token(api: Simulator) -> None:
    url = api.base_url.replace("/v3", "/control/fixture_ids")
    assert requests.post(url, timeout=10).status_code == 401
    headers = {"Authorization": api.token, "X-Control-Token": "wrong"}
    assert requests.post(url, headers=headers, timeout=10).status_code == 401
