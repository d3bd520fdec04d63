"""The databases of the benchmark: how programs reach them, and how they are emptied."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol

from bench.postgres_server import PostgresServer
from bench.processes import no_server

ENGINES = ["duckdb", "postgres"]


class Database(Protocol):
    """A database engine.

    Attributes:
        engine: its name, as in `TARGET`.
    """

    engine: str

    def environment(self, name: str) -> dict[str, str]:
        """The variables that lead the project to a database of this name."""

    def place(self, name: str) -> str:
        """The file or the schema of this name."""

    def empty(self, name: str) -> None:
        """Removes all data of this name."""

    def server_cpu(self) -> float:
        """The CPU seconds that its server has taken so far."""


class DuckDb:
    """Files in a folder."""

    engine = "duckdb"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def environment(self, name: str) -> dict[str, str]:
        """Environment variables that select a separate DuckDB file."""
        return {
            "TARGET": "duckdb",
            "DUCKDB_PATH": self.place(name),
            "SPORTMONKS_SCHEMA": name,
        }

    def place(self, name: str) -> str:
        """The file of this name. Its catalog must not be called like its schema."""
        return str(self._folder / f"file_{name}.duckdb")

    def empty(self, name: str) -> None:
        """Deletes the file and its log."""
        for file in (self.place(name), f"{self.place(name)}.wal"):
            Path(file).unlink(missing_ok=True)

    server_cpu = staticmethod(no_server)


class Postgres:
    """Schemas on a server."""

    engine = "postgres"
    _SUFFIXES = ("", "_raw", "_raw_staging", "_staging")

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self.server_cpu = server.cpu

    def environment(self, name: str) -> dict[str, str]:
        """Environment variables that select separate schemas."""
        return {**self._server.environment, "SPORTMONKS_SCHEMA": name}

    def place(self, name: str) -> str:
        """The schema of this name."""
        return name

    def empty(self, name: str) -> None:
        """Drops the schemas. The checkpoint is not left to what is measured next."""
        for suffix in self._SUFFIXES:
            self._server.execute(f"drop schema if exists {name}{suffix} cascade")
        self._server.execute("checkpoint")


@contextmanager
def open_database(engine: str, folder: Path) -> Iterator[Database]:
    """The databases of an engine, in this folder unless `PGHOST` names a server."""
    if engine == "duckdb":
        yield DuckDb(folder)
        return
    with closing(PostgresServer(folder / "postgres")) as server:
        yield Postgres(server)
