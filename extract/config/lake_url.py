"""Reads from the environment where the lake is."""

import importlib.util
import os
import re
from urllib.parse import urlsplit

from extract.errors import UsageError

# Schemes that dlt's filesystem destination, delta-rs and Spark all know.
_SCHEMES = ("file", "s3", "gs", "abfss")
_EXAMPLES = (
    "file:///data/lake, s3://bucket/path, gs://bucket/path or "
    "abfss://container@account.dfs.core.windows.net/path"
)


def lake_url() -> str | None:
    """The folder or bucket of the lake, without a slash at its end; None if `LAKE_URL` is not set.

    Raises:
        UsageError: it is no URL that can be used, or it contains a secret.
    """
    text = (os.environ.get("LAKE_URL") or "").strip()
    if not text:
        return None
    try:
        url = urlsplit(text)
        has_secret = bool(url.password or url.query or url.fragment)
    except ValueError:
        raise UsageError(f"LAKE_URL is no URL: it must be like {_EXAMPLES}.") from None
    if has_secret:
        # Not quoted: it would be in logs, and in the lake.
        raise UsageError(
            "LAKE_URL has a password, a key or a `?` in it: give the plain address, and the "
            "credentials in variables as docs/configuration.md shows."
        )
    if url.scheme not in _SCHEMES:
        raise UsageError(f"LAKE_URL is {text!r}: it must be a URL like {_EXAMPLES}.")
    if url.scheme == "file" and (url.netloc or not url.path.startswith("/")):
        raise UsageError(f"LAKE_URL is {text!r}: a local path begins with three slashes, file:///.")
    if url.scheme != "file" and not url.hostname:
        raise UsageError(f"LAKE_URL is {text!r}: the name of the bucket is missing.")
    if found := re.search(r"[\s'\"\\%*]", text):
        raise UsageError(f"LAKE_URL is {text!r}: a URL with {found[0]!r} in it cannot be used.")
    return text.rstrip("/")


def has_lake() -> bool:
    """Whether extracts are to be copied to a lake.

    Raises:
        UsageError: `LAKE_URL` cannot be used, or a package for it is not installed.
    """
    if lake_url() is None:
        return False
    check_packages()
    return True


def check_packages() -> None:
    """Checks what an installation without the extra `spark` lacks, without importing it.

    Raises:
        UsageError: a package is not installed.
    """
    if importlib.util.find_spec("deltalake") is None:
        raise UsageError(
            "The lake needs the package deltalake, which is not installed: pip install "
            "'sportmonks-warehouse[spark]', or in a clone pip install '.[spark]'."
        )


def required_lake_url() -> str:
    """As `lake_url`, for commands that need the lake.

    Raises:
        UsageError: it is not set, or it cannot be used.
    """
    url = lake_url()
    if url is None:
        raise UsageError(f"LAKE_URL is not set: it names the lake, such as {_EXAMPLES}.")
    return url
