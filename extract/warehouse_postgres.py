"""The warehouse of production: a PostgreSQL database."""

import hashlib
import os
import re
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import psycopg2
from psycopg2 import errors

from extract.errors import ExtractError, LockLostError, UsageError
from extract.quota_postgres import SharedWindows, create_table
from extract.tables import KEYS
from extract.warehouse import OnWait, Warehouse, first_line

if TYPE_CHECKING:
    from dlt.common.destination import Destination

# The oldest release that still gets bug fixes, and the oldest one that the tests run on.
_OLDEST = 15
_CONNECT_TIMEOUT = 15
# First half of the advisory lock's key; the second one is a hash of the schema.
_LOCK = int.from_bytes(b"SPM")
# How a dbt session learns whose write lock it shares: macros/hooks/write_lock.sql.
_LOCK_SETTING = "sportmonks.write_lock"

# No default that the server has for people may end a long load, and the server is to notice soon
# when the machine at the other end is gone: then it takes back what the session did and held.
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
# The same for a client that was killed while its query runs; not every platform knows it.
_NOTICE_KILLED_CLIENT = {"client_connection_check_interval": "2s"}
# Payloads are compressed, and read again, in two thirds of the time; they take a third more room.
# Not every server is built with it.
_COMPRESSION = {"default_toast_compression": "lz4"}

