"""Reads the selection of fixtures from the options of a command."""

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from extract.errors import ArgumentError

if TYPE_CHECKING:
    from extract.planning.selection import Selection


def read_selection(
    fixture_ids: str | None,
    ids_file: str | None,
    league_id: int | None,
    season_id: int | None,
    seasons: str | None,
    since: str | None,
    until: str | None,
    force: bool,
) -> "Selection":
    """The selection that the options of a command describe.

    Raises:
        ArgumentError: options contradict each other, or a value is invalid.
    """
    from extract.planning.selection import Selection, parse_seasons, parse_window

    if season_id is not None and seasons is not None:
        raise ArgumentError("Give either --season-id or --seasons.")
    if fixture_ids is not None and ids_file is not None:
        raise ArgumentError("Give either --fixture-ids or --ids-file.")
    chosen = (season_id,) if season_id is not None else None
    return Selection(
        fixture_ids=_fixture_ids(fixture_ids, ids_file),
        league_id=league_id,
        seasons=parse_seasons(seasons) if seasons is not None else chosen,
        window=parse_window(since, until),
        force=force,
    )


def _fixture_ids(listed: str | None, file: str | None) -> list[int] | None:
    """The ids from the option or the file; None without either."""
    if listed is not None:
        return _parse_ids(listed, "--fixture-ids")
    if file is None:
        return None
    where = "Standard input" if file == "-" else file
    try:
        if file == "-":
            text = sys.stdin.read().removeprefix("\ufeff")
        else:
            text = Path(file).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ArgumentError(f"{where} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ArgumentError(f"{where} is not a text file.") from error
    return _parse_ids(text, where, is_file=True)


def _parse_ids(text: str, where: str, is_file: bool = False) -> list[int]:
    ids = []
    for number, line in enumerate(text.splitlines(), start=1):
        for word in filter(None, re.split(r"[\s,;]+", line)):
            if not re.fullmatch(r"[0-9]{1,18}", word) or int(word) == 0:
                # A file given by mistake may contain a secret.
                shown = "a hidden value" if is_file else repr(word)
                raise ArgumentError(f"{where}, line {number}: {shown} is not a fixture id.")
            ids.append(int(word))
    if not ids:
        raise ArgumentError(f"{where} contains no fixture id.")
    return ids
