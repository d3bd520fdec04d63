"""What a command writes."""

import os
import pty
import signal
import subprocess
import sys


def error_line(output: str) -> str:
    lines = [line for line in output.splitlines() if "Error" in line or "Traceback" in line]
    assert len(lines) == 1, output
    return lines[0]


def run_on_terminal(
    columns: int,
    *arguments: str,
    code: int = 0,
    stop_at: str | None = None,
    **variables: str,
) -> str:
    """All that a command writes to a terminal of so many columns.

    Args:
        columns: of the terminal.
        arguments: of the command.
        code: exit code that it is to have.
        stop_at: what it has written when Ctrl-C is pressed.
        variables: of the environment, in addition.
    """
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(columns), "TERM": "xterm"}
    del environment["NO_COLOR"]
    process = subprocess.Popen(
        [sys.executable, "-m", "extract", *arguments],
        env=environment | variables, stdin=theirs, stdout=theirs, stderr=theirs,
    )  # fmt: skip
    os.close(theirs)
    written = b""
    while True:
        try:
            written += os.read(ours, 65536)
        except OSError:
            break  # that is how the end of a terminal shows
        if stop_at and stop_at in written.decode(errors="ignore"):
            process.send_signal(signal.SIGINT)
            stop_at = None
    os.close(ours)
    assert process.wait() == code, written
    return written.decode()
