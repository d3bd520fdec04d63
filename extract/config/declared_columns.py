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

# The macros that make a whole model of a part of the payload.
_MODEL = re.compile(r"\{\{-?\s*((array|object)_model\(.*?\))\s*-?\}\}", re.DOTALL)
_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
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
        UsageError: the extractor cannot parse a model. dbt may still be able to.
    """
    documents: dict[str, Document] = {}
    for file in sorted((project or dbt_project_dir()).glob("models/*/**/*.sql")):
        try:
            for kind, paths, key in _payload_parts(_COMMENT.sub("", file.read_text("utf-8"))):
                fields = dict(_fields(file.with_suffix(".yml"), key))
                for path in paths:
                    _add(documents.setdefault(path, Document(kind, {})), fields)
        except KeyError as error:
            raise UsageError(f"{file} or its yml lacks {error}") from error
        except (OSError, SyntaxError, ValueError, LookupError, TypeError, AttributeError) as error:
            raise UsageError(f"{file} or its yml: {first_line(error)}") from error
        except yaml.YAMLError as error:
            raise UsageError(
                f"{file.with_suffix('.yml')} is no YAML: {first_line(error)}"
            ) from error
    return Declaration(documents)


def _payload_parts(sql: str) -> Iterator[tuple[str, list[str], str]]:
    """The kind, paths and key of what a model reads, if it reads a fixture's payload."""
    if _ROOT.search(sql):
        yield "root", ["fixture"], "fixture_id"
    for text, kind in _MODEL.findall(sql):
        # Python's parser reads a call in Jinja.
        call = ast.parse(text, mode="eval").body
        if isinstance(call, ast.Call):
            arguments = dict(zip(("paths", "key"), call.args, strict=False))
            arguments |= {each.arg or "": each.value for each in call.keywords}
            paths = ast.literal_eval(arguments.get("path") or arguments["paths"])
            key = ast.literal_eval(arguments["key"])
            yield kind, [paths] if isinstance(paths, str) else paths, key


def _fields(file: Path, key: str) -> Iterator[tuple[str, str]]:
    """Path and format of each field that the model of a yml file reads."""
    models = yaml.load(file.read_bytes(), yaml.CSafeLoader)["models"]
    for column in [column for model in models for column in model["columns"]]:
        meta = (column.get("config") or {}).get("meta") or {}
        if column["name"] in ("fixture_id", "loaded_at", key) or meta.get("computed"):
            continue
        paths = meta.get("path", column["name"])
        paths = [paths] if isinstance(paths, str) else paths
        # The type of a column of JSON is an expression, because it depends on the engine.
        type = "json" if "json" in column["data_type"] else column["data_type"]
        formats = meta.get("format") or _FORMATS.get(type, type)
        formats = [formats] * len(paths) if isinstance(formats, str) else formats
        yield from zip(paths, formats, strict=True)


def _add(document: Document, fields: Mapping[str, str]) -> None:
    """Adds the fields of a model to those that other models read from the same part.

    Raises:
        ValueError: no value would be known to fit all columns that are read from it.
    """
    for path, format in fields.items():
        if format not in FORMATS:
            raise ValueError(f"{path} has the format {format}, which is none of {sorted(FORMATS)}")
        if document.fields.setdefault(path, format) != format:
            raise ValueError(f"{path} has the format {format}, and another one in another model")
        if path == "id" and document.kind != "root":
            raise ValueError("the field id is the key, and a column too")
