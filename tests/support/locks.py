"""Locks and sessions on the server."""

import contextlib
import time
from collections.abc import Callable, Iterator

from tests.support.pipeline import Postgres


@contextlib.contextmanager
def blocked_at(table: str, mode: str, postgres: Postgres) -> Iterator[Callable[[], None]]:
    """Stops the job when it comes to a table, until the yielded function is called.

    Args:
        table: the table, after the schema's name.
        mode: the mode in which the test locks it.
        postgres: the database.
    """
    with postgres.server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("begin")
        cursor.execute(f"lock table {postgres.schema}{table} in {mode} mode")
        yield lambda: cursor.execute("commit")


def wait_until_blocked(postgres: Postgres) -> None:
    """Waits until a session of the job waits for a lock on one of its tables."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if postgres.query(
            "select 1 from pg_locks inner join pg_class on relation = pg_class.oid "
            "where not granted and relnamespace::regnamespace::text like 'sportmonks%'"
        ):
            return
        time.sleep(0.01)
    raise AssertionError("no session waits")


def assert_no_session_is_left(postgres: Postgres) -> None:
    sessions = (
        "select application_name, state from pg_stat_activity "
        f"where application_name like '{postgres.schema}%'"
    )
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if not postgres.execute(sessions)[1]:
            break
        time.sleep(0.1)
    assert postgres.execute(sessions)[1] == []
