"""No fault of the API loses or falsifies a fixture."""

import re
from pathlib import Path

import pytest

from extract.api.error_policy import FAILURES, POLICIES
from extract.errors import RequestError
from tests.faults import FAULTS, LIES, measure

# Struck requests of these last until their time-out.
SLOW = {"no answer", "a byte at a time", "headers a byte at a time", "body of 30 MB"}


@pytest.mark.parametrize("name", FAULTS)
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
        said = " | ".join([follows.request, follows.batch, follows.run])
        assert f"| `{raised.__name__}` | {said} |" in page
    assert set(re.findall(r"`(\w+Error)`", page)) == {error.__name__ for error in POLICIES}
    raised_by_table = {failure.error for failure in FAILURES} - {None}
    assert raised_by_table < set(POLICIES)
    assert all(issubclass(error, RequestError) for error in POLICIES)
