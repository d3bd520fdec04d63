"""A session of Spark, which builds and reads the final tables in the lake."""

import fcntl
import logging
import os
import re
import shutil
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import yaml
from jinja2 import Environment

from extract.config.lake_url import required_lake_url
from extract.config.paths import dbt_project_dir, spark_dir
from extract.errors import (
    BusyError,
    ExtractError,
    NothingTransformedError,
    UsageError,
    command_line,
    first_line,
)
from extract.warehouse.target import final_schema

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

NAME = "lake"
_INSTALL = "pip install '.[spark]'"
_PACKAGES = ("pyspark", "dbt.adapters.spark")
# Variables with secrets that Spark does not need: Java's process does not get them.
_SECRETS = re.compile(
    "(SOURCES|DESTINATION|PROVIDERS)__.*|.*(API_TOKEN|ALERT_URL|PGPASSWORD)", re.IGNORECASE
)
# Seconds to wait for a connection to the master. Spark itself would try for a minute.
_CONNECT_TIMEOUT = 5
_POLL = 0.5
# Statements that read, and that Spark does not accept as a subquery.
_DESCRIBING = re.compile(r"\s*(show|desc|describe|explain)\b", re.IGNORECASE)
_LAST_LINES = 20_000
_WORK_TABLES = "work__*"
_MAX_AGE_OF_WORK_TABLE = 86_400
# Without it, Java 17 has the encoding of the machine's locale, and Spark 4.0 decodes the texts of a
# variant with that.
_UTF_8 = "-Dfile.encoding=UTF-8"
# Used where spark-defaults.conf does not name them. Spark's own defaults are 1 GB of memory, and 50
# tasks to read the log of each table.
_DEFAULTS = {
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.memory": "4g",
    "spark.executor.defaultJavaOptions": _UTF_8,
    "spark.databricks.delta.snapshotPartitions": "4",
}
# Delta's conditions for a folder without a table.
_NO_TABLE = ("DELTA_MISSING_DELTA_TABLE", "DELTA_PATH_DOES_NOT_EXIST")


@contextmanager
def spark_session(
    on_wait: Callable[[str], None] | None,
    raw_tables: Sequence[str] = ("fixtures",),
    writes: bool = True,
) -> Iterator["SparkSession"]:
    """Starts a session of Spark, which dbt uses too; it ends with the block.

    Without a metastore, Spark keeps the list of tables in a Derby database, which only one process
    can open at a time.

    Args:
        on_wait: called with a line when waiting for another session in this folder begins; None
            means not to wait.
        raw_tables: those that the lake must have.
        writes: whether the session changes tables. With a metastore, one that reads needs no lock.

    Raises:
        UsageError: a package, Java, a variable, the lake or a table of it is missing; the metastore
            has the tables of another lake.
        BusyError: another session in this folder uses the lake, and this one does not wait.
        ExtractError: the cluster or the lake cannot be reached.
    """
    lake = required_lake_url()
    _check_installation()
    raw_schema = f"{final_schema()}_raw"
    if lake.startswith("file:") and not _local_folder(lake, raw_schema).is_dir():
        raise _incomplete_lake(lake, "raw tables yet")
    settings = _settings()
    _check_master(settings.get("spark.master", ""))
    folder = spark_dir() / sha256(lake.encode()).hexdigest()[:12]
    folder.mkdir(parents=True, exist_ok=True)
    needs_lock = writes or not _has_metastore()
    with _locked(folder / "lock", lake, on_wait) if needs_lock else nullcontext():
        if lake.startswith("file:") and not _local_folder(lake, final_schema()).is_dir():
            # The lake was deleted. Without this, Spark would still list its tables.
            shutil.rmtree(_list_of_tables(folder), ignore_errors=True)
        session = _start(settings, folder)
        try:
            # Spark would make an empty table of a missing one.
            for name in raw_tables:
                if not _is_delta_table(session, lake, f"{raw_schema}/{name}"):
                    raise _incomplete_lake(lake, f"table {raw_schema}.{name}")
            staging = f"{final_schema()}_staging"
            _check_places(session, lake, [final_schema(), staging])
            if writes:
                _remove_work_tables(session, lake, staging)
            yield session
        finally:
            with suppress(Exception):
                session.stop()


