"""`python -m extract`."""

import gc
import sys

# What dbt makes of a project, it keeps until it ends. Looking for garbage among it would take an
# eighth of a transform after a small change.
if sys.argv[1:2] == ["transform"]:
    gc.disable()

try:
    from extract.cli import app

    app()
except KeyboardInterrupt:
    sys.exit(130)
