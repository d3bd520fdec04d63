"""Reference data: types, states, leagues and seasons."""

from collections.abc import Iterable

import msgspec

from extract.api.responses import reading_rows
from extract.payload.fixture import as_int64
from extract.payload.storable_json import to_storable_json


def reference_payloads(rows: Iterable[msgspec.Raw]) -> dict[int, str]:
    """The JSON of each row that has an id, by its id."""
    payloads: dict[int, str] = {}
    with reading_rows():
        for row in rows:
            payload = to_storable_json(bytes(row))
            content = msgspec.json.decode(payload)
            id = as_int64(content.get("id")) if isinstance(content, dict) else None
            if id is not None:
                payloads[id] = payload
    return payloads
