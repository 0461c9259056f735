"""``python -m app`` is the ``tierwatch`` command."""

from app.cli import main

main()