@contextmanager
def open_spark_query() -> Iterator[Callable[..., Any]]:
    """Gives a function that runs one query that reads, and returns names of columns and rows.

    Raises:
        UsageError: as in `spark_session`; the query is wrong or would write; there are no tables.
        ExtractError: as in `spark_session`.
    """
    schema = final_schema()
    with spark_session(None, writes=False) as session:
        from pyspark.errors import PySparkException

        if not session.catalog.tableExists(f"{schema}.fixtures"):
            raise NothingTransformedError(NAME)
        session.catalog.setCurrentDatabase(schema)

        def run(sql: str, limit: int | None) -> tuple[list[str], list[tuple[Any, ...]]]:
            # Spark has no read-only session. Only a query can be a subquery.
            text = sql.strip().removesuffix(";")
            if not _DESCRIBING.match(text):
                text = f"select * from (\n{text}\n)"
            try:
                frame = session.sql(text)
                table = (frame if limit is None else frame.limit(limit)).toArrow()
            except PySparkException as error:
                message = error.getMessage() if error.getCondition() else first_line(error)
                raise UsageError(f"The query failed: {' '.join(message.split())}") from error
            columns = [column.to_pylist() for column in table.columns]
            return table.column_names, list(zip(*columns, strict=True))

        yield run


def _check_installation() -> None:
    missing = next((name for name in _PACKAGES if not _is_installed(name)), None)
    if missing:
        package = missing.replace("dbt.adapters.", "dbt-")
        raise UsageError(f"TARGET=spark needs the package {package}: `{_INSTALL}`.")
    home = os.environ.get("JAVA_HOME")
    if not shutil.which(f"{home}/bin/java" if home else "java"):
        place = f"in JAVA_HOME, which is {home}" if home else "on the PATH"
        raise UsageError(f"TARGET=spark needs Java 17 or newer, and there is none {place}.")


def _is_installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def _settings() -> dict[str, str]:
    """The settings of a session in dbt's profile, so that every session has the same."""
    profiles = yaml.safe_load((dbt_project_dir() / "profiles.yml").read_text())
    parameters = profiles["sportmonks"]["outputs"]["spark"]["server_side_parameters"]
    jinja = Environment(autoescape=False)  # noqa: S701 - settings, no HTML
    jinja.globals["env_var"] = lambda name, default="": os.environ.get(name, default)
    rendered = {name: jinja.from_string(str(text)).render() for name, text in parameters.items()}
    return {name: text for name, text in rendered.items() if text}


def _check_master(master: str) -> None:
    """Checks that the master of a standalone cluster answers: `spark://host:port,host:port`."""
    if not master.startswith("spark://"):
        return
    problem = ""
    for address in master.removeprefix("spark://").split(","):
        host, _, port = address.rpartition(":")
        try:
            socket.create_connection((host, int(port)), _CONNECT_TIMEOUT).close()
        except (OSError, ValueError, OverflowError) as error:
            problem = getattr(error, "strerror", None) or str(error)
        else:
            return
    raise ExtractError(f"The Spark master {master} (SPARK_MASTER) cannot be reached: {problem}.")


def _incomplete_lake(lake: str, missing: str) -> UsageError:
    return UsageError(
        f"The lake {lake} has no {missing}: run `{command_line('lake')}` first, with TARGET "
        "set to the warehouse that has them."
    )


def _local_folder(lake: str, name: str) -> Path:
    return Path(url2pathname(urlsplit(lake).path)) / name


def _is_delta_table(session: "SparkSession", lake: str, name: str) -> bool:
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        session.sql(f"describe detail delta.`{lake}/{name}`")
    except (PySparkException, Py4JError) as error:
        if isinstance(error, PySparkException) and error.getCondition() in _NO_TABLE:
            return False
        # Such as a jar or a right that is missing.
        raise ExtractError(f"Spark cannot read the lake {lake}: {first_line(error)}") from error
    return True


