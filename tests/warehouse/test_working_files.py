"""Working files that a power failure or a full disk has damaged stop no later run."""

import errno
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from extract.errors import exception_chain
from extract.warehouse import loader
from extract.warehouse.working_files import find_damaged_file
from simulator import Simulator
from tests.support.assertions import assert_raw_equals_world
from tests.support.pipeline import Job, requested_ids
from tests.support.processes import KILL_AT

EXTRACTED = "dlt.extract.extract:Extract:commit_packages:after"
NORMALIZED = "dlt.load.load:Load:initialize_package:after"


def emptied(content: bytes) -> bytes:
    return b""


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def zeroed(content: bytes) -> bytes:
    return bytes(len(content))


DAMAGES: list[Callable[[bytes], bytes]] = [emptied, cut, zeroed]


def killed_at(moment: str, job: Job, api: Simulator) -> Path:
    """Kills a run whose fixtures are fetched and not stored; dlt's working folder."""
    job.extract("--fixture-ids", str(api.world.fixture_ids()[0]))
    process = subprocess.run(
        [sys.executable, "-c", KILL_AT, f"fixtures:{moment}", "extract"], check=False
    )
    assert process.returncode == -signal.SIGKILL
    (folder,) = job.folder.glob("dlt/pipelines/*/0")
    return folder


@pytest.mark.parametrize(
    ("database", "moment"), [("duckdb", EXTRACTED), ("postgres", NORMALIZED)], indirect=["database"]
)
def test_damage_is_found_in_every_file(job: Job, api: Simulator, moment: str) -> None:
    folder = killed_at(moment, job, api) / "sportmonks"
    assert find_damaged_file(folder) is None
    pending = "normalize/extracted" if moment == EXTRACTED else "load/normalized"
    parts = ["state.json", "schemas/*", "*/.version", f"{pending}/**/*.*"]
    files = [path for part in parts for path in folder.glob(part) if path.is_file()]
    assert len(files) > 12
    for path in files:
        content = path.read_bytes()
        for damage in DAMAGES:
            if damage(content) != content:
                path.write_bytes(damage(content))
                assert find_damaged_file(folder) == path, damage
        path.write_bytes(content)
    for lost in ("schemas/sportmonks.schema.json", f"{pending}/*/schema.json"):
        (path,) = folder.glob(lost)
        content = path.read_bytes()
        path.unlink()
        assert find_damaged_file(folder) == path
        path.write_bytes(content)
    if moment == NORMALIZED:
        # dlt was killed while it removed what it had normalized.
        (folder / "normalize" / "extracted" / path.parent.name).mkdir(parents=True)
        assert find_damaged_file(folder) is None


def test_damaged_files_are_moved_and_fetched_again(duckdb_job: Job, api: Simulator) -> None:
    folder = killed_at(EXTRACTED, duckdb_job, api)
    whole = folder.with_name("whole")
    shutil.copytree(folder, whole)
    for damaged, *command in [
        ("schemas/*", "plan"),
        ("load/.version", "plan"),
        ("normalize/extracted/*/new_jobs/fixtures.*", "plan"),
        ("state.json", "extract"),
    ]:
        shutil.rmtree(folder)
        shutil.copytree(whole, folder)
        path = next((folder / "sportmonks").glob(damaged))
        kept = cut(path.read_bytes())
        path.write_bytes(kept)
        output = duckdb_job.command(*command).output.replace("\n", "")
        assert output.count("Warning: ") == 1
        assert f"file {path.relative_to(folder / 'sportmonks')} was damaged" in output
        (moved,) = folder.parent.glob("0-damaged-*")
        assert str(moved) in output
        assert (moved / path.relative_to(folder)).read_bytes() == kept
        shutil.rmtree(moved)
    assert_raw_equals_world(duckdb_job, api)
    assert "Warning" not in duckdb_job.extract().output


def run_with_files_up_to(size: int) -> subprocess.CompletedProcess[str]:
    """A run that cannot write past some bytes of a file, which is what a full disk is like."""
    return subprocess.run(
        [sys.executable, "-m", "extract", "extract"],
        check=False,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)),
    )


def test_a_full_disk_is_a_line_and_costs_nothing(duckdb_job: Job, api: Simulator) -> None:
    killed_at(EXTRACTED, duckdb_job, api)
    api.control.reset_requests()
    result = run_with_files_up_to(100)
    assert result.returncode == 1
    output = result.stdout + result.stderr
    assert "Traceback" not in output
    (line,) = [line for line in output.splitlines() if line.startswith("Error: ")]
    assert "File too large" in line
    assert "Loading what a run had fetched" in duckdb_job.extract().output
    assert requested_ids(api) == []
    assert_raw_equals_world(duckdb_job, api)


def test_a_full_disk_under_the_database_is_a_line(duckdb_job: Job, api: Simulator) -> None:
    duckdb_job.extract("--fixture-ids", str(api.world.fixture_ids()[0]))
    duckdb_job.query("create table filler as select hash(i) from range(2000000) as t(i)")
    size = Path(duckdb_job.database.environment()["DUCKDB_PATH"]).stat().st_size
    result = run_with_files_up_to(size)
    assert result.returncode == 1
    assert "Traceback" not in result.stdout + result.stderr
    assert "File too large" in result.stdout + result.stderr
    duckdb_job.extract()
    assert_raw_equals_world(duckdb_job, api)


def test_an_error_is_not_mistaken_for_one_handled_before(
    duckdb_job: Job, api: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk, found while a failed look-up was handled, is no error in the data."""
    duckdb_job.command("plan")

    def full(*_: object) -> None:
        try:
            raise KeyError("fixtures")
        except KeyError:
            raise OSError(errno.ENOSPC, "No space left on device")  # noqa: B904

    with monkeypatch.context() as patch:
        patch.setattr(loader, "_forget_normalized_twice", full)
        output = duckdb_job.extract(code=1).output
    assert "No space left on device" in output
    assert "dropped" not in output
    api.control.reset_requests()
    assert "Loading what a run had fetched" in duckdb_job.extract().output
    assert requested_ids(api) == []


def test_causes() -> None:
    first, handled = ValueError("first"), KeyError("handled")
    try:
        try:
            raise handled
        except KeyError:
            raise OSError("last") from first
    except OSError as last:
        assert list(exception_chain(last)) == [last, first]
    try:
        try:
            raise handled
        except KeyError:
            raise OSError("last")  # noqa: B904
    except OSError as last:
        assert list(exception_chain(last)) == [last]
        assert list(exception_chain(last, with_context=True)) == [last, handled]
    try:
        try:
            raise handled
        except KeyError:
            raise OSError("last") from None
    except OSError as last:
        assert list(exception_chain(last, with_context=True)) == [last]
