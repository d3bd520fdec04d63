"""The HTTP client of the Sportmonks API: retries, pages, quota, and one typed error per failure."""

import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from itertools import count

from tenacity import RetryCallState, Retrying, retry_if_exception, wait_exponential_jitter

from extract.api.circuit_breaker import CircuitBreaker
from extract.api.clock import ApiClock
from extract.api.error_policy import POLICIES, failure
from extract.api.responses import Answer, ApiCall, cursor_token, read_rows, row_identity
from extract.api.transport import ApiRequest, Transport
from extract.config.endpoints import ENDPOINTS
from extract.config.includes import requested_text
from extract.config.settings import Settings
from extract.errors import QuotaError, RequestError, StoppedError, UnavailableError
from extract.progress import Progress
from extract.quota.rate_limiter import Permit, RateLimiter
from extract.quota.window import QuotaReport, QuotaStore
from extract.stop_reason import CALLS_USED_UP, StopReason, most_serious

_LONGEST_BACKOFF = 60.0
_LONGEST_RETRY_AFTER_FAILURE = 300.0
# A 429 says nothing against the request itself, and all requests are delayed meanwhile.
_TRIES_AGAINST_QUOTA = 10
# Largest page of a list with `filters=populate`, which turns includes off (Sportmonks docs).
POPULATE_PAGE = 1000
_LIST_PAGE = 50
# Page numbers end at 20,000 rows, which are 401 pages of 50; cursors have no such end. The longest
# list, the seasons of a plan with every league, has some 600 pages.
_MOST_PAGES = 2_000
# Consecutive probes where only other endpoints responded, after which the API counts as down.
_MAX_INCONCLUSIVE_PROBES = 10
# The entity of a path until a response reports it; as operators have seen it.
_ENTITIES = {"football/fixtures": "Fixture"} | {each.resource: each.entity for each in ENDPOINTS}
# The probe when a list fails before any request has succeeded. Every plan includes it.
_NEUTRAL = ApiRequest("football/states", {}, ())


@dataclass
class _Tries:
    """State shared by the tries of one request."""

    attempt: int = 0
    failures: int = 0
    refusals: int = 0
    waited: float = 0.0


