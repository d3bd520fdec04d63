"""Tells without dlt that a setting is not set."""

import os
import re
import tempfile
from pathlib import Path

# Where dlt looks for secrets that a container is given, as files.
_CONTAINER_SECRETS = Path("/run/secrets")


def is_unset(name: str) -> bool:
    """Whether a setting certainly has its empty default. If in doubt, the answer is no.

    dlt decides about settings, but its import takes half a second: longer than a query, or than a
    transform with nothing to build. This function only looks for the name where dlt reads: in the
    environment, in the files of the working directory and of the user, and in those of a container.
    """
    # Further places may be configured, such as a vault.
    if any(
        variable.upper().endswith(name.upper()) or variable.upper().startswith("PROVIDERS__")
        for variable in os.environ
    ):
        return False
    folder = os.environ.get("DLT_CONFIG_FOLDER", ".dlt")
    folders = [
        Path(os.environ.get("DLT_PROJECT_DIR", ".")) / folder,
        Path("~", folder).expanduser(),
        Path(os.environ.get("XDG_DATA_HOME", "/var"), "dlt"),
        Path("/var/dlt"),
        Path(tempfile.gettempdir(), "dlt"),
    ]
    try:
        if any(_CONTAINER_SECRETS.glob(f"*{name.replace('_', '-')}")):
            return False
        texts = [
            file.read_bytes().decode(errors="replace")
            for each in folders
            for file in each.glob("*.toml")
        ]
    except OSError:
        return False
    statements = [re.sub("#.*", "", line).strip() for text in texts for line in text.splitlines()]
    return not any(
        (name in statement and not re.fullmatch(rf'{name}\s*=\s*""', statement))
        or "providers" in statement
        for statement in statements
    )
