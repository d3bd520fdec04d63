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
        ("format: epoch_seconds", "format: epoch_hours", "has the format epoch_hours"),
        ("columns:", "columns: [", "is no YAML"),
        ("data_type:", "type:", "lacks 'data_type'"),
        ("name: period_length", "name: id", "the field id is the key, and a column too"),
    ],
)
def test_a_declaration_that_is_not_understood_is_named(
    tmp_path: Path, before: str, after: str, reason: str
) -> None:
    project = tmp_path / "dbt_project"
    shutil.copytree(dbt_project_dir() / "models", project / "models")
    file = project / "models" / "marts" / "core" / "fixture_periods.yml"
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after))
    with pytest.raises(UsageError, match=f"fixture_periods.*{reason}"):
        read_declaration(project)


def test_two_models_may_read_one_field_in_one_format_only(tmp_path: Path) -> None:
    """Otherwise no value would be known to fit both columns."""
    core = tmp_path / "models" / "marts" / "core"
    shutil.copytree(dbt_project_dir() / "models" / "marts" / "core", core)
    sql = "{{- object_model(path='events', key='goal_id') -}} {# {{ array_model('comments') }} #}"
    (core / "goals.sql").write_text(sql.replace("object_model(path", "array_model(paths"))
    column = "{{name: {}, data_type: {}, description: Made up.}}"
    for type, agrees in (("bigint", True), ("text", False)):
        columns = f"[{column.format('goal_id', 'bigint')}, {column.format('minute', type)}]"
        (core / "goals.yml").write_text(f"models: [{{name: goals, columns: {columns}}}]")
        read_declaration.cache_clear()
        if agrees:
            assert "comments" not in read_declaration(tmp_path).documents
        else:
            with pytest.raises(UsageError, match="minute has the format text, and another one"):
                read_declaration(tmp_path)
    read_declaration.cache_clear()
