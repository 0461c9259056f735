"""PostgreSQL: values come in and typed values go out, inside the caller's transaction.

Nothing here commits, waits for a model or decides. The rooms are named for what their rows are
about; what only pages read is in `pages`. Asked by the loop, the dashboard and commands; every
SELECT and INSERT of the app is in here.
"""
