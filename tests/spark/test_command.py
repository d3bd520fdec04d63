"""`TARGET=spark` on the command line: what is missing is one clear line, before Java starts."""

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from deltalake import write_deltalake
from pyarrow import table

from extract.errors import TOKEN_VARIABLE
from tests.support.processes import start_command
from tests.support.spark_cluster import Cluster, missing, read_events

TOKEN = "a-token-that-nobody-may-see"

pytestmark = pytest.mark.skipif(missing() is not None, reason=str(missing()))


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A lake with a raw table, which is all that a session looks for."""
    folder = tmp_path / "lake"
    write_deltalake(folder / "sportmonks_raw" / "fixtures", table({"id": [1]}))
    monkeypatch.setenv("TARGET", "spark")
    monkeypatch.setenv("LAKE_URL", folder.as_uri())
    monkeypatch.delenv("SPARK_MASTER", raising=False)
    return folder


def run(*arguments: str, **environment: str) -> tuple[int, str]:
    process = start_command(*arguments, **environment)
    output, _ = process.communicate(timeout=120)
    return process.returncode, " ".join(output.split())


@pytest.mark.parametrize(
    ("environment", "code", "message"),
    [
        ({"LAKE_URL": ""}, 2, "LAKE_URL is not set"),
        ({"JAVA_HOME": "/nowhere"}, 2, "needs Java 17 or newer, and there is none in JAVA_HOME"),
        ({"SPORTMONKS_SCHEMA": "other"}, 2, "has no raw tables yet: run"),
    ],
)
def test_what_is_missing_is_named(
    lake: Path, environment: dict[str, str], code: int, message: str
) -> None:
    found, output = run("query", "select 1", **environment)

    assert found == code and output.startswith("Error: ") and message in output, output


def test_a_raw_table_that_the_lake_lacks_is_named(lake: Path) -> None:
    """Before anything is built."""
    code, output = run("transform")

    assert code == 2 and "has no table sportmonks_raw.fixture_versions: run" in output, output
    assert not (lake / "sportmonks").exists()


def test_a_master_that_does_not_answer_is_named(lake: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        master = f"spark://127.0.0.1:{closed.getsockname()[1]}"
        code, output = run("transform", SPARK_MASTER=master)

    assert code == 1 and f"The Spark master {master} (SPARK_MASTER) cannot be reached" in output


def test_without_the_extra_the_command_to_install_it_is_named(lake: Path) -> None:
    program = (
        "import sys; sys.modules['pyspark'] = None; sys.argv = ['sportmonks', 'query', 'select 1'];"
        "from extract.cli.commands import app; app()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert done.returncode == 2
    assert "TARGET=spark needs the package pyspark: `pip install '.[spark]'`" in done.stderr


@pytest.mark.parametrize("command", [["plan", "--offline"], ["extract"], ["report"], ["lake"]])
def test_other_commands_need_the_warehouse(lake: Path, command: list[str]) -> None:
    code, output = run(*command, **{TOKEN_VARIABLE: TOKEN})

    assert code == 2 and "TARGET=spark is for transform, docs, query" in output, output


def test_tables_of_another_lake_in_the_metastore_are_named(lake: Path, tmp_path: Path) -> None:
    conf = tmp_path / "conf"
    conf.mkdir()
    url = f"jdbc:derby:;databaseName={tmp_path / 'metastore'};create=true"
    setting = f"spark.hadoop.javax.jdo.option.ConnectionURL {url}\n"
    (conf / "spark-defaults.conf").write_text(setting)
    program = (
        "from extract.warehouse.spark import spark_session\n"
        "with spark_session(None) as session:\n"
        "    session.sql(\"create schema sportmonks location 'file:/elsewhere/sportmonks'\")"
    )
    environment = {**os.environ, "SPARK_CONF_DIR": str(conf)}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)

    code, output = run("query", "select 1", SPARK_CONF_DIR=str(conf))

    wanted = "The metastore has the schema sportmonks in file:/elsewhere/sportmonks, and LAKE_URL"
    assert code == 2 and wanted in output, output


def test_a_lake_that_was_deleted_begins_without_tables(
    lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    program = (
        "from extract.warehouse.spark import spark_session\n"
        "with spark_session(None) as session:\n"
        f"    session.sql(\"create schema sportmonks location '{lake.as_uri()}/sportmonks'\")\n"
        "    session.sql('create table sportmonks.fixtures (id bigint) using delta')"
    )
    for _ in range(2):
        # The second time, the schema would exist without its folder.
        subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
        shutil.rmtree(lake / "sportmonks")


def test_a_query_on_the_cluster_reads_only_and_sees_no_token(
    cluster: Cluster, lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    before = set(cluster.event_log.iterdir())
    # dlt also finds the token under a shorter name.
    secrets = (TOKEN_VARIABLE, "SPORTMONKS__API_TOKEN", "PGPASSWORD", "ALERT_URL")
    environment = {**cluster.environment(), **dict.fromkeys(secrets, TOKEN)}
    # One session: each start takes seconds.
    program = Path(__file__).with_name("one_session.py")
    done = subprocess.run(
        [sys.executable, str(program)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )

    assert not done.returncode, done.stderr[-2000:]
    found = json.loads(done.stdout)
    assert found["rows"] == [[2]]
    assert found["refused"] == len(found["writes"]), found
    # The pages of the session, all its settings, its events, and what Java and the workers wrote.
    assert found["environment"] and TOKEN not in found["environment"]
    assert found["processes"] and not any(TOKEN in text for text in found["processes"])
    assert list(read_events(cluster.event_log))
    files = [*cluster.folder.rglob("*"), *(tmp_path / ".sportmonks").rglob("*"), *lake.rglob("*")]
    assert set(cluster.event_log.iterdir()) - before
    assert not [file for file in files if file.is_file() and TOKEN.encode() in file.read_bytes()]
