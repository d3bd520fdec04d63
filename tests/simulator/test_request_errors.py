"""Wrong paths and parameters."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.client import Client, Row


@pytest.mark.parametrize("path", ["football/nothing", "football", "core/fixtures", ""])
def test_unknown_paths_are_404(client: Client, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 404
    assert response.json() == {"message": "The requested endpoint does not exist"}


@pytest.mark.parametrize(
    ("path", "parameters", "status", "code"),
    [
        ("football/fixtures/multi/1,x", {}, 400, 5006),
        ("football/fixtures/multi/1,,2", {}, 400, 5006),
        ("football/fixtures/multi/" + ",".join(map(str, range(1, 52))), {}, 400, 5006),
        ("football/fixtures", {"include": "nothing"}, 404, 5001),
        ("football/fixtures", {"include": "participants;odds"}, 403, 5002),
        ("football/fixtures", {"include": "events.player.country.continent"}, 400, 5008),
        ("football/fixtures/multi/1", {"include": "postmatchNews"}, 400, 5013),
        ("football/fixtures", {"page": 801}, 400, None),
        ("football/fixtures", {"page": 802}, 400, 5003),
        ("football/fixtures", {"page": 90}, 400, 5003),
        ("football/fixtures", {"page": 0}, 400, 5006),
        ("football/fixtures", {"per_page": "x"}, 400, 5006),
        ("football/fixtures", {"filters": "season_id:1"}, 400, 5010),
        ("football/fixtures", {"filters": "fixtureSeasons:x"}, 400, 5006),
        ("football/fixtures", {"cursor": "x"}, 400, 5006),
        ("football/fixtures", {"cursor": "x", "per_page": 5}, 400, 5006),
        ("football/fixtures", {"sortBy": "id"}, 400, 5006),
        ("football/fixtures", {"select": "nothing"}, 400, 5006),
        ("football/fixtures", {"timezone": "Mars/Base"}, 400, 5006),
        ("football/fixtures/between/2026-01-01/2026-04-12", {}, 422, 5006),
        ("football/fixtures/between/2026-02-01/2026-01-01", {}, 422, 5006),
        ("football/fixtures/date/yesterday", {}, 400, 5006),
        ("football/fixtures/date/20260314", {}, 400, 5006),
        ("football/fixtures", {"page": "9" * 5000}, 400, 5006),
        ("football/fixtures/multi/" + "9" * 5000, {}, 400, 5006),
        ("football/leagues", {"include": "events"}, 404, 5001),
    ],
)
def test_errors_use_no_quota(
    client: Client, path: str, parameters: Row, status: int, code: int | None
) -> None:
    before = client.get("football/fixtures/latest").json()["rate_limit"]["remaining"]
    response = client.get(path, **parameters)
    assert response.status_code == status, response.text
    assert "rate_limit" not in response.json()
    if code is not None:
        assert response.json()["code"] == code
        assert response.json()["link"].startswith("https://docs.sportmonks.com/football/")
    after = client.get("football/fixtures/latest").json()["rate_limit"]["remaining"]
    assert after == before - 1


def test_error_messages(client: Client) -> None:
    def message(**parameters: Any) -> str:
        return str(client.get("football/fixtures", **parameters).json()["message"])

    assert message(include="foo") == "The requested include 'foo' does not exist on Fixture"
    assert message(include="odds") == "You do not have access to the 'odds' include"
    assert message(cursor="x", order="asc") == "order cannot be used together with cursor"
    assert message(cursor="x", per_page=5) == "per_page cannot be used together with cursor"
