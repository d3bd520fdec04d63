"""Sends an alert to a webhook when a run or a transform needs attention."""

from collections.abc import Callable, Mapping
from typing import Any

import requests

from extract.config.settings import load_alert_url
from extract.errors import UsageError
from extract.text import printable

_TIMEOUT = 10


def alert(text: str, details: Mapping[str, Any], on_problem: Callable[[str], None]) -> None:
    """Posts a line and its details as one JSON object to `alert_url`, if that is set.

    The line is the member `text`, which chat services display. An alert that cannot be sent is
    reported and has no other effect.

    Args:
        text: what happened, safe to show.
        details: other members of the object.
        on_problem: called with a line about what went wrong. It never contains the address, which
            is a secret.
    """
    try:
        url = load_alert_url()
    except UsageError as error:
        on_problem(f"No alert is sent: {error}")
        return
    if not url:
        return
    try:
        # A redirect would turn the POST into a GET.
        response = requests.post(
            url, json={"text": printable(text), **details}, timeout=_TIMEOUT, allow_redirects=False
        )
    except (requests.RequestException, ValueError) as error:
        on_problem(f"The alert could not be sent ({type(error).__name__}): check alert_url.")
        return
    if not 200 <= response.status_code < 300:
        on_problem(f"The alert was refused with status {response.status_code}: check alert_url.")
