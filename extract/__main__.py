"""`python -m extract`."""

# Before the imports that take long.
from extract import interrupts

interrupts.install()

import gc  # noqa: E402
import sys  # noqa: E402

from extract.memory import return_freed_memory  # noqa: E402

if sys.argv[1:2] == ["transform"]:
    # What dbt makes of a project, it keeps until it ends. Looking for garbage among it would take
    # an eighth of a transform after a small change.
    gc.disable()
else:
    return_freed_memory()

from extract.cli import app  # noqa: E402

app()
