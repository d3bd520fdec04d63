"""Tells somebody who does not look at the terminal that a run or a transform needs them."""

from collections.abc import Callable, Mapping
from typing import Any

import dlt
import requests
from dlt.common.configuration.providers.toml import TomlProviderReadException

from extract.config.settings import unreadable
from extract.text import printable

_SETTING = "sources.sportmonks.alert_url"
_TIMEOUT = 10


def alert(text: str, details: Mapping[str, Any], say: Callable[[str], None]) -> None:
    """Posts a line and its details, as one JSON object, to the address in the secrets, if any.

    The line is the member `text`, which chat services show. An alert that cannot be sent is said,
    and changes nothing else.

    Args:
        text: what happened, safe to show.
        details: other members of the object.
        say: told what went wrong, without the address: it is a secret.
    """
    try:
        url = dlt.secrets.get(_SETTING, str)
    except TomlProviderReadException as error:
        say(f"No alert is sent: {unreadable(error)}")
        return
    if not url:
        return
    try:
        # A redirect would make a GET of it.
        answer = requests.post(
            url, json={"text": printable(text), **details}, timeout=_TIMEOUT, allow_redirects=False
        )
    except (requests.RequestException, ValueError) as error:
        say(f"The alert could not be sent ({type(error).__name__}): check alert_url.")
        return
    if not 200 <= answer.status_code < 300:
        say(f"The alert was refused with status {answer.status_code}: check alert_url.")
