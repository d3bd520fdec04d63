"""The extractor and dbt read the same declaration of the columns."""

import shutil
from pathlib import Path
from typing import Any, cast

import pytest
from dbt.cli.main import dbtRunner

from extract.config.declared_columns import read_declaration
from extract.config.paths import dbt_project_dir
from extract.errors import UsageError
from extract.payload.regular import Document
from tests.support.declared_fields import declared_fields


def test_extractor_and_dbt_declare_the_same_fields() -> None:
    documents: dict[str, Document] = {}
    for field in declared_fields():
        of_document = documents.setdefault(field.document, Document(field.kind, {}))
        of_document.fields[field.path] = field.format
    assert read_declaration().documents == documents


def test_extractor_and_dbt_have_the_same_hash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TARGET", "duckdb")
    monkeypatch.setenv("DUCKDB_PATH", ":memory:")
    project = str(dbt_project_dir())
    places = ["--project-dir", project, "--profiles-dir", project, "--target-path", str(tmp_path)]
    inline = ["compile", "--quiet", "--inline", "{{ get_declaration_hash() }}"]
    result = dbtRunner().invoke([*inline, *places, "--log-path", str(tmp_path)])
    assert result.success, result.exception
    (compiled,) = cast(Any, result.result).results
    assert compiled.node.compiled_code == read_declaration().hash


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ("format: epoch_seconds", "format: epoch_hours", "the format of the column"),
        ("columns:", "columns: [", "cannot be read"),
    ],
)
def test_a_declaration_that_cannot_be_read_is_named(
    tmp_path: Path, before: str, after: str, reason: str
) -> None:
    project = tmp_path / "dbt_project"
    shutil.copytree(dbt_project_dir() / "models", project / "models")
    file = project / "models" / "marts" / "core" / "fixture_periods.yml"
    file.write_text(file.read_text().replace(before, after))
    with pytest.raises(UsageError, match=f"fixture_periods.yml.*{reason}"):
        read_declaration(project)