class SportmonksClient:
    """Sends requests within the quota, retries them by the error policy, and records each call.

    The token travels in the `Authorization` header only, and never to another host. Safe for
    several threads.

    Attributes:
        rate_limiter: delays requests so that the quota is not exceeded.
        clock: the API's time, learned from its responses.
        calls_left: how many more requests may be sent; the last one ends the run.
        on_call: called with each finished request, from several threads.
        on_trouble: called with a line when the API does not respond and is probed later.

    Args:
        settings: address, token, time-out, tries and reserve.
        store: keeps the quota windows; by default only this client knows them.
        clock: by default a new one.
    """

    def __init__(
        self,
        settings: Settings,
        store: QuotaStore | None = None,
        clock: ApiClock | None = None,
    ) -> None:
        self.rate_limiter = RateLimiter(
            settings.requests_in_flight,
            settings.quota_reserve,
            # The look-up of the host's name is not part of the time-out.
            2 * settings.timeout + 5,
            store,
            _ENTITIES,
        )
        self.clock = clock or ApiClock()
        self._settings = settings
        self._transport = Transport(settings, self.clock)
        self._backoff = wait_exponential_jitter(
            multiplier=settings.backoff, max=_LONGEST_BACKOFF, jitter=settings.backoff
        )
        self._breaker = CircuitBreaker(settings.backoff, self._sleep, self._report_outage)
        # By endpoint, a request that had rows. When later ones fail, repeating it tells whether
        # they are poisoned or the API is down.
        self._succeeded: dict[str, ApiRequest] = {}
        self._inconclusive_probes = 0
        self._numbers = count(1)
        self._calls: list[ApiCall] = []
        self._calls_lock = threading.Lock()
        self._stopping = threading.Event()
        self._stop_lock = threading.Lock()
        self._stop_reason: StopReason | None = None
        self.calls_left = math.inf
        self.on_call: Callable[[ApiCall], None] | None = None
        self.on_trouble: Callable[[str], None] | None = None

    @property
    def stop_reason(self) -> StopReason | None:
        """Why no further request is sent; None while requests are sent."""
        down = self._breaker.down
        return most_serious(self._stop_reason, StopReason.from_error(down) if down else None)

    def get(
        self, endpoint: str, params: Mapping[str, str] | None = None, ids: Sequence[int] = ()
    ) -> Answer:
        """Requests one resource, with retries.

        Args:
            endpoint: path of the resource, such as `football/fixtures/multi`; it is what
                `api_calls` records.
            params: query parameters, without the token.
            ids: appended to the path, separated by commas.

        Raises:
            AccessError: the API refuses the token or an include.
            RefusedError: the API refuses this request.
            QuotaError: 429 on every try.
            UnavailableError: no usable response on any try.
            DownError: the API is down; nothing was sent.
            StoppedError: `stop` was called, or `calls_left` are used up.
        """
        request = ApiRequest(endpoint, params or {}, ids)
        try:
            return self._try(request)
        except UnavailableError:
            if not ids:
                # A list cannot be requested in parts: perhaps the API is down.
                self._breaker.open()
            if not self._breaker.is_open:
                raise
        # The failures were those of an outage, not of this request.
        return self._try(request)

    def get_once(self, endpoint: str, params: Mapping[str, str]) -> Answer:
        """Requests one resource without retries; errors as in `get`."""
        return self._send(ApiRequest(endpoint, params, ()), _Tries())

    def pages(
        self, endpoint: str, params: Mapping[str, str] | None = None, ids: Sequence[int] = ()
    ) -> Iterator[Answer]:
        """Requests every page of a list, whichever form of pagination the API uses.

        With the filter `populate`, pages have 1,000 rows instead of 50, and no includes.

        Args:
            endpoint: path of the list, such as `football/seasons`.
            params: query parameters of the first page.
            ids: appended to the path, as in `get`.

        Raises:
            UnavailableError: the list does not end, or ends before the API says so, besides what
                `get` raises.
        """
        query = dict(params or {})
        populate = "populate" in query.get("filters", "").split(";")
        query["per_page"] = str(POPULATE_PAGE if populate else _LIST_PAGE)
        cursors: set[str] = set()
        rows: set[int | bytes] = set()
        for page in range(1, _MOST_PAGES + 1):
            answer = self.get(endpoint, query, ids)
            if page > 1 and _breaks_off(answer):
                # The page before says that there are more rows: this may be a transient error.
                answer = self.get(endpoint, query, ids)
                if _breaks_off(answer):
                    raise UnavailableError(
                        f"The list {endpoint} is incomplete: page {page} has no rows, although "
                        "the page before it says that there are more."
                    )
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
        """Returns the calls since the last time, and forgets them."""
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

    def stop(self, reason: StopReason) -> None:
        """Sends no further request; waits and retries of every thread end with StoppedError."""
        self._record(reason)
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
        """Sends a request that the API can answer unless it is down."""
        same = self._succeeded.get(request.endpoint)
        other = next(iter(self._succeeded.values()), _NEUTRAL)
        if same or not request.ids:
            self._send(same or other, _Tries())
            return
        try:
            self._send(request.with_one_id(), _Tries())
        except UnavailableError:
            # Perhaps all fixtures that are left are poisoned.
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
            include=_recorded_include(request.params),
            waited_seconds=waited,
        )
        started = time.monotonic()
        quota = QuotaReport()
        try:
            exchange = self._transport.exchange(request, call)
            quota = exchange.quota
            error = failure(exchange.response)
            rows = [] if error else read_rows(exchange.envelope)
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
            self._succeeded[request.endpoint] = request.with_one_id()
        if request.ids:
            self._inconclusive_probes = 0
        pagination = exchange.envelope.pagination
        return Answer(
            rows,
            pagination if isinstance(pagination, dict) else {},
            self.clock.now() - timedelta(seconds=exchange.response.age),
            call.json_bytes,
        )

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

    def _take_call(self) -> None:
        with self._calls_lock:
            self._check_stopped()
            self.calls_left -= 1
            if self.calls_left <= 0:
                # Not `stop`: threads that have taken a call may still send it.
                self._stopping.set()

    def _check_stopped(self) -> None:
        """Raises StoppedError if no further request may be sent, so that no thread waits."""
        if self.calls_left <= 0:
            self._record(CALLS_USED_UP)
        if self._stop_reason:
            raise StoppedError(self._stop_reason.text)

    def _record(self, reason: StopReason) -> None:
        with self._stop_lock:
            self._stop_reason = most_serious(self._stop_reason, reason)

    def _delay_before_retry(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, QuotaError):
            return 0  # the rate limiter already delays all requests
        retry_after = error.retry_after if isinstance(error, UnavailableError) else None
        return max(self._backoff(state), min(retry_after or 0.0, _LONGEST_RETRY_AFTER_FAILURE))

    def _sleep(self, seconds: float, tries: _Tries | None = None) -> None:
        self._check_stopped()
        if tries:
            tries.waited += seconds
        if self._stopping.wait(seconds):
            self._check_stopped()

    def _report_outage(self, seconds: float) -> None:
        self._check_stopped()
        if self.on_trouble:
            when = f"in {seconds:.0f} s" if seconds >= 1 else "at once"
            self.on_trouble(f"The API does not respond: trying again {when}.")


def _recorded_include(params: Mapping[str, str]) -> str | None:
    return requested_text(params["include"]) if params.get("include") else None


def _breaks_off(answer: Answer) -> bool:
    """Whether a page has no row with an id, and says nothing of further pages."""
    has_ids = any(isinstance(row_identity(row), int) for row in answer.rows)
    return not answer.rows or not (has_ids or answer.pagination.get("has_more") is True)


def _endless(endpoint: str, found: str) -> UnavailableError:
    return UnavailableError(f"The list {endpoint} does not end: {found}.")
