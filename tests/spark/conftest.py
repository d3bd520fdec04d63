from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.spark_cluster import Cluster, missing, running_cluster


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A Spark master and two workers, for all tests of a process."""
    if reason := missing():
        pytest.skip(reason)
    folder: Path = tmp_path_factory.mktemp("spark")
    with running_cluster(folder / "cluster") as cluster:
        yield cluster