def _check_places(session: "SparkSession", lake: str, schemas: Sequence[str]) -> None:
    """Checks that the metastore, which may be of several lakes, has the schemas in this one."""
    for schema in schemas:
        if not session.catalog.databaseExists(schema):
            continue
        place = session.catalog.getDatabase(schema).locationUri
        if _place(place) != _place(f"{lake}/{schema}"):
            raise UsageError(
                f"The metastore has the schema {schema} in {place}, and LAKE_URL is {lake}: set "
                "LAKE_URL to that lake, or SPORTMONKS_SCHEMA to another name."
            )


def _remove_work_tables(session: "SparkSession", lake: str, schema: str) -> None:
    """Removes the work tables that killed builds have left.

    `macros/materializations/spark.sql` names them. Those of the last day may be of a build that
    runs on another machine.
    """
    context: Any = session.sparkContext
    hadoop = context._jvm.org.apache.hadoop.fs
    pattern = hadoop.Path(f"{lake}/{schema}/{_WORK_TABLES}")
    files = pattern.getFileSystem(context._jsc.hadoopConfiguration())
    exists = session.catalog.databaseExists(schema)
    # Before the folders: a table that appears meanwhile is not dropped.
    tables = session.catalog.listTables(schema, _WORK_TABLES) if exists else []
    yesterday = (time.time() - _MAX_AGE_OF_WORK_TABLE) * 1000
    kept = set()
    for found in files.globStatus(pattern) or ():
        if _last_written(files, found) < yesterday:
            files.delete(found.getPath(), True)
        else:
            kept.add(found.getPath().getName())
    if not _has_metastore():
        # Only sessions of this folder know these tables, and none of them runs.
        kept.clear()
    for table in tables:
        if table.name not in kept:
            session.sql(f"drop table if exists {schema}.{table.name}")


def _last_written(files: Any, folder: Any) -> int:
    """When a file of a folder was last written, in ms. A bucket has no times of folders."""
    from py4j.protocol import Py4JJavaError

    newest = 0
    try:
        found = files.listFiles(folder.getPath(), True)
        while found.hasNext():
            newest = max(newest, found.next().getModificationTime())
    except Py4JJavaError:
        # Another machine has just dropped the table.
        return int(time.time() * 1000)
    return newest or int(folder.getModificationTime())


def _place(url: str) -> tuple[str, str, str]:
    """A URL without the differences that do not matter: Hadoop writes `file:/` for `file:///`."""
    parts = urlsplit(url)
    return parts.scheme, parts.netloc, parts.path.rstrip("/")


@contextmanager
def _locked(path: Path, lake: str, on_wait: Callable[[str], None] | None) -> Iterator[None]:
    """A lock that ends with the process, also after a kill."""
    with path.open("a") as file:
        is_waiting = False
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if on_wait is None:
                    holder = "another session of Spark in this folder"
                    raise BusyError(f"lake {lake}", holder) from None
                if not is_waiting:
                    on_wait(f"Waiting for another session of Spark in this folder, in {lake}.")
                    is_waiting = True
                time.sleep(_POLL)
        yield


def _start(settings: Mapping[str, str], folder: Path) -> "SparkSession":
    """Starts Java and a session. What Spark writes goes to a file."""
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    # PySpark's lines about failed queries are in their errors, too.
    logging.getLogger("SQLQueryContextLogger").disabled = True
    builder = SparkSession.builder.appName("sportmonks")
    for name, value in {**_local_settings(folder), **settings}.items():
        builder = builder.config(name, value)
    log = folder / "spark.log"
    on_interrupt = signal.getsignal(signal.SIGINT)
    try:
        with _environment_of_java(), _stderr_in(log):
            # Hive: the list of tables lasts beyond the session.
            return builder.enableHiveSupport().getOrCreate()
    except PySparkException as error:
        raise ExtractError(f"Spark cannot be started: {_reason(error, log)}") from error
    except Exception as error:
        # py4j's errors have no common class.
        if type(error).__module__.startswith("py4j"):
            raise ExtractError(f"Spark cannot be started: {_reason(error, log)}") from error
        raise
    finally:
        # PySpark's own handler would swallow Ctrl-C.
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, on_interrupt)


