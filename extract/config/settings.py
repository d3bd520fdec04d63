"""Settings, read by dlt from the environment and from `.dlt/*.toml` of the working directory.

The defaults are those of the classes below. `.dlt/config.toml` in the repository repeats them and
explains each setting and its unit; a test keeps the two equal.
"""

import re
import tomllib
from dataclasses import field
from pathlib import Path
from typing import Any

from dlt.common.configuration import configspec
from dlt.common.configuration.exceptions import (
    ConfigFieldMissingException,
    ConfigurationException,
    ConfigValueCannotBeCoercedException,
    ValueNotSecretException,
)
from dlt.common.configuration.providers.toml import TomlProviderReadException
from dlt.common.configuration.resolve import resolve_configuration
from dlt.common.configuration.specs import BaseConfiguration
from dlt.common.typing import TSecretStrValue

from extract.config.dlt_defaults import register_dlt_defaults
from extract.config.includes import DEFAULT_INCLUDE, part_path
from extract.config.recheck_schedule import DEFAULT_SCHEDULE, read_schedule
from extract.errors import TOKEN_VARIABLE, UnreadableSettingsError, UsageError, command_line

# For code that needs settings and makes no API call, so that no real token is needed.
UNUSED_TOKEN = "unused"  # noqa: S105 - opens nothing

_RANGES: dict[str, tuple[float, float]] = {
    "batch_size": (1, 100),
    "batch_megabytes": (0.1, 200),
    "chunk_size": (1, 100_000),
    "requests_in_flight": (1, 16),
    "timeout": (0.1, 600),
    "max_answer_size": (0.1, 2_000),
    "tries": (1, 10),
    "backoff": (0, 60),
    "confirm_after": (0, 60 * 24),
    "quota_reserve": (0, 1_000_000),
    "reference_max_age": (0, 24 * 365),
    "type_max_age": (0, 24 * 365),
    "listing_max_age": (0, 24 * 365),
    "finished_listing_max_age": (0, 24 * 365),
    "new_fixtures_max_age": (0, 24 * 365),
    "lock_timeout": (0, 60 * 24 * 7),
}
_SECTION = ("sources", "sportmonks")
# dbt reads the path as an address, and the file's name as the name of a database.
_UNUSABLE_IN_A_PATH = re.compile("[#?'\";]")

# Names of types in messages.
_KINDS: dict[type, str] = {int: "a whole number", float: "a number", list: "a list"}


@configspec
class AlertSettings(BaseConfiguration):
    """Where alerts are sent. They are also sent when another setting is invalid.

    Attributes:
        alert_url: webhook that receives a JSON object; None or empty for no alerts. It is a secret.
    """

    alert_url: TSecretStrValue | None = field(default=None, repr=False)


@configspec
class Settings(AlertSettings):
    """Everything that can be set under `[sources.sportmonks]`.

    `.dlt/config.toml` explains each setting and its unit.
    """

    api_token: TSecretStrValue = field(default=None, repr=False)  # type: ignore[assignment]
    base_url: str = "https://api.sportmonks.com/v3"
    include: str = DEFAULT_INCLUDE
    batch_size: int = 50
    batch_megabytes: float = 8.0
    chunk_size: int = 2500
    requests_in_flight: int = 4
    timeout: float = 30.0
    max_answer_size: float = 200.0
    tries: int = 3
    backoff: float = 1.0
    confirm_after: float = 5.0
    quota_reserve: float = 0.0
    reference_max_age: float = 20.0
    type_max_age: float = 164.0
    listing_max_age: float = 20.0
    finished_listing_max_age: float = 716.0
    new_fixtures_max_age: float = 5.0
    fetch_added_includes: bool = True
    publish: str = ""
    lock_timeout: float = 15.0
    schedule: list[Any] = field(default_factory=lambda: list(DEFAULT_SCHEDULE))

    def on_resolved(self) -> None:
        """Rejects invalid values before the first request.

        Raises:
            UsageError: a setting is out of its range, or the schedule is wrong.
        """
        read_schedule(self.schedule)
        check_token(self.api_token)
        if not self.base_url.startswith(("https://", "http://")):
            raise UsageError(
                f"base_url is {self.base_url!r}: it must start with https:// or http://."
            )
        for part in self.include.split(";"):
            if "," in part_path(part):
                raise UsageError(
                    f"include has a comma in {part.strip()!r}: separate includes by a semicolon."
                )
        for name, (lowest, highest) in _RANGES.items():
            value = getattr(self, name)
            if not lowest <= value <= highest:
                raise UsageError(
                    f"{name} is {value:g}: it must be between {lowest:g} and {highest:g} "
                    f"([sources.sportmonks] in .dlt/config.toml, "
                    f"or SOURCES__SPORTMONKS__{name.upper()})."
                )
        if found := _UNUSABLE_IN_A_PATH.search(self.publish):
            raise UsageError(
                f"publish is {self.publish}: a path with {found[0]} in it cannot be used."
            )
        if self.publish and Path(self.publish).is_dir():
            raise UsageError(f"publish is {self.publish}: it is a folder; give a file name.")


