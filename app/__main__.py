"""``python -m tierwatch`` is the ``tierwatch`` command."""

from tierwatch.command import main

main()
