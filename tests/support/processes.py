"""The job in processes of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

# Runs the job, and kills it when a function of dlt is called for the load of a table: just before,
# or just after it has done its work.
KILL_AT = """
import importlib, os, signal, sys
from extract.cli.commands import app
from extract.warehouse.loader import Loader

table, module, owner, name, when = sys.argv.pop(1).split(":")
target = getattr(importlib.import_module(module), owner)
original = getattr(target, name)
load = Loader.load
armed = False

def arm(self, data, *others):
    global armed
    armed = table in getattr(data, "selected_resources", {})
    return load(self, data, *others)

def kill(*arguments, **options):
    if armed and when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    result = original(*arguments, **options)
    if armed:
        os.kill(os.getpid(), signal.SIGKILL)
    return result

Loader.load = arm
setattr(target, name, kill)
app()
"""


HOLD_LOCK = """
import sys
from extract.warehouse.factory import open_warehouse

warehouse = open_warehouse(lambda line: None)
with warehouse.write_lock("load"):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def locked_by_other_process() -> Iterator[subprocess.Popen[bytes]]:
    """Another process that has the database until its standard input is closed."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD_LOCK], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout and holder.stdout.readline() == b"held\n"
        try:
            yield holder
        finally:
            holder.communicate()


def start_command(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "extract", *arguments],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def start_in_group(
    folder: Path, *arguments: str, program: Sequence[str] = ()
) -> subprocess.Popen[str]:
    """Starts a command in a process group of its own: Ctrl-C on a terminal reaches the whole group.

    Args:
        folder: the working directory.
        arguments: of the command.
        program: an installed command; by default the one of this clone.
    """
    environment = {**os.environ, "COLUMNS": "200"}
    if not program:
        environment["PYTHONPATH"] = str(Path.cwd())
    return subprocess.Popen(
        [*(program or (sys.executable, "-m", "extract")), *arguments],
        cwd=folder,
        env=environment,
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