def check_token(token: str) -> None:
    """Rejects a token that cannot be valid.

    Raises:
        UsageError: it is empty, or contains characters that no token contains.
    """
    if not token.strip():
        raise UsageError(_missing_token())
    if not token.isascii() or len(token.split()) != 1:
        raise UsageError(
            f"The token in {TOKEN_VARIABLE} contains blanks or non-ASCII letters, which no token "
            "does: copy it again from my.sportmonks.com."
        )


def load_settings(token: str | None = None) -> Settings:
    """Reads the settings: the environment first, then `.dlt/*.toml`, then the defaults.

    Args:
        token: used instead of the configured one.

    Raises:
        UsageError: the token is missing, or a value is not of its type or range.
    """
    try:
        register_dlt_defaults()
        return resolve_configuration(
            Settings(),
            sections=_SECTION,
            explicit_value=None if token is None else {"api_token": token},
        )
    except ConfigFieldMissingException as error:
        raise UsageError(_missing_token()) from error
    except ConfigValueCannotBeCoercedException as error:
        name = error.field_name
        kind = _KINDS.get(type(getattr(Settings(), name, None)), "as .dlt/config.toml shows it")
        # The value is left out: it may be a secret in the wrong place.
        raise UsageError(
            f"The setting {name} must be {kind}: change it in .dlt/config.toml or in "
            f"SOURCES__SPORTMONKS__{name.upper()}."
        ) from error
    except TomlProviderReadException as error:
        raise unreadable(error) from error
    except ValueNotSecretException as error:
        raise _misplaced_secret(error) from error
    except ConfigurationException as error:
        raise UsageError(f"A setting cannot be read: {str(error).splitlines()[0]}") from error


def load_alert_url() -> str:
    """Reads only `alert_url`, whether or not the other settings are valid; empty if it is not set.

    Raises:
        UsageError: a file with settings cannot be read, or the address is in the wrong file.
    """
    try:
        return resolve_configuration(AlertSettings(), sections=_SECTION).alert_url or ""
    except TomlProviderReadException as error:
        raise unreadable(error) from error
    except ValueNotSecretException as error:
        raise _misplaced_secret(error) from error


def unreadable(error: TomlProviderReadException) -> UnreadableSettingsError:
    """The error that names the file and the line that cannot be read, without quoting a secret."""
    for path in map(Path, error.full_paths):
        try:
            tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            continue
        except tomllib.TOMLDecodeError as wrong:
            return UnreadableSettingsError(f"{path} cannot be read: {wrong}.")
        except ValueError:
            return UnreadableSettingsError(f"{path} cannot be read: it is not a text file.")
        except OSError as wrong:
            return UnreadableSettingsError(f"{path} cannot be read: {wrong.strerror}.")
    return UnreadableSettingsError(f"{error.file_name} cannot be read.")


def _misplaced_secret(error: ValueNotSecretException) -> UsageError:
    name = error.key.rpartition(".")[2]
    return UsageError(
        f"{name} in .dlt/config.toml is a secret: move it to .dlt/secrets.toml, or set "
        f"SOURCES__SPORTMONKS__{name.upper()}."
    )


def _missing_token() -> str:
    return (
        f"No API token: set {TOKEN_VARIABLE} in the environment or in .env, or api_token under "
        "[sources.sportmonks] in .dlt/secrets.toml. Without a token, "
        f"`{command_line('demo')}` runs the job on simulated data."
    )
