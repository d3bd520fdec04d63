"""Settings of the extractor, read by dlt from `.dlt/*.toml` and the environment."""

import tomllib
from dataclasses import field
from pathlib import Path
from typing import Any

from dlt.common.configuration import configspec
from dlt.common.configuration.exceptions import (
    ConfigFieldMissingException,
    ConfigurationException,
    ConfigValueCannotBeCoercedException,
)
from dlt.common.configuration.providers.toml import TomlProviderReadException
from dlt.common.configuration.resolve import resolve_configuration
from dlt.common.configuration.specs import BaseConfiguration
from dlt.common.typing import TSecretStrValue

from extract.config.recheck_schedule import DEFAULT_SCHEDULE, read_schedule
from extract.errors import TOKEN_VARIABLE, UnreadableSettingsError, UsageError

# For what needs settings and makes no call, so that no token of a person's is needed.
UNUSED_TOKEN = "unused"  # noqa: S105 - opens nothing

_RANGES: dict[str, tuple[float, float]] = {
    "batch_size": (1, 100),
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
    "lock_timeout": (0, 60 * 24),
}

# What a value of each type is called.
_KINDS: dict[type, str] = {int: "a whole number", float: "a number", list: "a list"}


@configspec
class Settings(BaseConfiguration):
    """Everything that can be set under `[sources.sportmonks]`.

    `.dlt/config.toml` explains each setting and its unit.
    """

    api_token: TSecretStrValue = field(default=None, repr=False)  # type: ignore[assignment]
    base_url: str = "https://api.sportmonks.com/v3"
    include: str = "participants;scores;statistics;events;periods"
    batch_size: int = 50
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

    @property
    def added_include(self) -> str:
        """The include that stored fixtures are fetched again for, empty where they are not."""
        return self.include if self.fetch_added_includes else ""

    def on_resolved(self) -> None:
        """Refuses values that cannot work, before anything is asked for.

        Raises:
            UsageError: a setting is out of its range, or the schedule is wrong.
        """
        read_schedule(self.schedule)
        check_token(self.api_token)
        if not self.base_url.startswith(("https://", "http://")):
            raise UsageError(
                f"base_url is {self.base_url!r}: it must start with https:// or http://."
            )
        for name, (lowest, highest) in _RANGES.items():
            value = getattr(self, name)
            if not lowest <= value <= highest:
                raise UsageError(
                    f"{name} is {value:g}: it must lie between {lowest:g} and {highest:g} "
                    f"([sources.sportmonks] in {Path('.dlt/config.toml')}, "
                    f"or SOURCES__SPORTMONKS__{name.upper()})."
                )


def check_token(token: str) -> None:
    """Refuses a token that cannot be one.

    Raises:
        UsageError: it is empty, or has characters that no token has.
    """
    if not token.strip():
        raise UsageError(_missing_token())
    if not token.isascii() or len(token.split()) != 1:
        raise UsageError(
            f"The token in {TOKEN_VARIABLE} has blanks or letters that no token has: "
            "copy it again from my.sportmonks.com."
        )


def load_settings(token: str | None = None) -> Settings:
    """Reads the settings the way dlt does: environment first, then `.dlt/*.toml`, then defaults.

    Args:
        token: used instead of the one that is set.

    Raises:
        UsageError: the token is missing, or a value is not of its type or range.
    """
    try:
        return resolve_configuration(
            Settings(),
            sections=("sources", "sportmonks"),
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
    except ConfigurationException as error:
        raise UsageError(f"A setting cannot be read: {str(error).splitlines()[0]}") from error


def unreadable(error: TomlProviderReadException) -> UnreadableSettingsError:
    """Which file with settings cannot be read, and in which line, without quoting a secret."""
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


def _missing_token() -> str:
    return (
        f"No API token: set {TOKEN_VARIABLE}, or copy .dlt/example.secrets.toml to "
        ".dlt/secrets.toml and fill it in. Without a token, `make demo` shows the job on "
        "made-up data."
    )