def _local_settings(folder: Path) -> dict[str, str]:
    """Settings that dbt's profile does not have: they depend on this machine, or are defaults."""
    named = _named_settings()
    settings = {name: value for name, value in _DEFAULTS.items() if name not in named}
    if events := os.environ.get("SPARK_EVENT_LOG"):
        settings |= {"spark.eventLog.enabled": "true", "spark.eventLog.dir": events}
    if not _has_metastore():
        settings |= {
            "spark.hadoop.javax.jdo.option.ConnectionURL": (
                f"jdbc:derby:;databaseName={_list_of_tables(folder)};create=true"
            ),
            "spark.sql.warehouse.dir": (folder / "default").as_uri(),
        }
    return settings


def _list_of_tables(folder: Path) -> Path:
    """The Derby database that serves as a metastore where there is none."""
    return folder / "metastore"


def _has_metastore() -> bool:
    """Whether Spark's settings name a metastore."""
    if (_settings_folder() / "hive-site.xml").exists():
        return True
    endings = ("hive.metastore.uris", "javax.jdo.option.ConnectionURL")
    return any(name.endswith(endings) for name in _named_settings())


def _named_settings() -> set[str]:
    """The names of the settings in the user's spark-defaults.conf."""
    defaults = _settings_folder() / "spark-defaults.conf"
    lines = defaults.read_text().splitlines() if defaults.exists() else []
    names = (re.split(r"[\s=:]", line.strip(), maxsplit=1)[0] for line in lines)
    return {name for name in names if name and not name.startswith("#")}


def _settings_folder() -> Path:
    return Path(os.environ.get("SPARK_CONF_DIR") or f"{os.environ.get('SPARK_HOME', '')}/conf")


@contextmanager
def _environment_of_java() -> Iterator[None]:
    """The environment for Java's process, which keeps it: without secrets."""
    before = dict(os.environ)
    options = f"{before.get('SPARK_SUBMIT_OPTS', '')} {_UTF_8} -Dderby.stream.error.file=/dev/null"
    for name in before:
        if _SECRETS.fullmatch(name):
            del os.environ[name]
    os.environ["SPARK_SUBMIT_OPTS"] = options.strip()
    try:
        yield
    finally:
        os.environ["SPARK_SUBMIT_OPTS"] = before.get("SPARK_SUBMIT_OPTS", "")
        os.environ.update(before)


@contextmanager
def _stderr_in(log: Path) -> Iterator[None]:
    """Standard error goes to a file during the block, and for ever in processes that it starts."""
    sys.stderr.flush()
    terminal = os.dup(2)
    try:
        with log.open("wb") as file:
            os.dup2(file.fileno(), 2)
            yield
    finally:
        os.dup2(terminal, 2)
        os.close(terminal)


def _reason(error: Exception, log: Path) -> str:
    """What went wrong, in a line, and where Spark's own lines are."""
    lines = log.read_text(errors="replace")[-_LAST_LINES:].splitlines()
    if any("UnsupportedClassVersionError" in line for line in lines):
        return "it needs Java 17 or newer, and this Java is older."
    # The most telling lines: those of a package that cannot be fetched, and of the last cause.
    wanted = ("unresolved dependency", "Caused by: ", "Exception in thread")
    found = [line.strip() for line in lines if any(mark in line for mark in wanted)]
    causes = [line.strip() for line in str(error).splitlines() if line.startswith("Caused by: ")]
    text = (found[:1] or causes[-1:] or [first_line(error)])[0]
    return f"{text.removeprefix('Caused by: ').rstrip('.')}. Its lines are in {log}."
