"""The API's error responses.

The body and the codes are documented. The HTTP status of most codes is not: it is 400, a guess,
unless the docs or live responses show another.
"""

from __future__ import annotations

from typing import Any

_DOCS = "https://docs.sportmonks.com/football/api/response-codes"
OTHER = f"{_DOCS}/other-exceptions"
INCLUDE = f"{_DOCS}/include-exceptions"
FILTERING = f"{_DOCS}/filtering-and-complexity-exceptions"

NO_RESULT = (
    "No result(s) found matching your request. Either the query did not return any results or you "
    "don't have access to it via your current subscription."
)
BAD_REQUEST = (
    "You made an incorrect request, please check your includes and filters, they probably contain "
    "invalid arguments or syntax."
)
RATE_LIMIT_REACHED: dict[str, Any] = {
    "message": "You have reached your rate limit",
    "link": OTHER,
    "reset_code": "c9920a03f111f49848fad06608df63ed",
}


class ApiError(Exception):
    """An error response: validation, access, unknown path. It uses no quota."""

    def __init__(
        self, status: int, message: str, code: int | None = None, link: str | None = OTHER
    ) -> None:
        """Describe an error; `code` is the API's number for it."""
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {"message": message}
        if code is not None:
            self.body["code"] = code
        if link is not None:
            self.body["link"] = link


def incorrect(message: str = BAD_REQUEST, code: int = 5006, link: str = OTHER) -> ApiError:
    """Return a 400 for a wrong parameter."""
    return ApiError(400, message, code, link)
