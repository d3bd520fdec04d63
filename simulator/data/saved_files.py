"""Files of saved responses, and the objects in them.

The kind of an object follows from its keys, never from the file's name.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from simulator.data.lossless_json import load_lossless
from simulator.data.source import Row

_SUFFIXES = (".json", ".jsonl", ".ndjson")
_LINES = (".jsonl", ".ndjson")
_FIXTURE_KEYS = {
    "events", "statistics", "scores", "periods", "participants", "lineups", "result_info", "leg"
}  # fmt: skip
"""Keys that identify a fixture among objects with a `season_id`."""


class ReplayError(ValueError):
    """The directory cannot be replayed; the message says why."""


# ---------------------------------------------------------------------- kinds of objects


def kind_of(row: Row) -> str | None:
    """Return the kind of an object by its keys, or None.

    The kinds are `fixture`, `season`, `league`, `state`, `type`, `standing` and `topscorer`.

    Seasons, stages and rounds also have a `starting_at`, but an end as well. Child rows of a
    fixture have a `fixture_id`.
    """
    identifier = row.get("id")
    if not isinstance(identifier, int) or isinstance(identifier, bool):
        return None
    keys = row.keys()
    if "developer_name" in keys:
        if "model_type" in keys or "stat_group" in keys:
            return "type"
        return "state" if "state" in keys or "short_name" in keys else None
    if "fixture_id" in keys:
        return None
    if {"season_id", "position"} <= keys:
        if {"participant_id", "points"} <= keys:
            return "standing"
        return "topscorer" if {"player_id", "type_id", "total"} <= keys else None
    if "state_id" in keys or "starting_at_timestamp" in keys:
        return "fixture"
    has_end = not keys.isdisjoint({"ending_at", "is_current", "finished"})
    if "starting_at" in keys and not has_end:
        return "fixture"
    if "season_id" in keys and not has_end and not keys.isdisjoint(_FIXTURE_KEYS):
        return "fixture"
    if has_end:
        return "season" if "league_id" in keys and "season_id" not in keys else None
    if "gender" not in keys and not keys.isdisjoint({"sub_type", "has_jerseys"}):
        return "league"
    return None


def find_objects(content: Any, inside_fixture: bool = False) -> Iterator[tuple[str, Row, bool]]:
    """Yield the kind of each object in some JSON, the object, and whether a fixture contains it."""
    if isinstance(content, list):
        for item in content:
            yield from find_objects(item, inside_fixture)
    elif isinstance(content, dict):
        kind = kind_of(content)
        if kind is not None:
            yield kind, content, inside_fixture
        for value in content.values():
            if isinstance(value, (list, dict)):
                yield from find_objects(value, inside_fixture or kind == "fixture")


# ---------------------------------------------------------------------- files


def is_data_file(path: Path) -> bool:
    """Return whether this is a file of JSON or JSON lines, gzipped or not."""
    name = path.name.lower().removesuffix(".gz")
    return path.is_file() and name.endswith(_SUFFIXES)


def read_documents(path: Path) -> Iterator[Any]:
    """Yield the JSON documents of a file.

    Raises:
        ReplayError: The file cannot be read.
    """
    try:
        content = path.read_bytes()
        if path.name.lower().endswith(".gz"):
            content = gzip.decompress(content)
        text = content.decode("utf-8-sig")
        if path.name.lower().removesuffix(".gz").endswith(_LINES):
            # Not splitlines(): JSON strings may contain the other line separators of Unicode.
            for line in text.split("\n"):
                if line.strip():
                    yield load_lossless(line)
        else:
            yield load_lossless(text.strip())
    except (OSError, EOFError, zlib.error, ValueError, RecursionError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ReplayError(f"unreadable JSON in {path}: {reason}") from None
