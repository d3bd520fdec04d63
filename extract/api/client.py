"""The HTTP client of the Sportmonks API: one request in, one answer or one typed error out."""

import math
import re
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from itertools import count
from urllib.parse import quote

import requests
from tenacity import RetryCallState, Retrying, retry_if_exception, wait_exponential_jitter
from urllib3 import Timeout
from urllib3.exceptions import HTTPError
from urllib3.exceptions import TimeoutError as UrllibTimeoutError

from extract.api.circuit_breaker import CircuitBreaker
from extract.api.clock import ApiClock
from extract.api.deadline import DeadlineAdapter, TooLargeError, read_body
from extract.api.error_policy import POLICIES, RawResponse, failure
from extract.api.responses import (
    MEGABYTE,
    Answer,
    ApiCall,
    Envelope,
    cursor_token,
    read_age,
    read_date,
    read_envelope,
    read_quota,
    read_rows,
    retry_after,
    row_identity,
)
from extract.api.transport import ApiRequest, ApiSession, TokenAuth, connection_error
from extract.config.settings import Settings
from extract.errors import (
    DownError,
    QuotaError,
    RefusedError,
    RequestError,
    StoppedError,
    UnavailableError,
)
from extract.progress import Progress
from extract.quota.rate_limiter import Permit, RateLimiter
from extract.quota.window import QuotaReport, QuotaStore

_LONGEST_BACKOFF = 60.0
_LONGEST_RETRY_AFTER_FAILURE = 300.0
# A 429 says nothing against the request itself, and all wait meanwhile.
_TRIES_AGAINST_QUOTA = 10
# Largest page of a list with `filters=populate`, which turns includes off (Sportmonks docs).
POPULATE_PAGE = 1000
_LIST_PAGE = 50
# Page numbers end at 20,000 rows, which are 401 pages of 50; cursors have no such end. The longest
# list, the seasons of a plan with every league, has some 600 pages.
_MOST_PAGES = 2_000
# Looks in a row that found only other endpoints to be well, until the API counts as down.
_MAX_INCONCLUSIVE_PROBES = 10


# Asked for when a list fails and nothing was answered yet. Every plan has it.
_NEUTRAL = ApiRequest("football/states", {}, ())


@dataclass
class _Tries:
    """What the tries of one request share."""

    attempt: int = 0
    failures: int = 0
    refusals: int = 0
    waited: float = 0.0


