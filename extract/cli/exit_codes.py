"""Turns errors into one line and an exit code."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console

from extract import interrupts
from extract.cli.messages import Messages
from extract.errors import ArgumentError, ExtractError, UnreadableSettingsError, UsageError

if TYPE_CHECKING:
    pass


def say(line: str) -> None:
    Messages(Console(stderr=True)).write("info", line)


def send_alert(text: str, details: Mapping[str, Any], logs: bool = False) -> None:
    lines = Messages(Console(stderr=True), as_json=logs)
    try:
        from extract.cli.alert import alert
    except (ImportError, MemoryError) as error:
        # Where memory is short, what failed is said already.
        lines.write("warning", f"The alert could not be sent ({type(error).__name__}).")
        return
    alert(text, details, lambda line: lines.write("warning", line))


@contextmanager
def handle_errors(alerting: bool = False, logs: bool = False) -> Iterator[None]:
    lines = Messages(Console(stderr=True), as_json=logs)

    def say_stopped() -> None:
        lines.write("info", "Stopped by Ctrl-C.")

    try:
        with interrupts.handling(lambda: interrupts.end_process(say_stopped)):
            yield
    except ExtractError as error:
        lines.write("error", str(error))
        # The address for alerts is a setting, too.
        if alerting and not isinstance(error, ArgumentError | UnreadableSettingsError):
            send_alert(str(error), {}, logs)
        raise typer.Exit(2 if isinstance(error, UsageError) else 1) from None
    except BrokenPipeError:
        raise
    except OSError as error:
        # Such as a full disk.
        text = ": ".join(filter(None, [error.strerror or str(error), error.filename]))
        lines.write("error", f"{text}.")
        if alerting:
            send_alert(f"{text}.", {}, logs)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        say_stopped()
        raise typer.Exit(interrupts.EXIT_CODE) from None
