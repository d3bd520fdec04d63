"""A session on a PostgreSQL server, with the options, checks and error messages of the job."""

import os
import re
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from io import BytesIO
from typing import Any

import psycopg2
from psycopg2 import errors

from extract.errors import ExtractError, LockLostError, UsageError, first_line

CONNECT_TIMEOUT = 15
# The oldest release that still gets bug fixes, and the oldest one that the tests run on.
_OLDEST = 15

# None of the server's defaults for people may end a long load. The server must notice soon when a
# client machine is gone, so that it rolls back and releases the locks.
_SESSION = {
    "timezone": "UTC",
    "client_encoding": "UTF8",
    "statement_timeout": "0",
    "lock_timeout": "0",
    "idle_session_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    # A transform's queries look expensive to the planner: compiling takes longer than running them.
    "jit": "off",
    "tcp_keepalives_idle": "60",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}
# The same for a client that was killed while its query runs; not every platform has the setting.
_NOTICE_KILLED_CLIENT = {"client_connection_check_interval": "2s"}
# lz4 compresses and reads payloads in two thirds of the time, and needs a third more space. Not
# every server is built with it.
_COMPRESSION = {"default_toast_compression": "lz4"}

# What the server or libpq reports when a connection fails, and what a person can do about it.
_CAUSES = {
    "password authentication": "PGUSER or PGPASSWORD is wrong",
    "no password supplied": "PGPASSWORD is missing",
    'database ".*" does not exist': "PGDATABASE is wrong",
    'role ".*" does not exist|(Ident|Peer) authentication': "PGUSER is wrong",
    "not translate host name": "PGHOST is wrong",
    "port number|option .port.": "PGPORT is wrong",
    "Connection refused|No such file|timeout expired|No route|unreachable": (
        "PGHOST or PGPORT is wrong, or the server is down"
    ),
    "permission denied for database": "PGUSER may not connect to PGDATABASE",
    "startup parameter": "PGHOST is a connection pooler, name the server itself",
}


