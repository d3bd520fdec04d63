"""`python -m extract`."""

import sys

try:
    from extract.cli import app

    app()
except KeyboardInterrupt:
    sys.exit(130)
