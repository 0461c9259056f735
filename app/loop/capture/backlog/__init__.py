"""What waits for Postgres, or can never be there: documents come in, and go out once committed.

The newest are in memory. While Postgres is away they go to a spool, a bounded file of this process
alone; a living gateway adopts those of dead ones. What cannot be written, alone and for the second
time, goes to the dead letters. Asked by the capture writer and by ``tierwatch doctor``.
"""