class PostgresConnection:
    """A session on the server, reached with the standard `PG*` variables.

    A lost session is replaced by a new one. libpq reads the password itself, from `PGPASSWORD` or a
    password file.

    Args:
        environment: the variables.
        schema: schema of the final tables.

    Attributes:
        host, port, database, user: where the session is.
        name: the name of the database in messages.
        options: options of every session, as in `PGOPTIONS`.
        may_reconnect: whether a new session may replace a lost one. It may not while the write lock
            is held, which a new session would not have.
        kept_locks: keys of the advisory locks that a new session takes again.

    Raises:
        UsageError: a variable is missing or wrong, or the role lacks rights.
        ExtractError: the server cannot be reached.
    """

    def __init__(self, environment: Mapping[str, str], schema: str) -> None:
        missing = [name for name in ("PGHOST", "PGDATABASE", "PGUSER") if not environment.get(name)]
        if missing:
            raise UsageError(f"TARGET=postgres needs {' and '.join(missing)} in the environment.")
        self.host, self.port = environment["PGHOST"], environment.get("PGPORT") or "5432"
        self.database, self.user = environment["PGDATABASE"], environment["PGUSER"]
        if "'" in self.database:
            raise UsageError(f"PGDATABASE is {self.database!r}: dbt cannot name it.")
        self.name = f"PostgreSQL database {self.database} on {self.host}:{self.port}"
        self.options = environment.get("PGOPTIONS", "")
        self.may_reconnect = True
        self.kept_locks: list[tuple[int, int]] = []
        self._schema = schema
        try:
            self._session = self.connect()
        except psycopg2.OperationalError as error:
            raise connection_refused(self.name, error) from error
        self._set_options()
        self._check_rights()
        self._check_analyst(environment.get("ANALYST_ROLE"))

    def connect(self) -> "psycopg2.extensions.connection":
        """Opens another session, which commits each statement."""
        session = psycopg2.connect(
            host=self.host,
            port=self.port,
            user=self.user,
            dbname=self.database,
            connect_timeout=CONNECT_TIMEOUT,
            options=self.options,
            application_name=self.title("session"),
        )
        session.autocommit = True
        return session

    def title(self, purpose: str) -> str:
        """The `application_name` of the session, which waiting processes show too."""
        title = f"{self._schema} {purpose}, process {os.getpid()} on {socket.gethostname()}"
        return title[:63]

    def execute(self, sql: str, parameters: Sequence[Any] | None = None) -> list[tuple[Any, ...]]:
        """Runs one statement, in a new session if the last one was lost.

        Returns:
            The rows, if the statement returns any.

        Raises:
            LockLostError: the session was lost, and with it the write lock.
            UsageError: the role lacks a right.
            ExtractError: the server cannot be reached.
        """
        with self._as_extract_error(), self._open_session().cursor() as cursor:
            cursor.execute(sql, parameters)
            return cursor.fetchall() if cursor.description else []

    def copy_out(self, sql: str) -> bytes:
        """The rows of a query as CSV, with null as an empty field without quotes.

        Raises:
            LockLostError, UsageError, ExtractError: as in `execute`.
        """
        rows = BytesIO()
        with self._as_extract_error(), self._open_session().cursor() as cursor:
            cursor.copy_expert(f"copy ({sql}) to stdout with (format csv)", rows)
        return rows.getvalue()

    def _open_session(self) -> "psycopg2.extensions.connection":
        """The session, or a new one if it was lost."""
        if self._session.closed:
            self._reconnect()
        return self._session

    @contextmanager
    def _as_extract_error(self) -> Iterator[None]:
        """Turns an error of the session into one line."""
        try:
            yield
        except (psycopg2.OperationalError, psycopg2.InterfaceError) as error:
            raise ExtractError(f"The {self.name} cannot be used: {first_line(error)}.") from error
        except errors.InsufficientPrivilege as error:
            raise UsageError(
                f"PGUSER is {self.user!r}, which may not do what is needed in the {self.name} "
                f"({first_line(error)}). docs/postgres/setup.sql gives a role the rights."
            ) from error

    def execute_in_session(self, sql: str, parameters: Sequence[Any] | None = None) -> None:
        """Runs a statement that matters only to the current session: a lost one is ignored."""
        with suppress(psycopg2.Error), self._session.cursor() as cursor:
            cursor.execute(sql, parameters)

    def try_lock(self, key: tuple[int, int]) -> str | None:
        """Takes an advisory lock of the session.

        Returns:
            The run that has the lock, None if this session has it now.
        """
        if self.execute("select pg_try_advisory_lock(%s, %s)", key) == [(True,)]:
            return None
        found = self.execute(
            "select coalesce(nullif(application_name, ''), 'server process ' || pid) "
            "from pg_locks inner join pg_stat_activity using (pid) where locktype = 'advisory' "
            "and granted and classid = %s and objid = %s "
            # Sessions of dlt and dbt share the lock; this one names the process.
            "order by application_name like '%%, process %%' desc",
            key,
        )
        return f"another run ({found[0][0]})" if found else "another run"

    def close(self) -> None:
        """Ends the session, and releases its locks."""
        self._session.close()

    def _reconnect(self) -> None:
        if not self.may_reconnect:
            raise LockLostError(self.name)
        self._session = self.connect()
        # Another run may have taken one of these locks since. Both then fetch the same season, and
        # the later response is kept.
        keys, self.kept_locks = self.kept_locks, []
        self.kept_locks = [key for key in keys if not self.try_lock(key)]

    def _set_options(self) -> None:
        """Sets the options of this session and of all later ones.

        The user's `PGOPTIONS` come last, and override ours.
        """
        if self._session.server_version < _OLDEST * 10_000:
            raise UsageError(
                f"The {self.name} is PostgreSQL {self._session.server_version // 10_000}: "
                f"{_OLDEST} or newer is needed."
            )
        ours = ""
        for settings in (_SESSION, _NOTICE_KILLED_CLIENT, _COMPRESSION):
            with suppress(psycopg2.DataError, psycopg2.ProgrammingError):
                for name, value in settings.items():
                    self.execute("select set_config(%s, %s, false)", [name, value])
                    ours += f"-c {name}={value} "
        self.options = ours + self.options

    def _check_rights(self) -> None:
        raw = f"{self._schema}_raw"
        schemas = [self._schema, f"{self._schema}_staging", raw, f"{raw}_staging"]
        closed = self.execute(
            "select name from unnest(%s) as name left join pg_namespace on nspname = name "
            "where case when pg_namespace.oid is null "
            "then not has_database_privilege(current_database(), 'create') "
            "else not has_schema_privilege(pg_namespace.oid, 'create') "
            "or not has_schema_privilege(pg_namespace.oid, 'usage') end",
            [schemas],
        )
        if closed:
            raise UsageError(
                f"PGUSER is {self.user!r}, which may not create tables in the schema "
                f"{closed[0][0]} of the {self.name}: docs/postgres/setup.sql gives a role the "
                "rights."
            )

    def _check_analyst(self, role: str | None) -> None:
        if role and not re.fullmatch("[a-z_][a-z0-9_]*", role):
            raise UsageError(
                f"ANALYST_ROLE is {role!r}: dbt can only name roles of lower-case letters, digits "
                "and underscores."
            )
        if role and not self.execute("select 1 from pg_roles where rolname = %s", [role]):
            raise UsageError(
                f"ANALYST_ROLE is {role!r}: the server has no such role. "
                "docs/postgres/setup.sql creates it."
            )


def connection_refused(name: str, error: psycopg2.Error) -> ExtractError:
    """Explains in one line why there is no connection.

    Args:
        name: the name of the database in messages.
        error: of the attempt to connect.

    Returns:
        A UsageError if a variable is wrong, otherwise an ExtractError.
    """
    reason = first_line(error)
    for pattern, cause in _CAUSES.items():
        if re.search(pattern, reason):
            return UsageError(f"The {name} cannot be reached: {cause} ({reason}).")
    return ExtractError(f"The {name} cannot be reached: {reason}.")
