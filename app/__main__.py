"""``python -m tierwatch`` is the ``tierwatch`` command."""

import sys

if not sys.flags.safe_path:
    # Without -P the working directory comes first, where somebody's project may hold a `click.py`.
    del sys.path[0]

from tierwatch.command import main

main()
