"""Looks whether an installation can do its job, and says what to do where it cannot."""

import io
import os
import platform
import re
import shutil
import sys
import tomllib
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from extract.errors import (
    TOKEN_VARIABLE,
    BusyError,
    ExtractError,
    NothingExtractedError,
    QuotaError,
)

if TYPE_CHECKING:
    from extract.api.clock import ApiClock
    from extract.warehouse.base import Warehouse


Status = Literal["ok", "warn", "fail", "skip"]

_PROJECT = Path(__file__).resolve().parents[2]
_OLDEST_PYTHON = (3, 11)
_PACKAGES = ("dlt", "dbt-core", "duckdb")
_GIGABYTE = 10**9

_INSTALL = "Remove .venv and run any `make` target: it installs what is needed."
_WHERE_IT_GOES = "See .env.example and .dlt/example.secrets.toml."
_CHANGE_SETTING = "Change it in that file, in .dlt/config.toml or in the environment."
_CHECK_API = "Check the network, the token and base_url in .dlt/config.toml, then try again."
_CHECK_DATABASE = "Check the variables of the database, which .env.example shows."
_EXTRACT = "Run `make extract`."
_TRANSFORM = "Run `make transform`."
_RESTORE_DBT = "Take back what was changed in dbt_project/, or correct it."
_MAKE_ROOM = "Make room, or keep the data on another disk: DUCKDB_PATH and DLT_DATA_DIR."


@dataclass(frozen=True)
class CheckResult:
    """What one check came to.

    Attributes:
        check: what was looked at.
        status: `skip` where there was nothing to look at.
        found: what was found, in one line.
        remedy: what to do, None if all is well.
    """

    check: str
    status: Status
    found: str
    remedy: str | None = None


class CheckWarning(ExtractError):
    """A check that ended neither well nor as a failure."""

    def __init__(self, found: str, remedy: str | None, status: Status = "warn") -> None:
        super().__init__(found)
        self.remedy = remedy
        self.status = status


def run_checks(offline: bool) -> Iterator[CheckResult]:
    """Makes all checks, one after the other: none keeps a later one from being made.

    Nothing is changed: no table is made, and no DuckDB file.

    Args:
        offline: make no call to the API.
    """
    from extract.api.clock import ApiClock

    clock = ApiClock()
    database = _Database(clock)
    yield _finding("versions", _versions, _INSTALL)
    yield _finding("settings", _settings, _CHANGE_SETTING)
    yield _finding("token", _token, _WHERE_IT_GOES)
    yield _finding("API", _not_asked if offline else lambda: _api(clock), _CHECK_API)
    try:
        yield _finding("database", database.open, _CHECK_DATABASE)
        yield _finding("raw tables", database.raw_tables, _CHECK_DATABASE)
        yield _finding("final tables", database.final_tables, _CHECK_DATABASE)
    finally:
        # DuckDB lets nobody else open the file meanwhile.
        database.close()
    yield _finding("dbt project", lambda: _dbt_project(database.dbt_environment), _RESTORE_DBT)
    yield _finding("disk space", _disk_space, _MAKE_ROOM)


def _finding(check: str, look: Callable[[], str], remedy: str) -> CheckResult:
    """What a look came to, whatever went wrong with it.

    Args:
        check: what is looked at.
        look: says what it found.
        remedy: what to do if it fails.
    """
    try:
        return CheckResult(check, "ok", look())
    except CheckWarning as otherwise:
        return CheckResult(check, otherwise.status, str(otherwise), otherwise.remedy)
    except ExtractError as error:
        return CheckResult(check, "fail", str(error), remedy)
    except Exception as error:
        # An installation may be broken in any way, and the later checks may tell how.
        said = next(iter(str(error).splitlines()), "")
        return CheckResult(check, "fail", f"{type(error).__name__}: {said}", remedy)


def _versions() -> str:
    if sys.version_info < _OLDEST_PYTHON:
        oldest = ".".join(map(str, _OLDEST_PYTHON))
        raise ExtractError(f"Python {platform.python_version()}: {oldest} or newer is needed.")
    found = [f"Python {platform.python_version()}"]
    for package in _PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            raise ExtractError(f"{package} is not installed.") from None
    return ", ".join(found)


def _settings() -> str:
    from extract.config.settings import UNUSED_TOKEN, load_settings

    # dlt does not say in which line it could not read a file.
    named = set().union(*map(_settings_in, map(Path, (".dlt/config.toml", ".dlt/secrets.toml"))))
    # Whether there is a token is a check of its own.
    settings = load_settings(UNUSED_TOKEN)
    # dlt looks for its files where the command runs, and .env stands in the project.
    files = {
        ".env": _PROJECT / ".env",
        ".dlt/config.toml": Path(".dlt/config.toml"),
        ".dlt/secrets.toml": Path(".dlt/secrets.toml"),
    }
    there = [name for name, path in files.items() if path.is_file()]
    missing = [name for name in files if name not in there]
    found = f"All can be read; files: {', '.join(there) or 'none'}"
    if missing:
        found += f" (not there: {', '.join(missing)})"
    if ".dlt/config.toml" in missing:
        raise CheckWarning(f"{found}.", "Run the command in the project's folder.")
    if unknown := sorted(named - {"alert_url", *settings.get_resolvable_fields()}):
        raise CheckWarning(
            f"{found}. There is no setting {', '.join(unknown)}.",
            "Correct the name under [sources.sportmonks]: .dlt/config.toml of the project has all.",
        )
    return f"{found}."


def _settings_in(path: Path) -> set[str]:
    """The names of our settings in a file of dlt's, if it is there."""
    if not path.is_file():
        return set()
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ExtractError(f"{path} cannot be read: {error}.") from error
    return set(document.get("sources", {}).get("sportmonks", {}))


