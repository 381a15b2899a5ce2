"""``python -m copilot`` is the ``copilot`` command."""

import sys

try:
    from copilot.cli.main import main
except KeyboardInterrupt:
    sys.exit(130)

main()
