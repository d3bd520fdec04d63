"""Each setting has one default: that of the package, which the committed file repeats."""

import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from extract.config.dlt_defaults import DLT_DEFAULTS
from extract.config.settings import Settings, load_alert_url, load_settings
from extract.errors import UsageError

FILE = tomllib.loads(Path(".dlt/config.toml").read_text())
SECRETS = {"api_token", "alert_url"}

# What dlt itself resolves in a folder, by its own classes.
DLT_SETTINGS = """
from extract.config.settings import load_settings
load_settings("unused")
import dlt
from dlt.common.runtime.run_context import active
runtime = active().runtime_config
pipeline = dlt.pipeline("p", pipelines_dir="pipelines", destination="duckdb")
print([
    runtime.dlthub_telemetry, runtime.log_level, pipeline.runtime_config.intercept_signals,
    pipeline.config.restore_from_destination,
    dlt.config["data_writer.disable_compression"], dlt.config["data_writer.buffer_max_items"],
    dlt.config["load.delete_completed_jobs"], dlt.config["load.truncate_staging_dataset"],
    dlt.config["destination.postgres.create_indexes"],
])
"""


def test_the_file_repeats_the_defaults_of_the_package() -> None:
    defaults = {
        name: getattr(Settings(), name)
        for name in Settings().get_resolvable_fields()
        if name not in SECRETS
    }
    assert FILE["sources"]["sportmonks"] == defaults
    assert dict(flat({name: value for name, value in FILE.items() if name != "sources"})) == (
        DLT_DEFAULTS
    )


def flat(section: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The values of a section and of those in it, by their paths."""
    for name, value in section.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


@pytest.mark.parametrize("has_file", [False, True])
def test_dlt_has_the_same_settings_without_the_file(tmp_path: Path, has_file: bool) -> None:
    (tmp_path / ".dlt").mkdir()
    if has_file:
        (tmp_path / ".dlt/config.toml").write_bytes(Path(".dlt/config.toml").read_bytes())
    expected = [False, "CRITICAL", False, False, True, 1, True, True, False]
    assert resolved(tmp_path) == expected


def test_a_file_overrides_the_defaults(tmp_path: Path) -> None:
    (tmp_path / ".dlt").mkdir()
    text = '[runtime]\nlog_level = "ERROR"\n[data_writer]\nbuffer_max_items = 7\n'
    (tmp_path / ".dlt/config.toml").write_text(text)
    assert resolved(tmp_path) == [False, "ERROR", False, False, True, 7, True, True, False]


def test_a_value_in_place_of_a_section_is_an_error(tmp_path: Path) -> None:
    (tmp_path / ".dlt").mkdir()
    (tmp_path / ".dlt/config.toml").write_text("data_writer = true\n")
    with pytest.raises(subprocess.CalledProcessError) as raised:
        resolved(tmp_path)
    assert "UsageError: In .dlt/config.toml, data_writer must be a section" in raised.value.stderr


def resolved(folder: Path) -> list[Any]:
    """dlt's settings in a folder."""
    environment = {name: value for name, value in os.environ.items() if "__" not in name}
    result = subprocess.run(
        [sys.executable, "-c", DLT_SETTINGS],
        cwd=folder,
        env={**environment, "PYTHONPATH": str(Path.cwd()), "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    found: list[Any] = eval(result.stdout)  # noqa: S307 - a list that the code above prints
    return found


def test_new_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    variable = "SOURCES__SPORTMONKS__{}".format
    assert (load_settings("x").publish, load_settings("x").lock_timeout) == ("", 15.0)
    monkeypatch.setenv(variable("PUBLISH"), "read.duckdb")
    monkeypatch.setenv(variable("LOCK_TIMEOUT"), "0.5")
    assert (load_settings("x").publish, load_settings("x").lock_timeout) == ("read.duckdb", 0.5)
    for name, value, text in (
        ("PUBLISH", "a;b.duckdb", "a path with ; in it"),
        ("PUBLISH", str(tmp_path), "is a folder"),
        ("LOCK_TIMEOUT", "-1", "lock_timeout is -1: it must be between 0 and"),
        ("LOCK_TIMEOUT", "soon", "lock_timeout must be a number"),
    ):
        with monkeypatch.context() as patch:
            patch.setenv(variable(name), value)
            with pytest.raises(UsageError, match=text):
                load_settings("x")


def test_the_address_for_alerts_is_a_secret(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It is read even if another setting is invalid, and it is shown nowhere."""
    address = "https://hooks.example.com/secret"
    monkeypatch.setenv("SOURCES__SPORTMONKS__ALERT_URL", address)
    assert load_settings("x").alert_url == address
    assert address not in repr(load_settings("x"))
    monkeypatch.setenv("SOURCES__SPORTMONKS__TRIES", "99")
    assert load_alert_url() == address
    monkeypatch.delenv("SOURCES__SPORTMONKS__ALERT_URL")
    assert load_alert_url() == ""


@pytest.mark.parametrize("name", sorted(SECRETS))
def test_a_secret_in_the_wrong_file(tmp_path: Path, name: str) -> None:
    (tmp_path / ".dlt").mkdir()
    (tmp_path / ".dlt/config.toml").write_text(f'[sources.sportmonks]\n{name} = "hunter2"\n')
    environment = {n: value for n, value in os.environ.items() if "__" not in n}
    result = subprocess.run(
        [sys.executable, "-m", "extract", "plan"],
        cwd=tmp_path,
        env={**environment, "PYTHONPATH": str(Path.cwd()), "COLUMNS": "300"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 2
    assert f"{name} in .dlt/config.toml is a secret: move it" in result.stderr
    assert "hunter2" not in result.stdout + result.stderr
