"""PostgreSQL: keys, indexes, comments, what is written, and error messages."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable

import pytest

from extract.warehouse.raw_tables import SCHEMAS
from simulator import Simulator
from tests.support.assertions import assert_equals_world
from tests.support.expected_includes import DEFAULT
from tests.support.locks import assert_no_session_is_left, wait_until_blocked
from tests.support.pipeline import CORE_MODELS, EVERY_MODEL, FINAL_TABLES, Database, Job, Postgres
from tests.support.postgres import BINARIES, PASSWORD_GROUP, Server
from tests.support.terminal import error_line

SECRET = "s3cret-password-to-be-found-nowhere"
ODD_DEFAULTS = {
    "timezone": "America/Sao_Paulo",
    "datestyle": "SQL, DMY",
    "client_encoding": "LATIN1",
    "statement_timeout": "100ms",
    "lock_timeout": "1ms",
    "idle_in_transaction_session_timeout": "100ms",
    "standard_conforming_strings": "off",
    "search_path": "nowhere",
    "default_transaction_isolation": "serializable",
}


# Prints what dlt opens sessions with.
PRINT_DSN = """
import sys
from psycopg2.extensions import parse_dsn
from extract.warehouse.postgres_destination import postgres_destination

values = dict(zip(("host", "database", "username"), sys.argv[1:]))
destination = postgres_destination({**values, "port": 5433, "password": ""}, print)
configuration = destination.configuration(destination.spec()._bind_dataset_name(dataset_name="raw"))
found = parse_dsn(configuration.credentials.to_native_representation())
assert set(found) == {"host", "port", "dbname", "user", "connect_timeout"}
print(found["host"], found["port"], found["dbname"], found["user"], sep="|")
print(configuration)
assert "sqlalchemy" not in sys.modules
"""


@pytest.fixture
def job(job_on: Callable[[Database], Job], postgres: Postgres) -> Job:
    """The job on PostgreSQL."""
    return job_on(postgres)


@pytest.mark.parametrize("host", ["localhost", "::1", "/run/a folder's"])
def test_dlt_opens_sessions_without_sqlalchemy(host: str) -> None:
    """Its import takes a tenth of an extract in which nothing is due."""
    database, user = "a 'database' @/?", r"a\user"
    output = subprocess.run(
        [sys.executable, "-c", PRINT_DSN, host, database, user],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert output.splitlines() == [
        f"{host}|5433|{database}|{user}",
        f"{user}@{host}:5433/{database}",
    ]


def test_tables_have_keys_indexes_and_comments(job: Job) -> None:
    job.start_complete()
    job.transform("--full-refresh", *EVERY_MODEL)
    schema = "sportmonks"
    keys = dict(
        job.query(
            "select relname, pg_get_constraintdef(pg_constraint.oid) from pg_constraint "
            f"inner join pg_class on pg_class.oid = conrelid where contype = 'p' "
            f"and relnamespace = '{schema}'::regnamespace"
        )
    )
    marts = {"fixture_quality": "fixture_id", "team_fixtures": "fixture_id, team_id"}
    marts |= {"player_fixtures": "lineup_id", "standings": "standing_id"}
    marts |= {"topscorers": "topscorer_id"}
    expected = FINAL_TABLES | marts
    assert keys == {table: f"PRIMARY KEY ({key})" for table, key in expected.items()}
    indexes = {name for (name,) in job.query(
        f"select indexname from pg_indexes where schemaname = '{schema}'"
    )}  # fmt: skip
    assert indexes >= {f"{table}_pkey" for table in FINAL_TABLES}
    assert indexes >= {
        "fixtures_season_id_starting_at_idx",
        "fixtures_starting_at_idx",
        "fixture_statistics_fixture_id_loaded_at_idx",
        "fixture_statistics_participant_id_type_id_idx",
        "fixture_statistics_type_id_idx",
        "fixture_events_fixture_id_loaded_at_idx",
    }
    assert job.query(
        "select relname, attname from pg_class inner join pg_attribute on attrelid = pg_class.oid "
        f"where relnamespace = '{schema}'::regnamespace and relkind = 'r' and attnum > 0 "
        "and (col_description(attrelid, attnum) is null or obj_description(attrelid) is null)"
    ) == []  # fmt: skip
    assert job.query(
        "select relname from pg_class where relkind = 'r' and reltuples < 0 and "
        f"relnamespace in ('{schema}'::regnamespace, '{schema}_raw'::regnamespace) "
        "and pg_relation_size(oid) > 0"
    ) == []  # fmt: skip
    assert job.query(
        "select data_type from information_schema.columns "
        f"where table_schema = '{schema}_raw' and table_name = 'fixtures' "
        "and column_name = 'payload'"
    ) == [("jsonb",)]  # fmt: skip
    raw_keys = job.query(
        "select relname from pg_class inner join pg_index on indrelid = pg_class.oid "
        f"where relnamespace = '{schema}_raw'::regnamespace and indisprimary"
    )
    # Every raw table, and the one of the quota.
    assert len(raw_keys) == len(SCHEMAS) + 1


def written(job: Job) -> Counter[str]:
    """Rows inserted, updated and deleted so far, by table."""
    rows = job.query(
        "select schemaname || '.' || relname, n_tup_ins + n_tup_upd + n_tup_del "
        "from pg_stat_user_tables where schemaname like 'sportmonks%'"
    )
    return Counter({table.replace(job.database.schema, "sportmonks"): n for table, n in rows})


def test_only_what_changed_is_written(job: Job, api: Simulator) -> None:
    job.start_complete()
    before = written(job)
    fixtures = [api.world.fixture(id) for id in api.world.fixture_ids()]
    changed = next(f for f in fixtures if f["state_id"] == 5 and len(f["events"]) > 4)
    statistic = changed["statistics"][0]
    api.control.correct_statistic(changed["id"], statistic["id"], 777)
    job.extract("--force")
    job.transform(*EVERY_MODEL)
    arrays = ["statistics", "events", "participants", "scores", "periods", "lineups"]
    arrays += ["formations", "coaches", "referees", "metadata", "sidelined"]
    full = api.world.fixture(changed["id"], DEFAULT)
    expected = {f"sportmonks.fixture_{name}": 2 * len(full[name]) for name in arrays if full[name]}
    expected |= {"sportmonks.fixtures": 2, "sportmonks_raw.fixtures": 2}
    expected |= {"sportmonks.fixture_quality": 2, "sportmonks.team_fixtures": 4}
    expected |= {"sportmonks.player_fixtures": 2 * len(full["lineups"])}
    if full["weatherreport"]:
        expected["sportmonks.fixture_weather"] = 2
    after = written(job) - before
    assert {table: n for table, n in after.items() if table in expected} == expected
    assert [t for t in after if t.startswith("sportmonks.") and t not in expected] == []

    before = written(job)
    job.extract("--force")
    job.transform(*EVERY_MODEL)
    after = written(job) - before
    assert [table for table in after if table.startswith("sportmonks.")] == []
    assert "sportmonks_raw.fixtures" not in after


@pytest.mark.parametrize("name", ["PGHOST", "PGDATABASE", "PGUSER"])
def test_missing_variable(job: Job, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(name)
    for result in (job.extract(code=2), job.transform(code=2)):
        assert f"needs {name} in the environment" in error_line(result.output)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PGHOST", "nowhere.invalid"),
        ("PGHOST", "/no/such/folder"),
        ("PGPORT", "1"),
        ("PGPORT", "many"),
        ("PGDATABASE", "no_such_database"),
        ("PGUSER", "nobody_of_that_name"),
        ("SPORTMONKS_SCHEMA", "Sport Monks"),
        ("SPORTMONKS_SCHEMA", "pg_sportmonks"),
        ("SPORTMONKS_SCHEMA", "a__b"),
        ("SPORTMONKS_SCHEMA", "a_"),
        ("ANALYST_ROLE", "An-alyst"),
    ],
)
def test_wrong_variable(job: Job, name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    for result in (job.extract(code=2), job.transform(code=2)):
        assert name in error_line(result.output)


@pytest.mark.thorough
def test_another_role(
    job: Job, api: Simulator, server: Server, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its password is used and is nowhere, and its session defaults have no effect."""
    role = f"{postgres.schema}_other"
    server.query(f"create role {role} superuser login password %s", [SECRET])
    server.query(f"grant {PASSWORD_GROUP} to {role}")
    for name, value in ODD_DEFAULTS.items():
        server.query(f"alter role {role} set {name} = %s", [value])
    try:
        monkeypatch.setenv("PGUSER", role)
        monkeypatch.setenv("DBT_TARGET_PATH", str(job.folder / "target"))
        monkeypatch.setenv("DBT_LOG_PATH", str(job.folder / "logs"))
        output = ""
        if server.asks_for_passwords(role):
            monkeypatch.setenv("PGPASSWORD", f"not-{SECRET}")
            output = job.extract(code=2).output
            assert "PGPASSWORD" in error_line(output)
            monkeypatch.delenv("PGPASSWORD")
            assert "PGPASSWORD" in error_line(job.transform(code=2).output)
        monkeypatch.setenv("PGPASSWORD", SECRET)
        output += job.extract().output
        output += job.command("transform", "--full-refresh", *CORE_MODELS).output
        output += job.command("transform", "--select", "no_such_model").output
        assert_equals_world(job, api)
    finally:
        postgres.empty()
        server.query(f"drop owned by {role}")
        server.query(f"drop role {role}")
    assert SECRET not in output
    files = [path for path in job.folder.rglob("*") if path.is_file()]
    assert len(files) > 20
    assert [path for path in files if SECRET.encode() in path.read_bytes()] == []


