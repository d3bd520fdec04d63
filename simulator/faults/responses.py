"""Faults that replace the response.

Each function takes the fault, the quota headers of the API and the headers of the request.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from simulator.errors import RATE_LIMIT_REACHED
from simulator.faults.kind import Fault


@dataclass(slots=True)
class FaultResponse:
    """A response that replaces the API's own."""

    status: int
    body: Any
    """Text is sent unchanged, anything else as JSON."""
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"


def status(fault: Fault, quota: dict[str, str], sent: Mapping[str, str]) -> FaultResponse:
    """Send `status` (default 500), `headers`, and `body` or else `message` and `code`."""
    body = fault.get("body")
    if body is None:
        body = {"message": fault.get("message", "Server Error")}
        if "code" in fault:
            body["code"] = fault["code"]
    headers = {str(name): str(value) for name, value in fault.get("headers", {}).items()}
    return FaultResponse(int(fault.get("status", 500)), body, headers)


def html(fault: Fault, quota: dict[str, str], sent: Mapping[str, str]) -> FaultResponse:
    """Send the error page of a proxy with `status` (default 200)."""
    page = "<html><head><title>502 Bad Gateway</title></head><body>Bad Gateway</body></html>"
    return FaultResponse(int(fault.get("status", 200)), page, content_type="text/html")


def redirect(fault: Fault, quota: dict[str, str], sent: Mapping[str, str]) -> FaultResponse:
    """Redirect to `location` with `status` (default 302)."""
    headers = {"Location": str(fault["location"])}
    return FaultResponse(int(fault.get("status", 302)), "", headers, "text/html")


def burst_429(fault: Fault, quota: dict[str, str], sent: Mapping[str, str]) -> FaultResponse:
    """Send 429 although quota is left, with `retry_after` in seconds (default 1) or null.

    One operator of a live integration reports this burst limit, which "clears in seconds".
    """
    retry_after = fault.get("retry_after", 1)
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return FaultResponse(429, RATE_LIMIT_REACHED, {**quota, **headers})


def echo_token(fault: Fault, quota: dict[str, str], sent: Mapping[str, str]) -> FaultResponse:
    """Send `status` (default 500) with the Authorization header in the message."""
    message = f"The token {sent.get('authorization')} could not be looked up"
    return FaultResponse(int(fault.get("status", 500)), {"message": message})


RESPONSE_FAULTS: dict[str, Callable[[Fault, dict[str, str], Mapping[str, str]], FaultResponse]] = {
    "status": status,
    "html": html,
    "redirect": redirect,
    "burst_429": burst_429,
    "echo_token": echo_token,
}
