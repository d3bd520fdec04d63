"""The columns that the dbt models read from a fixture's payload, as their files declare them.

The same list as the macro `get_documents` has in dbt: a test compares the two.
"""

import ast
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache, cached_property
from pathlib import Path

import yaml

from extract.config.paths import dbt_project_dir
from extract.errors import UsageError, first_line
from extract.payload.regular import FORMATS, Document, PayloadShape

# The macros that make a whole model of a part of the payload; the first argument is its path.
_MODEL = re.compile(r"\{\{\s*((array|object)_model\(.*?\))\s*\}\}", re.DOTALL)
# The model of the payload itself.
_ROOT = re.compile(r"\{'source': 'fixtures', 'paths': \['fixture'\], 'kind': 'root'\}")
# As `get_model_fields` in dbt's macros.
_FORMATS = {
    "double precision": "double",
    "timestamp with time zone": "timestamp_text",
    "jsonb": "json",
}


@dataclass(frozen=True)
class Declaration:
    """All parts of a payload that models read.

    Attributes:
        documents: by path, such as `lineups.details`; `fixture` is the payload itself.
    """

    documents: Mapping[str, Document]

    @cached_property
    def shape(self) -> PayloadShape:
        """The parts as types, to compare payloads with."""
        return PayloadShape(self.documents)

    @cached_property
    def hash(self) -> str:
        """A version of the declaration, as the macro `get_declaration_hash` computes it."""
        documents = {path: asdict(document) for path, document in self.documents.items()}
        text = json.dumps(documents, sort_keys=True).encode()
        return hashlib.md5(text, usedforsecurity=False).hexdigest()


@cache
def read_declaration(project: Path | None = None) -> Declaration:
    """Reads the declaration.

    Args:
        project: the folder of the dbt project; by default the one that `transform` builds.

    Raises:
        UsageError: a file is missing or is no YAML, or a field has an unknown format.
    """
    documents: dict[str, Document] = {}
    for file in sorted((project or dbt_project_dir()).glob("models/*/**/*.sql")):
        sql = file.read_text(encoding="utf-8")
        for kind, paths, key in _payload_parts(sql):
            fields = dict(_fields(file.with_suffix(".yml"), key))
            for path in paths:
                documents.setdefault(path, Document(kind, {})).fields.update(fields)
    return Declaration(documents)


def _payload_parts(sql: str) -> Iterator[tuple[str, list[str], str]]:
    """The kind, paths and key of what a model reads, if it reads a fixture's payload."""
    if _ROOT.search(sql):
        yield "root", ["fixture"], "fixture_id"
    for call, kind in _MODEL.findall(sql):
        # Python's parser reads a call in Jinja.
        parsed = ast.parse(call, mode="eval").body
        if isinstance(parsed, ast.Call):
            paths = ast.literal_eval(parsed.args[0])
            options = {each.arg: each.value for each in parsed.keywords}
            key = ast.literal_eval(options["key"])
            yield kind, [paths] if isinstance(paths, str) else paths, key


def _fields(file: Path, key: str) -> Iterator[tuple[str, str]]:
    """Path and format of each field that the model of a yml file reads."""
    try:
        models = yaml.load(file.read_bytes(), yaml.CSafeLoader)["models"]
        columns = [column for model in models for column in model["columns"]]
    except (OSError, yaml.YAMLError, LookupError, TypeError) as error:
        raise UsageError(f"{file} cannot be read: {first_line(error)}") from error
    for column in columns:
        meta = column.get("config", {}).get("meta", {})
        if column["name"] in ("fixture_id", "loaded_at", key) or meta.get("computed"):
            continue
        paths = meta.get("path", column["name"])
        paths = [paths] if isinstance(paths, str) else paths
        # The type of a column of JSON is an expression, because it depends on the engine.
        type = "json" if "json" in column["data_type"] else column["data_type"]
        formats = meta.get("format") or _FORMATS.get(type, type)
        formats = [formats] * len(paths) if isinstance(formats, str) else formats
        if unknown := set(formats) - FORMATS:
            raise UsageError(
                f"{file}: the format of the column {column['name']} is {unknown.pop()}; it must be "
                f"one of {', '.join(sorted(FORMATS))}."
            )
        yield from zip(paths, formats, strict=True)
