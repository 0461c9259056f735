"""Celery's side of the loop: queue, limits, schedule, and one task for each step.

A message with an exchange's id comes in, or a tick of the schedule; the process's runtime goes to
one function of `tierwatch.loop`, which owns the transaction. Nobody imports this package but
Celery, which is started by ``python -P -m tierwatch_workers``; the app sends tasks by name.
"""
