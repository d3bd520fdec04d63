"""The API's error answers.

The body form and the codes are documented; the HTTP status of most codes is not, and 400 is a guess
wherever the docs or live answers name no other.
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


class ApiError(Exception):
    """An answer other than success: validation, access, unknown address. It costs no quota."""

    def __init__(
        self, status: int, message: str, code: int | None = None, link: str | None = OTHER
    ) -> None:
        """Make an error; `code` is the API's own number for it."""
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {"message": message}
        if code is not None:
            self.body["code"] = code
        if link is not None:
            self.body["link"] = link


def incorrect(message: str = BAD_REQUEST, code: int = 5006, link: str = OTHER) -> ApiError:
    """Return a 400 for a parameter that is not right."""
    return ApiError(400, message, code, link)
