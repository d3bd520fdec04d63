"""Checks whether an installation can do its job, and how to fix it where it cannot."""

import io
import os
import platform
import shutil
import sys
import tomllib
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout, suppress
from datetime import timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from extract.diagnostics.check_result import CheckResult, CheckWarning
from extract.diagnostics.database_checks import DatabaseChecks
from extract.errors import (
    TOKEN_VARIABLE,
    ExtractError,
    QuotaError,
    UsageError,
    first_line,
)

if TYPE_CHECKING:
    from extract.api.clock import ApiClock

_OLDEST_PYTHON = (3, 11)
_PACKAGES = ("dlt", "dbt-core", "duckdb")
_GIGABYTE = 10**9
_SETTINGS_FILES = (".dlt/config.toml", ".dlt/secrets.toml")

_INSTALL = "Install the package again; in a clone, remove .venv and run any `make` target."
_WHERE_TO_COPY = "Copy the token from my.sportmonks.com."
_CHANGE_SETTING = "Change it in that file, in .dlt/config.toml or in the environment."
_CHECK_API = "Check the network, the token and base_url in .dlt/config.toml, then try again."
_CHECK_DATABASE = (
    "Check TARGET, and DUCKDB_PATH or PGHOST, PGPORT, PGDATABASE, PGUSER and PGPASSWORD."
)
_RESTORE_DBT = "Revert or correct the changes in dbt_project/."
_FREE_SPACE = "Free some space, or move the data to another disk: DUCKDB_PATH and DLT_DATA_DIR."


def run_checks(offline: bool) -> Iterator[CheckResult]:
    """Makes all checks in turn, whatever the earlier ones find.

    Nothing is changed: no table and no DuckDB file is created.

    Args:
        offline: make no API call.
    """
    from extract.api.clock import ApiClock

    clock = ApiClock()
    database = DatabaseChecks(clock)
    yield _result("versions", _check_versions, _INSTALL)
    yield _result("settings", _check_settings, _CHANGE_SETTING)
    yield _result("token", _check_token, _WHERE_TO_COPY)
    yield _result("API", _skip_api if offline else lambda: _check_api(clock), _CHECK_API)
    try:
        yield _result("database", database.open, _CHECK_DATABASE)
        yield _result("raw tables", database.check_raw_tables, _CHECK_DATABASE)
        yield _result("endpoints", database.check_endpoints, _CHECK_DATABASE)
        yield _result("includes", database.check_includes, _CHECK_DATABASE)
        yield _result("final tables", database.check_final_tables, _CHECK_DATABASE)
    finally:
        # While it is open, no other process can open a DuckDB file.
        database.close()
    yield _result("dbt project", lambda: _check_dbt(database.dbt_environment), _RESTORE_DBT)
    yield _result("disk space", _check_disk_space, _FREE_SPACE)


def _result(check: str, run_check: Callable[[], str], remedy: str) -> CheckResult:
    """Makes one check and turns any error into its result.

    Args:
        check: what is checked.
        run_check: returns what it found.
        remedy: what to do if it fails.
    """
    try:
        return CheckResult(check, "ok", run_check())
    except CheckWarning as warning:
        return CheckResult(check, warning.status, str(warning), warning.remedy)
    except ExtractError as error:
        return CheckResult(check, "fail", str(error), remedy)
    except Exception as error:
        # An installation can be broken in any way, and later checks may show the cause.
        return CheckResult(check, "fail", f"{type(error).__name__}: {first_line(error)}", remedy)


def _check_versions() -> str:
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