def _token() -> str:
    import dlt

    from extract.config.settings import check_token

    check_token(dlt.secrets.get("sources.sportmonks.api_token", str) or "")
    place = "the environment or .env" if TOKEN_VARIABLE in os.environ else ".dlt/secrets.toml"
    return f"There is one, in {place}."


def _not_asked() -> str:
    raise CheckWarning("Not asked: --offline.", None, "skip")


def _api(clock: "ApiClock") -> str:
    from extract.api.client import SportmonksClient
    from extract.api.clock import LARGEST_SKEW, whole_seconds
    from extract.config.settings import load_settings

    try:
        settings = load_settings()
    except ExtractError:
        raise CheckWarning("Not asked: see above.", None, "skip") from None
    client = SportmonksClient(settings, clock=clock)
    try:
        # Every plan has it, and it is not counted among the calls for fixtures.
        client.get_once("football/states", {"per_page": "1"})
    except QuotaError as error:
        raise CheckWarning(str(error), "Wait up to an hour; a run does so itself.") from error
    (call,) = client.drain_calls()
    found = f"{settings.base_url} accepts the token"
    if call.quota_remaining is not None:
        found += f"; calls left for such lists: {call.quota_remaining:,}"
        found += f" of {call.quota_limit:,}" if call.quota_limit is not None else ""
    skew = whole_seconds(timedelta(seconds=clock.seconds_ahead or 0))
    if abs(skew) > LARGEST_SKEW:
        way = "ahead of" if skew > timedelta(0) else "behind"
        raise CheckWarning(
            f"{found}; the clock here is {abs(skew)} {way} the API's.",
            "Set the clock of this machine: until the first response, a run uses it.",
        )
    return f"{found}; the clocks agree."


class _Database:
    """The warehouse, if it can be opened.

    Args:
        clock: the API's, as far as it is known.

    Attributes:
        dbt_environment: variables for dbt. Without a warehouse, those of one in memory: what is
            wrong with the database says nothing about the dbt project.
    """

    def __init__(self, clock: "ApiClock") -> None:
        self._clock = clock
        self._warehouse: Warehouse | None = None
        self.dbt_environment = {"TARGET": "duckdb", "DUCKDB_PATH": ":memory:"}

    def open(self) -> str:
        from extract.warehouse.factory import open_warehouse
        from extract.warehouse.target import duckdb_path

        path = duckdb_path()
        try:
            # Where the folder is missing, that is what to say; no file is made there either.
            warehouse = open_warehouse(None, must_exist=path.parent.is_dir())
        except NothingExtractedError as error:
            raise CheckWarning(f"{path} does not exist yet.", _EXTRACT) from error
        except BusyError as error:
            raise CheckWarning(error.holding, "Try again when it has finished.") from error
        # A person waits for the answer.
        warehouse.retry_when_disconnected = False
        self._warehouse = warehouse
        self.dbt_environment = warehouse.dbt_environment()
        ((said,),) = warehouse.query("select version()")
        number = re.search(r"\d[\w.]*", said)
        return f"{warehouse.name}, version {number[0] if number else said}, can be written."

    def raw_tables(self) -> str:
        from extract.api.clock import LARGEST_SKEW, whole_seconds

        warehouse = self._opened()
        if not warehouse.has_tables():
            found = f"They are not all in the schema {warehouse.raw} yet."
            raise CheckWarning(found, _EXTRACT)
        latest = max(warehouse.latest_times().values(), default=self._clock.now())
        if (ahead := latest - self._clock.now()) > LARGEST_SKEW:
            whose = "the API's clock" if self._clock.is_known else "this machine's clock"
            raise CheckWarning(
                f"They are in the schema {warehouse.raw}. They hold times that lie up to "
                f"{whole_seconds(ahead)} ahead of {whose}: the clocks of the machines that fetch "
                "differ, or did.",
                "Run `make extract`: it sets them back to the API's time.",
            )
        return f"They are in the schema {warehouse.raw}."

    def final_tables(self) -> str:
        warehouse = self._opened()
        schema = warehouse.raw.removesuffix("_raw")
        if not warehouse.has_final_tables():
            raise CheckWarning(f"They are not in the schema {schema} yet.", _TRANSFORM)
        return f"They are in the schema {schema}."

    def close(self) -> None:
        if self._warehouse:
            self._warehouse.close()

    def _opened(self) -> "Warehouse":
        if not self._warehouse:
            raise CheckWarning("Not looked for: see the database.", None, "skip")
        return self._warehouse


def _dbt_project(environment: dict[str, str]) -> str:
    from dbt.cli.main import dbtRunner

    from extract.transform.dbt import PLACES, dbt_environment

    said = io.StringIO()
    with dbt_environment(environment), redirect_stdout(said), redirect_stderr(said):
        options = ["--quiet", "--no-write-json", "--log-level-file", "none"]
        result = dbtRunner().invoke([*options, "parse", *PLACES])
    if not result.success:
        lines = str(result.exception).split()
        raise ExtractError(f"dbt cannot read it: {' '.join(lines)}")
    return "dbt can read it."


def _disk_space() -> str:
    from extract.warehouse.loader import pipelines_folder
    from extract.warehouse.target import duckdb_path

    places = [pipelines_folder()]
    if (os.environ.get("TARGET") or "duckdb") == "duckdb":
        places.append(duckdb_path())
    found = []
    for place in places:
        there = next(path for path in (place, *place.resolve().parents) if path.exists())
        found.append((shutil.disk_usage(there).free, place))
    said = ", ".join(f"{free / _GIGABYTE:,.1f} GB free for {place}" for free, place in found)
    if min(found)[0] < _GIGABYTE:
        raise CheckWarning(f"{said}.", _MAKE_ROOM)
    return f"{said}."
