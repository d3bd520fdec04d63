"""Sends one HTTP request and reads its response; the token never leaves this module as text."""

from __future__ import annotations

import random
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

import requests
from requests.auth import AuthBase
from urllib3 import Timeout
from urllib3.exceptions import HTTPError
from urllib3.exceptions import TimeoutError as UrllibTimeoutError

from extract.api.clock import ApiClock
from extract.api.deadline import DeadlineAdapter, TooLargeError, read_body
from extract.api.error_policy import RawResponse
from extract.api.responses import (
    MEGABYTE,
    ApiCall,
    Envelope,
    read_age,
    read_date,
    read_envelope,
    read_quota,
    retry_after,
)
from extract.config.settings import Settings
from extract.errors import RefusedError, exception_chain
from extract.quota.window import QuotaReport


class _TokenAuth(AuthBase):
    """Sets the token's header. As an `auth`, it keeps a stray .netrc from replacing the token."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = self._token
        return request


class _Session(requests.Session):
    """Follows no redirect and does not parse its target, which may be no valid address."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        return None


@dataclass(frozen=True)
class ApiRequest:
    """A request to the API.

    Attributes:
        endpoint: path of the resource, such as `football/fixtures/multi`.
        params: query parameters, without the token.
        ids: appended to the path, separated by commas.
    """

    endpoint: str
    params: Mapping[str, str]
    ids: Sequence[int]

    @property
    def resource(self) -> str:
        """The first two parts of the path, which decide the quota that the request counts for."""
        return "/".join(self.endpoint.split("/")[:2])

    @property
    def path(self) -> str:
        """The path with the ids."""
        return "/".join([self.endpoint, *([",".join(map(str, self.ids))] if self.ids else [])])

    def with_one_id(self) -> ApiRequest:
        """The same request for one of its ids, chosen at random."""
        ids = [random.choice(self.ids)] if self.ids else []  # noqa: S311 - no secret
        return ApiRequest(self.endpoint, self.params, ids)


@dataclass(frozen=True)
class Exchange:
    """The result of one request.

    Attributes:
        response: what the error policy needs of the response.
        envelope: its body; empty if it could not be read.
        quota: what it reports about the quota.
    """

    response: RawResponse
    envelope: Envelope
    quota: QuotaReport


class Transport:
    """Sends requests with the token in the `Authorization` header, and only to `base_url`.

    Safe for several threads.

    Args:
        settings: address, token, time-out and largest response.
        clock: learns the API's time from each response.
    """

    def __init__(self, settings: Settings, clock: ApiClock) -> None:
        self._base_url = settings.base_url.rstrip("/")
        self._token = settings.api_token.strip()
        self._timeout = settings.timeout
        self._max_megabytes = settings.max_answer_size
        self.clock = clock
        self._session = _Session()
        self._session.auth = _TokenAuth(self._token)
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

    def exchange(self, request: ApiRequest, call: ApiCall) -> Exchange:
        """Sends a request and reads its response.

        Args:
            request: what to request.
            call: gets the status and the sizes of the response.

        Raises:
            RefusedError: `base_url` is no address.
        """
        try:
            response = self._session.get(
                f"{self._base_url}/{request.path}",
                params=request.params,
                timeout=Timeout(total=self._timeout),  # type: ignore[arg-type]
                # A redirect would carry the token to wherever it points.
                allow_redirects=False,
                stream=True,
            )
            with response:
                call.status = response.status_code
                self.clock.observe(read_date(response.headers.get("Date", "")), read_age(response))
                try:
                    body = read_body(response, int(self._max_megabytes * MEGABYTE))
                finally:
                    call.bytes = response.raw.tell()
        except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema) as error:
            raise RefusedError(f"base_url {self._base_url!r} is no address.") from error
        except TooLargeError:
            trouble = f"The response is larger than {self._max_megabytes:g} MB (`max_answer_size`)."
        except (requests.Timeout, UrllibTimeoutError, TimeoutError):
            trouble = f"No complete response within {self._timeout:g} s from {self._base_url}."
        except (EOFError, zlib.error):
            trouble = "The response's compression is broken."
        except (requests.RequestException, HTTPError, OSError) as error:
            trouble = f"Connection to {self._base_url} failed: {_connection_error(error)}."
        else:
            return self._read(request, call, response, body)
        return Exchange(RawResponse(trouble=self._redact(trouble)), Envelope(), QuotaReport())

    def _read(
        self, request: ApiRequest, call: ApiCall, response: requests.Response, body: bytearray
    ) -> Exchange:
        call.json_bytes = len(body)
        envelope, trouble = read_envelope(response, body)
        message = envelope.message if isinstance(envelope.message, str) else ""
        location = re.sub(r"[?#].*", "", response.headers.get("Location", "nowhere"))
        raw = RawResponse(
            status=response.status_code,
            trouble=self._redact(trouble) if trouble else None,
            message=self._redact(message),
            code=envelope.code,
            has_include="include" in request.params,
            redirects_to=self._redact(location),
            retry_after=retry_after(response),
            age=read_age(response),
        )
        return Exchange(raw, envelope, read_quota(response, envelope))

    def _redact(self, text: str) -> str:
        """A text from outside on one line, without the token, which it may repeat."""
        for secret in (self._token, quote(self._token, safe="")):
            text = text.replace(secret, "***")
        return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _connection_error(error: BaseException) -> str:
    """The system's description of a lost connection, without the object dumps around it."""
    # requests and urllib3 raise their errors without `from`.
    chain = list(exception_chain(error, with_context=True))
    for cause in chain:
        if description := getattr(cause, "strerror", None):
            return str(description)
    texts = [str(cause) for cause in chain if str(cause)]
    return texts[-1].split(": ")[-1].rstrip(".") if texts else type(error).__name__
