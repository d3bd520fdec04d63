"""Turns errors into one line and an exit code."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import typer
from rich.console import Console

from extract import interrupts
from extract.cli.messages import Messages
from extract.config.unset import is_unset
from extract.errors import ArgumentError, ExtractError, UnreadableSettingsError, UsageError


def write_line(line: str) -> None:
    """Writes a line to standard error."""
    Messages(Console(stderr=True)).write("info", line)


def send_alert(text: str, details: Mapping[str, Any], logs: bool = False) -> None:
    """Posts an alert to `alert_url`, if that is set.

    Args:
        text: what happened, safe to show.
        details: other members of the JSON object.
        logs: report problems with the alert as JSON.
    """
    # Without the import of dlt, which takes longer than a transform with nothing to build.
    if is_unset("alert_url"):
        return
    messages = Messages(Console(stderr=True), as_json=logs)
    try:
        from extract.cli.alert import alert
    except (ImportError, MemoryError) as error:
        # The failure itself is reported already; memory may be too short for the import.
        messages.write("warning", f"The alert could not be sent ({type(error).__name__}).")
        return
    alert(text, details, lambda line: messages.write("warning", line))


@contextmanager
def handle_errors(alerting: bool = False, logs: bool = False) -> Iterator[None]:
    """Reports an error of the block in one line and ends the command with its exit code.

    Args:
        alerting: also send an alert.
        logs: write lines as JSON.

    Raises:
        typer.Exit: 1 after a failure, 2 after a mistake of the user, 130 after Ctrl-C.
    """
    messages = Messages(Console(stderr=True), as_json=logs)

    def write_stopped() -> None:
        messages.write("info", "Stopped by Ctrl-C.")

    try:
        with interrupts.handling(lambda: interrupts.end_process(write_stopped)):
            yield
    except ExtractError as error:
        messages.write("error", str(error))
        # The alert's address is a setting, too: it cannot be read when the settings cannot.
        if alerting and not isinstance(error, ArgumentError | UnreadableSettingsError):
            send_alert(str(error), {}, logs)
        raise typer.Exit(2 if isinstance(error, UsageError) else 1) from None
    except BrokenPipeError:
        raise
    except OSError as error:
        # For example, a full disk.
        text = ": ".join(filter(None, [error.strerror or str(error), error.filename]))
        messages.write("error", f"{text}.")
        if alerting:
            send_alert(f"{text}.", {}, logs)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        write_stopped()
        raise typer.Exit(interrupts.EXIT_CODE) from None
    except typer.Exit:
        raise
    except Exception as error:
        # It is unexpected. Python prints its traceback.
        if alerting:
            send_alert(f"The command failed ({type(error).__name__}).", {}, logs)
        raise
