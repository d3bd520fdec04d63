"""The fields of payloads that the dbt models declare, from dbt's own manifest."""

import json
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from dbt.cli.main import dbtRunner


class DeclaredField(NamedTuple):
    """A field that a column is read from.

    Attributes:
        document: `fixture`, or the path of a list or object such as `lineups.details`.
        kind: root, array or object.
        path: of the field in the document.
        format: as in the macro `cast_text`, or text or json.
        model: the table.
        column: of the table.
    """

    document: str
    kind: str
    path: str
    format: str
    model: str
    column: str


_FORMATS = {
    "double precision": "double",
    "timestamp with time zone": "timestamp_text",
    "jsonb": "json",
}


@cache
def declared_fields(project: str = "dbt_project", source: str = "fixtures") -> list[DeclaredField]:
    """The fields of every document in the payloads of a raw table, without ids."""
    with TemporaryDirectory() as target:
        command = ["parse", "--project-dir", project, "--profiles-dir", project, "--quiet"]
        result = dbtRunner().invoke([*command, "--target-path", target, "--no-partial-parse"])
        assert result.success, result.exception
        manifest = json.loads((Path(target) / "manifest.json").read_text())
    models = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    return [
        field
        for model in sorted(models, key=lambda model: model["name"])
        if (payload := model["config"]["meta"].get("payload")) and payload["source"] == source
        for document in payload["paths"]
        for field in _fields(model, document, payload["kind"])
    ]


def _fields(model: dict[str, Any], document: str, kind: str) -> list[DeclaredField]:
    key = model["config"]["unique_key"]
    others = {"fixture_id", "loaded_at", key if isinstance(key, str) else key[-1]}
    fields = []
    for column in model["columns"].values():
        meta = column["config"]["meta"]
        if column["name"] in others or meta.get("computed"):
            continue
        paths = meta.get("path", column["name"])
        paths = [paths] if isinstance(paths, str) else paths
        formats = meta.get("format") or _FORMATS.get(column["data_type"], column["data_type"])
        formats = [formats] * len(paths) if isinstance(formats, str) else formats
        fields += [
            DeclaredField(document, kind, path, format, model["name"], column["name"])
            for path, format in zip(paths, formats, strict=True)
        ]
    return fields
