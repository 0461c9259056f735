"""``python -m tierwatch_workers`` is Celery's command for our workers and our scheduler.

Celery's own ``-A`` imports from the working directory first, where somebody's project may hold
modules of the same names; here the application is at hand before Celery looks for one.
"""

import sys

if not sys.flags.safe_path:
    # Without -P the working directory comes first, where somebody's project may hold a `celery.py`.
    del sys.path[0]

import tierwatch_workers.stops
from tierwatch_workers.celery_app import celery_app

if sys.argv[1:2] != ["beat"]:
    # Beat sends the names of tasks; what they do is 150 MB that it has no use for.
    import tierwatch_workers.tasks  # noqa: F401 - imported for what it registers

celery_app.start(sys.argv[1:])