def _check_settings() -> str:
    from extract.config.settings import UNUSED_TOKEN, load_settings

    # dlt does not name the line at which it could not read a file.
    named = set().union(*map(_settings_in, map(Path, _SETTINGS_FILES)))
    prefix = TOKEN_VARIABLE.removesuffix("API_TOKEN")
    named |= {name.removeprefix(prefix).lower() for name in os.environ if name.startswith(prefix)}
    # The token has a check of its own.
    settings = load_settings(UNUSED_TOKEN)
    files = [name for name in (".env", *_SETTINGS_FILES) if Path(name).is_file()]
    found = (
        f"Valid, with {', '.join(files) or 'no settings files'} in {Path.cwd()}; "
        "the environment overrides files, and files override defaults"
    )
    known = set(settings.get_resolvable_fields())
    if unknown := sorted(named - known):
        raise CheckWarning(
            f"{found}. There is no setting {', '.join(unknown)}.",
            "Correct the name under [sources.sportmonks] in .dlt/config.toml or "
            f".dlt/secrets.toml, or after {prefix} in .env or the environment. Settings are "
            f"{', '.join(sorted(known))}.",
        )
    return f"{found}."


def _settings_in(path: Path) -> set[str]:
    """The names under `[sources.sportmonks]` in a file, if it exists."""
    if not path.is_file():
        return set()
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ExtractError(f"{path} cannot be read: {error}.") from error
    return set(document.get("sources", {}).get("sportmonks", {}))


def _check_token() -> str:
    import dlt

    from extract.config.settings import check_token

    check_token(dlt.secrets.get("sources.sportmonks.api_token", str) or "")
    place = "the environment or .env" if TOKEN_VARIABLE in os.environ else ".dlt/secrets.toml"
    return f"Set, in {place}."


def _skip_api() -> str:
    raise CheckWarning("Not checked: --offline.", None, "skip")


def _check_api(clock: "ApiClock") -> str:
    from extract.api.client import SportmonksClient
    from extract.api.clock import LARGEST_SKEW, whole_seconds
    from extract.config.settings import load_settings

    try:
        settings = load_settings()
    except ExtractError:
        raise CheckWarning("Not checked: see above.", None, "skip") from None
    client = SportmonksClient(settings, clock=clock)
    try:
        # Every plan includes it, and it does not count towards the quota of fixtures.
        client.get_once("football/states", {"per_page": "1"})
    except QuotaError as error:
        raise CheckWarning(str(error), "Wait up to an hour; a run waits by itself.") from error
    (call,) = client.drain_calls()
    found = f"{settings.base_url} accepts the token"
    if call.quota_remaining is not None:
        found += f"; calls left for lists: {call.quota_remaining:,}"
        found += f" of {call.quota_limit:,}" if call.quota_limit is not None else ""
    skew = whole_seconds(timedelta(seconds=clock.seconds_ahead or 0))
    if abs(skew) > LARGEST_SKEW:
        way = "ahead of" if skew > timedelta(0) else "behind"
        raise CheckWarning(
            f"{found}; this machine's clock is {abs(skew)} {way} the API's.",
            "Set this machine's clock: a run uses it until the first response.",
        )
    return f"{found}; the clocks agree."


def _check_dbt(environment: dict[str, str]) -> str:
    from dbt.cli.main import dbtRunner

    from extract.transform.dbt import PLACES, dbt_environment

    output = io.StringIO()
    with dbt_environment(environment), redirect_stdout(output), redirect_stderr(output):
        options = ["--quiet", "--no-write-json", "--log-level-file", "none"]
        result = dbtRunner().invoke([*options, "parse", *PLACES])
    if not result.success:
        lines = str(result.exception).split()
        raise ExtractError(f"dbt cannot parse it: {' '.join(lines)}")
    return "dbt can parse it."


def _check_disk_space() -> str:
    from extract.warehouse.loader import pipelines_folder
    from extract.warehouse.target import duckdb_path, is_duckdb

    places = [pipelines_folder()]
    # An invalid TARGET is reported by the check of the database.
    with suppress(UsageError):
        if is_duckdb():
            places.append(duckdb_path())
    sizes = []
    for place in places:
        existing = next(path for path in (place, *place.resolve().parents) if path.exists())
        sizes.append((shutil.disk_usage(existing).free, place))
    found = ", ".join(f"{free / _GIGABYTE:,.1f} GB free for {place}" for free, place in sizes)
    if min(sizes)[0] < _GIGABYTE:
        raise CheckWarning(f"{found}.", _FREE_SPACE)
    return f"{found}."
