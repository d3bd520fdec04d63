"""The HTTP client of the Sportmonks API: one request in, one answer or one typed error out."""

import math
import re
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import count
from typing import Any
from urllib.parse import unquote

import msgspec
import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential_jitter,
)

from extract.errors import (
    TOKEN_VARIABLE,
    AccessError,
    DownError,
    QuotaError,
    RefusedError,
    RequestError,
    StoppedError,
    TokenError,
    UnavailableError,
)
from extract.quota import QuotaGovernor, QuotaReport
from extract.settings import Settings

_LONGEST_BACKOFF = 60.0
# Requests that fail on all their tries, one after the other, until the API counts as down. Halving
# a batch of 50 around one poisoned fixture fails at most 7 times in a row.
_FAILURES_UNTIL_DOWN = 10
_NOTHING_FOUND = "no result(s) found"
# The API's own error codes (Sportmonks docs, include and other exceptions).
_INCLUDE_CODES = {5000, 5001, 5002, 5008, 5013}
# Largest page of a list with `filters=populate`, which turns includes off (Sportmonks docs).
POPULATE_PAGE = 1000
_LIST_PAGE = 50


class _Envelope(msgspec.Struct):
    data: msgspec.Raw = msgspec.Raw(b"null")
    message: Any = None
    code: Any = None
    pagination: Any = None
    rate_limit: Any = None


@dataclass(frozen=True)
class Answer:
    """A usable answer of the API.

    Attributes:
        rows: the objects under `data`, each as the exact bytes that were sent. Empty when the API
            found nothing, in whichever of its ways it says so.
        pagination: the answer's `pagination` object, empty where there is none.
        received_at: when the answer had arrived.
    """

    rows: list[msgspec.Raw]
    pagination: Mapping[str, Any]
    received_at: datetime


@dataclass
class ApiCall:
    """One HTTP request, as the table `api_calls` keeps it. Times in seconds, size in bytes."""

    number: int
    called_at: datetime
    endpoint: str
    ids_requested: int | None
    attempt: int
    rows_returned: int | None = None
    status: int | None = None
    seconds: float = 0.0
    bytes: int = 0
    quota_limit: int | None = None
    quota_remaining: int | None = None
    quota_resets_in: int | None = None
    waited_seconds: float = 0.0


