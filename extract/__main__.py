"""`python -m extract`."""

# Before the imports that take long.
from extract import interrupts

interrupts.install()

import gc  # noqa: E402
import io  # noqa: E402
import sys  # noqa: E402

from extract.memory import return_freed_memory  # noqa: E402

if sys.argv[1:2] == ["transform"]:
    # What dbt makes of a project, it keeps until it ends. Looking for garbage among it would take
    # an eighth of a transform after a small change.
    gc.disable()
else:
    return_freed_memory()

# A terminal or a file that has no such character gets an escape such as `\xfc`.
for stream in (sys.stdout, sys.stderr):
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")

from extract.cli import app  # noqa: E402

app()