class SportmonksClient:
    """Asks the API under its quota, retries what is worth a retry, and keeps a record of each call.

    The token travels in the `Authorization` header only, and never to another host. Safe for
    several threads.

    Attributes:
        rate_limiter: says when the next request may be sent.
        calls_left: how many more requests may be sent at all.
        stopped: why no further request is sent, once `stop` was called.
        refusal: why the API refuses all of them, once it does.
        clock: the API's, by its answers.
        on_call: told of each request when it has ended, from several threads.
        on_trouble: told, in a line, when the API does not answer and is looked at again later.

    Args:
        settings: address, token, time-out, tries and reserve.
        store: what is known of the token's quota; by default only what this client learns.
    """

    def __init__(self, settings: Settings, store: QuotaStore | None = None) -> None:
        self.rate_limiter = RateLimiter(
            settings.requests_in_flight,
            settings.quota_reserve,
            # The look-up of the host's name is not part of the time-out.
            2 * settings.timeout + 5,
            store,
        )
        self._settings = settings
        self._base_url = settings.base_url.rstrip("/")
        self._token = settings.api_token.strip()
        self._session = ApiSession()
        self._session.auth = TokenAuth(self._token)
        self._session.headers.update(
            {
                "Accept": "application/json",
                "Accept-Encoding": "gzip",
                "User-Agent": "sportmonks-warehouse",
            }
        )
        adapter = DeadlineAdapter(pool_maxsize=settings.requests_in_flight)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)
        self._backoff = wait_exponential_jitter(
            multiplier=settings.backoff, max=_LONGEST_BACKOFF, jitter=settings.backoff
        )
        self._breaker = CircuitBreaker(settings.backoff, self._sleep, self._say_that_it_is_away)
        # A request that was answered, by endpoint: when others fail, it tells whether they are
        # poisoned or the API is down.
        self._answered: dict[str, ApiRequest] = {}
        self._inconclusive_probes = 0
        self._numbers = count(1)
        self._calls: list[ApiCall] = []
        self._calls_lock = threading.Lock()
        self._stopping = threading.Event()
        self.calls_left = math.inf
        self.stopped: str | None = None
        self.refusal: str | None = None
        self.clock = ApiClock()
        self.on_call: Callable[[ApiCall], None] | None = None
        self.on_trouble: Callable[[str], None] | None = None

    @property
    def down(self) -> DownError | None:
        """Why no further request is sent, once too many failed in a row."""
        return self._breaker.down

    def get(
        self, endpoint: str, params: Mapping[str, str] | None = None, ids: Sequence[int] = ()
    ) -> Answer:
        """Asks for one resource, with retries.

        Args:
            endpoint: path of the resource, such as `football/fixtures/multi`; it is what
                `api_calls` records.
            params: query parameters, without the token.
            ids: what comes after it in the path, separated by commas.

        Raises:
            AccessError: the token or an include is refused.
            RefusedError: the API refuses this request.
            QuotaError: 429 on every try.
            UnavailableError: no usable answer on any try.
            DownError: the API is down; nothing was sent.
            StoppedError: `stop` was called, or `calls_left` are used up.
        """
        request = ApiRequest(endpoint, params or {}, ids)
        try:
            return self._try(request)
        except UnavailableError:
            if not ids:
                # A list cannot be asked for in parts: perhaps the API is away.
                self._breaker.open()
            if not self._breaker.is_open:
                raise
        # While the API was away nothing was said about this request.
        return self._try(request)

    def get_once(self, endpoint: str, params: Mapping[str, str]) -> Answer:
        """The same without retries, for somebody who wants to know how the API is now."""
        return self._send(ApiRequest(endpoint, params, ()), _Tries())

    def pages(self, endpoint: str, params: Mapping[str, str] | None = None) -> Iterator[Answer]:
        """Asks for every page of a list, whichever form of pagination the API uses.

        With the filter `populate`, pages have 1,000 rows instead of 50, and no includes.

        Args:
            endpoint: path of the list, such as `football/seasons`.
            params: query parameters of the first page.

        Raises:
            UnavailableError: the list does not end, besides what `get` raises.
        """
        query = dict(params or {})
        populate = "populate" in query.get("filters", "").split(";")
        query["per_page"] = str(POPULATE_PAGE if populate else _LIST_PAGE)
        cursors: set[str] = set()
        rows: set[int | bytes] = set()
        for page in range(1, _MOST_PAGES + 1):
            answer = self.get(endpoint, params=query)
            yield answer
            if answer.pagination.get("has_more") is not True or not answer.rows:
                return
            known = len(rows)
            rows.update(map(row_identity, answer.rows))
            if len(rows) == known:
                raise _endless(endpoint, f"page {page} has no row that earlier pages did not have")
            cursor = answer.pagination.get("next_cursor")
            if not cursor:
                query["page"] = str(page + 1)
                continue
            # A cursor knows its filters and page size, and the API refuses both beside it.
            query = {"cursor": cursor_token(str(cursor))}
            if query["cursor"] in cursors:
                raise _endless(endpoint, f"page {page} points back to an earlier page")
            cursors.add(query["cursor"])
        raise _endless(endpoint, f"page {_MOST_PAGES:,} is not the last one")

    def drain_calls(self) -> list[ApiCall]:
        """Hands over the record of the calls made since the last time it was asked for."""
        with self._calls_lock:
            calls, self._calls = self._calls, []
        return calls

    def report_to(self, progress: Progress) -> None:
        """Reports waits, problems and every request from now on."""

        def on_call(call: ApiCall) -> None:
            progress.request_finished(call.describe(), call.rows_returned or 0, asdict(call))

        self.rate_limiter.on_wait = progress.waiting
        self.rate_limiter.on_slow_down = progress.slowing_down
        self.on_trouble = progress.warning
        self.on_call = on_call

    def stop(self, reason: str) -> None:
        """Sends no further request; waits and retries of every thread end with StoppedError."""
        self.stopped = self.stopped or reason
        self._stopping.set()
        self.rate_limiter.stop()

    def _try(self, request: ApiRequest) -> Answer:
        tries = _Tries()
        retrying = Retrying(
            stop=lambda _: (
                tries.failures >= self._settings.tries or tries.refusals >= _TRIES_AGAINST_QUOTA
            ),
            wait=self._delay_before_retry,
            retry=retry_if_exception(
                lambda error: isinstance(error, RequestError) and POLICIES[type(error)].is_retried
            ),
            sleep=lambda seconds: self._sleep(seconds, tries),
            reraise=True,
        )
        for attempt in retrying:
            with attempt:
                self._breaker.wait(lambda: self._probe(request))
                return self._send(request, tries)
        raise AssertionError("tenacity ends with a result or an error")

    def _probe(self, request: ApiRequest) -> None:
        """Asks for what the API should have an answer to, if it has one to anything."""
        same = self._answered.get(request.endpoint)
        other = next(iter(self._answered.values()), _NEUTRAL)
        if same or not request.ids:
            self._send(same or other, _Tries())
            return
        try:
            self._send(request.of_one(), _Tries())
        except UnavailableError:
            # Perhaps all that is to be asked for is poisoned.
            self._inconclusive_probes += 1
            if self._inconclusive_probes > _MAX_INCONCLUSIVE_PROBES:
                raise
            self._send(other, _Tries())

    def _send(self, request: ApiRequest, tries: _Tries) -> Answer:
        self._take_call()
        permit = self.rate_limiter.acquire(request.resource)
        tries.attempt += 1
        waited, tries.waited = tries.waited + permit.waited, 0.0
        call = ApiCall(
            next(self._numbers),
            self.clock.now(),
            request.endpoint,
            len(request.ids) or None,
            tries.attempt,
            waited_seconds=waited,
        )
        started = time.monotonic()
        quota = QuotaReport()
        try:
            reply, envelope, quota = self._exchange(request, call)
            error = failure(reply)
            rows = [] if error else read_rows(envelope)
            call.rows_returned = None if error else len(rows)
            call.error = str(error) if error else None
        finally:
            call.called_at = self.clock.at(started)
            call.seconds = time.monotonic() - started
            call.quota_limit, call.quota_remaining = quota.limit, quota.remaining
            call.quota_resets_in = quota.resets_in
            self.rate_limiter.release(permit, quota)
            with self._calls_lock:
                self._calls.append(call)
            if self.on_call:
                self.on_call(call)
        if error:
            self._failed(error, permit, quota, tries)
            raise error
        self._breaker.succeeded()
        self.rate_limiter.succeeded()
        if rows:
            self._answered[request.endpoint] = request.of_one()
        if request.ids:
            self._inconclusive_probes = 0
        pagination = envelope.pagination if isinstance(envelope.pagination, dict) else {}
        return Answer(rows, pagination, self.clock.now() - timedelta(seconds=reply.age))

    def _failed(
        self, error: RequestError, permit: Permit, quota: QuotaReport, tries: _Tries
    ) -> None:
        if isinstance(error, UnavailableError):
            tries.failures += 1
            self._breaker.failed()
            return
        self._breaker.succeeded()
        if isinstance(error, QuotaError):
            tries.refusals += 1
            self.rate_limiter.refused(permit, quota, error.retry_after, self._settings.backoff)

    def _exchange(
        self, request: ApiRequest, call: ApiCall
    ) -> tuple[RawResponse, Envelope, QuotaReport]:
        """Sends a request, and reads what comes back."""
        timeout, most = self._settings.timeout, self._settings.max_answer_size
        try:
            response = self._session.get(
                f"{self._base_url}/{request.path}",
                params=request.params,
                timeout=Timeout(total=timeout),  # type: ignore[arg-type]
                # One would carry the token to wherever it points.
                allow_redirects=False,
                stream=True,
            )
            with response:
                call.status = response.status_code
                self.clock.heard(read_date(response.headers.get("Date", "")), read_age(response))
                try:
                    body = read_body(response, int(most * MEGABYTE))
                finally:
                    call.bytes = response.raw.tell()
        except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema) as error:
            raise RefusedError(f"base_url {self._base_url!r} is no address.") from error
        except TooLargeError:
            trouble = f"The answer is larger than {most:g} MB (`max_answer_size`)."
        except (requests.Timeout, UrllibTimeoutError, TimeoutError):
            trouble = f"No complete answer within {timeout:g} s from {self._base_url}."
        except (EOFError, zlib.error):
            trouble = "The answer's compression is broken."
        except (requests.RequestException, HTTPError, OSError) as error:
            trouble = f"Connection to {self._base_url} failed: {connection_error(error)}."
        else:
            return self._read_reply(request, response, body)
        return RawResponse(trouble=self._without_token(trouble)), Envelope(), QuotaReport()

    def _read_reply(
        self, request: ApiRequest, response: requests.Response, body: bytearray
    ) -> tuple[RawResponse, Envelope, QuotaReport]:
        envelope, trouble = read_envelope(response, body)
        message = envelope.message if isinstance(envelope.message, str) else ""
        location = re.sub(r"[?#].*", "", response.headers.get("Location", "nowhere"))
        reply = RawResponse(
            response.status_code,
            self._without_token(trouble) if trouble else None,
            self._without_token(message),
            envelope.code,
            "include" in request.params,
            self._without_token(location),
            retry_after(response),
            read_age(response),
        )
        return reply, envelope, read_quota(response, envelope)

    def _without_token(self, text: str) -> str:
        """What others say, on one line, without the token that they may repeat."""
        for secret in (self._token, quote(self._token, safe="")):
            text = text.replace(secret, "***")
        return " ".join("".join(c if c.isprintable() else " " for c in text).split())

    def _take_call(self) -> None:
        with self._calls_lock:
            self._go_on()
            self.calls_left -= 1
            if self.calls_left <= 0:
                # Not `stop`: those that have taken their call may make it.
                self._stopping.set()

    def _go_on(self) -> None:
        """Raises StoppedError if no further request may be sent, so that nobody waits for one."""
        if self.calls_left <= 0:
            self.stopped = self.stopped or "all calls that --max-calls allows are made"
        if self.stopped:
            raise StoppedError(self.stopped)

    def _delay_before_retry(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, QuotaError):
            return 0  # the rate_limiter already makes everyone wait
        asked = error.retry_after if isinstance(error, UnavailableError) else None
        return max(self._backoff(state), min(asked or 0.0, _LONGEST_RETRY_AFTER_FAILURE))

    def _sleep(self, seconds: float, tries: _Tries | None = None) -> None:
        self._go_on()
        if tries:
            tries.waited += seconds
        if self._stopping.wait(seconds):
            self._go_on()

    def _say_that_it_is_away(self, seconds: float) -> None:
        self._go_on()
        if self.on_trouble:
            when = f"in {seconds:.0f} s" if seconds >= 1 else "at once"
            self.on_trouble(f"The API does not answer: trying again {when}.")


def _endless(endpoint: str, found: str) -> UnavailableError:
    return UnavailableError(f"The list {endpoint} does not end: {found}.")