class _TokenAuth(AuthBase):
    """Puts the token in its header; being an `auth`, it keeps a stray .netrc from replacing it."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = self._token
        return request


@dataclass
class _Tries:
    """What the tries of one request share."""

    attempt: int = 0
    waited: float = field(default=0.0)


class SportmonksClient:
    """Asks the API under its quota, retries what is worth a retry, and keeps a record of each call.

    The token travels in the `Authorization` header only, and never to another host. Safe for
    several threads.

    Attributes:
        governor: says when the next request may be sent.
        calls_left: how many more requests may be sent at all.
        down: why no further request is sent, once too many failed in a row.
        stopped: why no further request is sent, once `stop` was called.

    Args:
        settings: address, token, time-out, tries and reserve.
        governor: shared by everything that uses the same token; one of its own by default.
    """

    def __init__(self, settings: Settings, governor: QuotaGovernor | None = None) -> None:
        self.governor = governor or QuotaGovernor(settings.quota_reserve)
        self._settings = settings
        self._base_url = settings.base_url.rstrip("/")
        self._session = requests.Session()
        self._session.auth = _TokenAuth(settings.api_token.strip())
        self._session.headers.update(
            {
                "Accept": "application/json",
                "Accept-Encoding": "gzip",
                "User-Agent": "sportmonks-warehouse",
            }
        )
        adapter = HTTPAdapter(pool_maxsize=settings.requests_in_flight)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)
        self._backoff = wait_exponential_jitter(
            multiplier=settings.backoff, max=_LONGEST_BACKOFF, jitter=settings.backoff
        )
        self._numbers = count(1)
        self._calls: list[ApiCall] = []
        self._calls_lock = threading.Lock()
        self._stopping = threading.Event()
        self._failures_in_a_row = 0
        self.calls_left = math.inf
        self.down: DownError | None = None
        self.stopped: str | None = None

    def get(
        self,
        endpoint: str,
        path: str = "",
        params: Mapping[str, str] | None = None,
        ids_requested: int | None = None,
    ) -> Answer:
        """Asks for one resource, with retries.

        Args:
            endpoint: the part of the path that names what is asked, such as
                `football/fixtures/multi`; it is what `api_calls` records.
            path: the rest of the path, such as `/19146701,19146702`.
            params: query parameters, without the token.
            ids_requested: number of ids in the path, for the record.

        Raises:
            AccessError: the token or an include is refused.
            RefusedError: the API refuses this request.
            QuotaError: 429 on every try.
            UnavailableError: no usable answer on any try.
            DownError: the last requests failed one after the other; nothing was sent.
            StoppedError: `stop` was called, or `calls_left` are used up.
        """
        tries = _Tries()

        def send() -> Answer:
            tries.attempt += 1
            return self._send(endpoint, path, params or {}, ids_requested, tries)

        retrying = Retrying(
            stop=stop_after_attempt(self._settings.tries),
            wait=self._delay_before_retry,
            retry=retry_if_exception_type((QuotaError, UnavailableError)),
            sleep=lambda seconds: self._sleep(seconds, tries),
            reraise=True,
        )
        if self.down:
            raise self.down
        try:
            answer = retrying(send)
        except UnavailableError as error:
            self._failures_in_a_row += 1
            if self._failures_in_a_row >= _FAILURES_UNTIL_DOWN:
                self.down = DownError(
                    f"The API is down: {self._failures_in_a_row} requests failed in a row. "
                    f"The last one: {error}"
                )
            raise
        self._failures_in_a_row = 0
        return answer

    def pages(self, endpoint: str, params: Mapping[str, str] | None = None) -> Iterator[Answer]:
        """Asks for every page of a list, whichever form of pagination the API uses.

        With the filter `populate`, pages have 1,000 rows instead of 50, and no includes.

        Args:
            endpoint: path of the list, such as `football/seasons`.
            params: query parameters of the first page.
        """
        query = dict(params or {})
        populate = "populate" in query.get("filters", "").split(";")
        query["per_page"] = str(POPULATE_PAGE if populate else _LIST_PAGE)
        page = 1
        while True:
            answer = self.get(endpoint, params=query)
            yield answer
            if not answer.pagination.get("has_more"):
                return
            cursor = answer.pagination.get("next_cursor")
            if cursor:
                # A cursor knows its filters and page size, and the API refuses both beside it.
                query = {"cursor": _cursor_token(str(cursor))}
            else:
                page += 1
                query["page"] = str(page)

    def drain_calls(self) -> list[ApiCall]:
        """Hands over the record of the calls made since the last time it was asked for."""
        with self._calls_lock:
            calls, self._calls = self._calls, []
        return calls

    def stop(self, reason: str) -> None:
        """Sends no further request; waits and retries of every thread end with StoppedError."""
        self.stopped = self.stopped or reason
        self._stopping.set()
        self.governor.stop()

    def _send(
        self,
        endpoint: str,
        path: str,
        params: Mapping[str, str],
        ids_requested: int | None,
        tries: _Tries,
    ) -> Answer:
        resource = "/".join(endpoint.split("/")[:2])
        self._take_call()
        waited = tries.waited + self.governor.acquire(resource)
        tries.waited = 0.0
        call = ApiCall(
            next(self._numbers),
            datetime.now(UTC),
            endpoint,
            ids_requested,
            tries.attempt,
            waited_seconds=waited,
        )
        started = time.monotonic()
        envelope = _Envelope()
        quota = QuotaReport()
        try:
            response = self._request(f"{self._base_url}/{endpoint}{path}", params)
            call.status, call.bytes = response.status_code, response.raw.tell()
            envelope, broken = _decode(response)
            quota = _quota_report(response, envelope)
            if error := _classify(response, envelope, broken):
                raise error
            rows = _rows(envelope)
            call.rows_returned = len(rows)
        finally:
            call.seconds = time.monotonic() - started
            call.quota_limit, call.quota_remaining = quota.limit, quota.remaining
            call.quota_resets_in = quota.resets_in
            self.governor.release(resource, quota)
            if call.status == 429:
                self._pause(resource, response, quota, tries.attempt)
            with self._calls_lock:
                self._calls.append(call)
        pagination = envelope.pagination if isinstance(envelope.pagination, dict) else {}
        return Answer(rows, pagination, datetime.now(UTC))

    def _take_call(self) -> None:
        with self._calls_lock:
            self.calls_left -= 1
            used_up = self.calls_left < 0
        if used_up:
            # Not `stop`: those that have taken their call may make it.
            self.stopped = self.stopped or "all calls that --max-calls allows are made"
            raise StoppedError(self.stopped)

    def _request(self, url: str, params: Mapping[str, str]) -> requests.Response:
        try:
            # A redirect would carry the token to wherever it points.
            return self._session.get(
                url, params=params, timeout=self._settings.timeout, allow_redirects=False
            )
        except requests.Timeout as error:
            raise UnavailableError(
                f"No answer within {self._settings.timeout:g} s from {self._base_url}."
            ) from error
        except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema) as error:
            raise RefusedError(f"base_url {self._base_url!r} is no address.") from error
        except requests.exceptions.ContentDecodingError as error:
            raise UnavailableError("The answer's compression is broken.") from error
        except requests.RequestException as error:
            raise UnavailableError(
                f"Connection to {self._base_url} failed: {_reason(error)}."
            ) from error

    def _pause(
        self, resource: str, response: requests.Response, quota: QuotaReport, attempt: int
    ) -> None:
        seconds = _retry_after(response)
        if seconds is None and quota.remaining == 0 and quota.resets_in is not None:
            seconds = float(quota.resets_in)
        if seconds is None:
            seconds = self._settings.backoff * 2 ** (attempt - 1)
        self.governor.pause(resource, seconds)

    def _delay_before_retry(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, QuotaError):
            return 0  # the governor already makes everyone wait
        asked = error.retry_after if isinstance(error, UnavailableError) else None
        return max(self._backoff(state), asked or 0.0)

    def _sleep(self, seconds: float, tries: _Tries) -> None:
        tries.waited += seconds
        if self._stopping.wait(seconds):
            raise StoppedError(self.stopped)


def _decode(response: requests.Response) -> tuple[_Envelope, str | None]:
    """The answer's envelope, and what is wrong with its body if it is none."""
    try:
        return msgspec.json.decode(response.content, type=_Envelope), None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        kind = response.headers.get("Content-Type", "no content type").split(";")[0]
        return _Envelope(), f"The answer is no JSON object ({kind}; {error})."


