"""Errors, with messages that say what to do."""

import os
from collections.abc import Iterator

TOKEN_VARIABLE = "SOURCES__SPORTMONKS__API_TOKEN"  # noqa: S105 - a name

# How this process was started, for messages that name a command: `make`, or the console script.
STARTED_BY_VARIABLE = "SPORTMONKS_COMMAND"
# Variables of `make` that hold a command's arguments.
_MAKE_ARGUMENTS = {"query": "SQL", "extract": "EXTRACT_ARGS", "lake": "LAKE_ARGS"}


def command_line(name: str, argument: str | None = None) -> str:
    """A command as the person would type it: `sportmonks extract`, or `make extract`.

    Args:
        name: of the command.
        argument: of the command, quoted where it has blanks.
    """
    started_by = os.environ.get(STARTED_BY_VARIABLE) or "sportmonks"
    text = f"{started_by} {name}"
    if argument is None:
        return text
    shown = f'"{argument}"' if " " in argument else argument
    return f"{text} {_MAKE_ARGUMENTS[name]}={shown}" if started_by == "make" else f"{text} {shown}"


class ExtractError(Exception):
    """An error that a person can act on. Its message is one line, safe to print."""


class UsageError(ExtractError):
    """The user must change something, such as a variable: exit code 2."""


class ArgumentError(UsageError):
    """An argument of the command is wrong. No alert is sent."""


class UnreadableSettingsError(UsageError):
    """A file with settings cannot be read."""


class NothingExtractedError(UsageError):
    """The warehouse has no raw tables yet, or does not exist."""

    def __init__(self, warehouse: str) -> None:
        super().__init__(
            f"Nothing is extracted into the {warehouse} yet: run `{command_line('extract')}` first."
        )


class NothingTransformedError(UsageError):
    """The warehouse has no final tables yet."""

    def __init__(self, warehouse: str) -> None:
        super().__init__(
            f"There are no final tables in the {warehouse} yet: run "
            f"`{command_line('transform')}` first."
        )


class OldTablesError(UsageError):
    """The raw tables are of a version before 0.2.0, which had other names.

    Args:
        schema: the schema of the raw tables.
        remedy: how to move them aside.
    """

    def __init__(self, schema: str, remedy: str) -> None:
        super().__init__(
            f"The schema {schema} has the tables of version 0.1. Its columns have other names now. "
            f"{remedy}"
        )


class BusyError(ExtractError):
    """Another process uses the warehouse, and this one does not wait any longer.

    Args:
        warehouse: its name in messages.
        holder: the other process.
        waited_minutes: how long this one has waited; None if it does not wait.

    Attributes:
        holding: which process uses which warehouse, in a sentence.
    """

    def __init__(self, warehouse: str, holder: str, waited_minutes: float | None = None) -> None:
        self.holding = f"The {warehouse} is in use by {holder}."
        waited = f" Waited {waited_minutes:g} min (`lock_timeout`)." if waited_minutes else ""
        super().__init__(f"{self.holding}{waited} Try again when it has finished.")


class LockLostError(ExtractError):
    """The session with the write lock was lost. The write can be repeated with a new lock."""

    def __init__(self, warehouse: str) -> None:
        super().__init__(f"The write lock of the {warehouse} was lost with its session.")


class DroppedError(ExtractError):
    """Fetched data were dropped, because they cannot be stored. They must be fetched again."""


class RequestError(ExtractError):
    """A request to the API that failed.

    `extract.api.error_policy` has the consequence of each subclass.

    Attributes:
        status: HTTP status; None without a response.
        retry_after: seconds to wait according to `Retry-After`; None without that header.
    """

    def __init__(
        self, message: str, status: int | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


class AccessError(RequestError, UsageError):
    """The API refuses the token, an include or a resource. A retry is useless."""


class IncludeRefusedError(AccessError):
    """The plan does not have an include of the request."""


class TokenError(AccessError):
    """The API does not accept the token."""


class RefusedError(RequestError):
    """The API refuses this request. A retry is useless."""


class QuotaError(RequestError):
    """HTTP 429: too many calls in an hour, or at the same time."""


class UnavailableError(RequestError):
    """No usable response: HTTP 5xx, a timeout, a broken connection or body. A retry may help."""


class DownError(RequestError):
    """The circuit breaker is open: many requests in a row failed, so no more are sent."""


class StoppedError(ExtractError):
    """The run is being stopped: the request was not sent."""


def exception_chain(error: BaseException, with_context: bool = False) -> Iterator[BaseException]:
    """An error, the error that it was raised from, and so on, down to the first one.

    Args:
        error: the last error.
        with_context: also follow an error that was being handled when the next one was raised. Use
            it for messages only: such an error need not be the cause of the next one.
    """
    cause: BaseException | None = error
    # The chain is a circle when an error is raised again from one that it has caused.
    seen: set[int] = set()
    while cause and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        # dlt keeps the error of a load job in an attribute of its own error.
        job_error = getattr(cause, "client_exception", None)
        raised_from = job_error or cause.__cause__
        if with_context and not raised_from and not cause.__suppress_context__:
            raised_from = cause.__context__
        cause = raised_from


def first_line(error: BaseException) -> str:
    """The first line of an error's message, or its type if it has none."""
    return next(iter(str(error).splitlines()), type(error).__name__)