def test_rejected_data_are_dropped_and_fetched_again(
    job: Job, api: Simulator, postgres: Postgres
) -> None:
    job.start_extracted()
    fixture_id = api.world.fixture_ids()[0]
    api.control.update(fixture_id, {"name": "Renamed"})
    table = f"{postgres.schema}_raw.fixtures"
    refuse = f"constraint refuse check (id <> {fixture_id}) not valid"
    postgres.execute(f"alter table {table} add {refuse}")
    assert "What was fetched cannot be stored" in error_line(job.extract("--force", code=1).output)
    staged = postgres.execute(f"select count(*) from {postgres.schema}_raw_staging.fixtures")
    assert staged[1] == [(0,)]

    postgres.execute(f"alter table {table} drop constraint refuse")
    assert json.loads(job.extract("--force", "--json").stdout.splitlines()[-1])["stored"] == 1
    job.transform()
    assert job.records("fixtures")[0]["name"] == "Renamed"


def test_a_backup_of_raw_is_all_that_is_needed(
    job: Job, api: Simulator, server: Server, postgres: Postgres
) -> None:
    job.start_transformed()
    before = job.final_tables()
    backup = job.folder / "raw.dump"
    environment = {**os.environ, **server.environment()}
    schema = f"--schema={postgres.schema}_raw"
    dump = [str(BINARIES / "pg_dump"), "--format=custom", schema, f"--file={backup}"]
    subprocess.run(dump, env=environment, check=True)
    postgres.empty()
    restore = [str(BINARIES / "pg_restore"), "--clean", "--if-exists", "-d", server.database]
    for _ in range(2):
        result = subprocess.run(
            [*restore, str(backup)], env=environment, capture_output=True, text=True, check=False
        )
        # The only complaint may be of a setting that servers older than pg_restore do not know.
        complaints = [line for line in result.stderr.splitlines() if "error:" in line]
        assert [line for line in complaints if "transaction_timeout" not in line] == []

    job.transform("--full-refresh")
    assert job.final_tables() == before
    summary = json.loads(job.extract("--force", "--json").stdout.splitlines()[-1])
    assert summary["unchanged"] == summary["requested"] == len(before["fixtures"])


@pytest.mark.thorough
def test_ctrl_c_ends_a_transform_in_order(job: Job, api: Simulator, postgres: Postgres) -> None:
    job.start_transformed()
    api.control.update(api.world.fixture_ids()[0], {"details": "changed"})
    job.extract("--force")
    with postgres.server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("begin")
        cursor.execute(f"lock table {postgres.schema}.fixture_statistics")
        command = [sys.executable, "-m", "extract", "transform", *CORE_MODELS]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process:
            wait_until_blocked(postgres)
            process.send_signal(signal.SIGINT)
            output, _ = process.communicate(timeout=30)
        assert process.returncode == 130, output
        assert "Traceback" not in output
        assert "Stopped by Ctrl-C" in output
        assert_no_session_is_left(postgres)
    job.transform()
    assert job.records("fixtures")[0]["details"] == "changed"
