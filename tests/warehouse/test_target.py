"""Where the published copy is, wherever the setting is written."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PRINT_PATH = """
import sys
from extract.warehouse.target import published_path

print(published_path(), "dlt" in sys.modules)
"""


def published(folder: Path, **variables: str) -> str:
    """The published path, and whether dlt was imported to find it."""
    environment = {name: value for name, value in os.environ.items() if "PUBLISH" not in name}
    environment |= {"PYTHONPATH": str(Path.cwd()), "TARGET": "duckdb", **variables}
    return subprocess.run(
        [sys.executable, "-c", PRINT_PATH],
        cwd=folder, env=environment, capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[sources.sportmonks]\npublish = "copy.duckdb"\n', "copy.duckdb True"),
        ('sources = {sportmonks = {"publish" = "copy.duckdb"}}\n', "copy.duckdb True"),
        ('[sources.sportmonks]\npublish = ""  # none\n#publish = "copy.duckdb"\n', "None False"),
        ("", "None False"),
    ],
)
def test_the_setting_publish_is_found_in_the_file(tmp_path: Path, text: str, expected: str) -> None:
    (tmp_path / ".dlt").mkdir()
    (tmp_path / ".dlt" / "config.toml").write_text(text)
    assert published(tmp_path) == expected


@pytest.mark.parametrize("name", ["SOURCES__SPORTMONKS__PUBLISH", "PUBLISH"])
def test_the_setting_publish_is_found_in_the_environment(tmp_path: Path, name: str) -> None:
    assert published(tmp_path, **{name: "copy.duckdb"}) == "copy.duckdb True"