# What the server or libpq says when a connection fails, and what a person can do about it.
_REFUSALS = {
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


class PostgresWarehouse(Warehouse):
    """A PostgreSQL database, reached with the standard `PG*` variables.

    libpq reads the password itself, from `PGPASSWORD` or a password file.

    Args:
        environment: the variables.
        schema: schema of the final tables.
        on_wait: told who is waited for; None means not to wait.

    Raises:
        UsageError: a variable is missing or wrong, or the database is not fit.
    """

    def __init__(self, environment: Mapping[str, str], schema: str, on_wait: OnWait | None) -> None:
        missing = [name for name in ("PGHOST", "PGDATABASE", "PGUSER") if not environment.get(name)]
        if missing:
            raise UsageError(f"TARGET=postgres needs {' and '.join(missing)} in the environment.")
        self._host, self._port = environment["PGHOST"], environment.get("PGPORT") or "5432"
        self._database, self._user = environment["PGDATABASE"], environment["PGUSER"]
        if "'" in self._database:
            raise UsageError(f"PGDATABASE is {self._database!r}: dbt cannot name it.")
        place = f"{self._host}:{self._port}"
        super().__init__(
            f"PostgreSQL database {self._database} on {place}",
            f"{place}/{self._database}/{schema}",
            schema,
            on_wait,
        )
        self._schema = schema
        digest = hashlib.blake2b(self.raw.encode(), digest_size=4).digest()
        number = int.from_bytes(digest) // 2
        self._lock_key = (_LOCK, number)
        # Process id and start of the session that holds the write lock; None while it is not ours.
        self._lock_holder: tuple[int, str] | None = None
        # Claims of seasons have the schema in the first half of their keys.
        self._claim_key = number
        self._claims: list[tuple[int, int]] = []
        self._windows: SharedWindows | None = None
        self._options = environment.get("PGOPTIONS", "")
        try:
            self._connection = self._connect()
        except psycopg2.OperationalError as error:
            raise self._refusal(error) from error
        self._set_options()
        self._check_rights()
        self._check_analyst(environment.get("ANALYST_ROLE"))

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query on the raw tables; none if a table does not exist yet."""
        try:
            if self._lock_holder:
                # In a new session it would be without the write lock.
                return self._execute(sql)
            for attempt in self.retrying():
                with attempt:
                    return self._execute(sql)
        except (errors.UndefinedTable, errors.InvalidSchemaName):
            return []
        raise AssertionError("retrying() ends with a result or an error")

    def execute(self, sql: str) -> None:
        """Runs a statement that changes something."""
        self._execute(sql)

    @contextmanager
    def turn(self, purpose: str) -> Iterator[None]:
        """Takes the write lock: an advisory lock on the schema, shared by all sessions that write.

        The first session takes it when no other session has it, then shares it. dlt's and dbt's
        sessions share it too, as long as the first one does. So a process whose first session is
        lost begins nothing more, and others wait until what it had begun has ended.
        """
        self._wait_until_free(self._take_write_lock)
        try:
            self._execute(
                "select set_config('application_name', %s, false)", [self._title(purpose)]
            )
            yield
        finally:
            self._lock_holder = None
            # With the session, the lock is gone too.
            with suppress(psycopg2.Error), self._connection.cursor() as cursor:
                cursor.execute("reset application_name")
                cursor.execute("select pg_advisory_unlock_shared(%s, %s)", self._lock_key)

    def claim(self, season_id: int | None) -> str | None:
        """Takes an advisory lock on a season, and says who has it if it is not us."""
        key = (self._claim_key, (season_id or 0) % 2**31)
        if key in self._claims:
            return None
        if holder := self._lock(key):
            return holder
        self._claims.append(key)
        return None

    def release_claims(self) -> None:
        """Gives the advisory locks on seasons free."""
        # Where the session was lost, the locks went with it.
        with suppress(ExtractError):
            for key in self._claims:
                self._execute("select pg_advisory_unlock(%s, %s)", key)
        self._claims.clear()

    def close(self) -> None:
        """Ends the sessions, and whatever they held with them."""
        self._connection.close()
        if self._windows:
            self._windows.close()

    def dbt_environment(self) -> dict[str, str]:
        """Variables that dbt's connections need beside those that the user has set.

        While the write lock is ours, they let dbt's sessions share it.
        """
        options = self._options
        if self._lock_holder:
            parts = map(str, (*self._lock_key, *self._lock_holder))
            options += f" -c {_LOCK_SETTING}={':'.join(parts)}"
        return {
            "TARGET": "postgres",
            "PGPORT": self._port,
            "PGOPTIONS": options,
            "PGCLIENTENCODING": "UTF8",
            "SPORTMONKS_SCHEMA": self._schema,
        }

    def is_lost(self, error: BaseException) -> bool:
        """Whether an error says that the server went away, so that asking again may help."""
        if isinstance(error, LockLostError):
            return True
        if not isinstance(error, psycopg2.OperationalError | psycopg2.InterfaceError):
            return False
        code = error.pgcode or "08"
        return code.startswith("08") or code in ("57P01", "57P02", "57P03", "53300")

    def is_refused(self, error: BaseException) -> bool:
        """Whether an error says that the data cannot be stored, however often it is tried."""
        return isinstance(
            error,
            psycopg2.DataError
            | psycopg2.IntegrityError
            | errors.UndefinedTable
            | errors.InvalidSchemaName,
        )

    def destination(self) -> "Destination[Any, Any]":
        """dlt's destination."""
        from extract.postgres_destination import postgres_destination

        # A socket's folder and an IPv6 address have characters that mean something in an address.
        host = f"[{self._host}]" if ":" in self._host else quote(self._host, safe="")
        credentials = {
            "host": host,
            "port": int(self._port),
            "database": quote(self._database, safe=""),
            "username": self._user,
            "password": "",
            "connect_timeout": _CONNECT_TIMEOUT,
            "query": {"options": self._options, "application_name": f"{self._schema}-load"},
        }
        return postgres_destination(credentials, self._share_write_lock)

    def loaded(self) -> None:
        """Gives new tables their key, and the planner statistics of tables that have grown."""
        without_key = self._execute(
            "select relname from pg_class where relnamespace = to_regnamespace(%s) "
            "and relkind = 'r' and relname = any(%s) and not exists "
            "(select from pg_index where indrelid = pg_class.oid and indisprimary)",
            [self.raw, list(KEYS)],
        )
        for (table,) in without_key:
            key = ", ".join(KEYS[table])
            self._execute(f"alter table {self.raw}.{table} add primary key ({key})")
        if self._execute("select to_regclass(%s)", [f"{self.raw}.quota_windows"]) == [(None,)]:
            self._execute(create_table(self.raw))
        grown = self._execute(
            "select relname from pg_class where relnamespace = to_regnamespace(%s) "
            "and relkind = 'r' and pg_relation_size(oid) > "
            "1.1 * relpages * current_setting('block_size')::int",
            [self.raw],
        )
        for (table,) in grown:
            self._execute(f"analyze {self.raw}.{table}")

    def quota_windows(self, token: str) -> SharedWindows:
        """What all who use this database know of the token's quota."""
        self._windows = SharedWindows(self._connect, self.raw, token)
        return self._windows

    def empty_cache(self) -> None:
        """Nothing to do: the server has it."""

    def discard_staging(self) -> None:
        """Empties the tables that dlt merges from."""
        staging = f"{self.raw}_staging"
        for (table,) in self._execute(
            "select tablename from pg_tables where schemaname = %s", [staging]
        ):
            self._execute(f'truncate {staging}."{table}"')

    def _connect(self) -> "psycopg2.extensions.connection":
        connection = psycopg2.connect(
            host=self._host,
            port=self._port,
            user=self._user,
            dbname=self._database,
            connect_timeout=_CONNECT_TIMEOUT,
            options=self._options,
            application_name=self._title("session"),
        )
        connection.autocommit = True
        return connection

    def _set_options(self) -> None:
        """Settles the options of all further sessions, and applies them to this one.

        What the user has set in `PGOPTIONS` comes last, and wins over ours.
        """
        if self._connection.server_version < _OLDEST * 10_000:
            raise UsageError(
                f"The {self.name} is PostgreSQL {self._connection.server_version // 10_000}: "
                f"{_OLDEST} or newer is needed."
            )
        ours = ""
        for settings in (_SESSION, _NOTICE_KILLED_CLIENT, _COMPRESSION):
            with suppress(psycopg2.DataError, psycopg2.ProgrammingError):
                for name, value in settings.items():
                    self._execute("select set_config(%s, %s, false)", [name, value])
                    ours += f"-c {name}={value} "
        self._options = ours + self._options

    def _check_rights(self) -> None:
        schemas = [self._schema, f"{self._schema}_staging", self.raw, f"{self.raw}_staging"]
        closed = self._execute(
            "select name from unnest(%s) as name left join pg_namespace on nspname = name "
            "where case when pg_namespace.oid is null "
            "then not has_database_privilege(current_database(), 'create') "
            "else not has_schema_privilege(pg_namespace.oid, 'create') "
            "or not has_schema_privilege(pg_namespace.oid, 'usage') end",
            [schemas],
        )
        if closed:
            raise UsageError(
                f"PGUSER is {self._user!r}, which may not make tables in the schema {closed[0][0]} "
                f"of the {self.name}: docs/postgres/setup.sql gives a role the rights."
            )

    def _check_analyst(self, role: str | None) -> None:
        if role and not re.fullmatch("[a-z_][a-z0-9_]*", role):
            raise UsageError(
                f"ANALYST_ROLE is {role!r}: dbt can only name roles of lower-case letters, digits "
                "and underscores."
            )
        if role and not self._execute("select 1 from pg_roles where rolname = %s", [role]):
            raise UsageError(
                f"ANALYST_ROLE is {role!r}: the server has no such role. "
                "docs/postgres/setup.sql makes it."
            )

    def _title(self, purpose: str) -> str:
        """What our session is called on the server, and in the messages of those who wait."""
        title = f"{self._schema} {purpose}, process {os.getpid()} on {socket.gethostname()}"
        return title[:63]

    def _take_write_lock(self) -> str | None:
        """Takes the write lock, or returns who has it."""
        if other := self._lock(self._lock_key):
            return other
        # Shared before it is given up: nobody gets in between.
        self._execute("select pg_advisory_lock_shared(%s, %s)", self._lock_key)
        self._execute("select pg_advisory_unlock(%s, %s)", self._lock_key)
        ((process_id, started_at),) = self._execute(
            "select pid, cast(extract(epoch from backend_start) as text) from pg_stat_activity "
            "where pid = pg_backend_pid()"
        )
        self._lock_holder = (process_id, started_at)
        return None

    def _share_write_lock(self, connection: "psycopg2.extensions.connection") -> None:
        """Lets a new session share the write lock until it ends.

        Raises:
            LockLostError: the session that took the lock is gone.
        """
        with connection.cursor() as cursor:
            cursor.execute("select pg_advisory_lock_shared(%s, %s)", self._lock_key)
            # Only now: whoever takes the lock from here on waits for this session.
            cursor.execute(
                "select 1 from pg_locks inner join pg_stat_activity using (pid) "
                "where locktype = 'advisory' and granted and mode = 'ShareLock' "
                "and classid = %s and objid = %s and pid = %s "
                "and cast(extract(epoch from backend_start) as text) = %s",
                [*self._lock_key, *(self._lock_holder or (None, None))],
            )
            if not cursor.fetchall():
                raise LockLostError(self.name)

    def _lock(self, key: tuple[int, int]) -> str | None:
        """Takes an advisory lock, or says who has it."""
        if self._execute("select pg_try_advisory_lock(%s, %s)", key) == [(True,)]:
            return None
        found = self._execute(
            "select coalesce(nullif(application_name, ''), 'server process ' || pid) "
            "from pg_locks inner join pg_stat_activity using (pid) where locktype = 'advisory' "
            "and granted and classid = %s and objid = %s "
            # The session that took it knows the process.
            "order by application_name like '%%, process %%' desc",
            key,
        )
        return f"another run ({found[0][0]})" if found else "another run"

    def _execute(self, sql: str, parameters: Sequence[Any] | None = None) -> list[tuple[Any, ...]]:
        """Runs one statement, in a new session if the last one was lost.

        Raises:
            LockLostError: the write lock is gone with the last session.
            ExtractError: the database cannot be reached.
        """
        try:
            if self._connection.closed:
                if self._lock_holder:
                    raise LockLostError(self.name)
                self._connection = self._connect()
                # They ended with the session. What somebody else has claimed since is fetched
                # twice: of two answers, the later one stays.
                claims, self._claims = self._claims, []
                self._claims = [key for key in claims if not self._lock(key)]
            with self._connection.cursor() as cursor:
                cursor.execute(sql, parameters)
                return cursor.fetchall() if cursor.description else []
        except (psycopg2.OperationalError, psycopg2.InterfaceError) as error:
            raise ExtractError(f"The {self.name} cannot be used: {first_line(error)}.") from error
        except errors.InsufficientPrivilege as error:
            raise UsageError(
                f"PGUSER is {self._user!r}, which may not do what is needed in the {self.name} "
                f"({first_line(error)}). docs/postgres/setup.sql gives a role the rights."
            ) from error

    def _refusal(self, error: psycopg2.Error) -> ExtractError:
        """Why there is no connection, in a line that a person can act on."""
        said = first_line(error)
        for pattern, wrong in _REFUSALS.items():
            if re.search(pattern, said):
                return UsageError(f"The {self.name} cannot be reached: {wrong} ({said}).")
        return ExtractError(f"The {self.name} cannot be reached: {said}.")
