"""Reads the API's responses: envelope, rows, quota and headers."""

import codecs
import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import unquote

import msgspec
import requests

from extract.api.clock import LONGEST_AGE
from extract.errors import UnavailableError
from extract.quota.window import QuotaReport

# Longest `Retry-After` in seconds: a quota window.
_LONGEST_RETRY_AFTER = 3600.0
MEGABYTE = 10**6
# Larger numbers of calls and longer windows, in seconds, are invalid, and so are other entities.
_LARGEST = 2**31 - 1
_LONGEST_WINDOW = 24 * 3600
_ENTITY = re.compile(r"\w{1,64}")
# Bytes that are decoded together.
_PART = 65_536


class Envelope(msgspec.Struct):
    """The members of a response's JSON object; `data` stays undecoded."""

    data: msgspec.Raw = msgspec.Raw(b"null")
    message: Any = None
    code: Any = None
    pagination: Any = None
    rate_limit: Any = None


@dataclass(frozen=True)
class Answer:
    """A usable response of the API.

    Attributes:
        rows: the objects under `data`, each as the exact bytes that were sent. Empty if the API
            found nothing, in whichever form it reports that.
        pagination: the `pagination` object; empty without one.
        size: bytes of its JSON, uncompressed.
        received_at: when the response arrived, by the API's clock; if a cache had kept it, when
            the cache received it.
    """

    rows: list[msgspec.Raw]
    pagination: Mapping[str, Any]
    received_at: datetime
    size: int = 0


@contextmanager
def reading_rows() -> Iterator[None]:
    """Turns JSON errors of rows into an error of the response.

    Raises:
        UnavailableError: the JSON of a row is invalid.
    """
    try:
        yield
    except msgspec.MsgspecError as error:
        raise UnavailableError(f"A row's JSON is broken ({error}).") from error


@dataclass
class ApiCall:
    """One HTTP request, as the table `api_calls` keeps it. Times in seconds, sizes in bytes."""

    call_number: int
    called_at: datetime
    endpoint: str
    ids_requested: int | None
    attempt: int
    rows_returned: int | None = None
    status: int | None = None
    seconds: float = 0.0
    bytes: int = 0
    json_bytes: int = 0
    include: str | None = None
    error: str | None = None
    quota_limit: int | None = None
    quota_remaining: int | None = None
    quota_resets_in: int | None = None
    waited_seconds: float = 0.0

    def describe(self) -> str:
        """One line about the request."""
        ids = f"{self.ids_requested} ids, " if self.ids_requested else ""
        return (
            f"{self.called_at.astimezone():%H:%M:%S} {self.endpoint}: {ids}"
            f"{self.rows_returned or 0} rows, status {self.status}, {self.seconds:.2f} s, "
            f"{self.bytes:,} bytes"
        )


def read_envelope(response: requests.Response, body: bytearray) -> tuple[Envelope, str | None]:
    """The envelope of a response, and what is wrong with its body, if anything."""
    try:
        # The decoder does not check the bytes of `data`.
        _check_utf8(body)
        return msgspec.json.decode(body, type=Envelope), None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        kind = response.headers.get("Content-Type", "no content type").split(";")[0]
        return Envelope(), f"The response is not a JSON object ({kind}; {error})."


def _check_utf8(body: bytearray) -> None:
    """Checks bytes part by part: decoded as a whole, they take up to four times the memory.

    Small parts also take half the time of a megabyte.

    Raises:
        UnicodeDecodeError: the bytes are not UTF-8.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    view = memoryview(body)
    for start in range(0, len(body), _PART):
        decoder.decode(view[start : start + _PART])
    decoder.decode(b"", final=True)


def read_rows(envelope: Envelope) -> list[msgspec.Raw]:
    """The objects under `data`: a list, or a single one. Empty for any other value."""
    data = bytes(envelope.data).lstrip()
    if data.startswith(b"["):
        return msgspec.json.decode(data, type=list[msgspec.Raw])
    if not data.startswith(b"{"):
        return []
    members = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
    # PHP writes a list that has gaps as an object with the indexes as keys.
    if members and all(key.isdecimal() for key in members):
        return list(members.values())
    return [msgspec.Raw(data)]


class _WithId(msgspec.Struct):
    id: int


def row_identity(row: msgspec.Raw) -> int | bytes:
    """The id of a row, or all its bytes if it has none."""
    try:
        return msgspec.json.decode(row, type=_WithId).id
    except msgspec.MsgspecError:
        return bytes(row)


def read_quota(response: requests.Response, envelope: Envelope) -> QuotaReport:
    """The quota by headers and body; of two numbers of calls left, the smaller one."""
    body_remaining = _whole(_field(envelope.rate_limit, "remaining"))
    header_remaining = _whole(response.headers.get("x-ratelimit-remaining"))
    remaining = [n for n in (body_remaining, header_remaining) if n is not None]
    entity = _field(envelope.rate_limit, "requested_entity")
    resets_in = _whole(_field(envelope.rate_limit, "resets_in_seconds"))
    return QuotaReport(
        entity=entity if isinstance(entity, str) and _ENTITY.fullmatch(entity) else None,
        limit=_whole(response.headers.get("x-ratelimit-limit")),
        remaining=min(remaining) if remaining else None,
        resets_in=None if resets_in is None else min(resets_in, _LONGEST_WINDOW),
        is_success=response.status_code == 200,
    )


def retry_after(response: requests.Response) -> float | None:
    """The `Retry-After` header in seconds; it may contain seconds or a date."""
    value = response.headers.get("Retry-After")
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        then = read_date(value)
        if then is None:
            return None
        # By the server's clock: that of this host may be wrong.
        now = read_date(response.headers.get("Date", "")) or datetime.now(UTC)
        seconds = (then - now).total_seconds()
    return min(max(0.0, seconds), _LONGEST_RETRY_AFTER) if math.isfinite(seconds) else None


def read_age(response: requests.Response) -> int:
    """The `Age` header: seconds that a cache had kept the response."""
    return min(_whole(response.headers.get("Age")) or 0, LONGEST_AGE)


def read_date(text: str) -> datetime | None:
    """A date of an HTTP header; None if it is invalid."""
    try:
        then = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return then if then.tzinfo else then.replace(tzinfo=UTC)


def cursor_token(cursor: str) -> str:
    """The token in a `next_cursor`, which is the token itself or the URL of the next page."""
    found = re.search(r"[?&]cursor=([^&]+)", cursor)
    return unquote(found.group(1)) if found else cursor


def _field(container: Any, key: str) -> Any:
    return container.get(key) if isinstance(container, dict) else None


def _whole(value: Any) -> int | None:
    try:
        number = max(0, int(value))
    except (TypeError, ValueError, OverflowError):
        return None
    return number if number <= _LARGEST else None