def _classify(
    response: requests.Response, envelope: _Envelope, broken: str | None
) -> RequestError | None:
    """The error that a response stands for, or None if it is an answer."""
    status = response.status_code
    message = envelope.message if isinstance(envelope.message, str) else ""
    said = f"HTTP {status}" + (f": {message.rstrip('.')}" if message else "")
    if status == 401 or "unauthenticated" in message.lower():
        return TokenError(
            f"The API does not accept the token ({said}): check {TOKEN_VARIABLE} or "
            ".dlt/secrets.toml against my.sportmonks.com.",
            status,
        )
    if status == 429:
        return QuotaError(f"The quota is used up ({said}).", _retry_after(response))
    if envelope.code in _INCLUDE_CODES and "include=" in str(response.request.url):
        return AccessError(
            f"The API refuses an include ({said}): change `include` in .dlt/config.toml.", status
        )
    if status == 403:
        return AccessError(f"The plan gives no access ({said}).", status)
    if status == 404 and _NOTHING_FOUND in message.lower():
        return None
    if status >= 500 or status in (408, 425):
        return UnavailableError(f"The API fails ({said}).", status, _retry_after(response))
    if 300 <= status < 400:
        target = re.sub(r"[?#].*", "", response.headers.get("Location", "nowhere"))
        return RefusedError(
            f"The API redirects to {target} (HTTP {status}); the token is not sent there. "
            "If that is the right address, set base_url to it.",
            status,
        )
    if status >= 400:
        return RefusedError(f"The API refuses the request ({said}).", status)
    return UnavailableError(broken, status) if broken else None


def _rows(envelope: _Envelope) -> list[msgspec.Raw]:
    data = bytes(envelope.data).lstrip()
    if data.startswith(b"["):
        return msgspec.json.decode(data, type=list[msgspec.Raw])
    return [msgspec.Raw(data)] if data.startswith(b"{") else []


def _quota_report(response: requests.Response, envelope: _Envelope) -> QuotaReport:
    """The stricter of what headers and body say."""
    body_remaining = _whole(_field(envelope.rate_limit, "remaining"))
    header_remaining = _whole(response.headers.get("x-ratelimit-remaining"))
    remaining = [n for n in (body_remaining, header_remaining) if n is not None]
    entity = _field(envelope.rate_limit, "requested_entity")
    return QuotaReport(
        entity=entity if isinstance(entity, str) else None,
        limit=_whole(response.headers.get("x-ratelimit-limit")),
        remaining=min(remaining) if remaining else None,
        resets_in=_whole(_field(envelope.rate_limit, "resets_in_seconds")),
    )


def _retry_after(response: requests.Response) -> float | None:
    """Seconds to wait by the `Retry-After` header, which holds seconds or a date."""
    value = response.headers.get("Retry-After")
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        then = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (then - datetime.now(UTC)).total_seconds())


def _cursor_token(cursor: str) -> str:
    """The token of a `next_cursor`, which is sent bare or as the URL of the next page."""
    found = re.search(r"[?&]cursor=([^&]+)", cursor)
    return unquote(found.group(1)) if found else cursor


def _field(container: Any, key: str) -> Any:
    return container.get(key) if isinstance(container, dict) else None


def _whole(value: Any) -> int | None:
    try:
        return max(0, int(value))
    except (TypeError, ValueError, OverflowError):
        return None


def _reason(error: requests.RequestException) -> str:
    """The innermost cause of a connection error, without the object dumps around it."""
    cause: BaseException = error
    while inner := (cause.__cause__ or cause.__context__ or getattr(cause, "reason", None)):
        if not isinstance(inner, BaseException):
            break
        cause = inner
    return (getattr(cause, "strerror", None) or str(cause).split(": ")[-1]).rstrip(".")
