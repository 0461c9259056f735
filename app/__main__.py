"""``python -m tierwatch`` is the ``tierwatch`` command."""

from tierwatch.cli import main

main()
