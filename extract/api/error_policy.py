"""The error policy: which responses are errors, and what the client does about each error.

`FAILURES` decides the error, first match wins. `POLICIES` decides the reaction. `docs/failures.md`
has both tables.
"""

from collections.abc import Callable
from dataclasses import dataclass

from extract.errors import (
    TOKEN_VARIABLE,
    AccessError,
    DownError,
    IncludeRefusedError,
    QuotaError,
    RefusedError,
    RequestError,
    TokenError,
    UnavailableError,
)

_NOTHING_FOUND = "no result(s) found"
# The API's own error codes (Sportmonks docs, include and other exceptions).
_INCLUDE_CODES = {"5000", "5001", "5008", "5013"}
_NOT_IN_PLAN = "5002"


@dataclass(frozen=True)
class RawResponse:
    """What the error policy needs of a response.

    Attributes:
        status: HTTP status; None if no complete response arrived.
        trouble: what is wrong with the transfer or the body; None if both are fine.
        message: the API's message, empty without one.
        code: the API's error code.
        has_include: whether the request had an include.
        redirects_to: target of a redirect, without its query.
        retry_after: `Retry-After` in seconds.
        age: seconds that a cache had kept the response.
    """

    status: int | None = None
    trouble: str | None = None
    message: str = ""
    code: object = None
    has_include: bool = False
    redirects_to: str = "nowhere"
    retry_after: float | None = None
    age: int = 0

    @property
    def description(self) -> str:
        """Status and message in one phrase."""
        return f"HTTP {self.status}" + (f": {self.message.rstrip('.')}" if self.message else "")


@dataclass(frozen=True)
class Failure:
    """A kind of failure.

    Attributes:
        name: its name in the docs.
        matches: whether a response is of this kind.
        error: the type of error to raise; None if the response only has no rows.
        text: the error's text, a format string with `response`.
    """

    name: str
    matches: Callable[[RawResponse], bool]
    error: type[RequestError] | None
    text: str = ""


def _status(response: RawResponse) -> int:
    return response.status or 0


FAILURES = (
    Failure(
        "no complete response within `timeout`, one larger than `max_answer_size`, a lost "
        "connection, a transfer that breaks off",
        lambda response: response.status is None,
        UnavailableError,
        "{response.trouble}",
    ),
    Failure(
        "401 or 403 with a body that is not a JSON object, such as the page of a proxy or firewall",
        lambda response: response.status in (401, 403) and response.trouble is not None,
        UnavailableError,
        "HTTP {response.status} does not come from the API, but from a proxy or firewall before "
        "it. {response.trouble}",
    ),
    Failure(
        "401, or `Unauthenticated`",
        lambda response: response.status == 401 or "unauthenticated" in response.message.lower(),
        TokenError,
        f"The API does not accept the token ({{response.description}}): check {TOKEN_VARIABLE} or "
        ".dlt/secrets.toml against my.sportmonks.com.",
    ),
    Failure(
        "429",
        lambda response: response.status == 429,
        QuotaError,
        "The quota is used up ({response.description}).",
    ),
    Failure(
        "an include that is not in the plan (code 5002)",
        lambda response: response.has_include and str(response.code) == _NOT_IN_PLAN,
        IncludeRefusedError,
        "The plan refuses an include ({response.description}): change `include` in "
        ".dlt/config.toml.",
    ),
    Failure(
        "an include that is unknown (codes 5000, 5001, 5008, 5013)",
        lambda response: response.has_include and str(response.code) in _INCLUDE_CODES,
        AccessError,
        "The API refuses an include ({response.description}): change `include` in "
        ".dlt/config.toml.",
    ),
    Failure(
        "403",
        lambda response: response.status == 403,
        AccessError,
        "The plan gives no access ({response.description}).",
    ),
    Failure(
        "404 with `No result(s) found`",
        lambda response: response.status == 404 and _NOTHING_FOUND in response.message.lower(),
        None,
    ),
    Failure(
        "5xx, 408, 425",
        lambda response: _status(response) >= 500 or response.status in (408, 425),
        UnavailableError,
        "The API fails ({response.description}).",
    ),
    Failure(
        "3xx: the token goes to no other address",
        lambda response: 300 <= _status(response) < 400,
        RefusedError,
        "The API redirects to {response.redirects_to} (HTTP {response.status}); the token is not "
        "sent there. If that is the right address, set base_url to it.",
    ),
    Failure(
        "any other 4xx, such as a batch that is too large",
        lambda response: _status(response) >= 400,
        RefusedError,
        "The API refuses the request ({response.description}).",
    ),
    Failure(
        "2xx with a body that is not a JSON object: HTML, cut off, invalid UTF-8, NaN",
        lambda response: response.trouble is not None,
        UnavailableError,
        "{response.trouble}",
    ),
)


@dataclass(frozen=True)
class ErrorPolicy:
    """The reaction to an error.

    Attributes:
        is_retried: whether the request is sent again.
        is_split: whether a batch is split into halves.
        ends_run: whether no further request is sent.
        request, batch, run: the same in words, for the docs.
    """

    is_retried: bool
    is_split: bool
    ends_run: bool
    request: str
    batch: str
    run: str


POLICIES: dict[type[RequestError], ErrorPolicy] = {
    UnavailableError: ErrorPolicy(
        True,
        True,
        False,
        "up to `tries` requests in all, with pauses of 1 s, 2 s, 4 s … and jitter, or "
        "`Retry-After`",
        "split into halves, down to the fixture that fails, which is `failed`",
        "goes on",
    ),
    RefusedError: ErrorPolicy(
        False,
        True,
        False,
        "no",
        "split into halves, likewise",
        "goes on; ends as for `AccessError` if every request is refused with the same message",
    ),
    QuotaError: ErrorPolicy(
        True,
        False,
        False,
        "up to 10 requests in all: without calls left, when the window ends; "
        "else after a short delay, with half as many requests in flight",
        "`failed`",
        "goes on",
    ),
    AccessError: ErrorPolicy(
        False, False, True, "no", "`failed`", "ends; exit code 2 if no request succeeded"
    ),
    IncludeRefusedError: ErrorPolicy(
        False,
        False,
        True,
        "without the include, if it is a default one",
        "`failed`",
        "goes on without a default include; ends as for `AccessError` for any other",
    ),
    TokenError: ErrorPolicy(
        False, False, True, "no", "`failed`", "ends; exit code 2 if no request succeeded"
    ),
    DownError: ErrorPolicy(False, False, True, "not sent", "`failed`", "ends; exit code 1"),
}


def failure(response: RawResponse) -> RequestError | None:
    """The error of a response; None if it is usable."""
    for kind in FAILURES:
        if kind.matches(response):
            if kind.error is None:
                return None
            text = kind.text.format(response=response)
            return kind.error(text, response.status, response.retry_after)
    return None
