"""What counts as a failure, and what follows from it: one table, first match wins.

What follows is the error's: see `POLICIES`. `docs/failures.md` holds both tables for people.
"""

from collections.abc import Callable
from dataclasses import dataclass

from extract.errors import (
    TOKEN_VARIABLE,
    AccessError,
    DownError,
    QuotaError,
    RefusedError,
    RequestError,
    TokenError,
    UnavailableError,
)

_NOTHING_FOUND = "no result(s) found"
# The API's own error codes (Sportmonks docs, include and other exceptions).
_INCLUDE_CODES = {"5000", "5001", "5002", "5008", "5013"}


@dataclass(frozen=True)
class RawResponse:
    """What came of one request.

    Attributes:
        status: HTTP status, None where no whole answer came.
        trouble: what is wrong with the transfer or the body, None if nothing is.
        message: the API's own words, empty if it has none.
        code: the API's own code of an error.
        has_include: whether an include was asked for.
        redirects_to: where a redirect points, without its query.
        retry_after: seconds that the API asks to wait.
        age: seconds that a cache on the way had kept the answer.
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
    def said(self) -> str:
        """Status and message in one phrase."""
        return f"HTTP {self.status}" + (f": {self.message.rstrip('.')}" if self.message else "")


@dataclass(frozen=True)
class Failure:
    """A kind of failure.

    Attributes:
        what: names it, for the docs.
        matches: whether a reply is of this kind.
        error: what it is raised as; None where it is an answer after all.
        says: the error's text, a format of `reply`.
    """

    what: str
    matches: Callable[[RawResponse], bool]
    error: type[RequestError] | None
    says: str = ""


def _status(reply: RawResponse) -> int:
    return reply.status or 0


FAILURES = (
    Failure(
        "no complete answer within `timeout`, one larger than `max_answer_size`, a lost "
        "connection, a transfer that breaks off",
        lambda reply: reply.status is None,
        UnavailableError,
        "{reply.trouble}",
    ),
    Failure(
        "401 or 403 with a body that is no JSON object, such as the page of a proxy or a firewall",
        lambda reply: reply.status in (401, 403) and reply.trouble is not None,
        UnavailableError,
        "HTTP {reply.status} does not come from the API, but from a proxy or firewall before it. "
        "{reply.trouble}",
    ),
    Failure(
        "401, or `Unauthenticated`",
        lambda reply: reply.status == 401 or "unauthenticated" in reply.message.lower(),
        TokenError,
        f"The API does not accept the token ({{reply.said}}): check {TOKEN_VARIABLE} or "
        ".dlt/secrets.toml against my.sportmonks.com.",
    ),
    Failure(
        "429",
        lambda reply: reply.status == 429,
        QuotaError,
        "The quota is used up ({reply.said}).",
    ),
    Failure(
        "an include that is unknown or not in the plan (codes 5000, 5001, 5002, 5008, 5013)",
        lambda reply: reply.has_include and str(reply.code) in _INCLUDE_CODES,
        AccessError,
        "The API refuses an include ({reply.said}): change `include` in .dlt/config.toml.",
    ),
    Failure(
        "403",
        lambda reply: reply.status == 403,
        AccessError,
        "The plan gives no access ({reply.said}).",
    ),
    Failure(
        "404 with `No result(s) found`",
        lambda reply: reply.status == 404 and _NOTHING_FOUND in reply.message.lower(),
        None,
    ),
    Failure(
        "5xx, 408, 425",
        lambda reply: _status(reply) >= 500 or reply.status in (408, 425),
        UnavailableError,
        "The API fails ({reply.said}).",
    ),
    Failure(
        "3xx: the token goes to no other address",
        lambda reply: 300 <= _status(reply) < 400,
        RefusedError,
        "The API redirects to {reply.redirects_to} (HTTP {reply.status}); the token is not sent "
        "there. If that is the right address, set base_url to it.",
    ),
    Failure(
        "any other 4xx, such as a batch that is too large",
        lambda reply: _status(reply) >= 400,
        RefusedError,
        "The API refuses the request ({reply.said}).",
    ),
    Failure(
        "2xx with a body that is no JSON object: HTML, cut off, invalid UTF-8, NaN",
        lambda reply: reply.trouble is not None,
        UnavailableError,
        "{reply.trouble}",
    ),
)


@dataclass(frozen=True)
class ErrorPolicy:
    """What follows from an error.

    Attributes:
        is_retried: whether the request is sent again.
        is_split: whether a batch is asked for in halves.
        ends_run: whether nothing more is asked for.
        request, batch, run: the same for people.
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
        "up to `tries` times, after 1 s, 2 s, 4 s … with jitter, or `Retry-After`",
        "asked for in halves, down to the fixture that fails, which is `failed`",
        "goes on",
    ),
    RefusedError: ErrorPolicy(
        False,
        True,
        False,
        "no",
        "asked for in halves, likewise",
        "goes on; ends as for `AccessError` when every request is refused in the same words",
    ),
    QuotaError: ErrorPolicy(
        True,
        False,
        False,
        "up to 10 times; without calls left, when the window ends; else after a moment, with half "
        "as many requests under way",
        "`failed`",
        "goes on",
    ),
    AccessError: ErrorPolicy(
        False, False, True, "no", "`failed`", "ends; exit code 2 if nothing was answered"
    ),
    TokenError: ErrorPolicy(
        False, False, True, "no", "`failed`", "ends; exit code 2 if nothing was answered"
    ),
    DownError: ErrorPolicy(False, False, True, "not sent", "`failed`", "ends; exit code 1"),
}


def failure(reply: RawResponse) -> RequestError | None:
    """The error that a reply stands for, or None if it is an answer."""
    for kind in FAILURES:
        if kind.matches(reply):
            if kind.error is None:
                return None
            text = kind.says.format(reply=reply)
            return kind.error(text, reply.status, reply.retry_after)
    return None
