"""``python -m copilot`` is the ``copilot`` command."""

from copilot.cli.main import main

main()
