"""`python -m extract`."""

import gc
import sys

from extract.memory import return_freed_memory

if sys.argv[1:2] == ["transform"]:
    # What dbt makes of a project, it keeps until it ends. Looking for garbage among it would take
    # an eighth of a transform after a small change.
    gc.disable()
else:
    return_freed_memory()

try:
    from extract.cli import app

    app()
except KeyboardInterrupt:
    sys.exit(130)
