"""No fault of the API loses or falsifies a fixture."""

import json
import re
from pathlib import Path

import pytest

from extract.api.client import SportmonksClient
from extract.api.error_policy import FAILURES, POLICIES
from extract.errors import RequestError
from simulator import Simulator
from tests.support.assertions import with_sorted_arrays
from tests.support.client import client_settings, fetch_outcomes
from tests.support.faults import FAULTS, LIES, measure

# Struck requests of these last until their time-out.
SLOW = {"no answer", "a byte at a time", "headers a byte at a time", "body of 30 MB"}
# The response is valid and has no row for some ids: such a fixture is missing, and checked again.
WITHOUT_ROWS = {"missing_ids", "no_data", "null_data", "null_rows", "null_ids"}
# One for each way in which the client handles a response: the others differ only on the wire.
REPRESENTATIVE = {
    "HTTP 500", "body cut in the middle", "429, calls left", "ids missing", "events missing",
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_faulty_response_is_never_taken_for_a_fixture(api: Simulator, name: str) -> None:
    fault, changes = FAULTS[name]
    changed = {key.lower(): float(value) for key, value in changes.items()}
    client = SportmonksClient(client_settings(api, **changed))
    ids = api.world.fixture_ids()[:40]
    includes = {"events", "statistics"}
    base = api.world.base(ids[0]).keys()
    truth = {
        id: {key: value for key, value in api.world.fixture(id).items() if key in base | includes}
        for id in ids
    }
    client.get("football/states")
    share = 0.3 if name in SLOW else 0.5
    api.control.faults([{**fault, "path": "multi", "share": share, "seed": len(name)}])
    outcomes = fetch_outcomes(client, ids, size=4)
    assert any(request["faults"] for request in api.control.requests())
    assert outcomes.keys() == set(ids)
    missing = {id for id, outcome in outcomes.items() if outcome.name == "missing"}
    assert not missing or fault["kind"] in WITHOUT_ROWS
    stored = {
        id: json.loads(outcome.fixture.payload)
        for id, outcome in outcomes.items()
        if outcome.fixture
    }
    assert stored
    for id, fixture in stored.items():
        if outcomes[id].name != "unconfirmed" and name not in LIES:
            assert with_sorted_arrays(fixture) == with_sorted_arrays(truth[id])


@pytest.mark.parametrize(
    "name",
    [
        name if name in REPRESENTATIVE else pytest.param(name, marks=pytest.mark.thorough)
        for name in FAULTS
    ],
)
@pytest.mark.slow
def test_a_faulty_api_loses_nothing(name: str, tmp_path: Path) -> None:
    """`make faults` does this for smaller shares too."""
    result = measure(name, 0.1 if name in SLOW else 0.5, tmp_path)
    assert "Traceback" not in result.output
    assert "demo-token" not in result.output
    if name in LIES:
        assert result.without_outcome == result.wrong_afterwards == 0
    else:
        assert result.is_right, result


def test_the_docs_have_the_table_of_failures() -> None:
    page = Path("docs/failures.md").read_text()
    for failure in FAILURES:
        error = f"`{failure.error.__name__}`" if failure.error else "an empty response"
        assert f"| {failure.name} | {error} |" in page
    for raised, follows in POLICIES.items():
        output = " | ".join([follows.request, follows.batch, follows.run])
        assert f"| `{raised.__name__}` | {output} |" in page
    assert set(re.findall(r"`(\w+Error)`", page)) == {error.__name__ for error in POLICIES}
    raised_by_table = {failure.error for failure in FAILURES} - {None}
    assert raised_by_table < set(POLICIES)
    assert all(issubclass(error, RequestError) for error in POLICIES)
