"""Which parts of a payload are regular: every value fits its column.

Nearly all are. The dbt models read them with typed functions of the engine, which are fast and lax.
They read all other parts value by value, with strict casts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Raw, UnsetType

_INT64 = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
# The API sends some numbers as text, such as the latitude of a venue.
_INTEGER_TEXT = Annotated[str, Meta(pattern=r"^(0|-?[1-9][0-9]{0,14})\Z")]
_NUMBER_TEXT = Annotated[str, Meta(pattern=r"^-?(0|[1-9][0-9]{0,14})([.][0-9]{1,15})?\Z")]
_DAY = (
    "(19|20)[0-9]{2}-((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])"
    "|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31)"
)
_TIME = "([01][0-9]|2[0-3])(:[0-5][0-9]){2}"

# Values of each format that dbt's casts certainly accept. They accept others too: a part with one
# of those counts as irregular, and is only read more slowly.
_TYPES: dict[str, Any] = {
    "bigint": _INT64 | _INTEGER_TEXT | None,
    "double": float | _NUMBER_TEXT | None,
    "text": str | None,
    "boolean": bool | None,
    "json": Raw,
    "epoch_seconds": Annotated[int, Meta(ge=0, le=10**10)] | None,
    "number_or_boolean": float | bool | _NUMBER_TEXT | None,
    "percent": Annotated[str, Meta(pattern=r"^[0-9]{1,9}([.][0-9]{1,9})?%\Z")] | None,
    "timestamp_text": Annotated[str, Meta(pattern=rf"^{_DAY} {_TIME}\Z")] | None,
    "date": Annotated[str, Meta(pattern=rf"^{_DAY}\Z")] | None,
}

# All formats of a declared field.
FORMATS = frozenset(_TYPES)


@dataclass(frozen=True)
class Document:
    """A part of a payload that models read columns from.

    Attributes:
        kind: `root` for the payload itself, whose path is `fixture`, else `array` or `object`.
        fields: the format of each field, by its path in the object, such as `data.value`.
    """

    kind: str
    fields: dict[str, str]


class PayloadShape:
    """The declared parts of a payload, as types that msgspec decodes.

    Args:
        documents: all parts, by path such as `lineups.details`; `fixture` is the payload itself.
    """

    def __init__(self, documents: Mapping[str, Document]) -> None:
        root = documents["fixture"].fields
        parts = {path: document for path, document in documents.items() if path != "fixture"}
        self._paths: dict[str, tuple[str, ...]] = {}
        for path in sorted(parts):
            key, _, _ = path.partition(".")
            self._paths[key] = (*self._paths.get(key, ()), path)
        types = {key: _part_type(key, parts) for key in self._paths}
        optional = {key: type | UnsetType for key, type in types.items()}
        raw = dict.fromkeys(self._paths, Raw | UnsetType)
        self._whole = msgspec.json.Decoder(_struct("Fixture", root, optional))
        self._root = msgspec.json.Decoder(_struct("Root", root, {}))
        self._raw_parts = msgspec.json.Decoder(_struct("Parts", {}, raw))
        self._parts = {key: msgspec.json.Decoder(type) for key, type in types.items()}

    def irregular_keys(self, payload: bytes) -> list[str]:
        """The paths of the parts with a value that does not fit its column, sorted.

        Args:
            payload: a fixture's JSON, an object.
        """
        if _fits(self._whole, payload):
            return []
        found = [] if _fits(self._root, payload) else ["fixture"]
        fixture = self._raw_parts.decode(payload)
        for key, paths in self._paths.items():
            part = getattr(fixture, _attribute(key))
            if part is not UNSET and not _fits(self._parts[key], part):
                found += paths
        return sorted(found)


def _fits(decoder: msgspec.json.Decoder[Any], value: bytes | Raw) -> bool:
    try:
        decoder.decode(value)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def _part_type(path: str, parts: Mapping[str, Document]) -> Any:
    """The type of a part, with the parts that are nested in it."""
    # No model may read the parent of a declared list.
    document = parts.get(path, Document("array", {}))
    prefix = f"{path}."
    nested = {
        other.removeprefix(prefix): _part_type(other, parts)
        for other in parts
        if other.startswith(prefix)
    }
    identifier = {"id": _INT64} if path in parts else {}
    element = _struct("Element", document.fields, nested, identifier)
    return element | None if document.kind == "object" else list[element] | None  # type: ignore[valid-type]


def _struct(
    name: str,
    fields: Mapping[str, str],
    others: Mapping[str, Any],
    required: Mapping[str, Any] | None = None,
) -> type[msgspec.Struct]:
    """A struct whose fields have the types of their formats.

    Args:
        name: of the struct.
        fields: format by path; a path such as `data.value` is a field of an object.
        others: further optional fields, with their types.
        required: fields that are never absent.
    """
    inner: dict[str, dict[str, str]] = {}
    types: dict[str, Any] = {}
    for path, format in fields.items():
        key, _, rest = path.partition(".")
        if rest:
            inner.setdefault(key, {})[rest] = format
        elif format != "json":
            types[key] = _TYPES[format]
    for key, of_object in inner.items():
        types[key] = _struct("Object", of_object, {}) | None
    keys = {**types, **others}
    return msgspec.defstruct(
        name,
        [(_attribute(key), type) for key, type in (required or {}).items()]
        + [(_attribute(key), type, UNSET if key in others else None) for key, type in keys.items()],
        rename={_attribute(key): key for key in {**keys, **(required or {})}},
        gc=False,
    )


def _attribute(key: str) -> str:
    """A name for a field of a struct: a key may be no name in Python, such as `in` or `a-b`."""
    return f"key_{key.encode().hex()}"
