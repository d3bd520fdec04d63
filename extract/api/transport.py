"""HTTP requests: the token, the address, and what went wrong on the way."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import requests
from requests.auth import AuthBase

from extract.errors import exception_chain


class TokenAuth(AuthBase):
    """Puts the token in its header; being an `auth`, it keeps a stray .netrc from replacing it."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = self._token
        return request


class ApiSession(requests.Session):
    """Follows no redirect, and does not look where one points: that may be no address at all."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        return None


@dataclass(frozen=True)
class ApiRequest:
    endpoint: str
    params: Mapping[str, str]
    ids: Sequence[int]

    @property
    def resource(self) -> str:
        return "/".join(self.endpoint.split("/")[:2])

    @property
    def path(self) -> str:
        return "/".join([self.endpoint, *([",".join(map(str, self.ids))] if self.ids else [])])

    def of_one(self) -> "ApiRequest":
        """The same for one of its ids, whichever."""
        ids = [random.choice(self.ids)] if self.ids else []  # noqa: S311 - no secret
        return ApiRequest(self.endpoint, self.params, ids)


def connection_error(error: BaseException) -> str:
    """What the system says of a lost connection, without the object dumps around it."""
    # requests and urllib3 raise their errors without `from`.
    chain = list(exception_chain(error, with_context=True))
    for cause in chain:
        if said := getattr(cause, "strerror", None):
            return str(said)
    texts = [str(cause) for cause in chain if str(cause)]
    return texts[-1].split(": ")[-1].rstrip(".") if texts else type(error).__name__
