"""What can go wrong, as errors that say what to do about it."""

import os
from collections.abc import Iterator

TOKEN_VARIABLE = "SOURCES__SPORTMONKS__API_TOKEN"  # noqa: S105 - a name

# How this process was started, for messages that name a command: `make`, or the console script.
STARTED_BY_VARIABLE = "SPORTMONKS_COMMAND"
# Variables of `make` that hold a command's arguments.
_MAKE_ARGUMENTS = {"query": "SQL", "extract": "EXTRACT_ARGS"}


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
    """An error that a person can act on. Its text is one line, safe to print."""


class UsageError(ExtractError):
    """The person who started the command must change something: exit code 2."""


class ArgumentError(UsageError):
    """An argument of the command is wrong: no reason to alert anybody else."""


class UnreadableSettingsError(UsageError):
    """A file with settings cannot be read."""


class NothingExtractedError(UsageError):
    """The warehouse has no raw tables yet, or is not there at all."""

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


class BusyError(ExtractError):
    """Another process holds the warehouse, and nobody is there to wait for it.

    Attributes:
        holding: who holds what, in a sentence.
    """

    def __init__(self, warehouse: str, holder: str) -> None:
        self.holding = f"The {warehouse} is in use by {holder}."
        super().__init__(f"{self.holding} Try again when it has finished.")


class LockLostError(ExtractError):
    """The session that took the write lock is gone. The write can be repeated with a new lock."""

    def __init__(self, warehouse: str) -> None:
        super().__init__(f"The write lock of the {warehouse} was lost with its session.")


class DroppedError(ExtractError):
    """Fetched data that cannot be stored were dropped: they have to be asked for again."""


class RequestError(ExtractError):
    """A request to the API that did not end in an answer.

    What follows from each kind stands in `extract.failures`.

    Attributes:
        status: HTTP status, or None when there was no answer at all.
        retry_after: seconds that the API asks to wait, or None when it did not say.
    """

    def __init__(
        self, message: str, status: int | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


class AccessError(RequestError, UsageError):
    """The API refuses the token, an include or a resource: asking again is useless."""


class TokenError(AccessError):
    """The API does not accept the token."""


class RefusedError(RequestError):
    """The API refuses this one request. Asking the same again is useless."""


class QuotaError(RequestError):
    """HTTP 429: too many calls in an hour, or at a time."""


class UnavailableError(RequestError):
    """No usable answer: HTTP 5xx, a time-out, a lost connection, a broken body. Worth a retry."""


class DownError(RequestError):
    """Request after request failed: the API is down, and asking on would only hammer it."""


class StoppedError(ExtractError):
    """The run is being stopped; this request was not sent."""


def exception_chain(error: BaseException, with_context: bool = False) -> Iterator[BaseException]:
    """An error, then what it was raised from, down to the first one.

    Args:
        error: the last one.
        with_context: also follow an error that was merely being handled when the next one was
            raised. That is for messages: it says nothing about what the next one means.
    """
    cause: BaseException | None = error
    # An error that was raised again, from one that it had led to, makes a circle.
    seen: set[int] = set()
    while cause and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        # dlt keeps the error of a load's job beside its own.
        job_error = getattr(cause, "client_exception", None)
        raised_from = job_error or cause.__cause__
        if with_context and not raised_from and not cause.__suppress_context__:
            raised_from = cause.__context__
        cause = raised_from


def first_line(error: BaseException) -> str:
    """The first line of an error's text, or its kind if it has none."""
    return next(iter(str(error).splitlines()), type(error).__name__)
