"""``python -m tierwatch_workers`` is Celery's command for our workers and our scheduler.

Celery's own ``-A`` imports from the working directory first, where somebody's project may hold
modules of the same names; here the application is at hand before Celery looks for one.
"""

import sys

if not sys.flags.safe_path:
    # Without -P the working directory comes first, where somebody's project may hold a `celery.py`.
    del sys.path[0]

from tierwatch_workers import tasks
from tierwatch_workers.celery_app import celery_app

__all__ = ["tasks"]

celery_app.start(sys.argv[1:])
