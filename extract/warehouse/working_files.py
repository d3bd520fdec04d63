"""Finds damaged or missing working files of dlt, for example after a power failure."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

# dlt writes it last, and checks only whether it exists.
_NEVER_READ = "package_completed.json"
_NORMALIZED = "load/normalized"


def find_damaged_file(folder: Path) -> Path | None:
    """Finds a file that dlt cannot read, or would load only in part.

    Args:
        folder: the working folder of one dlt pipeline. It may be missing.

    Returns:
        The first damaged file, None if every file is whole.

    Raises:
        OSError: a file cannot be read at all.
    """
    return next((path for path in _files_in_use(folder) if not _is_whole(path)), None)


def _files_in_use(folder: Path) -> Iterator[Path]:
    """The files that dlt reads when it starts, and those of packages that are not loaded yet.

    They include files that dlt needs and that are missing.
    """
    state = folder / "state.json"
    if state.exists():
        yield state
        # Only if the state is whole.
        for name in json.loads(state.read_bytes()).get("schema_names", []):
            yield folder / "schemas" / f"{name}.schema.json"
    yield from folder.glob("*/.version")
    for packages in ("normalize/extracted", _NORMALIZED):
        for package in (folder / packages).glob("*/"):
            # After a kill, parts of a package may remain that is normalized already.
            if packages != _NORMALIZED and (folder / _NORMALIZED / package.name).exists():
                continue
            yield package / "schema.json"
            # Not the markers in other folders, which have the names of jobs and may be empty.
            for part in ("*.json", "*_jobs/*", ".restore/**/*.json"):
                yield from package.glob(part)


def _is_whole(path: Path) -> bool:
    check = _CHECKS.get(path.suffix or path.name)
    if check is None or path.name == _NEVER_READ:
        return True
    try:
        return check(path)
    except (ValueError, pa.ArrowException, FileNotFoundError):
        return False


def _is_whole_json(path: Path) -> bool:
    return isinstance(json.loads(path.read_bytes()), dict)


def _is_whole_jsonl(path: Path) -> bool:
    lines = path.read_bytes().splitlines()
    return bool([json.loads(line) for line in lines])


def _is_whole_parquet(path: Path) -> bool:
    pq.read_table(path)
    return True


def _is_whole_csv(path: Path) -> bool:
    """Whether the last line is complete. A quote in a value is doubled, so the number is even."""
    content = path.read_bytes()
    return content.endswith(b"\n") and content.count(b'"') % 2 == 0


def _is_whole_version(path: Path) -> bool:
    return bool(re.fullmatch(rb"\d+\.\d+\.\d+", path.read_bytes().strip()))


_CHECKS: dict[str, Callable[[Path], bool]] = {
    ".json": _is_whole_json,
    ".jsonl": _is_whole_jsonl,
    ".typed-jsonl": _is_whole_jsonl,
    ".parquet": _is_whole_parquet,
    ".csv": _is_whole_csv,
    ".version": _is_whole_version,
}
