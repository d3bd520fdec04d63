"""Ctrl-C on the command line: ends the process with exit code 130, whatever it is doing.

Python raises KeyboardInterrupt wherever the main thread is. Libraries catch it, replace it or lose
it, and locks stay locked. So nothing is raised here: a separate thread waits for the signal and
ends the process. That is as safe as a kill, because uncommitted changes are rolled back.
"""

import atexit
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

EXIT_CODE = 130

# Seconds to write the last line: standard output may be a pipe that no process reads.
_WRITE_TIMEOUT = 10
_CLEAR_LINE_AND_SHOW_CURSOR = "\r\x1b[2K\x1b[?25h"

# Byte that the thread reads when a KeyboardInterrupt was lost. It raises another one after a delay
# in seconds: at once, that one would be lost in the same place.
_RAISE_AGAIN = b"\0"
_RAISE_DELAY = 0.01

# The last one is called for each Ctrl-C.
_handlers: list[Callable[[], None]] = []
# Signals that `raise_in_main` has sent and the thread has not read yet. It ignores them.
_own_signals = 0
_raise_next = threading.Event()


def install() -> None:
    """Handles Ctrl-C for the rest of the process. Call it once, in the main thread."""
    # dbt uses multiprocessing, whose helper process would warn that it cleans up.
    filters = [os.environ.get("PYTHONWARNINGS"), "ignore:resource_tracker:UserWarning"]
    os.environ["PYTHONWARNINGS"] = ",".join(filter(None, filters))
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    _handlers.append(lambda: end_process(lambda: print("Stopped by Ctrl-C.", file=sys.stderr)))
    # The signal reaches the thread even while the main thread is busy in C.
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    signal.signal(signal.SIGINT, _in_main_thread)
    threading.Thread(target=_watch, args=[reader], name="ctrl-c", daemon=True).start()

    def on_unraisable(lost: "sys.UnraisableHookArgs") -> None:
        if isinstance(lost.exc_value, KeyboardInterrupt):
            os.write(writer, _RAISE_AGAIN)
        else:
            sys.__unraisablehook__(lost)

    # For example, an exception that is raised in a destructor is lost.
    sys.unraisablehook = on_unraisable
    # At exit all work is done. While Python cleans up, the signal would kill the process.
    atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)


@contextmanager
def handling(handler: Callable[[], None]) -> Iterator[None]:
    """Calls another handler on Ctrl-C during the block, if `install` was called.

    Args:
        handler: called for each Ctrl-C, in a separate thread. It may take locks.
    """
    _handlers.append(handler)
    try:
        yield
    finally:
        _handlers.remove(handler)


def raise_in_main() -> None:
    """Raises KeyboardInterrupt in the main thread. Only handlers call it."""
    global _own_signals
    _own_signals += 1
    _raise_next.set()
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


def end_process(write_message: Callable[[], None], code: int = EXIT_CODE) -> None:
    """Ends the process at once, from any thread, without waiting for the others.

    Args:
        write_message: writes the last line.
        code: exit code.
    """
    with suppress(Exception):
        deadline = threading.Timer(_WRITE_TIMEOUT, os._exit, [code])
        deadline.daemon = True
        deadline.start()
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream.isatty():
                stream.write(_CLEAR_LINE_AND_SHOW_CURSOR)
                stream.flush()
        write_message()
        sys.stdout.flush()
        sys.stderr.flush()
    except Exception as error:
        # For example, another MemoryError.
        os.write(2, f"Error: {type(error).__name__}\n".encode())
    os._exit(code)


def _in_main_thread(*_: object) -> None:
    if _raise_next.is_set():
        _raise_next.clear()
        raise KeyboardInterrupt


def _watch(reader: int) -> None:
    global _own_signals
    while True:
        for number in os.read(reader, 64):
            if number == _RAISE_AGAIN[0]:
                time.sleep(_RAISE_DELAY)
                raise_in_main()
            if number != signal.SIGINT:
                continue
            if _own_signals:
                _own_signals -= 1
                continue
            try:
                _handlers[-1]()
            except Exception:
                # Nothing else would end the process.
                os._exit(EXIT_CODE)
