from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator import Simulator
from tests.job import Job


@pytest.fixture
def api() -> Iterator[Simulator]:
    """A small API: two leagues with one season each."""
    with Simulator(seed=11, leagues=2, seasons=1, teams=6) as simulator:
        yield simulator


@pytest.fixture(scope="session")
def dbt_target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where dbt keeps what it parsed and compiled."""
    return tmp_path_factory.mktemp("dbt_target")


@pytest.fixture
def job(api: Simulator, tmp_path: Path, dbt_target: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    """The job, set up to ask that API."""
    job = Job(tmp_path, dbt_target)
    for name, value in job.environment(api.base_url, api.token).items():
        monkeypatch.setenv(name, value)
    return job
